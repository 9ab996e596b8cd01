"""Edits of a job's selection of databases (`objectsConfig`). Pure functions.

People name whole databases. Schemas and tables that were selected or excluded elsewhere are kept.
Source: REST schema `SourceObjectsConfig`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.dms.model import ObjectId, ObjectsConfig, Selection

DATABASE = "DATABASE"


@dataclass(frozen=True, slots=True)
class Change:
    """A requested edit: `everything` and `chosen` replace the selection, `add` and `remove` amend it."""

    everything: bool = False
    chosen: tuple[str, ...] | None = None
    excluded: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (
            self.everything or self.chosen is not None or self.excluded is not None or self.add or self.remove
        )

    @property
    def named(self) -> tuple[str, ...]:
        """All databases that the edit names."""
        return (*(self.chosen or ()), *(self.excluded or ()), *self.add, *self.remove)


@dataclass(frozen=True, slots=True)
class SelectionPlan:
    """An edit with its result, and the databases that it adds, removes and keeps, sorted by name."""

    before: ObjectsConfig
    after: ObjectsConfig
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return self.before.snapshot() != self.after.snapshot()

    @property
    def leaves_none(self) -> bool:
        """Whether the job would migrate nothing; ALL counts as something, even with an unknown source."""
        if self.added or self.kept:
            return False
        if self.after.selection == Selection.SPECIFIED:
            return not schemas_and_tables(self.after.chosen)
        return bool(_names(self.after.excluded))


def selectable(config: ObjectsConfig, source: Iterable[str]) -> tuple[str, ...]:
    """The databases that people can name: those of the source, and those in the job's selection."""
    return tuple(sorted({*source, *_names(config.chosen), *_names(config.excluded)}))


def selected(config: ObjectsConfig, source: Iterable[str]) -> tuple[str, ...]:
    """The databases of the source that the job migrates."""
    taken = set(_names(config.chosen)) if config.selection == Selection.SPECIFIED else set(source)
    return tuple(sorted(taken - set(_names(config.excluded))))


def schemas_and_tables(objects: Iterable[ObjectId]) -> tuple[ObjectId, ...]:
    """The objects that are not whole databases."""
    return tuple(each for each in objects if each.type != DATABASE)


def plan(config: ObjectsConfig, source: Sequence[str], change: Change) -> SelectionPlan:
    """The result of `change` on `config`; databases in the selection count as existing on the source."""
    after = _amended(_replaced(config, change), change)
    there = {*source, *_names(config.chosen)}
    old, new = set(selected(config, there)), set(selected(after, there))
    return SelectionPlan(
        before=config,
        after=after,
        added=tuple(sorted(new - old)),
        removed=tuple(sorted(old - new)),
        kept=tuple(sorted(old & new)),
    )


def _replaced(config: ObjectsConfig, change: Change) -> ObjectsConfig:
    if change.everything:
        return ObjectsConfig(Selection.ALL, (), _ids(change.excluded or (), config.excluded))
    if change.chosen is not None:
        return ObjectsConfig(
            Selection.SPECIFIED, _ids(change.chosen, config.chosen), schemas_and_tables(config.excluded)
        )
    if change.excluded is not None:
        return ObjectsConfig(config.selection, config.chosen, _ids(change.excluded, config.excluded))
    return config


def _amended(config: ObjectsConfig, change: Change) -> ObjectsConfig:
    """Apply `add` and `remove`. For ALL, a removed database is excluded, so that databases that are created
    later are still migrated."""
    if not change.add and not change.remove:
        return config
    chosen, excluded = set(_names(config.chosen)), set(_names(config.excluded)) - set(change.add)
    if config.selection == Selection.SPECIFIED:
        chosen = (chosen | set(change.add)) - set(change.remove)
        return ObjectsConfig(config.selection, _ids(chosen, config.chosen), _ids(excluded, config.excluded))
    return ObjectsConfig(config.selection, (), _ids(excluded | set(change.remove), config.excluded))


def _names(objects: Iterable[ObjectId]) -> list[str]:
    return [each.database for each in objects if each.type == DATABASE]


def _ids(names: Iterable[str], before: Iterable[ObjectId]) -> tuple[ObjectId, ...]:
    """These databases, and the schemas and tables of `before`."""
    return (*(ObjectId(name) for name in sorted(set(names))), *schemas_and_tables(before))
