"""The base class of all groups of tables."""

from __future__ import annotations

from bot.store.backend import Backend


class TableGroup:
    """The tables of one subject, in one database."""

    def __init__(self, backend: Backend) -> None:
        self._db = backend
