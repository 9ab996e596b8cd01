"""The parts of a rule about an action. `bot.dms.rule_table` has the rules, `bot.dms.rules` applies them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.dms.engines import Engines


class Action(StrEnum):
    """The actions on a job; the value is the verb that people type."""

    START = "start"
    STOP = "stop"
    RESUME = "resume"
    RESTART = "restart"
    PROMOTE = "promote"
    DEMOTE = "demote"
    VERIFY = "verify"
    EDIT = "edit"
    DELETE = "delete"
    CANCEL = "cancel"


class Way(StrEnum):
    """How an action is meant, where rules tell that apart; the value is what people read."""

    WHOLE = "the whole job"
    DATABASES = "some databases (`--databases`)"
    FAILED_ONLY = "its failed databases (`--failed-only`)"
    STOP_FIRST = "stopped first (`--stop-first`)"
    WITH_DESTINATION = "with its destination (`--with-destination`)"
    FAILBACK = "back to the source (`--failback`)"
    SELECTION = "its databases"
    PARALLELISM = "its dump parallelism"
    NAME = "its display name"
    DUMP_PATH = "its dump path"
    LABELS = "its labels"
    SOURCE_OBJECTS = "reading the source's list of databases again"


class RuleVerdict(StrEnum):
    """What becomes of an action, from the mildest to the strictest."""

    OFFERED = "offered"
    """A source lists it: buttons offer it, and it is sent."""
    WARNED = "warned"
    """The sources differ or are silent: nothing offers it; typed, it is sent after a warning, and the service
    decides."""
    REFUSED = "refused"
    """A source says that it cannot work, so it is not sent."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact about DMS is written."""

    page: str
    """The title of a page of its documentation, or what of its API has the words: a method, such as
    `migrationJobs.stop`, or a value."""
    guides: str = ""
    """The guides whose edition of the page says it, for example `MySQL`; empty for the API."""
    says: str = ""
    """What it says, as briefly as possible."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a rule looks at in a job."""

    engines: Engines
    type: str
    state: str
    phase: str
    errors: bool = False
    """Whether it has the errors that a restart is for: for the whole job, any; for its failed databases,
    failed ones; for some databases, that each of them has failed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table. What is None fits everything, also values that the bot does not know."""

    verdict: RuleVerdict
    actions: tuple[str, ...]
    """Values of `Action`."""
    sources: tuple[Source, ...]
    reason: str = ""
    """For people: why it is refused, as a sentence, or warned of, to follow a colon.

    A refusal may have fields: `{job}` its ID, `{where}` state and phase, `{state}`, `{stopped}` where it was
    stopped, `{healthy}` databases that have not failed, `{none_failed}` that no database has failed, if that
    is known. A warning has none, because one stands for all jobs of a request.
    """
    states: frozenset[str] | None = None
    phases: frozenset[str] | None = None
    engines: frozenset[Engines] | None = None
    types: frozenset[str] | None = None
    errors: bool | None = None
    ways: frozenset[Way] | None = None

    def fits(self, action: str, way: Way, now: Situation) -> bool:
        """Whether this row is about the action, meant in this way, on such a job."""
        return (
            action in self.actions
            and (self.ways is None or way in self.ways)
            and (self.states is None or now.state in self.states)
            and (self.phases is None or now.phase in self.phases)
            and (self.engines is None or now.engines in self.engines)
            and (self.types is None or now.type in self.types)
            and (self.errors is None or now.errors is self.errors)
        )
