"""The state of each job of a cutover: by its run, and by what the service says of it. Pure functions."""

from __future__ import annotations

from bot.dms.errors import DmsError, NotFound
from bot.dms.model import Job, Phase, State, short_name
from bot.dms.rules import Action, allowed, where
from bot.store.cutover import Cutover, JobMark, Mark
from bot.store.records import ACTIVE_RUNS, Run, RunState
from bot.util.command import COMMAND
from bot.util.text import first_few

_REPLICATING = (Phase.CDC, Phase.READY_FOR_PROMOTE)
_PAUSES = (State.UPDATING, State.MAINTENANCE)
"""States that pass by themselves."""


def shown_name(cutover: Cutover, name: str) -> str:
    """The name that people read of a job (its full resource name); plain text."""
    return cutover.plan.shown.get(name) or short_name(name)


def shown_names(cutover: Cutover) -> tuple[str, ...]:
    """The names that people read of its jobs; plain text."""
    return tuple(shown_name(cutover, each) for each in cutover.plan.jobs)


def jobs_text(cutover: Cutover) -> str:
    """The jobs in a few words: `orders-db and 9 more`; plain text."""
    return first_few(shown_names(cutover), 1)


def promoted_text(cutover: Cutover) -> str:
    """The same without those that people went on without."""
    gone = left_out(cutover)
    return first_few([shown_name(cutover, each) for each in cutover.plan.jobs if each not in gone], 1)


def left_out(cutover: Cutover) -> tuple[str, ...]:
    """Full names of the jobs that people went on without."""
    return tuple(each.job for each in cutover.progress.jobs if each.mark is Mark.LEFT_OUT)


def left_out_names(cutover: Cutover) -> str:
    """The names that people read of these, with commas; plain text, empty for none."""
    return ", ".join(shown_name(cutover, each) for each in left_out(cutover))


def open_jobs(cutover: Cutover) -> tuple[str, ...]:
    """Full names of the jobs that are still to be promoted."""
    gone = {each.job for each in cutover.progress.jobs if each.mark in (Mark.PROMOTED, Mark.PROMOTING)}
    return tuple(name for name in cutover.plan.jobs if name not in gone)


def seen_now(then: Job, found: Job | DmsError) -> JobMark:
    """What the service says of a job before its promotion; `then` is the job as it was planned."""
    if isinstance(found, NotFound):
        return JobMark(then.name, Mark.FAILED, "it no longer exists")
    if isinstance(found, DmsError):
        return JobMark(then.name, Mark.OPEN, str(found).rstrip("."))
    if _is_another(then, found):
        return JobMark(then.name, Mark.FAILED, "it was deleted and created again")
    if found.state == State.COMPLETED:
        return JobMark(then.name, Mark.PROMOTED, "promoted from outside")
    if found.phase == Phase.PROMOTE_IN_PROGRESS:
        return JobMark(then.name, Mark.PROMOTING, "being promoted from outside")
    if found.state == State.RUNNING and found.phase in _REPLICATING:
        return JobMark(then.name)
    if found.state in _PAUSES:
        return JobMark(then.name, Mark.OPEN, f"it is {where(found)}")
    stranded = Action.PROMOTE in allowed(found)
    return JobMark(then.name, Mark.FAILED, f"it is {where(found)}", stranded=stranded)


def _is_another(then: Job, found: Job | DmsError) -> bool:
    return isinstance(found, Job) and found.create_time != then.create_time


def stranded_jobs(cutover: Cutover) -> tuple[str, ...]:
    """Full names of the jobs whose source may be lost: what has arrived can be promoted. None of a rehearsal,
    which sends nothing."""
    marks = () if cutover.rehearsal else cutover.progress.jobs
    return tuple(each.job for each in marks if each.stranded)


def failed_text(cutover: Cutover, mark: JobMark) -> str:
    """Which job has failed, why, and what can be done if its source is lost; in sentences."""
    name = shown_name(cutover, mark.job)
    way_out = f" If the source is lost for good, `{COMMAND} promote {name}` promotes what has arrived."
    return f"`{name}`: {mark.text}.{way_out if mark.stranded and not cutover.rehearsal else ''}"


def after_runs(name: str, run: Run | None) -> JobMark | None:
    """What the run of a job tells; None where the job itself has to be asked."""
    if run is None:
        return None
    if run.state is RunState.SUCCEEDED:
        return JobMark(name, Mark.PROMOTED, at=run.ended)
    if run.state in ACTIVE_RUNS:
        return JobMark(name, Mark.PROMOTING, at=run.created)
    return None


def marks_now(then: Job, run: Run | None, found: Job | DmsError) -> JobMark:
    """What the job tells after its run ended otherwise, or none was made.

    An unclear run stays unclear until the job shows the promotion, or people look again: then the text is why
    it cannot be told, and empty if the job is in CDC. A job that is gone never shows it, so people decide.
    """
    seen = seen_now(then, found)
    unclear = run is not None and run.state is RunState.UNCLEAR
    if seen.mark in (Mark.PROMOTED, Mark.PROMOTING):
        return JobMark(then.name, seen.mark, "found on the service" if unclear else seen.text)
    if unclear and (isinstance(found, NotFound) or _is_another(then, found)):
        return JobMark(then.name, Mark.FAILED, f"{seen.text}, and whether it was promoted is not known")
    if unclear:
        return JobMark(then.name, Mark.UNCLEAR, seen.text)
    if isinstance(found, DmsError) and not isinstance(found, NotFound):
        return JobMark(then.name, Mark.PROMOTING, seen.text)  # asked again
    if run is None:  # it was left to somebody else, who promoted it when the others were sent
        return JobMark(then.name, Mark.FAILED, seen.text or "its promotion from outside did not succeed")
    return JobMark(then.name, Mark.FAILED, run.note or seen.text)
