"""What people read about a job is true for its engines, type, state and phase.

The tables are from the guides of each pair of engines; the page is named beside each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest

from bot.dms.advice import next_step
from bot.dms.likely_causes import docs_url, likely_cause
from bot.dms.model import Endpoint, Fault, Job, JobType, Options, Phase, State
from bot.dms.rules import Action, caution, check
from bot.slack.render import alerts
from bot.store.records import Event
from commands import delete, promote, restart, resume, start, stop, verify
from tests.jobs import BORN, a_job
from tests.slack.checks import accepted, all_text

PAIRS = {
    "PostgreSQL to AlloyDB": ("POSTGRESQL", "POSTGRESQL", "ALLOYDB"),
    "PostgreSQL": ("POSTGRESQL", "POSTGRESQL", "CLOUDSQL"),
    "MySQL": ("MYSQL", "MYSQL", "CLOUDSQL"),
    "SQL Server": ("SQLSERVER", "SQLSERVER", "CLOUDSQL"),
    "SQL Server to PostgreSQL": ("SQLSERVER", "POSTGRESQL", "CLOUDSQL"),
    "SQL Server to AlloyDB": ("SQLSERVER", "POSTGRESQL", "ALLOYDB"),
    "Oracle": ("ORACLE", "POSTGRESQL", "CLOUDSQL"),
    "Oracle to AlloyDB": ("ORACLE", "POSTGRESQL", "ALLOYDB"),
    "failback": ("POSTGRESQL", "SQLSERVER", ""),
    "not known": ("", "", ""),
}
POSTGRESQL = ("PostgreSQL", "PostgreSQL to AlloyDB")
TO_POSTGRESQL = ("SQL Server to PostgreSQL", "SQL Server to AlloyDB", "Oracle", "Oracle to AlloyDB")
VERBS = (delete.VERB, promote.VERB, restart.VERB, resume.VERB, start.VERB, stop.VERB, verify.VERB)
every_pair = pytest.mark.parametrize("pair", PAIRS)


def job_of(pair: str, state: str = "RUNNING", phase: str = "CDC", **fields: Any) -> Job:
    source, destination, provider = PAIRS[pair]
    ends: dict[str, Any] = {
        "source": Endpoint("s", source),
        "destination": Endpoint("d", destination, provider),
    }
    return a_job(state=state, phase=phase, **(ends | fields))


def said(job: Job) -> Iterator[str]:
    """The advice for the job, and what each action that it allows says before and after."""
    yield next_step(job)
    for verb in VERBS:
        if verb.action is not None and check(verb.action.action, job) is None:
            yield " ".join(verb.action.warning(job, Options(), ()))
            yield verb.action.effect(job, Options())


@cache
def everything(pair: str, kind: str = JobType.CONTINUOUS) -> tuple[tuple[Job, str], ...]:
    jobs = (job_of(pair, state, phase, type=kind) for state, phase in product(State, Phase))
    return tuple((job, text) for job in jobs for text in said(job))


@every_pair
@pytest.mark.parametrize(
    ("word", "pairs"),
    [
        # "Manage migration jobs" (PostgreSQL, AlloyDB): WAL and replication slots.
        (r"\bWAL\b|[Rr]eplication slot", POSTGRESQL),
        # Quick-start jobs of PostgreSQL have no pglogical, and the bot does not know which they are.
        ("pglogical", ()),
        # "Manage migration jobs" (MySQL).
        ("binary log|binlog", ("MySQL",)),
        # "Finalize a migration", "Manage migration jobs" (SQL Server).
        ("transaction log|unprocessed|[Bb]ackup file", ("SQL Server",)),
        # "Manage migration jobs" (Oracle, SQL Server to PostgreSQL): the source must retain its data.
        ("must keep its logs|job's tables", TO_POSTGRESQL),
        # "Migration job statuses", Failed, and "Diagnose issues": the job resumes automatically.
        ("may continue on its own", (*POSTGRESQL, "MySQL", "Oracle", "Oracle to AlloyDB")),
        # "Promote a migration": the delay is at or close to zero. "Finalize a migration": minutes or seconds.
        (r"\bzero\b", (*POSTGRESQL, "MySQL", "not known")),
    ],
)
def test_what_one_engine_has_is_said_of_no_other(pair: str, word: str, pairs: tuple[str, ...]) -> None:
    found = [text for _, text in everything(pair) if re.search(word, text)]
    if pair in pairs:
        assert found
    else:
        assert [text for text in found if "with PostgreSQL, WAL" not in text] == []


@every_pair
def test_a_one_time_job_has_neither_cdc_nor_a_promotion(pair: str) -> None:
    """ "Migration job statuses": one-time migrations are COMPLETED after the full dump."""
    for job, text in everything(pair, JobType.ONE_TIME):
        assert "CDC follows" not in text
        if job.phase in ("PHASE_UNSPECIFIED", "FULL_DUMP"):
            assert "promote" not in text.lower()


@every_pair
def test_what_a_restart_wipes_has_a_least_and_a_most(pair: str) -> None:
    """The guides differ on the least; REST `migrationJobs.restart` resets the whole destination."""
    for _, text in everything(pair):
        for sentence in re.split(r"(?<=[.:;]) ", text):
            if (
                re.search(r"\bwipe", sentence)
                and "healthy" not in sentence
                and "what is wiped" not in sentence
            ):
                bounded = "at least" in sentence and "at most" in sentence
                assert bounded or re.search("[Dd]ata on the destination|what has arrived", sentence), sentence


@every_pair
@pytest.mark.parametrize("state", ["STOPPED", "FAILED"])
def test_only_what_an_error_hit_is_wiped_for_sure_with_postgresql(pair: str, state: str) -> None:
    """ "Manage migration jobs" (PostgreSQL, AlloyDB): "if the replication has failed because of an error"."""
    assert restart.VERB.action is not None
    text = " ".join(restart.VERB.action.warning(job_of(pair, state, "FULL_DUMP"), Options(), ()))
    assert ("that an error has hit" in text) is (pair in POSTGRESQL and state == "FAILED")


@every_pair
def test_no_next_step_names_what_the_state_forbids(pair: str) -> None:
    for state, phase, kind in product(State, Phase, JobType):
        job = job_of(pair, state, phase, type=kind)
        step = re.sub(
            r"(?:cannot|not|may|could|only a job stopped in CDC can) (?:resume|stop|start)|to stop the writes"
            r"|writes stopped|[Ss]top the writes|writes to the source to stop",
            "",
            next_step(job).split("Wait until it is created")[0],
        )
        for action in (Action.START, Action.STOP, Action.RESUME, Action.RESTART, Action.PROMOTE):
            if check(action, job) is not None and not step.startswith(("Wait", "Be ready")):
                assert not re.search(rf"\b{action}\b", step, re.IGNORECASE), (job.status, kind, step)


@every_pair
def test_dms_retries_only_where_its_guide_says_so(pair: str) -> None:
    """ "Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle), Running with errors."""
    retries = "DMS retries" in next_step(job_of(pair, error=Fault(13, "duplicate key")))
    assert retries is (pair in (*POSTGRESQL, "SQL Server", "Oracle"))


@every_pair
def test_whether_a_failed_job_waits_or_restarts(pair: str) -> None:
    """ "Migration job statuses" (SQL Server): "You need to restart the migration job"."""
    for phase in ("FULL_DUMP", "CDC"):
        step = next_step(job_of(pair, "FAILED", phase))
        assert ("wait" in step) is (pair != "SQL Server")
        assert ("does not document whether" in step) is (
            pair in ("SQL Server to PostgreSQL", "SQL Server to AlloyDB", "failback", "not known")
        )


@pytest.mark.parametrize(
    ("phase", "in_use"),
    [
        # REST `PromoteMigrationJobRequest.failback`: "from destination back to source".
        ("PHASE_FAILBACK", "destination is the primary database"),
        # "Promote a migration": the destination becomes a standalone primary.
        ("PROMOTE_IN_PROGRESS", "promotion has begun"),
        ("CDC", ""),
    ],
)
@pytest.mark.parametrize("state", ["STOPPED", "FAILED"])
def test_a_destination_that_may_be_in_use_is_not_wiped_unsaid(state: str, phase: str, in_use: str) -> None:
    assert restart.VERB.action is not None
    assert delete.VERB.action is not None
    job = job_of("SQL Server", state, phase)
    text = " ".join(restart.VERB.action.warning(job, Options(), ()))
    assert in_use in text
    assert bool(in_use) is ("applications may" in text)
    assert ("promote instead" in text) is (state == "FAILED" and phase != "PHASE_FAILBACK")
    if phase == "PHASE_FAILBACK":
        gone = " ".join(delete.VERB.action.warning(job, Options(with_destination=True), ()))
        assert in_use in gone
        assert "way back" in " ".join(delete.VERB.action.warning(job, Options(), ()))


@every_pair
@pytest.mark.parametrize("kind", JobType)
def test_ddl_is_spoken_of_where_a_page_forbids_it(pair: str, kind: str) -> None:
    """ "Known limitations" (MySQL, Oracle, SQL Server to PostgreSQL), "Diagnose issues" (PostgreSQL,
    AlloyDB). "Supported types of backup files" (SQL Server) forbids none."""
    step = next_step(job_of(pair, "RUNNING", "FULL_DUMP", type=kind))
    assert ("DDL" in step) is (pair != "SQL Server")


def test_nobody_is_told_to_wait_where_the_job_cannot_go_on() -> None:
    """ "Diagnose issues" (MySQL): "unrecoverable, such as a lost binlog position"; a bad password is not."""
    assert restart.VERB.action is not None
    assert promote.VERB.action is not None
    for text, waits in (("Lost binlog position", False), ("Access denied for user", True)):
        job = job_of("MySQL", "FAILED", error=Fault(9, text))
        told = [
            next_step(job),
            " ".join(restart.VERB.action.warning(job, Options(), ())),
            " ".join(promote.VERB.action.warning(job, Options(), ())),
        ]
        assert ["may continue on its own" in each for each in told] == [waits] * 3


def test_a_failback_job_has_its_own_guide() -> None:
    assert "/sqlserver-to-alloydb/" in docs_url(job_of("failback"))


@pytest.mark.parametrize("phase", ["WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP"])
def test_how_long_dms_waits_for_the_writes_is_said(phase: str) -> None:
    """ "Migrate from MySQL on RDS (Aurora) without SUPERUSER privileges": about 20 minutes; it fails if the
    writes resume before the status is Full dump in progress."""
    step = next_step(job_of("MySQL", phase=phase))
    assert ("after about 20 minutes" in step) is phase.startswith("WAITING")
    assert "and not sooner: the dump would fail" in step


@pytest.mark.parametrize(
    ("provider", "sure", "perhaps"),
    [
        ("RDS", True, False),
        ("AURORA", True, False),
        ("AZURE_DATABASE", False, True),
        ("CLOUDSQL", False, False),
    ],
)
def test_who_starts_a_mysql_job_knows_that_it_may_wait(provider: str, sure: bool, perhaps: bool) -> None:
    """ "Migration job statuses" (MySQL): "For MySQL RDS or sources with no SUPERUSER privileges"."""
    assert start.VERB.action is not None
    job = job_of("MySQL", "NOT_STARTED", "", source=Endpoint("s", "MYSQL", provider))
    text = " ".join(start.VERB.action.warning(job, Options(), ()))
    assert ("Before the full dump, the job waits" in text) is sure
    assert ("If its migration user has no SUPERUSER" in text) is perhaps
    assert ("The full dump into the destination begins." in text) is (not sure)


@every_pair
@pytest.mark.parametrize("phase", ["WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP"])
def test_a_job_that_failed_before_its_dump_may_go_on_by_itself_too(pair: str, phase: str) -> None:
    """ "Diagnose issues" (MySQL): after a corrected password, "the migration job resumes automatically"."""
    step = next_step(job_of(pair, "FAILED", phase))
    assert ("and wait" in step) is (pair != "SQL Server")
    assert "until the job waits for them again" in step


@every_pair
def test_a_promotion_that_no_page_lists_is_not_advised_as_if_it_were(pair: str) -> None:
    """ "Migration job statuses" (PostgreSQL, AlloyDB, MySQL, Oracle), Failed: Promote."""
    step = next_step(job_of(pair, "FAILED"))
    assert "promote instead" in step
    assert ("the service decides whether that works" in step) is (
        pair not in (*POSTGRESQL, "MySQL", "Oracle")
    )


@pytest.mark.parametrize("phase", ["PHASE_FAILBACK", "PROMOTE_IN_PROGRESS", "PHASE_17"])
def test_a_phase_of_which_no_page_speaks_is_not_called_one_without_a_resume(phase: str) -> None:
    """REST `migrationJobs.resume` names CDC; a newer phase may be a part of it."""
    job = job_of("MySQL", "STOPPED", phase)
    assert check(Action.RESUME, job) is None
    assert "cannot resume" not in next_step(job)


@pytest.mark.parametrize("phase", ["", "PHASE_UNSPECIFIED"])
def test_a_stop_names_no_phase_that_the_service_did_not_report(phase: str) -> None:
    assert stop.VERB.action is not None
    text = " ".join(stop.VERB.action.warning(job_of("MySQL", phase=phase), Options(), ()))
    assert "does not report the job's phase" in text
    assert "UNSPECIFIED" not in text
    assert "only be deleted" not in text


def test_a_job_that_failed_in_its_promotion_or_after_is_looked_at_before_a_restart() -> None:
    """ "Promote a migration": the destination becomes a standalone primary."""
    step = next_step(job_of("MySQL", "FAILED", "PROMOTE_IN_PROGRESS"))
    assert step.startswith("Check first whether the destination is primary already")
    assert "destination is the primary" in next_step(job_of("SQL Server", "FAILED", "PHASE_FAILBACK"))
    back = caution(Action.PROMOTE, job_of("SQL Server", "RUNNING", "PHASE_FAILBACK"))
    assert "`--failback`" in back


@pytest.mark.parametrize(("path", "warned"), [("gs://dumps/old.sql", True), ("", False)])
@pytest.mark.parametrize("pair", ["MySQL", "PostgreSQL"])
def test_a_dump_made_by_hand_is_warned_of_where_there_is_one(pair: str, path: str, warned: bool) -> None:
    """ "Manage migration jobs" (MySQL), Restart: "if the dump was manually provided"."""
    assert restart.VERB.action is not None
    job = job_of(pair, "FAILED", dump_path=path)
    text = " ".join(restart.VERB.action.warning(job, Options(), ()))
    assert ("you supplied" in text and "gs://dumps/old.sql" in text) is (warned and pair == "MySQL")


@pytest.mark.parametrize(
    ("pair", "phase", "can"),
    [
        # "Manage migration jobs" (SQL Server), Stop: "You can resume, delete, or promote a stopped job".
        ("SQL Server", "READY_FOR_PROMOTE", "resumed, promoted or deleted"),
        ("not known", "READY_FOR_PROMOTE", "resumed or deleted"),
        # "Manage migration jobs" (PostgreSQL, AlloyDB), Stop, in the full dump: WAL.
        ("PostgreSQL", "FULL_DUMP", "soon: WAL piles up"),
        ("not known", "FULL_DUMP", "soon: with PostgreSQL, WAL piles up"),
        ("MySQL", "FULL_DUMP", "Restart or delete it soon."),
    ],
)
def test_what_a_stop_leads_to(pair: str, phase: str, can: str) -> None:
    assert stop.VERB.action is not None
    assert can in stop.VERB.action.effect(job_of(pair, phase=phase), Options())


@every_pair
@pytest.mark.parametrize(
    ("error", "words", "pairs"),
    [
        # "Known limitations" (PostgreSQL, AlloyDB): standard DDL is not replicated.
        ('relation "orders" does not exist', "DDL is not replicated", POSTGRESQL),
        # (Oracle, SQL Server to PostgreSQL): update the conversion workspace, and refresh the job.
        ('column "total" does not exist', "conversion workspace", TO_POSTGRESQL),
        # (PostgreSQL, AlloyDB): "UPDATE and DELETE aren't migrated for tables without primary keys".
        ("TABLES_WITH_LIMITED_SUPPORT", "updates and deletes are not", POSTGRESQL),
        ("no space left on device", "WAL", POSTGRESQL),
        # "Diagnose issues" (PostgreSQL): promote the destination instance to make it read/write.
        ("EXISTING_DATA", "become a primary first", POSTGRESQL),
        # "Diagnose issues" (AlloyDB, PostgreSQL): DDL that needs ACCESS EXCLUSIVE waits for the full dump.
        ("DDL or DML is blocked", "ACCESS EXCLUSIVE", POSTGRESQL),
        ("VERSION_INCOMPATIBILITY", "newer major version", POSTGRESQL),
        ("cleanup may have failed", "replication slots", POSTGRESQL),
        # The PostgreSQL manual, `old_snapshot_threshold` (up to version 16).
        ("snapshot too old", "old_snapshot_threshold", POSTGRESQL),
        (
            'there is no unique constraint matching given keys for referenced table "orders"',
            "an error before this one",
            POSTGRESQL,
        ),
    ],
)
def test_a_cause_helps_with_the_engines_that_it_is_about(
    pair: str, error: str, words: str, pairs: tuple[str, ...]
) -> None:
    cause = likely_cause(error, job_of(pair, "FAILED"))
    assert cause is not None
    assert (words in cause.text) is (pair in pairs)


@every_pair
@pytest.mark.parametrize(
    ("word", "pairs"),
    [
        # "Known limitations" (PostgreSQL, AlloyDB): the promotion sets the sequences.
        ("Check its sequences", POSTGRESQL),
        ("materialized views", POSTGRESQL),
        # "Configure your destination" (Oracle).
        ("foreign keys and triggers", TO_POSTGRESQL),
    ],
)
def test_what_is_left_to_do_after_a_promotion(pair: str, word: str, pairs: tuple[str, ...]) -> None:
    step = next_step(job_of(pair, "COMPLETED", ""))
    assert (word in step) is (pair in pairs)
    assert "profile" not in step, "that it goes with the job is documented for Cloud SQL only"


@pytest.mark.parametrize(
    ("state", "minutes"), [("STARTING", True), ("STOPPING", True), ("CREATING", False), ("DELETING", False)]
)
def test_how_long_a_step_takes_is_said_where_a_page_says_it(state: str, minutes: bool) -> None:
    """ "Migration job statuses": Starting takes seconds to minutes, Stopping about a minute."""
    job = job_of("PostgreSQL", state, "")
    event = Event(job.name, BORN, BORN, "stuck", after=state)
    assert ("needs minutes" in all_text(accepted(alerts.alert(event, job)))) is minutes


@pytest.mark.parametrize(("pair", "logs"), [("SQL Server", True), ("MySQL", False), ("Oracle", False)])
def test_why_a_delay_is_high(pair: str, logs: bool) -> None:
    job = job_of(pair)
    event = Event(job.name, BORN, BORN, "delayed", after="5400")
    assert ("transaction log" in all_text(accepted(alerts.alert(event, job)))) is logs


@every_pair
def test_no_word_is_doubled_and_no_name_of_a_placeholder_is_left(pair: str) -> None:
    for _, text in everything(pair):
        assert not re.search(r"\b([A-Za-z]+) \1\b", text), text
        assert not re.search(
            r"\b(?:AFTER_THE_|LOG_GROWTH|SWITCH_OVER|WHILE_STOPPED|ON_RESUMING|ALSO\b)", text
        ), text
        assert "  " not in text
