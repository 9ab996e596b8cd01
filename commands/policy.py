"""`/dms policy`: who may do what; with a job, what the person may do with it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, AnswerPage, Button, Group, RichPart, Section, User
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.cmdline.unreadable_text import unreadable_text
from bot.dms.model import Job
from bot.policy import describe as words
from bot.policy.access import Approvers, Verdict
from bot.policy.permissions import Permission
from bot.requests.wording import freeze_terms, frozen_jobs
from bot.runtime.one_by_one import LeftOut
from bot.store.records import Freeze
from bot.store.table import Skip
from bot.util.command import COMMAND
from commands.support.base import Context, Verb, only_of_a_job
from commands.support.freezes import job_namer
from commands.support.resolve import find_job
from commands.support.visibility import is_hidden

PER_PAGE = 20
_FIRST = "The first rule that matches decides. "


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if invocation.jobs:
        return _mine(ctx, find_job(ctx, invocation.jobs[0], invocation))
    return _policy_page(ctx, invocation)


def _policy_page(ctx: Context, invocation: Invocation) -> AnswerPage:
    policy = ctx.access.policy
    rules = words.rules(policy)
    pages = max(1, -(-len(rules) // PER_PAGE))
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    sections = list(rules[(page - 1) * PER_PAGE : page * PER_PAGE])
    if page == 1:
        sections = [_you(ctx), *words.overview(policy, ctx.access.home), *sections]
    if page == pages:
        sections += words.notices(policy)[:PER_PAGE]
        left_out = LeftOut()
        sections += [_frozen(ctx, freeze) for freeze in _freezes(ctx, left_out)[: PER_PAGE // 2]]
        sections += _lacking(left_out)
        sections += _warnings(policy.warnings)
    return AnswerPage(
        title="Who may do what" if pages == 1 else f"Who may do what ({page} of {pages})",
        sections=tuple(sections),
        buttons=_page_buttons(ctx, invocation, page, pages),
        footer=f"{_FIRST if rules else ''}`{COMMAND} policy JOB` shows what you may do with a job.",
    )


def _you(ctx: Context) -> Section:
    return Section(f"Your role here is *{words.role_name(ctx.access.role(ctx.who))}*.")


def _freezes(ctx: Context, skip: Skip) -> list[Freeze]:
    """The freezes that hold now, without those of jobs that are hidden from this person."""
    found = ctx.store.freezes(ctx.now(), skip=skip)
    return [each for each in found if not (each.is_of_one_job and is_hidden(ctx, "policy", each.job))]


def _frozen(ctx: Context, freeze: Freeze) -> Section:
    what = frozen_jobs(freeze, ctx.settings.projects, job_namer(ctx))
    return Section((f"*Frozen*: {what} ", *freeze_terms(freeze)))


def _lacking(left_out: LeftOut) -> list[Section]:
    lacking = unreadable_text({"freeze": len(left_out.keys)})
    return [Section(f"⚠️ Not shown: {lacking}")] if lacking else []


def _warnings(warnings: tuple[str, ...]) -> list[Section]:
    if not warnings:
        return []
    return [Section("*Please check*\n" + "\n".join(f"• {each}" for each in warnings[:10]))]


def _page_buttons(ctx: Context, invocation: Invocation, page: int, pages: int) -> tuple[Button, ...]:
    def turn(label: str, to: int) -> Button:
        return Button(label, "policy", "turn", ctx.ref(replace(invocation, flags={"page": str(to)})))

    back = (turn("‹ Previous", page - 1),) if page > 1 else ()
    onward = (turn("Next ›", page + 1),) if page < pages else ()
    return back + onward


def _mine(ctx: Context, job: Job) -> AnswerPage:
    verdicts = ctx.access.explain(ctx.who, job)
    may = [_allowed(*each) for each in _group_verbs(job, [each for each in verdicts if each[1].allowed])]
    may_not = [
        _with_people(f"\n• {verbs}: {verdict.why}", " Ask ", verdict.permitted_instead)
        for verbs, verdict in _group_verbs(job, [each for each in verdicts if not each[1].allowed])
    ]
    sections = [_you(ctx)]
    left_out = LeftOut()
    sections += [_frozen(ctx, freeze) for freeze in ctx.store.freezes(ctx.now(), job.name, left_out)[:5]]
    sections += _lacking(left_out)
    sections += _group("You may", may) + _group("You may not", may_not)
    return AnswerPage(
        title=f"What you may do with {job.id}",
        sections=tuple(sections),
        buttons=(Button("Show the job", "show", "run", ctx.ref(Invocation("show", (job.name,)))),),
        footer=f"The job's state decides too: `{COMMAND} show {job.id}` offers only what is possible now.",
    )


def _group(title: str, lines: list[tuple[RichPart, ...]]) -> list[Section]:
    """Sections of six lines each, because Slack limits the length of a section."""
    heads = (f"*{title}*{' (more)' if at else ''}" for at in range(0, len(lines), 6))
    return [
        Section(tuple(part for line in ((head,), *lines[6 * number : 6 * number + 6]) for part in line))
        for number, head in enumerate(heads)
    ]


def _group_verbs(job: Job, verdicts: Sequence[tuple[str, Verdict]]) -> list[tuple[str, Verdict]]:
    """Groups verbs with the same verdict: their names, and the verdict with a sentence that fits all."""
    groups: dict[Verdict, list[str]] = {}
    for verb, verdict in verdicts:
        why = verdict.why.replace(f"use `{verb}` on `{job.id}`", "do this")
        groups.setdefault(replace(verdict, why=why), []).append(f"`{verb}`")
    return [(", ".join(verbs), verdict) for verdict, verbs in groups.items()]


def _allowed(verbs: str, verdict: Verdict) -> tuple[RichPart, ...]:
    asked = verdict.approvers if verdict.approvals else Approvers()
    return _with_people(f"\n• {verbs}: {verdict.why}", " Approvers: ", asked)


def _with_people(sentence: str, lead: str, named: Approvers) -> tuple[RichPart, ...]:
    mentions: list[RichPart] = [Group(each) for each in named.groups]
    mentions += [User(each) for each in named.users]
    parts: list[RichPart] = [sentence]
    for each in mentions[:10]:
        parts += [lead if len(parts) == 1 else ", ", each]
    return tuple(parts)


VERB = Verb(
    name="policy",
    permission=Permission.VIEW,
    summary="who may do what, and why",
    usage=("policy", "policy JOB"),
    syntax=Syntax("optional", flags=(Flag("page", "number", "which page"),), all_by_default=True),
    details="The whole policy in plain words. With a job: what you may do with it, and why.",
    begins="policy",
    examples=("policy", "policy orders-db"),
    run=_run,
    asks_service=only_of_a_job,
)
