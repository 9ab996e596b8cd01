"""Groups jobs by status, since a bulk request takes only jobs of the same status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bot.cmdline.answers import Button, Note
from bot.cmdline.invocation import FlagValue, Invocation
from bot.config.projects import Projects
from bot.dms.display import status_text
from bot.dms.model import FieldChange, Job, Options, State, short_name
from bot.dms.rules import Action, check, is_unlisted
from bot.requests.buttons import MakeRef, opening
from bot.requests.job_names import JobNamer, disambiguate
from bot.util.text import first_few, rest_line

_MAX_GROUPS = 20
_NAMED = 20


def mixed_statuses_answer(
    ref: MakeRef,
    action: Action,
    jobs: Sequence[Job],
    options: Options,
    known: Callable[[], Iterable[str]] = tuple,
    projects: Projects | None = None,
) -> Note | None:
    """Why these jobs cannot share a request, with a button for each group; None when they can.

    The button of a group runs `action` if it is possible there, else lists the group's jobs. `known` returns
    the full names of all known jobs with their IDs, and `projects` are those of the bot.
    """
    groups = by_status(jobs)
    if len(groups) < 2:
        return None
    calls = disambiguate((*(job.name for job in jobs), *known()), projects)
    lines = [_line(action, status, group, options, calls) for status, group in groups.items()]
    return Note(
        f"Nothing was done: select jobs with the same status. These have {len(groups)} different ones.\n"
        + "\n".join([*lines[:_MAX_GROUPS], *rest_line(len(groups), _MAX_GROUPS)]),
        tuple(
            _button(ref, action, status, group, options)
            for status, group in list(groups.items())[:_MAX_GROUPS]
        ),
        tone="warn",
    )


def by_status(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """Jobs by state and phase, in the given order."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.status, []).append(job)
    return groups


def flags_of(options: Options) -> dict[str, FlagValue]:
    """The command's flags for these options."""
    flags: dict[str, FlagValue] = {}
    if options.databases:
        flags["databases"] = options.databases
    for name, on in (
        ("failed-only", options.failed_only),
        ("stop-first", options.stop_first),
        ("skip-validation", options.skip_validation),
        ("failback", options.failback),
        ("with-destination", options.with_destination),
    ):
        if on:
            flags[name] = True
    if options.operation:
        flags["operation"] = short_name(options.operation)
    if options.parallelism:
        flags["parallel"] = options.parallelism.lower()
    return flags | _field_flags(options.fields)


def _field_flags(fields: FieldChange) -> dict[str, FlagValue]:
    found: dict[str, FlagValue | None] = {
        "name": fields.name,
        "label": tuple(f"{key}={value}" for key, value in fields.labels) or None,
        "dump-path": fields.dump_path,
    }
    return {flag: value for flag, value in found.items() if value is not None}


def _line(action: Action, status: str, group: Sequence[Job], options: Options, calls: JobNamer) -> str:
    shown = first_few([f"`{calls(job.name)}`" for job in group], _NAMED)
    return f"• *{status_text(status)}*: {shown}{_why_not(action, group, options)}"


def _why_not(action: Action, group: Sequence[Job], options: Options) -> str:
    """Why the group has no button for the action; empty if it has one."""
    if _possible(action, group, options):
        return ""
    whole = replace(options, failed_only=False, databases=())
    refused = any(check(action, job, whole) is not None for job in group)
    if action is Action.RESTART and group[0].state == State.RUNNING and refused:
        return f" — {action} is possible only with errors"
    return f" — {action} is not {'possible' if refused else 'offered'}"


def _button(ref: MakeRef, action: Action, status: str, group: Sequence[Job], options: Options) -> Button:
    names = tuple(job.name for job in group)
    if _possible(action, group, options):
        wanted = Invocation(action, names, flags_of(options))
        label = opening(f"{action.capitalize()} {len(group)} in {status_text(status)}", action, len(group))
        return Button(label, action, "run", ref(wanted))
    state, _, phase = status.partition("/")
    filters = {"state": state} | ({"phase": phase} if phase else {})
    listing = Invocation("list", flags={"choose": True}, filters=filters)
    return Button(f"List {status_text(status)}", "list", "run", ref(listing))


def _possible(action: Action, group: Sequence[Job], options: Options) -> bool:
    """By the jobs' states and engines alone: databases are checked once the request is made."""
    if action is Action.RESTART and group[0].state == State.RUNNING and options.failed_only:
        return True
    whole = replace(options, failed_only=False, databases=())
    return not any(is_unlisted(action, job) or check(action, job, whole) for job in group)
