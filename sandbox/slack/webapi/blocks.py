"""blocks.validate. Source: https://docs.slack.dev/reference/methods/blocks.validate"""

import re
from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.rules import check_attachments, check_known, check_message_blocks, check_view
from sandbox.slack.settings import Settings
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

_FAULT = re.compile(r"(?P<words>.*) \[json-pointer:(?P<pointer>.*)\]", re.DOTALL)
_UNSUPPORTED = "unsupported type: "


def validate(ws: Workspace, args: Args) -> JSON:
    """Whether blocks, a message or a view would be taken; nothing is posted, and no rule is broken by asking.

    Raises SlackError `invalid_blocks`, `invalid_message` or `invalid_view` with `errors`, and
    `invalid_arguments` unless exactly one of the three is given.
    """
    given = [name for name in ("blocks", "message", "view") if args.values.get(name) is not None]
    if len(given) != 1:
        raise SlackError(
            "invalid_arguments", breach=True, detail="needs exactly one of blocks, message, view"
        )
    name = given[0]
    faults = _CHECKS[name](ws.settings, args.values[name])
    if faults:
        raise SlackError(f"invalid_{name}", detail="; ".join(faults[:5]), errors=[_error(f) for f in faults])
    return {}


def _blocks(settings: Settings, blocks: Any) -> list[str]:
    return check_message_blocks(blocks) or check_known(blocks, frozenset(settings.lacks_in_messages))


def _message(settings: Settings, message: Any) -> list[str]:
    if not isinstance(message, dict):
        return ["must provide an object [json-pointer:/message]"]
    faults = _blocks(settings, message["blocks"]) if message.get("blocks") is not None else []
    return faults + (check_attachments(message["attachments"]) if message.get("attachments") else [])


def _view(settings: Settings, view: Any) -> list[str]:
    if not isinstance(view, dict):
        return ["must provide an object [json-pointer:/view]"]
    kind = "home" if view.get("type") == "home" else "modal"
    lacking = settings.lacks_on_home if kind == "home" else settings.lacks_in_modals
    return check_view(view, kind) or check_known(view["blocks"], frozenset(lacking), "/view/blocks")


_CHECKS = {"blocks": _blocks, "message": _message, "view": _view}


def _error(fault: str) -> JSON:
    """The page shows `failed_constraint` as an example of a code, and lists no others."""
    found = _FAULT.fullmatch(fault)
    words, pointer = (found["words"], found["pointer"]) if found else (fault, "")
    error: JSON = {"pointer": pointer, "code": "failed_constraint", "message": words}
    if words.startswith(_UNSUPPORTED):
        error["constraint"] = {"type": "enum", "got": words.removeprefix(_UNSUPPORTED)}
    return error
