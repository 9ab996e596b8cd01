"""What a cutover that cannot be read from the database may be of."""

from __future__ import annotations

from bot.dms.model import Job
from bot.runtime.one_by_one import pass_over
from bot.store import Store


def may_share(store: Store, cutover: str, job: Job) -> bool:
    """Whether the cutover with this ID may be of the job, or of its destination. What is not known of it
    counts as shared.

    Raises:
        StoreError.
    """
    names = store.jobs_of_cutover(cutover)
    if not names or job.name in names:
        return True
    known = [store.known_job(name, pass_over) for name in names]
    profiles = {each.job.destination.profile if each is not None else "" for each in known}
    return "" in profiles or job.destination.profile in profiles
