"""Signed HTTP does all that Socket Mode does; what is not signed, or too old, is refused."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sandbox.slack import plain
from tests.e2e.env import Env, open_env
from tests.waiting import until


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    with open_env(tmp_path_factory.mktemp("http"), http=True) as made:
        yield made
        assert made.slack.violations() == []


def test_a_command_a_button_and_a_view(env: Env) -> None:
    job = env.add_job("http", state="STOPPED", phase="FULL_DUMP", databases=["sales"])
    card = env.type(f"restart {job}")
    env.confirm(card, typed=job)
    env.shows_as(card, "done", job)
    assert len(env.writes("restart", job)) == 1


@pytest.mark.parametrize(("signed", "age"), [("missing", 0), ("bad", 0), ("good", 600)])
def test_forged_and_stale_requests_are_refused(env: Env, signed: str, age: int) -> None:
    job = env.add_job("forged", state="NOT_STARTED")
    sample = env.slack.command("help")["payload"]
    results = env.slack.raw_deliver(
        sample | {"text": f"start {job}", "trigger_id": f"1.{job}"}, "slash_commands", signed=signed, age=age
    )
    assert [each["ok"] for each in results] == [False]
    assert env.writes("start", job) == []


def test_health_and_metrics_stand_beside(env: Env) -> None:
    base = f"http://127.0.0.1:{env.bot.server.port}"
    loops = {"leader", "cutovers", "follower", "maintenance", "notifier", "watcher"}
    until(lambda: httpx.get(f"{base}/healthz").json()["loops"], lambda found: set(found) == loops)
    assert httpx.get(f"{base}/healthz").status_code == 200
    ready = httpx.get(f"{base}/readyz")
    assert ready.status_code == 200, ready.text
    env.type("help")
    assert 'dms_bot_commands_total{outcome="answered",verb="help"}' in httpx.get(f"{base}/metrics").text


def test_an_answer_is_only_for_who_asked(env: Env) -> None:
    answer = env.type("help list", user="sam")
    assert "migration jobs by status" in plain(answer).lower()
    assert answer["ephemeral_for"]
