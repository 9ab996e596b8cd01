"""`/dms watches`: who is told of what."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cmdline.answers import Answer, Button, Page, Part, Section
from bot.cmdline.invocation import Invocation
from bot.policy.subscriptions import EVERYTHING, Wanted
from bot.store.records import Watch
from commands.support import subscriptions
from commands.support.base import Context, Verb, never

_SHOWN = 20
"""Watches with a button each, so that the page stays within what one message can hold."""


def _run(ctx: Context, _invocation: Invocation) -> Answer:
    mine = _mine(ctx)
    speaks = ctx.access.channels_verdict(ctx.who).allowed if mine else False
    shown = [Section(_line(each), _buttons(ctx, each, speaks=speaks)) for each in mine[:_SHOWN]]
    if not mine:
        shown = [
            Section("No watches of yours, and none of this channel. `/dms watch orders-db --dm` adds one.")
        ]
    rest = len(mine) - _SHOWN
    if rest > 0:
        shown.append(Section(f"… and {rest} more. `/dms unwatch --all` ends all of a channel."))
    return Page(
        "Watches", (*shown, *_defaults(ctx)), footer="Direct messages, this channel, and what you set."
    )


def _mine(ctx: Context) -> list[Watch]:
    """The person's own, those of the channel, and those that the person set elsewhere; each once."""
    found = (
        *ctx.store.watches(target=ctx.who.user),
        *(ctx.store.watches(target=ctx.who.channel) if ctx.who.channel else ()),
        *ctx.store.watches(by=ctx.who.user),
    )
    return list({each.id: each for each in found}.values())


def _defaults(ctx: Context) -> list[Section]:
    notify = ctx.settings.notify_channel
    given = ctx.access.policy.watches
    all_watches: tuple[Wanted, ...] = (*given, *ctx.store.watches(target=notify))
    narrowed = any(each.jobs == EVERYTHING and each.target == notify for each in all_watches)
    parts: list[Part] = []
    if notify and not narrowed:
        parts += ["\n• ", subscriptions.where(notify), " hears of all jobs (the notify channel)"]
    parts += _policy(given)
    return [Section(("*By default*", *parts))] if parts else []


def _policy(given: Iterable[Wanted]) -> list[Part]:
    parts: list[Part] = []
    for each in given:
        about = (
            f" hears of {subscriptions.what(each.jobs)}{subscriptions.wanted(each.only)} (the policy file)"
        )
        parts += ["\n• ", subscriptions.where(each.target), about]
    return parts


def _line(watch: Watch) -> tuple[Part, ...]:
    text = f" hears of {subscriptions.what(watch.jobs)}{subscriptions.wanted(watch.only)}"
    return (subscriptions.where(watch.target), text)


def _buttons(ctx: Context, watch: Watch, *, speaks: bool) -> tuple[Button, ...]:
    """What the person may end: their own watches, and those of channels where they may speak for these."""
    if subscriptions.is_channel(watch.target) and not speaks:
        return ()
    return (Button("Unwatch", "unwatch", "run", ctx.ref(subscriptions.unwatching(watch))),)


VERB = Verb(
    name="watches",
    summary="who is told of what",
    usage=("watches",),
    details="Shows your direct messages, this channel's watches, those that you set elsewhere, and what is "
    "told by default.",
    examples=("watches",),
    run=_run,
    asks_service=never,
)
