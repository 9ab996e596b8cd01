"""Answers malformed deliveries with one log line instead of a traceback.

Bolt does not validate payloads, and raises many kinds of errors on one that Slack does not document. An
error outside our listeners means a malformed payload; one of our listeners is a fault of ours.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

import structlog
from slack_bolt import App, BoltRequest, BoltResponse

from bot.runtime import metrics
from bot.slack.inbound.payloads import Malformed

log = structlog.get_logger(__name__)
P = ParamSpec("P")
Headers = dict[str, str | Sequence[str]]


class ListenerFailed(Exception):
    """A listener of ours failed; it has logged the error."""


def listener(work: Callable[P, None]) -> Callable[P, None]:
    """Decorates a listener, so that its own errors are distinguished from malformed payloads."""

    # Bolt reads the names of the arguments through `__wrapped__`.
    @wraps(work)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Malformed:
            raise
        except Exception as error:
            metrics.count_error()
            log.exception("listener_error", listener=work.__name__)
            raise ListenerFailed from error

    return guarded


def answer_errors(app: App) -> None:
    """Have `app` answer malformed deliveries itself, without a traceback for each."""

    @app.error
    def failed(error: Exception, request: BoltRequest) -> BoltResponse:
        return error_response(error, request.mode)


def dispatch(app: App, body: str | dict[str, Any], headers: Headers | None, mode: str) -> BoltResponse:
    """Bolt's answer to a delivery. `mode` is `http` (`body` is text) or `socket_mode`."""
    try:
        request = BoltRequest(body=body, headers=headers, mode=mode)
        response = app.dispatch(request)
    except Exception as error:
        # Bolt's error handling parses the payload again, and may raise again.
        return error_response(error, mode)
    if response.status == HTTPStatus.NOT_FOUND and request.body.get("type") == "event_callback":
        # An event that nobody here listens to. Slack would repeat it, and stop all events after many.
        return BoltResponse(status=200)
    return response


def error_response(error: Exception, mode: str) -> BoltResponse:
    """The answer to a failed delivery. Over Socket Mode it is acknowledged, or Slack would repeat it."""
    if isinstance(error, ListenerFailed):
        return BoltResponse(status=500)
    where = traceback.extract_tb(error.__traceback__)[-1]
    log.warning("request_malformed", fault=repr(error), where=f"{where.name}:{where.lineno}")
    if mode == "socket_mode":
        return BoltResponse(status=200)
    return BoltResponse(status=400, body={"error": "invalid request"})
