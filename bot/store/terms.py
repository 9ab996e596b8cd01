"""What a plan of a cutover binds those to who confirm and approve it, as its request keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CutoverTerms:
    """A copy from the plan, which does not change once it is confirmed. People are user IDs."""

    commander: str = ""
    app_owner: str = ""
    deputy: str = ""
    """Empty for none."""
    budget_s: int = 3600
    """Longest downtime in seconds."""
    most_seconds: float = 0
    """What may be missing when it is promoted, in seconds of replication delay."""
    most_bytes: float = 0
    """How many bytes may be left at a delay of 0 s; rows of older versions have none."""
    by_itself: bool = False
    """Whether it promotes without a last press."""
    writers: tuple[str, ...] = ()


def terms_to_json(terms: CutoverTerms | None) -> dict[str, Any]:
    """The JSON object; empty for None."""
    return {} if terms is None else asdict(terms) | {"writers": list(terms.writers)}


def terms_from_json(stored: object) -> CutoverTerms | None:
    """What `terms_to_json` wrote; None where there is nothing, as older versions wrote none."""
    if not isinstance(stored, dict) or not stored:
        return None
    people = {name: _text(stored, name) for name in ("commander", "app_owner", "deputy")}
    writers = stored.get("writers")
    return CutoverTerms(
        **people,
        budget_s=int(_number(stored, "budget_s", 3600)),
        most_seconds=_number(stored, "most_seconds", 0),
        most_bytes=_number(stored, "most_bytes", 0),
        by_itself=stored.get("by_itself") is True,
        writers=tuple(map(str, writers)) if isinstance(writers, list) else (),
    )


def _text(stored: Mapping[str, Any], name: str) -> str:
    value = stored.get(name)
    return value if isinstance(value, str) else ""


def _number(stored: Mapping[str, Any], name: str, default: float) -> float:
    value = stored.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default
