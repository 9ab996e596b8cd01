"""`/dms edit`: a job's databases, dump parallelism, display name, labels and dump path."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from bot.cmdline.answers import Answer, EditForm, EditPreview, Note
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax
from bot.dms.engines import is_postgresql
from bot.dms.model import FieldChange, Job, ObjectsConfig, Operation, Options, Selection, State
from bot.dms.port import Dms
from bot.dms.rules import Action, caution, check, no_source_list, running_dump, where
from bot.dms.selection import SelectionPlan, schemas_and_tables, selectable
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from bot.requests.draft import RequestDraft
from bot.requests.reasons import kept
from bot.store.facts import RequestFacts
from bot.util.command import COMMAND
from commands.support.actions import refusal_note
from commands.support.asked import REASON
from commands.support.base import Context, EarlyAnswer, Verb
from commands.support.edit_fields import field_consequences, field_lines
from commands.support.edits import (
    FLAGS,
    Edit,
    asked_edit,
    edit_lines,
    edit_of,
    fetch_source_objects,
    source_databases,
)
from commands.support.resolve import find_job, require_permission


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.CLICK


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return ()


def _effect(job: Job, options: Options) -> str:
    lines = []
    if options.objects is not None:
        lines.append(_applies(job))
    if options.parallelism:
        lines.append(
            "The dump parallelism takes effect only after a restart: *Restart…* asks once more before it "
            "wipes data on the destination."
            if running_dump(job)
            else f"The dump parallelism is saved. {_effective_when(job)}"
        )
    return " ".join(lines)


def _applies(job: Job) -> str:
    """Source: "Manage migration jobs" (PostgreSQL, AlloyDB); other guides do not say that no restart is
    needed."""
    if job.state != State.RUNNING:
        return "The new choice of databases is saved."
    without = ", without a restart" if is_postgresql(job) else ""
    return f"The new choice of databases applies now{without}."


def _call(dms: Dms, job: Job, options: Options, call_id: str) -> Operation:
    return dms.update(job, options, request_id=call_id)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    asked = asked_edit(invocation)
    job = find_job(ctx, invocation.jobs[0], invocation)
    require_permission(ctx, "show", job)  # the view and the preview name what the job has now
    if _asks_for_form(invocation):
        return _form(ctx, invocation, job)
    config = ctx.dms.objects_config(job.name)
    _check_base(invocation, job, config)
    refusal = asked.refusal(job, config)
    if refusal is not None:
        return refusal_note(ctx, job, refusal)
    edit = edit_of(ctx, job, config, asked)
    if edit.empty:
        return Note(f"Nothing to save: `{job.id}` already has these settings.")
    if invocation.is_set("preview"):
        return _preview(ctx, invocation, job, edit)
    draft = _draft(ctx, job, edit, confirmed=invocation.is_set("save"))
    facts = replace(draft.facts, reason=kept(invocation.word("reason")))
    return ctx.approvals.creation.ask(ctx.who, replace(draft, facts=facts))


def _asks_for_form(invocation: Invocation) -> bool:
    """A reason alone changes nothing: what is chosen in the form is saved with it."""
    return invocation.flags.keys() <= {REASON.name}


# ---- save only what the preview has shown


def _base(job: Job, config: ObjectsConfig) -> str:
    """A digest of the job and its settings: it differs as soon as one of them does."""
    facts = [job.name, job.create_time.isoformat(), job.parallelism, asdict(config.snapshot())]
    fields = [job.display_name, job.labels, job.dump_path]
    return hashlib.sha256(json.dumps([facts, fields], sort_keys=True).encode()).hexdigest()


def _check_base(invocation: Invocation, job: Job, config: ObjectsConfig) -> None:
    """Refuse to save what was previewed on other settings.

    Raises:
        EarlyAnswer: somebody else has edited or recreated the job since the preview.
    """
    if invocation.is_set("save") and invocation.word("seen") != _base(job, config):
        raise EarlyAnswer(
            Note(
                f"Nothing was saved: `{job.id}` was edited by somebody else in the meantime. `{COMMAND} "
                f"edit {job.id}` shows its current settings.",
                tone="warn",
            )
        )


# ---- the view


def _form(ctx: Context, invocation: Invocation, job: Job) -> EditForm:
    """The view, which keeps the reason that was typed. It has no databases where they cannot be changed now.

    Raises:
        EarlyAnswer: nothing of the job can be changed now.
    """
    nothing = check(Action.EDIT, job, Options(fields=FieldChange(name="")))
    if nothing is not None:
        raise EarlyAnswer(refusal_note(ctx, job, nothing))
    config = ctx.dms.objects_config(job.name)
    refusal = check(Action.EDIT, job, Options(objects=config))
    note = refusal.reason if refusal is not None else ""
    source: tuple[str, ...] = ()
    if refusal is None:
        missing = _missing_later(job) or fetch_source_objects(ctx, job)
        config = ctx.dms.objects_config(job.name)
        source = selectable(config, source_databases(ctx, job))
        notes = (caution(Action.EDIT, job, Options(objects=config)), missing, _kept_parts(config))
        note = " ".join(filter(None, notes))
    then = {"name": job.display_name, "labels": dict(job.labels), "dump_path": job.dump_path}
    more = {
        "source": list(source),
        "chosen": [str(each) for each in config.chosen],
        "excluded": [str(each) for each in config.excluded],
        "closed": refusal is not None,
        "fields": then,
    }
    ref = ctx.form_ref(Invocation("edit", (job.name,), invocation.flags), more)
    return EditForm(
        ref=ref, job=job, config=config, source=tuple(source), note=note, closed=refusal is not None
    )


def _missing_later(job: Job) -> str:
    """What the view may lack where the service does not read the source again; empty if it does."""
    why = no_source_list(job)
    return why and (
        f"{why} Databases created since may be missing here: add one with a command, such as "
        f"`{COMMAND} edit {job.id} --add sales`."
    )


def _kept_parts(config: ObjectsConfig) -> str:
    parts = schemas_and_tables((*config.chosen, *config.excluded))
    if not parts:
        return ""
    kept = "entry" if len(parts) == 1 else "entries"
    return f"Schemas and tables that are chosen or left out by name ({len(parts)} {kept}) stay as they are."


# ---- what changes


def _preview(ctx: Context, invocation: Invocation, job: Job, edit: Edit) -> EditPreview:
    kept = {name: value for name, value in invocation.flags.items() if name != "preview"}
    planned, unlisted = edit.planned, caution(Action.EDIT, job, edit.options)
    flags: dict[str, FlagValue] = {**kept, "save": True, "seen": _base(job, planned.before)}
    return EditPreview(
        ref=ctx.form_ref(Invocation("edit", (job.name,), flags)),
        job=job,
        added=planned.added,
        removed=planned.removed,
        kept=planned.kept if planned.changes else (),
        selection=(str(planned.before.selection), str(planned.after.selection)),
        parallelism=(job.parallelism, edit.parallelism or job.parallelism),
        fields=tuple(field_lines(job, edit.fields)),
        warning=(*filter(None, [unlisted]), *_consequences(job, edit)),
    )


def _draft(ctx: Context, job: Job, edit: Edit, *, confirmed: bool) -> RequestDraft:
    needs_restart = bool(edit.parallelism) and running_dump(job)
    restart = Invocation("restart", (job.name,), {"stop-first": True})
    facts = RequestFacts(
        changes=tuple(edit_lines(job, edit)),
        config=edit.planned.before.snapshot() if edit.planned.changes else None,
        restart_ref=ctx.ref(restart) if needs_restart else "",
    )
    return RequestDraft(
        action=Action.EDIT,
        jobs=(job,),
        options=edit.options,
        response_url=ctx.response_url,
        confirmed=confirmed,
        facts=facts,
        warning=tuple(_consequences(job, edit)),
    )


def _consequences(job: Job, edit: Edit) -> list[str]:
    planned, lines = edit.planned, [*edit.notes]
    if planned.added:
        lines.append(_when_added(job))
    if planned.removed:
        lines.append(
            "Removed databases stop being migrated as soon as you save; their data stays on the destination."
        )
    if planned.changes and not planned.added and not planned.removed:
        lines.append(_takes_effect_later(job, planned))
    if edit.parallelism:
        lines.append(_effective_when(job))
    return [*lines, *field_consequences(job, edit.fields)]


def _when_added(job: Job) -> str:
    """When databases that are added begin with their full dump.

    Source: "Manage migration jobs" (PostgreSQL, AlloyDB: in any state, no restart; MySQL: while the job is
    not running). Of other states than RUNNING, no page says when.
    """
    if job.state == State.RUNNING:
        no_restart = " No restart is needed." if is_postgresql(job) else ""
        return f"Added databases begin with their full dump.{no_restart}"
    if job.state in (State.DRAFT, State.NOT_STARTED):
        return "Added databases are part of the full dump, which a start begins."
    return (
        f"`{job.id}` is {where(job)}: DMS does not document when databases that are added now begin with "
        "their full dump."
    )


def _takes_effect_later(job: Job, planned: SelectionPlan) -> str:
    """For a change that affects no database that is on the source now.

    Source: "Manage migration jobs" (PostgreSQL, AlloyDB): a restart "will also replicate the new databases".
    """
    if planned.after.selection == Selection.SPECIFIED:
        return "The databases stay the same; those created on the source later are not included."
    if is_postgresql(job):
        later = "are included at the next restart"
    else:
        later = "are included, too, and the service decides when"
    return (
        f"The databases stay the same; those created on the source later {later}, except the excluded ones."
    )


def _effective_when(job: Job) -> str:
    if running_dump(job):
        return (
            "*The dump parallelism takes effect only after a restart*, which *wipes data on the "
            "destination* and begins the full dump again. You can restart it in a separate step "
            "after saving."
        )
    if job.state in (State.DRAFT, State.NOT_STARTED):
        return "The dump parallelism applies to the full dump, which a start begins."
    return "*The dump parallelism takes effect only after a restart*, when the full dump runs again."


VERB = Verb(
    name="edit",
    permission=Permission.CHANGE,
    summary="change databases, name or labels",
    usage=(
        "edit JOB",
        "edit JOB [--add a,b] [--remove c] [--parallel min|optimal|max]",
        "edit JOB --all [--exclude a,b] | --only a,b",
        'edit JOB [--name "…"] [--label key=value] [--dump-path gs://…]',
    ),
    syntax=Syntax(
        "one",
        (Flag("all", "switch", "all databases, except the excluded ones"), *FLAGS, REASON),
    ),
    details=(
        "Opens a form with the job's databases, dump parallelism, name and labels. You see what "
        "changes before you save."
    ),
    more=(
        "With flags, no form opens. Databases of a PostgreSQL job can be changed in any state; those "
        "of a MySQL job while it is NOT_STARTED, STOPPED or FAILED. The dump parallelism of a "
        "running PostgreSQL job takes effect after a restart. Display name and dump path can be "
        "changed in any state, labels while the job is a draft. Other changes are sent, and the "
        "service decides."
    ),
    begins="list",
    examples=(
        "edit orders-db",
        "edit orders-db --add sales --remove legacy",
        "edit orders-db --parallel max",
        'edit orders-db --name "Orders, shard 3" --label env=prod',
        "edit orders-db --dump-path gs://acme-dumps/orders.sql",
    ),
    run=_run,
    form=_asks_for_form,
    action=ActionVerb(Action.EDIT, _confirmation, _warning, _effect, _call),
)
