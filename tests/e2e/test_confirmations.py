"""What must be confirmed: bound to the job as it was, once, by who asked, in time; and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    ALEX,
    APPROVALS,
    DANA,
    ROLES,
    age,
    alone,
    asks,
    audit,
    ended,
    events,
    eventually,
    full,
    moment,
    policy,
    press_refused,
    private,
    request_of,
    runs_of,
    told,
)
from tests.e2e.scene import CAUGHT_UP, JSON, LOCATIONS, Scene, fresh, input_of


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path) as made:
        yield made


def add(stage: Scene, state: str = "RUNNING", phase: str | None = "CDC", **more: Any) -> str:
    job = fresh("sure")
    stage.dms.add_job(job, state=state, phase=phase, databases=["sales", "billing"], frozen=True, **more)
    return job


def destination(stage: Scene, job: str) -> JSON:
    return next(each for each in stage.dms.destinations() if each["name"].endswith(f"{job}-target"))


# ---- bound to the job as it was


CHANGES: dict[str, tuple[dict[str, str], str, str]] = {
    "state": ({"state": "FAILED"}, "FAILED", "*FAILED*"),
    "phase": ({"phase": "READY_FOR_PROMOTE"}, "READY_FOR_PROMOTE", "ready for promote"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("verb", "label"), [("promote", "Confirm promote"), ("delete", "Delete job only")])
def test_a_job_that_has_changed_is_not_touched_and_asking_again_works(
    stage: Scene, verb: str, label: str, change: str
) -> None:
    job = add(stage, **CAUGHT_UP)
    card = stage.type(f"{verb} {job}")
    fields, word, shown = CHANGES[change]
    stage.dms.set_job(job, **fields)
    stage.press(card, label)
    old = stage.shows(card, "Out of date", "RUNNING in CDC", word, "[Ask again]")
    assert f"[{label}]" not in plain(old)
    assert stage.writes(verb, job) == []
    assert events(stage, job) == ["requested", "outdated"]
    before = moment(stage)
    stage.press(old, "Ask again")
    again = stage.slack.wait_message(channel="dms", contains=[job, f"[{label}]", shown], after=before)
    # Of a job that failed nobody can know that its delay is zero.
    stage.confirm(again, label, typed=job if verb == "promote" and change == "state" else "")
    eventually(lambda: stage.writes(verb, job))
    assert ended(stage, job) == ["succeeded"]
    assert len(stage.writes(verb, job)) == 1


def test_a_job_of_the_same_name_is_another_job(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.dms.remove_job(job)
    stage.dms.add_job(job, phase="CDC", frozen=True, created_ago=5)
    stage.press(card, "Delete job only")
    stage.shows(card, "Out of date", "deleted and created anew", "[Ask again]")
    assert stage.writes("delete", job) == []


def test_a_job_that_is_gone_is_said_to_be_gone(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.dms.remove_job(job)
    stage.press(card, "Delete job only")
    shown = stage.shows(card, "Out of date", f"`{job}` no longer exists")
    assert "[Ask again]" not in plain(shown)
    assert stage.writes("delete", job) == []


def test_what_changes_while_the_view_is_open_counts(stage: Scene) -> None:
    job = add(stage, "FAILED")
    card = stage.type(f"restart {job}")
    stage.press(card, "Confirm restart")
    view = stage.slack.wait_view("dana")
    stage.dms.set_job(job, state="RUNNING")
    stage.slack.submit(view, {input_of(view): job})
    stage.shows(card, "Out of date", "FAILED", "RUNNING")
    assert stage.writes("restart", job) == []


def test_a_database_in_use_on_the_destination_is_named_before_it_goes(stage: Scene) -> None:
    job = add(stage)
    stage.dms.set_database(job, "sales", phase="PROMOTED")
    card = stage.type(f"delete {job}")
    assert "`sales` has been promoted already" in plain(card)
    assert "`billing` has been" not in plain(card)
    stage.press(card, "Delete job and destination")
    view = stage.slack.wait_view("dana")
    assert "`sales` has been promoted already" in plain(view)
    assert "*The destination goes too*" in plain(view)
    stage.slack.submit(view, {input_of(view): job})
    stage.shows(card, "✅ *Deleted*")
    failed = add(stage, "FAILED")
    stage.dms.set_database(failed, "sales", phase="PROMOTED")
    assert "`sales` has been promoted already" in plain(stage.type(f"restart {failed}"))
    over = add(stage, "COMPLETED", None)
    for database in ("sales", "billing"):
        stage.dms.set_database(over, database, phase="PROMOTED")
    assert "promoted already" not in plain(stage.type(f"delete {over}"))


@pytest.mark.parametrize("with_destination", [True, False])
def test_a_destination_that_came_into_use_meanwhile_is_not_deleted(
    stage: Scene, with_destination: bool
) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.dms.set_database(job, "sales", phase="PROMOTED")
    if not with_destination:
        stage.press(card, "Delete job only")
        stage.shows(card, "✅ *Deleted*")
        return
    stage.confirm(card, "Delete job and destination", typed=job)
    stage.shows(card, "refused", "sales", "promoted by now", "[Try again]")
    assert stage.writes("delete", job) == []


# ---- once, by who asked, in time


def test_it_works_once(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    stage.shows(card, "✅ *Deleted*", f"Asked by <@{DANA}>")
    before = moment(stage)
    stage.slack.press(card, text="Delete job only", stale=True)
    private(stage, "dana", "Nothing was done", "done already", after=before)
    assert len(stage.writes("delete", job)) == 1


def test_another_person_cannot_confirm(stage: Scene) -> None:
    job = add(stage, "FAILED")
    card = stage.type(f"restart {job}")
    press_refused(stage, card, "Confirm restart", "sam", "Only", f"<@{DANA}>", "You can ask yourself")
    assert stage.slack.views("sam") == []
    deletion = stage.type(f"delete {job}")
    press_refused(stage, deletion, "Delete job only", "alex", "Only", f"<@{DANA}>")
    assert "confirmed" not in events(stage, job)


def test_it_expires(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    request = request_of(stage, job)
    assert (request.expires - request.created).total_seconds() == 900
    age(stage, request, 901)
    before = moment(stage)
    stage.slack.press(card, text="Delete job only", stale=True)
    private(stage, "dana", "expired", after=before)
    old = stage.shows(card, "Expired", "[Ask again]")
    assert stage.writes("delete", job) == []
    stage.press(old, "Ask again")
    again = stage.slack.wait_message(channel="dms", contains=[job, "[Delete job only]"], after=before)
    stage.press(again, "Delete job only")
    stage.shows(again, "✅ *Deleted*")


def test_it_expires_under_an_open_view(stage: Scene) -> None:
    job = add(stage, "FAILED")
    stage.press(stage.type(f"restart {job}"), "Confirm restart")
    view = stage.slack.wait_view("dana")
    age(stage, request_of(stage, job), 901)
    answer = stage.slack.submit(view, {input_of(view): job})
    assert "expired" in str(answer["errors"])
    assert stage.writes("restart", job) == []


def test_cancelling_ends_it(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.press(card, "Cancel")
    shown = stage.shows(card, "Cancelled", f"<@{DANA}>")
    assert "[Delete" not in plain(shown)
    before = moment(stage)
    stage.slack.press(card, text="Delete job only", stale=True)
    private(stage, "dana", "this request is cancelled", after=before)
    assert told(stage, job) == [("requested", DANA), ("cancelled", DANA)]


# ---- typed


def test_the_id_must_be_typed_exactly(stage: Scene) -> None:
    job = add(stage, "FAILED")
    card = stage.type(f"restart {job}")
    stage.press(card, "Confirm restart")
    view = stage.slack.wait_view("dana", job)
    for wrong in ("orders", job.upper(), f"{job}x", "yes"):
        answer = stage.slack.submit(view, {input_of(view): wrong})
        assert f"Type {job} exactly" in str(answer["errors"]), wrong
    assert stage.writes("restart", job) == []
    stage.slack.submit(view, {input_of(view): f" {job} "})
    stage.shows(card, "✅ *Restarted*", job)
    assert len(stage.writes("restart", job)) == 1


@pytest.mark.parametrize("with_destination", [False, True])
def test_a_deletion_takes_what_was_chosen(stage: Scene, with_destination: bool) -> None:
    job = add(stage)
    assert destination(stage, job)["exists"]
    card = stage.type(f"delete {job}")
    for word in ("sales", "billing", "connection profile", f"{job}-target", "[Delete job and destination]"):
        assert word in plain(card)
    if with_destination:
        stage.confirm(card, "Delete job and destination", typed=job)
    else:
        stage.confirm(card, "Delete job only")
    shown = plain(stage.shows(card, "✅ *Deleted*"))
    assert ("The destination goes, too, with all its data." in shown) is with_destination
    assert ("The destination stays" in shown) is not with_destination
    stage.dms.clock(advance_seconds=60)
    assert full(job) not in stage.dms.jobs()
    gone = [
        each for each in stage.dms.destinations() if each["name"].endswith(f"{job}-target") and each["exists"]
    ]
    assert (gone == []) is with_destination
    call = stage.writes("delete", job)[0]["request"]
    assert bool(call.get("force")) is with_destination
    assert len(call["request_id"]) == 36
    details = {entry.event: entry.detail for entry in audit(stage, job)}
    assert details["confirmed"] == details["calling"] == ("with destination" if with_destination else "")


def test_that_the_destination_goes_is_said_wherever_it_is_asked(stage: Scene) -> None:
    job = add(stage)
    card = plain(stage.type(f"delete {job} --with-destination"))
    assert f"asks to *delete* `{job}` and the destination." in card
    assert card.count("with all its data") == 1
    listed = plain(stage.type("approvals"))
    assert f"*Delete* `{job}` (RUNNING · CDC) and the destination, asked by" in listed


def test_of_a_completed_job_only_the_record_goes(stage: Scene) -> None:
    job = add(stage, "COMPLETED", None)
    card = stage.type(f"delete {job}")
    assert "Only the record" in plain(card)
    assert "destination]" not in plain(card)
    stage.press(card, "Confirm delete")
    stage.shows(card, "✅ *Deleted*")
    assert destination(stage, job)["exists"]


# ---- what comes of it


def test_the_message_follows_the_operation_to_its_end(stage: Scene) -> None:
    job = add(stage)
    stage.dms.operation_seconds(1_000_000)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    going = stage.shows(card, "⏳ Delete", "running", "operation", f"Asked by <@{DANA}>")
    assert "[Delete job only]" not in plain(going)
    stage.dms.clock(advance_seconds=2_000_000)
    stage.shows(card, "✅ *Deleted*", " in ")


def test_a_long_operation_that_cannot_be_read_once_is_followed_on(stage: Scene) -> None:
    job = add(stage)
    stage.dms.operation_seconds(1_000_000)
    card = stage.shows(stage.type(f"stop {job}"), "running since")
    (run,) = runs_of(stage, job)
    called = datetime.now(UTC) - timedelta(hours=2)
    assert stage.bot.store.move_run(run.id, [run.state], run.state, called=called)
    reads = len(stage.dms.calls("GetOperation"))
    stage.dms.fault("GetOperation", "PERMISSION_DENIED")
    eventually(lambda: len(stage.dms.calls("GetOperation")) > reads + 2)
    assert [str(run.state) for run in runs_of(stage, job)] == ["following"]
    stage.dms.operation_seconds(6)
    stage.dms.clock(advance_seconds=1_000_000)
    stage.shows(card, "✅ *Stopped*")


def test_a_failed_operation_gives_the_services_reason(stage: Scene) -> None:
    job = add(stage)
    stage.dms.operation_outcome(job, "stop", "INTERNAL", "replication slot <main> & more is busy")
    card = stage.type(f"stop {job}")
    shown = plain(stage.shows(card, "🔴", "failed", "[Try again]"))
    assert "replication slot &lt;main&gt; &amp; more is busy" in shown
    assert events(stage, job)[-1] == "failed"
    stage.press(stage.shows(card, "[Try again]"), "Try again")
    eventually(lambda: len(runs_of(stage, job)) == 2)
    assert ended(stage, job) == ["failed", "succeeded"]


def test_a_refusal_gives_the_services_reason(stage: Scene) -> None:
    job = add(stage)
    stage.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", message="the source is being patched")
    card = stage.type(f"stop {job}")
    stage.shows(card, "refused, nothing was changed", "the source is being patched")
    assert len(stage.writes("stop", job)) == 1


def test_a_failed_verification_lists_what_is_wrong(stage: Scene) -> None:
    job = add(stage)
    stage.dms.operation_outcome(
        job,
        "verify",
        "FAILED_PRECONDITION",
        "The job cannot be verified.",
        [
            {
                "error_code": "INVALID_WAL_LEVEL",
                "error_message": "wal_level must be logical",
                "error_detail_message": "it is replica",
            },
            {"error_code": "UNSUPPORTED_GTID_MODE", "error_message": "gtid_mode is off"},
        ],
    )
    card = stage.type(f"verify {job}")
    shown = plain(stage.shows(card, "🔴", "failed"))
    for word in ("wal_level must be logical", "it is replica", "gtid_mode is off"):
        assert word in shown
    assert "wal_level" in audit(stage, job)[-1].detail


# ---- when the answer is not known

WITHOUT_ID = {
    "start": ("NOT_STARTED", None, ""),
    "stop": ("RUNNING", "CDC", ""),
    "resume": ("STOPPED", "CDC", ""),
    "restart": ("FAILED", "CDC", "Confirm restart"),
    "promote": ("RUNNING", "CDC", "Confirm promote"),
    "verify": ("RUNNING", "CDC", ""),
}


def all_of_them(stage: Scene, kind: str, *, after_apply: bool) -> dict[str, str]:
    """Every action without a `request_id`, each on a job of its own, with a call that goes wrong.

    Each is asked for in another channel where there is one: a channel takes one message a second.
    """
    jobs = {verb: add(stage, state, phase, **CAUGHT_UP) for verb, (state, phase, _) in WITHOUT_ID.items()}
    channels = dict(zip(jobs, ("dms", "db-migrations", "db-leads", "general", APPROVALS, "dms"), strict=True))
    for verb, job in jobs.items():
        stage.dms.fault(f"{verb.capitalize()}MigrationJob", kind, after_apply=after_apply)
        stage.slack.command(f"{verb} {job}", channel=channels[verb])
        label = WITHOUT_ID[verb][2]
        if label:
            card = stage.slack.wait_message(channel=channels[verb], contains=[job, f"[{label}]"])
            stage.confirm(card, label, typed=job if verb == "restart" else "")
    return jobs


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "DISCONNECT"])
def test_a_call_that_was_applied_is_found_and_never_repeated(stage: Scene, kind: str) -> None:
    for verb, job in all_of_them(stage, kind, after_apply=True).items():
        assert ended(stage, job) == ["succeeded"], verb
        assert len(stage.writes(verb, job)) == 1
        assert events(stage, job)[-3:] == ["calling", "accepted", "succeeded"]


def test_a_call_that_was_lost_is_unclear_and_never_repeated(stage: Scene) -> None:
    jobs = all_of_them(stage, "DISCONNECT", after_apply=False)
    for verb, job in jobs.items():
        assert ended(stage, job) == ["unclear"], verb
        assert len(stage.writes(verb, job)) == 1
        assert events(stage, job)[-1] == "unclear"
    for job in jobs.values():
        words = ("unclear", "It is not known whether it was applied", "look at it before trying again")
        stage.slack.wait_message(contains=[job, *words])


def test_the_operation_of_somebody_else_is_not_taken_for_ours(stage: Scene) -> None:
    """Our own earlier stop of the same job is no proof that the later one arrived."""
    job = add(stage)
    stage.shows(stage.type(f"stop {job}"), "✅ *Stopped*")
    stage.shows(stage.type(f"resume {job}"), "✅ *Resumed*")
    stage.dms.fault("StopMigrationJob", "DISCONNECT")
    card = stage.type(f"stop {job}")
    stage.shows(card, "It is not known whether it was applied")
    assert [str(run.state) for run in runs_of(stage, job)] == ["succeeded", "succeeded", "unclear"]
    assert len(stage.writes("stop", job)) == 2


def test_what_was_begun_elsewhere_before_the_call_is_not_taken_for_ours(stage: Scene) -> None:
    """The service's clock and ours may differ, so its own word on the job tells what came before."""
    job = add(stage)
    dms = stage.bot.dms
    dms.stop(dms.get_job(full(job)))
    eventually(lambda: dms.get_job(full(job)).state == "STOPPED")
    dms.resume(dms.get_job(full(job)), skip_validation=False)
    eventually(lambda: dms.get_job(full(job)).state == "RUNNING")
    stage.dms.fault("StopMigrationJob", "DISCONNECT")
    card = stage.type(f"stop {job}")
    stage.shows(card, "It is not known whether it was applied")


@pytest.mark.parametrize(("times", "after_apply"), [(1, True), (4, False)])
def test_a_deletion_is_repeated_under_the_same_id(stage: Scene, times: int, after_apply: bool) -> None:
    job = add(stage)
    stage.dms.fault("DeleteMigrationJob", "UNAVAILABLE", times=times, after_apply=after_apply)
    card = stage.type(f"delete {job}")
    stage.confirm(card, "Delete job and destination", typed=job)
    stage.shows(card, "✅ *Deleted*")
    calls = stage.writes("delete", job)
    assert 1 < len(calls) <= times + 1
    assert len({call["request"]["request_id"] for call in calls}) == 1
    assert events(stage, job).count("calling") == 1
    assert runs_of(stage, job)[0].call_id == calls[0]["request"]["request_id"]


def test_a_deletion_that_never_arrives_is_unclear(stage: Scene) -> None:
    job = add(stage)
    stage.dms.fault("DeleteMigrationJob", "UNAVAILABLE", times=None)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    stage.shows(card, "It is not known whether it was applied", timeout=30)
    assert len({call["request"]["request_id"] for call in stage.writes("delete", job)}) == 1
    assert full(job) in stage.dms.jobs()


# ---- stopping first


def dumping(stage: Scene) -> tuple[str, JSON]:
    """A job in its full dump that is to be stopped and restarted."""
    job = add(stage, "RUNNING", "FULL_DUMP")
    card = stage.type(f"restart {job} --stop-first")
    assert "stopped first" in plain(card)
    return job, card


def test_stopping_first_makes_two_calls(stage: Scene) -> None:
    job, card = dumping(stage)
    stage.confirm(card, "Confirm restart", typed=job)
    stage.shows(card, "✅ *Restarted*")
    assert (len(stage.writes("stop", job)), len(stage.writes("restart", job))) == (1, 1)
    assert events(stage, job)[2:] == ["calling", "accepted", "stopped", "calling", "accepted", "succeeded"]


@pytest.mark.parametrize("lost", ["stop", "restart"])
def test_a_lost_call_of_the_two_is_not_taken_for_the_other(stage: Scene, lost: str) -> None:
    job, card = dumping(stage)
    stage.dms.fault(f"{lost.capitalize()}MigrationJob", "DISCONNECT")
    stage.confirm(card, "Confirm restart", typed=job)
    stage.shows(card, "It is not known whether it was applied")
    assert ended(stage, job) == ["unclear"]
    assert len(stage.writes("stop", job)) == 1
    assert len(stage.writes("restart", job)) == (1 if lost == "restart" else 0)


@pytest.mark.parametrize("kept", ["stop", "restart"])
def test_each_of_the_two_is_found_where_its_answer_was_lost(stage: Scene, kept: str) -> None:
    job, card = dumping(stage)
    stage.dms.fault(f"{kept.capitalize()}MigrationJob", "DISCONNECT", after_apply=True)
    stage.confirm(card, "Confirm restart", typed=job)
    stage.shows(card, "✅ *Restarted*")
    assert (len(stage.writes("stop", job)), len(stage.writes("restart", job))) == (1, 1)


def test_a_stop_that_fails_restarts_nothing(stage: Scene) -> None:
    job, card = dumping(stage)
    stage.dms.operation_outcome(job, "stop", "INTERNAL", "busy")
    stage.confirm(card, "Confirm restart", typed=job)
    stage.shows(card, "could not be stopped, so the restart was not sent", "busy")
    assert stage.writes("restart", job) == []


# ---- forged


def forged(stage: Scene, payload: JSON, number: int, **changes: str) -> None:
    """Deliver a press once more, altered, with a trigger of its own."""
    made = deepcopy(payload)
    made["trigger_id"] = f"{number}.forged"
    made.pop("response_url")  # it works five times only
    made["actions"][0].update({key: value for key, value in changes.items() if key in ("value", "action_id")})
    if "user" in changes:
        made["user"]["id"] = changes["user"]
    if "team" in changes:
        made["team"]["id"] = made["user"]["team_id"] = changes["team"]
    assert [each["ok"] for each in stage.slack.raw_deliver(made)] == [True]


def test_forged_presses_do_nothing(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path, policy_file=policy(tmp_path)) as stage:
        job, other = add(stage), add(stage, "FAILED")
        card = stage.type(f"delete {job}")
        unconfirmed = stage.type(f"restart {other}")
        stage.press(card, "Delete job only")
        ask = asks(stage, job)
        stage.slack.press(ask, text="Approve", user="riley")
        stage.slack.wait_message(user="riley", contains="You may not approve")
        payload = stage.slack.deliveries("interactive")[-1]["payload"]
        open_, confirming = request_of(stage, job).id, request_of(stage, other).id
        tries: list[dict[str, str]] = [
            {"user": ALEX, "value": "no-such-id"},
            {"user": ALEX, "value": ""},
            {"user": ALEX, "value": open_[:-1]},
            {"user": ALEX, "value": open_, "team": "T0OTHERTEAM"},
            {"user": DANA, "value": open_},
            {"user": ALEX, "value": confirming},
            {"user": ALEX, "value": confirming, "action_id": "dms:restart:confirm"},
            {"user": DANA, "value": confirming, "action_id": "dms:restart:confirm", "team": "T0OTHERTEAM"},
            {"user": ALEX, "value": open_, "action_id": "dms:delete:confirm_destination"},
            {"user": ALEX, "value": open_, "action_id": "dms:delete:run"},
            {"user": ALEX, "value": open_, "action_id": "dms:nothing:approve"},
            {"user": DANA, "value": open_, "action_id": "dms:delete:again", "team": "T0OTHERTEAM"},
            {"user": DANA, "value": open_, "action_id": "dms:delete:retry", "team": "T0OTHERTEAM"},
            {"user": ALEX, "value": open_, "action_id": "dms:delete:cancel", "team": "T0OTHERTEAM"},
        ]
        for number, changes in enumerate(tries):
            forged(stage, payload, number, **changes)
        eventually(lambda: len(answers(stage)) >= len(tries) - 1)
        assert events(stage, job) == ["requested", "confirmed"]
        assert events(stage, other) == ["requested"]
        assert (request_of(stage, job).state, request_of(stage, other).state) == ("approving", "confirming")
        assert stage.writes("delete", job) == stage.writes("restart", other) == []
        stage.press(unconfirmed, "Cancel")
        stage.press(ask, "Approve", "alex")
        stage.shows(card, "✅ *Deleted*")
        assert len(stage.writes("delete", job)) == 1


def answers(stage: Scene) -> list[JSON]:
    return [message for message in stage.slack.messages() if message.get("ephemeral_for")]


def test_a_forged_view_confirms_nothing(stage: Scene) -> None:
    job = add(stage, "FAILED")
    stage.press(stage.type(f"restart {job}"), "Confirm restart")
    view = stage.slack.wait_view("dana")
    stage.slack.submit(view, {input_of(view): "wrong"})
    payload = stage.slack.deliveries("interactive")[-1]["payload"]
    values = payload["view"]["state"]["values"]
    for block in values.values():
        for element in block.values():
            element["value"] = job
    for number, (user, team) in enumerate([("U0SAM00001", ""), (DANA, "T0OTHERTEAM")]):
        made = deepcopy(payload)
        made["trigger_id"] = f"{number}.view"
        made["user"]["id"] = user
        if team:
            made["team"]["id"] = made["user"]["team_id"] = team
        answer = stage.slack.raw_deliver(made)[0]
        assert "errors" in str(answer["ack"]), answer
    assert stage.writes("restart", job) == []
    assert events(stage, job) == ["requested"]


def test_who_loses_their_role_confirms_nothing(slack: SlackServer, tmp_path: Path) -> None:
    """A role that comes from a channel holds where the request was made, not wherever one presses."""
    rules = ROLES + '[[rule]]\nverbs = ["delete"]\nallow = ["C0DMSAPPRV"]\napprovals = 0\n'
    with alone(slack, tmp_path, policy_file=policy(tmp_path, rules)) as stage:
        job = add(stage)
        assert "You may not use `delete`" in plain(stage.type(f"delete {job}"))
        card = stage.type(f"delete {job}", channel="dms-approvals")
        stage.press(card, "Delete job only")
        stage.shows(card, "✅ *Deleted*")


def test_a_guest_only_looks_where_the_policy_is_open(stage: Scene) -> None:
    job = add(stage)
    looked = len(stage.slack.calls("users.info"))
    card = plain(stage.type(f"show {job}", user="quinn"))
    assert "Not offered to you: *stop*" in card
    assert "[Stop]" not in card
    for line in (f"stop {job}", f"delete {job}"):
        assert "may only look here" in plain(stage.type(line, user="quinn"))
    assert len(stage.slack.calls("users.info")) == looked + 1
    assert events(stage, job) == []


# ---- two jobs of one id


def twins(stage: Scene, state: str) -> tuple[str, str]:
    """One id at two locations, and how the second is to be named."""
    job = add(stage, state)
    here, there = LOCATIONS
    stage.dms.add_job(job, location=there, state="RUNNING", phase="CDC", frozen=True)
    wanted = {full(job, here), full(job, there)}
    eventually(lambda: wanted <= set(stage.bot.store.known_names()))
    return job, f"{here}/{job}"


def test_of_two_jobs_of_one_id_the_location_is_typed_too(stage: Scene) -> None:
    job, named = twins(stage, "FAILED")
    card = stage.type(f"restart {named}")
    for words in (f"Restart {named}?", f"`{named}`", "type the job's location and id"):
        assert words in plain(card)
    assert f"`{named}`" in plain(stage.type("approvals"))
    stage.press(card, "Confirm restart")
    view = stage.slack.wait_view("dana", named)
    assert f"Type {named} exactly" in str(stage.slack.submit(view, {input_of(view): job})["errors"])
    stage.slack.submit(view, {input_of(view): named})
    stage.shows(card, "✅ *Restarted*", f"`{named}`")
    assert f"of `{named}`" in plain(stage.type("history"))
    assert f"History of {named}" in plain(stage.type(f"history {named}"))
    assert [call["request"]["name"] for call in stage.writes("restart", job)] == [full(job)]


def test_groups_and_home_tell_two_jobs_of_one_id_apart(stage: Scene) -> None:
    job, named = twins(stage, "FAILED")
    groups = plain(stage.type(f"stop {named} {LOCATIONS[1]}/{job}"))
    assert f"`{named}`" in groups
    assert f"`{LOCATIONS[1]}/{job}`" in groups
    stage.slack.open_home("dana")
    stage.slack.wait_home("dana", contains=[f"`{named}`", f"`{LOCATIONS[1]}/{job}`"])
