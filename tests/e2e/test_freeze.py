"""Freezes stop all changes, whenever they come; they are audited, lifted, and end by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store.records import Freeze
from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    DANA,
    ROLES,
    SAM,
    alone,
    asks,
    audit,
    ended,
    events,
    eventually,
    full,
    policy,
    press_refused,
    runs_of,
)
from tests.e2e.scene import Scene, fresh, scene

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
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path, policy_file=policy(tmp_path)) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One bot for what posts nothing."""
    folder = tmp_path_factory.mktemp("freeze")
    with scene(folder, http=True, policy_file=policy(folder)) as made:
        yield made
        assert made.slack.violations() == []


@pytest.fixture
def free(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path) as made:
        yield made


def add(stage: Scene, state: str = "RUNNING", phase: str | None = "CDC", prefix: str = "cold") -> str:
    job = fresh(prefix)
    stage.dms.add_job(job, state=state, phase=phase, frozen=True)
    return job


def test_a_frozen_job_refuses_every_change_and_says_who_and_why(stage: Scene) -> None:
    jobs = {verb: add(stage, *status) for verb, status in CHANGES.items()}
    for verb, job in jobs.items():
        told = stage.type(f"freeze {job} {UNTIL}", user="sam")
        assert not told.get("ephemeral_for")
        for part in (f"`{job}` is frozen until", f"by <@{SAM}>", "month end", "[Unfreeze]"):
            assert part in plain(told)
        more = " --parallel max" if verb == "edit" else ""
        answer = stage.type(f"{verb} {job}{more}")
        for part in (f"`{job}` is frozen until", f"by <@{SAM}>", "month end", "/dms unfreeze"):
            assert part in plain(answer), verb
        assert stage.writes(verb, job) == []
        assert events(stage, job) == ["frozen"]
    frozen = audit(stage, jobs["stop"])[0]
    assert (frozen.user, frozen.job_status) == (SAM, "RUNNING/CDC")
    assert "month end" in frozen.detail


def test_looking_goes_on_and_other_jobs_are_free(stage: Scene) -> None:
    job, other = add(stage), add(stage)
    stage.type(f"freeze {job} {UNTIL}")
    assert job in plain(stage.type(f"show {job}"))
    assert "*Frozen*" in plain(stage.type(f"policy {job}"))
    stage.shows(stage.type(f"verify {job}"), "✅ *Verified*")
    stage.shows(stage.type(f"stop {other}"), "✅ *Stopped*")


def test_unfreezing_frees_it(stage: Scene) -> None:
    job = add(stage)
    frozen = stage.type(f"freeze {job} {UNTIL}")
    stage.press(frozen, "Unfreeze", "sam")
    lifted = stage.slack.wait_message(channel="dms", contains=[f"`{job}` is no longer frozen", f"<@{SAM}>"])
    assert not lifted.get("ephemeral_for")
    stage.shows(stage.type(f"stop {job}"), "✅ *Stopped*")
    assert events(stage, job)[:2] == ["frozen", "unfrozen"]
    assert "not frozen" in plain(stage.type(f"unfreeze {job}"))


def test_all_jobs_at_once(stage: Scene) -> None:
    job, own = add(stage), add(stage)
    stage.type(f"freeze {own} {UNTIL}")
    assert "All jobs are frozen until" in plain(stage.type(f"freeze --all {UNTIL}"))
    assert "All jobs are frozen until" in plain(stage.type(f"stop {job}"))
    later = add(stage)
    assert "All jobs are frozen until" in plain(stage.type(f"stop {later}"))
    lifted = plain(stage.type(f"unfreeze {job}"))
    assert "`/dms unfreeze --all` lifts that" in lifted
    assert f"still: `{own}`" in plain(stage.type("unfreeze --all"))
    stage.shows(stage.type(f"stop {job}"), "✅ *Stopped*")
    assert "is frozen until" in plain(stage.type(f"stop {own}"))
    everywhere = stage.bot.store.audit(job="*")
    assert [(each.event, each.user) for each in everywhere] == [("frozen", DANA), ("unfrozen", DANA)]


def test_it_takes_a_role(stage: Scene) -> None:
    job = add(stage)
    assert "You may not use `freeze`" in plain(stage.type(f"freeze {job} {UNTIL}", user="riley"))
    assert "You may not use `freeze`" in plain(stage.type(f"freeze --all {UNTIL}", user="riley"))
    stage.type(f"freeze {job} {UNTIL}")
    assert "You may not use `unfreeze`" in plain(stage.type(f"unfreeze {job}", user="riley"))
    assert "is frozen" in plain(stage.type(f"stop {job}"))
    assert events(stage, job) == ["frozen"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("freeze {job}", "Say until when"),
        ("freeze {job} --until 2h", "Say why"),
        ("freeze", "/dms freeze orders-db --until"),
        ("freeze --all", "/dms freeze --all --until"),
        ('freeze {job} --until yesterday --reason "x"', "yesterday"),
        ('freeze {job} --until 2020-01-01 --reason "x"', "is over already"),
        ('freeze {job} --until 900d --reason "x"', "a year at most"),
        ('freeze --until 2h --reason "x"', "Name a job or all of them"),
        ('freeze {job} --all --until 2h --reason "x"', "Name a job or all of them"),
        ("unfreeze", "Name a job or all of them"),
        ('freeze no-such-job --until 2h --reason "x"', "no migration job"),
    ],
)
def test_what_is_wrong_is_said(shared: Scene, line: str, said: str) -> None:
    job = add(shared)
    assert said in plain(shared.type(line.format(job=job)))
    assert shared.bot.store.freezes(datetime.now(UTC)) == ()


def test_it_ends_by_itself(free: Scene) -> None:
    job = add(free)
    free.type(f"freeze {job} {UNTIL}")
    assert "is frozen" in plain(free.type(f"stop {job}"))
    shorten(free, job)
    free.shows(free.type(f"stop {job}"), "✅ *Stopped*")


def shorten(stage: Scene, job: str) -> None:
    """Let the time of a freeze pass: the same freeze, as if it ended a second from its lifting."""
    now = datetime.now(UTC)
    freeze: Freeze = stage.bot.store.freezes(now, full(job))[0]
    stage.bot.store.lift_freezes(full(job), "", now)
    ending = replace(freeze, id=f"{freeze.id}-2", until=now + timedelta(milliseconds=200))
    stage.bot.store.add_freeze(ending)
    eventually(lambda: not stage.bot.store.freezes(datetime.now(UTC), full(job)))


# ---- at every point of a request's way


def test_frozen_between_asking_and_confirming(free: Scene) -> None:
    job = add(free)
    card = free.type(f"delete {job}")
    free.type(f"freeze {job} {UNTIL}", user="sam")
    press_refused(free, card, "Delete job only", "dana", "is frozen until", f"<@{SAM}>", "press again")
    assert free.writes("delete", job) == []
    free.type(f"unfreeze {job}", user="sam")
    free.press(card, "Delete job only")
    free.shows(card, "✅ *Deleted*")
    assert events(free, job)[:4] == ["requested", "frozen", "unfrozen", "confirmed"]


def test_frozen_between_confirming_and_approving(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    ask = asks(stage, job)
    stage.type(f"freeze --all {UNTIL}", user="sam")
    press_refused(stage, ask, "Approve", "alex", "All jobs are frozen", f"<@{SAM}>", "press again")
    assert stage.writes("delete", job) == []
    stage.type("unfreeze --all", user="sam")
    stage.press(ask, "Approve", "alex")
    stage.shows(card, "✅ *Deleted*")
    assert len(stage.writes("delete", job)) == 1


def test_frozen_while_a_bulk_action_runs(slack: SlackServer, tmp_path: Path) -> None:
    """What is under way goes on; what waits for its turn is refused."""
    with alone(slack, tmp_path, bulk_parallel=1) as stage:
        first, second, third = add(stage), add(stage), add(stage)
        stage.dms.operation_seconds(1_000_000)
        card = stage.type(f"stop {first} {second} {third}")
        stage.press(card, "Confirm stop")
        eventually(lambda: stage.writes("stop", first))
        told = plain(stage.type(f"freeze {second} {UNTIL}", user="sam"))
        assert "What is under way goes on" in told
        stage.dms.operation_seconds(6)
        stage.dms.clock(advance_seconds=2_000_000)
        done = plain(stage.shows(card, "2 of 3 jobs", "frozen until", "month end", "[Retry the failed ones]"))
        assert second in done
        assert [ended(stage, each) for each in (first, second, third)] == [
            ["succeeded"],
            ["refused"],
            ["succeeded"],
        ]
        assert stage.writes("stop", second) == []
        assert events(stage, second)[-2:] == ["frozen", "refused"]
        stage.type(f"unfreeze {second}", user="sam")
        stage.press(card, "Retry the failed ones")
        eventually(lambda: len(runs_of(stage, second)) == 2)
        assert ended(stage, second) == ["refused", "succeeded"]


def test_a_planned_freeze_holds_by_the_policy(slack: SlackServer, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    begin, end = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (-1, 1))
    window = f'[[freeze]]\nfrom = {begin}\nuntil = {end}\nreason = "closing the year"\njobs = ["cold-*"]\n'
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES + window)) as stage:
        job, other = add(stage), add(stage, prefix="warm")
        for user in ("dana", "alex"):
            assert "closing the year" in plain(stage.type(f"stop {job}", user=user))
        assert stage.writes("stop", job) == []
        stage.shows(stage.type(f"stop {other}"), "✅ *Stopped*")
        assert "closing the year" in plain(stage.type(f"unfreeze {job}"))
