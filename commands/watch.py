"""`/dms watch`: notify this channel, another one or the person of what happens to jobs."""

from __future__ import annotations

import secrets

from bot.cmdline.answers import Answer, Button, Note, RichPart, User
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.policy.permissions import Permission
from bot.policy.subscriptions import EVERYTHING, Membership, SubscriptionLike, default_watches
from bot.runtime.one_by_one import pass_over
from bot.store.records import Watch
from bot.util.command import COMMAND
from commands.support import subscriptions
from commands.support.base import Context, Verb, always, only_of_a_job
from commands.support.projects import PROJECT
from commands.support.resolve import find_job

MAX_WATCHES = 200
"""Upper bound for one channel or person."""
_MISSING = {
    Membership.OUTSIDE: (
        "The subscription is saved, but *I am not a member of that channel yet* and cannot post there: type "
        "`/invite` and my name in it."
    ),
    Membership.NOT_VISIBLE: (
        "The subscription is saved, but *I cannot see that channel*, which is private or not there, "
        "and cannot post in it: type `/invite` and my name in it."
    ),
    Membership.NOT_GRANTED: (
        "The subscription is saved, but *I am not in the workspace of that channel* and cannot post there: "
        "an admin of the organisation has to add me to it."
    ),
}
"""Why the bot cannot post in the channel yet."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    target, only = subscriptions.target(ctx, invocation), subscriptions.only(invocation)
    jobs = subscriptions.filter_of(ctx, invocation) or _job(ctx, invocation)
    membership = ctx.membership(target) if subscriptions.is_channel(target) else Membership.MEMBER
    if membership is Membership.ARCHIVED:
        raise UsageError(
            "That channel is archived, so nobody would see notifications there: choose one in use."
        )
    watch = Watch(secrets.token_urlsafe(9), target, ctx.who.user, jobs, only, ctx.now())
    same = _keep(ctx, watch, membership)
    if same is not None:
        return _answer(ctx, same, "already", membership)
    return _answer(ctx, watch, "now", membership)


def _keep(ctx: Context, watch: Watch, membership: Membership) -> Watch | None:
    """Save the watch and replace one of the same jobs. If an equal watch exists, return it and save nothing.

    Raises:
        UsageError: there are too many.
    """
    with ctx.store.transaction():
        all_there = ctx.store.watches(target=watch.target, skip=pass_over)
        same = [each for each in all_there if each.jobs == watch.jobs]
        if len(all_there) - len(same) >= MAX_WATCHES:
            raise UsageError(
                f"There are {MAX_WATCHES} subscriptions already: end some first, see `{COMMAND} watches`."
            )
        if same and same[0].only == watch.only:
            return same[0]
        for each in same:
            ctx.store.remove_watch(each.id)
        ctx.store.add_watch(watch)
        ctx.store.append_audit(subscriptions.audit_entry(ctx, "watched", watch))
        if subscriptions.needs_notice(ctx, watch.target, membership):
            subscriptions.notify_channel(
                ctx, f"watch:{watch.id}", watch.target, f"subscribed this channel to {_about(ctx, watch)}."
            )
    return None


def _job(ctx: Context, invocation: Invocation) -> str:
    return find_job(ctx, invocation.jobs[0], invocation).name if invocation.jobs else EVERYTHING


def _about(ctx: Context, watch: Watch) -> str:
    return f"{subscriptions.jobs_text(ctx, watch.jobs)}{subscriptions.events_text(watch.only)}"


def _answer(ctx: Context, watch: Watch, since: str, membership: Membership) -> Note:
    about, place = _about(ctx, watch), subscriptions.target_text(watch.target)
    missing = _MISSING.get(membership, "")
    hint = _hint(ctx, watch, since, membership)
    here = watch.target == ctx.who.channel and subscriptions.is_public(ctx, watch.jobs)
    public = since == "now" and here and not missing
    parts: tuple[RichPart, ...] = (place, f" is {since} subscribed to {about}.{hint}")
    if public:
        parts = (User(ctx.who.user), " subscribed ", place, f" to {about}.{hint}")
    elif missing:
        parts = (place, f" gets {about} once I am a member there. {missing}{hint}")
    buttons = (
        Button("Unwatch", "unwatch", "run", ctx.ref(subscriptions.unwatch_command(watch))),
        Button("All subscriptions", "watches", "run", ctx.ref(Invocation("watches"))),
    )
    return Note(parts, buttons, tone="warn" if missing else "good", public=public)


def _hint(ctx: Context, watch: Watch, since: str, membership: Membership) -> str:
    if since != "now" or not subscriptions.is_channel(watch.target):
        return ""
    given: tuple[SubscriptionLike, ...] = ctx.access.policy.watches
    given += ctx.store.watches(target=watch.target, skip=pass_over)
    rest = default_watches(ctx.settings.notify_channel, given, ctx.settings.projects)
    if any(each.target == watch.target for each in rest):
        return f" It still gets all other jobs: `{COMMAND} watch --only …` there narrows that."
    if membership is Membership.UNKNOWN:
        return " I can only write where I am a member: `/invite` me if I am not."
    return ""


VERB = Verb(
    name="watch",
    permission=Permission.VIEW,
    summary="get notified about jobs",
    usage=(
        "watch [JOB | label.env=prod | state=failed] [project=prod] [--channel #channel] [--dm] "
        "[--only failed,completed]",
    ),
    syntax=Syntax(
        "optional",
        flags=(subscriptions.CHANNEL, subscriptions.DM, subscriptions.ONLY, PROJECT),
        filters=subscriptions.FILTERS,
        all_by_default=True,
    ),
    details=(
        "Notifies this channel about one job, the jobs of a filter, or all jobs. Subscribing a "
        "channel takes the role operator."
    ),
    more=(
        "In a private channel, you also have to be a member. Without `--only`, each job has one "
        "message that is kept up to date, and what people must see (failed, ready to promote, "
        "completed, stuck, deleted) is posted as a new message. With `--only`, each event of those "
        "kinds is a new message. Another `--only` for the same jobs replaces the first."
    ),
    examples=(
        "watch orders-db",
        "watch all",
        "watch label.env=prod --only failed,completed",
        "watch state=failed --dm",
    ),
    run=_run,
    saves=always,
    asks_service=only_of_a_job,
)
