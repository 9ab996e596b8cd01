"""A signed request that somebody has recorded and sends again, byte for byte, while its signature holds.

Slack's scheme itself lets it through: the signature covers the time and the body, and holds for five
minutes. What the request carries is done once all the same: its trigger id is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, signing
from tests.e2e.env import CAUGHT_UP, JSON, UNHURRIED, Env, mode, open_env, running, settings
from tests.e2e.helpers import ROLES, asks, audit, ended, full, moment, policy, private

RULES = f'{ROLES}\n[[rule]]\nname = "alone"\nverbs = ["restart", "start"]\napprovals = 0\n'


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("bot")
    with open_env(folder, http=True, policy_file=policy(folder, RULES)) as made:
        yield made
        assert made.slack.violations() == []


class Recorded:
    """A request as it went over the wire."""

    def __init__(self, env: Env, kind: str, payload: JSON) -> None:
        self._url = f"http://127.0.0.1:{env.bot.server.port}/slack/events"
        self._body, form = signing.encode(kind, payload)
        self._headers = signing.headers("sandbox-signing-secret", self._body, form)

    def send(self) -> str:
        """Returns the acknowledgement."""
        answer = httpx.post(self._url, content=self._body, headers=self._headers, trust_env=False)
        assert answer.status_code == 200
        return answer.text


def replayed(env: Env, recorded: Recorded, job: str) -> None:
    """Sent three times more, it changes nothing that is known of the job."""
    before = audit(env, job), env.bot.store.requests(job=full(job))
    for _ in range(3):
        recorded.send()
    # What comes after it has been answered, so it would have been done.
    env.type("help")
    assert (audit(env, job), env.bot.store.requests(job=full(job))) == before


def test_a_command(env: Env) -> None:
    job = env.add_job("again", state="NOT_STARTED")
    sample = env.slack.command("help")["payload"]
    command = Recorded(env, "slash_commands", sample | {"text": f"start {job}", "trigger_id": f"1.{job}"})
    command.send()
    assert ended(env, job) == ["succeeded"]
    env.dms.set_job(job, state="NOT_STARTED", phase="PHASE_UNSPECIFIED")
    replayed(env, command, job)
    assert len(env.writes("start", job)) == 1


def test_a_press_and_an_approval(env: Env) -> None:
    job = env.add_job("again", state="RUNNING", phase="CDC", databases=["sales"], **CAUGHT_UP)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    press = Recorded(env, "interactive", env.press(card, "confirm")["payload"])
    asked = asks(env, job)
    replayed(env, press, job)
    approval = Recorded(env, "interactive", env.press(asked, "approve", user="alex")["payload"])
    assert ended(env, job) == ["succeeded"]
    replayed(env, approval, job)
    assert len(env.writes("promote", job)) == 1


def test_an_approval_in_a_dialog(env: Env) -> None:
    behind = {"state": "RUNNING", "phase": "CDC", "databases": ["sales"], "sec_lag": 90, "bytes_lag": 10}
    job, other = env.add_job("again", **behind), env.add_job("again", **behind)
    for each in (other, job):
        env.confirm(env.shows(env.type(f"promote {each}"), step="confirm"), typed=each)
    typed = [each["payload"] for each in env.slack.deliveries("interactive")]
    env.press(asks(env, job), "approve", user="alex")
    submission = env.slack.deliveries("interactive")[-1]["payload"]
    assert submission["view"]["callback_id"] == "dms:promote:approve_sure"
    assert ended(env, job) == ["succeeded"]
    replayed(env, Recorded(env, "interactive", submission), job)
    assert len(env.writes("promote", job)) == 1
    # The dialog in which the requester has typed is no dialog of an approver.
    views = [each["view"] for each in typed if each["type"] == "view_submission"]
    forged = submission["view"] | {"private_metadata": views[-2]["private_metadata"]}
    payload = submission | {"view": forged, "trigger_id": f"1.{other}"}
    replayed(env, Recorded(env, "interactive", payload), other)
    assert env.writes("promote", other) == []


def test_a_view(env: Env) -> None:
    job = env.add_job("again", state="FAILED", phase="CDC", databases=["sales"])
    card = env.shows(env.type(f"restart {job}"), step="confirm")
    env.confirm(card, typed=job)
    submission = env.slack.deliveries("interactive")[-1]["payload"]
    assert submission["type"] == "view_submission"
    assert ended(env, job) == ["succeeded"]
    before = audit(env, job)
    # A request that is over is told in the view; nothing else comes of it.
    view = Recorded(env, "interactive", submission)
    assert all("errors" in view.send() for _ in range(3))
    env.type("help")
    assert audit(env, job) == before
    assert len(env.writes("restart", job)) == 1


def test_a_view_that_shows_less_than_is_known_by_now(env: Env) -> None:
    """Typed where the databases could not be listed, and sent once somebody has seen them listed."""
    job = env.add_job("again", state="FAILED", phase="CDC", databases=["sales"])
    env.dms.fault("ListMigrationJobObjects", "PERMISSION_DENIED", times=None, match=job)
    card = env.type(f"restart {job}")
    before = moment(env)
    env.confirm(card, typed=job)
    submission = env.slack.deliveries("interactive")[-1]["payload"]
    private(env, "dana", "cannot be read now", after=before)
    env.dms.clear_faults()
    env.confirm(card, typed=job)
    shown = env.shows(card, "1 database: `sales`")
    before = moment(env)
    Recorded(env, "interactive", submission | {"trigger_id": f"1.{job}"}).send()
    private(env, "dana", "the request has changed", after=before)
    assert [each.event for each in audit(env, job)] == ["requested"]
    env.confirm(shown, typed=job)
    assert ended(env, job) == ["succeeded"]


def test_another_start_of_the_bot_knows_it_too(tmp_path: Path) -> None:
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as dms,
    ):
        slack.control.configure(**UNHURRIED)
        wanted = settings(slack, dms, tmp_path, policy_file=policy(tmp_path, RULES), **mode(slack, http=True))
        dms.control.add_job("twice", state="NOT_STARTED", frozen=True)
        sent: JSON = {}
        for _ in range(2):
            with running(wanted) as bot:
                assert slack.control.set_request_url(f"http://127.0.0.1:{bot.server.port}/slack/events")
                env = Env(slack.control, dms.control, bot)
                sent = sent or slack.control.command("help")["payload"] | {
                    "text": "start twice",
                    "trigger_id": "1.2",
                }
                Recorded(env, "slash_commands", sent).send()
                assert ended(env, "twice") == ["succeeded"]
                dms.control.set_job("twice", state="NOT_STARTED", phase="PHASE_UNSPECIFIED")
                env.type("help")
                assert len(env.bot.store.requests(job=full("twice"))) == 1
                assert len(env.writes("start", "twice")) == 1
