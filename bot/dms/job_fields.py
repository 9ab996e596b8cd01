"""The fields of a job that an edit sets by themselves: display name, labels and dump path. Pure functions.

Sources: REST schema `MigrationJob` (`displayName`, `labels`, `dumpPath`); gcloud `migration-jobs update`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.dms.model import FieldChange, Job


def narrowed(change: FieldChange, job: Job) -> FieldChange:
    """Only what differs from the job as it is."""
    has = dict(job.labels)
    labels = [
        (key, value) for key, value in change.labels if (has.get(key) != value if value else key in has)
    ]
    return FieldChange(
        name=change.name if change.name != job.display_name else None,
        labels=tuple(labels),
        dump_path=change.dump_path if change.dump_path != job.dump_path else None,
    )


def edited_meanwhile(change: FieldChange, then: Job, now: Job) -> str:
    """Which of the fields to change, as they were shown, is different by now; empty if none is."""
    if change.name is not None and now.display_name != then.display_name:
        return "display name"
    if change.labels and now.labels != then.labels:
        return "labels"
    if change.dump_path is not None and now.dump_path != then.dump_path:
        return "dump path"
    return ""


def fields_body(change: FieldChange, job: Job) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The part of a REST `MigrationJob` with the changed fields, and their paths in the update mask."""
    found: Mapping[str, Any] = {
        "displayName": change.name,
        "labels": change.labels_on(job) if change.labels else None,
        "dumpPath": change.dump_path,
    }
    body = {key: value for key, value in found.items() if value is not None}
    return body, tuple(body)
