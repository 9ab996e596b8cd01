"""What Slack delivers, as frozen values.

Sources: Slack's references of slash commands, `block_actions`, `view_submission` and `block_suggestion`
payloads. Slack vouches for the person, the channel, and that the button is one of this app's. A button's
value is an opaque id; nothing else in a payload is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bot.slack.api.installation import Installation, is_organisation, is_workspace
from bot.store.records import Person
from bot.util.command import without_command

PREFIX = "dms"
_ANYWHERE = Installation()
_TEXTS = frozenset({"text", "url", "title", "title_link", "from_url", "fallback", "pretext", "value"})
_MOST_TEXTS, _MOST_TEXT, _DEEPEST = 2_000, 100_000, 20
"""Limits of what is read of a message."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    who: Person
    text: str
    trigger: str
    response_url: str


@dataclass(frozen=True, slots=True)
class BlockAction:
    """A button pressed, an entry of a menu chosen, or boxes ticked."""

    who: Person
    verb: str
    step: str
    value: str
    trigger: str
    response_url: str
    replaceable: bool
    """Whether its message is ephemeral, so that an answer may replace it."""
    ticked: tuple[str, ...] = ()
    """Opaque ids of all checkboxes ticked in the message or the view; the state of a view is in the view.

    Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    view_id: str = ""
    """The id of the modal that it is in; empty if it is in none."""
    ref: str = ""
    """That modal's `private_metadata`: an opaque id."""
    depth: int = 0
    """How many views of that modal are stacked up to this one."""
    thread: str = ""
    """The thread that its message replies in; empty if it is in none."""
    home: bool = False
    """Whether it is on the Home tab."""
    blocks: tuple[Mapping[str, Any], ...] = ()
    """That modal's blocks, as they are shown."""


@dataclass(frozen=True, slots=True)
class ViewSubmission:
    who: Person
    verb: str
    step: str
    ref: str
    """The view's `private_metadata`: an opaque id."""
    view_id: str
    trigger: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """`view.state.values`."""
    view_hash: str = ""
    """Slack gives the view another hash with every update."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut of a message, or a global one."""

    who: Person
    trigger: str
    response_url: str = ""
    text: str = ""
    """All texts and links of the message; empty for a global one."""
    thread: str = ""
    """The thread that the message replies in; empty if it is in none."""


class Malformed(ValueError):
    """A payload that differs from what Slack documents. `str()` says where."""


def parse_command(body: Mapping[str, Any], home: Installation = _ANYWHERE) -> SlashCommand:
    """From a slash command's form fields.

    Raises:
        Malformed.
    """
    return SlashCommand(
        who=person(body, _needed(body, "user_id"), home, text(body, "channel_id")),
        text=text(body, "text"),
        trigger=text(body, "trigger_id"),
        response_url=text(body, "response_url"),
    )


def parse_block_action(body: Mapping[str, Any], home: Installation = _ANYWHERE) -> BlockAction:
    """From a `block_actions` payload; the verb is empty if the action is not ours.

    Raises:
        Malformed.
    """
    action = next(parts(body, "actions"), {})
    verb, step = parse_action_id(text(action, "action_id"))
    view, container = part(body, "view"), part(body, "container")
    modal = view if view.get("type") == "modal" else {}
    return BlockAction(
        who=_person(body, home),
        verb=verb,
        step=step,
        value=text(action, "value") or text(part(action, "selected_option"), "value"),
        trigger=text(body, "trigger_id"),
        response_url=text(body, "response_url"),
        replaceable=bool(container.get("is_ephemeral")),
        ticked=tuple(_ticked(_values(view or body))),
        view_id=text(modal, "id"),
        ref=text(modal, "private_metadata"),
        depth=_depth(modal),
        thread=_thread(container, "message_ts") or _thread(part(body, "message"), "ts"),
        home=view.get("type") == "home",
        blocks=tuple(parts(modal, "blocks")),
    )


def _depth(modal: Mapping[str, Any]) -> int:
    """Slack says of each view which is below it and which is the lowest; there are three at most.

    Source: https://docs.slack.dev/surfaces/modals
    """
    below, lowest = text(modal, "previous_view_id"), text(modal, "root_view_id")
    if not below:
        return 1 if modal else 0
    return 2 if below == lowest else 3


def _thread(holder: Mapping[str, Any], own: str) -> str:
    """The thread that a message replies in; `own` is the key of its own time stamp."""
    thread = text(holder, "thread_ts")
    return "" if thread == text(holder, own) else thread


def parse_submission(body: Mapping[str, Any], home: Installation = _ANYWHERE) -> ViewSubmission:
    """From a `view_submission` or `block_suggestion` payload.

    Raises:
        Malformed.
    """
    view = part(body, "view")
    verb, step = parse_action_id(text(view, "callback_id"))
    return ViewSubmission(
        who=_person(body, home),
        verb=verb,
        step=step,
        ref=text(view, "private_metadata"),
        view_id=text(view, "id"),
        trigger=text(body, "trigger_id"),
        values=_values(view),
        view_hash=text(view, "hash"),
    )


def parse_shortcut(body: Mapping[str, Any], home: Installation = _ANYWHERE) -> Shortcut:
    """From a `message_action` or `shortcut` payload.

    Raises:
        Malformed.
    """
    message = part(body, "message")
    texts = islice(_texts(message, 0), _MOST_TEXTS)
    return Shortcut(
        who=_person(body, home),
        trigger=text(body, "trigger_id"),
        response_url=text(body, "response_url"),
        text=without_command("\n".join(texts)[:_MOST_TEXT]),
        thread=_thread(message, "ts"),
    )


def _texts(value: object, depth: int) -> Iterator[str]:
    """The texts and addresses in a message's text, blocks and attachments, wherever they are."""
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(each, str):
                yield from ([each] if key in _TEXTS else [])
            else:
                yield from _texts(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, depth + 1)


def parse_action_id(action_id: str) -> tuple[str, str]:
    """Verb and step of `dms:<verb>:<step>[:<n>]`; empty for anything else."""
    pieces = action_id.split(":")
    if len(pieces) not in (3, 4) or pieces[0] != PREFIX:
        return "", ""
    return pieces[1], pieces[2]


def text(source: Mapping[str, Any], key: str) -> str:
    """A string field; empty if it is missing or null, as Slack writes many empty fields.

    Raises:
        Malformed: it is something else.
    """
    value = source.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{key} is no text")
    return without_command(value)


def _needed(source: Mapping[str, Any], key: str) -> str:
    value = text(source, key)
    if not value:
        raise Malformed(f"{key} is missing")
    return value


def part(source: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object in a payload; empty if it is missing or null.

    Raises:
        Malformed: it is something else.
    """
    value = source.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Malformed(f"{key} is no object")
    return value


def parts(source: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """The objects in a list.

    Raises:
        Malformed: it is something else.
    """
    values = source.get(key) or ()
    if not isinstance(values, Sequence) or not all(isinstance(each, Mapping) for each in values):
        raise Malformed(f"{key} is no list of objects")
    return iter(values)


def person(body: Mapping[str, Any], user: str, home: Installation, channel: str = "") -> Person:
    """Who sent a delivery of any kind, and in which workspace.

    Where the app is installed org-wide, `team` is null, and `user.team_id` may name the person's organisation
    instead of the workspace (pages view-interactions-payload and block_suggestion-payload). `enterprise` is
    the organisation of the app, so it does not tell whose the person is: that is asked of Slack
    (`Directory.is_member`), and nobody may do anything by what is read here alone.

    Raises:
        Malformed.
    """
    sender, team, view = part(body, "user"), part(body, "team"), part(body, "view")
    places = [
        text(team, "id"),
        text(sender, "team_id"),
        text(body, "team_id"),
        text(body, "context_team_id"),
        text(view, "team_id"),
    ]
    organisations = [
        text(sender, "team_id"),
        text(part(body, "enterprise"), "id"),
        text(body, "enterprise_id"),
        text(team, "enterprise_id"),
        text(body, "context_enterprise_id"),
        *places,
    ]
    workspace = next(filter(is_workspace, places), "")
    enterprise = next(filter(is_organisation, organisations), "")
    return Person(home.team_of(workspace, enterprise), user, channel, workspace)


def _person(body: Mapping[str, Any], home: Installation) -> Person:
    channel = text(part(body, "channel"), "id") or text(part(body, "container"), "channel_id")
    return person(body, _needed(part(body, "user"), "id"), home, channel)


def _values(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """`state.values`: elements by block id and action id, all checked."""
    values = part(part(holder, "state"), "values")
    for block_id in values:
        block = part(values, block_id)
        for action_id in block:
            element = part(block, action_id)
            text(element, "value")
            for option in (part(element, "selected_option"), *parts(element, "selected_options")):
                text(option, "value")
    return without_command(values)


def _ticked(values: Mapping[str, Any]) -> Iterator[str]:
    for block_id in values:
        block = part(values, block_id)
        for action_id in block:
            if parse_action_id(action_id)[1] == "pick":
                picked = parts(part(block, action_id), "selected_options")
                yield from (text(option, "value") for option in picked)
