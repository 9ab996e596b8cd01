"""What every subject of the store stands on."""

from __future__ import annotations

from bot.store.backend import Backend


class TableGroup:
    """A subject of the store, over one database."""

    def __init__(self, backend: Backend) -> None:
        self._db = backend
