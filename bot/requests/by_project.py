"""Which projects the jobs of a request are of, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.config.projects import PRODUCTION, Projects
from bot.dms.model import Job
from bot.dms.resource_names import project_of
from bot.util.text import count_of, first_few

_NAMED = 10
_IN_TITLE = 4


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


def projects_of(names: Iterable[str], projects: Projects) -> str:
    """The projects of these jobs (full resource names), production first and marked; empty where there is one
    project, which is not production."""
    found = sorted({project_of(name) for name in names}, key=lambda each: not projects.is_production(each))
    marked = [
        f"{PRODUCTION} {projects.shown(each)}" if projects.is_production(each) else projects.shown(each)
        for each in found
    ]
    tells = projects.several or any(map(projects.is_production, found))
    return first_few(marked, _IN_TITLE) if tells else ""


def projects_counted(jobs: Sequence[Job], projects: Projects) -> str:
    """The projects of the jobs with their counts, production first: `🏭 prod (production) 2 jobs, staging 1
    job`; without counts where there is one, and empty where it need not be said."""
    counts = Counter(job.project for job in jobs)
    if len(counts) == 1:
        (project,) = counts
        if projects.is_production(project):
            return f"{PRODUCTION} *production*{f', `{projects.shown(project)}`' if projects.several else ''}"
        return f"`{projects.shown(project)}`" if projects.several else ""
    ordered = sorted(counts, key=lambda each: not projects.is_production(each))
    named = [f"{_called(each, projects)} {count_of(counts[each], 'job')}" for each in ordered]
    return first_few(named, _IN_TITLE)


def _called(project: str, projects: Projects) -> str:
    if projects.is_production(project):
        return f"{PRODUCTION} `{projects.shown(project)}` (*production*)"
    return f"`{projects.shown(project)}`"
