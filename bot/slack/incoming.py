"""What Slack delivers, as frozen values.

Sources: Slack's references of slash commands, `block_actions`, `view_submission` and
`block_suggestion` payloads. Nothing in them is trusted but what Slack itself vouches for: the
person, the place, and that the button belongs to a message of this app; the button's value is an
opaque id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.store.records import Person

PREFIX = "dms"


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command."""

    who: Person
    text: str
    trigger: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button pressed, an entry of a menu chosen, or boxes ticked."""

    who: Person
    verb: str
    step: str
    value: str
    trigger: str
    response_url: str
    replaceable: bool
    """Whether it stands in an answer that only this person sees."""
    ticked: tuple[str, ...] = ()
    """Opaque ids of all boxes ticked in the message."""
    view_id: str = ""
    """The modal in which it stands, where it stands in one."""
    ref: str = ""
    """That modal's `private_metadata`: an opaque id."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A view submitted."""

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
    """Changes with every change of the view."""


def typed(body: Mapping[str, Any]) -> Typed:
    """From a slash command's form."""
    return Typed(
        who=Person(_text(body, "team_id"), _text(body, "user_id"), _text(body, "channel_id")),
        text=_text(body, "text"),
        trigger=_text(body, "trigger_id"),
        response_url=_text(body, "response_url"),
    )


def press(body: Mapping[str, Any]) -> Press:
    """From a `block_actions` payload; an action that is not ours has an empty verb."""
    action: Mapping[str, Any] = next(iter(body.get("actions") or ()), {})
    verb, step = address(_text(action, "action_id"))
    view = body.get("view") or {}
    modal = view if view.get("type") == "modal" else {}
    return Press(
        who=_person(body),
        verb=verb,
        step=step,
        value=_text(action, "value") or _text(action.get("selected_option") or {}, "value"),
        trigger=_text(body, "trigger_id"),
        response_url=_text(body, "response_url"),
        replaceable=bool((body.get("container") or {}).get("is_ephemeral")),
        ticked=tuple(_ticked(body.get("state") or {})),
        view_id=_text(modal, "id"),
        ref=_text(modal, "private_metadata"),
    )


def submission(body: Mapping[str, Any]) -> Submission:
    """From a `view_submission` payload."""
    view = body.get("view") or {}
    verb, step = address(_text(view, "callback_id"))
    return Submission(
        who=_person(body),
        verb=verb,
        step=step,
        ref=_text(view, "private_metadata"),
        view_id=_text(view, "id"),
        trigger=_text(body, "trigger_id"),
        values=(view.get("state") or {}).get("values") or {},
        view_hash=_text(view, "hash"),
    )


def address(action_id: str) -> tuple[str, str]:
    """Verb and step of `dms:<verb>:<step>[:<n>]`; empty for anything else."""
    parts = action_id.split(":")
    if len(parts) not in (3, 4) or parts[0] != PREFIX:
        return "", ""
    return parts[1], parts[2]


def _person(body: Mapping[str, Any]) -> Person:
    user, team = body.get("user") or {}, body.get("team") or {}
    channel = (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id") or ""
    return Person(team.get("id") or user.get("team_id") or "", _text(user, "id"), channel)


def _ticked(state: Mapping[str, Any]) -> Iterator[str]:
    for block in (state.get("values") or {}).values():
        for name, element in block.items():
            if address(name)[1] == "pick":
                yield from (_text(option, "value") for option in element.get("selected_options") or ())


def _text(source: Mapping[str, Any], key: str) -> str:
    value = source.get(key)
    return value if isinstance(value, str) else ""
