"""Submitted views: validation for the acknowledgement, and what a valid one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from bot.cmdline.answers import Note
from bot.cmdline.invocation import Invocation
from bot.requests.approvals import Approvals
from bot.requests.delay import changed_since, data_loss_reason, is_stale
from bot.requests.reasons import what_is_missing
from bot.requests.rules import confirmation_phrase, needs_typed_confirmation
from bot.requests.wording import OLD_BUTTON
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.cutover_buttons import CutoverButtons
from bot.slack.inbound.payloads import BlockAction, ViewSubmission
from bot.slack.inbound.places import at_place
from bot.slack.inbound.request_buttons import (
    ACKNOWLEDGED,
    APPROVING,
    DENIAL,
    TYPING,
    shown_delays,
    shows_otherwise,
)
from bot.slack.inbound.shortcuts import Shortcuts
from bot.slack.inbound.workers import Workers
from bot.slack.render import filter_modal, modals
from bot.slack.render.cutover_form import STEP as PLAN_STEP
from bot.slack.render.cutover_form import plan_objections
from bot.slack.render.filter_modal import FILTER_STEP
from bot.slack.render.job_picker import FIND_STEP
from bot.slack.render.mrkdwn import to_plain_text
from bot.store import Store
from bot.store.records import OPEN_REQUESTS, CallbackToken, Person, Request

log = structlog.get_logger(__name__)

PREVIEW_STEP = "submit"
"""The step of the edit form, which is answered with another view: the preview."""
ANSWERED_IN_VIEW = (PREVIEW_STEP, FIND_STEP)
"""Steps of views that wait for the answer, which replaces them."""
SELECTION_STEP = "selection"
"""The step of the choice in the edit form that decides which menu is shown."""
_TYPED_STEPS = ("typed", "typed_destination")


class Submissions:
    """Validates submitted views and acts on them."""

    def __init__(
        self,
        workers: Workers,
        approvals: Approvals,
        store: Store,
        replier: Replier,
        shortcuts: Shortcuts,
        cutovers: CutoverButtons,
        clock: Callable[[], datetime],
    ) -> None:
        self._workers = workers
        self._approvals = approvals
        self._store = store
        self._replier = replier
        self._shortcuts = shortcuts
        self._cutovers = cutovers
        self._clock = clock

    def objections(self, submission: ViewSubmission) -> dict[str, str]:
        """What is wrong with the input, by `block_id`; the acknowledgement waits for it.

        Raises:
            StoreError: the store fails or does not answer in time.
        """
        return self._workers.within_ack_window(lambda: self._objections(submission))

    def suggestions(self, submission: ViewSubmission, typed: str) -> list[dict[str, Any]]:
        """Options for the type-ahead menu of databases.

        Raises:
            StoreError: the store fails or does not answer in time.
        """

        def check() -> list[dict[str, Any]]:
            ref = self._store.ref(submission.who.team, submission.ref)
            return [] if ref is None else modals.suggestions(typed, ref.data)

        return self._workers.within_ack_window(check)

    def job_suggestions(self, who: Person, typed: str) -> list[dict[str, Any]]:
        """Options for the type-ahead menu of jobs: those that this person may see.

        Raises:
            StoreError: the store fails or does not answer in time.
        """
        return self._workers.within_ack_window(lambda: self._shortcuts.search.options(who, typed))

    def reselected(self, press: BlockAction, target: ReplyTarget) -> None:
        """Show the menu of databases that goes with what was selected in the edit form."""

        def update() -> None:
            ref = self._store.ref(press.who.team, press.ref)
            if ref is None or not _has_step(ref, PREVIEW_STEP):
                return
            view = modals.reselected(press.blocks, press.value, ref.data, press.ref)
            if view is not None:
                self._replier.update(target, view)

        self._workers.run_later(target, press.verb, update, store_only=True)

    def submitted(self, submission: ViewSubmission) -> None:
        """Hand a submitted modal to what handles its step. Called after the acknowledgement."""
        log.info("view_submission", user=submission.who.user, verb=submission.verb, step=submission.step)
        target = ReplyTarget(submission.who)
        if self._cutovers.handles(submission):
            self._cutovers.submitted(submission)
        elif submission.step in _TYPED_STEPS:
            self._workers.run_later(target, submission.verb, lambda: self._typed_confirmation(submission))
        elif submission.step == FIND_STEP:
            self._shortcuts.chosen(submission)
        elif submission.step == "approve_sure":
            self._workers.run_later(target, submission.verb, lambda: self._approved(submission))
        elif submission.step == "deny_reason":
            self._workers.run_later(
                target, submission.verb, lambda: self._denied(submission), store_only=True
            )
        else:
            self._form(submission)

    def _objections(self, submission: ViewSubmission) -> dict[str, str]:
        if self._cutovers.handles(submission):
            return self._cutovers.objections(submission)
        if submission.step in _TYPED_STEPS:
            # Slack takes objections to inputs of the view alone, and one that asks for a reason has no other.
            block = modals.TYPED_BLOCK if modals.TYPED_BLOCK in submission.values else modals.REASON_BLOCK
            ref = self._typing(submission)
            if ref is None:
                return {block: to_plain_text(OLD_BUTTON.text)}
            request = self._approvals.confirmation.may_confirm(submission.who, str(ref.data["request"]))
            if isinstance(request, Note):
                return {block: to_plain_text(request.text)}
            return self._confirmation_objections(submission, request)
        if submission.step == FIND_STEP:
            return self._shortcuts.objections(submission)
        if submission.step == "deny_reason":
            return modals.reason_objections(submission.values)
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or submission.step == "save" or not _has_step(ref, submission.step):
            return {}
        if submission.step == PLAN_STEP:
            return plan_objections(submission.values, ref.data, self._clock())
        return modals.form_objections(submission.step, submission.values, ref.data)

    def _confirmation_objections(self, submission: ViewSubmission, request: Request) -> dict[str, str]:
        values = submission.values
        if submission.step == "typed_destination":
            request = self._approvals.confirmation.with_destination(request)
        found: dict[str, str] = {}
        if needs_typed_confirmation(request) or modals.typed_text(values):
            found |= modals.typed_objections(values, confirmation_phrase(request))
        reason = modals.given_reason(values) or ""
        facts = replace(request.facts, reason=reason)
        missing = self._approvals.confirmation.missing_reason(replace(request, facts=facts))
        return found | ({modals.REASON_BLOCK: what_is_missing(missing)} if missing else {})

    def _typing(self, submission: ViewSubmission) -> CallbackToken | None:
        """The callback token of a view in which a confirmation is typed."""
        ref = self._store.ref(submission.who.team, submission.ref)
        return ref if ref is not None and ref.kind == TYPING else None

    def _typed_confirmation(self, submission: ViewSubmission) -> None:
        ref = self._typing(submission)
        request = self._store.request(str(ref.data["request"])) if ref is not None else None
        if ref is None or request is None:
            self._replier.answer(ReplyTarget(submission.who), OLD_BUTTON)
            return
        # The consent counts where the request was made, and is answered where the view was opened.
        who = replace(submission.who, channel=request.by.channel)
        destination = submission.step == "typed_destination"
        shown = self._approvals.confirmation.with_destination(request) if destination else request
        note = shows_otherwise(ref, shown) or _stale_modal(ref, request)
        note = note or self._approvals.confirmation.confirm(
            who,
            request,
            destination=destination,
            typed=modals.typed_text(submission.values),
            reason=modals.given_reason(submission.values),
        )
        if note is not None:
            self._replier.answer(_where_opened(submission, ref), note)

    def _approved(self, submission: ViewSubmission) -> None:
        """An approval, confirmed in its dialog. It counts where Approve was pressed, as a role may depend on
        the channel, and only for the person who was asked."""
        ref = self._store.ref(submission.who.team, submission.ref)
        request = self._store.request(str(ref.data["request"])) if ref is not None else None
        asked = ref is not None and ref.kind == APPROVING and ref.data["user"] == submission.who.user
        if ref is None or request is None or not asked:
            self._replier.answer(ReplyTarget(submission.who), OLD_BUTTON)
            return
        target = _where_opened(submission, ref)
        note = self._stale_approval(ref, request)
        note = note or self._approvals.approval.approve(target.who, request, sure=True)
        if note is None and ref.data["elsewhere"]:
            note = Note(ACKNOWLEDGED["approve"], tone="good")
        if note is not None:
            self._replier.answer(target, note)

    def _stale_approval(self, ref: CallbackToken, request: Request) -> Note | None:
        """Why an approval does not count: the dialog showed something else. A delay above zero that was
        measured lately is accepted, though it has been measured again for somebody else meanwhile."""
        if request.state not in OPEN_REQUESTS:
            return None
        otherwise = shows_otherwise(ref, request)
        if otherwise is not None:
            return otherwise
        shown = shown_delays(ref)
        if data_loss_reason(shown) and not is_stale(shown, request.jobs, self._clock()):
            return None
        return changed_since(shown, request.facts.delays)

    def _denied(self, submission: ViewSubmission) -> None:
        """The token keeps the channel where Deny was pressed, as a role may depend on the channel."""
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.kind != DENIAL:
            self._replier.answer(ReplyTarget(submission.who), OLD_BUTTON)
            return
        target = _where_opened(submission, ref)
        reason = modals.reason_text(submission.values)
        note = self._approvals.approval.deny(target.who, str(ref.data["request"]), reason)
        if note is not None:
            self._replier.answer(target, note)

    def _form(self, submission: ViewSubmission) -> None:
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.data.get("verb") != submission.verb or not _has_step(ref, submission.step):
            self._workers.reply(_in_view(submission), OLD_BUTTON)
            return
        target = at_place(_in_view(submission), ref.data)
        invocation = Invocation.from_dict(ref.data)
        if submission.step == FILTER_STEP:
            invocation = filter_modal.filtered(invocation, submission.values)
        elif submission.step != "save":
            flags = modals.submitted_flags(submission.step, submission.values, ref.data)
            invocation = replace(invocation, flags={**invocation.flags, **flags})
        self._workers.answer_later(invocation, target)


def _where_opened(submission: ViewSubmission, ref: CallbackToken) -> ReplyTarget:
    return at_place(ReplyTarget(submission.who), ref.data)


def _stale_modal(ref: CallbackToken, request: Request) -> Note | None:
    """Why a submission does not count: the delay is not zero, and differs from what the view shows."""
    if request.state not in OPEN_REQUESTS:
        return None
    return changed_since(shown_delays(ref), request.facts.delays)


def _has_step(ref: CallbackToken, step: str) -> bool:
    """Whether the form that this token was made for is submitted with this step."""
    if ref.kind != "form":
        return False
    if step in ("save", FILTER_STEP):
        return ref.data.get("flags", {}).get(step) is True
    if step == PLAN_STEP:
        return "items" in ref.data
    return step in ("submit", "pick") and "source" in ref.data


def _in_view(submission: ViewSubmission) -> ReplyTarget:
    """Where to answer a submitted form: a preview in its view, everything else in the channel."""
    if submission.step != PREVIEW_STEP:
        return ReplyTarget(submission.who)
    return ReplyTarget(submission.who, view_id=submission.view_id, view_hash=submission.view_hash)
