"""Views about a request: typed confirmation, reason of a denial, review, and all names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, PlainTextObject

from bot.dms import display
from bot.requests.queries import NO_RELATED, RelatedRequests
from bot.requests.reasons import what_is_missing
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.choices import typed, typed_as_is, written
from bot.slack.render.confirming import list_button
from bot.slack.render.message import Message
from bot.slack.render.request_details import request_details, subject
from bot.slack.render.request_facts import approvals_text
from bot.slack.render.view import modal
from bot.store.records import Decision, Request
from bot.util.lookalikes import wrong_character
from bot.util.text import count_of

TYPED_BLOCK = "typed"
REASON_BLOCK = "reason"
_MAX_PHRASE = 200
_MAX_REASON = 500
_NAMES_PER_ROW = 10


def typed_confirmation(
    request: Request,
    phrase: str,
    ref: str,
    related: RelatedRequests = NO_RELATED,
    missing_reason: str = "",
) -> dict[str, Any]:
    """Asks to type `phrase` (the job ID) before something that cannot be undone, and for the reason.

    Without a `phrase`, for the reason alone. `missing_reason` is what the policy asks it to contain, empty if
    nothing is missing. `ref` is the callback token with the request and the delay shown; `related` are other
    open requests for the same jobs.
    """
    undone = [m.section("🚨 *This cannot be undone.*")] if phrase else []
    blocks: list[Block] = [*undone, *request_details(request, related)]
    if phrase:
        blocks.append(_phrase_input(request, phrase))
    blocks.append(_reason_input(request, missing_reason))
    step = "typed_destination" if request.options.with_destination else "typed"
    return modal(
        f"{str(request.action).capitalize()}: are you sure?",
        blocks,
        submit=_submit(request),
        callback_id=m.action_id(str(request.action), step),
        ref=ref,
        close="Cancel",
    )


def _submit(request: Request) -> str:
    if request.facts.cutover:
        return "Confirm the plan"
    return "Schedule it" if request.facts.due else f"{str(request.action).capitalize()} it"


def _phrase_input(request: Request, phrase: str) -> InputBlock:
    return InputBlock(
        block_id=TYPED_BLOCK,
        label=PlainTextObject(text=mrkdwn.clip_plain(f"Type {phrase} to confirm", 150)),
        element=PlainTextInputElement(
            action_id=m.action_id(str(request.action), "phrase"),
            placeholder=PlainTextObject(text=mrkdwn.clip_plain(phrase, 150)),
            max_length=_MAX_PHRASE,
            focus_on_load=True,
        ),
    )


def _reason_input(request: Request, missing: str) -> InputBlock:
    hint = what_is_missing(missing) if missing else "For approvers and the audit."
    return InputBlock(
        block_id=REASON_BLOCK,
        label=PlainTextObject(text="Reason"),
        optional=not missing,
        hint=PlainTextObject(text=mrkdwn.clip_plain(hint, 2000)),
        element=PlainTextInputElement(
            action_id=m.action_id(str(request.action), "reason"),
            initial_value=request.facts.reason or None,
            max_length=_MAX_REASON,
        ),
    )


def given_reason(values: Mapping[str, Any]) -> str | None:
    """The reason in `typed_confirmation`; None if the view has no such field."""
    return written(values, REASON_BLOCK)


def approval_confirmation(
    request: Request, decisions: Sequence[Decision], ref: str, related: RelatedRequests = NO_RELATED
) -> dict[str, Any]:
    """Asks an approver to confirm what the requester had to type: all that will be lost, and the delay.

    `ref` is the callback token with the request and the delay shown.
    """
    given = approvals_text(request, decisions)
    blocks: list[Block] = [
        m.section("🚨 *This cannot be undone.* The requester typed it in full; you confirm too."),
        *request_details(request, related),
        m.section(f"{given}."),
        *m.buttons(list_button(request)),
    ]
    return modal(
        f"Approve the {request.action}?",
        blocks,
        submit="Approve",
        callback_id=m.action_id(str(request.action), "approve_sure"),
        ref=ref,
        close="Cancel",
    )


def typed_text(values: Mapping[str, Any]) -> str:
    """The input of `typed_confirmation`, as it was typed: a character too many or another one is no match."""
    return typed_as_is(values, TYPED_BLOCK)


def typed_objections(values: Mapping[str, Any], phrase: str) -> dict[str, str]:
    """What is wrong with the typed text, by `block_id`; empty if it is the phrase."""
    typed_phrase = typed_text(values)
    if typed_phrase == phrase:
        return {}
    if typed_phrase.lower() == phrase.lower():
        why = "It is written in lower case."
    else:
        why = wrong_character(typed_phrase, phrase)
    return {TYPED_BLOCK: f"Type {phrase} exactly, or cancel: nothing has been done yet. {why}"}


def deny_reason(request: Request, ref: str) -> dict[str, Any]:
    """Asks why a request is denied; `ref` is the callback token with the request and the channel."""
    blocks: list[Block] = [
        m.section(
            f"{mrkdwn.mention('@', request.by.user)} asked to *{mrkdwn.verbatim(subject(request))}* "
            "and sees your reason."
        ),
        InputBlock(
            block_id=REASON_BLOCK,
            label=PlainTextObject(text="Why not?"),
            element=PlainTextInputElement(
                action_id=m.action_id(str(request.action), "reason"),
                placeholder=PlainTextObject(text="For example: not before the month end"),
                multiline=True,
                max_length=_MAX_REASON,
                focus_on_load=True,
            ),
        ),
    ]
    return modal(
        "Deny the request",
        blocks,
        submit="Deny",
        callback_id=m.action_id(str(request.action), "deny_reason"),
        ref=ref,
        close="Back",
    )


def reason_text(values: Mapping[str, Any]) -> str:
    """The input of `deny_reason`."""
    return typed(values, REASON_BLOCK, _MAX_REASON)


def reason_objections(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the reason, by `block_id`; empty if nothing is."""
    return {} if reason_text(values) else {REASON_BLOCK: "Say in a few words why: the requester sees it."}


def review(card: Message, ref: str, note: Sequence[Block] = ()) -> dict[str, Any]:
    """The full card of a request with its buttons, below the `note` that answers the last press.

    `ref` is the callback token with the request and the channel where Review was pressed.
    """
    return modal("Review the request", [*note, *card.blocks], ref=ref)


def all_names(request: Request) -> dict[str, Any]:
    """All jobs of a request and all databases that it affects."""
    blocks: list[Block] = []
    for job in request.jobs:
        databases = request.databases.get(job.name, ())
        kind = display.kind_in(job)
        count = count_of(len(databases), kind) if databases else f"{kind}s not listed"
        code = labels.job_name_code(request, job.name)
        emoji, status = labels.requested_job_emoji(request, job), labels.requested_job_status(request, job)
        rows = [f"{emoji} *{code}* {status} — {count}"]
        rows.extend(name_rows(databases))
        blocks.extend(m.sections("\n".join(rows)))
    return modal("All jobs and databases", _merge_sections(blocks))


def name_rows(found: Sequence[str]) -> list[str]:
    """All names in code type, ten per row, as long texts are split at line ends."""
    return [
        ", ".join(mrkdwn.code(each) for each in found[at : at + _NAMES_PER_ROW])
        for at in range(0, len(found), _NAMES_PER_ROW)
    ]


def _merge_sections(blocks: list[Block]) -> list[Block]:
    """Merge sections if there are many: a view holds 100 blocks, a request up to 1,000 jobs."""
    texts = [str(block.to_dict()["text"]["text"]) for block in blocks]
    return m.sections("\n".join(texts)) if len(texts) > 50 else blocks
