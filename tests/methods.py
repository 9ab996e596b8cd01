"""Which method of the service each verb calls: the one list for all tests.

Source: https://cloud.google.com/database-migration/docs/reference/rpc/google.cloud.clouddms.v1
"""

from __future__ import annotations

METHODS = {
    "start": "StartMigrationJob",
    "stop": "StopMigrationJob",
    "resume": "ResumeMigrationJob",
    "restart": "RestartMigrationJob",
    "promote": "PromoteMigrationJob",
    "demote": "DemoteDestination",
    "verify": "VerifyMigrationJob",
    "delete": "DeleteMigrationJob",
    "cancel": "CancelOperation",
    "edit": "UpdateMigrationJob",
}
PATCH = "PatchMigrationJob"
"""What the local DMS calls an update that comes over REST."""
CHANGING = frozenset(METHODS.values()) | {PATCH, "CreateMigrationJob", "DeleteConnectionProfile"}
"""Every call that changes something."""


def methods_of(verb: str) -> frozenset[str]:
    """The names under which the local DMS keeps the calls of a verb."""
    return frozenset({METHODS[verb], PATCH} if verb == "edit" else {METHODS[verb]})
