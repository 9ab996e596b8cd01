"""Reads what a policy file says of notifications: `[[watch]]` and `[summary]`."""

from __future__ import annotations

import re
from datetime import time
from zoneinfo import ZoneInfo

from bot.dms.model import State
from bot.policy.fields import Fields, near, shown
from bot.policy.model import Summary, WatchDefault
from bot.policy.subscriptions import TOPICS

_STATES = tuple(state.value for state in State)
_WATCH_KEYS = ("target", "jobs", "only")
_SUMMARY_KEYS = ("at", "zone", "channel")
_FULL_NAME = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/migrationJobs/[a-z0-9-]+")
_LABEL = re.compile(r"label:[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


def watches(top: Fields) -> tuple[WatchDefault, ...]:
    """Who hears of what without having asked."""
    return tuple(_watch(fields) for fields in top.tables("watch"))


def summary(top: Fields) -> Summary | None:
    """When and where the daily summary is told; None where the file does not say."""
    fields = top.table("summary")
    if fields is None:
        return None
    fields.only(_SUMMARY_KEYS)
    return Summary(at=_clock(fields), zone=_zone(fields), channel=fields.channel("channel"))


def _watch(fields: Fields) -> WatchDefault:
    fields.only(_WATCH_KEYS)
    return WatchDefault(target=fields.target("target"), jobs=_jobs(fields), only=_only(fields))


def _jobs(fields: Fields) -> str:
    text = fields.text("jobs") or "*"
    kind, _, rest = text.partition(":")
    if kind == "state":
        return _state(fields, rest.upper())
    if text == "*" or _LABEL.fullmatch(text) or _FULL_NAME.fullmatch(text):
        return text
    what = f"must be `*`, `label:key=value`, `state:NAME` or a job's full name, not {shown(text)}"
    fields.fault("jobs", what, 'jobs = "label:env=prod"')
    return "*"


def _state(fields: Fields, name: str) -> str:
    if name not in _STATES:
        fields.fault("jobs", f"names {shown(name)}, which is no state{_near(name)}", 'jobs = "state:FAILED"')
    return f"state:{name}"


def _near(name: str) -> str:
    return near(name, [each.lower() for each in _STATES])


def _only(fields: Fields) -> tuple[str, ...]:
    words = tuple(word.lower() for word in fields.texts("only", '["failed", "completed"]'))
    for word in words:
        if word not in TOPICS:
            what = f"names {shown(word)}, which is neither a state nor a kind of event{near(word, TOPICS)}"
            fields.fault("only", what, 'only = ["failed", "completed"]')
    return words


def _clock(fields: Fields) -> time:
    value = fields.value("at")
    if isinstance(value, time):
        return value.replace(second=0, microsecond=0)
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    what = "is missing" if value is None else f"must be a time of day, not {shown(value)}"
    fields.fault("at", what, 'at = "09:00"')
    return time(9)


def _zone(fields: Fields) -> str:
    text = fields.text("zone") or "UTC"
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        fields.fault("zone", f"{shown(text)} is no time zone's name", 'zone = "Europe/Berlin"')
        return "UTC"
    return text
