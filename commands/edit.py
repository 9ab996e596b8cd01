"""`/dms edit`: which databases a job migrates, and how parallel its dump is."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from bot.cmdline.answers import Answer, EditForm, EditPreview, Note
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax, UsageError
from bot.dms.errors import DmsError
from bot.dms.model import PARALLELISM, Job, ObjectsConfig, Operation, Options, Selection, State
from bot.dms.port import Dms
from bot.dms.rules import Action, caution, check, no_source_list, running_dump
from bot.dms.selection import Change, Plan, plan, schemas_and_tables, selectable
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from bot.requests.draft import RequestDraft
from bot.store.facts import RequestFacts
from commands.support.actions import known_names, names_text, whole_databases
from commands.support.base import Context, EarlyAnswer, Verb
from commands.support.resolve import find_job

_WAIT_S = 15.0
"""Seconds to wait until the service has read the source."""
_POLL_EVERY_S = 0.3


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.CLICK


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return ()


def _effect(job: Job, options: Options) -> str:
    lines = []
    if options.objects is not None:
        without = ", without a restart" if _needs_no_restart(job) else ""
        lines.append(f"The choice of databases holds from now on{without}.")
    if options.parallelism:
        lines.append(
            "The dump parallelism takes effect only after a restart: *Restart now* asks once more before it "
            "wipes the destination databases."
            if running_dump(job)
            else f"The dump parallelism is saved. {_effective_when(job)}"
        )
    return " ".join(lines)


def _needs_no_restart(job: Job) -> bool:
    """Source: "Manage migration jobs" (PostgreSQL, AlloyDB); other guides do not say it."""
    return job.source.engine == "POSTGRESQL"


def _call(dms: Dms, job: Job, options: Options, call_id: str) -> Operation:
    return dms.update(job, request_id=call_id, objects=options.objects, parallelism=options.parallelism)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if not invocation.jobs:
        raise UsageError(
            "Name the job to edit, for example `/dms edit orders-db`; `/dms list` shows all jobs."
        )
    change = _change(invocation)
    job = find_job(ctx, invocation.jobs[0], invocation)
    if _asks_for_form(invocation):
        return _form(ctx, job)
    config = ctx.dms.objects_config(job.name)
    _check_base_selection(invocation, job, config)
    parallelism = _new_parallelism(invocation, job)
    if not change.empty:
        _check_editable(job, Options())
    planned, notes = _plan(ctx, job, config, change)
    if not planned.changes and not parallelism:
        return Note(f"Nothing to save: that is how `{job.id}` is set already.")
    if invocation.is_set("preview"):
        return _preview(ctx, invocation, job, planned, parallelism, notes)
    return ctx.approvals.creation.ask(
        ctx.who, _draft(ctx, job, planned, parallelism, notes, confirmed=invocation.is_set("save"))
    )


def _asks_for_form(invocation: Invocation) -> bool:
    return not invocation.flags


def _check_editable(job: Job, options: Options) -> None:
    refusal = check(Action.EDIT, job, options)
    if refusal is not None:
        raise EarlyAnswer(Note(str(refusal), tone="warn"))


def _new_parallelism(invocation: Invocation, job: Job) -> str:
    """The parallelism to save; empty if it does not change."""
    level = invocation.word("parallel").upper()
    if level == job.parallelism:
        level = ""
    if level:
        _check_editable(job, Options(parallelism=level))
    return level


# ---- save only what the preview has shown


def _base_selection(job: Job, config: ObjectsConfig) -> str:
    """A digest of the job and its settings: it differs as soon as one of them does."""
    facts = [job.name, job.create_time.isoformat(), job.parallelism, asdict(config.snapshot())]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _check_base_selection(invocation: Invocation, job: Job, config: ObjectsConfig) -> None:
    """Refuse to save what was previewed on other settings.

    Raises:
        EarlyAnswer: somebody else has edited or recreated the job since the preview.
    """
    if invocation.is_set("save") and invocation.word("seen") != _base_selection(job, config):
        raise EarlyAnswer(
            Note(
                f"Nothing was saved: `{job.id}` was edited by somebody else while the view was open. "
                f"`/dms edit {job.id}` shows how it is now.",
                tone="warn",
            )
        )


# ---- the view


def _form(ctx: Context, job: Job) -> EditForm:
    _check_editable(job, Options())
    note = _missing_later(job) or _fetch_source_objects(ctx, job)
    config = ctx.dms.objects_config(job.name)
    source = selectable(config, _source(ctx, job))
    ref = ctx.form_ref(Invocation("edit", (job.name,)), {"source": list(source)})
    parts = _kept_parts(config)
    return EditForm(
        ref=ref, job=job, config=config, source=source, note=_joined(caution(Action.EDIT, job), note, parts)
    )


def _joined(*notes: str) -> str:
    return " ".join(each for each in notes if each)


def _missing_later(job: Job) -> str:
    """What the view may lack where the service does not read the source again; empty if it does."""
    why = no_source_list(job)
    return why and (
        f"{why} So what was created since may be missing here: name it in a command, such as "
        f"`/dms edit {job.id} --add sales`."
    )


def _fetch_source_objects(ctx: Context, job: Job) -> str:
    """Have the service read the databases of the source again; why that failed, or empty."""
    try:
        operation = ctx.dms.fetch_source_objects(job.name)
        deadline = time.monotonic() + _WAIT_S
        while not operation.done and time.monotonic() < deadline:
            time.sleep(_POLL_EVERY_S)
            operation = ctx.dms.get_operation(operation.name)
    except DmsError as error:
        return f"The source could not be asked again, so databases may be missing here: {error}"
    if not operation.done:
        return "The service is still asking the source, so databases may be missing here."
    return f"The service could not ask the source: {operation.error.message}" if operation.error else ""


def _source(ctx: Context, job: Job) -> tuple[str, ...]:
    return tuple(sorted(each.id.database for each in whole_databases(ctx.dms.databases(job.name))))


def _kept_parts(config: ObjectsConfig) -> str:
    parts = schemas_and_tables((*config.chosen, *config.excluded))
    if not parts:
        return ""
    kept = "entry" if len(parts) == 1 else "entries"
    return f"Schemas and tables that are chosen or left out by name ({len(parts)} {kept}) stay as they are."


# ---- what changes


def _change(invocation: Invocation) -> Change:
    """What the flags ask for.

    Raises:
        UsageError: they contradict each other.
    """
    flags = invocation.flags
    everything = invocation.is_set("all")
    only = invocation.items("only") if "only" in flags else None
    excluded = invocation.items("exclude") if "exclude" in flags else None
    if everything and only is not None:
        raise UsageError("`--all` and `--only` exclude each other: all databases, or the ones you name.")
    if only is not None and excluded is not None:
        raise UsageError("`--exclude` goes with all databases, and `--only` names the ones to take: use one.")
    both = set(invocation.items("add")) & set(invocation.items("remove"))
    if both:
        raise UsageError(f"`{min(both)}` cannot be both added and removed.")
    return Change(everything, only, excluded, invocation.items("add"), invocation.items("remove"))


def _plan(ctx: Context, job: Job, config: ObjectsConfig, change: Change) -> tuple[Plan, tuple[str, ...]]:
    """The result of the change, and what to say of the names in it.

    Raises:
        UsageError: it names what is not there, or leaves nothing.
    """
    if change.empty:
        return plan(config, (), change), ()
    if change.excluded is not None and not change.everything and config.selection == Selection.SPECIFIED:
        raise UsageError(
            f"`{job.id}` takes chosen databases, so there is nothing to exclude: "
            f"write `/dms edit {job.id} --remove …`, or `--all --exclude …`."
        )
    source = _source(ctx, job)
    unlisted = sorted(set(change.named) - set(selectable(config, source)) - set(change.remove))
    if unlisted and no_source_list(job):
        source = (*source, *unlisted)
    elif unlisted:
        _fetch_source_objects(ctx, job)
        source, unlisted = _source(ctx, job), []
    known_names(job, change.named, selectable(config, source))
    planned = plan(config, source, change)
    if planned.leaves_none:
        raise UsageError(f"`{job.id}` must take along at least one database; this would leave none.")
    return planned, _spelling(unlisted)


def _spelling(unlisted: Sequence[str]) -> tuple[str, ...]:
    if not unlisted:
        return ()
    return (f"The service has not listed {names_text(unlisted)}: check the spelling.",)


def _preview(
    ctx: Context,
    invocation: Invocation,
    job: Job,
    planned: Plan,
    parallelism: str,
    notes: tuple[str, ...],
) -> EditPreview:
    kept = {name: value for name, value in invocation.flags.items() if name != "preview"}
    unlisted = caution(Action.EDIT, job, _options(planned, parallelism))
    flags: dict[str, FlagValue] = {**kept, "save": True, "seen": _base_selection(job, planned.before)}
    return EditPreview(
        ref=ctx.form_ref(Invocation("edit", (job.name,), flags)),
        job=job,
        added=planned.added,
        removed=planned.removed,
        kept=planned.kept,
        selection=(str(planned.before.selection), str(planned.after.selection)),
        parallelism=(job.parallelism, parallelism or job.parallelism),
        warning=(*filter(None, [unlisted]), *notes, *_consequences(job, planned, parallelism)),
    )


def _options(planned: Plan, parallelism: str) -> Options:
    return Options(objects=planned.after if planned.changes else None, parallelism=parallelism)


def _draft(
    ctx: Context, job: Job, planned: Plan, parallelism: str, notes: tuple[str, ...], *, confirmed: bool
) -> RequestDraft:
    needs_restart = bool(parallelism) and running_dump(job)
    restart = Invocation("restart", (job.name,), {"stop-first": True})
    facts = RequestFacts(
        changes=tuple(_differences(job, planned, parallelism)),
        config=planned.before.snapshot() if planned.changes else None,
        restart_ref=ctx.ref(restart) if needs_restart else "",
    )
    return RequestDraft(
        action=Action.EDIT,
        jobs=(job,),
        options=_options(planned, parallelism),
        response_url=ctx.response_url,
        confirmed=confirmed,
        facts=facts,
        warning=(*notes, *_consequences(job, planned, parallelism)),
    )


def _differences(job: Job, planned: Plan, parallelism: str) -> list[str]:
    lines = []
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
    if parallelism:
        lines.append(f"*Dump parallelism*: {job.parallelism or 'not set'} → *{parallelism}*")
    return lines


def _consequences(job: Job, planned: Plan, parallelism: str) -> list[str]:
    lines = []
    if planned.added:
        no_restart = " No restart is needed." if _needs_no_restart(job) else ""
        lines.append(f"What is added begins with its full dump.{no_restart}")
    if planned.removed:
        lines.append(
            "What is removed is no longer migrated, as soon as this is saved; its data stays on the "
            "destination."
        )
    if planned.changes and not planned.added and not planned.removed:
        lines.append(_takes_effect_later(planned))
    if parallelism:
        lines.append(_effective_when(job))
    return lines


def _takes_effect_later(planned: Plan) -> str:
    """For a change that affects no database that is on the source now."""
    if planned.after.selection == Selection.SPECIFIED:
        return "The databases stay the same; those created on the source later do not come along."
    return "The databases stay the same; those created on the source later come along, but for the excluded."


def _effective_when(job: Job) -> str:
    if running_dump(job):
        return (
            "*The dump parallelism takes effect only after a restart*, which *wipes the destination "
            "databases* and begins the full dump again: a step of its own, offered once this is saved."
        )
    if job.state in (State.DRAFT, State.NOT_STARTED):
        return "The dump parallelism is for the full dump that a start begins."
    return "*The dump parallelism takes effect only after a restart*, when the full dump runs again."


VERB = Verb(
    name="edit",
    permission=Permission.CHANGE,
    summary="choose a job's databases and its dump parallelism",
    usage=(
        "edit JOB",
        "edit JOB [--add a,b] [--remove c] [--parallel min|optimal|max]",
        "edit JOB --all [--exclude a,b] | --only a,b",
    ),
    syntax=Syntax(
        "one",
        (
            Flag("all", "switch", "take all databases, those created later too"),
            Flag("only", "list", "take only these databases"),
            Flag("exclude", "list", "leave these databases out"),
            Flag("add", "list", "take these databases along, too"),
            Flag("remove", "list", "take these databases along no longer"),
            Flag("parallel", "choice", "dump parallelism", tuple(each.lower() for each in PARALLELISM)),
        ),
    ),
    details=(
        "Without flags, a view opens. Databases of a PostgreSQL job can be changed in any state; those "
        "of a MySQL job only while it is NOT_STARTED, STOPPED or FAILED. The dump parallelism of a running "
        "PostgreSQL job takes effect after a restart. Of other changes, the service decides. What changes "
        "is shown before it is saved."
    ),
    examples=(
        "edit orders-db",
        "edit orders-db --add sales --remove legacy",
        "edit orders-db --parallel max",
    ),
    run=_run,
    form=_asks_for_form,
    action=ActionVerb(Action.EDIT, _confirmation, _warning, _effect, _call),
)
