"""What a stop, a promote or a delete warns of, by phase, state and engine, held against the docs pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dms.advice import next_step
from bot.dms.model import Database, Endpoint, Fault, Job, ObjectId, Options
from bot.dms.rules import Action, caution
from bot.requests.action import Confirmation
from bot.requests.seen import find_seen, risk_lines
from commands import delete, promote, restart, resume, start, stop
from commands.support.base import Verb
from tests.jobs import a_job

RETENTION = "must keep its logs"


def job_in(state: str = "RUNNING", phase: str = "CDC", source: str = "POSTGRESQL", to: str = "") -> Job:
    return a_job(
        state=state, phase=phase, source=Endpoint("s", source), destination=Endpoint("d", to or source)
    )


def said(verb: Verb, job: Job) -> str:
    assert verb.action is not None
    return " ".join(verb.action.warning(job, Options(), ()))


@pytest.mark.parametrize(
    ("phase", "danger", "words", "never"),
    [
        ("CDC", Confirmation.NONE, "resumed, promoted or deleted", "restart"),
        ("FULL_DUMP", Confirmation.CLICK, "restarted from the beginning or deleted", "resumed"),
        ("WAITING_FOR_SOURCE_WRITES_TO_STOP", Confirmation.CLICK, "restarted or deleted", "promote"),
        ("PREPARING_THE_DUMP", Confirmation.CLICK, "restarted or deleted", "promote"),
        ("READY_FOR_PROMOTE", Confirmation.CLICK, "resumed or deleted", "restart"),
        ("PHASE_FAILBACK", Confirmation.CLICK, "DMS does not document", "resumed,"),
        ("PHASE_99", Confirmation.CLICK, "DMS does not document", "resumed,"),
    ],
)
def test_a_stop_asks_in_every_phase_but_cdc(phase: str, danger: Confirmation, words: str, never: str) -> None:
    job = job_in(phase=phase)
    assert stop.VERB.action is not None
    assert stop.VERB.action.confirmation(job, Options()) is danger
    assert words in said(stop.VERB, job)
    assert never not in said(stop.VERB, job)


@pytest.mark.parametrize(
    ("source", "to", "words"),
    [
        ("POSTGRESQL", "POSTGRESQL", "changes pile up on the source"),
        ("MYSQL", "MYSQL", "keeps its binary log"),
        ("ORACLE", "POSTGRESQL", RETENTION),
        ("SQLSERVER", "POSTGRESQL", RETENTION),
        ("SQLSERVER", "SQLSERVER", "Backup files"),
    ],
)
def test_a_stop_in_cdc_says_of_each_engine_what_its_guide_does(source: str, to: str, words: str) -> None:
    assert words in said(stop.VERB, job_in(source=source, to=to))
    assert words in next_step(job_in("STOPPED", source=source, to=to))


@pytest.mark.parametrize(("source", "piles"), [("POSTGRESQL", True), ("MYSQL", False), ("ORACLE", False)])
def test_wal_piles_up_with_postgresql_alone(source: str, piles: bool) -> None:
    assert ("WAL" in said(stop.VERB, job_in(phase="FULL_DUMP", source=source))) is piles
    stopped = next_step(job_in("STOPPED", "FULL_DUMP", source))
    assert ("WAL" in stopped) is piles
    assert "can fill" not in stopped or piles


@pytest.mark.parametrize(
    ("state", "phase", "words"),
    [
        ("STARTING", "", "The job is starting"),
        ("RESTARTING", "FULL_DUMP", "The job is restarting"),
        ("RESUMING", "CDC", "The job is resuming"),
        ("STOPPING", "CDC", "The job is stopping"),
        ("UPDATING", "CDC", "The job is updating"),
        ("CREATING", "", "The job is creating"),
    ],
)
def test_a_delete_in_a_passing_state_is_the_way_out_of_a_stuck_job(
    state: str, phase: str, words: str
) -> None:
    text = said(delete.VERB, job_in(state, phase))
    assert words in text
    assert "only if it is stuck" in text


@pytest.mark.parametrize("state", ["RUNNING", "UPDATING"])
def test_a_delete_during_a_promotion_is_typed_and_warned_of(state: str) -> None:
    job = job_in(state, "PROMOTE_IN_PROGRESS")
    assert delete.VERB.action is not None
    assert delete.VERB.action.confirmation(job, Options()) is Confirmation.TYPE_TO_CONFIRM
    assert "neither stopped nor undone" in said(delete.VERB, job)


@pytest.mark.parametrize(
    ("state", "source", "cleaned"),
    [
        ("RUNNING", "POSTGRESQL", True),
        ("DRAFT", "POSTGRESQL", False),
        ("RUNNING", "MYSQL", False),
        ("RUNNING", "ORACLE", False),
    ],
)
def test_slots_are_cleaned_up_with_postgresql_alone(state: str, source: str, cleaned: bool) -> None:
    assert ("slots" in said(delete.VERB, job_in(state, source=source))) is cleaned


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED"])
@pytest.mark.parametrize(
    ("source", "provider", "to", "words", "never"),
    [
        # "Promote a migration" (PostgreSQL, MySQL): wait until the replication delay is at or close to zero.
        ("POSTGRESQL", "", "POSTGRESQL", "delay measured after that is zero", "unprocessed"),
        ("MYSQL", "RDS", "MYSQL", "delay measured after that is zero", "unprocessed"),
        ("SQLSERVER", "", "POSTGRESQL", "delay measured after that is down to seconds", "is zero"),
        ("ORACLE", "", "POSTGRESQL", "delay measured after that is down to seconds", "is zero"),
        # "Finalize a migration" (SQL Server): upload the last log, and monitor the unprocessed files; with
        # Cloud SQL as the source, nothing more is needed once the writes are stopped.
        ("SQLSERVER", "", "SQLSERVER", "no unprocessed bytes are left", "is zero"),
        ("SQLSERVER", "RDS", "SQLSERVER", "no unprocessed bytes are left", "is zero"),
        ("SQLSERVER", "CLOUDSQL", "SQLSERVER", "transaction logs of Cloud SQL by itself", "is zero"),
    ],
)
def test_what_to_wait_for_before_a_promote(
    state: str, source: str, provider: str, to: str, words: str, never: str
) -> None:
    job = replace(job_in(state, source=source, to=to), source=Endpoint("s", source, provider))
    texts = [said(promote.VERB, job), *([next_step(job)] if state == "RUNNING" else [])]
    for text in texts:
        assert "stop the writes to the source" in text
        assert words in text
        assert never not in text


def test_ready_for_promote_leaves_out_what_was_written_after_the_final_log() -> None:
    """Source: "Finalize a migration" (SQL Server): DMS stops loading at a file named `….trn.final`."""
    job = job_in(phase="READY_FOR_PROMOTE", source="SQLSERVER")
    for text in (said(promote.VERB, job), next_step(job)):
        assert "the source after" in text
        assert "never arrives" in text
        assert "zero" not in text
    assert ".trn.final" in next_step(job)


@pytest.mark.parametrize("state", ["RUNNING", "STOPPED"])
def test_after_the_final_log_nobody_is_told_to_upload_another(state: str) -> None:
    """Sources: the same page; "Manage migration jobs" (SQL Server): a stopped job can be promoted."""
    job = job_in(state, "READY_FOR_PROMOTE", "SQLSERVER")
    texts = [said(promote.VERB, job), next_step(job)]
    texts += [said(stop.VERB, job)] if state == "RUNNING" else [said(resume.VERB, job)]
    for text in texts:
        assert "upload" not in text
        assert "inal " in text
    assert "romote if the writes" in next_step(job)
    assert "uploaded" in said(resume.VERB, job_in("STOPPED", "CDC", "SQLSERVER"))


def test_sql_server_is_promoted_without_ready_for_promote() -> None:
    """Sources: "Finalize a migration" (SQL Server): either upload the last log and wait until nothing is
    unprocessed, or upload a `….trn.final`; "Migration job statuses": Ready to promote never comes without."""
    step = next_step(job_in(source="SQLSERVER"))
    assert "READY_FOR_PROMOTE is not needed" in step
    assert ".trn.final" in step
    assert ".trn.final" not in next_step(job_in(source="POSTGRESQL"))


@pytest.mark.parametrize("state", ["RUNNING", "COMPLETED"])
@pytest.mark.parametrize(("provider", "certain"), [("CLOUDSQL", True), ("ALLOYDB", False), ("", False)])
def test_what_goes_with_a_job_is_certain_of_cloud_sql_alone(state: str, provider: str, certain: bool) -> None:
    """REST `migrationJobs.delete`: "the destination CloudSQL connection profile is always deleted with the
    migration job; in case of force delete, the destination CloudSQL replica database is also deleted"."""
    job = replace(job_in(state), destination=Endpoint("d", "POSTGRESQL", provider))
    assert delete.VERB.action is not None
    assert "destination connection profile" in said(delete.VERB, job)
    assert ("for Cloud SQL only: check" in said(delete.VERB, job)) is not certain
    forced = delete.VERB.action.effect(job, Options(with_destination=True))
    assert "is deleted, too, with all its data" in forced
    assert ("for Cloud SQL only: check" in forced) is not certain
    assert "Cloud SQL" not in delete.VERB.action.effect(job, Options())


@pytest.mark.parametrize(
    ("source", "to", "least", "comes_along", "by_hand"),
    [
        # "Manage migration jobs" of each guide. New databases: PostgreSQL and AlloyDB. A dump you supplied:
        # MySQL. REST `migrationJobs.restart`: the destination is reset to its original state.
        ("POSTGRESQL", "POSTGRESQL", "that an error has hit", True, False),
        ("POSTGRESQL", "ALLOYDB", "that an error has hit", True, False),
        ("MYSQL", "MYSQL", "in the destination databases above", False, True),
        ("SQLSERVER", "SQLSERVER", "in the destination databases above", False, False),
        ("SQLSERVER", "POSTGRESQL", "in the job's tables", False, False),
        ("ORACLE", "POSTGRESQL", "in the job's tables", False, False),
        ("ORACLE", "ALLOYDB", "in the job's tables", False, False),
        # A failback job: no guide says what its restart wipes.
        ("POSTGRESQL", "SQLSERVER", "in some of the destination databases above", False, False),
    ],
)
def test_a_restart_says_of_each_engine_what_its_guide_does(
    source: str, to: str, least: str, comes_along: bool, by_hand: bool
) -> None:
    job = replace(job_in("FAILED", source=source, to=to), dump_path="gs://dumps/orders.sql")
    text = said(restart.VERB, job)
    _, _, wiped = text.partition("*All data is wiped*, at least ")
    at_least, _, rest = wiped.partition(", at most in the whole destination")
    assert least in at_least
    assert rest
    assert ("New source databases are included" in text) is comes_along
    assert ("you supplied" in text) is by_hand
    assert ("full backup" in text) is (source == to == "SQLSERVER")
    assert restart.VERB.action is not None
    effect = restart.VERB.action.effect(job, Options())
    assert ("full backup runs" in effect) is (source == to == "SQLSERVER"), "as its confirmation calls it"
    assert "you supplied" not in said(restart.VERB, replace(job, dump_path=""))


def test_a_full_dump_that_is_stopped_first_need_not_have_errors() -> None:
    """ "Manage migration jobs" (PostgreSQL): one that "was stopped during a full dump" restarts "from the
    beginning"; only one that failed wipes no more than the databases "impacted by the errors"."""
    assert restart.VERB.action is not None
    job, first = job_in("RUNNING", "FULL_DUMP"), Options(stop_first=True)
    text = " ".join(restart.VERB.action.warning(job, first, ("sales",)))
    assert "at least in the destination databases above, at most" in text
    failed = replace(job, error=Fault(9, "broken"))
    assert "that an error has hit" in " ".join(restart.VERB.action.warning(failed, first, ("sales",)))


def test_a_restart_of_some_databases_does_not_promise_for_the_others() -> None:
    assert restart.VERB.action is not None
    some = Options(databases=("sales",))
    text = " ".join(restart.VERB.action.warning(job_in("FAILED"), some, ("sales",)))
    assert "at least in the destination databases above." in text
    assert "New source databases are included" not in text
    assert "No other database" not in text


@pytest.mark.parametrize(
    ("verb", "state", "phase", "decides"),
    [
        # "Migration job statuses" lists Start for Not started alone, and no Restart for Stopped in CDC;
        # "Manage migration jobs" and REST `migrationJobs.restart` say otherwise.
        (start.VERB, "NOT_STARTED", "", False),
        (start.VERB, "STOPPED", "CDC", True),
        (start.VERB, "FAILED", "FULL_DUMP", True),
        (start.VERB, "COMPLETED", "", True),
        (restart.VERB, "STOPPED", "CDC", True),
        (restart.VERB, "STOPPED", "FULL_DUMP", False),
        (restart.VERB, "FAILED", "CDC", False),
    ],
)
def test_where_sources_differ_the_service_decides(verb: Verb, state: str, phase: str, decides: bool) -> None:
    job = job_in(state, phase)
    assert verb.action is not None
    assert ("The service decides" in caution(verb.action.action, job)) is decides
    typed = verb.action.confirmation(job, Options()) is Confirmation.TYPE_TO_CONFIRM
    assert typed is (decides or verb is restart.VERB)


@pytest.mark.parametrize(
    ("options", "warned"),
    [(Options(), True), (Options(failed_only=True), False), (Options(databases=("a",)), False)],
)
def test_a_restart_of_a_job_that_runs_with_errors_wipes_what_is_healthy_too(
    options: Options, warned: bool
) -> None:
    assert restart.VERB.action is not None
    text = " ".join(restart.VERB.action.warning(job_in(), options, ()))
    assert ("may wipe its healthy databases, too" in text) is warned
    assert ("clear by themselves" in text) is warned
    mysql = " ".join(restart.VERB.action.warning(job_in(source="MYSQL"), options, ()))
    assert "clear by themselves" not in mysql, "the guide for MySQL has no such status"


@pytest.mark.parametrize(("source", "clear"), [("POSTGRESQL", True), ("ORACLE", True), ("MYSQL", False)])
def test_a_promote_of_a_job_that_runs_with_errors_warns_and_has_its_id_typed(
    source: str, clear: bool
) -> None:
    """ "Migration job statuses": Running with errors lists Promote, and errors clear by themselves."""
    well = job_in(source=source, to="POSTGRESQL" if source == "ORACLE" else source)
    ailing = replace(well, error=Fault(9, "conflict"))
    assert promote.VERB.action is not None
    assert promote.VERB.action.confirmation(ailing, Options()) is Confirmation.TYPE_TO_CONFIRM
    assert promote.VERB.action.confirmation(well, Options()) is Confirmation.CLICK
    assert "may be incomplete on the destination" in said(promote.VERB, ailing)
    assert ("clear by themselves" in said(promote.VERB, ailing)) is clear
    assert "runs with errors" not in said(promote.VERB, well)


def test_a_promote_names_the_databases_with_errors() -> None:
    ailing = Database("x/b", ObjectId("b"), "RUNNING", "CDC", Fault(9, "conflict"))
    well = Database("x/a", ObjectId("a"), "RUNNING", "CDC")
    job = job_in()
    seen = find_seen(Action.PROMOTE, Options(), [job], {job.name: (well, ailing)})
    (line,) = risk_lines(Action.PROMOTE, [job], seen.at_risk)
    assert line.startswith("*The data of `b` may be incomplete*")


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        # REST schema `MigrationJobObject`: "is not started", "is restarting", and the phases of a first load.
        ("NOT_STARTED", ""),
        ("RESTARTING", "CDC"),
        ("RUNNING", "FULL_DUMP"),
        ("RUNNING", "DIFF_BACKUP"),
        ("RUNNING", "CREATING_BACKUP"),
        ("RUNNING", "RESTORING_BACKUP"),
    ],
)
def test_a_promote_names_the_databases_that_have_not_been_loaded(state: str, phase: str) -> None:
    new, well = Database("x/b", ObjectId("b"), state, phase), Database("x/a", ObjectId("a"), "RUNNING", "CDC")
    job = job_in()
    seen = find_seen(Action.PROMOTE, Options(), [job], {job.name: (well, new)})
    assert seen.risk_names == {job.name: ("b",)}
    (line,) = risk_lines(Action.PROMOTE, [job], seen.at_risk)
    assert line.startswith(f"*The data of `b` is incomplete*: it is {state} in {phase or 'no phase'}")


@pytest.mark.parametrize("verb", [start.VERB, restart.VERB])
@pytest.mark.parametrize(
    ("source", "provider", "asks"),
    [
        # "Migration job statuses" (MySQL): "For MySQL RDS or sources with no SUPERUSER privileges: Waiting
        # for source writes to stop". Whether a source that is not managed has SUPERUSER, nobody knows here.
        ("MYSQL", "RDS", True),
        ("MYSQL", "AURORA", True),
        ("MYSQL", "CLOUDSQL", False),
        ("POSTGRESQL", "RDS", False),
    ],
)
def test_whoever_starts_on_rds_knows_that_writes_will_have_to_stop(
    verb: Verb, source: str, provider: str, asks: bool
) -> None:
    job = replace(job_in("NOT_STARTED", ""), source=Endpoint("s", source, provider))
    assert verb.action is not None
    effect = verb.action.effect(job, Options())
    assert ("stopped the writes to the source" in said(verb, job)) is asks
    assert ("stopped the writes to the source" in effect) is asks


@pytest.mark.parametrize("verb", [start.VERB, restart.VERB])
@pytest.mark.parametrize(
    ("kind", "then"), [("CONTINUOUS", "CDC follows"), ("ONE_TIME", "completes by itself")]
)
def test_a_one_time_job_ends_after_its_dump(verb: Verb, kind: str, then: str) -> None:
    assert verb.action is not None
    effect = verb.action.effect(replace(job_in("NOT_STARTED", ""), type=kind), Options())
    assert then in effect
    assert ("CDC" in effect) is (kind == "CONTINUOUS")


@pytest.mark.parametrize("action", [Action.PROMOTE, Action.RESTART, Action.STOP])
def test_what_is_wrong_with_databases_is_kept_for_every_action(action: Action) -> None:
    well = Database("x/a", ObjectId("a"), "RUNNING", "CDC")
    ailing = replace(well, id=ObjectId("b"), error=Fault(9, "conflict"))
    failed = replace(ailing, id=ObjectId("c"), state="FAILED")
    job = job_in()
    expected: tuple[tuple[tuple[Database, ...], dict[str, bool]], ...] = (
        ((well,), {}),
        ((well, ailing), {job.name: False}),
        ((ailing, failed), {job.name: True}),
    )
    for listed, faulty in expected:
        assert find_seen(action, Options(), [job], {job.name: listed}).faulty == faulty
