"""The replication delay of the jobs that stories promote."""

from __future__ import annotations

from tests.e2e.deciding import eventually, full
from tests.e2e.scene import LOCATIONS, Scene


def lag(stage: Scene, job: str, seconds: int, size: int, location: str = LOCATIONS[0]) -> None:
    """Set the delay, and wait until Monitoring tells it: it knows of whole seconds only."""
    stage.dms.set_job(job, sec_lag=seconds, bytes_lag=size)
    found = stage.bot.dms.get_job(full(job, location))

    def told() -> bool:
        point = stage.bot.dms.delay(found).seconds.of()
        return point is not None and point.value == seconds

    eventually(told)
