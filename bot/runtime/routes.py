"""The WSGI application: paths for Slack's requests, health and metrics."""

from __future__ import annotations

import hmac
import io
import ipaddress
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from bot.runtime import logs, metrics
from bot.runtime.health import Health, Report
from bot.util.redact import redact

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SLACK_PATH = "/slack/events"
log = structlog.get_logger(__name__)
_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
_HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]

_NOT_FROM_HERE = (
    "Without DMS_BOT_METRICS_TOKEN, the metrics are for the bot's own machine. Set the token and send it as "
    "a bearer token, or set DMS_BOT_METRICS=open.\n"
)
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_VIA")
"""Headers with which a proxy on this machine passes on what comes from elsewhere."""

Answer = tuple[HTTPStatus, str, bytes]


class Routes:
    """A WSGI application.

    `slack` answers `POST /slack/events`; without it (Socket Mode), that path does not exist. Without
    `health`, there are no pages for operators. If `metrics_token` is set, `/metrics` requires it as a bearer
    token; else it answers this machine alone, unless `metrics_open` is set.
    """

    def __init__(
        self,
        health: Health | None,
        slack: WSGIApplication | None = None,
        metrics_token: str = "",
        *,
        metrics_open: bool = False,
    ) -> None:
        self._slack = slack
        self._token = metrics_token
        self._metrics_open = metrics_open
        self._pages: dict[str, Callable[[WSGIEnvironment], Answer]] = {}
        if health is not None:
            self._pages = {
                "/healthz": lambda _environ: _report(health.alive()),
                "/readyz": lambda _environ: _report(health.ready()),
                "/metrics": self._metrics,
            }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        method = environ.get("REQUEST_METHOD", "")
        with logs.request_context():
            try:
                if path == SLACK_PATH and self._slack is not None:
                    return self._to_slack(method, environ, start_response)
                return _send(environ, start_response, self._page(path, method, environ))
            except Exception:
                reference = logs.reference()
                metrics.count_error()
                log.exception("http_request_error", path=path)
                text = f"Something went wrong; the log has it under {reference}.\n"
                return _send(environ, start_response, _text(HTTPStatus.INTERNAL_SERVER_ERROR, text))

    def _page(self, path: str, method: str, environ: WSGIEnvironment) -> Answer:
        page = self._pages.get(path)
        if page is None:
            return _text(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
        if method not in ("GET", "HEAD"):
            return _text(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET is answered here.\n")
        return page(environ)

    def _metrics(self, environ: WSGIEnvironment) -> Answer:
        given = environ.get("HTTP_AUTHORIZATION", "").encode("utf-8", "replace")
        if self._token and not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return _text(HTTPStatus.UNAUTHORIZED, "The metrics want their bearer token.\n")
        if not self._token and not self._metrics_open and not _is_from_here(environ):
            return _text(HTTPStatus.FORBIDDEN, _NOT_FROM_HERE)
        return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.exposition()

    def _to_slack(
        self, method: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if method != "POST":
            answer = _text(HTTPStatus.METHOD_NOT_ALLOWED, "Slack sends POST requests.\n")
            return _send(environ, start_response, answer)
        body = environ["wsgi.input"].read()
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return _send(environ, start_response, _text(HTTPStatus.BAD_REQUEST, "That is not UTF-8.\n"))
        assert self._slack is not None
        inner = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return self._slack(inner, start_response)


def _is_from_here(environ: WSGIEnvironment) -> bool:
    """Whether the request was made on this machine, and was not passed on by a proxy."""
    try:
        peer = ipaddress.ip_address(environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return peer.is_loopback and not any(name in environ for name in _FORWARDED)


def _report(report: Report) -> Answer:
    status = HTTPStatus.OK if report.ok else HTTPStatus.SERVICE_UNAVAILABLE
    text = redact(json.dumps(report.body, indent=2, ensure_ascii=False, default=str))
    return status, _JSON, f"{text}\n".encode()


def _text(status: HTTPStatus, text: str) -> Answer:
    return status, _TEXT, text.encode()


def _send(environ: WSGIEnvironment, start_response: StartResponse, answer: Answer) -> Iterable[bytes]:
    status, kind, body = answer
    headers: list[tuple[str, str]] = [("Content-Type", kind), ("Content-Length", str(len(body))), *_HEADERS]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST" if environ.get("PATH_INFO") == SLACK_PATH else "GET, HEAD"))
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Bearer"))
    start_response(f"{status.value} {status.phrase}", headers)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]
