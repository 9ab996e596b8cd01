"""The freezes that hold now, those of people and those that the policy plans, as lines for lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.cmdline.answers import RichText, Time, Verbatim
from bot.config.projects import Projects
from bot.dms.model import short_name
from bot.dms.resource_names import project_of
from bot.policy.describe import scope
from bot.policy.model import PlannedFreeze, Policy
from bot.requests.job_names import JobNamer, disambiguate
from bot.requests.wording import freeze_terms, frozen_jobs
from bot.runtime.one_by_one import LeftOut
from bot.store import Store
from bot.store.records import EVERY_JOB, Freeze
from bot.store.table import Skip


def freeze_lines(
    store: Store,
    policy: Policy,
    now: datetime,
    sees: Callable[[str], bool] | None,
    skip: Skip | None = None,
) -> tuple[RichText, ...]:
    """A line for each freeze that holds now, the widest first.

    `sees` says whether the reader may see a job, from its name; None leaves out freezes of single jobs.

    Raises:
        StoreError.
    """
    stored = [
        each
        for each in store.freezes(now, skip=skip)
        if not each.is_of_one_job or (sees is not None and sees(each.job))
    ]
    ordered = sorted(stored, key=lambda each: (each.is_of_one_job, bool(each.project)))
    twins = store.known_twins(short_name(each.job) for each in ordered if each.is_of_one_job)
    calls = disambiguate(twins, policy.projects)
    planned = [each for each in policy.planned_freezes if each.start <= now < each.until]
    return (
        *(planned_freeze_line(each, policy.projects) for each in planned),
        *(freeze_line(each, policy.projects, calls) for each in ordered),
    )


def is_free(store: Store, policy: Policy, lifted: Freeze, now: datetime) -> bool:
    """Whether no other freeze, of more jobs or of fewer, holds for the jobs of one that was lifted; where one
    cannot be read, or the policy plans one, that is not said.

    Raises:
        StoreError.
    """
    unread = LeftOut()
    others = any(_share_jobs(each, lifted) for each in store.freezes(now, skip=unread))
    planned = any(each.start <= now < each.until for each in policy.planned_freezes)
    return not (others or planned or unread.keys)


def _share_jobs(one: Freeze, other: Freeze) -> bool:
    if one.job == other.job or EVERY_JOB in (one.job, other.job):
        return True
    alone = one.is_of_one_job and other.is_of_one_job
    return not alone and project_of(one.job) == project_of(other.job)


def freeze_line(freeze: Freeze, projects: Projects, calls: JobNamer) -> RichText:
    """Which jobs are frozen, until when, by whom and why."""
    jobs = frozen_jobs(freeze, projects, calls)
    verb = "is" if freeze.is_of_one_job else "are"
    return (f"{jobs[0].upper()}{jobs[1:]} {verb} frozen ", *freeze_terms(freeze))


def planned_freeze_line(window: PlannedFreeze, projects: Projects) -> RichText:
    """The same of a freeze that the policy plans."""
    jobs = scope(window.scope, projects)
    head = f"{jobs[0].upper()}{jobs[1:]}: frozen by the policy until "
    return (head, Time(window.until), ": ", Verbatim(window.reason))


def frozen_alone(freezes: Sequence[Freeze]) -> frozenset[str]:
    """Names of the jobs that are frozen on their own."""
    return frozenset(each.job for each in freezes if each.is_of_one_job)
