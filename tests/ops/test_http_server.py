"""The HTTP server with Slack's receiver and a real Bolt app behind it, over real sockets."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from structlog.testing import capture_logs

from bot.runtime import metrics
from bot.runtime.health import Health, Probe
from bot.runtime.http_server import MAX_BODY, MAX_CONNECTIONS, Server
from bot.runtime.routes import Routes
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.bolt_errors import answer_errors
from bot.slack.inbound.http_receiver import HttpReceiver
from tests.faults.loglines import log_lines
from tests.waiting import until

SECRET = "s" * 32
JSON_TYPE = {"Content-Type": "application/json"}


@contextmanager
def serving(app: Any, most: int = MAX_CONNECTIONS) -> Iterator[Server]:
    server = Server(app, "127.0.0.1", 0, threads=4, most=most)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(server: Server, method: str, path: str, body: bytes = b"", headers: Any = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def signed(body: bytes, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    base = b"v0:" + stamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def command(text: str) -> bytes:
    return urllib.parse.urlencode(
        {"command": "/dms", "text": text, "user_id": "U1", "team_id": "T1", "channel_id": "C1"}
    ).encode()


@pytest.fixture
def seen() -> list[str]:
    return []


def bolt(heard: Callable[[str], None]) -> App:
    """A Bolt app as the bot has it, which answers commands with what it heard."""
    known = AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-test", bot_user_id="U0BOT")
    app = App(authorize=lambda: known, request_verification_enabled=False, process_before_response=True)
    answer_errors(app)

    @app.command("/dms")
    def answer(ack: Any, body: dict[str, Any]) -> None:
        ack(f"heard {body['text']}")
        heard(body["text"])

    return app


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


@pytest.fixture
def slack(seen: list[str], pool: ThreadPoolExecutor) -> HttpReceiver:
    return HttpReceiver(bolt(seen.append), SECRET, AfterAck(pool))


def test_a_signed_command_is_answered(slack: Any) -> None:
    with serving(Routes(Health(), slack)) as server:
        body = command("list ü")
        status, _, text = ask(server, "POST", "/slack/events", body, signed(body))
    assert (status, text) == (200, "heard list ü")


@pytest.mark.parametrize(
    ("age", "secret"), [(0, "x" * 32), (600, SECRET), (-600, SECRET)], ids=["forged", "stale", "future"]
)
def test_a_forged_or_stale_command_is_refused(slack: Any, seen: list[str], age: int, secret: str) -> None:
    body = command("stop orders-db")
    headers = signed(body, time.time() - age, secret)
    with serving(Routes(Health(), slack)) as server:
        assert ask(server, "POST", "/slack/events", body, headers)[0] == 401
    assert seen == []


def test_an_unsigned_command_is_refused(slack: Any, seen: list[str]) -> None:
    with serving(Routes(Health(), slack)) as server:
        assert ask(server, "POST", "/slack/events", command("list"))[0] == 401
    assert seen == []


def test_a_body_that_is_not_text_is_refused(slack: Any) -> None:
    with serving(Routes(Health(), slack)) as server:
        status, _, text = ask(server, "POST", "/slack/events", b"\xff\xfe", signed(b"\xff\xfe"))
    assert (status, text) == (400, "That is not UTF-8.\n")


def test_a_body_beyond_the_limit_is_refused(slack: Any) -> None:
    with serving(Routes(Health(), slack)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.putrequest("POST", "/slack/events")
        # Refused by what it announces: who goes on sending would only see the connection close.
        connection.putheader("Content-Length", str(MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


@pytest.mark.parametrize(
    "text",
    ["list payload", "payload", "payload=x&payload", "show {payload}", "%70ayload", 'list "payload": 1'],
)
def test_a_command_may_hold_the_word_payload(slack: Any, text: str) -> None:
    """Bolt alone takes such a form for an interaction, and finds nothing in it."""
    with serving(Routes(Health(), slack)) as server:
        body = command(text)
        status, _, answer = ask(server, "POST", "/slack/events", body, signed(body))
    assert (status, answer) == (200, f"heard {text}")


@pytest.mark.parametrize(
    ("stamp", "signature"),
    [
        ("", None),
        ("now", None),
        ("+{}", None),
        ("{}.0", None),
        ("9" * 5000, None),
        ("{}", "v0=\xe9"),
        ("{}", ""),
    ],
)
def test_headers_that_no_signature_can_be_made_of_are_refused(
    slack: Any, seen: list[str], stamp: str, signature: str | None
) -> None:
    body = command("stop orders-db")
    sent = stamp.format(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"v0:{sent}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "X-Slack-Request-Timestamp": sent,
        "X-Slack-Signature": f"v0={digest}" if signature is None else signature,
    }
    with serving(Routes(Health(), slack)) as server:
        assert ask(server, "POST", "/slack/events", body, headers)[0] == 401
    assert seen == []


def test_slack_finds_its_challenge_answered(slack: Any) -> None:
    """As it does once, when the address is entered. Source: https://docs.slack.dev/reference/events/url_verification"""
    with serving(Routes(Health(), slack)) as server:
        body = b'{"type": "url_verification", "token": "x", "challenge": "3eZbrw1a"}'
        status, _, text = ask(server, "POST", "/slack/events", body, signed(body) | JSON_TYPE)
    assert (status, json.loads(text)) == (200, {"challenge": "3eZbrw1a"})


def test_slacks_look_at_the_certificate_is_answered(slack: Any) -> None:
    with serving(Routes(Health(), slack)) as server:
        assert ask(server, "POST", "/slack/events", b"ssl_check=1&token=x")[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"payload=",
        b"payload=[]",
        b"payload=" + b"[" * 20_000,
        b"{",
        b"[" * 20_000,
        b'{"response_urls": null}',
    ],
)
def test_signed_bodies_that_cannot_be_read_are_refused(slack: Any, body: bytes) -> None:
    with log_lines() as log, serving(Routes(Health(), slack)) as server:
        status, _, text = ask(server, "POST", "/slack/events", body, signed(body) | JSON_TYPE)
    assert (status, json.loads(text)) == (400, {"error": "invalid request"})
    assert len(log.named("request_malformed")) == 1
    assert log.traces() == []


def test_nothing_unsigned_is_read(slack: Any) -> None:
    with log_lines() as log, serving(Routes(Health(), slack)) as server:
        assert ask(server, "POST", "/slack/events", b"[" * 20_000, JSON_TYPE)[0] == 401
    assert log.named("request_malformed") == []


def test_who_hangs_up_before_the_acknowledgement_is_heard_all_the_same(pool: ThreadPoolExecutor) -> None:
    """What was taken is worked on, though its acknowledgement reaches nobody."""
    taken, gone, worked = threading.Event(), threading.Event(), threading.Event()
    afterwards = AfterAck(pool)

    def heard(_text: str) -> None:
        taken.set()
        gone.wait(60)
        afterwards.submit(worked.set)

    with serving(Routes(Health(), HttpReceiver(bolt(heard), SECRET, afterwards))) as server:
        link = http.client.HTTPConnection("127.0.0.1", server.port)
        body = command("hang up")
        link.request("POST", "/slack/events", body, signed(body))
        assert taken.wait(60)
        # With a reset, so that whoever writes to it is told.
        link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()
        gone.set()
        assert worked.wait(60)


LARGE = 64 << 20
"""More than two sockets hold: it has not left before it is read."""


def large(closed: threading.Event) -> Any:
    """An application whose answer tells when it is closed."""

    class Sent(list[bytes]):
        def close(self) -> None:
            closed.set()

    def app(_environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", str(LARGE))])
        return Sent([b"x" * LARGE])

    return app


def test_what_is_answered_is_closed_once_it_has_left() -> None:
    """Work begins then."""
    closed = threading.Event()
    with serving(large(closed)) as server:
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        link.request("GET", "/")
        answer = link.getresponse()
        assert not closed.is_set()
        assert len(answer.read()) == LARGE
        assert closed.wait(60)
        link.close()


def test_who_does_not_read_the_answer_is_hung_up_on() -> None:
    closed = threading.Event()
    server = Server(large(closed), "127.0.0.1", 0, body_s=0.2)
    server.start()
    try:
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        link.request("GET", "/")
        answer = link.getresponse()
        assert closed.wait(60)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    finally:
        server.stop()


def test_other_methods_and_paths(slack: Any) -> None:
    with serving(Routes(Health(), slack)) as server:
        assert ask(server, "GET", "/slack/events")[0] == 405
        status, headers, _ = ask(server, "POST", "/healthz")
        assert (status, headers["Allow"]) == (405, "GET, HEAD")
        assert ask(server, "GET", "/elsewhere")[0] == 404
        assert ask(server, "HEAD", "/healthz")[2] == ""


def test_socket_mode_has_no_path_for_slack() -> None:
    with serving(Routes(Health())) as server:
        assert ask(server, "POST", "/slack/events", command("list"))[0] == 404


def test_health_follows_the_loops() -> None:
    health = Health()
    with serving(Routes(health)) as server:
        health.heartbeat("watcher", within_s=60)
        assert ask(server, "GET", "/healthz")[0] == 200
        health.heartbeat("outbox", within_s=-1)
        status, _, text = ask(server, "GET", "/healthz")
        assert status == 503
        assert json.loads(text)["loops"]["watcher"] == "ok"
        assert json.loads(text)["loops"]["outbox"].startswith("no beat for")
        health.unregister("outbox")
        assert ask(server, "GET", "/healthz")[0] == 200


def test_readiness_tells_what_is_missing_without_secrets() -> None:
    answers = {"store": "", "slack": "wrong token xoxb-1234567-abcdef"}
    probes = {name: Probe(partial(answers.__getitem__, name), every_s=0) for name in answers}
    health = Health(probes, details=lambda: {"leader": True})
    with serving(Routes(health)) as server:
        status, _, text = ask(server, "GET", "/readyz")
        assert status == 503
        assert json.loads(text)["checks"] == {"store": "ok", "slack": "wrong token [secret]"}
        assert json.loads(text)["leader"] is True
        answers["slack"] = ""
        assert ask(server, "GET", "/readyz")[0] == 200
        health.stop()
        status, _, text = ask(server, "GET", "/readyz")
        assert (status, json.loads(text)["checks"]["process"]) == (503, "stopping")


def test_a_hanging_probe_is_given_up_on_and_recovers() -> None:
    free = threading.Event()

    def check() -> str:
        free.wait(30)
        return ""

    probe = Probe(check, every_s=0, timeout_s=0.05)
    assert probe.fault() == "no answer within 0.05 seconds"
    assert probe.fault() == "no answer within 0.05 seconds"
    free.set()
    until(probe.fault, lambda fault: fault == "")


def test_a_probe_that_got_no_thread_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that has as many as it may have."""
    probe = Probe(lambda: "", timeout_s=0.05)

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            probe.fault()
    assert probe.fault() == ""


def test_a_probe_that_raises_says_why() -> None:
    def check() -> str:
        raise OSError("disk full")

    assert Probe(check).fault() == "disk full"


def test_a_probe_answers_from_memory_for_a_while() -> None:
    asked: list[int] = []

    def check() -> str:
        asked.append(1)
        return ""

    probe = Probe(check, every_s=60)
    assert [probe.fault(), probe.fault(), probe.fault()] == ["", "", ""]
    assert len(asked) == 1


def test_a_bad_answer_is_not_kept_for_long() -> None:
    answers = ["down", ""]
    probe = Probe(lambda: answers.pop(0), every_s=3600)
    assert probe.fault() == "down"
    until(probe.fault, lambda fault: fault == "")
    assert answers == []


def test_metrics_and_their_token() -> None:
    metrics.command("list", "answered")
    with serving(Routes(Health(), metrics_token="let-me-in")) as server:
        assert ask(server, "GET", "/metrics")[0] == 401
        assert ask(server, "GET", "/metrics", headers={"Authorization": "Bearer wrong"})[0] == 401
        status, headers, text = ask(server, "GET", "/metrics", headers={"Authorization": "Bearer let-me-in"})
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    assert 'dms_bot_commands_total{outcome="answered",verb="list"}' in text


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "10.1.2.3"}, 403),
        ({"REMOTE_ADDR": ""}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.7"}, 403),
    ],
)
def test_metrics_without_a_token_are_for_this_machine(given: dict[str, str], status: int) -> None:
    def got(routes: Routes) -> int:
        answers: list[str] = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", **given}
        list(routes(environ, lambda line, _headers: answers.append(line)))  # type: ignore[arg-type]
        return int(answers[0][:3])

    assert got(Routes(Health())) == status
    assert got(Routes(Health(), metrics_open=True)) == 200


def test_no_traceback_reaches_the_client() -> None:
    def broken(_environ: Any, _start_response: Any) -> Any:
        raise RuntimeError("inner detail")

    with serving(Routes(Health(), broken)) as server, capture_logs() as log:
        status, headers, text = ask(server, "POST", "/slack/events", b"x=1")
    assert status == 500
    assert "inner detail" not in text
    assert "Traceback" not in text
    assert "Server" not in headers
    lines = [(each["event"], each["exc_info"]) for each in log if each["log_level"] == "error"]
    assert lines == [("http_request_error", True)]


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r\nHost: x:",
        b"GET / HTTP/1.1\r\nHost: x:y",
        b"GET / HTTP/1.1\r\nHost: a b",
        b"GET / HTTP/9.9\r\nHost: x",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        b"GET / HTTP/1.1\r\nHost: x\r\nno header",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_what_is_no_request_is_refused_without_a_traceback(head: bytes) -> None:
    with log_lines() as log, serving(Routes(Health())) as server:
        assert _status(server, head + b"\r\n\r\n") == b"HTTP/1.1 400"
    assert log.traces() == []


@pytest.mark.parametrize("path", [b"/%", b"/%ff%fe", b"//", b"/healthz/..", b"*", b"/\xe9", b"http://x:y/z"])
def test_odd_paths_are_not_found(path: bytes) -> None:
    with log_lines() as log, serving(Routes(Health())) as server:
        found = _status(server, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert found in (b"HTTP/1.1 404", b"HTTP/1.1 400")
    assert log.traces() == []


def test_an_answer_that_cannot_be_written_costs_its_connection_alone() -> None:
    closed = threading.Event()

    class Sent(list[bytes]):
        def close(self) -> None:
            closed.set()

    def short(_environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Length", "9")])
        return Sent([b"short"])

    server = Server(short, "127.0.0.1", 0)
    server.start()
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(server, "GET", "/")
    assert closed.wait(60)
    begun = time.monotonic()
    server.stop(grace_s=10)
    assert time.monotonic() - begun < 5


def test_stop_lets_a_request_in_hand_end() -> None:
    inside, go = threading.Event(), threading.Event()

    def slow(_environ: Any, start_response: Any) -> Any:
        inside.set()
        go.wait(60)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"done"]

    server = Server(slow, "127.0.0.1", 0)
    server.start()
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(ask(server, "GET", "/")))
    asking.start()
    assert inside.wait(60)
    stopping = threading.Thread(target=server.stop, args=(10,))
    stopping.start()
    until(lambda: not _accepts(server.port))
    go.set()
    asking.join(60)
    stopping.join(60)
    assert not stopping.is_alive()
    assert answers[0][2] == "done"


def test_stop_does_not_wait_for_idle_connections() -> None:
    server = Server(Routes(Health()), "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        server.stop(grace_s=30)
    server.stop()


HEAD = b"POST /slack/events HTTP/1.1\r\nHost: x\r\n"
BODY = HEAD + b"Content-Length: 900\r\n\r\n"


@contextmanager
def dripping(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Connections that send a request byte by byte: every other one its head, the rest its body."""
    with ExitStack() as stack:
        links = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            for _ in range(count)
        ]
        for number, link in enumerate(links):
            link.sendall(BODY if number % 2 else HEAD)
        yield links


def test_slow_senders_keep_nobody_waiting(slack: Any, seen: list[str]) -> None:
    """Far more of them than there are threads. Slack waits 3 seconds, and so do most health checks."""
    server = Server(Routes(Health(), slack), "127.0.0.1", 0, threads=4)
    server.start()
    try:
        with dripping(server, 120) as links:
            for turn in range(3):
                for link in links:
                    link.sendall(b"x")
                begun = time.monotonic()
                body = command(f"list {turn}")
                assert ask(server, "GET", "/healthz")[0] == 200
                assert ask(server, "POST", "/slack/events", body, signed(body))[0] == 200
                assert time.monotonic() - begun < 3
        assert seen == ["list 0", "list 1", "list 2"]
    finally:
        server.stop()


@pytest.mark.parametrize("begun", [HEAD, BODY], ids=["head", "body"])
def test_a_request_has_a_deadline_however_steadily_it_drips(begun: bytes) -> None:
    server = Server(Routes(Health()), "127.0.0.1", 0, head_s=0.4, body_s=0.4)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.05) as link:
            link.sendall(begun)
            opened = time.monotonic()
            while not _hung_up(link):
                assert time.monotonic() - opened < 10
            assert time.monotonic() - opened >= 0.3
        assert ask(server, "GET", "/healthz")[0] == 200
    finally:
        server.stop()


def test_stop_waits_no_longer_than_it_may_for_slow_senders() -> None:
    server = Server(Routes(Health()), "127.0.0.1", 0)
    server.start()
    with dripping(server, 8):
        begun = time.monotonic()
        server.stop(grace_s=0.2)
        assert time.monotonic() - begun < 5


def test_only_so_many_connections_are_taken_at_once_and_others_wait() -> None:
    """A closed connection would be a command that Slack does not repeat."""
    with serving(Routes(Health()), most=8) as server, dripping(server, 8) as links:
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as beyond:
            beyond.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(TimeoutError):
                beyond.recv(1)
            links[0].close()
            beyond.settimeout(60)
            assert beyond.recv(64).startswith(b"HTTP/1.1 200")
        until(lambda: _answers(server))


def test_a_server_that_is_full_can_be_stopped() -> None:
    with serving(Routes(Health()), most=2) as server, dripping(server, 2):
        server.stop(grace_s=0.2)
        assert not _accepts(server.port)


def test_starting_and_stopping_over_and_over() -> None:
    for _ in range(100):
        server = Server(Routes(Health()), "127.0.0.1", 0, threads=1)
        server.start()
        server.stop(grace_s=5)
        assert not _accepts(server.port)


def test_a_worker_that_ends_after_the_stop_harms_nobody() -> None:
    inside, go = threading.Event(), threading.Event()

    def slow(_environ: Any, start_response: Any) -> Any:
        inside.set()
        go.wait(30)
        start_response("200 OK", [("Content-Length", "4")])
        return [b"late"]

    server = Server(slow, "127.0.0.1", 0, threads=1)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert inside.wait(60)
        server.stop(grace_s=0)
        go.set()
        until(lambda: not any(each.name.startswith("http_") for each in threading.enumerate()))
        assert client.recv(1) == b""


def test_a_taken_port_is_named() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match=f"cannot listen on 127.0.0.1, port {taken.getsockname()[1]}"),
    ):
        Server(Routes(Health()), "127.0.0.1", taken.getsockname()[1]).start()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _status(server: Server, sent: bytes) -> bytes:
    """How the answer to these bytes begins."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
        link.sendall(sent)
        return link.recv(12)


def _answers(server: Server) -> bool:
    try:
        return bool(ask(server, "GET", "/healthz")[0] == 200)
    except OSError:
        return False


def _hung_up(link: socket.socket) -> bool:
    """Send one byte more, and see whether the other side has closed."""
    try:
        link.sendall(b"x")
        return link.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
