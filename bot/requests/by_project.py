"""Which projects the jobs of a request are of, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.config.projects import Projects
from bot.dms.model import Job
from bot.util.text import count_of, first_few

_NAMED = 10


def is_across_projects(jobs: Sequence[Job]) -> bool:
    """Whether the jobs are of more than one project."""
    return len({job.project for job in jobs}) > 1


def projects_text(jobs: Sequence[Job], projects: Projects) -> str:
    """The project of each of several jobs, production first; empty where it need not be said."""
    if not projects.several or len(jobs) < 2:
        return ""
    counts = Counter(job.project for job in jobs)
    if len(counts) == 1:
        return f"All of them are jobs of {_called(jobs[0].project, projects)}."
    ordered = sorted(counts, key=lambda each: not projects.is_production(each))
    named = [f"{_called(each, projects)} {count_of(counts[each], 'job')}" for each in ordered]
    return f"These are jobs of *{len(counts)} projects*: {first_few(named, _NAMED)}."


def _called(project: str, projects: Projects) -> str:
    mark = " (*production*)" if projects.is_production(project) else ""
    return f"`{projects.shown(project)}`{mark}"
