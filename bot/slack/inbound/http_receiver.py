"""Slack's signed HTTP requests: Bolt's WSGI handler behind Bolt's signature check.

Bolt parses a body before it checks the signature. Here the check comes first, so nothing unsigned is parsed.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.adapter.wsgi.http_request import WsgiHttpRequest
from slack_bolt.middleware import RequestVerification

from bot.runtime import metrics
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.bolt_errors import Headers, dispatch

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SSL_CHECK = "ssl_check=1"
_SHORT = 1000
"""Characters. Slack's certificate check (`ssl_check=1`) is shorter."""


class _ResponseBody(list[bytes]):
    """A response body whose `close` the server calls once it has been sent. Source: PEP 3333."""

    def __init__(self, body: Iterable[bytes], close: Callable[[], None]) -> None:
        super().__init__(body)
        self.close = close


class HttpReceiver(SlackRequestHandler):
    """A WSGI application. `app` has its own signature check switched off."""

    def __init__(self, app: App, signing_secret: str, after_ack: AfterAck) -> None:
        super().__init__(app)
        self._verification = RequestVerification(signing_secret)
        self._after_ack = after_ack

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._after_ack.held() as release:
            return _ResponseBody(super().__call__(environ, start_response), release)

    def dispatch(self, request: WsgiHttpRequest) -> BoltResponse:
        """Called by Bolt's handler for each POST."""
        text, headers = request.get_body(), request.get_headers()
        if len(text) < _SHORT and _SSL_CHECK in text.split("&"):
            # Slack does not sign its certificate checks.
            return BoltResponse(status=200)
        unread = BoltRequest(body="", headers=headers if _comparable(headers) else {})
        unread.raw_body = text
        answer = self._verification.process(
            req=unread, resp=BoltResponse(status=401), next=lambda: self._signed(text, headers)
        )
        if answer.status == HTTPStatus.UNAUTHORIZED:
            log.info("request_signature_invalid")
        return answer

    def _signed(self, text: str, headers: Headers) -> BoltResponse:
        begun = perf_counter()
        answer = dispatch(self.app, _as_form(text), headers, "http")
        metrics.acknowledged(perf_counter() - begun)
        return answer


def _comparable(headers: Headers) -> bool:
    """Whether Bolt's signature check can read these headers; it raises on others."""
    stamp = str(headers.get("x-slack-request-timestamp", ""))
    signature = str(headers.get("x-slack-signature", ""))
    return _TIMESTAMP.fullmatch(stamp) is not None and signature.isascii()


def _as_form(text: str) -> str:
    """The body, with the word `payload` escaped unless it is a field of the form.

    Bolt takes every form that contains this word for an interaction, even if only a command's text has it.
    """
    if "payload" not in text or text.startswith("{"):
        return text
    if "payload" in dict(parse_qsl(text, keep_blank_values=True)):
        return text
    return text.replace("payload", "%70ayload")
