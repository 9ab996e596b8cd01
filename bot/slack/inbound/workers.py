"""The thread pools in which deliveries are worked on, once Slack has its acknowledgement.

There are three, so that trouble in one place is not felt in another. The dispatch pool begins everything and
opens views, for which Slack gives 3 seconds. The store pool runs what needs the store alone, and talks to
Slack. The DMS pool runs what asks DMS, and may hang as long as DMS does. Changes that were confirmed run in a
fourth one (`bot.requests.runner`), whose queue is in the store: a stop drops it, while it finishes these.

Fewer pools were tried. With dispatch and store in one pool of 16 threads, 60 answers whose response URL hangs
keep a view from opening (`tests/faults/test_slack_answers.py`), and with store and DMS in one, 40 calls that
hang keep `/dms help` waiting (`tests/faults/test_dms_silence.py`). Acknowledgements take as long either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from bot.cmdline.answers import Answer, Note
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.dms.errors import DmsError
from bot.runtime import logs, metrics
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.render import modals
from bot.store import Store, StoreError
from bot.store.records import Person
from bot.util.redact import redact

log = structlog.get_logger(__name__)
T = TypeVar("T")

_VIEW_NOT_OPENED = Note(
    "The view could not be opened just now: press the button or type the command again.", tone="warn"
)
_ACK_WINDOW_S = 2.0
"""How long the checks before an acknowledgement may take; Slack waits for 3 seconds."""


class Verbs(Protocol):
    """The verbs, as far as Slack's side needs to know them."""

    syntaxes: Mapping[str, Syntax]

    def answer(self, who: Person, invocation: Invocation, response_url: str) -> Answer: ...

    def opens_view(self, invocation: Invocation) -> bool: ...

    def asks_service(self, invocation: Invocation) -> bool: ...


class Workers:
    """Runs work in the pool that it belongs to, and tells people in one sentence where it fails."""

    def __init__(
        self,
        verbs: Verbs,
        store: Store,
        replier: Replier,
        *,
        dms_pool: Executor,
        store_pool: Executor,
        dispatch_pool: Executor,
        afterwards: AfterAck,
        clock: Callable[[], datetime],
    ) -> None:
        self._verbs = verbs
        self._store = store
        self._replier = replier
        self._dms_pool = dms_pool
        self._store_pool = store_pool
        self._dispatch_pool = dispatch_pool
        self._afterwards = afterwards
        self._clock = clock

    def start(self, place: ReplyTarget, trigger: str, work: Callable[[], None]) -> None:
        """Begin what a delivery asks for, after its acknowledgement; once, however often it is delivered.

        Opening a view cannot wait behind slow work, so everything begins in the dispatch pool.
        """
        self._afterwards.submit(lambda: self._begin(place, trigger, work))

    def later(
        self, place: ReplyTarget, verb: str, work: Callable[[], None], *, store_only: bool = False
    ) -> None:
        """Do what may take time, out of the dispatch pool; `store_only` where it does not ask DMS."""
        pool = self._store_pool if store_only else self._dms_pool
        pool.submit(logs.with_request_id(self._guarded), place, work, verb)

    def invoke(self, invocation: Invocation, place: ReplyTarget, trigger: str) -> None:
        """Answer a command; a form opens its view at once, before anything slow."""
        if self._verbs.opens_view(invocation):
            view_id = self.show(place, trigger, modals.loading())
            if not view_id:
                return
            place = replace(place, view_id=view_id)
        self.answer_later(invocation, place)

    def answer_later(self, invocation: Invocation, place: ReplyTarget) -> None:
        """Answer a command in the pool that fits it."""
        store_only = not self._verbs.asks_service(invocation)
        self.later(place, invocation.verb, lambda: self._answer(invocation, place), store_only=store_only)

    def show(self, place: ReplyTarget, trigger: str, view: dict[str, Any]) -> str:
        """Open a view, over the review that was pressed in; its id, or empty when Slack would not."""
        view_id = self._replier.open(trigger, view, over=bool(place.view_id))
        if not view_id:
            self.tell(place, _VIEW_NOT_OPENED)
        return view_id

    def tell(self, place: ReplyTarget, answer: Answer) -> None:
        """From the dispatch pool, which must not wait for Slack longer than to open a view."""
        self._store_pool.submit(logs.with_request_id(self._replier.answer), place, answer)

    def within_ack_window(self, check: Callable[[], T]) -> T:
        """The result of a check that an acknowledgement waits for.

        Raises:
            StoreError: the store does not answer, or not in time.
        """
        checking = self._dispatch_pool.submit(check)
        try:
            return checking.result(_ACK_WINDOW_S)
        except TimeoutError:
            checking.cancel()
            raise StoreError(
                "The bot's database takes too long to answer, so nothing was done: try again in a minute."
            ) from None

    def _begin(self, place: ReplyTarget, trigger: str, work: Callable[[], None]) -> None:
        with logs.request_context():
            try:
                if self._is_first(trigger):
                    work()
            except Exception as error:
                self.tell(place, _fault(error))

    def _is_first(self, trigger: str) -> bool:
        """Slack may deliver the same thing twice."""
        if not trigger or self._store.claim_delivery(f"trigger:{trigger}", self._clock()):
            return True
        log.info("duplicate_delivery")
        return False

    def _answer(self, invocation: Invocation, place: ReplyTarget) -> None:
        self._replier.answer(place, self._verbs.answer(place.who, invocation, place.response_url))

    def _guarded(self, place: ReplyTarget, work: Callable[[], None], verb: str) -> None:
        """Whatever goes wrong is told in one sentence, with a reference that is in the log, too."""
        outcome = "answered"
        try:
            work()
        except Exception as error:
            outcome = "refused" if isinstance(error, UsageError) else "failed"
            self._replier.answer(place, _fault(error))
        metrics.command(verb if verb in self._verbs.syntaxes else "unknown", outcome)


def _fault(error: Exception) -> Note:
    if isinstance(error, UsageError):
        return Note(str(error), tone="warn")
    reference = logs.reference()
    if isinstance(error, DmsError | StoreError):
        log.warning("answer_failed", error=redact(str(error)), kind=type(error).__name__)
        return Note(f"{redact(str(error))} (reference {reference})", tone="bad")
    metrics.count_error()
    log.exception("unhandled_error")
    return Note(
        f"Something went wrong in the bot, and nothing more was done. Reference {reference} is in its log.",
        tone="bad",
    )
