"""What the DMS documentation says of each action, written down a second time and held against the rules.

Guides: A PostgreSQL to AlloyDB, P PostgreSQL, M MySQL, S SQL Server, O Oracle to PostgreSQL, OA Oracle to
AlloyDB, SP SQL Server to PostgreSQL, SA SQL Server to AlloyDB. "?": no guide is known to be that of the job.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pytest

from bot.dms.engines import Engines, engines_of
from bot.dms.model import Database, Endpoint, Fault, FieldChange, Job, ObjectId, ObjectsConfig, Options
from bot.dms.rule import Rule, RuleVerdict, Situation, Source, Way
from bot.dms.rule_table import TABLE, find
from bot.dms.rules import (
    BULK,
    DESTRUCTIVE,
    Action,
    affected,
    allowed,
    caution,
    check,
    is_unlisted,
    no_source_list,
    offers_some_to_promote,
    running_dump,
    runs_with_errors,
    unpromotable,
)
from tests.dms import discovery
from tests.jobs import a_job

ENDS = {
    "A": ("POSTGRESQL", "POSTGRESQL", "ALLOYDB"),
    "P": ("POSTGRESQL", "POSTGRESQL", "CLOUDSQL"),
    "M": ("MYSQL", "MYSQL", "CLOUDSQL"),
    "S": ("SQLSERVER", "SQLSERVER", "CLOUDSQL"),
    "O": ("ORACLE", "POSTGRESQL", "CLOUDSQL"),
    "OA": ("ORACLE", "POSTGRESQL", "ALLOYDB"),
    "SP": ("SQLSERVER", "POSTGRESQL", "CLOUDSQL"),
    "SA": ("SQLSERVER", "POSTGRESQL", "ALLOYDB"),
    "?": ("", "", ""),
}
"""Engine of the source; engine and provider of the destination."""
EVERY_GUIDE = "A P M S O OA SP SA"
STATES = (
    "STATE_UNSPECIFIED",
    "MAINTENANCE",
    "DRAFT",
    "CREATING",
    "NOT_STARTED",
    "RUNNING",
    "FAILED",
    "COMPLETED",
    "DELETING",
    "STOPPING",
    "STOPPED",
    "DELETED",
    "UPDATING",
    "STARTING",
    "RESTARTING",
    "RESUMING",
    "STATE_99",
)
PHASES = (
    "PHASE_UNSPECIFIED",
    "FULL_DUMP",
    "CDC",
    "PROMOTE_IN_PROGRESS",
    "WAITING_FOR_SOURCE_WRITES_TO_STOP",
    "PREPARING_THE_DUMP",
    "READY_FOR_PROMOTE",
    "PHASE_FAILBACK",
    "PHASE_99",
)
TYPES = ("ONE_TIME", "CONTINUOUS")
DUMP = "WAITING_FOR_SOURCE_WRITES_TO_STOP PREPARING_THE_DUMP FULL_DUMP"
PASSING = "STARTING RESTARTING RESUMING STOPPING"
WAYS = {
    "start": ("start", Way.WHOLE),
    "stop": ("stop", Way.WHOLE),
    "resume": ("resume", Way.WHOLE),
    "restart": ("restart", Way.WHOLE),
    "restart --databases": ("restart", Way.DATABASES),
    "restart --failed-only": ("restart", Way.FAILED_ONLY),
    "restart --stop-first": ("restart", Way.STOP_FIRST),
    "promote": ("promote", Way.WHOLE),
    "promote --failback": ("promote", Way.FAILBACK),
    "some promoted": ("promote", Way.DATABASES),
    "verify": ("verify", Way.WHOLE),
    "edit": ("edit", Way.SELECTION),
    "edit --parallel": ("edit", Way.PARALLELISM),
    "edit name": ("edit", Way.NAME),
    "edit dump path": ("edit", Way.DUMP_PATH),
    "edit labels": ("edit", Way.LABELS),
    "fetch": ("edit", Way.SOURCE_OBJECTS),
    "delete": ("delete", Way.WHOLE),
    "delete --with-destination": ("delete", Way.WITH_DESTINATION),
    "demote": ("demote", Way.WHOLE),
    "cancel": ("cancel", Way.WHOLE),
}
"""By the name in the tables below. "some promoted" and "delete --with-destination" are what those options
add: promote and delete themselves count as well."""
ANY = "*"
Said = tuple[str, str, str, str, str, str]
"""Actions, guides, states, phases, types, and whether the job has errors that the restart is for."""

LISTED: tuple[Said, ...] = (
    # "Migration job statuses" of every guide, status Not started.
    ("start", ANY, "NOT_STARTED", ANY, ANY, ANY),
    # REST `migrationJobs.stop`: "Stops a running migration job"; "Migration job statuses": Running: Stop.
    ("stop", ANY, "RUNNING", ANY, ANY, ANY),
    # REST `migrationJobs.resume`: "was stopped during CDC phase"; "Manage migration jobs" (SQL Server):
    # stopped during the incremental load, of which ready to promote is the end.
    ("resume", ANY, "STOPPED", "CDC READY_FOR_PROMOTE", ANY, ANY),
    # "Migration job statuses", status Failed; REST `migrationJobs.restart`: "a stopped or failed migration
    # job"; "Manage migration jobs" (MySQL): stopped in the full dump. REST
    # `PromoteMigrationJobRequest.failback`: "from destination back to source", so in that phase the
    # destination is the primary database, of which these pages do not speak.
    ("restart|restart --stop-first", ANY, "FAILED", "not PHASE_FAILBACK", ANY, ANY),
    ("restart|restart --stop-first", ANY, "STOPPED", DUMP, ANY, ANY),
    ("restart --failed-only", ANY, "FAILED", "not PHASE_FAILBACK", ANY, "yes"),
    ("restart --failed-only", ANY, "STOPPED", DUMP, ANY, "yes"),
    # A stop of a running full dump, and then that.
    ("restart --stop-first", ANY, "RUNNING", "FULL_DUMP", ANY, ANY),
    # "Migration job statuses", status Running with errors, substatus CDC or incremental load. The guides to
    # PostgreSQL from other engines repeat that of Oracle.
    ("restart", "A P S O OA SP SA", "RUNNING", "CDC", ANY, "yes"),
    # "Manage migration jobs" (AlloyDB): "restarting failed databases"; REST `restartFailedObjects`.
    (
        "restart --failed-only",
        ANY,
        "RUNNING",
        f"{DUMP} CDC READY_FOR_PROMOTE PHASE_UNSPECIFIED PHASE_99",
        ANY,
        "yes",
    ),
    # "Manage migration jobs" (PostgreSQL): selected databases; gcloud `restart --databases-filter` (SQL
    # Server).
    ("restart --databases", "P S", "FAILED", "not PHASE_FAILBACK", ANY, ANY),
    ("restart --databases", "P S", "STOPPED", DUMP, ANY, ANY),
    ("restart --databases", "A", "FAILED", "not PHASE_FAILBACK", ANY, "yes"),
    ("restart --databases", "A", "STOPPED", DUMP, ANY, "yes"),
    (
        "restart --databases",
        "A P S",
        "RUNNING",
        f"{DUMP} CDC READY_FOR_PROMOTE PHASE_UNSPECIFIED PHASE_99",
        ANY,
        "yes",
    ),
    # "Migration job statuses": Running, Running with errors and Stopped list Promote in CDC; "Finalize a
    # migration" (SQL Server): ready to promote.
    ("promote", ANY, "RUNNING", "CDC READY_FOR_PROMOTE", "CONTINUOUS", ANY),
    ("promote", ANY, "STOPPED", "CDC", "CONTINUOUS", ANY),
    # "Manage migration jobs" (SQL Server): "resume, delete, or promote a stopped migration job".
    ("promote", "S", "STOPPED", "READY_FOR_PROMOTE", "CONTINUOUS", ANY),
    # "Migration job statuses" (AlloyDB, PostgreSQL, MySQL): Failed: "Restart. Delete. Promote"; (Oracle): in
    # incremental load.
    ("promote", "A P M O", "FAILED", "CDC", "CONTINUOUS", ANY),
    # REST `PromoteMigrationJobRequest.failback`; `MigrationJob.phase`: PHASE_FAILBACK is of SQL Server alone.
    ("promote --failback", "S", "RUNNING", "PHASE_FAILBACK", "CONTINUOUS", ANY),
    # "Promote a migration" (PostgreSQL, MySQL), "Finalize a migration" (SQL Server).
    ("some promoted", "P M S", ANY, ANY, "CONTINUOUS", ANY),
    # REST `migrationJobs.verify` names no state.
    ("verify", ANY, ANY, ANY, ANY, ANY),
    # "Manage migration jobs" (AlloyDB, PostgreSQL): "in any migration state or phase"; gcloud `update`:
    # everything of a draft.
    ("edit", "A P", ANY, ANY, ANY, ANY),
    ("edit", "M", "NOT_STARTED STOPPED FAILED", ANY, ANY, ANY),
    ("edit --parallel", "A P", "RUNNING", ANY, ANY, ANY),
    ("edit|edit --parallel|edit labels", ANY, "DRAFT", ANY, ANY, ANY),
    ("edit name|edit dump path", ANY, ANY, ANY, ANY, ANY),
    # REST `migrationJobs.fetchSourceObjects`: PostgreSQL to Cloud SQL, PostgreSQL to AlloyDB.
    ("fetch", "A P", ANY, ANY, ANY, ANY),
    # "Migration job statuses": every status lists Delete, those of a stuck job too.
    ("delete", ANY, ANY, ANY, ANY, ANY),
    # REST `migrationJobs.delete`, `force`: "the destination CloudSQL replica database is also deleted".
    ("delete --with-destination", "P M S O SP", ANY, ANY, ANY, ANY),
)
ENDED = "DRAFT NOT_STARTED FAILED COMPLETED STOPPED"
RESTARTS = "restart|restart --databases|restart --failed-only|restart --stop-first"
PROMOTES = "promote|promote --failback|some promoted"
CANNOT: tuple[Said, ...] = (
    # REST `MigrationJob.state`: "The migration job has been deleted", "is being deleted".
    ("|".join(WAYS), ANY, "DELETED", ANY, ANY, ANY),
    # REST `operations.cancel` names no state: what counts is that an operation is under way.
    ("|".join(each for each in WAYS if each not in ("verify", "cancel")), ANY, "DELETING", ANY, ANY, ANY),
    # "Promote a migration" (PostgreSQL, MySQL): one-time migrations need no promotion.
    (PROMOTES, ANY, ANY, ANY, "ONE_TIME", ANY),
    # "Migration job statuses": these list Delete alone. REST `migrationJobs.start`: "an already created" job.
    (f"start|stop|resume|{RESTARTS}|{PROMOTES}|demote", ANY, f"{PASSING} CREATING", ANY, ANY, ANY),
    # "Manage migration jobs", all guides: "jobs that aren't in the Running or Starting state".
    ("start", ANY, "RUNNING", ANY, ANY, ANY),
    # "Promote a migration" (PostgreSQL, AlloyDB, MySQL): it can be neither stopped nor undone.
    ("stop", ANY, "RUNNING UPDATING", "PROMOTE_IN_PROGRESS", ANY, ANY),
    (
        "restart|restart --stop-first|promote|promote --failback",
        ANY,
        "RUNNING",
        "PROMOTE_IN_PROGRESS",
        ANY,
        ANY,
    ),
    # REST `migrationJobs.stop`: "a running migration job".
    ("stop", ANY, ENDED, ANY, ANY, ANY),
    # REST `migrationJobs.resume`: "currently stopped and is resumable (was stopped during CDC phase)".
    ("resume", ANY, "DRAFT NOT_STARTED RUNNING FAILED COMPLETED", ANY, ANY, ANY),
    ("resume", ANY, "STOPPED", DUMP, ANY, ANY),
    # REST `migrationJobs.restart`; "Migration job statuses": Running with errors.
    (RESTARTS, ANY, "DRAFT NOT_STARTED COMPLETED", ANY, ANY, ANY),
    # `MigrationJobVerificationError.errorCode`: CANT_RESTART_RUNNING_MIGRATION.
    ("restart|restart --databases|restart --failed-only", ANY, "RUNNING", ANY, ANY, "no"),
    ("restart --failed-only", ANY, "FAILED STOPPED", ANY, ANY, "no"),
    # "Manage migration jobs": stopped in CDC, a job keeps what it has loaded.
    ("restart --stop-first", ANY, "RUNNING", "not FULL_DUMP", ANY, ANY),
    ("restart --stop-first", ANY, "STOPPED", f"not {DUMP}", ANY, ANY),
    # "Promote a migration": once the full dump is done and the job is in CDC.
    ("promote", ANY, "RUNNING STOPPED FAILED", DUMP, ANY, ANY),
    ("promote|promote --failback", ANY, "DRAFT NOT_STARTED COMPLETED", ANY, ANY, ANY),
    # REST `failback`: "only supported when the migration job is in FAILBACK phase".
    ("promote --failback", ANY, ANY, f"{DUMP} CDC PROMOTE_IN_PROGRESS READY_FOR_PROMOTE", ANY, ANY),
    # "Manage migration jobs" (MySQL): "must be in the Not started, Stopped, or Failed state".
    ("edit", "M", "CREATING RUNNING COMPLETED UPDATING " + PASSING, ANY, ANY, ANY),
    # REST `migrationJobs.fetchSourceObjects`, `demoteDestination`: "applicable for the following migrations".
    ("fetch", "M S O OA SP SA", ANY, ANY, ANY, ANY),
    ("demote", "S O OA SP SA", ANY, ANY, ANY, ANY),
    # "Manage migration jobs" (MySQL, SQL Server), status Completed: only the record; "Promote a migration":
    # the destination is a standalone primary.
    ("delete --with-destination|demote", ANY, "COMPLETED", ANY, ANY, ANY),
)
"""Elsewhere the sources are silent or differ. "Migration job statuses" lists Start for Not started alone,
where "Manage migration jobs" says more; it lists no Restart for Stopped in CDC, where REST does; it says
nothing of UPDATING and MAINTENANCE; it has no status Running with errors for MySQL."""

STATUS_PAGE = (
    # "Migration job statuses" by guide: status (API state), possible substatus (API phase), possible user
    # actions. P and A agree; of OA, SP and SA there is no such page.
    ("A P M S O", "NOT_STARTED", "PHASE_UNSPECIFIED", {"start", "delete"}),
    ("A P M S O", "STARTING", "PHASE_UNSPECIFIED", {"delete"}),
    ("M", "STARTING", "WAITING_FOR_SOURCE_WRITES_TO_STOP", {"delete"}),
    ("A P M O", "RUNNING", "CDC", {"stop", "promote", "delete"}),
    ("M", "RUNNING", "FULL_DUMP", {"stop", "delete"}),
    ("M", "RUNNING", "WAITING_FOR_SOURCE_WRITES_TO_STOP", {"stop", "delete"}),
    ("M", "RUNNING", "PREPARING_THE_DUMP", {"stop", "delete"}),
    # "Promote a migration": it can be neither stopped nor undone.
    ("A P M O", "RUNNING", "PROMOTE_IN_PROGRESS", {"delete"}),
    ("A P M S O", "COMPLETED", "PHASE_UNSPECIFIED", {"delete"}),
    ("A P M O", "FAILED", "CDC", {"restart", "promote", "delete"}),
    ("A P M", "FAILED", "FULL_DUMP", {"restart", "delete"}),
    ("S", "FAILED", "CDC", {"restart", "delete"}),  # its actions are missing; "need to restart"
    ("A P M S O", "RESTARTING", "PHASE_UNSPECIFIED", {"delete"}),
    ("A P S", "RESUMING", "CDC", {"delete"}),
    ("A P S", "STOPPING", "CDC", {"delete"}),
    ("M", "STOPPED", "FULL_DUMP", {"restart", "delete"}),  # "Manage migration jobs"
    ("A P M S O", "STOPPED", "CDC", {"resume", "promote", "delete"}),
)
"""Verify is not on that page, nor are Edit, Cancel and the demotion of a destination."""
RUNNING_WITH_ERRORS = {"stop", "restart", "promote", "delete"}
"""The row "Running with errors" of A, P, S and O, substatus CDC or incremental load: "Stop. Restart.
Promote". It lists no Delete, but its API state is RUNNING, where Delete is listed. MySQL has no such row."""


def holds(said: Said, now: Situation) -> bool:
    _, _, states, phases, types, errors = said
    return (
        is_in(now.state, states)
        and is_in(now.phase, phases)
        and is_in(now.type, types)
        and (errors == ANY or (errors == "yes") == now.errors)
    )


def is_in(value: str, words: str) -> bool:
    if words.startswith("not "):
        return value not in words.split()[1:]
    return words == ANY or value in words.split()


@cache
def said(table: tuple[Said, ...], action: str, guide: str) -> tuple[Said, ...]:
    """What a table says of the action in a guide."""
    return tuple(
        each
        for each in table
        if action in each[0].split("|") and (each[1] == ANY or guide in each[1].split())
    )


def expected(action: str, guide: str, now: Situation) -> RuleVerdict:
    """What the pages say; where they say nothing, or differ, the service decides."""
    if any(holds(each, now) for each in said(CANNOT, action, guide)):
        return RuleVerdict.REFUSED
    listed = any(holds(each, now) for each in said(LISTED, action, guide))
    return RuleVerdict.OFFERED if listed else RuleVerdict.WARNED


def job_in(state: str, phase: str = "PHASE_UNSPECIFIED", kind: str = "CONTINUOUS", guide: str = "A") -> Job:
    source, destination, provider = ENDS[guide]
    ends: dict[str, Any] = {
        "source": Endpoint("s", source),
        "destination": Endpoint("d", destination, provider),
    }
    return a_job(state=state, phase=phase, type=kind, **ends)


def a_database(name: str, state: str, error: Fault | None = None) -> Database:
    return Database(name=f"objects/{name}", id=ObjectId(name), state=state, error=error)


def situations(guide: str) -> Iterator[Situation]:
    engines = engines_of(job_in("RUNNING", guide=guide))
    for kind, state, phase, errors in product(TYPES, STATES, PHASES, (False, True)):
        yield Situation(engines, kind, state, phase, errors)


def test_every_row_says_what_the_pages_say_and_is_reached() -> None:
    reached = set()
    for guide in ENDS:
        for now, (name, (action, way)) in product(situations(guide), WAYS.items()):
            rule = find(action, way, now)
            reached.add(rule)
            assert rule.verdict is expected(name, guide, now), (name, now)
    assert [rule for rule in TABLE if rule not in reached] == []
    assert len(set(TABLE)) == len(TABLE)


PAGES = {
    "Migration job statuses",
    "Manage migration jobs",
    "Promote a migration",
    "Finalize a migration",
    "Create a migration job to an existing destination",
}
GCLOUD = {
    "gcloud database-migration migration-jobs update",
    "gcloud database-migration migration-jobs restart",
}
GUIDES = {"all guides", "PostgreSQL", "AlloyDB", "MySQL", "SQL Server", "Oracle", "SQL Server to PostgreSQL"}


def exists(source: Source) -> bool:
    """Whether DMS has such a page, command, method or field."""
    if source.page in PAGES:
        return bool(source.guides) and set(source.guides.split(", ")) <= GUIDES
    kind, _, name = source.page.partition(".")
    if kind in ("migrationJobs", "operations"):
        return bool(discovery.method(source.page))
    return source.page in GCLOUD or name in discovery.document()["schemas"][kind]["properties"]


@pytest.mark.parametrize("rule", TABLE, ids=lambda rule: f"{rule.verdict}-{rule.actions[0]}")
def test_every_row_has_sources_and_words(rule: Rule) -> None:
    assert rule.sources
    assert [each for each in rule.sources if not exists(each)] == []
    assert bool(rule.reason) == (rule.verdict is not RuleVerdict.OFFERED)
    assert not rule.reason or rule.reason.endswith(".")
    if rule.verdict is RuleVerdict.WARNED:
        assert "{" not in rule.reason, "one warning stands for all jobs of a request"
        assert rule.reason[0].islower() or rule.reason.startswith("DMS "), "it stands behind a colon"


def test_a_state_that_the_bot_does_not_know_is_never_refused_for_its_state() -> None:
    for guide, phase, (action, way) in product(ENDS, PHASES, WAYS.values()):
        now = Situation(engines_of(job_in("RUNNING", guide=guide)), "CONTINUOUS", "STATE_99", phase, True)
        rule = find(action, way, now)
        assert rule.verdict is not RuleVerdict.REFUSED or rule.states is None, (rule, now)


def test_every_pair_of_engines_has_a_guide() -> None:
    assert {engines_of(job_in("RUNNING", guide=guide)) for guide in ENDS} == set(Engines)
    for engine, kept in (("MYSQL", Engines.MYSQL_TO_CLOUD_SQL), ("POSTGRESQL", Engines.UNKNOWN)):
        # Only one guide has MySQL as its source.
        assert (
            engines_of(replace(job_in("RUNNING"), source=Endpoint("s", engine), destination=Endpoint("")))
            is kept
        )
    back = replace(job_in("RUNNING"), destination=Endpoint("d", "SQLSERVER"))
    assert engines_of(back) is Engines.UNKNOWN, "a failback job has no page of statuses"


@pytest.mark.parametrize("guide", ENDS)
@pytest.mark.parametrize("state", STATES)
def test_what_is_sent_offered_and_warned_of_follows_the_pages(state: str, guide: str) -> None:
    for phase, kind in product(PHASES, TYPES):
        job = job_in(state, phase, kind, guide)
        for action in Action:
            # Before it is known what an edit changes, it is judged like one of the display name.
            meant = "edit name" if action is Action.EDIT else str(action)
            verdict = expected(meant, guide, now(job))
            refusal = check(action, job)
            assert (refusal is None) == (verdict is not RuleVerdict.REFUSED), (action, job.status)
            shown = verdict is RuleVerdict.OFFERED and (action, state) != (Action.RESTART, "RUNNING")
            assert (action in allowed(job)) == shown, (action, job.status)
            if refusal is None:
                assert is_unlisted(action, job) == (verdict is RuleVerdict.WARNED), (action, job.status)
                assert caution(action, job).startswith("*The service decides*: ") == is_unlisted(action, job)


def now(job: Job) -> Situation:
    return Situation(engines_of(job), job.type, job.state, job.phase)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("state", STATES)
def test_a_refusal_names_the_job_and_what_is_possible_instead(state: str, kind: str) -> None:
    for phase in PHASES:
        job = job_in(state, phase, kind)
        for action in Action:
            refusal = check(action, job)
            if refusal is None:
                continue
            assert refusal.action is action
            assert "`orders-db`" in refusal.reason
            assert refusal.instead == allowed(job)
            nothing = "any more." if state == "DELETED" else "until that changes."
            ending = f"Possible now: {', '.join(allowed(job))}." if allowed(job) else nothing
            assert str(refusal).endswith(ending)


@pytest.mark.parametrize(("guides", "state", "phase", "actions"), STATUS_PAGE)
def test_what_the_status_page_lists_is_offered(
    guides: str, state: str, phase: str, actions: set[str]
) -> None:
    for guide in guides.split():
        found = {str(each) for each in allowed(job_in(state, phase, guide=guide))}
        assert found - {"verify", "edit"} == actions, guide
        assert "verify" in found


@pytest.mark.parametrize("guide", ["A", "P", "S", "O", "M"])
def test_what_the_status_page_lists_for_running_with_errors(guide: str) -> None:
    job = job_in("RUNNING", "CDC", guide=guide)
    databases = (a_database("a", "RUNNING"), a_database("b", "FAILED"))
    assert {str(each) for each in allowed(job, databases)} - {"verify", "edit"} == RUNNING_WITH_ERRORS
    # REST documents `error` for FAILED alone; whatever shows the errors, all of these are sent.
    for faulty, found in (
        (job, databases),
        (replace(job, error=Fault(9, "broken")), databases[:1]),
        (job, (a_database("a", "RUNNING", Fault(9, "broken")),)),
    ):
        assert runs_with_errors(faulty, found)
        sent = {str(each) for each in Action if check(each, faulty, Options(), found) is None}
        assert sent - {"verify", "edit", "demote", "cancel"} == RUNNING_WITH_ERRORS
        # The MySQL guide has no such status, so there the service decides.
        assert bool(caution(Action.RESTART, faulty, Options(), found)) == (guide == "M")


@pytest.mark.parametrize("action", ["start", "stop", "resume", "restart", "promote"])
@pytest.mark.parametrize("state", [*PASSING.split(), "CREATING", "DELETING"])
def test_a_changing_job_says_to_wait_and_what_can_be_done_meanwhile(action: str, state: str) -> None:
    refusal = check(Action(action), job_in(state, "CDC"))
    assert refusal is not None
    assert f"is {state.lower()}: wait until that has ended" in refusal.reason
    assert (Action.DELETE in refusal.instead) == (state != "DELETING")


@pytest.mark.parametrize("state", ["STOPPING", "RESTARTING"])
def test_what_does_not_wait_for_people_ends_by_waiting(state: str) -> None:
    refusal = check(Action.RESUME, job_in(state, "WAITING_FOR_SOURCE_WRITES_TO_STOP"))
    assert refusal is not None
    assert "wait until that has ended" in refusal.reason


def test_a_job_that_is_being_deleted_is_not_deleted_again() -> None:
    refusal = check(Action.DELETE, job_in("DELETING", "CDC"))
    assert refusal is not None
    assert "wait until that has ended" in refusal.reason


@pytest.mark.parametrize("state", ["RUNNING", "UPDATING"])
def test_a_promotion_is_neither_stopped_nor_undone(state: str) -> None:
    refusal = check(Action.STOP, job_in(state, "PROMOTE_IN_PROGRESS"))
    assert refusal is not None
    assert "a promotion can be neither stopped nor undone" in refusal.reason


@pytest.mark.parametrize("action", ["start", "stop", "resume", "restart", "promote"])
def test_a_start_that_waits_for_people_does_not_end_by_waiting(action: str) -> None:
    refusal = check(Action(action), job_in("STARTING", "WAITING_FOR_SOURCE_WRITES_TO_STOP"))
    assert refusal is not None
    assert "stop the writes to the source" in refusal.reason
    assert "wait until" not in refusal.reason


@pytest.mark.parametrize("action", list(Action))
def test_a_deleted_job_can_do_nothing(action: Action) -> None:
    refusal = check(action, job_in("DELETED"))
    assert refusal is not None
    assert "deleted" in refusal.reason
    assert refusal.instead == ()


def test_a_reason_says_where_the_job_is() -> None:
    refusal = check(Action.RESUME, job_in("STOPPED", "FULL_DUMP"))
    assert refusal is not None
    assert "was stopped in the full dump, and" in refusal.reason
    assert refusal.instead == (Action.RESTART, Action.VERIFY, Action.EDIT, Action.DELETE)


@pytest.mark.parametrize("phase", PHASES)
def test_only_a_stopped_dump_is_called_incomplete(phase: str) -> None:
    refusal = check(Action.RESUME, job_in("STOPPED", phase))
    words = "" if refusal is None else refusal.reason
    assert ("incomplete" in words) == (phase == "FULL_DUMP")
    assert ("only a job stopped in CDC can resume" in words) == (phase in DUMP.split())


@pytest.mark.parametrize(
    ("database", "why"),
    [
        (("RUNNING", "CDC"), ""),
        (("STOPPED", "CDC"), ""),
        (("RUNNING", "READY_FOR_PROMOTE"), ""),
        (("RUNNING", "SOMETHING_NEW"), ""),
        (("RUNNING", "FULL_DUMP"), "still in its full dump"),
        (("FAILED", "FULL_DUMP"), "it has failed"),
        (("FAILED", "CDC"), "it has failed"),
        (("NOT_STARTED", ""), "not replicated yet"),
        (("RUNNING", "PROMOTE_IN_PROGRESS"), "being promoted already"),
        (("COMPLETED", "PROMOTED"), "promoted already"),
    ],
)
def test_why_a_database_cannot_be_promoted_by_itself(database: tuple[str, str], why: str) -> None:
    state, phase = database
    found = Database("objects/a", ObjectId("a"), state, phase)
    assert unpromotable(found, job_in("RUNNING", "CDC")) == why


@pytest.mark.parametrize(("phase", "why"), [("CDC", ""), ("FULL_DUMP", "still in its full dump")])
def test_a_database_that_failed_with_its_whole_job_can_be_promoted_if_it_had_reached_cdc(
    phase: str, why: str
) -> None:
    found = Database("objects/a", ObjectId("a"), "FAILED", phase)
    assert unpromotable(found, job_in("FAILED", "CDC")) == why


def test_a_promote_touches_what_is_not_promoted_yet() -> None:
    databases = [
        Database("objects/a", ObjectId("a"), "RUNNING", "CDC"),
        Database("objects/b", ObjectId("b"), "COMPLETED", "PROMOTED"),
        Database("objects/c", ObjectId("c"), "NOT_SELECTED"),
    ]
    assert affected(Action.PROMOTE, Options(), databases) == ("a",)
    assert affected(Action.DELETE, Options(), databases) == ("a", "b")


def test_a_one_time_job_has_nothing_to_promote() -> None:
    refusal = check(Action.PROMOTE, job_in("RUNNING", "CDC", "ONE_TIME"))
    assert refusal is not None
    assert "ONE_TIME" in refusal.reason


class TestRestartOfDatabases:
    """A RUNNING job may restart its failed databases, and those alone."""

    databases = (a_database("a", "RUNNING"), a_database("b", "FAILED"), a_database("c", "FAILED"))

    @pytest.mark.parametrize("phase", PHASES)
    def test_failed_ones_may(self, phase: str) -> None:
        job = job_in("RUNNING", phase)
        assert check(Action.RESTART, job, Options(databases=("b", "c")), self.databases) is None
        assert check(Action.RESTART, job, Options(failed_only=True), self.databases) is None
        # "Promote a migration": it cannot be undone; of databases that restart meanwhile, no page speaks. Nor
        # does one of a restart in the failback phase, in which the destination is the primary database.
        silent = phase in ("PROMOTE_IN_PROGRESS", "PHASE_FAILBACK")
        assert (Action.RESTART in allowed(job, self.databases)) == (not silent)

    def test_healthy_ones_may_not_and_are_named(self) -> None:
        refusal = check(
            Action.RESTART, job_in("RUNNING", "CDC"), Options(databases=("a", "b")), self.databases
        )
        assert refusal is not None
        assert refusal.reason.endswith("not failed: `a`.")

    @pytest.mark.parametrize("phase", ["CDC", "FULL_DUMP", "PHASE_UNSPECIFIED"])
    def test_a_job_that_runs_with_errors_may_restart_as_a_whole(self, phase: str) -> None:
        # "Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle) lists for Running with errors:
        # "Stop. Restart. Promote".
        job = job_in("RUNNING", phase)
        faulty = replace(job, error=Fault(9, "broken"))
        assert check(Action.RESTART, job, Options(), self.databases) is None
        assert check(Action.RESTART, faulty, Options(), self.databases[:1]) is None
        assert Action.RESTART not in allowed(faulty, self.databases[:1]), (
            "the card offers failed databases alone"
        )

    def test_a_job_that_is_being_promoted_does_not_restart_as_a_whole(self) -> None:
        refusal = check(Action.RESTART, job_in("RUNNING", "PROMOTE_IN_PROGRESS"), Options(), self.databases)
        assert refusal is not None
        assert "can be neither stopped nor undone" in refusal.reason

    def test_a_job_without_errors_does_not_restart(self) -> None:
        # The API has a code for it: CANT_RESTART_RUNNING_MIGRATION.
        healthy = check(Action.RESTART, job_in("RUNNING", "CDC"), Options(), self.databases[:1])
        unknown = check(Action.RESTART, job_in("RUNNING", "CDC"), Options())
        assert healthy is not None
        assert unknown is not None
        assert healthy.reason.endswith("without errors cannot restart, and none of its databases has failed.")
        assert unknown.reason.endswith("without errors cannot restart.")

    def test_a_dump_may_begin_anew_once_it_is_stopped(self) -> None:
        refusal = check(Action.RESTART, job_in("RUNNING", "FULL_DUMP"), Options(), self.databases[:1])
        assert refusal is not None
        assert "--stop-first` stops it and begins its full dump again" in refusal.reason

    def test_none_failed(self) -> None:
        refusal = check(
            Action.RESTART, job_in("RUNNING", "CDC"), Options(failed_only=True), self.databases[:1]
        )
        assert refusal is not None
        assert "none of its databases has failed" in refusal.reason
        assert Action.RESTART not in allowed(job_in("RUNNING", "CDC"), self.databases[:1])

    @pytest.mark.parametrize(("state", "phase"), [("FAILED", "CDC"), ("STOPPED", "FULL_DUMP")])
    def test_none_failed_of_a_job_that_may_restart(self, state: str, phase: str) -> None:
        job, options = job_in(state, phase), Options(failed_only=True)
        refusal = check(Action.RESTART, job, options, self.databases[:1])
        assert refusal is not None
        assert "None of the databases" in refusal.reason
        assert check(Action.RESTART, job, options, self.databases) is None

    @pytest.mark.parametrize(("state", "phase"), [("FAILED", "FULL_DUMP"), ("STOPPED", "FULL_DUMP")])
    def test_any_database_of_a_job_that_may_restart_as_a_whole(self, state: str, phase: str) -> None:
        assert check(Action.RESTART, job_in(state, phase), Options(databases=("a",)), self.databases) is None

    @pytest.mark.parametrize("state", ["NOT_STARTED", "COMPLETED", "DRAFT"])
    def test_a_failed_database_does_not_help_any_other_state(self, state: str) -> None:
        options = Options(failed_only=True)
        assert check(Action.RESTART, job_in(state, "CDC"), options, self.databases) is not None


@pytest.mark.parametrize(
    ("action", "state", "options", "instead"),
    [
        (
            Action.RESTART,
            "RUNNING",
            Options(stop_first=True),
            "restart of the failed databases (`--failed-only`)",
        ),
        (Action.RESTART, "RUNNING", Options(databases=("a",)), "restart of the failed databases"),
        (Action.RESTART, "FAILED", Options(failed_only=True), "restart of the whole job"),
        (Action.DELETE, "COMPLETED", Options(with_destination=True), "delete of the job alone"),
    ],
)
def test_what_was_refused_is_possible_only_in_another_way(
    action: Action, state: str, options: Options, instead: str
) -> None:
    failed = (a_database("b", "FAILED"),) if state == "RUNNING" else ()
    refusal = check(action, job_in(state, "CDC"), options, failed)
    assert refusal is not None
    _, _, possible = str(refusal).partition("Possible now: ")
    assert instead in possible
    assert str(action) not in possible.rstrip(".").split(", ")


def test_an_edit_is_judged_by_what_it_changes() -> None:
    job = job_in("RUNNING", guide="M")
    both = Options(parallelism="MAX", objects=ObjectsConfig())
    for options in (Options(objects=ObjectsConfig()), both):
        refusal = check(Action.EDIT, job, options)
        assert refusal is not None
        assert "NOT_STARTED, STOPPED or FAILED" in refusal.reason
        assert "edit of its name, labels or dump path" in str(refusal)
    fields = FieldChange("n", (("env", "prod"),), "gs://b/o")
    assert check(Action.EDIT, job, Options(fields=fields)) is None
    assert caution(Action.EDIT, job, Options(fields=FieldChange("n", dump_path="gs://b/o"))) == ""
    assert "no change of labels once a job is no longer a draft" in caution(
        Action.EDIT, job, Options(fields=fields)
    )
    assert check(Action.EDIT, job, Options(parallelism="MAX")) is None
    assert "only the PostgreSQL guides" in caution(Action.EDIT, job, Options(parallelism="MAX"))


def test_only_for_some_engines_the_service_reads_the_list_of_databases_again() -> None:
    assert no_source_list(job_in("RUNNING", guide="A")) == ""
    assert no_source_list(job_in("RUNNING", guide="?")) == "", "the service decides"
    assert "only from PostgreSQL" in no_source_list(job_in("RUNNING", guide="M"))


@pytest.mark.parametrize("guide", ENDS)
def test_single_databases_are_offered_for_promotion_where_a_guide_names_it(guide: str) -> None:
    # "Promote a migration" (PostgreSQL, MySQL), "Finalize a migration" (SQL Server).
    named = guide in ("P", "M", "S")
    for state in STATES:
        assert offers_some_to_promote(job_in(state, "CDC", guide=guide)) is named
    some = Options(databases=("a",))
    assert check(Action.PROMOTE, job_in("RUNNING", "CDC", guide=guide), some) is None
    assert bool(caution(Action.PROMOTE, job_in("RUNNING", "CDC", guide=guide), some)) is not named
    assert check(Action.PROMOTE, job_in("RUNNING", "FULL_DUMP", guide=guide), some) is not None


def test_which_actions_are_bulk_and_destructive() -> None:
    assert {str(each) for each in BULK} == {
        "start",
        "stop",
        "resume",
        "restart",
        "promote",
        "verify",
        "delete",
    }
    assert {str(each) for each in DESTRUCTIVE} == {"restart", "promote", "demote", "delete"}


def test_only_a_stop_in_full_dump_throws_the_dump_away() -> None:
    throwing = {(s, p) for s in STATES for p in PHASES if running_dump(job_in(s, p))}
    assert throwing == {("RUNNING", "FULL_DUMP")}


def test_stop_first_is_refused_where_it_would_throw_away_more_than_a_dump() -> None:
    options = Options(stop_first=True)
    for state in STATES:
        for phase in PHASES:
            expect = (
                expected("restart --stop-first", "A", now(job_in(state, phase))) is not RuleVerdict.REFUSED
            )
            assert (check(Action.RESTART, job_in(state, phase), options) is None) == expect, (state, phase)
