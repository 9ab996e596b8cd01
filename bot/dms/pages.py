"""Remembers pages of jobs, so that what has not changed since the last look costs nothing again.

Most looks find most jobs as they were. A page whose bytes are the same is taken as it was, without
even being parsed; in a page that changed, each job whose bytes are the same but for its duration is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.dms.model import Job


@dataclass(frozen=True, slots=True)
class Page:
    """One `ListMigrationJobsResponse`, as it came and as values."""

    raw: bytes
    jobs: tuple[Job, ...]
    known: dict[bytes, Job]
    """By its bytes without the duration, each job whose enum numbers all have names.

    A name may be learned later.
    """
    unreachable: tuple[str, ...]
    token: str
    """Of the next page; empty on the last."""

    @property
    def settled(self) -> bool:
        return len(self.known) == len(self.jobs)


@dataclass(slots=True)
class Look:
    """All pages of one location, in order, and the version of the profiles they were read with."""

    version: int = -1
    pages: list[Page] = field(default_factory=list)

    def same(self, index: int, raw: bytes) -> Page | None:
        """The page of that index, if it was the same and may be used again."""
        if index >= len(self.pages):
            return None
        page = self.pages[index]
        return page if page.raw == raw and page.settled else None

    def job(self, content: bytes) -> Job | None:
        """The job of exactly this content (without a duration), on whichever page it was."""
        for page in self.pages:
            found = page.known.get(content)
            if found is not None:
                return found
        return None
