"""Who may look at a cutover: those who take part, and those who may see all its jobs."""

from __future__ import annotations

from bot.cutover.states import roles_of
from bot.cutover.wording import VERB
from bot.dms.model import Job
from bot.policy.access import Access
from bot.runtime.one_by_one import LeftOut
from bot.store import Store
from bot.store.cutover import Cutover
from bot.store.records import Person


def may_see(access: Access, store: Store, who: Person, cutover: Cutover) -> bool:
    """Whether an answer for this person may show the cutover.

    Raises:
        StoreError: the store cannot be read.
    """
    if cutover.team != who.team:
        return False
    if roles_of(cutover, who.user):
        return True
    if not access.policy.is_job_specific(VERB):
        return access.verdict(who, VERB).allowed
    jobs = _jobs(store, cutover)
    return len(jobs) == len(cutover.plan.jobs) and len(access.visible(who, VERB, jobs)) == len(jobs)


def is_open_to(access: Access, store: Store, channel: str, cutover: Cutover) -> bool:
    """Whether everybody in a channel may see its jobs by the present policy.

    Raises:
        StoreError: the store cannot be read.
    """
    jobs = _jobs(store, cutover)
    return len(jobs) == len(cutover.plan.jobs) and access.is_open_to(channel, *jobs)


def _jobs(store: Store, cutover: Cutover) -> list[Job]:
    """Its jobs as they were last seen; those that are gone, as they were when it was planned. Those whose
    rows cannot be read are left out: older labels may no longer hold."""
    request = store.request(cutover.request) if cutover.request else None
    left_out = LeftOut()
    planned = {job.name: job for job in request.jobs} if request is not None else {}
    found = []
    for name in cutover.plan.jobs:
        known = store.known_job(name, left_out)
        job = planned.get(name) if known is None else known.job
        if job is not None and name not in left_out.keys:
            found.append(job)
    return found
