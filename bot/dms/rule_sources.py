"""The sources that the rules name: pages of the DMS documentation, and the reference of its API.

The guides are those of the pairs in `bot.dms.engines`; "Oracle" and "SQL Server to PostgreSQL" each stand for
the guides to Cloud SQL and to AlloyDB.
"""

from __future__ import annotations

from bot.dms.rule import Source

_STATUSES = "Migration job statuses"
_MANAGE = "Manage migration jobs"
_PROMOTE = "Promote a migration"
_FINALIZE = "Finalize a migration"
_UPDATE = "gcloud database-migration migration-jobs update"
_RESTART = "gcloud database-migration migration-jobs restart"
ALL = "all guides"

STATUSES = Source(_STATUSES, ALL)
LISTS_DELETE_ALONE = Source(_STATUSES, ALL, "Starting, Restarting, Resuming and Stopping list Delete alone")
WAITS_FOR_WRITES = Source(_STATUSES, "MySQL", "the job waits for source writes to stop")
NOT_STARTED_LISTS_START = Source(_STATUSES, ALL, "Not started: Start. Delete")
RUNNING_LISTS_STOP = Source(
    _STATUSES, "PostgreSQL, AlloyDB, MySQL, Oracle", "Running, in each substatus: Stop"
)
RUNNING_LISTS_PROMOTE = Source(_STATUSES, "PostgreSQL, AlloyDB, MySQL, Oracle", "Running: Promote")
RUNNING_WITH_ERRORS = Source(
    _STATUSES,
    "PostgreSQL, AlloyDB, SQL Server, Oracle",
    "Running with errors, substatus CDC or incremental load: Stop. Restart. Promote",
)
NO_SUCH_STATUS = Source(_STATUSES, "MySQL", "has no status Running with errors")
RUNNING_LISTS_NO_RESTART = Source(_STATUSES, ALL, "Running lists no Restart")
FAILED_LISTS_RESTART = Source(_STATUSES, ALL, "Failed: Restart")
FAILED_LISTS_PROMOTE = Source(
    _STATUSES, "PostgreSQL, AlloyDB, MySQL, Oracle", "Failed: Restart. Delete. Promote"
)
STOPPED_LISTS_NO_RESTART = Source(_STATUSES, ALL, "Stopped in CDC lists no Restart")
STOPPED_LISTS_PROMOTE = Source(_STATUSES, ALL, "Stopped in CDC: Resume. Promote. Delete")
EVERY_STATUS_LISTS_DELETE = Source(_STATUSES, ALL, "every status lists Delete")

START_UNLESS_RUNNING = Source(_MANAGE, ALL, "jobs that are not in the Running or Starting state")
STOPPED_IN_DUMP = Source(_MANAGE, "MySQL, PostgreSQL, AlloyDB", "stopped in the full dump: Restart, Delete")
STOPPED_ANYWHERE = Source(_MANAGE, "SQL Server", "a stopped job: Resume, Delete, Promote")
SOME_NAMED = Source(_MANAGE, "PostgreSQL", "restart and promote of selected databases")
FAILED_NAMED = Source(_MANAGE, "AlloyDB", "restarting failed databases and viewing, no promotion of some")
EDIT_ANYTIME = Source(_MANAGE, "PostgreSQL, AlloyDB", "databases in any migration state or phase")
EDIT_AT_REST = Source(_MANAGE, "MySQL", "databases in Not started, Stopped or Failed")
EDIT_OTHERWISE = Source(_MANAGE, "SQL Server, Oracle, SQL Server to PostgreSQL", "no edit of databases")
PARALLELISM_RUNNING = Source(
    _MANAGE, "PostgreSQL, AlloyDB", "dump parallelism of a running job: save and restart"
)
RECORD_ALONE = Source(_MANAGE, "MySQL, PostgreSQL, SQL Server", "Completed: the record alone is deleted")

NO_WAY_BACK = Source(_PROMOTE, "PostgreSQL, AlloyDB, MySQL", "neither stopped nor undone")
AFTER_THE_DUMP = Source(_PROMOTE, "PostgreSQL, AlloyDB, MySQL", "once the full dump is done, in CDC")
ONE_TIME = Source(_PROMOTE, "PostgreSQL, MySQL", "one-time migrations need no promotion")
STANDALONE = Source(_PROMOTE, "PostgreSQL, AlloyDB, MySQL", "the destination becomes a standalone primary")
PROMOTE_SOME = Source(_PROMOTE, "PostgreSQL, MySQL", "promote selected databases")
FINALIZE_SOME = Source(_FINALIZE, "SQL Server", "promote selected databases")
FINALIZE_READY = Source(_FINALIZE, "SQL Server", "Ready to promote")
FINALIZE_WHOLE = Source(_FINALIZE, "Oracle, SQL Server to PostgreSQL", "the whole job alone")

EXISTING = Source(
    "Create a migration job to an existing destination",
    "PostgreSQL, AlloyDB, MySQL",
    "an existing destination is demoted before the job starts",
)

DELETED = Source("MigrationJob.state", says="DELETED: the job has been deleted")
DELETING = Source("MigrationJob.state", says="DELETING: the job is being deleted")
FAILBACK_PHASE = Source("MigrationJob.phase", says="PHASE_FAILBACK: SQL Server availability groups alone")
RUNNING_CODE = Source("MigrationJobVerificationError.errorCode", says="CANT_RESTART_RUNNING_MIGRATION")
START = Source("migrationJobs.start", says="an already created job")
STOP = Source("migrationJobs.stop", says="a running job")
RESUME = Source("migrationJobs.resume", says="currently stopped, and was stopped during the CDC phase")
RESTART = Source("migrationJobs.restart", says="a stopped or failed job")
RESTART_FAILED = Source("migrationJobs.restart", says="`restartFailedObjects`: only failed objects")
RESTART_SOME = Source("migrationJobs.restart", says="`objectsFilter`")
PROMOTE = Source("migrationJobs.promote", says="names no state")
PROMOTE_SOME_API = Source("migrationJobs.promote", says="`objectsFilter`")
FAILBACK = Source("migrationJobs.promote", says="`failback`: only supported in the FAILBACK phase")
VERIFY = Source("migrationJobs.verify", says="names no state")
DELETE = Source("migrationJobs.delete", says="names no state")
FORCE = Source("migrationJobs.delete", says="`force`: the destination CloudSQL replica is also deleted")
DEMOTE = Source("migrationJobs.demoteDestination", says="for these three pairs")
FETCH = Source("migrationJobs.fetchSourceObjects", says="from PostgreSQL to Cloud SQL or AlloyDB")
CANCEL = Source("operations.cancel", says="best effort; success is not guaranteed")
PATCH = Source("migrationJobs.patch", says="names no state")

UPDATE_DRAFT = Source(_UPDATE, says="everything of a draft")
UPDATE_NAME = Source(_UPDATE, says="display name and dump path of a job that is no draft")
UPDATE_DATABASES = Source(_UPDATE, says="databases and dump parallelism, of no engine in particular")
RESTART_DATABASES = Source(_RESTART, says="`--databases-filter`, named for SQL Server alone")
RESTART_FAILED_ONLY = Source(_RESTART, says="`--restart-failed-objects`")
