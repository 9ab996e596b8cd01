"""Jobs, databases, destinations and operations of the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.dms.enums import PHASES, STATES, JobPb


@dataclass
class Database:
    """One database of a source, as a MigrationJobObject of REST shows it. Times are scaled seconds."""

    name: str
    state: str = "NOT_STARTED"
    phase: str = "PHASE_UNSPECIFIED"
    error: Any = None  # google.rpc.Status
    dump_seconds: float = 600.0
    dump_from: float | None = None
    dump_until: float | None = None
    created: float = 0.0
    updated: float = 0.0
    final_log: bool = False  # its last log file, `….trn.final`, is in the bucket
    pinned: bool = False  # given a state of its own, which the job's does not override

    @property
    def selected(self) -> bool:
        return self.state not in ("NOT_SELECTED", "REMOVING")

    def put(self, state: str, phase: str, at: float, error: Any = None) -> None:
        self.state, self.phase, self.error, self.updated = state, phase, error, at


@dataclass(frozen=True)
class Spell:
    """The job was in this state and phase from `since` (scaled) on."""

    since: float
    state: str
    phase: str


@dataclass(frozen=True)
class LagPin:
    """From `since` (scaled) on, the delay has these values; None lets it change by itself."""

    since: float
    seconds: int | None
    bytes: int | None


@dataclass(frozen=True)
class MetricStep:
    """From `since` (scaled) on, a series has this value; None lets it change by itself."""

    since: float
    value: float | None
    change: float = 0.0
    """Of a DELTA metric: what came to its total."""


@dataclass(frozen=True)
class GivenPoint:
    """A sample that a test has set, at a wall-clock time."""

    wall: float
    value: float
    series: str = ""
    """`database`, `database.schema.table` …; empty: of every series."""


@dataclass
class Destination:
    """A destination cluster or instance; it records what was wiped, promoted or removed."""

    name: str
    engine: str
    provider: str
    exists: bool = True
    existing: bool = False  # it was there before the job
    demoted: bool = False
    role: str = "REPLICA"
    databases: dict[str, str] = field(default_factory=dict)
    wiped: list[str] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)  # what its own API shows otherwise
    backups: list[dict[str, Any]] = field(default_factory=list)

    def load(self, database: str) -> None:
        self.databases[database] = "LOADING"
        self.loads[database] = self.loads.get(database, 0) + 1

    def wipe(self, database: str) -> None:
        if self.databases.pop(database, None) is not None:
            self.wiped.append(database)


@dataclass
class Profile:
    """A connection profile: the part gRPC knows, and the fields only REST has."""

    pb: Any
    rest_only: dict[str, Any] = field(default_factory=dict)
    databases: list[str] = field(default_factory=list)  # what the source contains, in order
    destination: str = ""  # key of the registry, for destination profiles

    @property
    def name(self) -> str:
        return str(self.pb.name)


@dataclass
class Operation:
    """A long-running operation. `due` is scaled; `finish` and `revert` are the effects of its end."""

    name: str
    verb: str
    target: str
    started: float
    due: float
    finish: Callable[[float], Any]
    revert: Callable[[float], None]
    planned_error: Any = None  # google.rpc.Status
    ended: float | None = None
    error: Any = None
    response: Any = None  # a job, a profile, or None for google.protobuf.Empty
    cancel_requested: bool = False
    cancellable: bool = True
    status_message: str = ""

    @property
    def done(self) -> bool:
        return self.ended is not None


class Job:
    """A migration job. `pb` holds what gRPC knows; `rest_only` the REST fields it lacks (camelCase JSON)."""

    __slots__ = (
        "active",
        "cdc_backlog",
        "cdc_since",
        "created",
        "databases",
        "encoded",
        "ended",
        "frozen",
        "generation",
        "given_points",
        "history",
        "id",
        "known_source",
        "lag_pins",
        "location",
        "metrics",
        "parallel",
        "pb",
        "phase",
        "project",
        "rest_only",
        "running_error",
        "selection",
        "source_superuser",
        "source_writes",
        "source_writes_ended",
        "source_writes_pause",
        "started",
        "state",
        "to_dump",
        "updated",
    )

    def __init__(self, pb: Any, created: float) -> None:
        _, self.project, _, self.location, _, self.id = str(pb.name).split("/")
        self.pb = pb
        self.state = "DRAFT"
        self.phase = "PHASE_UNSPECIFIED"
        self.rest_only: dict[str, Any] = {}
        self.databases: dict[str, Database] = {}
        self.known_source: list[str] = []
        self.selection: tuple[str, frozenset[str]] = ("ALL_OBJECTS", frozenset())
        self.history: list[Spell] = []
        self.lag_pins: list[LagPin] = []
        self.given_points: dict[str, list[GivenPoint]] = {}  # by metric, in place of the service's own
        self.metrics: dict[str, dict[str, list[MetricStep]]] = {}  # by metric and series, set by hand
        self.created = created
        self.updated = created
        self.started: float | None = None
        self.ended: float | None = None
        self.cdc_since: float | None = None
        self.cdc_backlog = 0.0
        self.parallel = "OPTIMAL"
        self.frozen = False
        self.running_error: Any = None  # google.rpc.Status: the error of a job that runs with errors
        self.source_superuser = True  # whether the migration user has it on the source
        self.source_writes = True  # whether applications write to the source
        self.source_writes_ended: float | None = None  # scaled time at which people stopped them in CDC
        self.source_writes_pause: float | None = None  # scaled seconds until people stop them, once they must
        self.to_dump: list[Database] = []  # what the full dump loads once writes to the source have stopped
        self.generation = 0
        self.active: Operation | None = None
        self.encoded: bytes | None = None

    @property
    def name(self) -> str:
        return str(self.pb.name)

    @property
    def type(self) -> str:
        return "ONE_TIME" if self.pb.type_ == JobPb.Type.Value("ONE_TIME") else "CONTINUOUS"

    def put(self, state: str, phase: str, at: float) -> None:
        """Move to a state and phase at scaled time `at`."""
        self.state, self.phase = state, phase
        self.history.append(Spell(at, state, phase))
        self.pb.state = STATES[state]
        self.pb.phase = PHASES[phase]
        if state != "FAILED":
            self.show_running_error()
        self.touch(at)

    def show_running_error(self) -> None:
        """Show the error of a job that runs with errors, and none of a job in another state."""
        self.pb.ClearField("error")
        if self.running_error is not None and self.state in ("RUNNING", "UPDATING"):
            self.pb.error.CopyFrom(self.running_error)
        self.encoded = None

    def fail(self, error: Any, at: float) -> None:
        self.put("FAILED", self.phase, at)
        self.pb.error.CopyFrom(error)
        self.encoded = None

    def touch(self, at: float) -> None:
        self.updated = at
        self.encoded = None

    def selected(self) -> list[Database]:
        return [d for d in self.databases.values() if d.selected]

    def spell_at(self, scaled: float) -> Spell | None:
        """State and phase of the job at a scaled time; None before it existed."""
        return next((s for s in reversed(self.history) if s.since <= scaled), None)
