"""Makes calls to Google services: deadlines, retries, metrics and error mapping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from google.api_core import retry as api_retry

from bot.dms import answer_deadline
from bot.dms.error_mapping import code_of, translate, unclear_error
from bot.dms.errors import DmsError, Unavailable, Unclear
from bot.util import turns

T = TypeVar("T")
Observe = Callable[[str, str, float], None]
"""Gets the method's name, the canonical status name and the seconds of each call."""

log = structlog.get_logger(__name__)
_SPARE_S = 0.2
"""Seconds before the limit of an answer at which a read is not tried again."""
_READ_RETRY_S = 2.0
_WRITE_ATTEMPTS = 3
_WRITE_PAUSE_S = 0.5


def _ignore(_method: str, _code: str, _seconds: float) -> None:
    return None


class Calls:
    """Makes calls with deadlines of `read_s` and `write_s` seconds. Raises only errors of `bot.dms.errors`.

    `action_text` completes the sentence "DMS could not …", for example `stop orders-db`.
    """

    def __init__(self, *, read_s: float, write_s: float, observe: Observe | None = None) -> None:
        self.read_s = read_s
        self.write_s = write_s
        self._observe = observe or _ignore

    def read(
        self,
        method: str,
        action_text: str,
        call: Callable[[float], T],
        *,
        service: str = "DMS",
        retry: bool = True,
    ) -> T:
        """Make a call that changes nothing.

        UNAVAILABLE is retried for 2 seconds with the client library's back-off. Pollers pass `retry=False`
        and retry on their next cycle.

        Raises:
            DmsError: any but `Unclear`.
        """

        def once() -> T:
            return self._attempt(method, action_text, lambda: call(self.read_s), write=False, service=service)

        if not retry:
            return once()
        return _with_retry(once)

    def write(self, method: str, action_text: str, call: Callable[[float], T]) -> T:
        """Send a change exactly once.

        Raises:
            DmsError: `Unclear` if it may or may not have been applied.
        """
        return self._attempt(method, action_text, lambda: call(self.write_s), write=True)

    def write_with_id(self, method: str, action_text: str, call: Callable[[float], T]) -> T:
        """Send a change that has a `request_id`: repeating it is harmless, so it gets up to three attempts.

        Raises:
            DmsError: `Unclear` if no attempt succeeded and one of them may have been applied. After such an
                attempt, even a refusal of the next one proves nothing.
        """
        started = time.monotonic()
        doubt: Unclear | None = None
        for attempt in range(_WRITE_ATTEMPTS):
            try:
                return self.write(method, action_text, call)
            except Unclear as error:
                doubt = error
                log.warning("call_unclear", method=method, attempt=attempt + 1, error=str(error))
            except DmsError as error:
                if doubt is None:
                    raise
                raise unclear_error(action_text, f"first no answer, then: {error}", error.code) from error
            if attempt + 1 == _WRITE_ATTEMPTS or time.monotonic() - started > self.write_s:
                break
            time.sleep(_WRITE_PAUSE_S * 2**attempt)
        assert doubt is not None
        raise doubt

    def _attempt(
        self, method: str, action_text: str, call: Callable[[], T], *, write: bool, service: str = "DMS"
    ) -> T:
        started = time.monotonic()
        code = "OK"
        try:
            with turns.lent():
                return call()
        except Exception as error:
            code = code_of(error)
            raise translate(error, action_text, write=write, service=service) from error
        finally:
            self._observe(method, code, time.monotonic() - started)


def _with_retry(attempt: Callable[[], T]) -> T:
    last_error: list[Exception] = []

    def transient(error: Exception) -> bool:
        last_error[:] = [error]
        return isinstance(error, Unavailable) and error.code == "UNAVAILABLE"

    # It ends before whoever waits leaves: an error that came is worth more than no answer.
    timeout = min(_READ_RETRY_S, max(0.0, answer_deadline.left() - _SPARE_S))
    policy = api_retry.Retry(predicate=transient, initial=0.2, maximum=1.0, timeout=timeout)
    try:
        result: T = policy(attempt)()
    except DmsError:
        raise
    except Exception as error:
        # On timeout, the library wraps the last error; people should see the error itself.
        raise last_error[0] if last_error else error from error
    return result
