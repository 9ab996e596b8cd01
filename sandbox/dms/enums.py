"""States and phases by name and number (MigrationJob of google.cloud.clouddms.v1, and the REST discovery)."""

from __future__ import annotations

from typing import Any

from google.cloud import clouddms_v1

JobPb: Any = type(clouddms_v1.MigrationJob.pb(clouddms_v1.MigrationJob()))
ProfilePb: Any = type(clouddms_v1.ConnectionProfile.pb(clouddms_v1.ConnectionProfile()))


def _members(enum: Any) -> dict[str, int]:
    return {member.name: int(member) for member in enum}


STATES: dict[str, int] = dict(JobPb.State.items())
# REST names two phases that the generated enum lacks; over gRPC they are the next numbers.
PHASES: dict[str, int] = {**dict(JobPb.Phase.items()), "READY_FOR_PROMOTE": 6, "PHASE_FAILBACK": 7}
TYPES: dict[str, int] = dict(JobPb.Type.items())
LEVELS: dict[str, int] = dict(JobPb.PerformanceConfig.DumpParallelLevel.items())
# The generated enums also lack SQL Server and Azure, which REST and the console know.
ENGINES: dict[str, int] = {**_members(clouddms_v1.DatabaseEngine), "SQLSERVER": 3}
PROVIDERS: dict[str, int] = {**_members(clouddms_v1.DatabaseProvider), "AZURE_DATABASE": 5}

CHANGING = frozenset({"CREATING", "STARTING", "STOPPING", "RESUMING", "RESTARTING", "UPDATING", "DELETING"})

OBJECT_STATES = (
    "STATE_UNSPECIFIED",
    "NOT_STARTED",
    "RUNNING",
    "STOPPING",
    "STOPPED",
    "RESTARTING",
    "FAILED",
    "REMOVING",
    "NOT_SELECTED",
    "COMPLETED",
)
OBJECT_PHASES = (
    "PHASE_UNSPECIFIED",
    "FULL_DUMP",
    "CDC",
    "READY_FOR_PROMOTE",
    "PROMOTE_IN_PROGRESS",
    "PROMOTED",
    "DIFF_BACKUP",
    "CREATING_BACKUP",
    "RESTORING_BACKUP",
)


def checked(value: str, known: dict[str, int] | tuple[str, ...], what: str) -> str:
    """`value` if it is one of `known`. Raises ValueError."""
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}; known: {', '.join(known)}")
    return value
