"""Which jobs a rule or a planned freeze is about."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bot.dms.model import Job


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of jobs: those of any of the projects that match any of the patterns and all of the labels. Empty
    means every job."""

    jobs: tuple[str, ...] = ()
    """Globs over `id`, `location/id` or `project/location/id`."""
    labels: tuple[tuple[str, str], ...] = ()
    """Each a key and a glob over the value."""
    projects: tuple[str, ...] = ()
    """IDs."""

    @property
    def everything(self) -> bool:
        """Whether it matches every job."""
        by_name = not self.jobs or any(set(each) <= set("*/") for each in self.jobs)
        return by_name and not self.labels and not self.projects

    def includes(self, project: str) -> bool:
        """Whether it can match jobs of this project."""
        named = not self.jobs or any(_project_fits(each, project) for each in self.jobs)
        return named and (not self.projects or project in self.projects)

    def covers(self, project: str) -> bool:
        """Whether it matches every job of this project."""
        every = not self.jobs or any(_is_of_all(each, project) for each in self.jobs)
        return every and not self.labels and (not self.projects or project in self.projects)

    def matches(self, job: Job) -> bool:
        return self.matches_name(job) and all(_labelled(job, key, value) for key, value in self.labels)

    def matches_name(self, job: Job) -> bool:
        """Whether the job's name, and so its project, matches; its labels may still not."""
        if self.projects and job.project not in self.projects:
            return False
        return not self.jobs or any(pattern_matches(pattern, job) for pattern in self.jobs)


ALL_JOBS = Scope()


def _project_fits(pattern: str, project: str) -> bool:
    """Whether a pattern can match jobs of the project."""
    return pattern.count("/") < 2 or fnmatchcase(project, pattern.partition("/")[0])


def _is_of_all(pattern: str, project: str) -> bool:
    """Whether a pattern matches every job of the project."""
    within = pattern.split("/", 1)[1] if pattern.count("/") == 2 else pattern
    return set(within) <= set("*/") and _project_fits(pattern, project)


def pattern_matches(pattern: str, job: Job) -> bool:
    """Whether a glob matches the job. Each part between slashes is matched with its own part of the name."""
    wanted = pattern.split("/")
    parts = (job.project, job.location, job.id)[-len(wanted) :]
    return all(fnmatchcase(part, glob) for part, glob in zip(parts, wanted, strict=True))


def _labelled(job: Job, key: str, value: str) -> bool:
    label = job.label(key)
    return label is not None and fnmatchcase(label, value)
