"""Whether what was delivered has the shape that Slack documents, so that nobody has to doubt it later.

Only what Bolt and we read is looked at; everything else may be as it likes. Source: Slack's
references of slash commands, interaction payloads and the Events API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[object], bool]


def fault(body: object) -> str:
    """What is wrong with it, in a few words; empty when nothing is."""
    if not isinstance(body, dict):
        return "it is no object"
    for name, kind in _FIELDS.items():
        if name in body and not kind(body[name]):
            return f"{name} is malformed"
    if body.get("type") in _INTERACTIONS and any(isinstance(body.get(name), str) for name in _WHO):
        return "who and where are malformed"
    missing = [name for name in _needed(body) if body.get(name) is None]
    return f"{missing[0]} is missing" if missing else ""


def _needed(body: Mapping[str, Any]) -> tuple[str, ...]:
    if "command" in body:
        return ("team_id", "user_id", "text")
    return _NEEDED.get(body.get("type") or "", ())


def _text(value: object) -> bool:
    return isinstance(value, str)


def _maybe(kind: Kind) -> Kind:
    """Slack writes null for much that is not there."""
    return lambda value: value is None or kind(value)


def _record(needed: tuple[str, ...] = (), **fields: Kind) -> Kind:
    def check(value: object) -> bool:
        if not isinstance(value, dict) or any(value.get(name) is None for name in needed):
            return False
        return all(name not in value or kind(value[name]) for name, kind in fields.items())

    return check


def _either(*kinds: Kind) -> Kind:
    return lambda value: any(kind(value) for kind in kinds)


def _each(kind: Kind) -> Kind:
    return lambda value: isinstance(value, list) and all(map(kind, value))


def _table(kind: Kind) -> Kind:
    return lambda value: isinstance(value, dict) and all(map(kind, value.values()))


def _some(kind: Kind) -> Kind:
    return lambda value: _each(kind)(value) and bool(value)


_OBJECT = _record()
_MAYBE_TEXT = _maybe(_text)
_NAMED = _maybe(_either(_text, _record(id=_MAYBE_TEXT, team_id=_MAYBE_TEXT, enterprise_id=_MAYBE_TEXT)))
_OPTION = _record(value=_MAYBE_TEXT)
_ELEMENT = _record(
    value=_MAYBE_TEXT, selected_option=_maybe(_OPTION), selected_options=_maybe(_each(_OPTION))
)
_STATE = _maybe(_record(values=_maybe(_table(_table(_ELEMENT)))))
_INSTALLED = _record(
    team_id=_MAYBE_TEXT,
    enterprise_id=_MAYBE_TEXT,
    user_id=_MAYBE_TEXT,
    is_enterprise_install=_maybe(lambda value: isinstance(value, bool)),
)
_FIELDS: dict[str, Kind] = {
    **dict.fromkeys(("type", "command", "text", "action_id", "block_id", "callback_id"), _text),
    **dict.fromkeys(
        (
            "action_ts",
            "api_app_id",
            "bot_access_token",
            "channel_id",
            "challenge",
            "enterprise_id",
            "event_id",
            "function_execution_id",
            "response_url",
            "ssl_check",
            "team_id",
            "thread_ts",
            "token",
            "trigger_id",
            "user_id",
            "value",
        ),
        _MAYBE_TEXT,
    ),
    **dict.fromkeys(("channel", "enterprise", "team", "user"), _NAMED),
    "actions": _some(_record(("action_id",), action_id=_text, block_id=_MAYBE_TEXT, type=_text)),
    "authorizations": _maybe(_each(_INSTALLED)),
    "container": _maybe(_record(channel_id=_MAYBE_TEXT)),
    "event": _record(
        ("type",),
        type=_text,
        tab=_MAYBE_TEXT,
        user=_NAMED,
        team=_NAMED,
        channel=_NAMED,
        thread_ts=_MAYBE_TEXT,
    ),
    "response_urls": _each(_record(response_url=_MAYBE_TEXT)),
    "state": _STATE,
    "view": _record(
        ("callback_id", "type"),
        callback_id=_text,
        type=_text,
        id=_MAYBE_TEXT,
        hash=_MAYBE_TEXT,
        private_metadata=_MAYBE_TEXT,
        team_id=_MAYBE_TEXT,
        app_installed_team_id=_MAYBE_TEXT,
        state=_STATE,
    ),
    **dict.fromkeys(
        ("assistant_thread", "function_data", "item", "message", "previous_message"), _maybe(_OBJECT)
    ),
}
_WHO = ("user", "team", "channel")
"""In events these may be mere ids."""
_INTERACTIONS = ("block_actions", "block_suggestion", "view_submission", "view_closed")
_NEEDED: dict[str, tuple[str, ...]] = {
    "block_actions": ("actions", "user"),
    "block_suggestion": ("action_id", "block_id", "user"),
    "event_callback": ("event",),
    "view_submission": ("view", "user"),
    "view_closed": ("view", "user"),
}
