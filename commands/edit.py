"""`/dms edit`: which databases a job takes along, and how parallel its dump is."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bot.action import ActionVerb, Danger
from bot.answers import Answer, EditForm, EditPreview, Note
from bot.approvals import Wanted
from bot.dms.editing import Change, Plan, plan, selected
from bot.dms.errors import DmsError
from bot.dms.model import PARALLELISM, Job, ObjectsConfig, Operation, Options, Phase, Selection, State
from bot.dms.port import Dms
from bot.dms.rules import Action, check
from bot.invocation import Flag, Invocation, Syntax, UsageError
from commands.base import Context, Say, Verb
from commands.doing import known_names, listed
from commands.resolve import find_job

_WAIT_S = 15.0
"""How long to wait for the service's look at the source."""


def _danger(_job: Job, _options: Options) -> Danger:
    return Danger.ASK


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return ()


def _effect(_job: Job, options: Options) -> str:
    if options.parallelism:
        return "Saved. The dump parallelism takes effect only after a restart."
    return "Saved."


def _call(dms: Dms, job: Job, options: Options, call_id: str) -> Operation:
    return dms.update(job, request_id=call_id, objects=options.objects, parallelism=options.parallelism)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if not invocation.jobs:
        raise UsageError(
            "Name the job to edit, for example `/dms edit orders-db`; `/dms list` shows all jobs."
        )
    job = find_job(ctx, invocation.jobs[0], invocation)
    if _asks_for_form(invocation):
        return _form(ctx, job)
    parallelism = invocation.word("parallel").upper()
    _editable(job, parallelism)
    planned = _plan(ctx, job, _change(invocation))
    if not (planned and planned.changes) and parallelism in ("", job.parallelism):
        return Note(f"Nothing to save: that is how `{job.id}` is set already.")
    if invocation.switch("preview"):
        return _preview(ctx, invocation, job, planned, parallelism)
    return ctx.approvals.ask(
        ctx.who, _wanted(ctx, job, planned, parallelism, confirmed=invocation.switch("save"))
    )


def _asks_for_form(invocation: Invocation) -> bool:
    return not invocation.flags


def _editable(job: Job, parallelism: str) -> None:
    refusal = check(Action.EDIT, job, Options(parallelism=parallelism))
    if refusal is not None:
        raise Say(Note(str(refusal), tone="warn"))


def _form(ctx: Context, job: Job) -> EditForm:
    _editable(job, "")
    note = _look_again(ctx, job)
    source = _source(ctx, job)
    config = ctx.dms.objects_config(job.name)
    ref = ctx.form_ref(Invocation("edit", (job.name,)), {"source": list(source)})
    return EditForm(ref=ref, job=job, config=config, source=source, note=note)


def _look_again(ctx: Context, job: Job) -> str:
    """Have the service refresh what the source has; why that did not work, or empty."""
    try:
        operation = ctx.dms.fetch_source_objects(job.name)
        deadline = time.monotonic() + _WAIT_S
        while not operation.done and time.monotonic() < deadline:
            time.sleep(0.5)
            operation = ctx.dms.get_operation(operation.name)
    except DmsError as error:
        return f"The source could not be asked again, so databases may be missing here: {error}"
    if not operation.done:
        return "The service is still asking the source, so databases may be missing here."
    return f"The service could not ask the source: {operation.error.message}" if operation.error else ""


def _source(ctx: Context, job: Job) -> tuple[str, ...]:
    return tuple(sorted({each.id.database for each in ctx.dms.databases(job.name)}))


def _change(invocation: Invocation) -> Change:
    flags = invocation.flags
    everything = invocation.switch("all")
    only = invocation.items("only") if "only" in flags else None
    if everything and only is not None:
        raise UsageError("`--all` and `--only` exclude each other: all databases, or the ones you name.")
    both = set(invocation.items("add")) & set(invocation.items("remove"))
    if both:
        raise UsageError(f"`{min(both)}` cannot be both added and removed.")
    excluded = invocation.items("exclude") if "exclude" in flags else None
    return Change(everything, only, excluded, invocation.items("add"), invocation.items("remove"))


def _plan(ctx: Context, job: Job, change: Change) -> Plan | None:
    if change.empty:
        return None
    config = ctx.dms.objects_config(job.name)
    source = _source(ctx, job)
    named = (*(change.chosen or ()), *(change.excluded or ()), *change.add, *change.remove)
    known_names(job, named, source)
    planned = plan(config, source, change)
    if not selected(planned.after, source):
        raise UsageError(f"`{job.id}` must take along at least one database; this would leave none.")
    return planned


def _preview(
    ctx: Context, invocation: Invocation, job: Job, planned: Plan | None, parallelism: str
) -> EditPreview:
    flags = {name: value for name, value in invocation.flags.items() if name != "preview"} | {"save": True}
    config = planned.before if planned else ObjectsConfig()
    return EditPreview(
        ref=ctx.form_ref(Invocation("edit", (job.name,), flags)),
        job=job,
        added=planned.added if planned else (),
        removed=planned.removed if planned else (),
        kept=planned.kept if planned else (),
        selection=(str(config.selection), str(planned.after.selection if planned else config.selection)),
        parallelism=(job.parallelism, parallelism or job.parallelism),
        warning=_lines(job, planned, parallelism),
    )


def _wanted(ctx: Context, job: Job, planned: Plan | None, parallelism: str, *, confirmed: bool) -> Wanted:
    facts: dict[str, object] = {}
    if planned is not None:
        facts["config"] = planned.before.data()
    if parallelism and job.phase == Phase.FULL_DUMP:
        facts["restart"] = ctx.ref(Invocation("restart", (job.name,), {"stop-first": True}))
    changed = planned.after if planned and planned.changes else None
    return Wanted(
        action=Action.EDIT,
        jobs=(job,),
        options=Options(objects=changed, parallelism=parallelism),
        response_url=ctx.response_url,
        confirmed=confirmed,
        facts=facts,
        warning=_lines(job, planned, parallelism),
    )


def _lines(job: Job, planned: Plan | None, parallelism: str) -> tuple[str, ...]:
    lines = []
    if planned is not None and planned.changes:
        lines.extend(_choice(planned))
    if parallelism and parallelism != job.parallelism:
        lines.append(f"Dump parallelism: {job.parallelism or 'not set'} → *{parallelism}*. {_when(job)}")
    return tuple(lines)


def _choice(planned: Plan) -> list[str]:
    lines = []
    if planned.before.selection != planned.after.selection:
        everything = planned.after.selection != Selection.SPECIFIED
        lines.append(
            "Selection: chosen → *all databases*" if everything else "Selection: all → *chosen databases*"
        )
    if planned.added:
        lines.append(f"*Added*: {listed(planned.added)}. Each begins with its full dump.")
    if planned.removed:
        lines.append(f"*Removed*: {listed(planned.removed)}. They stop being migrated.")
    if planned.kept:
        lines.append(f"Kept: {listed(planned.kept)}")
    return lines


def _when(job: Job) -> str:
    if job.state == State.RUNNING and job.phase == Phase.FULL_DUMP:
        return (
            "It takes effect only after a restart, which *wipes the destination databases* and begins the "
            "full dump again: that is a step of its own."
        )
    return "It takes effect only when the full dump runs again, after a restart."


VERB = Verb(
    looks=False,
    name="edit",
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
        "Without flags, a view opens. Databases can be changed in any state; the dump parallelism only of a "
        "running job, and it takes effect after a restart. What changes is shown before it is saved."
    ),
    examples=(
        "edit orders-db",
        "edit orders-db --add sales --remove legacy",
        "edit orders-db --parallel max",
    ),
    run=_run,
    form=_asks_for_form,
    action=ActionVerb(Action.EDIT, _danger, _warning, _effect, _call),
)
