"""Work on rows one by one, so that an error with one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

from bot.runtime import metrics
from bot.store import StoreError, UnreadableRow

log = structlog.get_logger(__name__)

T = TypeVar("T")
_MOST_LOGGED = 10_000
_logged: set[str] = set()
"""The errors that this process has logged, which name the table and the row."""


def one_by_one(rows: Iterable[T], work: Callable[[T], object], what: Callable[[T], str]) -> None:
    """Do `work` with each row. An error is logged, with what `what` calls the row, and counted.

    Raises:
        StoreError: the database is away, for all of them.
    """
    for row in rows:
        try:
            work(row)
        except Exception as error:
            if concerns_all(error):
                raise
            metrics.count_error()
            log.exception("row_failed", row=what(row))


def concerns_all(error: Exception) -> bool:
    """Whether the database is away. A row that cannot be understood is an error with that row alone."""
    return isinstance(error, StoreError) and not isinstance(error, UnreadableRow)


def pass_over(error: UnreadableRow) -> None:
    """Leave a row out that cannot even be read. It is logged and counted once, however often it is read."""
    text = str(error)
    if text in _logged:
        return
    if len(_logged) >= _MOST_LOGGED:
        _logged.clear()
    _logged.add(text)
    metrics.count_error()
    log.error("row_not_read", error=text)


class LeftOut:
    """Passes over rows that cannot be read, and keeps their keys for an answer that says what it lacks."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def __call__(self, error: UnreadableRow) -> None:
        pass_over(error)
        self.keys.append(error.key)
