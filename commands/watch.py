"""`/dms watch`: tell this channel, another one or me what happens to jobs."""

from __future__ import annotations

import secrets

from bot.answers import Answer, Button, Note, Part
from bot.invocation import Invocation, Syntax, UsageError
from bot.store.records import Watch
from bot.subscriptions import EVERYTHING
from commands import watching
from commands.base import Context, Verb, only_of_a_job
from commands.resolve import find_job

MOST = 200
"""Watches of one channel or person."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    target, only = watching.target(ctx, invocation), watching.only(invocation)
    jobs = watching.filtered(invocation) or _job(ctx, invocation)
    made = Watch(secrets.token_urlsafe(9), target, ctx.who.user, jobs, only, ctx.now())
    with ctx.store.transaction():
        there = ctx.store.watches(target=target)
        same = [each for each in there if each.jobs == jobs]
        if len(there) - len(same) >= MOST:
            raise UsageError(f"There are {MOST} watches already: end some first, see `/dms watches`.")
        if same and same[0].only == only:
            return _said(ctx, same[0], "already", "")
        for each in same:
            ctx.store.remove_watch(each.id)
        ctx.store.add_watch(made)
        ctx.store.append_audit(watching.audited(ctx, "watched", made))
    return _said(ctx, made, "now", _hint(ctx, made))


def _job(ctx: Context, invocation: Invocation) -> str:
    return find_job(ctx, invocation.jobs[0], invocation).name if invocation.jobs else EVERYTHING


def _said(ctx: Context, watch: Watch, since: str, hint: str) -> Note:
    parts: tuple[Part, ...] = (
        watching.where(watch.target),
        f" is {since} told of {watching.what(watch.jobs)}{watching.wanted(watch.only)}.{hint}",
    )
    buttons = (
        Button("Unwatch", "unwatch", "run", ctx.ref(watching.unwatching(watch))),
        Button("All watches", "watches", "run", ctx.ref(Invocation("watches"))),
    )
    return Note(parts, buttons, tone="good", public=since == "now" and watch.target == ctx.who.channel)


def _hint(ctx: Context, watch: Watch) -> str:
    if not watch.target.startswith(("C", "G")):
        return ""
    if watch.target == ctx.settings.notify_channel and watch.jobs != EVERYTHING:
        return " It hears of all other jobs as before: `/dms watch --only …` there narrows that."
    return " I can only write where I am a member: `/invite` me if I am not."


VERB = Verb(
    name="watch",
    summary="be told what happens to jobs",
    usage=(
        "watch [JOB | label.env=prod | state=failed] [--channel #channel] [--dm] [--only failed,completed]",
    ),
    syntax=Syntax("optional", flags=(watching.CHANNEL, watching.DM, watching.ONLY), filters=watching.FILTERS),
    details="Without a job or filter, of all jobs. The channel where you type it is told, unless you name "
    "another one or ask for direct messages. With `--only`, each event of those kinds is a message of its "
    "own; otherwise each job has one message that is kept up to date, and what people must see (failed, "
    "ready to promote, completed, stuck, deleted) is told anew. Watching again with another `--only` "
    "replaces the first.",
    examples=("watch orders-db", "watch label.env=prod --only failed,completed", "watch state=failed --dm"),
    run=_run,
    asks_service=only_of_a_job,
)
