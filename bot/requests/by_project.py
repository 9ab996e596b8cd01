"""Which projects the jobs of a request are of, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.config.projects import PRODUCTION, Projects
from bot.dms.model import Job
from bot.util.text import count_of, first_few

_NAMED = 10


def is_across_projects(jobs: Sequence[Job]) -> bool:
    """Whether the jobs are of more than one project."""
    return len({job.project for job in jobs}) > 1


def projects_text(jobs: Sequence[Job], projects: Projects) -> str:
    """The project of each of the jobs, production first; empty where it need not be said."""
    if not projects.several or not jobs:
        return ""
    counts = Counter(job.project for job in jobs)
    if len(counts) == 1:
        alone = "It is a job" if len(jobs) == 1 else "All of them are jobs"
        return f"{alone} of {_called(jobs[0].project, projects)}."
    ordered = sorted(counts, key=lambda each: not projects.is_production(each))
    named = [f"{_called(each, projects)} {count_of(counts[each], 'job')}" for each in ordered]
    return f"These are jobs of *{len(counts)} projects*: {first_few(named, _NAMED)}."


def _called(project: str, projects: Projects) -> str:
    if projects.is_production(project):
        return f"{PRODUCTION} `{projects.shown(project)}` (*production*)"
    return f"`{projects.shown(project)}`"
