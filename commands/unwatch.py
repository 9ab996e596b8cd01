"""`/dms unwatch`: end the notifications of a channel or a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, Button, Note, RichPart, User, rich_parts
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.unreadable_text import unreadable_text
from bot.dms.resource_names import is_job_name
from bot.policy.permissions import Permission
from bot.policy.subscriptions import EVERYTHING, Membership, SubscriptionLike, default_watches
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import Watch
from bot.util.command import COMMAND
from bot.util.text import count_of
from commands.support import subscriptions
from commands.support.base import Context, Verb, always, no_service_call
from commands.support.projects import PROJECT
from commands.support.typed_jobs import can_mean

_MAX_OFFERED = 10


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if invocation.is_set("all") and (invocation.jobs or invocation.filters or invocation.word("project")):
        raise UsageError(
            f"`--all` ends all subscriptions: leave it out to end one, as in `{COMMAND} unwatch orders-db`."
        )
    target = subscriptions.target(ctx, invocation)
    jobs = subscriptions.filter_of(ctx, invocation)
    elsewhere = subscriptions.is_channel(target) and target != ctx.who.channel
    membership = ctx.membership(target) if elsewhere else Membership.MEMBER
    left_out = LeftOut()
    with ctx.store.transaction():
        there = [
            each
            for each in ctx.store.watches(target=target, skip=left_out)
            if subscriptions.is_visible(ctx, invocation.verb, each)
        ]
        ended = there if invocation.is_set("all") else _meant(ctx, invocation, jobs, there)
        if invocation.jobs and len({each.jobs for each in ended}) > 1:
            return _which(ctx, invocation.jobs[0], target, ended)
        for each in ended:
            ctx.store.remove_watch(each.id)
            ctx.store.append_audit(subscriptions.audit_entry(ctx, "unwatched", each))
        if ended and subscriptions.needs_notice(ctx, target, membership):
            subscriptions.notify_channel(ctx, f"unwatch:{ended[0].id}", target, _ended_text(ctx, ended))
    answer = (
        _ended(ctx, target, ended, len(there) - len(ended))
        if ended
        else _none(ctx, target, (*invocation.jobs, "")[0], there, all_read=not left_out.keys)
    )
    stays = unreadable_text({"subscription": len(left_out.keys)})
    if not stays:
        return answer
    return replace(answer, text=(*rich_parts(answer.text), f" Not ended: {stays}"), tone="warn")


def _meant(ctx: Context, invocation: Invocation, jobs: str, there: list[Watch]) -> list[Watch]:
    """The job may be deleted, so it is looked for among the subscriptions, by any of its names."""
    if not invocation.jobs:
        return [each for each in there if each.jobs == (jobs or EVERYTHING)]
    single = [each for each in there if is_job_name(each.jobs)]
    return [each for each in single if can_mean(ctx, invocation.jobs[0], each.jobs)]


def _ended_text(ctx: Context, ended: list[Watch]) -> str:
    if len(ended) > 1:
        return f"ended {len(ended)} subscriptions of this channel."
    return f"unsubscribed this channel from {subscriptions.jobs_text(ctx, ended[0].jobs)}."


def _ended(ctx: Context, target: str, ended: list[Watch], others: int) -> Note:
    """`others` are the subscriptions that stay."""
    parts: list[RichPart] = [
        subscriptions.target_text(target),
        f" is no longer subscribed to {subscriptions.jobs_text(ctx, ended[0].jobs)}.",
    ]
    if len(ended) > 1:
        parts = [f"Ended {len(ended)} subscriptions of ", subscriptions.target_text(target), "."]
    if others and [each.jobs for each in ended] == [EVERYTHING]:
        # Who types `unwatch all` may mean every subscription, not the one to all jobs.
        parts.append(f" {count_of(others, 'other subscription')} {'stays' if others == 1 else 'stay'}.")
    left: tuple[SubscriptionLike, ...] = ctx.access.policy.watches
    left += ctx.store.watches(target=target, skip=pass_over)
    for each in default_watches(ctx.settings.notify_channel, left, ctx.settings.projects):
        if each.target == target:
            jobs = subscriptions.jobs_text(ctx, each.jobs)
            parts.append(f" It is a notification channel, so by default it still gets {jobs}.")
    public = target == ctx.who.channel and subscriptions.is_public(ctx, ended[0].jobs)
    if public:
        parts += [" Ended by ", User(ctx.who.user), "."]
    again = Button("All subscriptions", "watches", "run", ctx.ref(Invocation("watches")))
    return Note(tuple(parts), (again,), tone="good", public=public)


def _which(ctx: Context, typed: str, target: str, meant: list[Watch]) -> Note:
    place = subscriptions.target_text(target)
    parts = (place, f" is subscribed to {len(meant)} jobs named `{typed}`. Which subscription is to end?")
    return Note(parts, _buttons(ctx, meant), tone="warn")


def _none(ctx: Context, target: str, typed: str, there: list[Watch], *, all_read: bool) -> Note:
    place = subscriptions.target_text(target)
    if not there:
        to = (f" to `{typed}`" if typed else "") + ("" if all_read else " that can be read")
        lacking = (place, f" has no subscription{to}. `{COMMAND} watches` shows all of yours.")
        return Note(lacking, tone="warn")
    parts = ("No such subscription of ", place, ". These exist:")
    return Note(parts, _buttons(ctx, there), tone="warn")


def _buttons(ctx: Context, watches: Sequence[Watch]) -> tuple[Button, ...]:
    """One for each of these subscriptions, which ends it."""
    names = [each.jobs for each in watches]
    return tuple(
        Button(
            f"Unwatch {subscriptions.jobs_text(ctx, each.jobs, names).replace('`', '')}",
            "unwatch",
            "run",
            ctx.ref(subscriptions.unwatch_command(each)),
        )
        for each in watches[:_MAX_OFFERED]
    )


VERB = Verb(
    name="unwatch",
    permission=Permission.VIEW,
    summary="stop notifications",
    usage=(
        "unwatch [JOB | label.env=prod | state=failed] [project=prod] [--channel #channel] [--dm]",
        "unwatch --all [--dm]",
    ),
    syntax=Syntax(
        "optional",
        flags=(
            replace(subscriptions.CHANNEL, help="another channel than this one"),
            replace(subscriptions.DM, help="my direct messages"),
            PROJECT,
            Flag("all", "switch", "all of them"),
        ),
        filters=subscriptions.FILTERS,
        all_by_default=True,
    ),
    details="Ends a subscription: type what you typed after `watch`. For a channel, it takes an operator.",
    more=(
        "Without a job or filter, it ends the subscription to all jobs. The default notifications of "
        "the settings and the policy file stay."
    ),
    examples=("unwatch orders-db", "unwatch label.env=prod", "unwatch --all --dm"),
    run=_run,
    saves=always,
    asks_service=no_service_call,
)
