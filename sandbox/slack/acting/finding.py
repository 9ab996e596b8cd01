"""Finding the button or menu that a person means."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack.errors import ControlError
from sandbox.slack.posting import all_blocks
from sandbox.slack.rules.walk import elements_in, flat
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Message, User


@dataclass(frozen=True)
class Spot:
    """An element where it stands."""

    block: JSON
    element: JSON


def surface(ws: Workspace, key: Any, user: User) -> Message | View:
    """The message or view that `key` names: a dict as the control client hands out, or an id."""
    if isinstance(key, dict):
        key = key.get("ts") or key.get("id") or ""
    view = ws.views.by_id.get(str(key))
    if view is not None:
        if view.user != user.id:
            raise ControlError(f"{user.name} does not see this view: it is another person's")
        return view
    for channel in ws.world.channels.values():
        message = channel.find(str(key))
        if message is not None:
            return _visible(message, user)
    raise ControlError(f"no message or view {key!r}")


def _visible(message: Message, user: User) -> Message:
    if message.ephemeral_for not in (None, user.id):
        raise ControlError(f"{user.name} does not see this message: it is for another person only")
    return message


def blocks_of(where: Message | View) -> list[JSON]:
    return all_blocks(where) if isinstance(where, Message) else list(where.body["blocks"])


def find_spot(
    blocks: list[JSON],
    *,
    action_id: str | None = None,
    text: str | None = None,
    value: Any = None,
    block_id: str | None = None,
) -> Spot:
    """The first element that fits all that is given. Raises ControlError, naming what there is."""
    spots = [Spot(block, e) for block in flat(blocks) for e in elements_in(block) if e.get("type") != "image"]
    for spot in spots:
        if block_id in (None, spot.block.get("block_id")) and _fits(spot.element, action_id, text, value):
            return spot
    wanted = {"action_id": action_id, "text": text, "value": value}
    there = [f"{s.element.get('action_id')} ({label(s.element)})" for s in spots]
    given = {k: v for k, v in wanted.items() if v is not None}
    raise ControlError(f"nothing fits {given}; there is: {', '.join(there) or 'nothing to press'}")


def _fits(element: JSON, action_id: str | None, text: str | None, value: Any) -> bool:
    if action_id is not None and element.get("action_id") != action_id:
        return False
    if text is not None and not _has_text(element, text):
        return False
    is_button = element.get("type") in ("button", "icon_button")
    return not (is_button and value is not None and element.get("value") != value)


def _has_text(element: JSON, text: str) -> bool:
    if element.get("type") in ("button", "icon_button"):
        return bool(element["text"]["text"] == text)
    if element.get("type") == "feedback_buttons":
        return any(each["text"]["text"] == text for each in opinions(element))
    return any(option["text"]["text"] == text for option in element.get("options") or [])


def opinions(element: JSON) -> list[JSON]:
    """The two buttons of a `feedback_buttons` element."""
    return [element["positive_button"], element["negative_button"]]


def label(element: JSON) -> str:
    """What a person reads on it."""
    if element.get("type") in ("button", "icon_button"):
        return str(element["text"]["text"])
    if element.get("type") == "feedback_buttons":
        return " / ".join(str(each["text"]["text"]) for each in opinions(element))
    return str((element.get("placeholder") or {}).get("text") or element.get("type"))
