"""Requests that others must approve: asked for, decided, taken back, reminded of, expired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.dms.delay import MeasuredDelay
from bot.store.records import Request
from sandbox.slack import SlackServer, pings, plain
from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.e2e.env import CAUGHT_UP, JSON, Env, input_of, open_env, unique_id
from tests.e2e.helpers import (
    ALEX,
    APPROVALS,
    DANA,
    DMS_CHANNEL,
    RILEY,
    ROLES,
    SAM,
    age,
    age_delay,
    aged,
    asks,
    audit,
    audit_events,
    change_delays,
    events,
    full,
    moment,
    policy,
    press_refused,
    private,
    recheck,
    request_of,
    set_delay,
    single_bot,
    undated,
)
from tests.waiting import until

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
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """One bot for what posts little."""
    folder = tmp_path_factory.mktemp("approvals")
    with open_env(folder, http=True, policy_file=policy(folder, ROLES + RULES)) as made:
        yield made
        assert made.slack.violations() == []


def production(env: Env, prefix: str = "prod") -> str:
    """A job that two must approve to be deleted."""
    return env.add_job(prefix, phase="CDC", databases=["sales", "billing"], labels={"env": "prod"})


def confirmed(env: Env, job: str) -> tuple[JSON, JSON]:
    """A deletion that dana has asked for and confirmed: where she asked, and where it is decided."""
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    return card, asks(env, job)


# ---- the way of a request


def test_two_approve_and_it_runs_once(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    for word in (
        "Running",
        "CDC",
        "for good",
        f"`{job}-target`",
        "demo-project, europe-west1",
        "2 databases",
    ):
        assert word in plain(ask)
    assert "Delete job and destination" not in plain(ask)
    assert set(pings(ask)) == {"!subteam^S0LEADS001", f"@{SAM}"}, "not dana, who asks and is of sam's group"
    assert "*@dana* asks to *delete*" in plain(ask)
    heard = {user: env.slack.notifications(user, after=card["ts"]) for user in ("dana", "sam", "alex")}
    assert [bool(each) for each in heard.values()] == [False, True, True]
    assert permalink(card) in plain(ask)
    env.shows(card, permalink(ask))
    env.shows_as(card, "approving", "0 of 2", "two for production", step="withdraw")
    assert env.writes("delete", job) == []

    env.press(ask, "approve", "sam")
    env.shows(ask, "1 of 2 approvals", SAM, step="approve")
    env.shows(card, "1 of 2 approvals", SAM)
    assert env.writes("delete", job) == []

    env.press(ask, "approve", "alex")
    for message in (ask, card):
        done = env.shows_done(message, "delete", job, f"Approved by <@{SAM}>, <@{ALEX}>")
        assert "[Approve" not in plain(done)
    assert len(env.writes("delete", job)) == 1
    assert audit_events(env, job) == [
        ("requested", DANA),
        ("confirmed", DANA),
        ("approved", SAM),
        ("approved", ALEX),
        ("calling", DANA),
        ("accepted", DANA),
        ("succeeded", DANA),
    ]
    by_event = {entry.event: entry for entry in audit(env, job)}
    assert by_event["requested"].channel == DMS_CHANNEL
    assert by_event["approved"].channel == APPROVAL_CHANNEL
    assert by_event["calling"].job_status == "RUNNING/CDC"
    assert by_event["succeeded"].operation == request_operation(env, job)


def permalink(message: JSON) -> str:
    """The end of a message's link, as the page of `chat.getPermalink` shows it."""
    return f"/archives/{message['channel']}/p{message['ts'].replace('.', '')}|"


def request_operation(env: Env, job: str) -> str:
    return env.bot.store.runs(job=full(job))[0].operation


def test_who_may_not_is_told_so_alone(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    press_refused(env, ask, "approve", "dana", "nobody approves their own request", "withdraw")
    press_refused(env, ask, "approve", "riley", "You may not approve or deny", "your role is viewer")
    press_refused(env, ask, "deny", "riley", "You may not approve or deny")
    assert env.slack.views("riley") == []
    env.press(ask, "approve", "sam")
    ask = env.shows(ask, "1 of 2")
    press_refused(env, ask, "approve", "sam", "You already approved this")
    assert events(env, job) == ["requested", "confirmed", "approved"]
    assert env.writes("delete", job) == []
    env.press(card, "withdraw")
    env.shows_as(ask, "cancelled")


def test_a_denial_gives_its_reason(env: Env) -> None:
    env.slack.fault("chat.getPermalink", "internal_error", times=None)
    job = production(env)
    card, ask = confirmed(env, job)
    assert "/archives/" not in plain(ask), "it is asked without a link"
    env.press(ask, "approve", "sam")
    env.shows(ask, "1 of 2")
    env.press(ask, "deny", "alex")
    view = env.slack.wait_view("alex", "Why not?")
    answer = env.slack.submit(view, {input_of(view): "   "}, user="alex")
    assert answer["response_action"] == "errors"
    env.slack.submit(view, {input_of(view): "not before the month end"}, user="alex")
    for message in (ask, card):
        shown = env.shows_as(message, "denied", ALEX, "not before the month end")
        assert "[Approve" not in plain(shown)
    last = audit(env, job)[-1]
    assert (last.event, last.user, last.detail) == ("denied", ALEX, "not before the month end")
    before = moment(env)
    env.press(ask, "approve", user="alex", stale=True)
    private(env, "alex", "this request is denied", after=before)
    assert env.writes("delete", job) == []


def test_who_has_approved_may_think_better_of_it(env: Env) -> None:
    job = production(env)
    _, ask = confirmed(env, job)
    env.press(ask, "approve", "sam")
    env.press(env.shows(ask, "1 of 2"), "deny", "sam")
    view = env.slack.wait_view("sam", "Why not?")
    env.slack.submit(view, {input_of(view): "the wrong job"}, user="sam")
    env.shows_as(ask, "denied", SAM, "the wrong job")
    assert events(env, job)[-2:] == ["approved", "denied"]


def test_a_role_from_a_channel_holds_in_the_view_too(env: Env) -> None:
    job = env.add_job("where", state="FAILED", phase="CDC")
    card = env.type(f"restart {job}")
    env.confirm(card, typed=job)
    ask = asks(env, job)
    env.press(ask, "deny", "riley")
    view = env.slack.wait_view("riley", "Why not?")
    env.slack.submit(view, {input_of(view): "no"}, user="riley")
    env.shows_as(card, "denied", RILEY)


def test_the_requester_withdraws(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    waiting = env.shows(card, "Approvers decide here", step="withdraw")
    press_refused(env, waiting, "withdraw", "riley", "Only", f"may delete `{job}`, can withdraw this")
    env.press(card, "withdraw")
    env.shows_as(ask, "cancelled", DANA)
    before = moment(env)
    env.press(ask, "approve", user="alex", stale=True)
    private(env, "alex", "this request is cancelled", after=before)
    assert events(env, job) == ["requested", "confirmed", "cancelled"]
    assert env.writes("delete", job) == []


def test_one_may_be_enough_with_ones_own_word(env: Env) -> None:
    job = unique_id("own")
    keeping_up(env, job)
    card = env.type(f"promote {job}")
    env.press(card, "confirm")
    env.press(asks(env, job), "approve", "dana")
    env.shows_done(card, "promote", DANA)
    assert len(env.writes("promote", job)) == 1


# ---- time

WAITS_S = 30 * 60
"""What the rule for production says."""


def test_confirming_and_approving_have_each_their_own_time(env: Env) -> None:
    ruled, other = production(env), unique_id("plain")
    env.dms.add_job(other, phase="CDC", frozen=True)
    for job, waits_s in ((ruled, WAITS_S), (other, 4 * 3600)):
        card = env.type(f"delete {job}")
        asked = request_of(env, job)
        assert lasts(asked) == 15 * 60
        age(env, asked, 14 * 60)
        env.press(card, "confirm")
        asks(env, job)
        waiting = request_of(env, job)
        assert lasts(waiting) - 14 * 60 == pytest.approx(waits_s, abs=30)
        age(env, waiting, waits_s * 0.7)
        env.bot.approvals.expiry.expire()
        assert not request_of(env, job).reminded


def lasts(request: Request) -> float:
    return (request.expires - request.created).total_seconds()


def test_a_reminder_comes_before_it_expires(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    left = WAITS_S
    env.press(ask, "approve", "sam")
    env.shows(ask, "1 of 2")
    env.type(f'freeze {job} --until 2h --reason "closing"')
    age(env, request_of(env, job), left * 0.76)
    env.bot.approvals.expiry.expire()
    assert not request_of(env, job).reminded, "nobody can do anything about a frozen job"
    env.type(f"unfreeze {job}")
    reminder = env.slack.wait_message(channel=APPROVALS, contains=["⏰", job, "1 approval"])
    assert reminder["thread_ts"] == ask["ts"]
    assert pings(reminder) == ["!subteam^S0LEADS001"], "sam has decided, and dana asks"
    age(env, request_of(env, job), left * 0.24)
    env.shows_as(card, "expired", "[Ask again]")
    env.shows_as(ask, "expired")
    assert events(env, job)[-1] == "expired"
    reminders = [m for m in env.slack.thread(APPROVALS, ask["ts"]) if "⏰" in plain(m)]
    assert len(reminders) == 1


def test_what_has_expired_cannot_be_approved(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    request = request_of(env, job)
    env.press(ask, "approve", "sam")
    env.shows(ask, "1 of 2")
    age(env, request, 31 * 60)
    before = moment(env)
    env.press(ask, "approve", user="alex", stale=True)
    private(env, "alex", "expired", after=before)
    env.shows_as(card, "expired")
    assert env.writes("delete", job) == []
    assert events(env, job)[-1] == "expired"


# ---- the replication delay of a promote


def promoting(env: Env) -> tuple[str, JSON]:
    """A promote that alex is asked to approve, while nothing is left to replicate."""
    job = unique_id("cut")
    keeping_up(env, job)
    card = env.type(f"promote {job}")
    env.press(card, "confirm")
    return job, asks(env, job)


def keeping_up(env: Env, job: str) -> None:
    """A job whose delay is known to be zero."""
    env.dms.add_job(job, phase="CDC", frozen=True, **CAUGHT_UP)
    set_delay(env, job, 0)


def fall_behind(env: Env, job: str) -> None:
    env.dms.set_job(job, sec_lag=90, bytes_lag=1000)
    set_delay(env, job, 90)


def test_the_delay_can_be_looked_at_again_where_it_is_approved(env: Env) -> None:
    job, ask = promoting(env)
    assert "Delay 0 s" in plain(ask)
    fall_behind(env, job)
    env.press(ask, "details", "dana")
    assert "[Approve" not in plain(env.slack.wait_view("dana", "Review the request")), "her own request"
    recheck(env, ask, "alex")
    env.shows_as(ask, "behind", "1 min 30 s", step="approve")


def test_an_old_delay_is_read_again_before_an_approval_counts(env: Env) -> None:
    job, ask = promoting(env)
    fall_behind(env, job)
    age_delay(env, job)
    before = moment(env)
    env.press(ask, "approve", "alex")
    private(env, "alex", "did not count", "not zero", "1 min 30 s", after=before)
    ask = env.shows_as(ask, "behind", "1 min 30 s", "0 of 1")
    assert events(env, job) == ["requested", "confirmed"]
    env.press(ask, "approve", "alex")
    env.shows_done(ask, "promote", ALEX)


def test_a_delay_that_the_message_cannot_show_yet_lets_no_approval_through(env: Env) -> None:
    job, ask = promoting(env)
    fall_behind(env, job)
    env.slack.fault("chat.update", "ratelimited", times=None, retry_after=2)
    recheck(env, ask, "dana")

    def measured_again() -> bool:
        found = request_of(env, job).facts.delays[full(job)].seconds
        return found is not None and found.value == 90

    until(measured_again)
    env.slack.press(ask, **env.found_by(ask, "approve"), user="alex")
    dialog = env.slack.wait_view("alex", "you confirm too")
    assert "NOT ZERO: 1 min 30 s" in plain(dialog)
    env.slack.close_view(dialog, user="alex")
    assert events(env, job) == ["requested", "confirmed"]
    env.slack.clear_faults()
    env.press(env.shows_as(ask, "behind"), "approve", "alex")
    env.shows_done(ask, "promote", ALEX)


def test_an_old_delay_that_is_still_zero_stops_nobody(env: Env) -> None:
    job, ask = promoting(env)
    age_delay(env, job)
    env.press(ask, "approve", "alex")
    env.shows_done(ask, "promote", ALEX)


def test_an_old_delay_that_cannot_be_read_again_is_said(env: Env) -> None:
    job, ask = promoting(env)
    age_delay(env, job)
    env.dms.monitoring(False)
    before = moment(env)
    env.press(ask, "approve", "alex")
    private(env, "alex", "did not count", "not known", after=before)
    assert events(env, job) == ["requested", "confirmed"]


def test_who_may_promote_alone_confirms_no_old_delay(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path) as env:
        job = unique_id("cut")
        keeping_up(env, job)
        card = env.type(f"promote {job}")
        fall_behind(env, job)
        age_delay(env, job)
        before = moment(env)
        env.press(card, "confirm")
        private(env, "dana", "did not count", "not zero", after=before)
        env.confirm(env.shows_as(card, "behind"), "confirm", typed=job)
        env.shows_done(card, "promote")


@pytest.mark.parametrize("stored", [lambda seen: aged(seen, 600), undated])
def test_a_promote_that_waited_its_turn_is_not_sent_on_an_old_delay(
    slack: SlackServer, tmp_path: Path, stored: Callable[[MeasuredDelay], MeasuredDelay]
) -> None:
    with single_bot(slack, tmp_path, bulk_parallel=1) as env:
        first, second, third = jobs = [unique_id("turn") for _ in range(3)]
        for job in jobs:
            env.dms.add_job(job, phase="CDC", sec_lag=0, bytes_lag=0, frozen=True)
        env.dms.set_job(third, sec_lag=30, bytes_lag=10)
        for job, seconds in ((first, 0), (second, 0), (third, 30)):
            set_delay(env, job, seconds)
        env.dms.operation_seconds(100_000.0)
        card = env.type(f"promote {' '.join(jobs)}")
        env.confirm(card, typed="promote 3 jobs")
        until(lambda: env.writes("promote", first))
        for job in (second, third):
            fall_behind(env, job)
        change_delays(env, first, stored)
        env.dms.operation_seconds(6.0)
        env.dms.clock(advance_seconds=100_000.0)
        shown = env.shows(card, "Promoted 2 of 3 jobs", second, "not zero", "1 min 30 s", "[Retry")
        assert env.writes("promote", second) == []
        assert len(env.writes("promote", third)) == 1, "that it was behind was shown when it was confirmed"
        assert "request it again" in plain(shown)


@pytest.mark.parametrize("part", ["", " --databases sales,billing"])
@pytest.mark.parametrize("change", [{"state": "FAILED"}, {"phase": "FULL_DUMP"}])
def test_a_database_that_has_failed_since_is_not_promoted_unseen(
    env: Env, part: str, change: dict[str, str]
) -> None:
    job = env.add_job("cut", phase="CDC", databases=["sales", "billing"], **CAUGHT_UP)
    card = env.type(f"promote {job}{part}")
    env.press(card, "confirm")
    ask = asks(env, job)
    env.dms.set_database(job, "sales", **change)
    env.press(ask, "approve", "alex")
    shown = env.shows(card, "refused", "sales", "incomplete", "did not show", "[Try again]")
    assert "billing" not in plain(shown).partition("Only these")[0]
    assert env.writes("promote", job) == []


def test_a_database_that_was_shown_as_incomplete_is_promoted_all_the_same(env: Env) -> None:
    job = env.add_job("cut", phase="CDC", databases=["sales", "billing"], **CAUGHT_UP)
    env.dms.set_database(job, "sales", state="FAILED")
    card = env.type(f"promote {job}")
    assert "The data of `sales` is incomplete" in plain(card)
    env.press(card, "confirm")
    env.press(asks(env, job), "approve", "alex")
    until(lambda: env.writes("promote", job))


# ---- a job that changes meanwhile


def test_a_job_that_has_changed_is_not_touched(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    env.press(ask, "approve", "sam")
    env.shows(ask, "1 of 2")
    env.dms.set_job(job, state="FAILED")
    env.press(ask, "approve", "alex")
    for message in (ask, card):
        env.shows_as(message, "outdated", "running · CDC", "failed")
    assert env.writes("delete", job) == []
    assert audit_events(env, job)[-1] == ("outdated", "")

    again = env.slack.wait_message(contains=["Out of date", job, "[Ask again]"], channel="dms")
    before = moment(env)
    env.press(again, "Ask again")
    fresh_card = env.slack.wait_message(channel="dms", contains=["Failed", "[Delete job only]"], after=before)
    env.press(fresh_card, "confirm")
    ask = env.slack.wait_message(channel=APPROVALS, contains=[job, "[Approve]"], after=before)
    env.press(ask, "approve", "sam")
    env.press(ask, "approve", "alex")
    env.shows_done(fresh_card, "delete", job)
    assert len(env.writes("delete", job)) == 1


def test_a_job_of_the_same_name_is_another_job(env: Env) -> None:
    job = production(env)
    card, ask = confirmed(env, job)
    env.press(ask, "approve", "sam")
    env.shows(ask, "1 of 2")
    env.dms.remove_job(job)
    env.dms.add_job(job, phase="CDC", labels={"env": "prod"}, frozen=True, created_ago=1)
    env.press(ask, "approve", "alex")
    env.shows_as(card, "outdated", "another job now")
    assert env.writes("delete", job) == []


# ---- where nobody hears it


def test_who_asks_is_told_where_it_could_not_be_posted(slack: SlackServer, tmp_path: Path) -> None:
    rules = policy(tmp_path, ROLES.replace(APPROVAL_CHANNEL, "G0NOTHERE1"))
    with single_bot(slack, tmp_path, policy_file=rules) as env:
        env.slack.add_channel("closed", id="G0NOTHERE1", is_private=True, bot=False, members=["alex"])
        job = env.add_job("unheard", phase="CDC")
        card = env.type(f"delete {job}")
        env.press(card, "confirm")
        env.shows(card, "could not be posted", "G0NOTHERE1", "/dms approvals")
        listed = env.type("approvals", user="alex")
        env.press(listed, "review", "alex")
        env.press(env.slack.wait_view("alex", job), "approve", user="alex")
        env.shows_done(card, "delete", ALEX)


# ---- what is open


def test_what_is_open_is_listed_for_each_as_they_may(env: Env) -> None:
    job = production(env, "listed")
    _, ask = confirmed(env, job)
    seen = {user: part(env, user, job) for user in ("dana", "alex", "riley")}
    assert f"requested by <@{DANA}>" in seen["dana"]
    assert "0 of 2 approved" in seen["dana"]
    assert "[Withdraw]" in seen["dana"]
    assert "[Review]" not in seen["dana"]
    assert "[Review]" in seen["alex"]
    assert "You may not approve" in seen["riley"]
    assert "[Review]" not in seen["riley"]
    assert not any(button in text for text in seen.values() for button in ("[Approve", "[Deny]"))
    review = reviewed(env, job)
    env.press(review, "approve", user="alex")
    env.shows(ask, "1 of 2", ALEX)
    env.slack.wait_view("alex", "Your approval counts.")
    assert "[Review]" not in part(env, "alex", job)


def reviewed(env: Env, job: str, user: str = "alex") -> JSON:
    """The view with the whole card of a job's newest request, from `/dms approvals`."""
    listed = env.type("approvals", user=user)
    request = request_of(env, job)
    env.slack.press(listed, action_id=f"dms:{request.action}:review", value=request.id, user=user)
    return env.slack.wait_view(user, "Review the request")


def test_home_leads_to_the_whole_card(env: Env) -> None:
    job = production(env, "home")
    card, _ = confirmed(env, job)
    home = env.home("alex", job, "[Review]")
    assert "[Approve" not in plain(home)
    env.press(home, "review", user="alex")
    review = env.slack.wait_view("alex", "Review the request")
    for word in (f"<@{DANA}>", "for good", "destination itself *stays*", "`sales`", "0 of 2"):
        assert word in plain(review)
    env.press(review, "deny", user="alex")
    reason = env.slack.wait_view("alex", "Why not?")
    env.slack.submit(reason, {input_of(reason): "not today"}, user="alex")
    env.shows_as(card, "denied", ALEX, "not today")
    assert env.slack.views("alex") == []


def test_a_review_tells_in_its_view_why_a_press_does_not_count(env: Env) -> None:
    job, _ = promoting(env)
    fall_behind(env, job)
    age_delay(env, job)
    review = reviewed(env, job)
    env.press(review, "approve", user="alex")
    again = env.slack.wait_view("alex", "did not count")
    assert "NOT ZERO" in plain(again)
    env.dms.set_job(job, sec_lag=0, bytes_lag=0)
    set_delay(env, job, 0)
    env.press(again, "recheck", user="alex")
    zero = env.slack.wait_view("alex", "Replication delay: 0 s")
    assert "did not count" not in plain(zero)
    env.press(zero, "approve", user="alex")
    until(lambda: "approved" in events(env, job))


def test_a_review_lets_no_delay_through_that_it_does_not_show(env: Env) -> None:
    job, ask = promoting(env)
    review = reviewed(env, job)
    assert "Replication delay: 0 s" in plain(review)
    fall_behind(env, job)
    recheck(env, ask, "dana")
    env.shows_as(ask, "behind")
    env.press(review, "approve", user="alex")
    dialog = env.slack.wait_view("alex", "you confirm too")
    assert "NOT ZERO" in plain(dialog)
    assert events(env, job) == ["requested", "confirmed"]
    env.slack.submit(dialog, user="alex")
    env.shows_done(ask, "promote", ALEX)


def test_a_review_of_what_is_over_says_so(env: Env) -> None:
    job = production(env, "over")
    card, _ = confirmed(env, job)
    review = reviewed(env, job)
    listed = env.type("approvals", user="sam")
    env.press(card, "withdraw")
    env.shows_as(card, "cancelled")
    env.press(review, "approve", user="alex")
    assert "[Approve" not in plain(env.slack.wait_view("alex", "this request is cancelled"))
    before = moment(env)
    request = request_of(env, job)
    env.slack.press(listed, action_id="dms:delete:review", value=request.id, user="sam")
    private(env, "sam", "this request is cancelled", after=before)
    assert events(env, job) == ["requested", "confirmed", "cancelled"]


def test_an_approval_that_finds_the_job_changed_is_not_said_to_count(env: Env) -> None:
    job = production(env, "shifted")
    confirmed(env, job)
    review = reviewed(env, job)
    env.dms.set_job(job, state="FAILED")
    env.press(review, "approve", user="alex")
    told = plain(env.slack.wait_view("alex", "out of date; request it again"))
    assert "Nothing was sent" in told
    assert "counts" not in told


def test_ones_own_request_is_confirmed_on_its_whole_card(env: Env) -> None:
    job = unique_id("own")
    keeping_up(env, job)
    card = env.type(f"promote {job}")
    assert "[Confirm" not in part(env, "dana", job, "Promote")
    env.press(reviewed(env, job, "dana"), "confirm", user="dana")
    env.shows_as(card, "approving")


def test_what_is_typed_stands_over_the_review(env: Env) -> None:
    job = env.add_job("typed", state="FAILED", phase="CDC")
    card = env.type(f"restart {job}")
    env.press(reviewed(env, job, "dana"), "confirm", user="dana")
    view = env.slack.wait_view("dana", "are you sure?")
    env.slack.submit(view, {input_of(view): job}, user="dana")
    env.shows_as(card, "approving")
    assert env.slack.views("dana") == []


def test_a_role_from_a_channel_holds_in_a_review(env: Env) -> None:
    job = env.add_job("where", state="FAILED", phase="CDC")
    card = env.type(f"restart {job}")
    env.confirm(card, typed=job)
    asks(env, job)
    listed = env.type("approvals", user="riley", channel=APPROVALS)
    env.press(listed, "review", "riley")
    env.press(env.slack.wait_view("riley", job), "approve", user="riley")
    env.shows(card, f"Approved by <@{RILEY}>")


def part(env: Env, user: str, job: str, verb: str = "Delete") -> str:
    """What `/dms approvals` says to somebody of this job, with the buttons."""
    text = plain(env.type("approvals", user=user))
    assert f"`{job}`" in text, text
    start = text.index(f"*{verb}* `{job}`")
    end = text.find("\n*", start + 1)
    return text[start : end if end > 0 else len(text)]


def test_the_policy_is_told_whole_and_for_a_job(env: Env) -> None:
    job = production(env)
    whole = plain(env.type("policy", user="riley"))
    for word in ("Your role here is *viewer*", "two for production", "approvals: 2", "env=prod"):
        assert word in whole
    assert "`delete`: By the rule “two for production” you may do this" in plain(env.type(f"policy {job}"))
    looks = plain(env.type(f"policy {job}", user="riley"))
    may, _, may_not = looks.partition("*You may not*")
    assert "`show`" in may
    assert "`delete`" in may_not
    assert "requires the role operator or above" in may_not
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
    shared: Env, prefix: str, more: dict[str, object], user: str, channel: str, may: bool
) -> None:
    job = shared.add_job(prefix, state="NOT_STARTED", **more)
    answer = shared.type(f"start {job}", user=user, channel=channel)
    if may:
        shared.shows_done(answer, "start", job)
        assert len(shared.writes("start", job)) == 1
        return
    assert "You may not use `start`" in plain(answer)
    assert answer["ephemeral_for"]
    assert shared.writes("start", job) == []
    assert events(shared, job) == []
