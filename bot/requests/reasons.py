"""Why something is requested: what the policy asks for, and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.cmdline.answers import Note
from bot.policy.access import Verdict
from bot.policy.fields import ANY_TEXT
from bot.util.redact import redact

MAX_REASON = 500
"""Characters of a reason that are kept."""


def kept(reason: str) -> str:
    """The reason as it is stored: one line, without secrets, not too long."""
    return redact(" ".join(reason.split()))[:MAX_REASON]


def missing_reason(verdicts: Iterable[Verdict], reason: str) -> str:
    """What the policy asks the reason to contain and it does not; empty if nothing is missing."""
    patterns = dict.fromkeys(pattern for each in verdicts for pattern in each.reasons)
    return next((each for each in patterns if not re.search(each, reason)), "")


def what_is_missing(pattern: str) -> str:
    """What is missing, as a sentence for people."""
    if pattern == ANY_TEXT:
        return "The policy asks for a reason."
    return f"The policy asks for a reason that contains {pattern}, for example a ticket."


def reason_note(pattern: str) -> Note:
    """What is missing. The same command with a reason would lack the request's options."""
    return Note(f"{what_is_missing(pattern)} Press Confirm again and write it.", tone="warn")
