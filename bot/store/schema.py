"""The tables, as numbered migrations. A published migration is never edited: add the next one.

Each is literal and uses no names of records, which may change later. Tests pin the digest of its SQL, and
upgrade databases of earlier versions.

Times are UTC text of fixed width. `{serial}` is an automatically numbered key, `{integer}` a 64-bit integer.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.store.port import OldTables, StoreError


@dataclass(frozen=True, slots=True)
class Migration:
    """A step from one version of the schema to the next."""

    number: int
    title: str
    both: tuple[str, ...]
    """Statements for both databases; they run first."""
    sqlite: tuple[str, ...] = ()
    postgres: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.number:04d} {self.title}"

    def statements(self, dialect: str) -> tuple[str, ...]:
        """The statements for `sqlite` or `postgres`."""
        words = _WORDS[dialect]
        common = tuple(each.format(**words) for each in self.both)
        return common + (self.sqlite if dialect == "sqlite" else self.postgres)


_WORDS = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY AUTOINCREMENT", "integer": "INTEGER"},
    "postgres": {"serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "integer": "BIGINT"},
}

_TABLES = (
    """CREATE TABLE refs (
        id TEXT PRIMARY KEY, team TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
        digest TEXT NOT NULL UNIQUE, used TEXT NOT NULL)""",
    "CREATE INDEX refs_used ON refs (used)",
    "CREATE TABLE deliveries (id TEXT PRIMARY KEY, at TEXT NOT NULL)",
    "CREATE INDEX deliveries_at ON deliveries (at)",
    """CREATE TABLE requests (
        seq {serial}, id TEXT NOT NULL UNIQUE, action TEXT NOT NULL, options TEXT NOT NULL,
        jobs TEXT NOT NULL, databases TEXT NOT NULL, "by" TEXT NOT NULL, requester TEXT NOT NULL,
        warning TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL,
        needed {integer} NOT NULL, rule TEXT NOT NULL, ended_by TEXT NOT NULL, note TEXT NOT NULL, ended TEXT,
        reminded {integer} NOT NULL, parent TEXT NOT NULL, typed {integer} NOT NULL,
        self_approval {integer} NOT NULL, facts TEXT NOT NULL)""",
    "CREATE INDEX requests_state ON requests (state, seq)",
    "CREATE INDEX requests_requester ON requests (requester, seq)",
    "CREATE TABLE request_jobs (job TEXT NOT NULL, request TEXT NOT NULL, PRIMARY KEY (job, request))",
    "CREATE INDEX request_jobs_request ON request_jobs (request)",
    """CREATE TABLE decisions (
        seq {serial}, request TEXT NOT NULL, "user" TEXT NOT NULL, approve {integer} NOT NULL,
        reason TEXT NOT NULL, at TEXT NOT NULL, UNIQUE (request, "user"))""",
    """CREATE TABLE runs (
        seq {serial}, id TEXT NOT NULL UNIQUE, request TEXT NOT NULL, job TEXT NOT NULL,
        action TEXT NOT NULL, state TEXT NOT NULL, call_id TEXT NOT NULL, owner TEXT NOT NULL,
        operation TEXT NOT NULL, created TEXT, called TEXT, ended TEXT, note TEXT NOT NULL,
        "by" TEXT NOT NULL)""",
    "CREATE UNIQUE INDEX runs_lock ON runs (job) WHERE state IN ('queued', 'calling', 'following')",
    "CREATE INDEX runs_request ON runs (request, seq)",
    "CREATE INDEX runs_job ON runs (job, seq)",
    "CREATE INDEX runs_state ON runs (state, seq)",
    """CREATE TABLE freezes (
        seq {serial}, id TEXT NOT NULL UNIQUE, job TEXT NOT NULL, until TEXT NOT NULL,
        reason TEXT NOT NULL, "by" TEXT NOT NULL, created TEXT NOT NULL, lifted TEXT,
        lifted_by TEXT NOT NULL)""",
    "CREATE INDEX freezes_open ON freezes (until) WHERE lifted IS NULL",
    """CREATE TABLE known_jobs (
        name TEXT PRIMARY KEY, job TEXT NOT NULL, seen TEXT NOT NULL, changed TEXT NOT NULL,
        databases TEXT NOT NULL, flags TEXT NOT NULL, run {integer} NOT NULL)""",
    """CREATE TABLE events (
        id {serial}, job TEXT NOT NULL, create_time TEXT NOT NULL, at TEXT NOT NULL,
        kind TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, detail TEXT NOT NULL,
        "by" TEXT NOT NULL)""",
    "CREATE INDEX events_job ON events (job, id)",
    "CREATE INDEX events_at ON events (at)",
    """CREATE TABLE outbox (
        id {serial}, key TEXT NOT NULL UNIQUE, channel TEXT NOT NULL, kind TEXT NOT NULL,
        subject TEXT NOT NULL, "order" TEXT NOT NULL, thread_of TEXT NOT NULL,
        response_url TEXT NOT NULL, rev {integer} NOT NULL, sent_rev {integer} NOT NULL,
        ts TEXT NOT NULL, attempts {integer} NOT NULL, not_before TEXT, error TEXT NOT NULL,
        created TEXT NOT NULL)""",
    "CREATE INDEX outbox_pending ON outbox (id) WHERE error = '' AND sent_rev < rev",
    """CREATE INDEX outbox_pending_order ON outbox ("order", id) WHERE error = '' AND sent_rev < rev""",
    "CREATE INDEX outbox_pending_thread ON outbox (thread_of) WHERE error = '' AND sent_rev < rev",
    "CREATE INDEX outbox_created ON outbox (created)",
    """CREATE TABLE watches (
        seq {serial}, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, "by" TEXT NOT NULL,
        jobs TEXT NOT NULL, "only" TEXT NOT NULL, created TEXT)""",
    "CREATE INDEX watches_target ON watches (target)",
    "CREATE TABLE small_values (id TEXT PRIMARY KEY, content TEXT NOT NULL)",
)

_AUDIT = (
    """CREATE TABLE audit (
        seq {integer} PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, "user" TEXT NOT NULL,
        team TEXT NOT NULL, channel TEXT NOT NULL, action TEXT NOT NULL, job TEXT NOT NULL,
        job_create_time TEXT NOT NULL, job_status TEXT NOT NULL, request TEXT NOT NULL,
        run TEXT NOT NULL, operation TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL,
        hash TEXT NOT NULL)""",
    "CREATE INDEX audit_job ON audit (job, seq)",
    'CREATE INDEX audit_user ON audit ("user", seq)',
    "CREATE INDEX audit_request ON audit (request, seq)",
    "CREATE INDEX audit_at ON audit (at)",
    """CREATE TABLE audit_head (
        one {integer} PRIMARY KEY CHECK (one = 1), length {integer} NOT NULL, hash TEXT NOT NULL)""",
    "INSERT INTO audit_head (one, length, hash) VALUES (1, 0, '')",
)


def _refuse_sqlite(when: str, table: str, condition: str = "") -> str:
    return f"""CREATE TRIGGER {table}_no_{when.lower()} BEFORE {when} ON {table} {condition}
        BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"""


def _refuse_postgres(when: str, table: str, condition: str = "") -> str:
    each = "STATEMENT" if when == "TRUNCATE" else "ROW"
    return f"""CREATE TRIGGER {table}_no_{when.lower()} BEFORE {when} ON {table}
        FOR EACH {each} {condition} EXECUTE FUNCTION audit_is_append_only()"""


_HEAD_MOVES_ON = "WHEN (NEW.length <> OLD.length + 1)"

_AUDIT_SQLITE = (
    _refuse_sqlite("UPDATE", "audit"),
    _refuse_sqlite("DELETE", "audit"),
    # `INSERT OR REPLACE` deletes the old row without firing the trigger above.
    _refuse_sqlite("INSERT", "audit", "WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)"),
    _refuse_sqlite("UPDATE", "audit_head", _HEAD_MOVES_ON),
    _refuse_sqlite("DELETE", "audit_head"),
)

_AUDIT_POSTGRES = (
    """CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$""",
    _refuse_postgres("UPDATE", "audit"),
    _refuse_postgres("DELETE", "audit"),
    _refuse_postgres("TRUNCATE", "audit"),
    _refuse_postgres("UPDATE", "audit_head", _HEAD_MOVES_ON),
    _refuse_postgres("DELETE", "audit_head"),
    _refuse_postgres("TRUNCATE", "audit_head"),
)

MIGRATIONS = (
    Migration(1, "first tables", _TABLES + _AUDIT, _AUDIT_SQLITE, _AUDIT_POSTGRES),
    Migration(2, "hopeless runs", ("ALTER TABLE runs ADD COLUMN hopeless {integer} NOT NULL DEFAULT 0",)),
    Migration(
        3,
        "decision channels and stopped jobs",
        (
            "ALTER TABLE decisions ADD COLUMN channel TEXT",
            "ALTER TABLE runs ADD COLUMN stopped_job {integer}",
        ),
    ),
    Migration(
        4,
        "a lock of its own for cancels",
        (
            "DROP INDEX runs_lock",
            """CREATE UNIQUE INDEX runs_lock ON runs (job, (action = 'cancel'))
            WHERE state IN ('queued', 'calling', 'following')""",
        ),
    ),
    Migration(
        5,
        "webhooks",
        (
            """CREATE TABLE webhook_deliveries (
            id {serial}, webhook TEXT NOT NULL, format TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
            created TEXT NOT NULL, alert TEXT NOT NULL, action TEXT NOT NULL, attempts {integer} NOT NULL,
            not_before TEXT, failing_since TEXT, outcome TEXT NOT NULL)""",
            "CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, id) WHERE outcome = ''",
            "CREATE INDEX webhook_deliveries_alert ON webhook_deliveries (webhook, alert, id) "
            "WHERE alert <> ''",
            "CREATE INDEX webhook_deliveries_created ON webhook_deliveries (created)",
        ),
    ),
    Migration(
        6,
        "escalations",
        (
            """CREATE TABLE escalations (
            seq {serial}, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, channel TEXT NOT NULL,
            "group" TEXT NOT NULL, message TEXT NOT NULL, events TEXT NOT NULL, repeat_s {integer} NOT NULL,
            started TEXT NOT NULL, next_at TEXT, repeats {integer} NOT NULL, ended TEXT,
            acknowledged_by TEXT NOT NULL)""",
            "CREATE INDEX escalations_message ON escalations (message)",
            "CREATE INDEX escalations_open ON escalations (seq) WHERE ended IS NULL",
        ),
    ),
    Migration(
        7,
        "cutovers",
        (
            """CREATE TABLE cutovers (
            id TEXT PRIMARY KEY, team TEXT NOT NULL, "by" TEXT NOT NULL, state TEXT NOT NULL,
            plan TEXT NOT NULL, created TEXT NOT NULL, since TEXT NOT NULL, request TEXT NOT NULL,
            rehearsal {integer} NOT NULL, rehearsed TEXT, progress TEXT NOT NULL, ended TEXT,
            rev {integer} NOT NULL)""",
            "CREATE INDEX cutovers_state ON cutovers (state, created)",
            "CREATE INDEX cutovers_request ON cutovers (request)",
            """CREATE TABLE cutover_jobs (
            job TEXT NOT NULL, cutover TEXT NOT NULL, PRIMARY KEY (job, cutover))""",
            """CREATE TABLE cutover_log (
            id {serial}, cutover TEXT NOT NULL, at TEXT NOT NULL, event TEXT NOT NULL,
            "user" TEXT NOT NULL, job TEXT NOT NULL, text TEXT NOT NULL)""",
            "CREATE INDEX cutover_log_cutover ON cutover_log (cutover, id)",
        ),
    ),
    Migration(
        8,
        "IDs of known jobs",
        (),
        sqlite=(
            """ALTER TABLE known_jobs ADD COLUMN job_id TEXT
            GENERATED ALWAYS AS (substr(name, instr(name, '/migrationJobs/') + 15)) VIRTUAL""",
            "CREATE INDEX known_jobs_job_id ON known_jobs (job_id)",
        ),
        postgres=(
            """ALTER TABLE known_jobs ADD COLUMN job_id TEXT
            GENERATED ALWAYS AS (split_part(name, '/migrationJobs/', 2)) STORED""",
            "CREATE INDEX known_jobs_job_id ON known_jobs (job_id)",
        ),
    ),
)


def pending(
    applied: list[str], migrations: tuple[Migration, ...], where: str, *, upgrade: bool = True
) -> tuple[Migration, ...]:
    """The migrations that have not been applied, in order.

    Raises:
        StoreError: the database has one that this version does not know.
        OldTables: with `upgrade=False`, it has some and lacks others.
    """
    known = {each.name for each in migrations}
    unknown = sorted(set(applied) - known)
    if unknown:
        raise StoreError(
            f"{where} was made by a newer version (it has “{unknown[-1]}”): "
            "run that version, or restore a copy from before the upgrade."
        )
    waiting = tuple(each for each in migrations if each.name not in applied)
    if applied and waiting and not upgrade:
        raise OldTables(f"{where} has the tables of an older version.")
    return waiting
