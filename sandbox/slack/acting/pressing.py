"""Pressing buttons and choosing in menus, in messages and in views."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.acting.choosing import pick, state_of
from sandbox.slack.acting.finding import Spot, blocks_of, find_spot, opinions
from sandbox.slack.delivery import Delivery, deliver
from sandbox.slack.errors import ControlError
from sandbox.slack.inputs import VALUE_KEYS, values_for
from sandbox.slack.rules.objects import option_group, select_option
from sandbox.slack.rules.shapes import Faults, items
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Message, StateValues, User

TROUBLE = "This app did not respond in time. Try again."


@dataclass(frozen=True)
class Choice:
    """`stale` blocks are what the person still sees, when the message has changed under their hand."""

    action_id: str | None = None
    text: str | None = None
    value: Any = None
    stale: list[JSON] | None = None
    block_id: str | None = None


async def press(ws: Workspace, user: User, where: Message | View, choice: Choice) -> Delivery:
    """Press a button, or choose in a menu. Raises ControlError for what is not there."""
    blocks = choice.stale if choice.stale is not None else blocks_of(where)
    spot = find_spot(
        blocks,
        action_id=choice.action_id,
        text=choice.text,
        value=choice.value,
        block_id=choice.block_id,
    )
    kind = spot.element["type"]
    if spot.block["type"] == "input" and not spot.block.get("dispatch_action"):
        raise ControlError("this input is sent on submit only; use set_input")
    if kind in VALUE_KEYS:
        await set_value(ws, user, where, spot, choice.value)
    action = _action(ws, where, user, spot, choice)
    if isinstance(where, View):
        return await _in_view(ws, user, where, action)
    return await _in_message(ws, user, where, action)


async def set_value(ws: Workspace, user: User, where: Message | View, spot: Spot, value: Any) -> None:
    """Fill an element without telling the app."""
    element = spot.element
    known = ws.suggested.get((_key(where), element["action_id"]), [])
    if "external" in element["type"] and value is not None:
        known = known + await _looked_up(ws, user, where, spot, value)
    state = state_of(ws, element, value, known)
    values = state_values(where, user)
    values.setdefault(spot.block["block_id"], {})[element["action_id"]] = state
    if isinstance(where, View):
        where.errors.pop(spot.block["block_id"], None)
    ws.changes.note()


async def _looked_up(ws: Workspace, user: User, where: Message | View, spot: Spot, value: Any) -> list[JSON]:
    found: list[JSON] = []
    for item in value if isinstance(value, list | tuple) else [value]:
        query = item["text"]["text"] if isinstance(item, dict) else str(item)
        found += await suggest(ws, user, where, spot, query)
    return found


def state_values(where: Message | View, user: User) -> StateValues:
    if isinstance(where, View):
        return where.values
    kept = where.state.get(user.id)
    where.state[user.id] = values_for(blocks_of(where), kept)
    return where.state[user.id]


def _action(ws: Workspace, where: Message | View, user: User, spot: Spot, choice: Choice) -> JSON:
    element = spot.element
    action: JSON = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": spot.block["block_id"],
        "action_ts": ws.world.clock.next(),
    }
    if element["type"] in ("button", "icon_button"):
        kept = ("text", "value", "style", "url", "confirm", "icon")
        return action | {name: element[name] for name in kept if element.get(name) is not None}
    if element["type"] == "feedback_buttons":
        return action | _opinion(element, choice)
    if element["type"] == "overflow":
        wanted = choice.value if choice.value is not None else choice.text
        return action | {"selected_option": pick(element["options"], wanted)}
    chosen = state_values(where, user)[spot.block["block_id"]][element["action_id"]]
    extra = {"placeholder": element["placeholder"]} if element.get("placeholder") else {}
    return action | chosen | extra


def _opinion(element: JSON, choice: Choice) -> JSON:
    """Of the two buttons, the one whose value or label was meant."""
    for each in opinions(element):
        if choice.value == each["value"] or choice.text == each["text"]["text"]:
            return {"text": each["text"], "value": each["value"]}
    raise ControlError(f"it is one of: {', '.join(each['value'] for each in opinions(element))}")


async def _in_view(ws: Workspace, user: User, view: View, action: JSON) -> Delivery:
    result = await deliver(ws, "interactive", payloads.view_action(ws, user, view, action))
    view.trouble = "" if result.acked else TROUBLE
    return result


async def _in_message(ws: Workspace, user: User, message: Message, action: JSON) -> Delivery:
    state = state_values(message, user)
    url = ws.response_urls.issue(
        "actions", ws.world.installed_in, user.id, message.channel, message.ts, message.thread_ts
    )
    payload = payloads.message_action(ws, user, message, action, state, ws.base_url + url.path)
    result = await deliver(ws, "interactive", payload)
    if not result.acked:
        reason = "operation_timeout" if result.error == "timeout" else "dispatch_failed"
        channel = ws.world.channels[message.channel]
        ws.tell_privately(channel, user, f'The app did not respond to this action: "{reason}"')
    return result


async def suggest(ws: Workspace, user: User, where: Message | View, spot: Spot, query: str) -> list[JSON]:
    """Type into an external menu; returns the app's options, flat."""
    element = spot.element
    payload = payloads.suggestion(ws, user, where, spot.block["block_id"], element["action_id"], query)
    result = await deliver(ws, "interactive", payload)
    options = _options(ws, result.ack)
    ws.suggested.setdefault((_key(where), element["action_id"]), []).extend(options)
    return options


def _options(ws: Workspace, ack: Any) -> list[JSON]:
    given = ack if isinstance(ack, dict) else {}
    faults: Faults = []
    if given.get("option_groups") is not None:
        items(option_group, 100, 0)(given["option_groups"], "/option_groups", faults)
        flat = [o for group in given["option_groups"] for o in group.get("options", [])]
    else:
        items(select_option, 100, 0)(given.get("options") or [], "/options", faults)
        flat = list(given.get("options") or [])
    if faults:
        ws.violations.record("invalid_options", "; ".join(faults[:5]), method="block_suggestion")
        return []
    return flat


def _key(where: Message | View) -> str:
    return where.id if isinstance(where, View) else where.ts
