"""The action table of the DMS documentation, written down a second time and held against the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dms.model import Database, Endpoint, Fault, Job, ObjectId, ObjectsConfig, Options
from bot.dms.rules import (
    BULK,
    DESTRUCTIVE,
    Action,
    affected,
    allowed,
    check,
    is_unlisted,
    running_dump,
    unpromotable,
)
from tests.jobs import a_job

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
CHANGING = ("CREATING", "STARTING", "STOPPING", "RESUMING", "RESTARTING", "UPDATING", "DELETING")
BEFORE_CDC = ("WAITING_FOR_SOURCE_WRITES_TO_STOP", "PREPARING_THE_DUMP", "FULL_DUMP")

STATUS_PAGE = (
    # "Migration job statuses": status (API state), possible substatus (API phase), possible user actions.
    # The PostgreSQL, MySQL, SQL Server and Oracle guides agree in these rows, as far as they have them.
    ("NOT_STARTED", "PHASE_UNSPECIFIED", {"start", "delete"}),
    ("STARTING", "PHASE_UNSPECIFIED", {"delete"}),
    ("STARTING", "WAITING_FOR_SOURCE_WRITES_TO_STOP", {"delete"}),
    ("RUNNING", "FULL_DUMP", {"stop", "delete"}),
    ("RUNNING", "CDC", {"stop", "promote", "delete"}),
    ("RUNNING", "WAITING_FOR_SOURCE_WRITES_TO_STOP", {"stop", "delete"}),  # MySQL
    ("RUNNING", "PREPARING_THE_DUMP", {"stop", "delete"}),  # MySQL
    ("RUNNING", "PROMOTE_IN_PROGRESS", {"delete"}),  # "Promote a migration": cannot be stopped or undone
    ("COMPLETED", "PHASE_UNSPECIFIED", {"delete"}),
    ("FAILED", "FULL_DUMP", {"restart", "delete"}),
    ("RESTARTING", "PHASE_UNSPECIFIED", {"delete"}),
    ("RESTARTING", "FULL_DUMP", {"delete"}),
    ("RESUMING", "CDC", {"delete"}),
    ("STOPPING", "FULL_DUMP", {"delete"}),
    ("STOPPING", "CDC", {"delete"}),
    ("STOPPED", "FULL_DUMP", {"restart", "delete"}),  # "Manage migration jobs" (MySQL)
    ("STOPPED", "CDC", {"resume", "promote", "delete"}),
)
"""Verify is not on that page, and REST `migrationJobs.verify` names no state that it needs."""
RUNNING_WITH_ERRORS = {"stop", "restart", "promote", "delete"}
"""The row "Running with errors" of the AlloyDB, PostgreSQL, SQL Server and Oracle guides, substatus CDC or
incremental load: "Stop. Restart. Promote". It lists no Delete, but its API state is RUNNING, where Delete is
listed. MySQL has no such row."""


def expected(action: str, state: str, phase: str, kind: str) -> bool:
    """Whether a typed action is sent."""
    match action:
        case "start":
            # "Manage migration jobs", all guides: "jobs that aren't in the Running or Starting state".
            # Changing states come to their end first; "Migration job statuses" lists only Delete for them.
            return state not in ("RUNNING", "DELETED", *CHANGING)
        case "stop":
            return state == "RUNNING" and phase != "PROMOTE_IN_PROGRESS"
        case "resume":
            return state == "STOPPED" and phase in ("CDC", "READY_FOR_PROMOTE")
        case "restart":
            # REST `migrationJobs.restart`: "Restart a stopped or failed migration job".
            return state in ("FAILED", "STOPPED")
        case "promote":
            ready = {
                ("RUNNING", "CDC"),
                ("RUNNING", "READY_FOR_PROMOTE"),
                ("STOPPED", "CDC"),
                # "Migration job statuses": Failed: Restart. Delete. Promote.
                ("FAILED", "CDC"),
            }
            return kind == "CONTINUOUS" and (state, phase) in ready
        case "delete":
            return state not in ("DELETING", "DELETED")
        case "verify" | "edit":
            return state != "DELETED"
    raise AssertionError(action)


def offered(action: str, state: str, phase: str, kind: str) -> bool:
    """Whether a button offers it: where "Migration job statuses" lists it, or "Manage migration jobs" (MySQL)
    for a job that was stopped in the full dump."""
    if action == "start":
        return state == "NOT_STARTED"
    if action == "restart" and state == "STOPPED":
        return phase in BEFORE_CDC
    return expected(action, state, phase, kind)


def job_in(state: str, phase: str = "PHASE_UNSPECIFIED", kind: str = "CONTINUOUS") -> Job:
    return a_job(state=state, phase=phase, type=kind)


def a_database(name: str, state: str) -> Database:
    return Database(name=f"objects/{name}", id=ObjectId(name), state=state)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", list(Action))
def test_every_action_in_every_state_and_phase(action: Action, state: str, kind: str) -> None:
    for phase in PHASES:
        job = job_in(state, phase, kind)
        refusal = check(action, job)
        assert (refusal is None) == expected(str(action), state, phase, kind), (phase, str(refusal))
        assert (action in allowed(job)) == offered(str(action), state, phase, kind), phase
        unlisted = refusal is None and is_unlisted(action, job)
        assert unlisted == (refusal is None and action not in allowed(job)), phase


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("state", STATES)
def test_a_refusal_names_the_job_and_what_is_possible_instead(state: str, kind: str) -> None:
    for phase in PHASES:
        job = job_in(state, phase, kind)
        possible = [each for each in Action if offered(str(each), state, phase, kind)]
        assert list(allowed(job)) == possible
        for action in [each for each in Action if not expected(str(each), state, phase, kind)]:
            refusal = check(action, job)
            assert refusal is not None
            assert refusal.action is action
            assert "`orders-db`" in refusal.reason
            assert list(refusal.instead) == possible
            nothing = "any more." if state == "DELETED" else "until that changes."
            ending = f"Possible now: {', '.join(possible)}." if possible else nothing
            assert str(refusal).endswith(ending)


@pytest.mark.parametrize(("state", "phase", "actions"), STATUS_PAGE)
def test_what_the_status_page_lists_is_what_may_be_sent(state: str, phase: str, actions: set[str]) -> None:
    found = {str(each) for each in allowed(job_in(state, phase))}
    assert found - {"verify", "edit"} == actions
    assert "verify" in found


def test_what_the_status_page_lists_for_running_with_errors() -> None:
    job, databases = job_in("RUNNING", "CDC"), (a_database("a", "RUNNING"), a_database("b", "FAILED"))
    assert {str(each) for each in allowed(job, databases)} - {"verify", "edit"} == RUNNING_WITH_ERRORS
    # REST documents `error` for FAILED alone; whichever of the two shows the errors, all of these are sent.
    for faulty, found in ((job, databases), (replace(job, error=Fault(9, "broken")), databases[:1])):
        sent = {str(each) for each in Action if check(each, faulty, Options(), found) is None}
        assert sent - {"verify", "edit"} == RUNNING_WITH_ERRORS


@pytest.mark.parametrize("action", ["start", "stop", "resume", "restart", "promote"])
@pytest.mark.parametrize("state", CHANGING)
def test_a_changing_job_says_to_wait_and_what_can_be_done_meanwhile(action: str, state: str) -> None:
    refusal = check(Action(action), job_in(state, "CDC"))
    assert refusal is not None
    assert state in refusal.reason
    assert "wait until that has ended" in refusal.reason
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
    assert "FULL_DUMP" in refusal.reason
    assert refusal.instead == (Action.RESTART, Action.VERIFY, Action.EDIT, Action.DELETE)


@pytest.mark.parametrize("phase", PHASES)
def test_only_a_stopped_dump_is_called_incomplete(phase: str) -> None:
    refusal = check(Action.RESUME, job_in("STOPPED", phase))
    said = "" if refusal is None else refusal.reason
    assert ("incomplete" in said) == (phase == "FULL_DUMP")
    assert ("only a job stopped in CDC can resume" in said) == (phase not in ("CDC", "READY_FOR_PROMOTE"))


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
        assert Action.RESTART in allowed(job, self.databases)

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
        assert "--stop-first` stops it and begins its full dump anew" in refusal.reason

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
        (Action.EDIT, "STOPPED", Options(parallelism="MAX"), "edit of its databases"),
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


class TestEdit:
    @pytest.mark.parametrize("state", [each for each in STATES if each != "DELETED"])
    def test_parallelism_only_while_running(self, state: str) -> None:
        refusal = check(Action.EDIT, job_in(state), Options(parallelism="MAX"))
        assert (refusal is None) == (state == "RUNNING")
        if refusal is not None:
            assert "RUNNING" in refusal.reason

    @pytest.mark.parametrize("state", [each for each in STATES if each != "DELETED"])
    @pytest.mark.parametrize("options", [Options(), Options(objects=ObjectsConfig())])
    def test_databases_of_a_mysql_job_only_while_it_does_not_run(self, state: str, options: Options) -> None:
        # "Manage migration jobs" (MySQL): "the job must be in the Not started, Stopped, or Failed state";
        # gcloud `migration-jobs update`: everything of a draft can be changed.
        job = replace(job_in(state), source=Endpoint("s", "MYSQL"))
        refusal = check(Action.EDIT, job, options)
        assert (refusal is None) == (state in ("DRAFT", "NOT_STARTED", "STOPPED", "FAILED"))
        assert (Action.EDIT in allowed(job)) == (refusal is None)
        if refusal is not None:
            assert "NOT_STARTED, STOPPED or FAILED" in refusal.reason
            assert Action.EDIT not in refusal.instead

    def test_dump_parallelism_of_a_running_mysql_job_is_for_the_service_to_judge(self) -> None:
        job = replace(job_in("RUNNING"), source=Endpoint("s", "MYSQL"))
        assert check(Action.EDIT, job, Options(parallelism="MAX")) is None
        both = Options(parallelism="MAX", objects=ObjectsConfig())
        assert check(Action.EDIT, job, both) is not None


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
    assert {str(each) for each in DESTRUCTIVE} == {"restart", "promote", "delete"}


def test_only_a_stop_in_full_dump_throws_the_dump_away() -> None:
    throwing = {(s, p) for s in STATES for p in PHASES if running_dump(job_in(s, p))}
    assert throwing == {("RUNNING", "FULL_DUMP")}


def test_stop_first_opens_the_way_from_a_running_full_dump_alone() -> None:
    options = Options(stop_first=True)
    for state in STATES:
        for phase in PHASES:
            expect = (state, phase) == ("RUNNING", "FULL_DUMP") or offered(
                "restart", state, phase, "CONTINUOUS"
            )
            assert (check(Action.RESTART, job_in(state, phase), options) is None) == expect, (state, phase)
