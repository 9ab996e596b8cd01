"""The commands that a message suggests name the jobs that it is about, and no others with the same id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.config.projects import Projects
from bot.dms.model import short_name
from bot.requests.job_names import by_id, disambiguate, name_in_commands
from bot.runtime.one_by_one import pass_over
from bot.slack.render.message import Message, with_texts
from bot.store import Store


def name_jobs(
    message: Message,
    subject: Mapping[str, Any],
    store: Store,
    projects: Projects,
    told: Callable[[str], bool],
) -> Message:
    """The message about `subject`, in which each suggested command says which job it is for.
    `told` says whether its reader may know of a job with this full name.

    Raises:
        StoreError: the store cannot be read.
    """
    names = set(_jobs_about(store, subject))
    if not names:
        return message
    ids = {short_name(name) for name in names}
    twins = filter(told, store.known_twins(ids))
    calls = disambiguate((*names, *twins), projects)
    called = by_id({name: calls(name) for name in names if calls(name) != short_name(name)})
    return with_texts(message, lambda text: _named(text, called)) if called else message


def _named(text: str, called: Mapping[str, str]) -> str:
    for name, shown in called.items():
        text = name_in_commands(text, name, shown)
    return text


def _jobs_about(store: Store, subject: Mapping[str, Any]) -> Iterable[str]:
    """Full names of the jobs that a message with this subject is about."""
    if "job" in subject:
        yield str(subject["job"])
    ids = [*subject.get("events", ()), *([subject["event"]] if "event" in subject else ())]
    yield from (event.job for event in store.events_of(ids, pass_over))
    request = store.request(subject["request"]) if "request" in subject else None
    if request is not None:
        yield from (job.name for job in request.jobs)
