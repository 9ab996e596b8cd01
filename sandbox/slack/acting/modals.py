"""Submitting and closing modals, and opening the Home tab.
Source: https://docs.slack.dev/surfaces/modals"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.acting.finding import find_spot
from sandbox.slack.acting.pressing import TROUBLE, set_value
from sandbox.slack.delivery import Delivery, deliver
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.events import emit
from sandbox.slack.inputs import is_empty, stateful
from sandbox.slack.shapes import view_json
from sandbox.slack.views import STACK_LIMIT, View
from sandbox.slack.webapi.views import checked
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, User


@dataclass
class Submission:
    """`submitted` is False when Slack itself held the form back; `errors` are by block id."""

    submitted: bool
    response_action: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    delivery: Delivery | None = None


async def submit(ws: Workspace, user: User, view: View, values: dict[str, Any]) -> Submission:
    """Fill the inputs named by action id, then press the submit button."""
    _check_open(ws, user, view)
    for action_id, value in values.items():
        await set_value(ws, user, view, find_spot(view.body["blocks"], action_id=action_id), value)
    held_back = _form_errors(view)
    if held_back:
        view.errors = held_back
        ws.changes.note()
        return Submission(False, errors=held_back)
    payload = payloads.view_submission(ws, user, view, _response_urls(ws, user, view))
    result = await deliver(ws, "interactive", payload)
    if not result.acked:
        view.trouble = TROUBLE
        ws.changes.note()
        return Submission(True, delivery=result)
    return _follow(ws, user, view, result)


def _check_open(ws: Workspace, user: User, view: View) -> None:
    stack = ws.views.stack(user.id)
    if not stack or stack[-1] is not view:
        raise ControlError(f"the view {view.id} is not on top of {user.name}'s screen")
    if not view.body.get("submit"):
        raise ControlError("this view has no submit button")
    if view.body.get("submit_disabled"):
        raise ControlError("the submit button is disabled")


def _form_errors(view: View) -> dict[str, str]:
    """What Slack's own form holds back: required inputs, lengths, numbers."""
    errors = {}
    for block, element in stateful(view.body["blocks"]):
        if block["type"] != "input":
            continue
        state = view.values[block["block_id"]][element["action_id"]]
        problem = _problem(element, state, bool(block.get("optional")))
        if problem:
            errors[block["block_id"]] = problem
    return errors


def _problem(element: JSON, state: JSON, optional: bool) -> str:
    if is_empty(state):
        return "" if optional else "Please complete this required field."
    text = state.get("value")
    if isinstance(text, str):
        return _text_problem(element, text)
    return ""


def _text_problem(element: JSON, text: str) -> str:
    if element["type"] == "number_input":
        return _number_problem(element, text)
    if len(text) < element.get("min_length", 0):
        return f"Must be at least {element['min_length']} characters."
    if len(text) > element.get("max_length", 3000):
        return f"Must be at most {element.get('max_length', 3000)} characters."
    if element["type"] == "email_text_input" and "@" not in text:
        return "Enter a valid email address."
    return ""


def _number_problem(element: JSON, text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return "Enter a number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Enter a whole number."
    if number < float(element.get("min_value", number)) or number > float(element.get("max_value", number)):
        return "The number is out of range."
    return ""


def _response_urls(ws: Workspace, user: User, view: View) -> list[JSON]:
    urls = []
    for block, element in stateful(view.body["blocks"]):
        state = view.values[block["block_id"]][element["action_id"]]
        channel = state.get("selected_conversation") or state.get("selected_channel")
        if not (element.get("response_url_enabled") and channel):
            continue
        url = ws.response_urls.issue("app", ws.world.installed_in, user.id, channel)
        ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
        urls.append({**ids, "channel_id": channel, "response_url": ws.base_url + url.path})
    return urls


def _follow(ws: Workspace, user: User, view: View, result: Delivery) -> Submission:
    """Do what the acknowledgement asks."""
    ack = result.ack if isinstance(result.ack, dict) else {}
    action = str(ack.get("response_action") or "")
    done = Submission(True, action or "close", delivery=result)
    try:
        _apply(ws, user, view, action, ack, done)
    except SlackError as wrong:
        ws.violations.record(
            wrong.code, wrong.detail, method="view_submission response", notice=not wrong.breach
        )
        view.trouble = TROUBLE
        done.response_action = "trouble"
    ws.changes.note()
    return done


def _apply(ws: Workspace, user: User, view: View, action: str, ack: JSON, done: Submission) -> None:
    if action == "":
        ws.views.pop(view)
    elif action == "clear":
        ws.views.clear(user.id)
    elif action == "errors":
        done.errors = view.errors = _checked_errors(view, ack.get("errors"))
    elif action == "update":
        view.replace(checked(ws, ack.get("view"), "modal", besides=view.id))
    elif action == "push":
        _push(ws, user, ack)
    else:
        raise SlackError("invalid_response_action", breach=True, detail=action)


def _push(ws: Workspace, user: User, ack: JSON) -> None:
    if len(ws.views.stack(user.id)) >= STACK_LIMIT:
        raise SlackError("push_limit_reached", breach=True, detail=f"at most {STACK_LIMIT} views")
    ws.views.push(user.id, checked(ws, ack.get("view"), "modal"))


def _checked_errors(view: View, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_errors", breach=True, detail="errors must name at least one block")
    strangers = sorted(set(errors) - inputs)
    if strangers:
        raise SlackError("invalid_errors", breach=True, detail=f"not input blocks of the view: {strangers}")
    return {str(block_id): str(words) for block_id, words in errors.items()}


async def close(ws: Workspace, user: User, view: View, *, everything: bool) -> Delivery | None:
    """Press the close button, or the cross, which clears the whole stack (`everything`)."""
    stack = ws.views.stack(user.id)
    if view not in stack:
        raise ControlError(f"the view {view.id} is not open")
    cleared = everything or bool(view.body.get("clear_on_close"))
    gone = list(stack) if cleared else [view]
    for shut in gone:
        stack.remove(shut)
    ws.changes.note()
    result = None
    for shut in gone:
        if shut.body.get("notify_on_close"):
            payload = payloads.view_closed(ws, user, shut, cleared=cleared)
            result = await deliver(ws, "interactive", payload)
    return result


async def open_home(ws: Workspace, user: User, tab: str = "home") -> Delivery | None:
    """Open the app's Home tab, or its messages; the app hears `app_home_opened` and may publish.
    Source: https://docs.slack.dev/reference/events/app_home_opened"""
    if tab not in ("home", "messages"):
        raise ControlError(f"the app has the tabs home and messages, not {tab}")
    body: JSON = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": ws.world.direct_message(user.id).id,
        "tab": tab,
        "event_ts": ws.world.clock.next(),
    }
    home = ws.views.home(user.id)
    if home is not None and tab == "home":
        body["view"] = view_json(ws, home)
    return await emit(ws, body)
