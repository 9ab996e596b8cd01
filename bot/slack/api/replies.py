"""Answers people: through a `response_url`, a view, an ephemeral message or a file.

Messages that are updated later are posted by `bot.outbox.notifier`, from the outbox. An answer is retried if
Slack fails: seen twice, it does less harm than not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.cmdline.answers import (
    AlreadyQueued,
    Answer,
    ChartPage,
    Form,
    Note,
    Readers,
    Upload,
    rich_parts,
)
from bot.slack.api.client import (
    SLACK_ERRORS,
    answer_client,
    command_of,
    reason_of,
    view_client,
    webhook,
)
from bot.slack.api.layouts import CLASSIC, Layouts, classic_of
from bot.slack.api.messages import INVALID_CONTENT, InvalidContent, refusal_of, refuses_blocks
from bot.slack.api.plain_text import text_only
from bot.slack.api.said import Said, with_reason
from bot.slack.api.uploads import file_content, why_no_file
from bot.slack.render import modals
from bot.slack.render.answer import render, rich
from bot.slack.render.message import Message
from bot.store.records import Person

log = structlog.get_logger(__name__)

_VIEW_CLOSED = ("not_found", "view_not_found")
_NOT_SHOWN = "Slack did not take the answer just now. Close this window, and try again."
_ACK_POLLS = 10
_ACK_POLL_EVERY_S = 0.1
"""Seconds between polls whether Slack has applied an acknowledgement; a second in all."""


@dataclass(frozen=True, slots=True)
class ReplyTarget:
    """Where to answer one person."""

    who: Person
    response_url: str = ""
    view_id: str = ""
    """An open view that waits for the answer."""
    view_hash: str = ""
    """The view's hash when it was submitted. The acknowledgement replaces it with a loading view."""
    replace: bool = False
    """Whether the answer replaces the message with the button."""
    place: str = ""
    """The `private_metadata` of that view, where it keeps the place that it was opened from."""
    depth: int = 0
    """How many views are stacked up to that one."""
    thread: str = ""
    """The thread to answer in: that of the message with the button."""
    typed: bool = False
    """Whether the response URL is that of a slash command."""
    looking: str = ""
    """The placeholder to replace with the answer: the time stamp of a message."""
    home: bool = False
    """Whether it was asked on the Home tab, which has no place for an answer."""
    said: Said | None = None
    """The message that is answered; None for commands and presses."""
    readers: Readers = Readers.ASKER
    """Who may read the answer to a message."""


class Replier:
    """Answers people. Failures are only logged, as there is no other way to reach them."""

    def __init__(self, client: WebClient, layouts: Layouts) -> None:
        self._layouts = layouts
        self._client = answer_client(client)
        self._view_client = view_client(client)

    def answer(self, target: ReplyTarget, answer: Answer) -> None:
        """Show `answer` to the person at `target`."""
        try:
            self._answer(target, answer)
        except (*SLACK_ERRORS, InvalidContent) as error:
            if target.view_id and reason_of(error) in _VIEW_CLOSED:
                # The person closed the form while it was loading.
                log.info("view_not_updated", user=target.who.user)
            else:
                log.warning("answer_not_delivered", user=target.who.user, error=reason_of(error))
                self._say_in_view(target, _NOT_SHOWN)

    def _answer(self, target: ReplyTarget, answer: Answer) -> None:
        if isinstance(answer, Form):
            self._update_view(target, modals.form(answer))
        elif isinstance(answer, Upload):
            self._upload(target, answer)
        elif isinstance(answer, AlreadyQueued):
            self._point_to_message(target, answer)
        elif target.view_id:
            self._answer_in_view(target, answer)
        else:
            self._post(target, answer)

    def show(self, target: ReplyTarget, message: Message) -> None:
        """Show a message to the person at `target` alone."""
        try:
            self._show(target, message.to_deliver(), lambda each: self._deliver(target, each, False))
        except (*SLACK_ERRORS, InvalidContent) as error:
            log.warning("answer_not_delivered", user=target.who.user, error=reason_of(error))

    def open(self, who: Person, trigger: str, view: dict[str, Any], *, over: bool = False) -> str:
        """Open a view, or push it `over` the one with the button. Returns its id; empty if Slack refuses.

        The trigger lasts 3 seconds: call this before anything slow.
        """
        show = self._view_client.views_push if over else self._view_client.views_open
        try:
            response = self._layouts.deliver(
                who.team, "modal", view, lambda shown: show(trigger_id=trigger, view=shown)
            )
        except SLACK_ERRORS as error:
            log.warning("view_not_opened", error=reason_of(error))
            return ""
        return str(response["view"]["id"])

    def update(self, target: ReplyTarget, view: dict[str, Any], *, awaited: bool = False) -> None:
        """Replace the open view. `awaited`: it still shows "Looking…", so it says if this fails."""
        try:
            self._update_view(target, view)
        except SLACK_ERRORS as error:
            log.info("view_not_updated", user=target.who.user, error=reason_of(error))
            if awaited and reason_of(error) not in _VIEW_CLOSED:
                self._say_in_view(target, _NOT_SHOWN)

    def _say_in_view(self, target: ReplyTarget, text: str) -> None:
        """Say it in place of "Looking…", which would otherwise stay."""
        if target.view_id:
            try:
                self._client.views_update(view_id=target.view_id, view=modals.error_view(text))
            except SLACK_ERRORS as error:
                log.info("view_not_updated", user=target.who.user, error=reason_of(error))

    def publish_home(self, who: Person, view: dict[str, Any]) -> None:
        """Publish a person's App Home tab."""
        try:
            self._layouts.deliver(
                who.team,
                "home",
                view,
                lambda shown: self._client.views_publish(user_id=who.user, view=shown),
            )
        except SLACK_ERRORS as error:
            log.warning("home_not_published", user=who.user, error=reason_of(error))

    def _post(self, target: ReplyTarget, answer: Answer) -> None:
        """Post it, with a picture instead of charts that the workspace does not draw."""
        message = render(answer).to_deliver()
        public = isinstance(answer, Note) and answer.public

        def send(shown: dict[str, Any]) -> None:
            if isinstance(answer, ChartPage) and shown == message[CLASSIC]:
                self._answer(target, answer.picture())
            else:
                self._deliver(target, shown, public)

        self._show(target, message, send, public=public)

    def _show(
        self,
        target: ReplyTarget,
        message: dict[str, Any],
        send: Callable[[dict[str, Any]], None],
        *,
        public: bool = False,
    ) -> None:
        """As blocks; as text if Slack refuses them."""
        try:
            self._layouts.deliver(target.who.team, "message", message, send)
        except (SlackApiError, InvalidContent) as error:
            if isinstance(error, SlackApiError) and reason_of(error) not in INVALID_CONTENT:
                raise
            log.error("blocks_refused", user=target.who.user, error=reason_of(error))
            self._deliver(target, text_only(classic_of(message)), public)

    def _deliver(self, target: ReplyTarget, message: dict[str, Any], public: bool) -> None:
        if target.said is not None:
            self._reply(target, target.said, message, public or target.readers is Readers.EVERYBODY)
            return
        # In a thread, a response URL shows only what all may see. Source: see `bot.slack.api.said`.
        tried = bool(target.thread) and not public and not target.replace
        if tried and self._posted_to_one(target.who, message, target.thread):
            return
        if target.response_url and self._respond(target, message, public):
            return
        self._post_ephemeral(target.who, message, target.thread or None, tried)

    def _respond(self, target: ReplyTarget, message: dict[str, Any], public: bool) -> bool:
        body = message | {
            "response_type": "in_channel" if public else "ephemeral",
            "replace_original": target.replace,
        }
        if target.thread and not target.replace:
            body["thread_ts"] = target.thread
        try:
            response = webhook(self._client, target.response_url).send_dict(body)
        except SLACK_ERRORS as error:
            log.warning("response_url_failed", error=reason_of(error))
            return False
        refused = refusal_of(response)
        if refused is None:
            return True
        if isinstance(refused, InvalidContent) and message.get("blocks"):
            raise refused
        log.warning("response_url_refused", status=response.status_code, body=response.body[:200])
        return False

    def _reply(self, target: ReplyTarget, said: Said, message: dict[str, Any], public: bool) -> None:
        """Answer a message: for all who read it, or for its author alone."""
        who = target.who
        if (public or said.direct) and (
            self._changed(target, message) or self._posted(who.channel, said.thread, message)
        ):
            return
        self._take_back(target)
        shown = with_reason(message) if target.readers is Readers.SOME else message
        self._post_ephemeral(who, shown, said.private_thread, False)

    def show_looking(self, target: ReplyTarget) -> str:
        """Say that the answer takes a while; what `ReplyTarget.looking` takes, or empty if nothing can be
        replaced."""
        said, text, channel = target.said, modals.LOOKING, target.who.channel
        try:
            if said is None:
                url = webhook(self._client, target.response_url)
                url.send_dict({"text": modals.COMING, "response_type": "ephemeral"})
                return ""
            posted = self._client.chat_postMessage(channel=channel, thread_ts=said.thread, text=text)
            return str(posted["ts"])
        except SLACK_ERRORS as error:
            log.info("looking_not_shown", error=reason_of(error))
            return ""

    def _take_back(self, target: ReplyTarget) -> None:
        """Remove what stood there until the answer came."""
        if not target.looking:
            return
        try:
            self._client.chat_delete(channel=target.who.channel, ts=target.looking)
        except SLACK_ERRORS as error:
            log.warning("looking_not_taken_back", error=reason_of(error))

    def _changed(self, target: ReplyTarget, message: dict[str, Any]) -> bool:
        """Whether the answer has taken the place of what stood there."""
        if not target.looking:
            return False
        try:
            self._client.chat_update(channel=target.who.channel, ts=target.looking, **message)
        except SLACK_ERRORS as error:
            if refuses_blocks(error, message):
                raise
            log.warning("looking_not_replaced", error=reason_of(error))
            self._take_back(target)
            return False
        return True

    def _posted(self, channel: str, thread: str | None, message: dict[str, Any]) -> bool:
        """Whether Slack takes the message there; some channels and threads are closed to apps."""
        try:
            self._client.chat_postMessage(
                channel=channel, thread_ts=thread, unfurl_links=False, unfurl_media=False, **message
            )
        except SLACK_ERRORS as error:
            if refuses_blocks(error, message):
                raise
            log.warning("answer_not_public", channel=channel, error=reason_of(error))
            return False
        return True

    def _post_ephemeral(self, who: Person, message: dict[str, Any], thread: str | None, tried: bool) -> None:
        """An ephemeral message in the channel, unless `tried` before; else a direct message."""
        if tried or not self._posted_to_one(who, message, thread):
            self._client.chat_postMessage(channel=who.user, **message)

    def _posted_to_one(self, who: Person, message: dict[str, Any], thread: str | None) -> bool:
        """Whether Slack takes it as an ephemeral message."""
        try:
            self._client.chat_postEphemeral(
                channel=who.channel or who.user, user=who.user, thread_ts=thread, **message
            )
        except SLACK_ERRORS as error:
            if refuses_blocks(error, message):
                raise
            log.info("not_shown_to_one", error=reason_of(error))
            return False
        return True

    def _update_view(self, target: ReplyTarget, view: dict[str, Any]) -> None:
        if not target.view_id:
            log.warning("no_view_to_update", user=target.who.user)
            return
        if target.view_hash:
            self._await_view_shown(target)
        self._layouts.deliver(
            target.who.team,
            "modal",
            view,
            lambda shown: self._client.views_update(view_id=target.view_id, view=shown),
        )

    def _await_view_shown(self, target: ReplyTarget) -> None:
        """Wait until Slack shows the loading view of the acknowledgement: it would replace an earlier update.

        An update with the submitted view's hash succeeds until then, and conflicts afterwards.
        """
        known = target.view_hash
        for _ in range(_ACK_POLLS):
            try:
                shown = self._client.views_update(view_id=target.view_id, view=modals.loading(), hash=known)
            except SlackApiError as error:
                if error.response.get("error") == "hash_conflict":
                    return
                raise
            known = str((shown.get("view") or {}).get("hash") or known)
            time.sleep(_ACK_POLL_EVERY_S)

    def _answer_in_view(self, target: ReplyTarget, answer: Answer) -> None:
        """Answer in the view; in the channel if the person has closed it."""
        try:
            self._update_view(target, modals.message_view(render(answer), target.place))
        except SLACK_ERRORS as error:
            log.info("view_not_updated", error=reason_of(error))
            self._post(replace(target, view_id=""), answer)
            if reason_of(error) not in _VIEW_CLOSED:
                self._say_in_view(
                    target, f"Slack did not take the answer here: it is in {_place(target.who)}."
                )

    def _point_to_message(self, target: ReplyTarget, answer: AlreadyQueued) -> None:
        """Say in a view, or in a thread, that the answer is in the channel. The API cannot close a view."""
        if target.said is not None and target.said.thread_ts:
            self._post(target, answer)
        else:
            self._take_back(target)
        if target.view_id:
            note = Note(f"This continues in {_place(target.who)}, in a new message.", tone="good")
            self._update_view(target, modals.message_view(render(note)))

    def _upload(self, target: ReplyTarget, answer: Upload) -> None:
        try:
            alone = answer.private or _is_direct(target.who)
            channel = self._direct_message(target.who) if alone else target.who.channel
            said = target.said.thread if target.said else target.thread or None
            thread = said if channel == target.who.channel else None
            self._client.files_upload_v2(
                channel=channel,
                thread_ts=thread,
                filename=answer.filename,
                content=file_content(answer, command_of(self._client)),
                title=answer.title,
                initial_comment=rich(answer.comment),
            )
        except SLACK_ERRORS as error:
            why = f"The file could not be posted: {why_no_file(error)}"
            rest = (" ", *rich_parts(answer.comment)) if answer.comment_answers else ()
            self._answer(target, Note((why, *rest), tone="bad"))
            return
        if alone:
            note = Note("The file is for you alone: it is in your direct messages with me.", tone="good")
            self._answer(target, note)
        elif target.view_id:
            self._answer(target, Note("The file is in the channel.", tone="good"))
        else:
            self._take_back(target)

    def _direct_message(self, who: Person) -> str:
        """ID of the direct message with a person."""
        return str(self._client.conversations_open(users=who.user)["channel"]["id"])


def _is_direct(who: Person) -> bool:
    """Whether they asked where there is no channel: on the Home tab, or with a global shortcut."""
    return who.channel in ("", who.user)


def _place(who: Person) -> str:
    return "your direct messages with me" if _is_direct(who) else "the channel"
