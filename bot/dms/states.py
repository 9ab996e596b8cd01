"""States, phases and other named values of DMS's API.

Strings, because the service adds values before clients know them: an unknown value is shown, and never raises
an error.

Sources: proto `google.cloud.clouddms.v1.MigrationJob` and the REST schemas `MigrationJob` and
`MigrationJobObject` of `datamigration.v1`.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """`MigrationJob.State`."""

    UNSPECIFIED = "STATE_UNSPECIFIED"
    MAINTENANCE = "MAINTENANCE"
    DRAFT = "DRAFT"
    CREATING = "CREATING"
    NOT_STARTED = "NOT_STARTED"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"
    DELETING = "DELETING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    DELETED = "DELETED"
    UPDATING = "UPDATING"
    STARTING = "STARTING"
    RESTARTING = "RESTARTING"
    RESUMING = "RESUMING"


CHANGING = frozenset(
    {
        State.CREATING,
        State.STARTING,
        State.STOPPING,
        State.RESUMING,
        State.RESTARTING,
        State.UPDATING,
        State.DELETING,
    }
)


class Phase(StrEnum):
    """`MigrationJob.Phase`; the last two exist only in the REST API."""

    UNSPECIFIED = "PHASE_UNSPECIFIED"
    FULL_DUMP = "FULL_DUMP"
    CDC = "CDC"
    PROMOTE_IN_PROGRESS = "PROMOTE_IN_PROGRESS"
    WAITING_FOR_SOURCE_WRITES_TO_STOP = "WAITING_FOR_SOURCE_WRITES_TO_STOP"
    PREPARING_THE_DUMP = "PREPARING_THE_DUMP"
    READY_FOR_PROMOTE = "READY_FOR_PROMOTE"
    PHASE_FAILBACK = "PHASE_FAILBACK"


BEFORE_THE_DUMP = frozenset({Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP, Phase.PREPARING_THE_DUMP})
"""For MySQL on RDS or Aurora, or without SUPERUSER, DMS waits before the full dump until people have stopped
writes to the source, and then prepares the dump. Sources: proto `MigrationJob.Phase` ("Only RDS flow", "the
sources writes stopped, waiting for dump to begin"); "Migration job statuses" (MySQL), status Running."""
BEFORE_CDC = BEFORE_THE_DUMP | {Phase.FULL_DUMP}


class ObjectState(StrEnum):
    """`MigrationJobObject.state` (REST)."""

    NOT_STARTED = "NOT_STARTED"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    RESTARTING = "RESTARTING"
    FAILED = "FAILED"
    REMOVING = "REMOVING"
    NOT_SELECTED = "NOT_SELECTED"
    COMPLETED = "COMPLETED"


class ObjectPhase(StrEnum):
    """`MigrationJobObject.phase` (REST)."""

    FULL_DUMP = "FULL_DUMP"
    CDC = "CDC"
    READY_FOR_PROMOTE = "READY_FOR_PROMOTE"
    PROMOTE_IN_PROGRESS = "PROMOTE_IN_PROGRESS"
    PROMOTED = "PROMOTED"
    DIFF_BACKUP = "DIFF_BACKUP"
    CREATING_BACKUP = "CREATING_BACKUP"
    RESTORING_BACKUP = "RESTORING_BACKUP"


BEGINNING = frozenset({ObjectState.NOT_STARTED, ObjectState.RESTARTING})
"""States of an object that has not begun, or begins anew. Source: REST schema `MigrationJobObject`."""
LOADING = frozenset(
    {
        ObjectPhase.FULL_DUMP,
        ObjectPhase.DIFF_BACKUP,
        ObjectPhase.CREATING_BACKUP,
        ObjectPhase.RESTORING_BACKUP,
    }
)
"""Phases of an object whose first load goes on. Source: REST schema `MigrationJobObject`."""


class JobType(StrEnum):
    """`MigrationJob.Type`. A ONE_TIME job ends after its full dump and is never promoted."""

    ONE_TIME = "ONE_TIME"
    CONTINUOUS = "CONTINUOUS"


class Selection(StrEnum):
    """`SourceObjectsConfig.objectsSelectionType` (REST)."""

    ALL = "ALL_OBJECTS"
    SPECIFIED = "SPECIFIED_OBJECTS"


PARALLELISM = ("MIN", "OPTIMAL", "MAX")
"""`MigrationJob.PerformanceConfig.DumpParallelLevel`, from slowest to fastest."""
