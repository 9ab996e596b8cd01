"""Bolt's listeners: acknowledge first, then work."""

from __future__ import annotations

import re
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltContext

from bot.slack.api.installation import Installation
from bot.slack.inbound import payloads
from bot.slack.inbound.app_events import AppEvents
from bot.slack.inbound.bolt_errors import answer_errors, listener
from bot.slack.inbound.dispatcher import Dispatcher
from bot.slack.inbound.spoken import parse_spoken
from bot.slack.inbound.submissions import ANSWERED_IN_VIEW
from bot.slack.inbound.unfurling import Unfurler, parse_links
from bot.slack.render import modals
from bot.slack.render.filter_modal import FILTER_STEP
from bot.slack.render.job_picker import FIND
from bot.store import StoreError
from bot.util.command import with_command

log = structlog.get_logger(__name__)

OPEN_JOB = "dms:show:message"
"""The shortcut of a message, as the manifest names it."""
LAUNCHER = "dms:launcher:open"
"""The global shortcut."""
HOME = "home"
"""The verb in the action ids of the Home tab's own buttons."""
_VIEW_STEPS = ("pick", "save", FILTER_STEP, "typed", "typed_destination", "approve_sure", "deny_reason")
"""Views that are last in their flow: their submission closes all views. The answer is in the channel."""
_OURS = re.compile(rf"^{payloads.PREFIX}:")


def listen(
    app: App,
    dispatcher: Dispatcher,
    events: AppEvents,
    unfurler: Unfurler,
    home: Installation,
    command: str,
) -> None:
    """Register every listener. `home` is where the app is installed, and `command` its slash command."""
    answer_errors(app)
    _listen_to_commands(app, dispatcher, home, command)
    _listen_to_blocks_and_views(app, dispatcher, events, home, command)
    _listen_to_messages(app, dispatcher, unfurler, home)
    _listen_to_app_events(app, events, home)


def _listen_to_commands(app: App, dispatcher: Dispatcher, home: Installation, command: str) -> None:
    """The slash command and the shortcuts."""

    @app.command(command)
    @listener
    def slash_command(ack: Ack, body: dict[str, Any]) -> None:
        typed = payloads.parse_command(body, home)
        ack()
        dispatcher.on_command(typed)

    @app.shortcut(OPEN_JOB)
    @listener
    def open_job(ack: Ack, body: dict[str, Any]) -> None:
        used = payloads.parse_shortcut(body, home)
        ack()
        dispatcher.on_message_shortcut(used)

    @app.shortcut(LAUNCHER)
    @listener
    def launcher(ack: Ack, body: dict[str, Any]) -> None:
        used = payloads.parse_shortcut(body, home)
        ack()
        dispatcher.on_global_shortcut(used)


def _listen_to_blocks_and_views(
    app: App, dispatcher: Dispatcher, events: AppEvents, home: Installation, command: str
) -> None:
    """Buttons and menus, the options of a menu while somebody types in it, and submitted modals."""

    @app.action(_OURS)
    @listener
    def action(ack: Ack, body: dict[str, Any]) -> None:
        press = payloads.parse_block_action(body, home)
        ack()
        if press.verb == HOME:
            events.home_opened(press.who)
        else:
            dispatcher.on_block_action(press)

    @app.view(_OURS)
    @listener
    def submission(ack: Ack, body: dict[str, Any]) -> None:
        _submission(ack, dispatcher, payloads.parse_submission(body, home), command)

    @app.options(_OURS)
    @listener
    def suggestion(ack: Ack, body: dict[str, Any]) -> None:
        submission = payloads.parse_submission(body, home)
        menu, typed = payloads.text(body, "action_id"), payloads.text(body, "value")
        ack(options=with_command(_options(dispatcher, submission, menu, typed), command))


def _listen_to_messages(app: App, dispatcher: Dispatcher, unfurler: Unfurler, home: Installation) -> None:
    """Mentions, direct messages and links to jobs. Bolt acknowledges events itself."""

    @app.event("app_mention")
    @listener
    def mentioned(body: dict[str, Any], context: BoltContext) -> None:
        spoken = parse_spoken(body, context.bot_user_id or "", home)
        if spoken is not None:
            dispatcher.on_message(spoken)

    @app.event("message")
    @listener
    def written(body: dict[str, Any], context: BoltContext) -> None:
        spoken = parse_spoken(body, context.bot_user_id or "", home)
        if spoken is not None:
            dispatcher.on_message(spoken)

    @app.event("link_shared")
    @listener
    def linked(body: dict[str, Any]) -> None:
        links = parse_links(body, home)
        if links is not None:
            unfurler.shared(links)


def _listen_to_app_events(app: App, events: AppEvents, home: Installation) -> None:
    """The Home tab, and the channels and workspaces that the app comes to."""

    @app.event("app_home_opened")
    @listener
    def opened(event: dict[str, Any], body: dict[str, Any]) -> None:
        user = event.get("user")
        if event.get("tab") == "home" and isinstance(user, str):
            events.home_opened(payloads.person(body, user, home))

    @app.event("member_joined_channel")
    @listener
    def joined(event: dict[str, Any], context: BoltContext) -> None:
        channel = event.get("channel")
        if event.get("user") == context.bot_user_id and isinstance(channel, str):
            events.invited(channel)

    @app.event("team_access_granted")
    @listener
    def granted(event: dict[str, Any]) -> None:
        events.access_granted(event.get("team_ids"))

    @app.event("team_access_revoked")
    @listener
    def revoked(event: dict[str, Any]) -> None:
        events.access_revoked(event.get("team_ids"))


def _submission(ack: Ack, dispatcher: Dispatcher, submission: payloads.ViewSubmission, command: str) -> None:
    try:
        wrong = dispatcher.submissions.objections(submission)
    except StoreError as error:
        log.warning("view_not_checked", error=str(error))
        ack(response_action="update", view=with_command(modals.error_view(str(error)), command))
        return
    if wrong:
        ack(response_action="errors", errors=with_command(wrong, command))
        return
    if submission.step in ANSWERED_IN_VIEW:
        ack(response_action="update", view=modals.loading())
    elif submission.step in _VIEW_STEPS:
        ack(response_action="clear")
    else:
        ack()
    dispatcher.on_submission(submission)


def _options(
    dispatcher: Dispatcher, submission: payloads.ViewSubmission, menu: str, typed: str
) -> list[dict[str, Any]]:
    """For the menu of jobs, wherever it is, or for that of the databases in a form."""
    try:
        if menu == FIND:
            return dispatcher.submissions.job_suggestions(submission.who, typed)
        return dispatcher.submissions.suggestions(submission, typed)
    except StoreError as error:
        log.warning("suggestions_failed", error=str(error))
        return []
