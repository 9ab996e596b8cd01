"""What an edit would change: its flags, and how they differ from the job as it is."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.cmdline.invocation import Flag, Invocation, UsageError
from bot.dms import answer_deadline
from bot.dms.errors import DmsError
from bot.dms.job_fields import narrowed
from bot.dms.model import PARALLELISM, FieldChange, Job, ObjectsConfig, Operation, Options, Selection
from bot.dms.rules import Action, Refusal, check, no_source_list
from bot.dms.selection import Change, SelectionPlan, plan, selectable
from commands.support.actions import known_names, names_text, whole_databases
from commands.support.base import Context
from commands.support.edit_fields import FIELD_FLAGS, check_fields, field_lines, read_fields

DATABASE_FLAGS = (
    Flag("only", "list", "only these databases"),
    Flag("exclude", "list", "leave these databases out"),
    Flag("add", "list", "add these databases"),
    Flag("remove", "list", "remove these databases"),
)
PARALLEL = Flag("parallel", "choice", "dump parallelism", tuple(each.lower() for each in PARALLELISM))
FLAGS = (*DATABASE_FLAGS, PARALLEL, *FIELD_FLAGS)
"""All but `--all`, whose help differs by verb."""
_WAIT_S = 15.0
"""Seconds to wait until the service has read the source."""
_POLL_EVERY_S = 0.3


@dataclass(frozen=True, slots=True)
class AskedEdit:
    """What the flags ask for, whatever the job is."""

    databases: Change
    parallelism: str
    fields: FieldChange

    def refusal(self, job: Job, config: ObjectsConfig) -> Refusal | None:
        """Why the job cannot be edited like this now."""
        objects = None if self.databases.empty else config
        parallelism = "" if self.parallelism == job.parallelism else self.parallelism
        return check(Action.EDIT, job, Options(objects=objects, parallelism=parallelism, fields=self.fields))


@dataclass(frozen=True, slots=True)
class Edit:
    """What differs from the job as it is."""

    planned: SelectionPlan
    parallelism: str
    """The new dump parallelism; empty if it does not change."""
    fields: FieldChange
    notes: tuple[str, ...] = ()
    """What to say of the names in it."""

    @property
    def empty(self) -> bool:
        return not self.planned.changes and not self.parallelism and self.fields.empty

    @property
    def options(self) -> Options:
        objects = self.planned.after if self.planned.changes else None
        return Options(objects=objects, parallelism=self.parallelism, fields=self.fields)


def asked_edit(invocation: Invocation) -> AskedEdit:
    """What the flags ask for.

    Raises:
        UsageError: they contradict each other, or a value is none.
    """
    return AskedEdit(_databases(invocation), invocation.word("parallel").upper(), read_fields(invocation))


def edit_of(ctx: Context, job: Job, config: ObjectsConfig, asked: AskedEdit) -> Edit:
    """What differs from the job.

    Raises:
        UsageError: a database or label that the job does not have, or no database would be left.
        DmsError: the service did not answer.
    """
    check_fields(asked.fields, job)
    parallelism = "" if asked.parallelism == job.parallelism else asked.parallelism
    planned, notes = _plan(ctx, job, config, asked.databases)
    return Edit(planned, parallelism, narrowed(asked.fields, job), notes)


def edit_lines(job: Job, edit: Edit) -> list[str]:
    """What changes, from what to what, one line each."""
    planned, lines = edit.planned, []
    if planned.before.selection != planned.after.selection:
        everything = planned.after.selection != Selection.SPECIFIED
        lines.append(
            "*Selection*: chosen databases → *all databases*"
            if everything
            else "*Selection*: all databases → *chosen databases*"
        )
    for label, names in (("➕ *Added*", planned.added), ("➖ *Removed*", planned.removed)):
        if names:
            lines.append(f"{label}: {names_text(names)}")
    if planned.changes and planned.kept:
        lines.append(f"*Kept*: {names_text(planned.kept)}")
    if edit.parallelism:
        lines.append(f"*Dump parallelism*: {job.parallelism or 'not set'} → *{edit.parallelism}*")
    return [*lines, *field_lines(job, edit.fields)]


def fetch_source_objects(ctx: Context, job: Job) -> str:
    """Have the service read the databases of the source again; why that failed, or empty."""
    try:
        with answer_deadline.answer_within(answer_deadline.left() / 2):
            operation = ctx.dms.fetch_source_objects(job.name)
        with answer_deadline.answer_within(_WAIT_S):  # the service is at work, so this is no silence
            operation = _finished(ctx, operation)
    except DmsError as error:
        return f"The source could not be read again, so databases may be missing here: {error}"
    finally:
        answer_deadline.at_least(answer_deadline.ANSWER_S / 2)
    if not operation.done:
        return "The service is still reading the source, so databases may be missing here."
    return f"The service could not read the source: {operation.error.message}" if operation.error else ""


def _finished(ctx: Context, operation: Operation) -> Operation:
    """The operation when it has ended, or as it is when that takes too long."""
    while not operation.done and answer_deadline.left() > _POLL_EVERY_S:
        time.sleep(_POLL_EVERY_S)
        operation = ctx.dms.get_operation(operation.name)
    return operation


def source_databases(ctx: Context, job: Job) -> tuple[str, ...]:
    """The databases on the source, as the service last saw it, sorted."""
    return tuple(sorted(each.id.database for each in whole_databases(ctx.dms.databases(job.name))))


def _databases(invocation: Invocation) -> Change:
    flags = invocation.flags
    everything = invocation.is_set("all")
    only = invocation.items("only") if "only" in flags else None
    excluded = invocation.items("exclude") if "exclude" in flags else None
    if everything and only is not None:
        raise UsageError("Use `--all` or `--only`, not both: all databases, or the ones that you name.")
    if only is not None and excluded is not None:
        raise UsageError(
            "Use `--exclude` or `--only`, not both: all databases except some, or the ones that you name."
        )
    both = set(invocation.items("add")) & set(invocation.items("remove"))
    if both:
        raise UsageError(f"`{min(both)}` cannot be both added and removed.")
    return Change(everything, only, excluded, invocation.items("add"), invocation.items("remove"))


def _plan(
    ctx: Context, job: Job, config: ObjectsConfig, change: Change
) -> tuple[SelectionPlan, tuple[str, ...]]:
    """The result of the change, and what to say of the names in it."""
    if change.empty:
        return plan(config, (), change), ()
    if change.excluded is not None and not change.everything and config.selection == Selection.SPECIFIED:
        raise UsageError(
            f"`{job.id}` takes chosen databases, so there is nothing to exclude: "
            "leave them out with `--remove …`, or take all others with `--all --exclude …`."
        )
    source, unlisted = _known_source(ctx, job, config, change)
    planned = plan(config, source, change)
    if planned.leaves_none:
        raise UsageError(f"`{job.id}` must keep at least one database; this would leave none.")
    spelling = f"The service does not list {names_text(unlisted)}: check the spelling."
    return planned, (spelling,) if unlisted else ()


def _known_source(
    ctx: Context, job: Job, config: ObjectsConfig, change: Change
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The databases on the source, read again if a name is missing; and the names that the service cannot
    list because it does not read the source again.

    Raises:
        UsageError: a name is missing that the service would list.
    """
    source = source_databases(ctx, job)
    missing = set(change.named) - set(selectable(config, source))
    unlisted = tuple(sorted(missing - set(change.remove))) if no_source_list(job) else ()
    if missing and not no_source_list(job):
        fetch_source_objects(ctx, job)
        source = source_databases(ctx, job)
    source = (*source, *unlisted)
    known_names(job, change.named, selectable(config, source))
    return source, unlisted
