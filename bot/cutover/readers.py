"""Who may look at a cutover: those who take part, and those who may see all its jobs."""

from __future__ import annotations

from bot.cutover.states import roles_of
from bot.policy.access import Access
from bot.store import Store
from bot.store.cutover import Cutover
from bot.store.records import Person

VERB = "cutover"


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
    known = [store.known_job(name) for name in cutover.plan.jobs]
    jobs = [each.job for each in known if each is not None]
    return len(jobs) == len(known) and len(access.visible(who, VERB, jobs)) == len(jobs)
