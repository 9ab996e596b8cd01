"""Answers deliveries that Bolt, or we, cannot read: with one line in the log, and without a traceback.

Bolt reads payloads without a look at their shape, and fails in many ways on one that Slack does not document.
Whatever it raises outside our listeners is taken as that; what our listeners raise themselves is a fault.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec

import structlog
from slack_bolt import App, BoltRequest, BoltResponse

from bot.runtime import metrics
from bot.slack.inbound.payloads import Malformed

log = structlog.get_logger(__name__)
P = ParamSpec("P")
Headers = dict[str, str | Sequence[str]]


class Broken(Exception):
    """A listener of ours failed. It is in the log already."""


def listener(work: Callable[P, None]) -> Callable[P, None]:
    """A listener whose own faults are told apart from payloads that cannot be read."""

    # Bolt reads the arguments' names through `__wrapped__`.
    @wraps(work)
    def heard(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Malformed:
            raise
        except Exception as error:
            metrics.count_error()
            log.exception("listener_error", listener=work.__name__)
            raise Broken from error

    return heard


def answer_errors(app: App) -> None:
    """Have `app` answer what it cannot read, instead of logging a traceback for each."""

    @app.error
    def failed(error: Exception, request: BoltRequest) -> BoltResponse:
        return refusal(error, request.mode)


def dispatched(app: App, body: str | dict[str, Any], headers: Headers | None, mode: str) -> BoltResponse:
    """Bolt's answer to a delivery over `http` (where `body` is text) or in `socket_mode`."""
    try:
        return app.dispatch(BoltRequest(body=body, headers=headers, mode=mode))
    except Exception as error:
        # Bolt's own handling of errors reads the payload once more.
        return refusal(error, mode)


def refusal(error: Exception, mode: str) -> BoltResponse:
    """The answer to what failed; Socket Mode has but acknowledgements, without which Slack sends it again."""
    if isinstance(error, Broken):
        return BoltResponse(status=500)
    where = traceback.extract_tb(error.__traceback__)[-1]
    log.warning("request_malformed", fault=repr(error), where=f"{where.name}:{where.lineno}")
    if mode == "socket_mode":
        return BoltResponse(status=200)
    return BoltResponse(status=400, body={"error": "invalid request"})
