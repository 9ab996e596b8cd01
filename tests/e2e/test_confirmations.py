"""What must be confirmed: bound to the job as it was, once, by who asked, in time; and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import CAUGHT_UP, JSON, LOCATIONS, Env, input_of, steps
from tests.e2e.helpers import (
    ALEX,
    APPROVALS,
    DANA,
    ROLES,
    age,
    asks,
    audit,
    audit_events,
    card_for,
    ended,
    events,
    full,
    moment,
    policy,
    press_refused,
    private,
    request_of,
    runs_of,
    single_bot,
)
from tests.methods import METHODS
from tests.waiting import until


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path) as made:
        yield made


def add(env: Env, state: str = "RUNNING", phase: str | None = "CDC", **more: Any) -> str:
    return env.add_job("sure", state=state, phase=phase, databases=["sales", "billing"], **more)


def destination(env: Env, job: str) -> JSON:
    return next(each for each in env.dms.destinations() if each["name"].endswith(f"{job}-target"))


# ---- bound to the job as it was


CHANGES: dict[str, tuple[dict[str, str], str, str]] = {
    "state": ({"state": "FAILED"}, "is failed", "*Failed*"),
    "phase": ({"phase": "READY_FOR_PROMOTE"}, "is running · ready for promote", "ready for promote"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("verb", ["promote", "delete"])
def test_a_job_that_has_changed_is_not_touched_and_asking_again_works(
    env: Env, verb: str, change: str
) -> None:
    job = add(env, **CAUGHT_UP)
    card = env.type(f"{verb} {job}")
    fields, word, shown = CHANGES[change]
    env.dms.set_job(job, **fields)
    env.press(card, "confirm")
    old = env.shows_as(card, "outdated", "running · CDC", word, "[Ask again]")
    assert "confirm" not in steps(old)
    assert env.writes(verb, job) == []
    assert events(env, job) == ["requested", "outdated"]
    before = moment(env)
    env.press(old, "Ask again")
    again = card_for(env, job, shown, after=before)
    # Of a job that failed nobody can know that its delay is zero.
    env.confirm(again, typed=job if verb == "promote" and change == "state" else "")
    until(lambda: env.writes(verb, job))
    assert ended(env, job) == ["succeeded"]
    assert len(env.writes(verb, job)) == 1


def test_a_job_of_the_same_name_is_another_job(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.dms.remove_job(job)
    env.dms.add_job(job, phase="CDC", frozen=True, created_ago=5)
    env.press(card, "confirm")
    env.shows_as(card, "outdated", "deleted and created again", "[Ask again]")
    assert env.writes("delete", job) == []


def test_a_job_that_is_gone_is_said_to_be_gone(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.dms.remove_job(job)
    env.press(card, "confirm")
    shown = env.shows_as(card, "outdated", f"`{job}` no longer exists")
    assert "[Ask again]" not in plain(shown)
    assert env.writes("delete", job) == []


def test_what_changes_while_the_view_is_open_counts(env: Env) -> None:
    job = add(env, "FAILED")
    card = env.type(f"restart {job}")
    env.press(card, "confirm")
    view = env.slack.wait_view("dana")
    env.dms.set_job(job, state="RUNNING")
    env.slack.submit(view, {input_of(view): job})
    env.shows_as(card, "outdated", "failed", "running")
    assert env.writes("restart", job) == []


def test_a_database_in_use_on_the_destination_is_named_before_it_goes(env: Env) -> None:
    job = add(env)
    env.dms.set_database(job, "sales", phase="PROMOTED")
    card = env.type(f"delete {job}")
    assert "`sales` has been promoted already" in plain(card)
    assert "`billing` has been" not in plain(card)
    env.press(card, "confirm_destination")
    view = env.slack.wait_view("dana")
    assert "`sales` has been promoted already" in plain(view)
    assert "*The destination is deleted with all its data*" in plain(view)
    env.slack.submit(view, {input_of(view): job})
    env.shows_done(card, "delete")
    failed = add(env, "FAILED")
    env.dms.set_database(failed, "sales", phase="PROMOTED")
    assert "`sales` has been promoted already" in plain(env.type(f"restart {failed}"))
    over = add(env, "COMPLETED", None)
    for database in ("sales", "billing"):
        env.dms.set_database(over, database, phase="PROMOTED")
    assert "promoted already" not in plain(env.type(f"delete {over}"))


@pytest.mark.parametrize("with_destination", [True, False])
def test_a_destination_that_came_into_use_meanwhile_is_not_deleted(env: Env, with_destination: bool) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.dms.set_database(job, "sales", phase="PROMOTED")
    if not with_destination:
        env.press(card, "confirm")
        env.shows_done(card, "delete")
        return
    env.confirm(card, "confirm_destination", typed=job)
    env.shows(card, "refused", "sales", "Promoted in the meantime", "[Try again]")
    assert env.writes("delete", job) == []


# ---- once, by who asked, in time


def test_it_works_once(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    env.shows_done(card, "delete", f"Requested by <@{DANA}>")
    before = moment(env)
    env.press(card, "confirm", stale=True)
    private(env, "dana", "Nothing was done", "done already", after=before)
    assert len(env.writes("delete", job)) == 1


def test_another_person_cannot_confirm(env: Env) -> None:
    job = add(env, "FAILED")
    card = env.type(f"restart {job}")
    press_refused(env, card, "confirm", "sam", "Only", f"<@{DANA}>", "Make your own request")
    assert env.slack.views("sam") == []
    deletion = env.type(f"delete {job}")
    press_refused(env, deletion, "confirm", "alex", "Only", f"<@{DANA}>")
    assert "confirmed" not in events(env, job)


def test_it_expires(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    request = request_of(env, job)
    assert (request.expires - request.created).total_seconds() == 900
    age(env, request, 901)
    before = moment(env)
    env.press(card, "confirm", stale=True)
    private(env, "dana", "expired", after=before)
    old = env.shows_as(card, "expired", "[Ask again]")
    assert env.writes("delete", job) == []
    env.press(old, "Ask again")
    again = card_for(env, job, after=before)
    env.press(again, "confirm")
    env.shows_done(again, "delete")


def test_it_expires_under_an_open_view(env: Env) -> None:
    job = add(env, "FAILED")
    env.press(env.type(f"restart {job}"), "confirm")
    view = env.slack.wait_view("dana")
    age(env, request_of(env, job), 901)
    answer = env.slack.submit(view, {input_of(view): job})
    assert "expired" in str(answer["errors"])
    assert env.writes("restart", job) == []


def test_cancelling_ends_it(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.press(card, "cancel")
    shown = env.shows_as(card, "cancelled", f"<@{DANA}>")
    assert "[Delete" not in plain(shown)
    before = moment(env)
    env.press(card, "confirm", stale=True)
    private(env, "dana", "this request is cancelled", after=before)
    assert audit_events(env, job) == [("requested", DANA), ("cancelled", DANA)]


# ---- typed


def test_the_id_must_be_typed_exactly(env: Env) -> None:
    job = add(env, "FAILED")
    card = env.type(f"restart {job}")
    env.press(card, "confirm")
    view = env.slack.wait_view("dana", job)
    for wrong, said in (
        ("orders", "Character"),
        (job.upper(), "lower case"),
        (f"{job}x", "“x” too much"),
        (f"{job} ", "At the end there is a space too much"),
        (f"{job}\u200b", "ZERO WIDTH SPACE (U+200B)"),
        (f"\u202e{job}", "RIGHT-TO-LEFT OVERRIDE (U+202E)"),
    ):
        answer = env.slack.submit(view, {input_of(view): wrong})
        assert f"Type {job} exactly" in str(answer["errors"]), wrong
        assert said in str(answer["errors"]), wrong
    assert env.writes("restart", job) == []
    env.slack.submit(view, {input_of(view): job})
    env.shows_done(card, "restart", job)
    assert len(env.writes("restart", job)) == 1


@pytest.mark.parametrize("with_destination", [False, True])
def test_a_deletion_takes_what_was_chosen(env: Env, with_destination: bool) -> None:
    job = add(env)
    assert destination(env, job)["exists"]
    card = env.type(f"delete {job}")
    for word in ("sales", "billing", "connection profile", f"{job}-target", "[Delete job and destination…]"):
        assert word in plain(card)
    if with_destination:
        env.confirm(card, "confirm_destination", typed=job)
    else:
        env.confirm(card, "confirm")
    shown = plain(env.shows_done(card, "delete"))
    assert ("The destination is deleted, too, with all its data." in shown) is with_destination
    assert ("The destination stays" in shown) is not with_destination
    env.dms.clock(advance_seconds=60)
    assert full(job) not in env.dms.jobs()
    gone = [
        each for each in env.dms.destinations() if each["name"].endswith(f"{job}-target") and each["exists"]
    ]
    assert (gone == []) is with_destination
    call = env.writes("delete", job)[0]["request"]
    assert bool(call.get("force")) is with_destination
    assert len(call["request_id"]) == 36
    details = {entry.event: entry.detail for entry in audit(env, job)}
    assert details["confirmed"] == details["calling"] == ("with destination" if with_destination else "")


def test_that_the_destination_goes_is_said_wherever_it_is_asked(env: Env) -> None:
    job = add(env)
    card = plain(env.type(f"delete {job} --with-destination"))
    assert f"Delete {job} and the destination?" in card
    assert card.count("with all its data") == 1
    listed = plain(env.type("approvals"))
    assert f"*Delete* `{job}` (Running · CDC) and the destination, requested by" in listed


def test_of_a_completed_job_only_the_record_goes(env: Env) -> None:
    job = add(env, "COMPLETED", None)
    card = env.type(f"delete {job}")
    assert "Removes only the record of the job, and the destination connection profile" in plain(card)
    assert "destination]" not in plain(card)
    env.press(card, "confirm")
    env.shows_done(card, "delete")
    assert destination(env, job)["exists"]


# ---- what comes of it


def test_the_message_follows_the_operation_to_its_end(env: Env) -> None:
    job = add(env)
    env.dms.operation_seconds(1_000_000)
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    going = env.shows(card, "⏳ Delete", "deleting, began", f"Requested by <@{DANA}>")
    assert "[Delete job only]" not in plain(going)
    env.dms.clock(advance_seconds=2_000_000)
    env.shows_done(card, "delete", " in ")


def test_a_long_operation_that_cannot_be_read_once_is_followed_on(env: Env) -> None:
    job = add(env)
    env.dms.operation_seconds(1_000_000)
    card = env.shows(env.type(f"stop {job}"), "stopping, began")
    (run,) = runs_of(env, job)
    called = datetime.now(UTC) - timedelta(hours=2)
    assert env.bot.store.move_run(run.id, [run.state], run.state, called=called)
    reads = len(env.dms.calls("GetOperation"))
    env.dms.fault("GetOperation", "PERMISSION_DENIED")
    until(lambda: len(env.dms.calls("GetOperation")) > reads + 2)
    assert [str(run.state) for run in runs_of(env, job)] == ["following"]
    env.dms.operation_seconds(6)
    env.dms.clock(advance_seconds=1_000_000)
    env.shows_done(card, "stop")


def test_a_failed_operation_gives_the_services_reason(env: Env) -> None:
    job = add(env)
    env.dms.operation_outcome(job, "stop", "INTERNAL", "replication slot <main> & more is busy")
    card = env.type(f"stop {job}")
    shown = plain(env.shows_as(card, "failed", "failed", "[Try again]"))
    assert "replication slot &lt;main&gt; &amp; more is busy" in shown
    assert events(env, job)[-1] == "failed"
    env.press(env.shows(card, "[Try again]"), "Try again")
    until(lambda: len(runs_of(env, job)) == 2)
    assert ended(env, job) == ["failed", "succeeded"]


def test_a_refusal_gives_the_services_reason(env: Env) -> None:
    job = add(env)
    env.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", message="the source is being patched")
    card = env.type(f"stop {job}")
    env.shows(card, "refused, nothing was changed", "the source is being patched")
    assert len(env.writes("stop", job)) == 1


def test_a_failed_verification_lists_what_is_wrong(env: Env) -> None:
    job = add(env)
    env.dms.operation_outcome(
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
    card = env.type(f"verify {job}")
    shown = plain(env.shows_as(card, "failed", "failed", "Likely cause"))
    for word in ("wal_level must be logical", "it is replica", "gtid_mode is off"):
        assert word in shown
    assert shown.count("Likely cause") == 2
    assert "wal_level" in audit(env, job)[-1].detail


def test_every_finding_of_a_verification_is_shown_with_its_cause(env: Env) -> None:
    job = add(env)
    codes = [
        "CONNECTION_FAILURE",
        "AUTHENTICATION_FAILURE",
        "VERSION_INCOMPATIBILITY",
        "NO_PGLOGICAL_INSTALLED",
        "INSUFFICIENT_MAX_REPLICATION_SLOTS",
        "UNSUPPORTED_EXTENSIONS",
        "TABLES_WITH_LIMITED_SUPPORT",
    ]
    long = "x" * 300
    env.dms.operation_outcome(
        job,
        "verify",
        "FAILED_PRECONDITION",
        "The job cannot be verified.",
        [{"error_code": code, "error_message": f"{code.lower()} {long}"} for code in codes],
    )
    card = env.type(f"verify {job}")
    shown = plain(env.shows_as(card, "failed", "Likely cause", *codes))
    assert shown.count("Likely cause") == len(codes)


def test_an_action_that_fails_gets_the_advice_of_a_job_that_fails(env: Env) -> None:
    job = add(env, "NOT_STARTED")
    env.dms.operation_outcome(
        job, "start", "FAILED_PRECONDITION", "The destination instance contains existing data."
    )
    card = env.type(f"start {job}")
    shown = plain(env.shows_as(card, "failed", "contains existing data", "Likely cause"))
    assert "then verify and start" in shown


# ---- when the answer is not known

WITHOUT_ID = {
    "start": ("NOT_STARTED", None, False),
    "stop": ("RUNNING", "CDC", False),
    "resume": ("STOPPED", "CDC", False),
    "restart": ("FAILED", "CDC", True),
    "promote": ("RUNNING", "CDC", True),
    "verify": ("RUNNING", "CDC", False),
}


def all_of_them(env: Env, kind: str, *, after_apply: bool) -> dict[str, str]:
    """Every action without a `request_id`, each on a job of its own, with a call that goes wrong.

    Each is asked for in another channel where there is one: a channel takes one message a second.
    """
    jobs = {verb: add(env, state, phase, **CAUGHT_UP) for verb, (state, phase, _) in WITHOUT_ID.items()}
    channels = dict(zip(jobs, ("dms", "db-migrations", "db-leads", "general", APPROVALS, "dms"), strict=True))
    for verb, job in jobs.items():
        env.dms.fault(METHODS[verb], kind, after_apply=after_apply)
        env.slack.command(f"{verb} {job}", channel=channels[verb])
        asks_first = WITHOUT_ID[verb][2]
        if asks_first:
            card = card_for(env, job, channel=channels[verb])
            env.confirm(card, typed=job if verb == "restart" else "")
    return jobs


@pytest.mark.parametrize("kind", ["UNAVAILABLE", "DISCONNECT"])
def test_a_call_that_was_applied_is_found_and_never_repeated(env: Env, kind: str) -> None:
    for verb, job in all_of_them(env, kind, after_apply=True).items():
        assert ended(env, job) == ["succeeded"], verb
        assert len(env.writes(verb, job)) == 1
        assert events(env, job)[-3:] == ["calling", "accepted", "succeeded"]


def test_a_call_that_was_lost_is_unclear_and_never_repeated(env: Env) -> None:
    jobs = all_of_them(env, "DISCONNECT", after_apply=False)
    for verb, job in jobs.items():
        assert ended(env, job) == ["unclear"], verb
        assert len(env.writes(verb, job)) == 1
        assert events(env, job)[-1] == "unclear"
    for job in jobs.values():
        words = ("unclear", "It is not known whether it was applied", "check it before you try again")
        told = plain(env.slack.wait_message(contains=[job, *words, "[Show]"]))
        assert "[Try again]" not in told
        assert told.count("known whether") + told.count("may or may not") == 1, "it is said once"
        # In the request's message, in the reply that notifies its requester, and where the job is followed;
        # besides, the job's own message shows it.
        messages = env.slack.messages()
        about = [m for m in messages if f"`{job}`" in plain(m) and "It is not known whether" in plain(m)]
        said = [each for each in about if "*Next*" not in plain(each)]
        places = [(each["channel"], each["is_reply"]) for each in said]
        assert len(places) == len(set(places)), "once in each place"


def test_the_operation_of_somebody_else_is_not_taken_for_ours(env: Env) -> None:
    """Our own earlier stop of the same job is no proof that the later one arrived."""
    job = add(env)
    env.shows_done(env.type(f"stop {job}"), "stop")
    env.shows_done(env.type(f"resume {job}"), "resume")
    env.dms.fault("StopMigrationJob", "DISCONNECT")
    card = env.type(f"stop {job}")
    env.shows(card, "It is not known whether it was applied")
    assert [str(run.state) for run in runs_of(env, job)] == ["succeeded", "succeeded", "unclear"]
    assert len(env.writes("stop", job)) == 2


def test_what_was_begun_elsewhere_before_the_call_is_not_taken_for_ours(env: Env) -> None:
    """The service's clock and ours may differ, so its own word on the job tells what came before."""
    job = add(env)
    dms = env.bot.dms
    dms.stop(dms.get_job(full(job)))
    until(lambda: dms.get_job(full(job)).state == "STOPPED")
    dms.resume(dms.get_job(full(job)), skip_validation=False)
    until(lambda: dms.get_job(full(job)).state == "RUNNING")
    env.dms.fault("StopMigrationJob", "DISCONNECT")
    card = env.type(f"stop {job}")
    env.shows(card, "It is not known whether it was applied")


@pytest.mark.parametrize(("times", "after_apply"), [(1, True), (4, False)])
def test_a_deletion_is_repeated_under_the_same_id(env: Env, times: int, after_apply: bool) -> None:
    job = add(env)
    env.dms.fault("DeleteMigrationJob", "UNAVAILABLE", times=times, after_apply=after_apply)
    card = env.type(f"delete {job}")
    env.confirm(card, "confirm_destination", typed=job)
    env.shows_done(card, "delete")
    calls = env.writes("delete", job)
    assert 1 < len(calls) <= times + 1
    assert len({call["request"]["request_id"] for call in calls}) == 1
    assert events(env, job).count("calling") == 1
    assert runs_of(env, job)[0].call_id == calls[0]["request"]["request_id"]


def test_a_deletion_that_never_arrives_is_unclear(env: Env) -> None:
    job = add(env)
    env.dms.fault("DeleteMigrationJob", "UNAVAILABLE", times=None)
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    env.shows(card, "It is not known whether it was applied")
    assert len({call["request"]["request_id"] for call in env.writes("delete", job)}) == 1
    assert full(job) in env.dms.jobs()


# ---- stopping first


def dumping(env: Env) -> tuple[str, JSON]:
    """A job in its full dump that is to be stopped and restarted."""
    job = add(env, "RUNNING", "FULL_DUMP")
    card = env.type(f"restart {job} --stop-first")
    assert "stopped first" in plain(card)
    return job, card


def test_stopping_first_makes_two_calls(env: Env) -> None:
    job, card = dumping(env)
    env.confirm(card, typed=job)
    env.shows_done(card, "restart")
    assert (len(env.writes("stop", job)), len(env.writes("restart", job))) == (1, 1)
    assert events(env, job)[2:] == ["calling", "accepted", "stopped", "calling", "accepted", "succeeded"]


@pytest.mark.parametrize("lost", ["stop", "restart"])
def test_a_lost_call_of_the_two_is_not_taken_for_the_other(env: Env, lost: str) -> None:
    job, card = dumping(env)
    env.dms.fault(f"{lost.capitalize()}MigrationJob", "DISCONNECT")
    env.confirm(card, typed=job)
    env.shows(card, "It is not known whether it was applied")
    assert ended(env, job) == ["unclear"]
    assert len(env.writes("stop", job)) == 1
    assert len(env.writes("restart", job)) == (1 if lost == "restart" else 0)


@pytest.mark.parametrize("kept", ["stop", "restart"])
def test_each_of_the_two_is_found_where_its_answer_was_lost(env: Env, kept: str) -> None:
    job, card = dumping(env)
    env.dms.fault(f"{kept.capitalize()}MigrationJob", "DISCONNECT", after_apply=True)
    env.confirm(card, typed=job)
    env.shows_done(card, "restart")
    assert (len(env.writes("stop", job)), len(env.writes("restart", job))) == (1, 1)


def test_a_stop_that_fails_restarts_nothing(env: Env) -> None:
    job, card = dumping(env)
    env.dms.operation_outcome(job, "stop", "INTERNAL", "busy")
    env.confirm(card, typed=job)
    env.shows(card, "could not be stopped, so the restart was not sent", "busy")
    assert env.writes("restart", job) == []


# ---- forged


def forged(env: Env, payload: JSON, number: int, **changes: str) -> None:
    """Deliver a press once more, altered, with a trigger of its own."""
    made = deepcopy(payload)
    made["trigger_id"] = f"{number}.forged"
    made.pop("response_url")  # it works five times only
    made["actions"][0].update({key: value for key, value in changes.items() if key in ("value", "action_id")})
    if "user" in changes:
        made["user"]["id"] = changes["user"]
    if "team" in changes:
        made["team"]["id"] = made["user"]["team_id"] = changes["team"]
    assert [each["ok"] for each in env.slack.raw_deliver(made)] == [True]


def test_forged_presses_do_nothing(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path)) as env:
        job, other = add(env), add(env, "FAILED")
        card = env.type(f"delete {job}")
        unconfirmed = env.type(f"restart {other}")
        env.press(card, "confirm")
        ask = asks(env, job)
        env.press(ask, "approve", user="riley")
        env.slack.wait_message(user="riley", contains="You may not approve")
        payload = env.slack.deliveries("interactive")[-1]["payload"]
        open_, confirming = request_of(env, job).id, request_of(env, other).id
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
            forged(env, payload, number, **changes)
        until(lambda: len(answers(env)) >= len(tries) - 1)
        assert events(env, job) == ["requested", "confirmed"]
        assert events(env, other) == ["requested"]
        assert (request_of(env, job).state, request_of(env, other).state) == ("approving", "confirming")
        assert env.writes("delete", job) == env.writes("restart", other) == []
        env.press(unconfirmed, "cancel")
        env.press(ask, "approve", "alex")
        env.shows_done(card, "delete")
        assert len(env.writes("delete", job)) == 1


def answers(env: Env) -> list[JSON]:
    return [message for message in env.slack.messages() if message.get("ephemeral_for")]


def test_a_forged_view_confirms_nothing(env: Env) -> None:
    job = add(env, "FAILED")
    env.press(env.type(f"restart {job}"), "confirm")
    view = env.slack.wait_view("dana")
    env.slack.submit(view, {input_of(view): "wrong"})
    payload = env.slack.deliveries("interactive")[-1]["payload"]
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
        answer = env.slack.raw_deliver(made)[0]
        assert "errors" in str(answer["ack"]), answer
    assert env.writes("restart", job) == []
    assert events(env, job) == ["requested"]


def test_who_loses_their_role_confirms_nothing(slack: SlackServer, tmp_path: Path) -> None:
    """A role that comes from a channel holds where the request was made, not wherever one presses."""
    rules = ROLES + '[[rule]]\nverbs = ["delete"]\nallow = ["C0DMSAPPRV"]\napprovals = 0\n'
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, rules)) as env:
        job = add(env)
        assert "You may not use `delete`" in plain(env.type(f"delete {job}"))
        card = env.type(f"delete {job}", channel="dms-approvals")
        env.press(card, "confirm")
        env.shows_done(card, "delete")


def test_a_guest_only_looks_where_the_policy_is_open(env: Env) -> None:
    job = add(env)
    looked = len(env.slack.calls("users.info"))
    card = env.type(f"show {job}", user="quinn")
    assert "Stop" not in plain(card)
    env.press(card, "More…", user="quinn")
    assert "[Stop" not in plain(env.slack.wait_view("quinn", "Not offered to you: *stop*"))
    for line in (f"stop {job}", f"delete {job}"):
        assert "may only look here" in plain(env.type(line, user="quinn"))
    assert len(env.slack.calls("users.info")) == looked + 1
    assert events(env, job) == []


# ---- two jobs of one id


def twins(env: Env, state: str) -> tuple[str, str]:
    """One id at two locations, and how the second is to be named."""
    job = add(env, state)
    here, there = LOCATIONS
    env.dms.add_job(job, location=there, state="RUNNING", phase="CDC", frozen=True)
    wanted = {full(job, here), full(job, there)}
    until(lambda: wanted <= set(env.bot.store.known_names()))
    return job, f"{here}/{job}"


def test_of_two_jobs_of_one_id_the_location_is_typed_too(env: Env) -> None:
    job, named = twins(env, "FAILED")
    card = env.type(f"restart {named}")
    for words in (f"Restart {named}?", "type the job's location and ID"):
        assert words in plain(card)
    assert f"`{named}`" in plain(env.type("approvals"))
    env.press(card, "confirm")
    view = env.slack.wait_view("dana", named)
    assert f"Type {named} exactly" in str(env.slack.submit(view, {input_of(view): job})["errors"])
    env.slack.submit(view, {input_of(view): named})
    env.shows_done(card, "restart", f"`{named}`")
    assert f" `{named}` · " in plain(env.type("history"))
    assert f"History of {named}" in plain(env.type(f"history {named}"))
    assert [call["request"]["name"] for call in env.writes("restart", job)] == [full(job)]


def test_groups_and_home_tell_two_jobs_of_one_id_apart(env: Env) -> None:
    job, named = twins(env, "FAILED")
    groups = plain(env.type(f"stop {named} {LOCATIONS[1]}/{job}"))
    assert f"`{named}`" in groups
    assert f"`{LOCATIONS[1]}/{job}`" in groups
    env.type(f"show {LOCATIONS[1]}/{job}")
    env.home("dana", f"*`{named}`* ·", f"*`{LOCATIONS[1]}/{job}`* ·")
