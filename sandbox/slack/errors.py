"""Refusals of the Web API."""

from typing import Any


class SlackError(Exception):
    """A call that Slack refuses: answered as `{"ok": false, "error": code, …}`.

    `breach` says whether the call broke one of Slack's rules (and is listed as a violation) or is a
    refusal that a correct app may get, such as `channel_not_found`.
    """

    def __init__(self, code: str, *, breach: bool = False, detail: str = "", **extra: Any) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.breach = breach
        self.detail = detail
        self.extra = extra


class RateLimited(SlackError):
    """Answered with HTTP 429 and `Retry-After` (whole seconds)."""

    def __init__(self, retry_after: int, *, breach: bool = False, detail: str = "") -> None:
        super().__init__("ratelimited", breach=breach, detail=detail)
        self.retry_after = retry_after


class ControlError(Exception):
    """What a person cannot do in the page: no such button, no such view …"""
