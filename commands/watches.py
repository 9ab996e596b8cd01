"""`/dms watches`: who is notified of what."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cmdline.answers import Answer, AnswerPage, Button, RichPart, Section
from bot.cmdline.invocation import Invocation, Syntax
from bot.policy.permissions import Permission
from bot.policy.subscriptions import SubscriptionLike, default_watches
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import Watch
from bot.store.table import Skip
from bot.util.command import COMMAND
from bot.util.text import rest_line
from commands.support import subscriptions
from commands.support.base import Context, Verb, no_service_call
from commands.support.subscriptions import hides_job, is_visible
from commands.support.unreadable import with_unreadable

_SHOWN = 20
"""Each watch is a section with a button, and a message holds at most 50 blocks."""


def _run(ctx: Context, _invocation: Invocation) -> Answer:
    left_out = LeftOut()
    mine = _mine(ctx, left_out)
    speaks = ctx.access.channels_verdict(ctx.who).allowed if mine else False
    shown = [Section(_line(ctx, each), _buttons(ctx, each, speaks=speaks)) for each in mine[:_SHOWN]]
    if not mine:
        shown = [
            Section(f"No subscriptions of you or this channel. `{COMMAND} watch orders-db --dm` adds one.")
        ]
    more = f"… and {{}} more. `{COMMAND} unwatch --all` ends all of a channel."
    shown.extend(map(Section, rest_line(len(mine), _SHOWN, more)))
    page = AnswerPage(
        "Watches", (*shown, *_defaults(ctx)), footer="Direct messages, this channel, and what you set."
    )
    return with_unreadable(page, {"subscription": len(set(left_out.keys))})


def _mine(ctx: Context, skip: Skip) -> list[Watch]:
    """Watches of the person and of the channel, and those that the person set elsewhere; each once, and none
    of a job that is hidden from this person."""
    found = (
        *ctx.store.watches(target=ctx.who.user, skip=skip),
        *(ctx.store.watches(target=ctx.who.channel, skip=skip) if ctx.who.channel else ()),
        *ctx.store.watches(by=ctx.who.user, skip=skip),
    )
    return [each for each in {each.id: each for each in found}.values() if is_visible(ctx, "watches", each)]


def _defaults(ctx: Context) -> list[Section]:
    given = [each for each in ctx.access.policy.watches if not hides_job(ctx, "watches", each.jobs)]
    defaults = default_watches(
        ctx.settings.notify_channel, (*given, *ctx.store.watches(skip=pass_over)), ctx.settings.projects
    )
    parts = [
        *_lines(ctx, defaults, "the notification channel"),
        *_lines(ctx, given, "the policy file"),
    ]
    return [Section(("*By default*", *parts))] if parts else []


def _lines(ctx: Context, given: Iterable[SubscriptionLike], why: str) -> list[RichPart]:
    parts: list[RichPart] = []
    for each in given:
        about = f"{subscriptions.jobs_text(ctx, each.jobs)}{subscriptions.events_text(each.only)}"
        parts += ["\n• ", subscriptions.target_text(each.target), f" gets {about} ({why})"]
    return parts


def _line(ctx: Context, watch: Watch) -> tuple[RichPart, ...]:
    text = f" gets {subscriptions.jobs_text(ctx, watch.jobs)}{subscriptions.events_text(watch.only)}"
    return (subscriptions.target_text(watch.target), text)


def _buttons(ctx: Context, watch: Watch, *, speaks: bool) -> tuple[Button, ...]:
    """Unwatch, for watches that the person may end: their own, and those of channels if their role allows."""
    if subscriptions.is_channel(watch.target) and not speaks:
        return ()
    return (Button("Unwatch", "unwatch", "run", ctx.ref(subscriptions.unwatch_command(watch))),)


VERB = Verb(
    name="watches",
    permission=Permission.VIEW,
    summary="list notifications",
    usage=("watches",),
    syntax=Syntax(all_by_default=True),
    details=(
        "Subscriptions of this channel and of you, those that you set elsewhere, and the default "
        "notifications."
    ),
    begins="watches",
    examples=("watches",),
    run=_run,
    asks_service=no_service_call,
)
