"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    OK = "OK"
    WARN = "WARN"
    """The bot works, but a part of it does not, or may soon stop."""
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    grade: Grade
    found: str
    """One sentence."""
    fix: str = ""
    """What to do about it; empty if all is well."""
    project: str = ""
    """The alias of the project that it is about, where the bot serves several."""

    @property
    def failed(self) -> bool:
        return self.grade is Grade.FAIL


def ok(check: str, found: str) -> Finding:
    return Finding(check, Grade.OK, found)


def warn(check: str, found: str, fix: str) -> Finding:
    return Finding(check, Grade.WARN, found, fix)


def fail(check: str, found: str, fix: str) -> Finding:
    return Finding(check, Grade.FAIL, found, fix)
