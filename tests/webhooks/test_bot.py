"""The whole bot with two webhooks: one that answers, and one that hangs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook as Verifier

from bot.doctor import webhooks
from bot.doctor.checks import run_checks
from bot.runtime.metrics import REGISTRY
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.e2e.env import Env, open_env
from tests.e2e.helpers import audit, ended, full
from tests.waiting import until
from tests.webhooks.receiver import Got, Receiver, Reply, receiving
from tests.webhooks.test_cloud_events import SCHEMA
from tests.webhooks.world import SECRET, a_webhook


@dataclass(frozen=True)
class Connected:
    env: Env
    receiver: Receiver

    def of(self, job: str) -> list[Got]:
        """What the receiver that answers has got about a job, in order."""
        return [each for each in self.receiver.at("/siem") if full(job) in each.json["source"]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    folder = tmp_path_factory.mktemp("bot")
    with pytest.MonkeyPatch.context() as patch, receiving(folder) as receiver:
        patch.setenv("SSL_CERT_FILE", str(receiver.ca))
        receiver.respond["/hangs"] = receiver.hang
        given = (
            a_webhook(receiver.url("/hangs"), name="hangs", audit=True),
            a_webhook(receiver.url("/siem"), audit=True),
        )
        with open_env(folder, webhooks=given) as env:
            yield Connected(env, receiver)


def statuses(got: list[Got]) -> list[str]:
    """Those that the job came to."""
    return [each.json["data"]["after"] for each in got if each.json["type"] == "dms-bot.job.changed"]


def test_each_event_and_each_row_arrives_in_order(both: Connected) -> None:
    env, job = both.env, both.env.add_job("sent", phase="CDC")
    until(lambda: both.of(job))
    env.shows_done(env.type(f"stop {job}"), "stop")
    assert ended(env, job) == ["succeeded"]
    rows = [f"dms-bot.audit.{each.event}" for each in audit(env, job)]
    assert {"dms-bot.audit.requested", "dms-bot.audit.calling", "dms-bot.audit.succeeded"} <= set(rows)

    def all_there(got: list[Got]) -> bool:
        kinds = [each.json["type"] for each in got]
        return set(rows) <= set(kinds) and statuses(got)[-1:] == ["STOPPED/CDC"]

    got = until(lambda: both.of(job), all_there)
    types = [each.json["type"] for each in got]
    assert [each for each in types if each.startswith("dms-bot.audit.")] == rows
    assert types[0] == "dms-bot.job.created"
    assert statuses(got) in (["STOPPING/CDC", "STOPPED/CDC"], ["STOPPED/CDC"])
    assert len({each.id for each in got}) == len(got)
    for each in got:
        Draft202012Validator(SCHEMA).validate(Verifier(SECRET).verify(each.body, dict(each.headers)))
    hashes = [each.json["data"]["hash"] for each in got if "hash" in each.json["data"]]
    assert hashes == [each.hash for each in audit(env, job)]


def test_a_webhook_that_hangs_delays_nothing_else(both: Connected) -> None:
    """It still hangs with its first event; its time-out is longer than all of this may take."""
    job = both.env.add_job("beside", phase="CDC")
    both.env.slack.wait_message(channel=NOTIFY_CHANNEL, contains=job)
    until(lambda: both.of(job))
    other = both.env.add_job("behind", phase="CDC")
    until(lambda: both.of(other))
    assert len({each.id for each in both.receiver.at("/hangs")}) == 1

    def depth(webhook: str) -> float | None:
        return REGISTRY.get_sample_value("dms_bot_webhook_queue_depth", {"webhook": webhook})

    assert both.env.bot.store.webhook_queue("hangs", "cloudevents").depth > 1
    until(lambda: (depth("hangs"), depth("siem")), lambda found: None not in found)


def test_the_doctor_says_what_each_gets_and_sends_nothing(both: Connected) -> None:
    before = len(both.receiver.got)
    settings = both.env.bot.settings
    found = {each.check: each for each in run_checks(settings) if each.check.startswith("webhook ")}
    assert [each.grade for each in found.values()] == ["OK", "OK"]
    assert found["webhook siem"].found == (
        "events (all) and audit rows go as cloudevents, with 1 key, to localhost, which can be reached; "
        "nothing was sent."
    )
    sent = [each for each in both.receiver.got[before:] if not each.id]
    assert sent == []
    offline = [each.found for each in run_checks(settings, offline=True) if each.check == "webhook siem"]
    assert offline == ["events (all) and audit rows go as cloudevents, with 1 key, to localhost."]


def test_the_doctor_says_why_one_cannot_be_reached(both: Connected) -> None:
    private = replace(both.env.bot.settings, webhooks=(a_webhook(both.receiver.url(), allow_private=False),))
    (found,) = webhooks.run_checks(private, offline=False)
    assert found.failed
    assert "to localhost, which cannot be reached: localhost resolves to" in found.found


def test_a_receiver_that_is_gone_is_told_in_slack(both: Connected) -> None:
    """The last test here: nothing is sent to it from then on."""
    both.receiver.respond["/siem"] = lambda _: Reply(410)
    both.env.add_job("last", phase="CDC")
    both.env.slack.wait_message(channel=NOTIFY_CHANNEL, contains="“siem” answered that it is gone (HTTP 410)")
