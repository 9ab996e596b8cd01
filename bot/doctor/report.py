"""What the checks found, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.doctor.finding import Finding, Grade
from bot.util.redact import redact
from bot.util.text import count_of

_WIDTH = 22


def report(findings: Sequence[Finding], *, as_json: bool = False) -> str:
    """The findings as text for people, or as JSON: `{"ok": …, "findings": [{check, grade, found, mend,
    project}]}`.

    `mend` is a finding's `fix`: scripts read it by that name.
    """
    if as_json:
        body = {
            "ok": not any(each.failed for each in findings),
            "findings": [_as_json(each) for each in findings],
        }
        return redact(json.dumps(body, indent=2, ensure_ascii=False))
    lines = [line for each in findings for line in _lines(each)]
    return redact("\n".join([*lines, "", _totals(findings)]))


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "check": finding.check,
        "grade": finding.grade,
        "found": finding.found,
        "mend": finding.fix,
        "project": finding.project,
    }


def _lines(finding: Finding) -> list[str]:
    check = f"{finding.project}: {finding.check}" if finding.project else finding.check
    lines = [f"{finding.grade:<5} {check:<{_WIDTH}} {finding.found}"]
    if finding.fix:
        lines.append(f"{'':<5} {'':<{_WIDTH}} → {finding.fix}")
    return lines


def _totals(findings: Sequence[Finding]) -> str:
    failed = sum(each.failed for each in findings)
    warned = sum(each.grade is Grade.WARN for each in findings)
    checks = count_of(len(findings), "check")
    if failed:
        return f"{failed} of {checks} failed: fix that before you rely on the bot."
    if warned:
        return f"The bot will run; {warned} of {checks} {'needs' if warned == 1 else 'need'} attention."
    return f"All {checks} passed." if len(findings) > 1 else "The check passed."
