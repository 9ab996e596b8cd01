"""What goes over the wire to a real HTTPS server, and what becomes of it when that server fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier
from structlog.testing import capture_logs

from bot.config.webhooks import Format
from bot.store import Store
from bot.webhooks.connection import NoAnswer, WebhookConnection, retry_after_s
from bot.webhooks.sender import pause_s
from tests.store.raw import Raw
from tests.waiting import until
from tests.webhooks.receiver import OK, Got, Receiver, Reply
from tests.webhooks.world import (
    CHANNEL,
    PAGER_KEY,
    SECRET,
    Clock,
    a_webhook,
    enqueue,
    sender,
    sending,
    waiting,
)

OTHER = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def ids(got: list[Got]) -> list[str]:
    return [each.id for each in got]


def test_a_receiver_verifies_what_it_gets(receiver: Receiver, store: Store) -> None:
    enqueue(store, "event-1", "event-2")
    webhook = a_webhook(receiver.url("/in?team=db"), secrets=(OTHER, SECRET))
    with sending(sender(store, webhook)):
        got = until(lambda: receiver.got, lambda got: len(got) == 2)
        until(lambda: waiting(store) is None)
    for each, id in zip(got, ("event-1", "event-2"), strict=True):
        assert (each.path, each.headers["Content-Type"]) == ("/in?team=db", "application/cloudevents+json")
        for secret in (SECRET, OTHER):  # while keys are exchanged, either will do
            assert Verifier(secret).verify(each.body, dict(each.headers)) == {"id": id}
        assert each.headers["Host"] == f"localhost:{receiver.port}"
        assert each.asked_for == "localhost"
    assert store.webhook_queue("siem", "cloudevents").depth == 0


def test_pagerduty_gets_its_key_in_the_body_and_no_signature(receiver: Receiver, store: Store) -> None:
    enqueue(store, "event-1", webhook="pager", format="pagerduty")
    webhook = a_webhook(receiver.url(), name="pager", format=Format.PAGERDUTY, secrets=(PAGER_KEY,))
    with sending(sender(store, webhook)):
        (got,) = until(lambda: receiver.got)
    assert got.json == {"routing_key": PAGER_KEY, "id": "event-1"}
    assert got.headers["Content-Type"] == "application/json"
    assert not [name for name in got.headers if name.lower().startswith("webhook-")]


def test_order_is_kept_while_the_receiver_fails(receiver: Receiver, store: Store) -> None:
    replies = [Reply(503), None, Reply(500), OK, Reply(429), OK, OK]
    receiver.respond["/in"] = lambda _: replies.pop(0)
    enqueue(store, "event-1", "event-2", "event-3")
    clock = Clock()
    with sending(sender(store, a_webhook(receiver.url()), clock)):

        def all_sent() -> bool:
            first = waiting(store)
            if first is not None and first.not_before is not None and first.not_before > clock():
                clock.skip(seconds=(first.not_before - clock()).total_seconds())
            return first is None

        until(all_sent)
    assert ids(receiver.got) == ["event-1"] * 4 + ["event-2"] * 2 + ["event-3"]
    signed = [int(each.headers["webhook-timestamp"]) for each in receiver.got if each.id == "event-1"]
    assert signed == sorted(set(signed)), "each attempt is signed with its own time"


def test_one_that_cannot_be_read_is_given_up_and_those_after_it_are_sent(
    receiver: Receiver, store: Store, tmp_path: Path
) -> None:
    enqueue(store, "event-1", "event-2", "event-3")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE webhook_deliveries SET body = '[' WHERE event = 'event-1'")
        raw.execute("UPDATE webhook_deliveries SET created = 'long ago' WHERE event = 'event-2'")
    with capture_logs() as lines, sending(sender(store, a_webhook(receiver.url()))):
        got = until(lambda: receiver.got)
        until(lambda: store.webhook_queue("siem", "cloudevents").depth == 0)
    assert ids(got) == ["event-3"]
    errors = [each["event"] for each in lines if each["log_level"] == "error"]
    assert errors == ["row_not_read", "webhook_delivery_given_up"] * 2
    (told,) = store.ready_to_send(datetime.now(UTC))
    assert told.channel == CHANNEL
    assert "“siem” cannot be read from the database" in told.subject["text"]


def test_the_pauses_grow_up_to_an_hour() -> None:
    assert all(3.5 <= pause_s(1) <= 5 for _ in range(50))
    assert all(2520 <= pause_s(failures) <= 3600 for failures in (7, 8, 1000))
    assert len({pause_s(7) for _ in range(10)}) > 1
    assert pause_s(1, asked_s=600) == 600
    assert pause_s(9, asked_s=10**9) == 86400


def test_retry_after_as_the_rfc_has_it() -> None:
    # RFC 9110, 10.2.3: a number of seconds, or an HTTP-date
    now = datetime(1999, 12, 31, 23, 59, 29, tzinfo=UTC)
    assert retry_after_s("120", now) == 120
    assert retry_after_s("Fri, 31 Dec 1999 23:59:59 GMT", now) == 30
    assert retry_after_s("Fri, 31 Dec 1999 23:00:00 GMT", now) == 0
    assert [retry_after_s(text, now) for text in ("", "soon", "-5", "1.5", "²")] == [0] * 5


def test_a_receiver_that_asks_for_time_gets_it(receiver: Receiver, store: Store) -> None:
    at = datetime.now(UTC) + timedelta(hours=2)
    replies = [Reply(503, (("Retry-After", format_datetime(at, usegmt=True)),)), OK]
    receiver.respond["/in"] = lambda _: replies.pop(0)
    enqueue(store, "event-1")
    clock = Clock()
    with sending(sender(store, a_webhook(receiver.url()), clock)):
        failed = until(lambda: waiting(store), lambda first: first is not None and first.attempts == 1)
        assert failed is not None
        assert failed.not_before is not None
        assert abs(failed.not_before - at) < timedelta(seconds=5)
        clock.skip(hours=2, seconds=5)
        until(lambda: waiting(store) is None)
    assert len(receiver.got) == 2


def test_a_redirect_is_not_followed(receiver: Receiver, store: Store) -> None:
    receiver.respond["/in"] = lambda _: Reply(307, (("Location", receiver.url("/elsewhere")),))
    enqueue(store, "event-1")
    with capture_logs() as logs, sending(sender(store, a_webhook(receiver.url()))):
        until(lambda: waiting(store), lambda first: first is not None and first.attempts == 1)
    assert [each.path for each in receiver.got] == ["/in"]
    assert [each["error"] for each in logs] == ["HTTP 307, a redirect, which is not followed"]


def test_gone_ends_it_and_is_told_once(receiver: Receiver, store: Store) -> None:
    receiver.respond["/in"] = lambda _: Reply(410)
    enqueue(store, "event-1", "event-2")
    for _ in range(2):  # a restart tries once more
        with capture_logs() as logs, sending(sender(store, a_webhook(receiver.url()))):
            until(lambda: logs, lambda logs: any(each["event"] == "webhook_gone" for each in logs))
            until(lambda: store.outbox_depth() == 1)
    assert ids(receiver.got) == ["event-1", "event-1"]
    (told,) = store.ready_to_send(datetime.now(UTC))
    assert (told.channel, told.kind) == (CHANNEL, "text")
    assert "“siem” answered that it is gone (HTTP 410)" in told.subject["text"]
    assert store.webhook_queue("siem", "cloudevents").depth == 2


def test_what_is_refused_for_three_days_is_given_up(receiver: Receiver, store: Store) -> None:
    """Only what is old: what is newer has its three days as well, and what the receiver takes, it gets."""
    receiver.respond["/in"] = lambda got: OK if got.id == "event-3" else Reply(422, body=b"password=hunter2")
    clock = Clock()
    enqueue(store, "event-1", "event-2")
    with capture_logs() as logs, sending(sender(store, a_webhook(receiver.url()), clock)):
        until(lambda: waiting(store), lambda first: first is not None and first.attempts == 1)
        clock.skip(days=2.9)
        until(lambda: waiting(store), lambda first: first is not None and first.attempts == 2)
        enqueue(store, "event-3", created=clock())
        clock.skip(days=0.2)
        until(lambda: waiting(store) is None)
    assert ids(receiver.got) == ["event-1"] * 3 + ["event-2", "event-3"]
    (told,) = store.ready_to_send(datetime.now(UTC))
    assert "The webhook “siem” has taken nothing since" in told.subject["text"]
    assert "(HTTP 422)" in told.subject["text"]
    assert "hunter2" not in repr(logs) + told.subject["text"]
    assert "password=[secret]" in repr(logs)


def test_what_pagerduty_refuses_is_given_up_at_once(receiver: Receiver, store: Store) -> None:
    """Events API v2, "Response Codes & Retry Logic": 400 is not retried, 429 and 5xx are."""
    replies = [Reply(400), Reply(400), OK, Reply(400), Reply(500)]
    receiver.respond["/in"] = lambda _: replies.pop(0)
    enqueue(store, *"abcde", webhook="pager", format="pagerduty")
    webhook = a_webhook(receiver.url(), name="pager", format=Format.PAGERDUTY, secrets=(PAGER_KEY,))
    with sending(sender(store, webhook)):
        last = until(lambda: waiting(store, "pager", "pagerduty"), lambda each: each is None or each.attempts)
    assert last is not None
    assert [each.json["id"] for each in receiver.got] == list("abcde")
    assert last.event == "e"
    told = store.ready_to_send(datetime.now(UTC))
    assert len(told) == 2, "once, and once more after something was taken"
    assert "“pager” refused an alert (HTTP 400)" in told[0].subject["text"]


def test_an_answer_that_never_ends_is_left(receiver: Receiver) -> None:
    """One that sends a byte now and then, so that no single wait is too long."""
    receiver.respond["/in"] = receiver.drip
    began = time.monotonic()
    with pytest.raises(NoAnswer, match=r"no answer within 0.5 seconds"):
        WebhookConnection(a_webhook(receiver.url()), 0.5).post(b"{}", {})
    assert 0.4 < time.monotonic() - began < 5


def test_a_hanging_receiver_is_left(receiver: Receiver, store: Store) -> None:
    receiver.respond["/in"] = receiver.hang
    enqueue(store, "event-1")
    began = time.monotonic()
    with capture_logs() as logs, sending(sender(store, a_webhook(receiver.url()), timeout_s=0.5)):
        until(lambda: waiting(store), lambda first: first is not None and first.attempts == 1)
        assert 0.4 < time.monotonic() - began < 5
    assert [each["error"] for each in logs] == ["no answer within 0.5 seconds"]


def test_a_stop_ends_the_request_and_keeps_the_delivery(receiver: Receiver, store: Store) -> None:
    receiver.respond["/in"] = receiver.hang
    enqueue(store, "event-1")
    began = time.monotonic()
    with sending(sender(store, a_webhook(receiver.url()), timeout_s=60)):
        until(lambda: receiver.got)
    assert time.monotonic() - began < 30
    first = waiting(store)
    assert first is not None
    assert first.attempts == 0, "it was not the receiver's fault"


def test_what_is_not_verified_gets_nothing(
    receiver: Receiver, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    enqueue(store, "event-1")
    with capture_logs() as logs, sending(sender(store, a_webhook(receiver.url()))):
        until(lambda: waiting(store), lambda first: first is not None and first.attempts == 1)
    assert receiver.got == []
    assert "its certificate cannot be trusted" in logs[0]["error"]


KILLED = """
import sys, threading
from datetime import UTC, datetime
from bot.config.webhooks import Webhook
from bot.store import open_store
from bot.webhooks.sender import WebhookSender

_, db, url, secret = sys.argv
webhook = Webhook("siem", url, (secret,), allow_private=True)
sender = WebhookSender(webhook, open_store(db), "C1", threading.Event(), lambda: datetime.now(UTC))
sender.run(threading.Event())
"""


def test_what_a_kill_cuts_off_is_sent_again(receiver: Receiver, store: Store, tmp_path: Path) -> None:
    """The process dies after the receiver has taken the second event, and before it has its answer."""
    receiver.respond["/in"] = lambda got: receiver.hang(got) if got.id == "event-2" else OK
    enqueue(store, "event-1", "event-2", "event-3")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "bot.db"), receiver.url(), SECRET]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()}) as process:
        until(lambda: ids(receiver.got), lambda got: got == ["event-1", "event-2"])
        process.send_signal(signal.SIGKILL)
    receiver.respond.clear()
    with sending(sender(store, a_webhook(receiver.url()))):
        until(lambda: waiting(store) is None)
    assert ids(receiver.got) == ["event-1", "event-2", "event-2", "event-3"]


def test_a_request_that_the_bot_cannot_make_holds_up_no_other(receiver: Receiver, store: Store) -> None:
    """An ID that is no header, for which the HTTP client has an error of its own."""
    enqueue(store, "event\n1", "event-2")
    clock, stop = Clock(), threading.Event()
    sends = sender(store, a_webhook(receiver.url()), clock)
    for _ in range(5):
        sends.step(stop)
        clock.skip(hours=1)
    sends.step(stop)
    assert ids(receiver.got) == ["event-2"]
    assert waiting(store) is None
    (told,) = [each for each in store.ready_to_send(clock()) if each.kind == "text"]
    assert "because of an error in the bot" in told.subject["text"]


def test_what_arrived_is_not_sent_again_for_an_odd_header(receiver: Receiver, store: Store) -> None:
    later = f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT"
    receiver.respond["/in"] = lambda _: Reply(headers=(("Retry-After", later),))
    enqueue(store, "event-1")
    sender(store, a_webhook(receiver.url())).step(threading.Event())
    assert (ids(receiver.got), waiting(store)) == (["event-1"], None)


@pytest.mark.parametrize("proxy", ["http://proxy:port", "http://[proxy", "http://proxy:99999"])
def test_a_proxy_that_is_none_loses_no_event(
    receiver: Receiver, store: Store, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """The settings are wrong, so it is tried for as long as where nobody answers."""
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    enqueue(store, "event-1")
    clock = Clock()
    sends = sender(store, a_webhook(receiver.url()), clock)
    for _ in range(6):
        sends.step(threading.Event())
        clock.skip(hours=1)
    found = waiting(store)
    assert found is not None
    assert found.attempts == 6


def test_one_error_of_the_bot_after_an_outage_loses_no_event(receiver: Receiver, store: Store) -> None:
    """Its tries before have failed for another reason."""
    enqueue(store, "event\n1")
    found = waiting(store)
    assert found is not None
    for _ in range(6):
        store.delivery_failed(found.id, datetime.now(UTC), datetime.now(UTC))
    sender(store, a_webhook(receiver.url())).step(threading.Event())
    assert waiting(store) is not None
