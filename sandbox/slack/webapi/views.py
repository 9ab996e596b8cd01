"""views.*: modals and the Home tab. Source: https://docs.slack.dev/reference/methods?family=views"""

from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.posting import refuse
from sandbox.slack.rules import check_known, check_view
from sandbox.slack.shapes import view_json
from sandbox.slack.triggers import Trigger
from sandbox.slack.views import STACK_LIMIT, View
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON


def open_view(ws: Workspace, args: Args) -> JSON:
    trigger = _trigger(ws, args)
    body = checked(ws, args.values.get("view"), "modal")
    trigger.used = True
    return _answer(ws, ws.views.open(trigger.user, body))


def push_view(ws: Workspace, args: Args) -> JSON:
    trigger = _trigger(ws, args)
    body = checked(ws, args.values.get("view"), "modal")
    stack = ws.views.stack(trigger.user)
    if not stack or not trigger.view_id:
        raise SlackError("view_not_found", breach=True, detail="a push needs a trigger from an open modal")
    if len(stack) >= STACK_LIMIT:
        raise SlackError("push_limit_reached", breach=True, detail=f"at most {STACK_LIMIT} views in a stack")
    trigger.used = True
    return _answer(ws, ws.views.push(trigger.user, body))


def update_view(ws: Workspace, args: Args) -> JSON:
    view = ws.views.find(args.text("view_id") or None, args.text("external_id") or None)
    if view is None:
        raise SlackError("not_found", detail=args.text("view_id") or args.text("external_id"))
    body = checked(ws, args.values.get("view"), view.kind, besides=view.id)
    _check_hash(view, args)
    view.replace(body)
    return _answer(ws, view)


def publish_view(ws: Workspace, args: Args) -> JSON:
    user = ws.world.users.get(args.need("user_id"))
    if user is None:
        raise SlackError("user_not_found", detail=args.text("user_id"))
    home = ws.views.home(user.id)
    body = checked(ws, args.values.get("view"), "home", besides=home.id if home else "")
    if home is not None:
        _check_hash(home, args)
    return _answer(ws, ws.views.publish(user.id, body))


def checked(ws: Workspace, view: Any, kind: str, besides: str = "") -> JSON:
    """The view, if Slack would take it. Raises SlackError `invalid_arguments`, `view_too_large`,
    `duplicate_external_id`."""
    if not isinstance(view, dict):
        raise refuse("invalid_arguments", ["must provide an object [json-pointer:/view]"])
    faults = check_view(view, kind)
    if faults:
        too_large = faults[0].startswith("view_too_large")
        raise refuse("view_too_large" if too_large else "invalid_arguments", faults)
    lacking = ws.settings.lacks_in_modals if kind == "modal" else ws.settings.lacks_on_home
    unknown = check_known(view["blocks"], frozenset(lacking), "/view/blocks")
    if unknown:
        raise refuse("invalid_arguments", unknown, breach=False)
    external_id = view.get("external_id")
    if external_id and ws.views.external_id_taken(external_id, besides):
        raise SlackError("duplicate_external_id", breach=True, detail=external_id)
    return view


def _trigger(ws: Workspace, args: Args) -> Trigger:
    return ws.triggers.look(args.need("trigger_id"), ws.settings)


def _check_hash(view: View, args: Args) -> None:
    given = args.text("hash")
    if given and given != view.hash:
        raise SlackError("hash_conflict", detail="the view has changed since")


def _answer(ws: Workspace, view: View) -> JSON:
    ws.changes.note()
    return {"view": view_json(ws, view)}
