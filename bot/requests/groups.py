"""Groups jobs by status, since a bulk request takes only jobs of the same status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.cmdline.answers import Button, Note
from bot.cmdline.invocation import FlagValue, Invocation
from bot.config.projects import Projects
from bot.dms.display import status_text
from bot.dms.model import FieldChange, Job, Options, State, short_name
from bot.dms.rules import Action, check, is_unlisted
from bot.requests.buttons import ASK, MakeRef, opening
from bot.requests.job_names import JobNamer, disambiguate
from bot.store.facts import RequestFacts
from bot.util.text import first_few, rest_line
from bot.util.wall_time import Moment

_MAX_GROUPS = 20
_NAMED = 20


def mixed_statuses_answer(
    ref: MakeRef,
    action: Action,
    jobs: Sequence[Job],
    options: Options,
    known: Callable[[], Iterable[str]] = tuple,
    projects: Projects | None = None,
    asked: Mapping[str, FlagValue] = MappingProxyType({}),
) -> Note | None:
    """Why these jobs cannot share a request, with a button for each group; None when they can.

    The button of a group runs `action` if it is possible there, else lists the group's jobs. `known` returns
    the full names of all known jobs with their IDs, `projects` are those of the bot, and `asked` is what
    `asked_flags` says.
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
            _button(ref, action, status, group, options, asked)
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


def same_again(
    action: Action, jobs: Sequence[str], options: Options, asked: Mapping[str, FlagValue]
) -> Invocation:
    """The command of a button that asks for the same with these jobs; `asked` is what `asked_flags` says."""
    return Invocation(action, tuple(jobs), {**asked, **flags_of(options)})


def asked_flags(facts: RequestFacts, *, ask: bool) -> dict[str, FlagValue]:
    """The command's flags for what was asked for besides options: when, why, and to be asked first.

    The time is a moment with its offset: `in 3h` would mean another one when the button is pressed.
    """
    flags: dict[str, FlagValue] = {}
    if facts.due is not None and facts.has_set_time:
        flags["at"] = Moment(facts.due, facts.zone or "UTC").iso
    if facts.when_drained:
        flags["when-drained"] = True
    if facts.reason:
        flags["reason"] = facts.reason
    if ask:
        flags[ASK] = True
    return flags


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


def _button(
    ref: MakeRef,
    action: Action,
    status: str,
    group: Sequence[Job],
    options: Options,
    asked: Mapping[str, FlagValue],
) -> Button:
    if _possible(action, group, options):
        what = f"{action.capitalize()} {len(group)} in {status_text(status)}"
        label = opening(what, action, len(group), asked)
        if label != what and len(group) == 1:
            # Several jobs would have been asked about, and one that is left alone need not be: a stop in CDC.
            asked = {**asked, ASK: True}
        wanted = same_again(action, [job.name for job in group], options, asked)
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
