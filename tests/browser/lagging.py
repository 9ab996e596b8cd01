"""The replication delay of the jobs that stories promote."""

from __future__ import annotations

from tests.e2e.env import LOCATIONS, Env
from tests.e2e.helpers import full
from tests.waiting import until


def lag(env: Env, job: str, seconds: int, size: int, location: str = LOCATIONS[0]) -> None:
    """Set the delay, and wait until Monitoring tells it: it knows of whole seconds only."""
    env.dms.set_job(job, sec_lag=seconds, bytes_lag=size)
    found = env.bot.dms.get_job(full(job, location))

    def told() -> bool:
        point = env.bot.dms.delay(found).seconds.of()
        return point is not None and point.value == seconds

    until(told)
