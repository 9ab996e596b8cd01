"""Finds jobs by what people type into a menu, and by what a message says: from the store alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from datetime import UTC, datetime
from typing import Any

from bot.cmdline.job_refs import FULL_NAMES, jobs_of_links
from bot.dms.model import Job, placeholder_job, short_name
from bot.dms.resource_names import is_served
from bot.policy.access import Access
from bot.requests.job_names import JobNamer, disambiguate
from bot.slack.render.job_picker import MAX_OPTIONS, VERB, job_options
from bot.store import Store, UnreadableRow
from bot.store.records import Person

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_NONE = 9
"""The rank of a job that does not fit."""
_AT_ONCE = 500
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


class JobSearch:
    """Knows the jobs that the watcher has seen; a person finds those that they may see."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    def options(self, who: Person, typed: str) -> list[dict[str, Any]]:
        """Options of a menu for what was typed, whatever its case: jobs whose ID begins with it, then those
        that have it in their ID, display name, location or project.

        Raises:
            StoreError: the store cannot be read.
        """
        needle = _plain(typed).strip(" #`\"'")
        known, unreadable = self._known()
        ranked = [(rank, job.name, job) for job in known if (rank := self._rank(job, needle)) < _NONE]
        ordered = [job for *_, job in sorted(ranked, key=lambda each: each[:2])]
        found = self._first_visible(who, ordered, unreadable)
        return job_options(found, self.namer(each.name for each in found))

    def mentioned(self, who: Person, text: str) -> list[str]:
        """Full resource names of the jobs that a text links to or names, of those that they may see. If
        there are none, the first that it links to: who may see it is asked when it is shown.

        Raises:
            StoreError: the store cannot be read.
        """
        visible = {job.name: job for job in self._visible(who, *self._known())}
        by_id: dict[str, list[str]] = {}
        for name in sorted(visible):
            by_id.setdefault(short_name(name), []).append(name)
        linked = (*jobs_of_links(text), *FULL_NAMES.findall(text))
        rest = FULL_NAMES.sub(" ", re.sub(r"https?://\S+", " ", text))
        spoken = [name for word in _WORD.findall(_plain(rest)) for name in by_id.get(word, ())]
        found = list(dict.fromkeys((*(each for each in linked if each in visible), *spoken)))
        return found or list(dict.fromkeys(each for each in linked if self._is_served(each)))[:1]

    def _first_visible(self, who: Person, ranked: list[Job], unreadable: Set[str]) -> list[Job]:
        """The first that fill a menu: among thousands of jobs, not all have to be judged for each letter."""
        found: list[Job] = []
        for at in range(0, len(ranked), _AT_ONCE):
            found += self._visible(who, ranked[at : at + _AT_ONCE], unreadable)
            if len(found) >= MAX_OPTIONS:
                break
        return found[:MAX_OPTIONS]

    def _visible(self, who: Person, jobs: list[Job], unreadable: Set[str]) -> list[Job]:
        """Those that this person may see, in order; an unreadable one only whatever its labels are."""
        by_name = self._access.permissions(who).may_by_name
        readable = (job for job in jobs if job.name not in unreadable)
        names = {job.name for job in self._access.visible(who, VERB, readable)}
        return [job for job in jobs if job.name in names or (job.name in unreadable and by_name(VERB, job))]

    def namer(self, names: Iterable[str]) -> JobNamer:
        """How to call the jobs with these full resource names."""
        return disambiguate(names, self._access.policy.projects)

    def _known(self) -> tuple[list[Job], Set[str]]:
        """All jobs, and the names of those whose rows cannot be read: no more than their names is known."""
        unread: list[UnreadableRow] = []
        known = [each.job for each in self._store.known_jobs(unread.append).values()]
        unreadable = {each.key for each in unread}
        known += [placeholder_job(name, datetime.now(UTC)) for name in unreadable]
        return [job for job in known if self._is_served(job.name)], unreadable

    def _is_served(self, name: str) -> bool:
        return is_served(name, self._access.policy.projects)

    def _rank(self, job: Job, needle: str) -> int:
        if job.id.startswith(needle):
            return 0
        if needle in job.id:
            return 1
        place = (
            f"{self._access.policy.projects.shown(job.project)}/{job.location} {job.project}/{job.location}"
        )
        return 2 if needle in job.display_name.casefold() or needle in place.casefold() else _NONE


def _plain(text: str) -> str:
    return _DASHES.sub("-", text.casefold())
