"""Events and audit rows as CloudEvents 1.0, in the form that `docs/webhooks.md` describes. Pure functions.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.config.projects import Projects
from bot.dms.model import Job, parse_name
from bot.dms.source_writes import MAY_RESUME, MUST_STOP
from bot.policy.subscriptions import READY, RECOVERED, topics
from bot.store.records import AuditEntry, Event
from bot.util.redact import redact
from bot.watch.recipients import SavedEvent

CONTENT_TYPE = "application/cloudevents+json"
_SERVICE = "//datamigration.googleapis.com/"
"""Makes a full resource name of one without its service. Source:
https://cloud.google.com/apis/design/resource_names#full_resource_name"""
_BOT = "urn:dms-bot"
"""The source of audit rows that are about no job, or about all."""
_CHANGES = ("failed", "completed", MUST_STOP, MAY_RESUME, RECOVERED, READY)
"""What a change of status is called, the first that fits; else it is `changed`."""
_WITH_STATUS = frozenset({"created", "recreated", "changed", "deleted"})
_MOST_TEXT = 4000
"""Characters of an error: requests should stay below 20 KB ("Payload size" in Standard Webhooks)."""


def of_event(saved: SavedEvent, projects: Projects) -> dict[str, Any]:
    """The CloudEvent of an event, as JSON."""
    event = saved.event
    words = topics(event)
    name = (
        next((each for each in _CHANGES if each in words), "changed")
        if event.kind == "changed"
        else event.kind
    )
    data = {
        "kind": event.kind,
        "topics": sorted(words),
        "before": event.before if event.kind in _WITH_STATUS else "",
        "after": event.after if _has_status(event) else "",
        "detail": _short(event.detail),
        "by": event.by,
        "job": _job(saved.snapshot.job, projects),
        **_figures(event),
    }
    id = f"event-{event.id}-{_digest(asdict(event))}"
    return _json(id, f"dms-bot.job.{name}", event.job, event.at, data)


def of_audit(entry: AuditEntry) -> dict[str, Any]:
    """The CloudEvent of a row of the audit, as JSON."""
    data = {name: redact(value) if isinstance(value, str) else value for name, value in asdict(entry).items()}
    data["at"] = _time(entry.at)
    id = f"audit-{entry.seq}-{entry.hash[:16]}"
    return _json(id, f"dms-bot.audit.{entry.event}", entry.job, entry.at, data)


def _json(id: str, type: str, job: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        "specversion": "1.0",
        "id": id,
        "source": _SERVICE + quote(job) if "/" in job else _BOT,
        "type": type,
        "time": at.astimezone(UTC),
        "datacontenttype": "application/json",
        **({"subject": job.rpartition("/")[2]} if "/" in job else {}),
    }
    # Loaded by the first event: most bots have no webhook.
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent

    found: dict[str, Any] = json.loads(JSONFormat().write(CloudEvent(attributes, data)))
    return found


def _job(job: Job, projects: Projects) -> dict[str, Any]:
    project, location, id = parse_name(job.name)
    return {
        "name": job.name,
        "id": id,
        "display_name": redact(job.display_name),
        "project": project,
        "project_alias": projects.shown(project),
        "location": location,
        "labels": dict(job.labels),
        "type": job.type,
        "source_engine": job.source.engine,
        "destination_engine": job.destination.engine,
        "state": str(job.state),
        "phase": str(job.phase),
        "create_time": _time(job.create_time),
    }


def _has_status(event: Event) -> bool:
    return event.kind in _WITH_STATUS or event.kind in ("stuck", "error")


def _figures(event: Event) -> dict[str, Any]:
    """What some kinds hold besides; see `bot.watch.transitions`."""
    if event.kind == "delayed":
        return {"delay_s": float(event.after), "measured": event.before}
    if event.kind in ("database_failed", "database_error"):
        return {"databases": event.after}
    if event.kind == "cleared":
        return {"cleared": event.before}
    return {}


def _digest(values: Mapping[str, Any]) -> str:
    """Tells apart what a restored database would number alike."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _short(text: str) -> str:
    clean = redact(text)
    return clean if len(clean) <= _MOST_TEXT else clean[: _MOST_TEXT - 1] + "…"
