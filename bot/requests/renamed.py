"""Names the jobs of open requests by the present aliases: one may stand for another project than it did when
the request was made. Calls to DMS use the full resource name, which no setting changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import structlog

from bot.cmdline.answers import Note
from bot.config.projects import Projects
from bot.dms.resource_names import is_served, unserved_reason
from bot.requests.by_project import projects_text
from bot.requests.job_names import with_location
from bot.requests.queries import mark_messages_dirty
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store import Store
from bot.store.records import PENDING_REQUESTS, Request, RequestState

log = structlog.get_logger(__name__)

_GOING_ON = (*PENDING_REQUESTS, RequestState.APPROVED, RequestState.RUNNING)
_MOST = 1_000_000
"""All of them: the default limit is for what people read."""
OTHER_NAMES = Note(
    "Nothing was done: the settings call the jobs of this request by other names since it was made. Its "
    "message will show them: press again to continue.",
    tone="warn",
)


def names_now(called: Mapping[str, str], projects: Projects) -> dict[str, str]:
    """The present names of jobs, by full resource name. `called` are those so far; an ID alone stays."""
    return {name: with_location(name, projects) if "/" in shown else shown for name, shown in called.items()}


def rename_jobs(store: Store, projects: Projects) -> None:
    """Have all open requests, and those under way, name their jobs and projects as `projects` does; once
    after each start, as the settings change with it.

    Raises:
        StoreError.
    """
    found = store.requests(_GOING_ON, limit=_MOST, skip=pass_over)
    one_by_one(found, lambda each: _rename(store, each, projects), lambda each: f"request {each.id}")


def rename_shown(store: Store, shown: Request, projects: Projects) -> Note | None:
    """Why a press on `shown` does not count: a job is in a place that is not served any more, or is named as
    the settings now call another one, because the leader has not renamed it yet, or a replica with other
    settings made the request. It is renamed then.

    Raises:
        StoreError.
    """
    renamed = _rename(store, shown, projects)
    return unserved_note((job.name for job in shown.jobs), projects) or (OTHER_NAMES if renamed else None)


def unserved_note(jobs: Iterable[str], projects: Projects) -> Note | None:
    """Why no press can continue: one of the jobs, by full resource name, is in a place that the bot does not
    serve any more. None where it serves all."""
    unserved = next((job for job in jobs if not is_served(job, projects)), "")
    return Note(f"{unserved_reason(unserved, projects)} Nothing was sent.", tone="bad") if unserved else None


def _rename(store: Store, read: Request, projects: Projects) -> bool:
    """Returns whether its jobs had other names."""
    before = read.facts
    called = names_now(before.display_names, projects)
    which = projects_text(read.jobs, projects) if before.projects else ""
    if (called, which) == (dict(before.display_names), before.projects):
        return False
    renamed = {shown: called[name] for name, shown in before.display_names.items() if shown != called[name]}
    with store.transaction():
        now = store.request(read.id)
        if now is None or now.state not in _GOING_ON:
            return True
        facts = replace(
            now.facts,
            display_names=called,
            projects=which,
            effect=with_names(now.facts.effect, renamed),
        )
        warning = tuple(with_names(each, renamed) for each in now.warning)
        store.move_request(now.id, [now.state], now.state, warning=warning, facts=facts)
        mark_messages_dirty(store, now.id)
    log.info("request_renamed", request=read.id, names=list(called.values()))
    return True


def with_names(text: str, renamed: Mapping[str, str]) -> str:
    """The text with the old names of jobs replaced, wherever one stands by itself."""
    if not renamed:
        return text
    old = "|".join(re.escape(each) for each in sorted(renamed, key=len, reverse=True))
    return re.sub(rf"(?<![\w/-])(?:{old})(?![\w/-])", lambda found: renamed[found[0]], text)
