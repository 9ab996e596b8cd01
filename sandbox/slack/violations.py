"""The list of Slack's rules that the app has broken."""

import logging
import time
from dataclasses import asdict, dataclass, field
from typing import Any

log = logging.getLogger("sandbox.slack")


@dataclass(frozen=True)
class Violation:
    """`severity` is "breach" for a broken rule, "notice" for a refusal that a correct app may get.
    `at` is in Unix seconds."""

    code: str
    detail: str
    severity: str
    method: str = ""
    at: float = field(default_factory=time.time)
    context: dict[str, Any] = field(default_factory=dict)


class Violations:
    def __init__(self) -> None:
        self._seen: list[Violation] = []

    def record(
        self, code: str, detail: str, *, method: str = "", notice: bool = False, **context: Any
    ) -> Violation:
        """Record a broken rule. It is logged at once; notices have a lower level."""
        severity = "notice" if notice else "breach"
        found = Violation(code, detail, severity, method, context=context)
        self._seen.append(found)
        level = logging.INFO if notice else logging.ERROR
        log.log(level, "SLACK %s %s %s: %s", severity.upper(), method or "-", code, detail)
        return found

    def as_dicts(self) -> list[dict[str, Any]]:
        return [asdict(violation) for violation in self._seen]

    def breaches(self) -> list[Violation]:
        return [violation for violation in self._seen if violation.severity == "breach"]

    def clear(self) -> None:
        self._seen.clear()
