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
from tests.e2e.deciding import ROLES, asks, audit, ended, full, policy
from tests.e2e.scene import CAUGHT_UP, JSON, Scene, fresh, mode, running, scene, settings

RULES = f'{ROLES}\n[[rule]]\nname = "alone"\nverbs = ["restart", "start"]\napprovals = 0\n'


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("bot")
    with scene(folder, http=True, policy_file=policy(folder, RULES)) as made:
        yield made
        assert made.slack.violations() == []


class Recorded:
    """A request as it went over the wire."""

    def __init__(self, stage: Scene, kind: str, payload: JSON) -> None:
        self._url = f"http://127.0.0.1:{stage.bot.server.port}/slack/events"
        self._body, form = signing.encode(kind, payload)
        self._headers = signing.headers("sandbox-signing-secret", self._body, form)

    def send(self) -> str:
        """Returns the acknowledgement."""
        answer = httpx.post(self._url, content=self._body, headers=self._headers, trust_env=False)
        assert answer.status_code == 200
        return answer.text


def replayed(stage: Scene, recorded: Recorded, job: str) -> None:
    """Sent three times more, it changes nothing that is known of the job."""
    before = audit(stage, job), stage.bot.store.requests(job=full(job))
    for _ in range(3):
        recorded.send()
    # What comes after it has been answered, so it would have been done.
    stage.type("help")
    assert (audit(stage, job), stage.bot.store.requests(job=full(job))) == before


def test_a_command(stage: Scene) -> None:
    job = fresh("again")
    stage.dms.add_job(job, state="NOT_STARTED", frozen=True)
    sample = stage.slack.command("help")["payload"]
    command = Recorded(stage, "slash_commands", sample | {"text": f"start {job}", "trigger_id": f"1.{job}"})
    command.send()
    assert ended(stage, job) == ["succeeded"]
    stage.dms.set_job(job, state="NOT_STARTED", phase="PHASE_UNSPECIFIED")
    replayed(stage, command, job)
    assert len(stage.writes("start", job)) == 1


def test_a_press_and_an_approval(stage: Scene) -> None:
    job = fresh("again")
    stage.dms.add_job(job, state="RUNNING", phase="CDC", databases=["sales"], frozen=True, **CAUGHT_UP)
    card = stage.shows(stage.type(f"promote {job}"), "Confirm promote")
    press = Recorded(stage, "interactive", stage.press(card, "Confirm promote")["payload"])
    asked = asks(stage, job)
    replayed(stage, press, job)
    approval = Recorded(stage, "interactive", stage.press(asked, "Approve", user="alex")["payload"])
    assert ended(stage, job) == ["succeeded"]
    replayed(stage, approval, job)
    assert len(stage.writes("promote", job)) == 1


def test_a_view(stage: Scene) -> None:
    job = fresh("again")
    stage.dms.add_job(job, state="FAILED", phase="CDC", databases=["sales"], frozen=True)
    card = stage.shows(stage.type(f"restart {job}"), "Confirm restart")
    stage.confirm(card, "Confirm restart", typed=job)
    submission = stage.slack.deliveries("interactive")[-1]["payload"]
    assert submission["type"] == "view_submission"
    assert ended(stage, job) == ["succeeded"]
    before = audit(stage, job)
    # A request that is over is told in the view; nothing else comes of it.
    view = Recorded(stage, "interactive", submission)
    assert all("errors" in view.send() for _ in range(3))
    stage.type("help")
    assert audit(stage, job) == before
    assert len(stage.writes("restart", job)) == 1


def test_another_start_of_the_bot_knows_it_too(tmp_path: Path) -> None:
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as dms,
    ):
        slack.control.configure(rate_limits=False)
        wanted = settings(slack, dms, tmp_path, policy_file=policy(tmp_path, RULES), **mode(slack, http=True))
        dms.control.add_job("twice", state="NOT_STARTED", frozen=True)
        sent: JSON = {}
        for _ in range(2):
            with running(wanted) as bot:
                assert slack.control.set_request_url(f"http://127.0.0.1:{bot.server.port}/slack/events")
                stage = Scene(slack.control, dms.control, bot)
                sent = sent or slack.control.command("help")["payload"] | {
                    "text": "start twice",
                    "trigger_id": "1.2",
                }
                Recorded(stage, "slash_commands", sent).send()
                assert ended(stage, "twice") == ["succeeded"]
                dms.control.set_job("twice", state="NOT_STARTED", phase="PHASE_UNSPECIFIED")
                stage.type("help")
                assert len(stage.bot.store.requests(job=full("twice"))) == 1
                assert len(stage.writes("start", "twice")) == 1
