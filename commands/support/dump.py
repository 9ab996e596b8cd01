"""How far the full dump of a job is, for the verbs that show it."""

from __future__ import annotations

from bot.dms.dump_forecast import LOOK_BACK_H, DumpForecast, forecast
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.states import Phase, State
from bot.requests.delay import resumed_at
from commands.support.base import Context


def dump_forecast(ctx: Context, job: Job) -> DumpForecast | None:
    """The progress of a dump that runs, or why it is not known; None for a job that is not in its dump.

    Raises:
        StoreError.
    """
    if job.phase != Phase.FULL_DUMP or job.state not in (State.RUNNING, State.UPDATING):
        return None
    try:
        points = ctx.dms.dump_percentages(job, LOOK_BACK_H, resumed_at(ctx.store, job, ctx.now()))
    except DmsError as error:
        return DumpForecast(why=str(error).rstrip("."))
    return forecast(points, ctx.now())
