"""`/dms cutover`: plan the night in which a destination takes over, rehearse it, find its report."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import (
    Answer,
    AnswerPage,
    Button,
    CutoverForm,
    Note,
    RichPart,
    Section,
    Time,
    Upload,
    User,
    Verbatim,
)
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.unreadable_text import unreadable_text
from bot.cutover import summary
from bot.cutover.readers import may_see
from bot.cutover.report import Called, report_json, report_markdown, report_name
from bot.cutover.wave import shown_names
from bot.cutover.wording import state_text
from bot.dms.drained import takes_bytes, takes_threshold
from bot.dms.model import Job
from bot.policy.permissions import Permission
from bot.requests.job_names import ambiguous_names
from bot.requests.reasons import kept
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.cutover import ENDED_CUTOVERS, Cutover, CutoverEntry, CutoverState
from bot.store.table import Skip
from bot.util.command import COMMAND
from bot.util.text import first_few
from bot.util.wall_time import Moment
from commands.support.base import Context, EarlyAnswer, Verb
from commands.support.cutover_plan import FLAGS, named_in, next_saturday_night, plan_of, usual_items
from commands.support.freezes import job_namer
from commands.support.pages import page_buttons
from commands.support.resolve import find_job, find_jobs
from commands.support.schedule import zone_of
from commands.support.typed_jobs import can_mean
from commands.support.unreadable import with_unreadable
from commands.support.visibility import may_hide

_LAST = Flag("last", "switch", "the report of the last cutover")
_FILE = Flag("file", "choice", "the report as a file", ("markdown", "json"), needs="last")
_PER_PAGE = 8
_SHOWN_JOBS = 5
_OPENS_FORM_WITHOUT = ("at", "rehearse", "last")
_INSTEAD = {
    "at": f'The time goes behind `--at`: `{COMMAND} cutover orders-db --at "Sat 02:00"`.',
    "list": f"Without a job it lists what is planned: `{COMMAND} cutover`.",
    **dict.fromkeys(
        ("cancel", "abort", "move", "hold", "start", "status", "show"),
        f"Its card has the buttons for that: `{COMMAND} cutover` lists what is planned, with *Open*.",
    ),
    "rehearse": f"Rehearse it with the flag: `{COMMAND} cutover orders-db --rehearse`.",
}
"""What to type instead of words that are no job."""
_WORDS = {
    CutoverState.DRAFT: "not confirmed",
    CutoverState.AWAITING_APPROVAL: "awaiting approval",
}
"""Any other state is its own word."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if invocation.is_set("last"):
        _need_only(invocation, ("last", "file", "id"), f"`{COMMAND} cutover orders-db --last`")
        return _report(ctx, invocation)
    if "file" in invocation.flags:
        raise UsageError(f"`--file` goes with `--last`: `{COMMAND} cutover orders-db --last --file json`.")
    if not invocation.jobs and set(invocation.flags) <= {"page"}:
        return _list(ctx, invocation)
    if not invocation.jobs:
        raise UsageError(f'Name the job to plan it for: `{COMMAND} cutover orders-db --at "Sat 02:00"`.')
    if "page" in invocation.flags:
        raise UsageError(f"`--page` is for the list, which takes no job: `{COMMAND} cutover --page 2`.")
    jobs = _jobs(ctx, invocation)
    if _asks_for_form(invocation):
        return _form(ctx, invocation, jobs)
    plan = plan_of(ctx, invocation, jobs)
    return ctx.cutovers.plan(
        ctx.who, plan, jobs, rehearsal=invocation.is_set("rehearse"), response_url=ctx.response_url
    )


def _need_only(invocation: Invocation, allowed: Sequence[str], example: str) -> None:
    """Raises UsageError for a flag that would be passed over."""
    other = next((each for each in invocation.flags if each not in allowed), "")
    if other:
        raise UsageError(f"`--last` shows a report and takes no `--{other}`: {example}.")


def _jobs(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    """Raises UsageError where the first word is one of ours, and no job."""
    try:
        return find_jobs(ctx, invocation)
    except EarlyAnswer:
        told = _INSTEAD.get(invocation.jobs[0])
        if told is None:
            raise
        raise UsageError(told) from None


def _asks_for_form(invocation: Invocation) -> bool:
    return bool(invocation.jobs) and not any(each in invocation.flags for each in _OPENS_FORM_WITHOUT)


def _form(ctx: Context, invocation: Invocation, jobs: tuple[Job, ...]) -> CutoverForm:
    zone = zone_of(ctx)
    shown = ambiguous_names(jobs, ctx.store.known_twins(job.id for job in jobs), ctx.dms.projects)
    typed = named_in(ctx, invocation, jobs)
    downtime, delay, size = (invocation.word(f"max-{each}") for each in ("downtime", "delay", "bytes"))
    ref = ctx.form_ref(
        Invocation("cutover", tuple(job.name for job in jobs), invocation.flags),
        {"items": [], "zone": zone, "downtime": downtime, "delay": delay, "size": size},
    )
    return CutoverForm(
        ref=ref,
        jobs=tuple(shown.get(job.name, job.id) for job in jobs),
        at=next_saturday_night(ctx.now(), zone),
        person=typed.commander or ctx.who.user,
        apps=typed.app_owner,
        deputy=typed.deputy,
        downtime=downtime,
        delay=delay,
        size=size,
        by_itself=invocation.is_set("by-itself"),
        announce=typed.announce,
        reason=kept(invocation.word("reason")),
        checklist=invocation.items("checklist")
        or tuple(each.text for each in usual_items(ctx, jobs) if not each.check),
        writers=invocation.items("writers"),
        threshold=any(map(takes_threshold, jobs)),
        sizes=any(map(takes_bytes, jobs)),
        reason_needed=ctx.access.policy.asks_for_reasons,
    )


# ---- what is planned


def _list(ctx: Context, invocation: Invocation) -> Answer:
    left_out = LeftOut()
    found = _visible(ctx, left_out)
    return with_unreadable(_planned(ctx, invocation, found), {"cutover": len(left_out.keys)})


def _planned(ctx: Context, invocation: Invocation, visible: Sequence[Cutover]) -> Note | AnswerPage:
    found = sorted(visible, key=lambda each: each.plan.at or each.created)
    if not found:
        seen = " that you may see" if may_hide(ctx, "cutover") else ""
        return Note(
            f"No cutover{seen} is planned. `{COMMAND} cutover orders-db` plans one, and "
            f"`{COMMAND} cutover orders-db --rehearse` walks through it without sending anything."
        )
    pages = -(-len(found) // _PER_PAGE)
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    shown = found[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    return AnswerPage(
        title="1 cutover" if len(found) == 1 else f"{len(found)} cutovers",
        sections=tuple(_section(ctx, each) for each in shown),
        buttons=page_buttons(ctx, invocation, page, pages),
        footer=f"Page {page} of {pages}" if pages > 1 else "",
    )


def _visible(ctx: Context, skip: Skip = pass_over) -> list[Cutover]:
    return [each for each in ctx.store.cutovers(skip=skip) if _sees(ctx, each)]


def _sees(ctx: Context, cutover: Cutover) -> bool:
    return may_see(ctx.access, ctx.store, ctx.who, cutover)


def _section(ctx: Context, cutover: Cutover) -> Section:
    plan = cutover.plan
    names = first_few([f"`{each}`" for each in shown_names(cutover)], _SHOWN_JOBS)
    what = "Rehearsal" if cutover.rehearsal else "Cutover"
    state = _WORDS.get(cutover.state, cutover.state.replace("_", " "))
    parts: list[RichPart] = [f"*{what}* of {names}: {state}, led by ", User(plan.commander), "\n"]
    begun = cutover.progress.stopping
    if begun is not None:
        parts += ["Started ", Time(begun)]
    elif plan.at is None:
        parts.append("Begins when the commander starts it")
    elif plan.at > ctx.now():
        parts += [Time(plan.at), " · ", Verbatim(Moment(plan.at, plan.zone).echo(ctx.now()))]
    else:
        parts += ["Planned for ", Time(plan.at)]
    return Section(tuple(parts), (Button("Open", "cutover", "details", cutover.id),))


# ---- what was


def _report(ctx: Context, invocation: Invocation) -> Answer:
    if len(invocation.jobs) != 1:
        raise UsageError(f"`--last` takes one job: `{COMMAND} cutover orders-db --last`.")
    typed = invocation.jobs[0]
    id = invocation.word("id")
    name, cutover = (typed, ctx.store.cutover(id)) if id else _last_of(ctx, invocation, typed)
    if cutover is None or not _sees(ctx, cutover):
        return _none_yet(ctx, name)
    log = ctx.store.cutover_log(cutover.id)
    if "file" in invocation.flags:
        return _file(cutover, log, invocation.word("file"), ctx.access.name_of)
    sections = (
        Section(summary.figures(cutover)),
        Section(summary.timeline(log, rehearsal=cutover.rehearsal)),
    )
    return AnswerPage(summary.title(cutover), sections, summary.file_buttons(cutover, ctx.ref))


def _none_yet(ctx: Context, name: str) -> Note:
    """That none of this job (its full name) has ended; one that is open is named."""
    shown = job_namer(ctx)(name)
    left_out = LeftOut()
    ctx.store.cutovers(ENDED_CUTOVERS, name, skip=left_out)
    found = ctx.store.cutovers(job=name, skip=left_out)
    open_now = next((each for each in found if _sees(ctx, each)), None)
    opens = (Button("Open", "cutover", "details", open_now.id),) if open_now is not None else ()
    lacking = unreadable_text({"cutover": len(left_out.keys)})
    if lacking:
        nothing = f"I found no cutover of `{shown}` that has ended. Not looked at: {lacking}"
        return Note(nothing, opens, tone="warn")
    seen = " that you may see" if may_hide(ctx, "cutover") else ""
    if open_now is None:
        return Note(f"There was no cutover of `{shown}`{seen} yet. `{COMMAND} cutover {shown}` plans one.")
    what = "rehearsal" if open_now.rehearsal else "cutover"
    state = state_text(open_now.state, rehearsal=open_now.rehearsal)
    text = f"No cutover of `{shown}`{seen} has ended yet. The {what} that is open {state}."
    return Note(text, opens)


def _last_of(ctx: Context, invocation: Invocation, typed: str) -> tuple[str, Cutover | None]:
    """The full name of the job that was typed, and its newest cutover, also where the job has been deleted
    since.

    Raises:
        EarlyAnswer: no such job is known, neither to DMS nor from a cutover.
    """
    try:
        name = find_job(ctx, typed, invocation).name
        return name, ctx.cutovers.last(name, lambda each: _sees(ctx, each))
    except EarlyAnswer:
        for each in ctx.store.cutovers(ENDED_CUTOVERS, skip=pass_over):
            name = next((name for name in each.plan.jobs if can_mean(ctx, typed, name)), "")
            if name and _sees(ctx, each):
                return name, each
        raise


def _file(cutover: Cutover, log: Sequence[CutoverEntry], kind: str, called: Called) -> Upload:
    make = report_json if kind == "json" else report_markdown
    made = make(cutover, log, called)
    name = report_name(cutover, "json" if kind == "json" else "md")
    return Upload(name, made.encode(), summary.title(cutover), private=True)


VERB = Verb(
    name="cutover",
    permission=Permission.VIEW,
    summary="plan the night of a promotion",
    usage=(
        "cutover JOB [JOB …]",
        'cutover JOB --at "TIME" [--commander @person] [--apps @person]',
        "cutover JOB --rehearse",
        "cutover JOB --last",
        "cutover",
    ),
    syntax=Syntax("any", (*FLAGS, _LAST, _FILE, Flag("page", "number", "which page"))),
    details=(
        "Stops the writes, waits until nothing is missing on the destination (or no more than the "
        "plan allows), and only then promotes. "
        "A form opens, unless you say when."
    ),
    more=(
        "The plan is confirmed and approved ahead, as a promote is. Its card in this channel shows what is "
        "awaited of whom, and its thread is the log. Until the promotion, anybody who takes part can abort "
        "it; afterwards there is no way back. Without a job, it lists what is planned."
    ),
    begins="cutover",
    examples=(
        "cutover orders-db",
        'cutover orders-db --at "Sat 02:00" --max-downtime 90m',
        "cutover orders-db --rehearse",
        "cutover orders-db --last",
    ),
    run=_run,
    saves=lambda invocation: bool(invocation.jobs) and not invocation.is_set("last"),
    form=_asks_for_form,
)
