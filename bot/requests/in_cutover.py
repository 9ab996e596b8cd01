"""What to say of a job that another action is asked for while it is part of a cutover."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.dms.model import Job
from bot.store import Store
from bot.store.cutover import Cutover, CutoverState, Mark
from bot.store.records import Request

S = CutoverState
GOES_ON = (S.STOPPING, S.DRAINING, S.DRAINED, S.PROMOTING, S.CHECKLIST, S.HELD, S.UNKNOWN)
"""States in which people work on it: nothing else is sent for its jobs unasked."""
PLANNED = (S.AWAITING_APPROVAL, S.SCHEDULED, S.READY)


UNREADABLE = (
    "`{}` is part of a cutover that cannot be read from the database: find out first whether it is going on."
)


def cutover_warnings(
    jobs: Sequence[Job], cutovers: Sequence[Cutover], name_of: Callable[[str], str]
) -> tuple[str, ...]:
    """A sentence for each job of an open cutover, which says who leads it; none of rehearsals and drafts."""
    real = [each for each in cutovers if not each.rehearsal and each.state in (*GOES_ON, *PLANNED)]
    return tuple(
        _warning(job, each, name_of(each.plan.commander))
        for job in jobs
        for each in real
        if job.name in each.plan.jobs
    )


def goes_on(jobs: Sequence[Job], cutovers: Sequence[Cutover]) -> bool:
    """Whether a cutover of one of these jobs has been started and has not ended."""
    names = {job.name for job in jobs}
    return any(
        each.state in GOES_ON and not each.rehearsal and names & set(each.plan.jobs) for each in cutovers
    )


def sent_elsewhere(store: Store, request: Request) -> frozenset[str]:
    """Full names of the jobs that the request of a cutover leaves alone: somebody promotes them, or has
    promoted them, in another way.

    Raises:
        StoreError.
    """
    cutover = store.cutover(request.facts.cutover) if request.facts.cutover else None
    if cutover is None or cutover.state is not S.PROMOTING:
        return frozenset()
    # What is sent now has a mark with a time: `Promotion` made it in this transaction.
    marks = (each for each in cutover.progress.jobs if each.at is None)
    return frozenset(each.job for each in marks if each.mark in (Mark.PROMOTED, Mark.PROMOTING))


def _warning(job: Job, cutover: Cutover, leader: str) -> str:
    if cutover.state in GOES_ON:
        return f"A cutover of `{job.id}` is going on, led by {leader}: talk to them first."
    return f"`{job.id}` is part of a planned cutover, led by {leader}."
