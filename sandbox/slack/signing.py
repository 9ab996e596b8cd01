"""Signed HTTP requests to the app. Source: https://docs.slack.dev/authentication/verifying-requests-from-slack"""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

from sandbox.slack.world import JSON


def encode(kind: str, payload: JSON) -> tuple[bytes, str]:
    """The body and its content type: a form for commands and interactions, JSON for events."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def headers(
    secret: str, body: bytes, content_type: str, *, signed: str = "good", age: float = 0
) -> dict[str, str]:
    """`signed`: "good", "bad" or "missing". `age` is the age of the request's time stamp in seconds."""
    timestamp = str(int(time.time() - age))
    made = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
    if signed == "missing":
        return made
    proof = signature(secret, timestamp, body)
    if signed == "bad":
        proof = proof[:-4] + ("0000" if not proof.endswith("0000") else "1111")
    return {**made, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": proof}
