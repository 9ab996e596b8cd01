"""What the verbs watch, unwatch and watches share: who is notified, and of what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain

from bot.cmdline.answers import Channel, Note, RichPart, User
from bot.cmdline.invocation import Flag, FlagValue, Invocation, UsageError
from bot.cmdline.lexer import in_code, items
from bot.dms.model import Phase, State, short_name
from bot.dms.resource_names import is_job_name
from bot.policy.describe import watched_jobs
from bot.policy.subscriptions import EVERYTHING, READY, TOPICS, Membership, of_project
from bot.requests.job_names import disambiguate
from bot.store.records import AuditEntry, OutMessage, Watch, every_job_of
from bot.util.command import COMMAND
from bot.util.suggest import did_you_mean, nearest
from commands.support.base import Context, EarlyAnswer
from commands.support.projects import find_project
from commands.support.visibility import is_hidden, is_open_here, visible_names

CHANNEL = Flag("channel", "word", "another channel than this one")
DM = Flag("dm", "switch", "only me, in a direct message")
ONLY = Flag("only", "list", "as in `failed,completed`")
FILTERS = ("state", "label", "project")

_ALIASES = {"ready": READY, "databases": "database_failed", "failure": "failed", "done": "completed"}
_STATES = tuple(str(each) for each in (*State, *Phase))
_ID = re.compile(r"[CG][A-Z0-9]{5,}")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def target(ctx: Context, invocation: Invocation) -> str:
    """The id of the channel or user to notify, if the person may change its subscriptions.

    Raises:
        UsageError: both are given, the channel is not known, or it is private and the person is not known to
            be in it.
        EarlyAnswer: it is a channel, and the person's role does not allow it.
    """
    found = _named(ctx, invocation)
    if not is_channel(found):
        return found
    verdict = ctx.access.channels_verdict(ctx.who)
    if not verdict.allowed:
        raise EarlyAnswer(Note(verdict.explanation, tone="warn"))
    if found != ctx.who.channel:
        way = f"only its members set its notifications, so type `{COMMAND} {invocation.verb}` in it"
        need_readable(ctx, found, way)
    return found


def need_readable(ctx: Context, channel: str, way: str) -> None:
    """Only who can read a channel may have something posted to it. `way` says what to do instead.

    Raises:
        UsageError: the person cannot, or Slack does not say.
    """
    known = ctx.readable(channel, ctx.who.user)
    if known:
        return
    why = (
        "I cannot find out whether you are in that channel"
        if known is None
        else "That channel is private, and you are not in it"
    )
    raise UsageError(f"{why}: {way}.")


def _named(ctx: Context, invocation: Invocation) -> str:
    typed = invocation.word("channel")
    if typed and invocation.is_set("dm"):
        raise UsageError("Choose one: `--channel #channel` or `--dm`, not both.")
    if invocation.is_set("dm"):
        return ctx.who.user
    if not typed:
        return ctx.who.channel if ctx.who.channel.startswith(("C", "G")) else ctx.who.user
    found = typed.removeprefix("#")
    if not _ID.fullmatch(found):
        raise UsageError(
            f"The channel `{typed}` is not known here: pick it from the list that Slack offers behind `#`, "
            f"or type `{COMMAND} {invocation.verb}` in that channel."
        )
    return found


def filter_of(ctx: Context, invocation: Invocation) -> str:
    """The filter in the form that a watch stores: `label:env=prod`, `state:FAILED`, `project:ID`, one of the
    first two behind the last, or empty.

    Raises:
        UsageError: there are several filters, or the value is not valid.
    """
    project = _project(ctx, invocation)
    others = {key: value for key, value in invocation.filters.items() if key != "project"}
    if len(others) > 1 or (invocation.jobs and (others or project)):
        raise UsageError(
            "One subscription takes one job or one filter, and with a filter a project: type "
            f"`{COMMAND} {invocation.verb}` once for each."
        )
    found = _one_filter(invocation, *next(iter(others.items()))) if others else ""
    return of_project(project, found or EVERYTHING) if project else found


def _project(ctx: Context, invocation: Invocation) -> str:
    """The ID of the project in `--project` or `project=`, or empty. What is ended may be of a project that
    the bot serves no longer."""
    flag, named = invocation.word("project"), invocation.filters.get("project", "")
    if flag and named:
        raise UsageError(
            "The project is given twice: give it once, for example "
            f"`{COMMAND} {invocation.verb} --project {in_code(flag)}`."
        )
    typed = flag or named
    if not typed:
        return ""
    if invocation.verb == "unwatch":
        served = ctx.settings.projects.named(typed)
        return served.id if served else typed
    return find_project(ctx, typed, "project={}").id


def _one_filter(invocation: Invocation, key: str, value: str) -> str:
    if key == "state":
        return _state(invocation, value)
    return _label(invocation, key, value)


def _state(invocation: Invocation, value: str) -> str:
    name = value.upper()
    if name not in _STATES:
        hint = did_you_mean(value, [state.lower() for state in _STATES])
        raise UsageError(
            f"There is no state `{value}`: write for example "
            f"`{COMMAND} {invocation.verb} state=failed`.{hint}",
            corrections=[{value: nearest(value, [state.lower() for state in _STATES])}] if hint else (),
        )
    return f"state:{name}"


def _label(invocation: Invocation, key: str, value: str) -> str:
    name = key.removeprefix("label.")
    if not _LABEL.fullmatch(name) or not value:
        raise UsageError(
            f"Name the label and its value: write for example `{COMMAND} {invocation.verb} label.env=prod`."
        )
    return f"label:{name}={value}"


def only(invocation: Invocation) -> tuple[str, ...]:
    """The topics of `--only`, with aliases replaced.

    Raises:
        UsageError: one is neither an event nor a state.
    """
    found: dict[str, None] = {}
    # No event has a comma, so one in quotes is between two as well.
    for typed in chain.from_iterable(map(items, invocation.items("only"))):
        word = typed.lower().replace("-", "_")
        word = _ALIASES.get(word, word)
        if word not in TOPICS:
            hint = did_you_mean(word, TOPICS)
            raise UsageError(
                f"`--only {typed}` is neither an event nor a state: write for example "
                f"`--only failed,completed`.{hint}",
                corrections=[{typed: nearest(word, TOPICS)}] if hint else (),
            )
        found[word] = None
    return tuple(found)


def is_visible(ctx: Context, verb: str, watch: Watch) -> bool:
    """Whether an answer of `verb` may show the watch: a person may always see and end what they set."""
    return watch.by == ctx.who.user or not hides_job(ctx, verb, watch.jobs)


def hides_job(ctx: Context, verb: str, jobs: str) -> bool:
    """Whether a watch's `jobs` is a single job that an answer of `verb` must not show this person."""
    return jobs.startswith("projects/") and is_hidden(ctx, verb, jobs)


def is_public(ctx: Context, jobs: str) -> bool:
    """Whether the channel may read of a watch's `jobs`: of a single job, if everybody there may see it."""
    return not jobs.startswith("projects/") or is_open_here(ctx, jobs)


def jobs_text(ctx: Context, jobs: str, beside: Iterable[str] = ()) -> str:
    """The jobs of a watch in words, for example: all jobs. A single one is named with its place where another
    one of the same ID is known, or is among those that are named `beside` it."""
    projects = ctx.settings.projects
    if not is_job_name(jobs):
        return watched_jobs(jobs, projects)
    known = (*visible_names(ctx, "show", (short_name(jobs),)), *filter(is_job_name, beside), jobs)
    return f"`{disambiguate(known, projects)(jobs)}`"


def is_channel(target: str) -> bool:
    return target.startswith(("C", "G"))


def target_text(target: str) -> RichPart:
    return Channel(target) if is_channel(target) else User(target)


def events_text(only: tuple[str, ...]) -> str:
    """The events of a watch in words, with a leading comma; empty for all."""
    return f", only {', '.join(f'`{each}`' for each in only)}" if only else ""


def unwatch_command(watch: Watch) -> Invocation:
    """The command that ends this watch."""
    flags: dict[str, FlagValue] = {"channel": watch.target}
    if not is_channel(watch.target):
        flags = {"dm": True}
    jobs, filters = _typed(watch.jobs)
    return Invocation("unwatch", jobs, flags, filters)


def _typed(jobs: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    if jobs == EVERYTHING:
        return (), {}
    if jobs.startswith("projects/"):
        return (jobs,), {}
    return (), dict(map(_typed_filter, jobs.split(" ")))


def _typed_filter(term: str) -> tuple[str, str]:
    kind, _, rest = term.partition(":")
    if kind == "label":
        key, _, value = rest.partition("=")
        return f"label.{key}", value
    return kind, rest.lower()


def audit_entry(ctx: Context, event: str, watch: Watch) -> AuditEntry:
    """The audit row of a watch that begins or ends."""
    return AuditEntry(
        at=ctx.now(),
        event=event,
        user=ctx.who.user,
        team=ctx.who.audit_team,
        channel=ctx.who.channel,
        job=_audited_job(watch.jobs),
        detail=f"{watch.jobs} for {watch.target}{f', only {chr(44).join(watch.only)}' if watch.only else ''}",
    )


def _audited_job(jobs: str) -> str:
    if jobs.startswith("projects/"):
        return jobs
    project = jobs.split(" ")[0].removeprefix("project:")
    return every_job_of(project) if jobs.startswith("project:") else ""


def needs_notice(ctx: Context, target: str, membership: Membership) -> bool:
    """Whether to post in the channel who changed its subscriptions, because it cannot see the answer."""
    return (
        is_channel(target)
        and target != ctx.who.channel
        and membership in (Membership.MEMBER, Membership.UNKNOWN)
    )


def notify_channel(ctx: Context, key: str, target: str, text: str) -> None:
    """Queue a message that says what this person did. Call it in the transaction of the change."""
    subject = {"by": ctx.who.user, "text": text}
    ctx.store.enqueue(OutMessage(key, target, "text", subject, created=ctx.now()))
