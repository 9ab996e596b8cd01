"""Freezes stop all changes, whenever they come; they are audited, lifted, and end by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import now
from bot.store.records import Freeze
from sandbox.slack import SlackServer, plain
from tests.e2e.env import LOCATIONS, Env, open_env
from tests.e2e.helpers import (
    DANA,
    ROLES,
    SAM,
    asks,
    audit,
    ended,
    events,
    freeze_all,
    full,
    policy,
    press_refused,
    runs_of,
    single_bot,
)
from tests.outbox import all_sent
from tests.waiting import until

NEWS = "db-migrations"
UNTIL = '--until 2h --reason "month end"'
CHANGES = {
    "start": ("NOT_STARTED", None),
    "stop": ("RUNNING", "CDC"),
    "resume": ("STOPPED", "CDC"),
    "restart": ("FAILED", "CDC"),
    "promote": ("RUNNING", "CDC"),
    "delete": ("RUNNING", "CDC"),
    "edit": ("RUNNING", "CDC"),
}


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path)) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """One bot for what posts nothing."""
    folder = tmp_path_factory.mktemp("freeze")
    with open_env(folder, http=True, policy_file=policy(folder)) as made:
        yield made
        assert made.slack.violations() == []


@pytest.fixture
def free(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path) as made:
        yield made


def add(env: Env, state: str = "RUNNING", phase: str | None = "CDC", prefix: str = "cold") -> str:
    return env.add_job(prefix, state=state, phase=phase)


def test_a_frozen_job_refuses_every_change_and_says_who_and_why(env: Env) -> None:
    jobs = {verb: add(env, *status) for verb, status in CHANGES.items()}
    for verb, job in jobs.items():
        told = env.type(f"freeze {job} {UNTIL}", user="sam")
        assert not told.get("ephemeral_for")
        for part in (f"`{job}` is frozen until", f"by <@{SAM}>", "month end", "[Unfreeze]"):
            assert part in plain(told)
        more = " --parallel max" if verb == "edit" else ""
        answer = env.type(f"{verb} {job}{more}")
        for part in (f"`{job}` is frozen until", f"by <@{SAM}>", "month end", "/dms unfreeze"):
            assert part in plain(answer), verb
        assert env.writes(verb, job) == []
        assert events(env, job) == ["frozen"]
    frozen = audit(env, jobs["stop"])[0]
    assert (frozen.user, frozen.job_status) == (SAM, "RUNNING/CDC")
    assert "month end" in frozen.detail


def test_looking_goes_on_and_other_jobs_are_free(env: Env) -> None:
    job, other = add(env), add(env)
    env.type(f"freeze {job} {UNTIL}")
    assert job in plain(env.type(f"show {job}"))
    assert "*Frozen*" in plain(env.type(f"policy {job}"))
    env.shows_done(env.type(f"verify {job}"), "verify")
    env.shows_done(env.type(f"stop {other}"), "stop")


def test_unfreezing_frees_it(env: Env) -> None:
    job = add(env)
    frozen = env.type(f"freeze {job} {UNTIL}")
    env.press(frozen, "Unfreeze", "sam")
    lifted = env.slack.wait_message(channel="dms", contains=[f"unfroze `{job}`", f"<@{SAM}>"])
    assert not lifted.get("ephemeral_for")
    env.shows_done(env.type(f"stop {job}"), "stop")
    assert events(env, job)[:2] == ["frozen", "unfrozen"]
    assert "not frozen" in plain(env.type(f"unfreeze {job}"))


def test_a_job_that_the_service_does_not_show_is_unfrozen(env: Env) -> None:
    """It may be made anew, and would be frozen again."""
    deleted, silent = add(env), add(env)
    for job in (deleted, silent):
        env.type(f"freeze {job} {UNTIL}")
    env.dms.remove_job(deleted)
    assert f"unfroze `{deleted}`" in plain(env.type(f"unfreeze {deleted}"))
    for location in LOCATIONS:
        env.dms.location_unreachable(location)
    assert "You may not use `unfreeze`" in plain(env.type(f"unfreeze {silent}", user="riley"))
    assert f"unfroze `{silent}`" in plain(env.type(f"unfreeze {silent}"))
    env.dms.clear_faults()
    assert env.bot.store.freezes(now()) == ()


def test_all_jobs_at_once(env: Env) -> None:
    job, own = add(env), add(env)
    env.type(f"freeze {own} {UNTIL}")
    assert "All jobs are frozen until" in plain(freeze_all(env, UNTIL))
    assert "All jobs are frozen until" in plain(env.type(f"stop {job}"))
    later = add(env)
    assert "All jobs are frozen until" in plain(env.type(f"stop {later}"))
    lifted = plain(env.type(f"unfreeze {job}"))
    assert "`/dms unfreeze --all` lifts it" in lifted
    assert f"Still frozen on their own: `{own}`" in plain(env.type("unfreeze --all"))
    env.shows_done(env.type(f"stop {job}"), "stop")
    assert "is frozen until" in plain(env.type(f"stop {own}"))
    everywhere = env.bot.store.audit(job="*")
    assert [(each.event, each.user) for each in everywhere] == [("frozen", DANA), ("unfrozen", DANA)]


def test_the_notification_channel_is_told_once_and_list_home_and_message_show_it(env: Env) -> None:
    first = add(env)
    until(lambda: full(first) in env.bot.store.known_names())  # what the first poll finds is no news
    job = add(env)
    (head,) = until(lambda: [m for m in env.slack.messages(channel=NEWS) if f"`{job}`" in plain(m)])
    env.type(f"freeze {job} {UNTIL}", user="sam")
    env.slack.wait_message(channel=NEWS, contains=[f"❄️ `{job}` is frozen until", f"<@{SAM}>", "month end"])
    env.shows(head, "❄️ *Frozen, no changes now*", "month end")
    assert f"❄️ *{job}*" in plain(env.type("list"))
    freeze_all(env, UNTIL)
    env.slack.wait_message(channel=NEWS, contains="❄️ All jobs are frozen until")
    assert "❄️ All jobs are frozen until" in plain(env.type("list"))
    env.home("dana", "❄️ All jobs are frozen until", f"❄️ `{job}` is frozen until")
    env.type("unfreeze --all", user="sam")
    env.slack.wait_message(channel=NEWS, contains=[f"<@{SAM}> lifted the freeze of all jobs"])
    env.type(f"unfreeze {job}", channel=NEWS)
    until(lambda: all_sent(env.bot.store))
    told = [plain(m) for m in env.slack.messages(channel=NEWS)]
    assert sum("All jobs are frozen" in each for each in told) == 1
    assert sum(f"unfroze `{job}`" in each for each in told) == 1, "where it was typed"
    assert not any(f"lifted the freeze of `{job}`" in each for each in told)
    assert "Frozen, no changes" not in plain(env.current(head))


def test_it_takes_a_role(env: Env) -> None:
    job = add(env)
    assert "You may not use `freeze`" in plain(env.type(f"freeze {job} {UNTIL}", user="riley"))
    assert "You may not use `freeze`" in plain(env.type(f"freeze --all {UNTIL}", user="riley"))
    env.type(f"freeze {job} {UNTIL}")
    assert "You may not use `unfreeze`" in plain(env.type(f"unfreeze {job}", user="riley"))
    assert "is frozen" in plain(env.type(f"stop {job}"))
    assert events(env, job) == ["frozen"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("freeze {job}", "Say until when"),
        ("freeze {job} --until 2h", "Say why"),
        ("freeze", "/dms freeze orders-db --until"),
        ("freeze --all", "/dms freeze --all --until"),
        ('freeze {job} --until yesterday --reason "x"', "yesterday"),
        ('freeze {job} --until 2020-01-01 --reason "x"', "is in the past"),
        ('freeze {job} --until 900d --reason "x"', "a year at most"),
        ('freeze --until 2h --reason "x"', "Name a job, a project or all jobs"),
        ('freeze {job} --all --until 2h --reason "x"', "Name a job, a project or all jobs"),
        ("unfreeze", "Name a job, a project or all jobs"),
        ('freeze no-such-job --until 2h --reason "x"', "no migration job"),
    ],
)
def test_what_is_wrong_is_said(shared: Env, line: str, said: str) -> None:
    job = add(shared)
    assert said in plain(shared.type(line.format(job=job)))
    assert shared.bot.store.freezes(datetime.now(UTC)) == ()


def test_it_ends_by_itself(free: Env) -> None:
    job = add(free)
    free.type(f"freeze {job} {UNTIL}")
    assert "is frozen" in plain(free.type(f"stop {job}"))
    shorten(free, job)
    free.shows_done(free.type(f"stop {job}"), "stop")


def shorten(env: Env, job: str) -> None:
    """Let the time of a freeze pass: the same freeze, as if it ended a second from its lifting."""
    now = datetime.now(UTC)
    freeze: Freeze = env.bot.store.freezes(now, full(job))[0]
    env.bot.store.lift_freezes(full(job), "", now)
    ending = replace(freeze, id=f"{freeze.id}-2", until=now + timedelta(milliseconds=200))
    env.bot.store.add_freeze(ending)
    until(lambda: not env.bot.store.freezes(datetime.now(UTC), full(job)))


# ---- at every point of a request's way


def test_frozen_between_asking_and_confirming(free: Env) -> None:
    job = add(free)
    card = free.type(f"delete {job}")
    free.type(f"freeze {job} {UNTIL}", user="sam")
    press_refused(free, card, "confirm", "dana", "is frozen until", f"<@{SAM}>", "press again")
    assert free.writes("delete", job) == []
    free.type(f"unfreeze {job}", user="sam")
    free.press(card, "confirm")
    free.shows_done(card, "delete")
    assert events(free, job)[:4] == ["requested", "frozen", "unfrozen", "confirmed"]


def test_frozen_between_confirming_and_approving(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    ask = asks(env, job)
    freeze_all(env, UNTIL, "sam")
    press_refused(env, ask, "approve", "alex", "All jobs are frozen", f"<@{SAM}>", "press again")
    assert env.writes("delete", job) == []
    env.type("unfreeze --all", user="sam")
    env.press(ask, "approve", "alex")
    env.shows_done(card, "delete")
    assert len(env.writes("delete", job)) == 1


def test_frozen_while_a_bulk_action_runs(slack: SlackServer, tmp_path: Path) -> None:
    """What is under way goes on; what waits for its turn is refused."""
    with single_bot(slack, tmp_path, bulk_parallel=1) as env:
        first, second, third = add(env), add(env), add(env)
        env.dms.operation_seconds(1_000_000)
        card = env.type(f"stop {first} {second} {third}")
        env.press(card, "confirm")
        until(lambda: env.writes("stop", first))
        told = plain(env.type(f"freeze {second} {UNTIL}", user="sam"))
        assert "in progress will continue" in told
        env.dms.operation_seconds(6)
        env.dms.clock(advance_seconds=2_000_000)
        done = plain(env.shows(card, "2 of 3 jobs", "frozen until", "month end", "[Retry the failed ones]"))
        assert second in done
        assert [ended(env, each) for each in (first, second, third)] == [
            ["succeeded"],
            ["refused"],
            ["succeeded"],
        ]
        assert env.writes("stop", second) == []
        assert events(env, second)[-2:] == ["frozen", "refused"]
        env.type(f"unfreeze {second}", user="sam")
        env.press(card, "Retry the failed ones")
        until(lambda: len(runs_of(env, second)) == 2)
        assert ended(env, second) == ["refused", "succeeded"]


def test_a_planned_freeze_holds_by_the_policy(slack: SlackServer, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    begin, end = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (-1, 1))
    window = f'[[freeze]]\nfrom = {begin}\nuntil = {end}\nreason = "closing the year"\njobs = ["cold-*"]\n'
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + window)) as env:
        job, other = add(env), add(env, prefix="warm")
        for user in ("dana", "alex"):
            assert "closing the year" in plain(env.type(f"stop {job}", user=user))
        assert env.writes("stop", job) == []
        env.shows_done(env.type(f"stop {other}"), "stop")
        assert "closing the year" in plain(env.type(f"unfreeze {job}"))
