"""Maps records to tables, and builds the SQL for them.

The only place that builds SQL. Names in it come from our own classes; data is passed as parameters only.
"""

# ruff: noqa: S608 - see above

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import cached_property
from typing import Any, Generic, TypeVar, get_type_hints

from cattrs.dispatch import StructureHook, UnstructureHook

from bot.store.backend import Row
from bot.store.codec import ColumnValue, as_columns, clean
from bot.store.port import UnreadableRow

Record = TypeVar("Record")
_SHOWN = 200
"""Characters of a row's first column in an error: it may be all of a job."""
Skip = Callable[[UnreadableRow], None]
"""Takes the error of a row that is left out. Never where a change is decided: a freeze that cannot be read
still forbids."""


class Where:
    """Conditions joined by AND, with their parameters."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.params: list[ColumnValue] = []

    def add(self, condition: str, *params: ColumnValue) -> Where:
        self._conditions.append(condition)
        self.params.extend(clean(str(each)) if isinstance(each, str) else each for each in params)
        return self

    def equal(self, **values: str) -> Where:
        """Each column equals its value; empty values are ignored."""
        for name, value in values.items():
            if value:
                self.add(f'"{name}" = ?', value)
        return self

    def one_of(self, name: str, values: Iterable[str | int]) -> Where:
        """The column has one of the values; without values, no condition is added."""
        found = [each if isinstance(each, int) else str(each) for each in values]
        if found:
            self.add(f'"{name}" IN ({_placeholders(len(found))})', *found)
        return self

    def none_of(self, name: str, values: Iterable[str]) -> Where:
        """The column has none of the values, of which there is at least one."""
        texts = [str(each) for each in values]
        return self.add(f'"{name}" NOT IN ({_placeholders(len(texts))})', *texts)

    def __str__(self) -> str:
        return f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""


class Table(Generic[Record]):
    """Maps a record's fields to columns of the same names."""

    def __init__(
        self, name: str, record: type[Record], *, generated: tuple[str, ...] = (), fixed: tuple[str, ...] = ()
    ) -> None:
        """`generated` are columns that the database fills; `fixed` ones never change after the insert."""
        self.name = name
        self._record = record
        names = [each.name for each in fields(record)]  # type: ignore[arg-type]
        self._inserted = [each for each in names if each not in generated]
        self._fixed = frozenset(generated + fixed)
        self.columns = _names(names)

    @cached_property
    def _kinds(self) -> dict[str, Any]:
        hints = get_type_hints(self._record)
        return {each.name: hints[each.name] for each in fields(self._record)}  # type: ignore[arg-type]

    # Made with the first row: cattrs generates and compiles code, which for all tables would slow the start.
    @cached_property
    def _writers(self) -> dict[str, UnstructureHook]:
        return {name: as_columns.get_unstructure_hook(kind) for name, kind in self._kinds.items()}

    @cached_property
    def _readers(self) -> list[tuple[StructureHook, Any]]:
        return [(as_columns.get_structure_hook(kind), kind) for kind in self._kinds.values()]

    def insert(self, tail: str = "", extra: Iterable[str] = ()) -> str:
        names = [*self._inserted, *extra]
        return f"INSERT INTO {self.name} ({_names(names)}) VALUES ({_placeholders(len(names))}) {tail}"

    def upsert(self, key: str, extra: Iterable[str] = ()) -> str:
        """An insert that replaces all columns of a row with the same key."""
        names = [each for each in [*self._inserted, *extra] if each != key]
        replaced = ", ".join(f'"{name}" = excluded."{name}"' for name in names)
        return self.insert(f'ON CONFLICT ("{key}") DO UPDATE SET {replaced}', extra)

    def values(self, record: Record) -> list[ColumnValue]:
        """The parameters of `insert`, without those of the extra columns."""
        return [self._writers[name](getattr(record, name)) for name in self._inserted]

    def select(self, where: Where | str = "", tail: str = "") -> str:
        return f"SELECT {self.columns} FROM {self.name}{where} {tail}"

    def select_latest(self, where: Where, key: str) -> str:
        """The newest rows by `key`, oldest first; the last parameter is their number."""
        newest = (
            f'SELECT {self.columns}, "{key}" AS nth FROM {self.name}{where} ORDER BY "{key}" DESC LIMIT ?'
        )
        return f"SELECT {self.columns} FROM ({newest}) AS newest ORDER BY nth"

    def update(self, names: Iterable[str], where: Where) -> str:
        """Set the columns; the statement returns the changed rows."""
        assignments = ", ".join(f'"{name}" = ?' for name in names)
        return f"UPDATE {self.name} SET {assignments}{where} RETURNING {self.columns}"

    def changes(self, changes: Mapping[str, Any]) -> dict[str, ColumnValue]:
        """The new column values.

        Raises:
            ValueError: there is no such field, or it never changes.
        """
        for name in changes:
            if name not in self._writers:
                raise ValueError(f"{self._record.__name__} has no field {name!r}")
            if name in self._fixed:
                raise ValueError(f"{name!r} of {self._record.__name__} does not change")
        return {name: self._writers[name](value) for name, value in changes.items()}

    def record(self, row: Row, key: str = "") -> Record:
        """Decode a row; an error calls it `key`, or by its first column. Raises: UnreadableRow."""
        pairs = zip(self._readers, row, strict=True)
        try:
            return self._record(*[read(value, kind) for (read, kind), value in pairs])
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            named = key or str(row[0])
            text = f"A row of the table {self.name} ({named[:_SHOWN]}) cannot be understood: {error}."
            raise UnreadableRow(text, named) from error

    def readable(self, row: Row | None, skip: Skip | None, key: str = "") -> Record | None:
        """Decode a row; None for none, and where `skip` takes its error. Raises: UnreadableRow."""
        try:
            return None if row is None else self.record(row, key)
        except UnreadableRow as error:
            if skip is None:
                raise
            skip(error)
            return None

    def records(self, rows: Iterable[Row], skip: Skip | None = None) -> tuple[Record, ...]:
        """Decode rows, without those whose error `skip` takes. Raises: UnreadableRow."""
        return tuple([found for row in rows if (found := self.readable(row, skip)) is not None])


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _placeholders(count: int) -> str:
    return ", ".join("?" * count)
