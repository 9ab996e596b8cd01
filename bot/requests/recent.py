"""Which jobs a person looked at last: what the launcher offers to show again."""

from __future__ import annotations

import json
from datetime import datetime

from bot.store import Store
from bot.store.records import Person

_KEPT = 8


def note_look(store: Store, who: Person, job: str, at: datetime) -> None:
    """Remember that this person was shown the job, by its full resource name.

    Raises:
        StoreError.
    """
    before = looked_at(store, who)
    if before and before[0][0] == job:
        return  # refreshed
    kept = [(job, at), *(each for each in before if each[0] != job)][:_KEPT]
    store.put_value(_key(who), json.dumps([[name, then.isoformat()] for name, then in kept]))


def looked_at(store: Store, who: Person) -> list[tuple[str, datetime]]:
    """Full resource names of the jobs, the last one first, each with the time.

    Raises:
        StoreError.
    """
    try:
        kept = json.loads(store.value(_key(who)) or "[]")
        return [(str(name), datetime.fromisoformat(then)) for name, then in kept]
    except (ValueError, TypeError):
        return []  # it is for convenience alone


def _key(who: Person) -> str:
    return f"recent:{who.team}/{who.user}"
