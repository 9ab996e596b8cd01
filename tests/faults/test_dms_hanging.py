"""One location, or one part of the service, hangs: answers come in time with what is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.dms.answer_deadline import PATIENCE
from sandbox.slack import plain
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.e2e.env import CAUGHT_UP, LOCATIONS, Env, open_env
from tests.waiting import until

HERE, AWAY = LOCATIONS
PROMISED_S = 3.0
DEADLINE_S = 20.0
"""Of a call, as it is set by default: who has waited for what hangs has waited as long."""
BUSY_S = 6.0
"""What the local Slack, the driver of the test and a busy machine may add."""
IMPATIENT = 20


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """With the limits as they are set by default."""
    with open_env(tmp_path_factory.mktemp("bot"), patience=PATIENCE) as made:
        yield made


@pytest.fixture
def env(opened: Env) -> Iterator[Env]:
    yield opened
    opened.dms.clear_faults()


def hang(env: Env, place: str = AWAY) -> None:
    env.dms.fault("*", "HANG", times=None, match=f"locations/{place}")


def in_time(env: Env, text: str, user: str = "dana", channel: str = "dms") -> str:
    """The answer, which must come within the time that is promised."""
    begun = time.monotonic()
    said = plain(env.type(text, user, channel))
    took = time.monotonic() - begun
    assert took < PROMISED_S + BUSY_S, f"{text} took {took:.1f} s: {said}"
    return said


def a_job(env: Env, place: str = HERE) -> str:
    return env.add_job("hang", location=place, state="RUNNING", phase="CDC", databases=["sales"], **CAUGHT_UP)


def test_every_look_comes_in_time_and_names_the_location_that_hangs(env: Env) -> None:
    job = a_job(env)
    in_time(env, f"show {job}")
    hang(env)
    listed = in_time(env, f"list {job}")
    assert job in listed
    assert f"*Not answering*: `{AWAY}`" in listed
    shown = in_time(env, f"show {job}")
    assert "1 database" in shown
    assert f"whether there is another `{job}`: {AWAY} does not answer" in shown
    assert "sales" in in_time(env, f"databases {job}")
    assert f"I cannot tell whether there is a job `no-such`: {AWAY} does not answer" in in_time(
        env, "show no-such"
    )
    env.slack.open_home("alex")
    env.slack.wait_home("alex", contains=[f"{AWAY} does not answer", "may be out of date"])


def test_a_change_in_a_location_that_hangs_sends_nothing(env: Env) -> None:
    job = a_job(env, AWAY)
    hang(env)
    for text in (f"stop {job}", f"stop {AWAY}/{job}"):
        said = in_time(env, text)
        assert f"{AWAY} does not answer" in said
        assert "Nothing was sent." in said
    assert env.writes("stop", job) == []
    assert env.bot.store.requests(limit=1000) == ()


def test_a_part_that_hangs_is_missing_on_the_card_and_takes_nothing_along(env: Env) -> None:
    job = a_job(env)
    in_time(env, f"show {job}")
    env.dms.fault("ListTimeSeries", "HANG", times=None)
    env.dms.fault("ListMigrationJobObjects", "HANG", times=None)
    shown = in_time(env, f"show {job}")
    assert "Running" in shown
    assert "Databases could not be listed at" in shown
    assert f"DMS in {HERE} did not answer in time" in shown
    assert "*not known*: Cloud Monitoring did not answer in time" in shown
    assert f"DMS in {HERE} did not answer in time" in in_time(env, f"databases {job}")
    env.dms.clear_faults()
    until(lambda: "1 database" in plain(env.type(f"show {job}")))


def test_impatient_people_hold_nobody_else_up(env: Env) -> None:
    """Each types again and again about a location that hangs; the watcher sees the others' jobs all along."""
    job, lost = a_job(env), a_job(env, AWAY)
    begun = env.now(NOTIFY_CHANNEL)
    hang(env)

    def type_twice(number: int) -> None:
        for text in ("list", f"show {AWAY}/{lost}" if number % 2 else f"show {lost}"):
            assert env.slack.command(text, user="sam")["ok"]

    with ThreadPoolExecutor(IMPATIENT) as people:
        list(people.map(type_twice, range(IMPATIENT)))
    assert "Running" in in_time(env, f"show {HERE}/{job}", "alex", "general")
    env.dms.set_job(job, state="FAILED", phase="CDC", error="The source went away.")
    env.slack.wait_message(
        NOTIFY_CHANNEL, contains=[job, "The source went away"], timeout=DEADLINE_S, after=begun
    )
    assert "Failed" in in_time(env, f"show {HERE}/{job}", "alex", "general")
