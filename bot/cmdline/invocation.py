"""A parsed command: the verb, its jobs, flags, filters and words.

A button holds the id of a stored invocation, so pressing it does the same as typing the command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

FlagValue = str | bool | tuple[str, ...]
FlagKind = Literal["switch", "word", "list", "choice", "number", "size", "duration", "time", "past", "text"]
JobsTaken = Literal["none", "optional", "any", "one", "many"]
"""How many jobs a verb takes: none, one or none, any number or none, exactly one, or at least one."""


class UsageError(Exception):
    """The command line is wrong. `str()` is one sentence: what is wrong, and an example that works.

    `corrections` say what was probably meant, each in place of what was typed, and `lines` are whole
    commands; `instead` are the commands that follow. `choose` is a command that lacks nothing but its job.
    """

    def __init__(
        self,
        text: str,
        *,
        corrections: Sequence[Mapping[str, str]] = (),
        lines: Sequence[str] = (),
        instead: Sequence[Invocation] = (),
        choose: Invocation | None = None,
    ) -> None:
        super().__init__(text)
        self.corrections = tuple(corrections)
        self.lines = tuple(lines)
        self.instead = tuple(instead)
        self.choose = choose


@dataclass(frozen=True, slots=True)
class Flag:
    """`--name` and its value.

    Kinds: switch (nothing), word (one token), list (comma separated), choice (one of `choices`),
    number (a whole number), duration (`90m`, `2h`, `3d`), time (a duration from now, or a time
    as `bot.util.wall_time` reads it), past (a duration before now, or a time; the verb reads it), text
    (one token or a quoted text).
    """

    name: str
    kind: FlagKind
    help: str
    choices: tuple[str, ...] = ()
    needs: str = ""
    """The name of a switch without which the flag is of no use."""
    rare: bool = False
    """Whether help shows it only in what is folded."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """What may follow a verb."""

    jobs: JobsTaken = "none"
    flags: tuple[Flag, ...] = ()
    filters: tuple[str, ...] = ()
    """Keys allowed in `key=value`; `label.x=y` where it holds `label`."""
    words: bool = False
    """Whether free words, which are not jobs, are accepted."""
    names: bool = False
    """Whether its one job may also be named by its display name, which can have several words."""
    all_by_default: bool = False
    """Whether it is about all jobs where none is named, so that `all` may stand there as well."""
    examples: tuple[str, ...] = ()
    """Lines of the verb that work, without `/dms`; those about one job name `orders-db`."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command, from a typed line or from a button."""

    verb: str
    jobs: tuple[str, ...] = ()
    """As typed: an id, `location/id`, or the full resource name."""
    flags: Mapping[str, FlagValue] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def is_set(self, name: str) -> bool:
        """Whether the switch is given."""
        return self.flags.get(name) is True

    def word(self, name: str, default: str = "") -> str:
        """The value of a flag that takes one value."""
        value = self.flags.get(name, default)
        return value if isinstance(value, str) else default

    def items(self, name: str) -> tuple[str, ...]:
        """The values of a flag that takes a list."""
        value = self.flags.get(name, ())
        return value if isinstance(value, tuple) else ()

    def to_dict(self) -> dict[str, Any]:
        """For the store."""
        return {
            "verb": self.verb,
            "jobs": list(self.jobs),
            "flags": {k: list(v) if isinstance(v, tuple) else v for k, v in self.flags.items()},
            "filters": dict(self.filters),
            "words": list(self.words),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Invocation:
        """From the store."""
        flags = {k: tuple(v) if isinstance(v, list) else v for k, v in data.get("flags", {}).items()}
        return cls(
            verb=data["verb"],
            jobs=tuple(data.get("jobs", ())),
            flags=flags,
            filters=dict(data.get("filters", {})),
            words=tuple(data.get("words", ())),
        )
