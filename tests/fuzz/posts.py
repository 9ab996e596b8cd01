"""HTTP requests as they might reach the bot: made by Slack, or by somebody who would like to be it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from sandbox.slack import signing
from tests.fuzz.env import FORGED, RESPONSE_URL, TEAM, TRIGGER, FuzzEnv
from tests.fuzz.strategies import hostile

FORM, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"
TOLERATED_S = 300
"""How old Slack lets a request be."""
_MARGIN_S = 30
_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
_WORDS = (
    "start house-1",
    "stop house-0",
    "delete house-delete",
    "promote house-0",
    "freeze x",
    "watch house-1",
)


@dataclass(frozen=True)
class Sent:
    """What came back."""

    status: int
    text: str


class Wire:
    """One connection to the bot's HTTP server."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def post(self, body: bytes, headers: dict[str, str]) -> Sent:
        """Returns when the request is over on the other side as well, and all that it began has begun."""
        answer = self._ask("POST", "/slack/events", body, headers)
        assert self._ask("GET", "/nowhere", b"", {}).status == 404
        return answer

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Sent:
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        return Sent(answer.status, answer.read().decode())


@contextmanager
def wire(made: FuzzEnv) -> Iterator[Wire]:
    opened = Wire(made.bot.server.port)
    try:
        yield opened
    finally:
        opened.close()


def encoded(body: Any) -> tuple[bytes, str]:
    """As Slack sends it, and its content type."""
    if isinstance(body, dict) and "command" in body:
        return urlencode({key: _text(value) for key, value in body.items()}).encode(), FORM
    if isinstance(body, dict) and "event" in body:
        return json.dumps(body).encode(), JSON_TYPE
    return urlencode({"payload": json.dumps(body)}).encode(), FORM


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def headers(made: FuzzEnv, body: bytes, kind: str, *, at: float | None = None) -> dict[str, str]:
    """Signed now, or at another moment."""
    age = 0.0 if at is None else time.time() - at
    return signing.headers(made.slack.workspace.world.app.signing_secret, body, kind, age=age)


@st.composite
def wishes(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """What would be done at once, if it were believed to come from who may do it."""
    if draw(st.booleans()):
        return {
            "command": "/dms",
            "text": draw(st.sampled_from(_WORDS)),
            "team_id": TEAM,
            "user_id": "U0DANA0001",
            "channel_id": "C0DMS00001",
            "trigger_id": TRIGGER,
            "response_url": RESPONSE_URL,
        }
    user, step = draw(st.sampled_from((("U0ALEX0001", "approve"), ("U0DANA0001", "cancel"))))
    request = draw(st.sampled_from(made.requests))
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "trigger_id": FORGED,
        "response_url": RESPONSE_URL,
        "channel": {"id": "C0DMS00001"},
        "actions": [{"type": "button", "action_id": f"dms:promote:{step}", "value": request}],
    }


@st.composite
def forgeries(draw: st.DrawFn, made: FuzzEnv, body: bytes, kind: str) -> dict[str, str]:
    """Headers that Slack has not made for this body, or not now."""
    whole = headers(made, body, kind)
    stamp, signature = whole["X-Slack-Request-Timestamp"], whole["X-Slack-Signature"]
    secret = made.slack.workspace.world.app.signing_secret
    way = draw(st.integers(0, 8))
    if way == 0:
        return _without(whole, draw(st.sampled_from(("Timestamp", "Signature", ""))))
    if way == 1:
        return whole | {"X-Slack-Signature": signing.signature(draw(st.text(max_size=20)), stamp, body)}
    if way == 2:
        return headers(made, body + draw(st.binary(min_size=1, max_size=3)), kind)
    if way == 3:
        other = str(int(stamp) + draw(st.sampled_from((-100, -1, 1, 100))))
        return whole | {"X-Slack-Request-Timestamp": other}
    if way == 4:
        away = draw(st.integers(TOLERATED_S + _MARGIN_S, 10**9)) * draw(st.sampled_from((1, -1)))
        return headers(made, body, kind, at=max(0.0, time.time() - away))
    if way == 5:
        alike = (f"+{stamp}", f"{stamp}.0", f"-{stamp}", f"0x{stamp}", "1e9")
        odd = draw(st.one_of(_HEADER, st.sampled_from(alike)))
        return whole | {
            "X-Slack-Request-Timestamp": odd,
            "X-Slack-Signature": signing.signature(secret, odd, body),
        }
    if way == 6:
        return whole | {"X-Slack-Signature": draw(_HEADER)}
    if way == 7:
        version = draw(st.sampled_from(("v1=", "", "v0")))
        return whole | {"X-Slack-Signature": signature.replace("v0=", version)}
    place = draw(st.integers(3, len(signature) - 1))
    flipped = "0" if signature[place] != "0" else "1"
    return whole | {"X-Slack-Signature": signature[:place] + flipped + signature[place + 1 :]}


def _without(whole: dict[str, str], ending: str) -> dict[str, str]:
    """Without the header of Slack's that ends so; where no ending is given, without both."""
    gone = [key for key in whole if key.startswith("X-Slack") and key.endswith(ending)]
    return {key: value for key, value in whole.items() if key not in gone}


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, str]:
    """Anything at all, with any content type."""
    odd = draw(
        st.one_of(
            st.binary(max_size=200),
            st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
            st.sampled_from((b"[" * 20_000, b"{" * 20_000, b'{"a":' * 5_000, b"payload=" + b"[" * 20_000)),
            st.lists(st.tuples(hostile, hostile), max_size=120).map(
                lambda pairs: urlencode([(_text(key), _text(value)) for key, value in pairs]).encode()
            ),
            hostile.map(lambda text: urlencode({"payload": _text(text)}).encode()),
            st.sampled_from((b"", b"null", b"payload=null", b"payload=[]", b"command=/dms", b"ssl_check=1")),
            st.integers(0, 300_000).map(lambda size: b"text=" + b"x" * size),
        )
    )
    return odd, draw(st.sampled_from((FORM, JSON_TYPE, "text/plain", "", f"{FORM}; charset=utf-8")))
