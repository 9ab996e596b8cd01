"""Remembers pages of jobs, so that what has not changed since the last look costs nothing again.

Most looks find most jobs as they were, but for the durations of those that run. A page whose bytes
are the same is taken as it was; so is one that is the same but for durations, without its jobs being
read; and in a page that changed, each job whose own bytes are the same is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.dms.model import Job
from bot.dms.raw_page import Unread, durations
from bot.dms.run_on import lasting


@dataclass(slots=True)
class Page:
    """One `ListMigrationJobsResponse`, as it came and as values."""

    raw: bytes
    contents: list[bytes]
    """Each job's bytes without its duration."""
    jobs: tuple[Job, ...]
    """Each as when it was first seen so; only its duration may have grown since."""
    known: dict[bytes, Job]
    """By its bytes without the duration, each job whose enum numbers all have names.

    A name may be learned later.
    """
    unreachable: tuple[str, ...]
    token: str
    """Of the next page; empty on the last."""
    lasted: tuple[float, ...] | None = None
    """Seconds that each job has run, where they were read with the rest."""
    _now: tuple[Job, ...] | None = None

    @property
    def settled(self) -> bool:
        return len(self.known) == len(self.jobs)

    def jobs_now(self) -> tuple[Job, ...]:
        """The jobs with their durations as of now."""
        if self._now is None:
            lasted = durations(self.raw) if self.lasted is None else self.lasted
            self._now = tuple(
                [
                    job if job.duration_s == seconds else lasting(job, seconds)
                    for job, seconds in zip(self.jobs, lasted, strict=True)
                ]
            )
        return self._now


@dataclass(slots=True)
class Look:
    """All pages of one location, in order, and the version of the profiles they were read with."""

    version: int = -1
    pages: list[Page] = field(default_factory=list)

    def same(self, index: int, raw: bytes) -> Page | None:
        """The page of that index, if it was the same and may be used again."""
        page = self._settled(index)
        return page if page is not None and page.raw == raw else None

    def lasting(self, index: int, raw: bytes, found: Unread) -> Page | None:
        """The page of that index as it came now, if it was the same but for durations."""
        page = self._settled(index)
        if page is None or page.contents != found.contents:
            return None
        return Page(raw, page.contents, page.jobs, page.known, found.unreachable, found.token, found.lasted)

    def jobs(self, contents: Sequence[bytes]) -> list[Job | None]:
        """The jobs of exactly these contents (without durations), on whichever page they were."""
        return [self._job(each) for each in contents]

    def _job(self, content: bytes) -> Job | None:
        for page in self.pages:
            found = page.known.get(content)
            if found is not None:
                return found
        return None

    def _settled(self, index: int) -> Page | None:
        page = self.pages[index] if index < len(self.pages) else None
        return page if page is not None and page.settled else None
