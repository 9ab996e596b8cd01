"""`/dms verify`: let the service test a job's configuration, as it is or as an edit would make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, Note
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action, check
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from bot.requests.draft import RequestDraft
from bot.util.command import COMMAND
from commands.support.actions import ALL, FILTERS, make_run
from commands.support.asked import REASON, request_facts
from commands.support.base import Context, Verb
from commands.support.edits import FLAGS, asked_edit, edit_lines, edit_of
from commands.support.resolve import find_job, require_permission
from commands.support.schedule import AT

_EXAMPLE = f"{COMMAND} verify orders-db --with --parallel max"
_WITH = Flag("with", "switch", "test these changes: flags of `edit`")
_TESTED = "whether the destination can reach the source, and whether all prerequisites are met"
"""Source: REST `migrationJobs.verify`."""
_TESTABLE = tuple(replace(each, needs="with") for each in FLAGS)
_CHANGES = frozenset(flag.name for flag in FLAGS)


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.NONE


def _warning(_job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    tested = f"The service tests {_TESTED}."
    return (tested, "These changes are tested, and none of them is saved.") if options.edits else (tested,)


def _effect(job: Job, options: Options) -> str:
    if options.edits and (refusal := check(Action.EDIT, job, options)) is not None:
        return f"Only tested, and nothing is saved. {refusal.reason}"
    if options.edits:
        return f"Only tested, and nothing is saved: `{COMMAND} edit {job.id}` with the same flags saves it."
    return "Only the configuration is tested, and nothing is changed."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.verify(job, options if options.edits else None)


_ask = make_run(Action.VERIFY)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if invocation.is_set("with"):
        return _with_changes(ctx, invocation)
    changes = [name for name in invocation.flags if name in _CHANGES]
    if changes:
        raise UsageError(
            f"`--{changes[0]}` is tested and not saved if `--with` stands before it, for example "
            f"`{_EXAMPLE}`."
        )
    return _ask(ctx, invocation)


def _with_changes(ctx: Context, invocation: Invocation) -> Answer:
    """A dry run of an edit. `--all` means all databases here, as in `edit`."""
    if len(invocation.jobs) != 1 or invocation.filters:
        raise UsageError(f"`--with` takes one job, for example `{_EXAMPLE}`.")
    if not _CHANGES.intersection(invocation.flags) and not invocation.is_set("all"):
        raise UsageError(f"Say what to test after `--with`, for example `{_EXAMPLE}`.")
    asked = asked_edit(invocation)
    job = find_job(ctx, invocation.jobs[0], invocation)
    require_permission(ctx, "show", job)  # the answer names what the job has now
    edit = edit_of(ctx, job, ctx.dms.objects_config(job.name), asked)
    if edit.empty:
        return Note(
            f"`{job.id}` already has these settings: `{COMMAND} verify {job.id}` tests them.",
            tone="warn",
        )
    facts = replace(request_facts(ctx, invocation), changes=tuple(edit_lines(job, edit)))
    draft = RequestDraft(Action.VERIFY, (job,), edit.options, ctx.response_url, facts=facts)
    return ctx.approvals.creation.ask(ctx.who, draft)


VERB = Verb(
    name="verify",
    permission=Permission.CHANGE,
    summary="test a job's configuration",
    usage=(
        "verify JOB [JOB …]",
        "verify --all state=draft",
        "verify JOB --with [the flags of edit]",
        'verify JOB --at "TIME"',
    ),
    syntax=Syntax(
        "many", (ALL, AT, REASON, _WITH, *(replace(each, needs="with") for each in FLAGS)), FILTERS
    ),
    details=(
        "DMS tests whether the destination can reach the source and all prerequisites are met. "
        "Changes nothing."
    ),
    more=(
        "With `--with`, it tests the job as `edit` with the same flags would make it, and saves "
        "nothing. There, `--all` means all databases. Several jobs need the same status."
    ),
    begins="list",
    examples=(
        "verify orders-db",
        "verify --all state=not_started",
        "verify orders-db --with --parallel max",
    ),
    run=_run,
    action=ActionVerb(Action.VERIFY, _confirmation, _warning, _effect, _call),
)
