"""What the service found wrong when an action failed: each finding with its usual cause and a link.

The service lists the findings of a verification in the details of the operation's error, which
`bot.dms.convert` appends to the message as `; CODE: text`. Source: REST `MigrationJobVerificationError`.
"""

from __future__ import annotations

import re

from bot.dms.likely_causes import likely_cause
from bot.dms.model import Job
from bot.slack.render import mrkdwn
from bot.slack.render.job_card import cause_text
from bot.util.text import rest_line

_FINDING = re.compile(r"; (?=[A-Z][A-Z0-9_]{4,}: )")
_MAX_FINDINGS = 30
_MAX_CHARACTERS = 500


def split_findings(note: str) -> tuple[str, tuple[str, ...]]:
    """The message of an error, and the findings that follow it.

    >>> split_findings("Verification failed; INVALID_WAL_LEVEL: set it; NO_PGLOGICAL_INSTALLED: install it")
    ('Verification failed', ('INVALID_WAL_LEVEL: set it', 'NO_PGLOGICAL_INSTALLED: install it'))
    """
    message, *findings = _FINDING.split(note)
    return message, tuple(findings)


def finding_lines(note: str, job: Job) -> list[str]:
    """A line for each finding with its usual cause; for an error without findings, the cause alone; mrkdwn.

    Nothing for a text that is not a known error.
    """
    message, findings = split_findings(note)
    if not findings:
        cause = likely_cause(message, job)
        return [cause_text(cause, job)] if cause else []
    lines = [_line(each, job) for each in findings[:_MAX_FINDINGS]]
    return [*lines, *rest_line(len(findings), _MAX_FINDINGS)]


def _line(finding: str, job: Job) -> str:
    shown = mrkdwn.clip(mrkdwn.verbatim(finding.replace("`", "")), _MAX_CHARACTERS)
    return f"• {shown}\n   {cause_text(likely_cause(finding, job), job)}"
