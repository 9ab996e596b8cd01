"""What an edit of a job's databases comes to. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.dms.model import ObjectId, ObjectsConfig, Selection


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked for; `chosen` and `everything` replace the choice, `add` and `remove` amend it."""

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


@dataclass(frozen=True, slots=True)
class Plan:
    """An edit, and the databases that it adds, removes and keeps (in name order)."""

    before: ObjectsConfig
    after: ObjectsConfig
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return self.before.data() != self.after.data()


def selected(config: ObjectsConfig, source: Sequence[str]) -> tuple[str, ...]:
    """The databases that a job takes along, of those that the source has."""
    excluded = {each.database for each in config.excluded}
    chosen = {each.database for each in config.chosen}
    everything = config.selection != Selection.SPECIFIED
    taken = set(source) if everything else chosen
    return tuple(sorted(taken - excluded))


def plan(config: ObjectsConfig, source: Sequence[str], change: Change) -> Plan:
    """What `change` makes of `config`."""
    after = _amended(_replaced(config, change), change)
    old, new = set(selected(config, source)), set(selected(after, source))
    return Plan(
        before=config,
        after=after,
        added=tuple(sorted(new - old)),
        removed=tuple(sorted(old - new)),
        kept=tuple(sorted(old & new)),
    )


def _replaced(config: ObjectsConfig, change: Change) -> ObjectsConfig:
    if change.everything:
        return ObjectsConfig(Selection.ALL, (), _ids(change.excluded or ()))
    if change.chosen is not None:
        return ObjectsConfig(Selection.SPECIFIED, _ids(change.chosen), ())
    if change.excluded is not None:
        return ObjectsConfig(config.selection, config.chosen, _ids(change.excluded))
    return config


def _amended(config: ObjectsConfig, change: Change) -> ObjectsConfig:
    """All databases with some removed stays all databases, with those excluded: what the source
    creates later still comes along."""
    chosen = {each.database for each in config.chosen}
    excluded = {each.database for each in config.excluded} - set(change.add)
    if config.selection == Selection.SPECIFIED:
        chosen = (chosen | set(change.add)) - set(change.remove)
        return ObjectsConfig(config.selection, _ids(chosen), _ids(excluded))
    return ObjectsConfig(config.selection, (), _ids(excluded | set(change.remove)))


def _ids(names: Sequence[str] | set[str]) -> tuple[ObjectId, ...]:
    return tuple(ObjectId(name) for name in sorted(set(names)))
