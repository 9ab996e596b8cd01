"""Events as alerts of PagerDuty's Events API v2. Pure functions.

An alert is opened by a `trigger`, taken on by an `acknowledge` and closed by a `resolve` with the same
`dedup_key`: one for each job and kind of trouble. PagerDuty drops a `resolve` of an alert that is not open.

Source: https://developer.pagerduty.com/docs/send-alert-event
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.dms.display import kinds_named
from bot.dms.error_news import brings_errors, ends_errors, goes_on_with_errors
from bot.dms.model import Job, State
from bot.policy.subscriptions import WITH_ERRORS, topics
from bot.store.records import Event
from bot.watch.transitions import REPLICATING

CONTENT_TYPE = "application/json"
TRIGGER = "trigger"
ACKNOWLEDGE = "acknowledge"
RESOLVE = "resolve"
OPEN = frozenset({TRIGGER, ACKNOWLEDGE})
"""What was last sent of an alert that is open."""
_CLIENT = "dms-bot"
_MOST_SUMMARY = 1024
_MOST_KEY = 255
_OVER = frozenset({"deleted", "recreated"})

FAILED, STUCK, DELAYED = "failed", "stuck", "delayed"
_SEVERITIES = {FAILED: "critical", "database_failed": "error", STUCK: "warning", DELAYED: "warning"}
_LESS = "warning"
ALERTS = (FAILED, STUCK, DELAYED, WITH_ERRORS)
REFUSED = 400
"""The status of what PagerDuty never takes, however often it comes. Source: "Response Codes & Retry Logic" in
https://developer.pagerduty.com/docs/events-api-v2-overview"""


@dataclass(frozen=True, slots=True)
class Step:
    """What one event does to one alert."""

    action: str
    """`trigger` or `resolve`."""
    alert: str


def steps(event: Event) -> tuple[Step, ...]:
    """What an event closes, then what it opens."""
    words = topics(event)
    opened = [alert for alert in ALERTS if _opens(alert, event, words)]
    closed = [alert for alert in ALERTS if alert not in opened and _closes(alert, event)]
    return (*(Step(RESOLVE, each) for each in closed), *(Step(TRIGGER, each) for each in opened))


def dedup_key(job: str, alert: str) -> str:
    """The same for each event about one job and one kind of trouble."""
    key = f"{_CLIENT}:{job}:{alert}"
    if len(key) <= _MOST_KEY:
        return key
    return f"{_CLIENT}:{hashlib.sha256(job.encode()).hexdigest()}:{alert}"


def body(step: Step, event: Event, cloud_event: Mapping[str, Any], seen: Job | None = None) -> dict[str, Any]:
    """The request, but for the `routing_key`, which is a secret. `seen` is the job, if it is known."""
    data = cloud_event["data"]
    job = data["job"]
    found: dict[str, Any] = {"event_action": step.action, "dedup_key": dedup_key(event.job, step.alert)}
    if step.action == RESOLVE:
        return found
    payload = {
        "summary": _summary(event, data, seen)[:_MOST_SUMMARY],
        "source": event.job,
        "severity": _SEVERITIES.get(event.kind if event.kind in _SEVERITIES else step.alert, _LESS),
        "timestamp": cloud_event["time"],
        "component": job["id"],
        "group": job["project_alias"],
        "class": step.alert,
        "custom_details": data,
    }
    return {**found, "client": _CLIENT, "payload": payload}


def acknowledgement(job: str, alert: str) -> dict[str, str]:
    """The request that says that somebody has taken on an open alert, but for the `routing_key`."""
    return {"event_action": ACKNOWLEDGE, "dedup_key": dedup_key(job, alert)}


def _opens(alert: str, event: Event, words: frozenset[str]) -> bool:
    if alert == WITH_ERRORS:
        return brings_errors(event)
    return event.kind == alert if alert in (STUCK, DELAYED) else alert in words


def _closes(alert: str, event: Event) -> bool:
    if event.kind in _OVER:
        return True
    if event.kind == "cleared":
        return (alert == DELAYED and event.before == DELAYED) or (alert == WITH_ERRORS and ends_errors(event))
    if event.kind != "changed":
        return False
    state, _, phase = event.after.partition("/")
    if alert == DELAYED:
        return state != State.RUNNING or phase not in REPLICATING
    return not (alert == WITH_ERRORS and goes_on_with_errors(state))


def _summary(event: Event, data: Mapping[str, Any], seen: Job | None) -> str:
    job = data["job"]
    what = {
        "stuck": f"is stuck in {event.after}",
        "delayed": f"has a replication delay of {event.after} seconds",
        "error": "runs with errors",
        "database_failed": f"has {kinds_named(event.after, seen)} that failed ({event.after})",
        "database_error": f"has {kinds_named(event.after, seen)} with errors ({event.after})",
    }.get(event.kind, f"failed ({event.after})")
    detail = f": {data['detail']}" if data["detail"] else ""
    return f"Migration job {job['id']} in {job['project_alias']}/{job['location']} {what}{detail}"
