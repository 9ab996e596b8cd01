"""The thread pools in which deliveries are worked on, once Slack has its acknowledgement.

There are three, so that trouble in one place is not felt in another. The dispatch pool begins everything and
opens views, for which Slack gives 3 seconds. The store pool runs what needs the store alone, and talks to
Slack. The DMS pool runs what asks DMS, and may hang as long as DMS does; each person has a share of it.
Changes that were confirmed run in a fourth one (`bot.requests.runner`), whose queue is in the store: a stop
drops it, while it finishes these.

Fewer pools were tried. With dispatch and store in one pool of 16 threads, 60 answers whose response URL hangs
keep a view from opening (`tests/faults/test_slack_answers.py`), and with store and DMS in one, 40 calls that
hang keep `/dms help` waiting (`tests/faults/test_dms_silence.py`). Acknowledgements take as long either way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

import structlog

from bot.cmdline.answers import AlreadyQueued, Answer, Button, Form, JobCard, Note, Readers, Upload
from bot.cmdline.corrections import as_typed
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.dms.errors import Denied, DmsError, NotFound, Refused, Unclear
from bot.dms.rules import Action
from bot.requests.recent import note_look
from bot.runtime import logs, metrics
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.looking import Looking
from bot.slack.inbound.places import Places
from bot.slack.render import modals
from bot.store import Store, StoreError
from bot.store.records import Person
from bot.util import turns
from bot.util.fair import FairShare
from bot.util.redact import redact

log = structlog.get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

_VIEW_NOT_OPENED = Note(
    "Nothing was done: Slack could not open the window just now. Press the button, or type the command, once "
    "more.",
    tone="warn",
)
_CHANGING = frozenset(Action)
_UNSENT = "nothing was"
CHOOSE_STEP = "choose"
"""The step of the button that asks for the job of a command without one."""
_MOST_OFFERED = 5
_MOST_VIEWS = 3
"""Views in a stack. Source: https://docs.slack.dev/surfaces/modals"""
_ACK_WINDOW_S = 2.0
"""Time limit of the checks before an acknowledgement; Slack waits for 3 seconds."""


class Verbs(Protocol):
    """What the workers need to know of the verbs; `commands.support.command_service` has them."""

    syntaxes: Mapping[str, Syntax]

    def answer(self, who: Person, invocation: Invocation, response_url: str, thread: str = "") -> Answer: ...

    def readers(self, who: Person, invocation: Invocation, answer: Answer) -> Readers: ...

    def changes(self, invocation: Invocation) -> bool: ...

    def opens_view(self, invocation: Invocation) -> bool: ...

    def asks_service(self, invocation: Invocation) -> bool: ...


class Workers:
    """Runs work in the right pool. If it fails, the person gets one sentence with a reference to the log."""

    def __init__(
        self,
        verbs: Verbs,
        store: Store,
        replier: Replier,
        *,
        dms_share: FairShare,
        store_pool: Executor,
        dispatch_pool: Executor,
        after_ack: AfterAck,
        looking: Looking,
        clock: Callable[[], datetime],
    ) -> None:
        self._verbs = verbs
        self._store = store
        self._replier = replier
        self._places = Places(store)
        self._dms_share = dms_share
        self._store_pool = store_pool
        self._dispatch_pool = dispatch_pool
        self._after_ack = after_ack
        self._looking = looking
        self._clock = clock

    def submit(self, target: ReplyTarget, trigger: str, work: Callable[[], None]) -> None:
        """Run `work` after the acknowledgement; only once, however often Slack delivers this `trigger`.

        It runs in the dispatch pool, so anything slow in it goes through `run_later`.
        """
        self._after_ack.submit(lambda: self._begin(target, trigger, work))

    def run_later(
        self,
        target: ReplyTarget,
        verb: str,
        work: Callable[[], None],
        *,
        store_only: bool = False,
        again: Invocation | None = None,
        settled: Callable[[], ReplyTarget] | None = None,
    ) -> None:
        """Run `work` in the DMS pool, or in the store pool if it is `store_only`: it does not call DMS.

        `again` is what people can try again if DMS did not answer, and `settled` where to answer then.
        """
        settled = settled or (lambda: target)
        guarded = logs.with_request_id(logged_if_it_fails(self._guarded))
        if store_only:
            self._store_pool.submit(guarded, settled, work, verb, again)
        else:
            # These alone take turns: a view must open while its trigger lasts, and presses go first.
            answer = turns.in_turn(lambda: guarded(settled, work, verb, again))
            self._dms_share.submit(target.who.user, answer)

    def invoke(self, invocation: Invocation, target: ReplyTarget, trigger: str) -> None:
        """Answer a command. If its answer is a form, open the view first: the trigger lasts 3 seconds. A
        message has no trigger, so it is answered with a button."""
        if self._verbs.opens_view(invocation):
            if target.said is not None:
                self.reply(target, self._to_press(invocation, target))
                return
            view_id = self.open_view(target, trigger, modals.loading())
            if not view_id:
                return
            target = replace(target, view_id=view_id)
        self.answer_later(invocation, self.from_home(target, trigger))

    def from_home(self, target: ReplyTarget, trigger: str) -> ReplyTarget:
        """For what is pressed on the Home tab, a modal that waits for the answer; a direct message if Slack
        opens none."""
        if not target.home or target.view_id:
            return target
        return replace(target, view_id=self._replier.open(target.who, trigger, modals.loading()))

    def answer_later(self, invocation: Invocation, target: ReplyTarget) -> None:
        """Answer a command in the DMS pool, or in the store pool if it asks nothing of DMS."""
        store_only = not self._verbs.asks_service(invocation)
        settled = self._waiting(target, invocation)

        def work() -> None:
            answer = self._verbs.answer(target.who, invocation, target.response_url, target.thread)
            self.answer(*self._for_readers(settled(), invocation, answer))
            if isinstance(answer, JobCard):
                self._note_look(target.who, answer)

        self.run_later(
            target, invocation.verb, work, store_only=store_only, again=invocation, settled=settled
        )

    def _waiting(self, target: ReplyTarget, invocation: Invocation) -> Callable[[], ReplyTarget]:
        """Where the answer goes once it is there: in place of "Looking…", if it has taken a second and can.

        Modals say so from the start. A button's response URL could not take that back, and the message of a
        request may need the response URL of its command.
        """
        replaces = target.said is not None or (target.typed and not self.changes(invocation))
        if target.view_id or not replaces:
            return lambda: target
        return self._looking.begin(target).over

    def _note_look(self, who: Person, shown: JobCard) -> None:
        try:
            note_look(self._store, who, shown.job.name, self._clock())
        except StoreError as error:
            log.warning("look_not_noted", error=str(error))

    def answer(self, target: ReplyTarget, answer: Answer) -> None:
        """Answer from a pool that may wait for Slack. A modal with buttons keeps where it was opened from;
        forms have tokens of their own."""
        if target.view_id and not target.place and not isinstance(answer, Form | AlreadyQueued):
            try:
                target = replace(target, place=self._places.keep(target))
            except StoreError as error:
                log.warning("place_not_kept", error=str(error))
        self._replier.answer(target, answer)

    def changes(self, invocation: Invocation) -> bool:
        """Whether a command changes jobs or freezes, or leaves a plan or the like behind."""
        return self._verbs.changes(invocation)

    def _for_readers(
        self, target: ReplyTarget, invocation: Invocation, answer: Answer
    ) -> tuple[ReplyTarget, Answer]:
        """The answer to a message, for those who may read it; any other answer is for one person."""
        if target.said is None:
            return target, answer
        readers = self._verbs.readers(target.who, invocation, answer)
        if target.said.external and readers is Readers.EVERYBODY and not isinstance(answer, Note):
            readers = Readers.SOME
        if isinstance(answer, Upload) and readers is not Readers.EVERYBODY:
            answer = replace(answer, private=True)
        if isinstance(answer, JobCard) and readers is Readers.EVERYBODY and not target.said.direct:
            answer = replace(answer, withheld=())  # what this one person may not do
        return replace(target, readers=readers), answer

    def _to_press(self, invocation: Invocation, target: ReplyTarget) -> Note:
        ref = self._store.put_ref(target.who.team, "invocation", invocation.to_dict())
        label = " ".join([invocation.verb.capitalize(), *invocation.jobs])
        return Note(
            "Slack opens a form only when you press a button:",
            (Button(label, invocation.verb, "run", ref, "primary"),),
        )

    def open_view(self, target: ReplyTarget, trigger: str, view: dict[str, Any]) -> str:
        """Open a view, on top of the one in which the button was pressed, or in its place where no other may
        be stacked on it.

        Returns its id; if Slack refuses, the person gets a note and the id is empty.
        """
        if target.depth >= _MOST_VIEWS:
            self._replier.update(target, view)
            return target.view_id
        view_id = self._replier.open(target.who, trigger, view, over=bool(target.view_id))
        if not view_id:
            self.reply(target, _VIEW_NOT_OPENED)
        return view_id

    def reply(self, target: ReplyTarget, answer: Answer, trigger: str = "") -> None:
        """Answer from the dispatch pool without waiting there for Slack. `trigger` opens the modal for what
        was pressed on the Home tab."""
        target = self.from_home(target, trigger) if trigger else target
        self._store_pool.submit(logs.with_request_id(logged_if_it_fails(self.answer)), target, answer)

    def within_ack_window(self, check: Callable[[], T]) -> T:
        """The result of a check that the acknowledgement waits for, 2 seconds at most.

        Raises:
            StoreError: the store fails or does not answer in time.
        """
        checking = self._dispatch_pool.submit(check)
        try:
            return checking.result(_ACK_WINDOW_S)
        except TimeoutError:
            checking.cancel()
            raise StoreError(
                "The bot's database takes too long to answer, so nothing was done: try again in a minute."
            ) from None

    def _begin(self, target: ReplyTarget, trigger: str, work: Callable[[], None]) -> None:
        with logs.request_context():
            try:
                if self._is_first(trigger):
                    work()
            except Exception as error:
                self.reply(target, self._error_note(target, error))

    def _error_note(
        self, target: ReplyTarget, error: Exception, verb: str = "", again: Invocation | None = None
    ) -> Note:
        """The note on an error, with buttons for what was probably meant, or to try again."""
        note = error_note(error, verb)
        offers = _offers(error, again)
        if not offers:
            return note
        try:
            wanted = [each.invocation.to_dict() for each in offers]
            refs = self._store.put_refs(target.who.team, "invocation", wanted)
        except StoreError as failed:
            log.warning("suggestions_not_kept", error=str(failed))
            return note
        pairs = zip(offers, refs, strict=True)
        buttons = (Button(each.label, each.invocation.verb, each.step, ref) for each, ref in pairs)
        return replace(note, buttons=tuple(buttons))

    def _is_first(self, trigger: str) -> bool:
        """Whether this is the first delivery: Slack repeats what it thinks was not acknowledged."""
        if not trigger or self._store.claim_delivery(f"trigger:{trigger}", self._clock()):
            return True
        log.info("duplicate_delivery")
        return False

    def _guarded(
        self,
        settled: Callable[[], ReplyTarget],
        work: Callable[[], None],
        verb: str,
        again: Invocation | None,
    ) -> None:
        """Run `work`, answer what goes wrong, and count the command."""
        outcome = "answered"
        try:
            work()
        except Exception as error:
            outcome = "refused" if isinstance(error, UsageError) else "failed"
            target = settled()
            self.answer(target, self._error_note(target, error, verb, again))
        metrics.command(verb if verb in self._verbs.syntaxes else "unknown", outcome)


def logged_if_it_fails(work: Callable[P, None]) -> Callable[P, None]:
    """`work` with its errors logged, for a pool whose results nobody reads."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            work(*args, **kwargs)
        except Exception:
            metrics.count_error()
            log.exception("answer_error")

    return run


@dataclass(frozen=True, slots=True)
class _Offer:
    """A button below an error."""

    label: str
    invocation: Invocation
    step: str = "run"


def _offers(error: Exception, again: Invocation | None) -> list[_Offer]:
    """The commands that were probably meant, a question for the job that one lacks, or the same again where
    that can help and was not sent."""
    if isinstance(error, UsageError):
        found = [_Offer(as_typed(each), each) for each in error.instead[:_MOST_OFFERED]]
        if error.choose is not None:
            found.append(_Offer(f"{error.choose.verb.capitalize()} a job…", error.choose, CHOOSE_STEP))
        return found
    hopeless = isinstance(error, Unclear | Denied | Refused | NotFound)
    if again is None or hopeless or not isinstance(error, DmsError):
        return []
    return [_Offer("Try again", again)]


def error_note(error: Exception, verb: str = "") -> Note:
    """What a person gets to read of an error in the work for `verb`; logs what they do not."""
    if isinstance(error, UsageError):
        return Note(str(error), tone="warn")
    reference = logs.reference()
    if isinstance(error, DmsError | StoreError):
        log.warning("answer_failed", error=redact(str(error)), kind=type(error).__name__)
        said = redact(str(error))
        # Changes are sent by runs, so a read that failed here came before. Of the database that is not
        # certain: it may have failed after a run was queued.
        read_failed = isinstance(error, DmsError) and not isinstance(error, Unclear)
        unsent = (
            " Nothing was sent." if read_failed and verb in _CHANGING and _UNSENT not in said.lower() else ""
        )
        return Note(f"{said}{unsent} (reference {reference})", tone="bad")
    metrics.count_error()
    log.exception("unhandled_error")
    return Note(
        f"Something went wrong in the bot, and nothing more was done. Reference {reference} is in its log.",
        tone="bad",
    )
