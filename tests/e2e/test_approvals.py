"""Requests that others must approve: asked for, decided, taken back, reminded of, expired."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.store.records import Request
from sandbox.slack import SlackServer, pings, plain
from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.e2e.deciding import (
    ALEX,
    APPROVALS,
    DANA,
    DMS_CHANNEL,
    RILEY,
    ROLES,
    SAM,
    age,
    aged,
    alone,
    asks,
    audit,
    events,
    eventually,
    full,
    looked_long_ago,
    measured,
    moment,
    policy,
    press_refused,
    private,
    request_of,
    told,
)
from tests.e2e.scene import CAUGHT_UP, JSON, Scene, fresh, input_of, scene

RULES = f"""
[[rule]]
name = "two for production"
verbs = ["delete"]
labels = ["env=prod"]
approvals = 2
approvers = ["approver", "operator"]
expires = "30m"
[[rule]]
name = "one's own word"
verbs = ["promote"]
jobs = ["own-*"]
approvers = ["operator"]
self_approval = true
[[rule]]
name = "leads only"
verbs = ["start"]
jobs = ["us-central1/*"]
allow = ["@leads"]
[[rule]]
name = "from the approvals channel"
verbs = ["start"]
jobs = ["chan-*"]
allow = ["{APPROVAL_CHANNEL}"]
[[rule]]
name = "by name"
verbs = ["start"]
jobs = ["demo-project/europe-west1/named-*"]
allow = ["{RILEY}"]
[[rule]]
name = "sandboxes are free"
verbs = ["change"]
labels = ["env=try*"]
allow = ["viewer"]
approvals = 0
[[rule]]
name = "nobody"
verbs = ["start"]
jobs = ["never-*"]
allow = []
[[rule]]
name = "deny where it is asked"
verbs = ["restart"]
jobs = ["where-*"]
approvers = ["{APPROVAL_CHANNEL}"]
"""


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One bot for what posts little."""
    folder = tmp_path_factory.mktemp("approvals")
    with scene(folder, http=True, policy_file=policy(folder, ROLES + RULES)) as made:
        yield made
        assert made.slack.violations() == []


def production(stage: Scene, prefix: str = "prod") -> str:
    """A job that two must approve to be deleted."""
    job = fresh(prefix)
    stage.dms.add_job(job, phase="CDC", databases=["sales", "billing"], labels={"env": "prod"}, frozen=True)
    return job


def confirmed(stage: Scene, job: str) -> tuple[JSON, JSON]:
    """A deletion that dana has asked for and confirmed: where she asked, and where it is decided."""
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    return card, asks(stage, job)


# ---- the way of a request


def test_two_approve_and_it_runs_once(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    for word in ("RUNNING", "CDC", "for good", "destination itself *stays*", "`sales`"):
        assert word in plain(ask)
    assert "Delete job and destination" not in plain(ask)
    assert {"!subteam^S0LEADS001", "!subteam^S0DBATEAM1"} <= set(pings(ask))
    stage.shows(card, "Waiting for approval", "0 of 2", "two for production", "[Withdraw]")
    assert stage.writes("delete", job) == []

    stage.press(ask, "Approve", "sam")
    stage.shows(ask, "1 of 2 approvals", SAM, "[Approve]")
    stage.shows(card, "1 of 2 approvals", SAM)
    assert stage.writes("delete", job) == []

    stage.press(ask, "Approve", "alex")
    for message in (ask, card):
        done = stage.shows(message, "✅ *Deleted*", job, f"Approved by <@{SAM}>, <@{ALEX}>")
        assert "[Approve]" not in plain(done)
    assert len(stage.writes("delete", job)) == 1
    assert told(stage, job) == [
        ("requested", DANA),
        ("confirmed", DANA),
        ("approved", SAM),
        ("approved", ALEX),
        ("calling", DANA),
        ("accepted", DANA),
        ("succeeded", DANA),
    ]
    by_event = {entry.event: entry for entry in audit(stage, job)}
    assert by_event["requested"].channel == DMS_CHANNEL
    assert by_event["approved"].channel == APPROVAL_CHANNEL
    assert by_event["calling"].job_status == "RUNNING/CDC"
    assert by_event["succeeded"].operation == request_operation(stage, job)


def request_operation(stage: Scene, job: str) -> str:
    return stage.bot.store.runs(job=full(job))[0].operation


def test_who_may_not_is_told_so_alone(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    press_refused(stage, ask, "Approve", "dana", "nobody approves their own request", "withdraw")
    press_refused(stage, ask, "Approve", "riley", "You may not approve or deny", "your role is viewer")
    press_refused(stage, ask, "Deny", "riley", "You may not approve or deny")
    assert stage.slack.views("riley") == []
    stage.press(ask, "Approve", "sam")
    ask = stage.shows(ask, "1 of 2")
    press_refused(stage, ask, "Approve", "sam", "You have approved this already")
    assert events(stage, job) == ["requested", "confirmed", "approved"]
    assert stage.writes("delete", job) == []
    stage.press(card, "Withdraw")
    stage.shows(ask, "Cancelled")


def test_a_denial_gives_its_reason(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    stage.press(ask, "Approve", "sam")
    stage.shows(ask, "1 of 2")
    stage.press(ask, "Deny", "alex")
    view = stage.slack.wait_view("alex", "Why not?")
    answer = stage.slack.submit(view, {input_of(view): "   "}, user="alex")
    assert answer["response_action"] == "errors"
    stage.slack.submit(view, {input_of(view): "not before the month end"}, user="alex")
    for message in (ask, card):
        shown = stage.shows(message, "Denied", ALEX, "not before the month end")
        assert "[Approve]" not in plain(shown)
    last = audit(stage, job)[-1]
    assert (last.event, last.user, last.detail) == ("denied", ALEX, "not before the month end")
    before = moment(stage)
    stage.slack.press(ask, text="Approve", user="alex", stale=True)
    private(stage, "alex", "this request is denied", after=before)
    assert stage.writes("delete", job) == []


def test_who_has_approved_may_think_better_of_it(stage: Scene) -> None:
    job = production(stage)
    _, ask = confirmed(stage, job)
    stage.press(ask, "Approve", "sam")
    stage.press(stage.shows(ask, "1 of 2"), "Deny", "sam")
    view = stage.slack.wait_view("sam", "Why not?")
    stage.slack.submit(view, {input_of(view): "the wrong job"}, user="sam")
    stage.shows(ask, "Denied", SAM, "the wrong job")
    assert events(stage, job)[-2:] == ["approved", "denied"]


def test_a_role_from_a_channel_holds_in_the_view_too(stage: Scene) -> None:
    job = fresh("where")
    stage.dms.add_job(job, state="FAILED", phase="CDC", frozen=True)
    card = stage.type(f"restart {job}")
    stage.confirm(card, "Confirm restart", typed=job)
    ask = asks(stage, job)
    stage.press(ask, "Deny", "riley")
    view = stage.slack.wait_view("riley", "Why not?")
    stage.slack.submit(view, {input_of(view): "no"}, user="riley")
    stage.shows(card, "Denied", RILEY)


def test_the_requester_withdraws(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    waiting = stage.shows(card, "[Withdraw]")
    press_refused(stage, waiting, "Withdraw", "riley", "Only", f"may delete `{job}`, can take this back")
    stage.press(card, "Withdraw")
    stage.shows(ask, "Cancelled", DANA)
    before = moment(stage)
    stage.slack.press(ask, text="Approve", user="alex", stale=True)
    private(stage, "alex", "this request is cancelled", after=before)
    assert events(stage, job) == ["requested", "confirmed", "cancelled"]
    assert stage.writes("delete", job) == []


def test_one_may_be_enough_with_ones_own_word(stage: Scene) -> None:
    job = fresh("own")
    keeping_up(stage, job)
    card = stage.type(f"promote {job}")
    stage.press(card, "Confirm promote")
    stage.press(asks(stage, job), "Approve", "dana")
    stage.shows(card, "✅ *Promoted*", DANA)
    assert len(stage.writes("promote", job)) == 1


# ---- time

WAITS_S = 30 * 60
"""What the rule for production says."""


def test_confirming_and_approving_have_each_their_own_time(stage: Scene) -> None:
    ruled, other = production(stage), fresh("plain")
    stage.dms.add_job(other, phase="CDC", frozen=True)
    for job, waits_s in ((ruled, WAITS_S), (other, 4 * 3600)):
        card = stage.type(f"delete {job}")
        asked = request_of(stage, job)
        assert lasts(asked) == 15 * 60
        age(stage, asked, 14 * 60)
        stage.press(card, "Delete job only")
        asks(stage, job)
        waiting = request_of(stage, job)
        assert lasts(waiting) - 14 * 60 == pytest.approx(waits_s, abs=30)
        age(stage, waiting, waits_s * 0.7)
        stage.bot.approvals.expiry.expire()
        assert not request_of(stage, job).reminded


def lasts(request: Request) -> float:
    return (request.expires - request.created).total_seconds()


def test_a_reminder_comes_before_it_expires(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    request = request_of(stage, job)
    left = WAITS_S
    age(stage, request, left * 0.9)
    reminder = stage.slack.wait_message(channel=APPROVALS, contains=["⏰", job, "2 approvals"], timeout=15)
    assert reminder["thread_ts"] == ask["ts"]
    assert "!subteam^S0LEADS001" in pings(reminder)
    age(stage, request_of(stage, job), left * 0.1)
    stage.shows(card, "Expired", "[Ask again]")
    stage.shows(ask, "Expired")
    assert events(stage, job)[-1] == "expired"
    reminders = [m for m in stage.slack.thread(APPROVALS, ask["ts"]) if "⏰" in plain(m)]
    assert len(reminders) == 1


def test_what_has_expired_cannot_be_approved(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    request = request_of(stage, job)
    stage.press(ask, "Approve", "sam")
    stage.shows(ask, "1 of 2")
    age(stage, request, 31 * 60)
    before = moment(stage)
    stage.slack.press(ask, text="Approve", user="alex", stale=True)
    private(stage, "alex", "expired", after=before)
    stage.shows(card, "Expired")
    assert stage.writes("delete", job) == []
    assert events(stage, job)[-1] == "expired"


# ---- the replication delay of a promote


def promoting(stage: Scene) -> tuple[str, JSON]:
    """A promote that alex is asked to approve, while nothing is left to replicate."""
    job = fresh("cut")
    keeping_up(stage, job)
    card = stage.type(f"promote {job}")
    stage.press(card, "Confirm promote")
    return job, asks(stage, job)


def keeping_up(stage: Scene, job: str) -> None:
    """A job whose delay is known to be zero."""
    stage.dms.add_job(job, phase="CDC", frozen=True, **CAUGHT_UP)
    measured(stage, job, 0)


def fall_behind(stage: Scene, job: str) -> None:
    stage.dms.set_job(job, sec_lag=90, bytes_lag=1000)
    measured(stage, job, 90)


def test_the_delay_can_be_looked_at_again_where_it_is_approved(stage: Scene) -> None:
    job, ask = promoting(stage)
    assert "Replication delay: 0 s" in plain(ask)
    fall_behind(stage, job)
    stage.press(ask, "Re-check delay", "alex")
    stage.shows(ask, "NOT ZERO", "1 min 30 s", "[Approve]")


def test_an_old_delay_is_read_again_before_an_approval_counts(stage: Scene) -> None:
    job, ask = promoting(stage)
    fall_behind(stage, job)
    looked_long_ago(stage, job)
    before = moment(stage)
    stage.press(ask, "Approve", "alex")
    private(stage, "alex", "did not count", "not zero", "1 min 30 s", after=before)
    ask = stage.shows(ask, "NOT ZERO", "1 min 30 s", "0 of 1")
    assert events(stage, job) == ["requested", "confirmed"]
    stage.press(ask, "Approve", "alex")
    stage.shows(ask, "✅ *Promoted*", ALEX)


def test_a_delay_that_the_message_cannot_show_yet_lets_no_approval_through(stage: Scene) -> None:
    job, ask = promoting(stage)
    fall_behind(stage, job)
    stage.slack.fault("chat.update", "ratelimited", times=None, retry_after=2)
    stage.press(ask, "Re-check delay")
    eventually(lambda: request_of(stage, job).facts["delay"][full(job)]["seconds"] == 90)
    before = moment(stage)
    stage.press(ask, "Approve", "alex")
    private(stage, "alex", "did not count", "not zero", "1 min 30 s", after=before)
    assert events(stage, job) == ["requested", "confirmed"]
    stage.slack.clear_faults()
    stage.press(stage.shows(ask, "NOT ZERO"), "Approve", "alex")
    stage.shows(ask, "✅ *Promoted*", ALEX)


def test_an_old_delay_that_is_still_zero_stops_nobody(stage: Scene) -> None:
    job, ask = promoting(stage)
    looked_long_ago(stage, job)
    stage.press(ask, "Approve", "alex")
    stage.shows(ask, "✅ *Promoted*", ALEX)


def test_an_old_delay_that_cannot_be_read_again_is_said(stage: Scene) -> None:
    job, ask = promoting(stage)
    looked_long_ago(stage, job)
    stage.dms.monitoring(False)
    before = moment(stage)
    stage.press(ask, "Approve", "alex")
    private(stage, "alex", "did not count", "not known", after=before)
    assert events(stage, job) == ["requested", "confirmed"]


def test_who_may_promote_alone_confirms_no_old_delay(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path) as stage:
        job = fresh("cut")
        keeping_up(stage, job)
        card = stage.type(f"promote {job}")
        fall_behind(stage, job)
        looked_long_ago(stage, job)
        before = moment(stage)
        stage.press(card, "Confirm promote")
        private(stage, "dana", "did not count", "not zero", after=before)
        stage.confirm(stage.shows(card, "NOT ZERO"), "Confirm promote", typed=job)
        stage.shows(card, "✅ *Promoted*")


def of_an_older_version(fact: Mapping[str, Any]) -> dict[str, Any]:
    """As versions stored it that did not know when a figure was measured."""
    return {key: fact[key] for key in ("at", "seconds", "bytes", "note")}


@pytest.mark.parametrize("stored", [lambda fact: aged(fact, 600), of_an_older_version])
def test_a_promote_that_waited_its_turn_is_not_sent_on_an_old_delay(
    slack: SlackServer, tmp_path: Path, stored: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> None:
    with alone(slack, tmp_path, bulk_parallel=1) as stage:
        first, second, third = jobs = [fresh("turn") for _ in range(3)]
        for job in jobs:
            stage.dms.add_job(job, phase="CDC", sec_lag=0, bytes_lag=0, frozen=True)
        stage.dms.set_job(third, sec_lag=30, bytes_lag=10)
        for job, seconds in ((first, 0), (second, 0), (third, 30)):
            measured(stage, job, seconds)
        stage.dms.operation_seconds(100_000.0)
        card = stage.type(f"promote {' '.join(jobs)}")
        stage.confirm(card, "Confirm promote", typed="promote 3 jobs")
        eventually(lambda: stage.writes("promote", first))
        for job in (second, third):
            fall_behind(stage, job)
        request = request_of(stage, first)
        found = {name: stored(fact) for name, fact in request.facts["delay"].items()}
        facts = dict(request.facts) | {"delay": found}
        assert stage.bot.store.move_request(request.id, [request.state], request.state, facts=facts)
        stage.dms.operation_seconds(6.0)
        stage.dms.clock(advance_seconds=100_000.0)
        shown = stage.shows(card, "Promoted 2 of 3 jobs", second, "not zero", "1 min 30 s", "[Retry")
        assert stage.writes("promote", second) == []
        assert len(stage.writes("promote", third)) == 1, "that it was behind was shown when it was confirmed"
        assert "ask again" in plain(shown)


@pytest.mark.parametrize("part", ["", " --databases sales,billing"])
@pytest.mark.parametrize("change", [{"state": "FAILED"}, {"phase": "FULL_DUMP"}])
def test_a_database_that_has_failed_since_is_not_promoted_unseen(
    stage: Scene, part: str, change: dict[str, str]
) -> None:
    job = fresh("cut")
    stage.dms.add_job(job, phase="CDC", databases=["sales", "billing"], frozen=True, **CAUGHT_UP)
    card = stage.type(f"promote {job}{part}")
    stage.press(card, "Confirm promote")
    ask = asks(stage, job)
    stage.dms.set_database(job, "sales", **change)
    stage.press(ask, "Approve", "alex")
    shown = stage.shows(card, "refused", "sales", "incomplete", "was not shown", "[Try again]")
    assert "billing" not in plain(shown).partition("Only these")[0]
    assert stage.writes("promote", job) == []


def test_a_database_that_was_shown_as_incomplete_is_promoted_all_the_same(stage: Scene) -> None:
    job = fresh("cut")
    stage.dms.add_job(job, phase="CDC", databases=["sales", "billing"], frozen=True, **CAUGHT_UP)
    stage.dms.set_database(job, "sales", state="FAILED")
    card = stage.type(f"promote {job}")
    assert "The data of `sales` is incomplete" in plain(card)
    stage.press(card, "Confirm promote")
    stage.press(asks(stage, job), "Approve", "alex")
    eventually(lambda: stage.writes("promote", job))


# ---- a job that changes meanwhile


def test_a_job_that_has_changed_is_not_touched(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    stage.press(ask, "Approve", "sam")
    stage.shows(ask, "1 of 2")
    stage.dms.set_job(job, state="FAILED")
    stage.press(ask, "Approve", "alex")
    for message in (ask, card):
        stage.shows(message, "Out of date", "RUNNING in CDC", "FAILED")
    assert stage.writes("delete", job) == []
    assert told(stage, job)[-1] == ("outdated", "")

    again = stage.slack.wait_message(contains=["Out of date", job, "[Ask again]"], channel="dms")
    before = moment(stage)
    stage.press(again, "Ask again")
    fresh_card = stage.slack.wait_message(
        channel="dms", contains=["FAILED", "[Delete job only]"], after=before
    )
    stage.press(fresh_card, "Delete job only")
    ask = stage.slack.wait_message(channel=APPROVALS, contains=[job, "[Approve]"], after=before)
    stage.press(ask, "Approve", "sam")
    stage.press(ask, "Approve", "alex")
    stage.shows(fresh_card, "✅ *Deleted*", job)
    assert len(stage.writes("delete", job)) == 1


def test_a_job_of_the_same_name_is_another_job(stage: Scene) -> None:
    job = production(stage)
    card, ask = confirmed(stage, job)
    stage.press(ask, "Approve", "sam")
    stage.shows(ask, "1 of 2")
    stage.dms.remove_job(job)
    stage.dms.add_job(job, phase="CDC", labels={"env": "prod"}, frozen=True, created_ago=1)
    stage.press(ask, "Approve", "alex")
    stage.shows(card, "Out of date", "another job now")
    assert stage.writes("delete", job) == []


# ---- where nobody hears it


def test_who_asks_is_told_where_it_could_not_be_posted(slack: SlackServer, tmp_path: Path) -> None:
    rules = policy(tmp_path, ROLES.replace(APPROVAL_CHANNEL, "G0NOTHERE1"))
    with alone(slack, tmp_path, policy_file=rules) as stage:
        stage.slack.add_channel("closed", id="G0NOTHERE1", is_private=True, bot=False, members=["alex"])
        job = fresh("unheard")
        stage.dms.add_job(job, phase="CDC", frozen=True)
        card = stage.type(f"delete {job}")
        stage.press(card, "Delete job only")
        stage.shows(card, "could not be posted", "G0NOTHERE1", "/dms approvals")
        listed = stage.type("approvals", user="alex")
        stage.press(listed, "Review", "alex")
        stage.slack.press(stage.slack.wait_view("alex", job), text="Approve", user="alex")
        stage.shows(card, "✅ *Deleted*", ALEX)


# ---- what is open


def test_what_is_open_is_listed_for_each_as_they_may(stage: Scene) -> None:
    job = production(stage, "listed")
    _, ask = confirmed(stage, job)
    seen = {user: part(stage, user, job) for user in ("dana", "alex", "riley")}
    assert f"asked by <@{DANA}>" in seen["dana"]
    assert "0 of 2 approved" in seen["dana"]
    assert "[Withdraw]" in seen["dana"]
    assert "[Review]" not in seen["dana"]
    assert "[Review]" in seen["alex"]
    assert "You may not approve" in seen["riley"]
    assert "[Review]" not in seen["riley"]
    assert not any(button in text for text in seen.values() for button in ("[Approve]", "[Deny]"))
    review = reviewed(stage, job)
    stage.slack.press(review, text="Approve", user="alex")
    stage.shows(ask, "1 of 2", ALEX)
    stage.slack.wait_view("alex", "Your approval counts.")
    assert "[Review]" not in part(stage, "alex", job)


def reviewed(stage: Scene, job: str, user: str = "alex") -> JSON:
    """The view with the whole card of a job's newest request, from `/dms approvals`."""
    listed = stage.type("approvals", user=user)
    request = request_of(stage, job)
    stage.slack.press(listed, action_id=f"dms:{request.action}:review", value=request.id, user=user)
    return stage.slack.wait_view(user, "Review the request")


def test_home_leads_to_the_whole_card(stage: Scene) -> None:
    job = production(stage, "home")
    card, _ = confirmed(stage, job)
    stage.slack.open_home("alex")
    home = stage.slack.wait_home("alex", contains=[job, "[Review]"])
    assert "[Approve]" not in plain(home)
    stage.slack.press(home, text="Review", user="alex")
    review = stage.slack.wait_view("alex", "Review the request")
    for word in (f"<@{DANA}>", "for good", "destination itself *stays*", "`sales`", "0 of 2"):
        assert word in plain(review)
    stage.slack.press(review, text="Deny", user="alex")
    reason = stage.slack.wait_view("alex", "Why not?")
    stage.slack.submit(reason, {input_of(reason): "not today"}, user="alex")
    stage.shows(card, "Denied", ALEX, "not today")
    assert stage.slack.views("alex") == []


def test_a_review_tells_in_its_view_why_a_press_does_not_count(stage: Scene) -> None:
    job, _ = promoting(stage)
    fall_behind(stage, job)
    looked_long_ago(stage, job)
    review = reviewed(stage, job)
    stage.slack.press(review, text="Approve", user="alex")
    again = stage.slack.wait_view("alex", "did not count")
    assert "NOT ZERO" in plain(again)
    stage.dms.set_job(job, sec_lag=0, bytes_lag=0)
    measured(stage, job, 0)
    stage.slack.press(again, text="Re-check delay", user="alex")
    zero = stage.slack.wait_view("alex", "Replication delay: 0 s")
    assert "did not count" not in plain(zero)
    stage.slack.press(zero, text="Approve", user="alex")
    eventually(lambda: "approved" in events(stage, job))


def test_a_review_lets_no_delay_through_that_it_does_not_show(stage: Scene) -> None:
    job, ask = promoting(stage)
    review = reviewed(stage, job)
    assert "Replication delay: 0 s" in plain(review)
    fall_behind(stage, job)
    stage.press(ask, "Re-check delay")
    stage.shows(ask, "NOT ZERO")
    stage.slack.press(review, text="Approve", user="alex")
    again = stage.slack.wait_view("alex", "did not count")
    assert "NOT ZERO" in plain(again)
    assert events(stage, job) == ["requested", "confirmed"]
    stage.slack.press(again, text="Approve", user="alex")
    stage.shows(ask, "✅ *Promoted*", ALEX)


def test_a_review_of_what_is_over_says_so(stage: Scene) -> None:
    job = production(stage, "over")
    card, _ = confirmed(stage, job)
    review = reviewed(stage, job)
    listed = stage.type("approvals", user="sam")
    stage.press(card, "Withdraw")
    stage.shows(card, "Cancelled")
    stage.slack.press(review, text="Approve", user="alex")
    assert "[Approve]" not in plain(stage.slack.wait_view("alex", "this request is cancelled"))
    before = moment(stage)
    request = request_of(stage, job)
    stage.slack.press(listed, action_id="dms:delete:review", value=request.id, user="sam")
    private(stage, "sam", "this request is cancelled", after=before)
    assert events(stage, job) == ["requested", "confirmed", "cancelled"]


def test_an_approval_that_finds_the_job_changed_is_not_said_to_count(stage: Scene) -> None:
    job = production(stage, "shifted")
    confirmed(stage, job)
    review = reviewed(stage, job)
    stage.dms.set_job(job, state="FAILED")
    stage.slack.press(review, text="Approve", user="alex")
    told = plain(stage.slack.wait_view("alex", "out of date, because the job has changed"))
    assert "Nothing was sent" in told
    assert "counts" not in told


def test_ones_own_request_is_confirmed_on_its_whole_card(stage: Scene) -> None:
    job = fresh("own")
    keeping_up(stage, job)
    card = stage.type(f"promote {job}")
    assert "[Confirm" not in part(stage, "dana", job, "Promote")
    stage.slack.press(reviewed(stage, job, "dana"), text="Confirm promote", user="dana")
    stage.shows(card, "Waiting for approval")


def test_what_is_typed_stands_over_the_review(stage: Scene) -> None:
    job = fresh("typed")
    stage.dms.add_job(job, state="FAILED", phase="CDC", frozen=True)
    card = stage.type(f"restart {job}")
    stage.slack.press(reviewed(stage, job, "dana"), text="Confirm restart", user="dana")
    view = stage.slack.wait_view("dana", "are you sure?")
    stage.slack.submit(view, {input_of(view): job}, user="dana")
    stage.shows(card, "Waiting for approval")
    assert stage.slack.views("dana") == []


def test_a_role_from_a_channel_holds_in_a_review(stage: Scene) -> None:
    job = fresh("where")
    stage.dms.add_job(job, state="FAILED", phase="CDC", frozen=True)
    card = stage.type(f"restart {job}")
    stage.confirm(card, "Confirm restart", typed=job)
    asks(stage, job)
    listed = stage.type("approvals", user="riley", channel=APPROVALS)
    stage.press(listed, "Review", "riley")
    stage.slack.press(stage.slack.wait_view("riley", job), text="Approve", user="riley")
    stage.shows(card, f"Approved by <@{RILEY}>")


def part(stage: Scene, user: str, job: str, verb: str = "Delete") -> str:
    """What `/dms approvals` says to somebody of this job, with the buttons."""
    text = plain(stage.type("approvals", user=user))
    assert f"`{job}`" in text, text
    start = text.index(f"*{verb}* `{job}`")
    end = text.find("\n*", start + 1)
    return text[start : end if end > 0 else len(text)]


def test_the_policy_is_told_whole_and_for_a_job(stage: Scene) -> None:
    job = production(stage)
    whole = plain(stage.type("policy", user="riley"))
    for word in ("Your role here is *viewer*", "two for production", "approvals: 2", "env=prod"):
        assert word in whole
    assert "`delete`: By the rule “two for production” you may do this" in plain(stage.type(f"policy {job}"))
    looks = plain(stage.type(f"policy {job}", user="riley"))
    may, _, may_not = looks.partition("*You may not*")
    assert "`show`" in may
    assert "`delete`" in may_not
    assert "takes the role operator or above" in may_not
    assert "your role is viewer" in may_not


# ---- roles and rules


@pytest.mark.parametrize(
    ("prefix", "more", "user", "channel", "may"),
    [
        ("plain", {}, "dana", "dms", True),
        ("plain", {}, "alex", "dms", True),
        ("plain", {}, "riley", "dms", False),
        ("plain", {"location": "us-central1"}, "dana", "dms", False),
        ("plain", {"location": "us-central1"}, "alex", "dms", True),
        ("chan", {}, "riley", APPROVALS, True),
        ("chan", {}, "alex", "dms", False),
        ("named", {}, "riley", "dms", True),
        ("named", {}, "dana", "dms", False),
        ("free", {"labels": {"env": "try-7"}}, "riley", "dms", True),
        ("free", {"labels": {"env": "prod"}}, "riley", "dms", False),
        ("never", {}, "alex", "dms", False),
    ],
)
def test_who_may_start_what(
    shared: Scene, prefix: str, more: dict[str, object], user: str, channel: str, may: bool
) -> None:
    job = fresh(prefix)
    shared.dms.add_job(job, state="NOT_STARTED", frozen=True, **more)
    answer = shared.type(f"start {job}", user=user, channel=channel)
    if may:
        shared.shows(answer, "✅ *Started*", job)
        assert len(shared.writes("start", job)) == 1
        return
    assert "You may not use `start`" in plain(answer)
    assert answer["ephemeral_for"]
    assert shared.writes("start", job) == []
    assert events(shared, job) == []
