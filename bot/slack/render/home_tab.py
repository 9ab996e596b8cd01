"""The dashboard of one person: their Home tab, the launcher, and the answer to a greeting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button, RichText
from bot.cmdline.missing_text import why_missing
from bot.cmdline.unreadable_text import unreadable_text
from bot.config.projects import Projects
from bot.dms import source_writes
from bot.dms.attention import Part, part_of
from bot.dms.missing import MissingLocation
from bot.dms.model import Database, Job, State
from bot.dms.running_errors import any_failed, shown_status
from bot.policy.describe import watched_jobs
from bot.policy.model import NO_PROJECTS
from bot.requests.job_names import JobNamer, namer
from bot.requests.unposted import Unposted
from bot.requests.wording import STATE_TEXT
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.job_line import counted, worst_databases
from bot.slack.render.job_picker import menu_row
from bot.slack.render.message import Message
from bot.slack.render.request_details import subject
from bot.slack.render.view import home_view
from bot.store.records import Request, RequestState, Watch
from bot.util.command import COMMAND
from bot.util.text import count_of, rest_line

SHOWN_JOBS = 8
"""Jobs that need attention and have a row."""
SHOWN_RECENT = 5
JOB, REQUEST, CUTOVER, FREEZE, SUBSCRIPTION = "job", "request", "cutover", "freeze", "subscription"
"""Names of what may be unreadable."""
_DATABASES = 3
_REQUESTS = 5
_WATCHES = 15
_FREEZES = 10
_CHANNELS = 3
_MAX_REASON = 120


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job with a Show button."""

    job: Job
    ref: str
    note: RichText = ""
    """Why it is in the list, for example when it was looked at."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What is to happen at a set time, whatever plans it."""

    at: datetime
    text: RichText
    button: Button


@dataclass(frozen=True, slots=True)
class HomeContent:
    """What the dashboard shows to one person."""

    jobs: Sequence[Job]
    last_polled: datetime | None
    """Since when all of this is at least known; None before the first poll."""
    to_decide: Sequence[Request] = ()
    """Requests that wait for this person: to be approved, or to be confirmed."""
    own_requests: Sequence[Request] = ()
    """This person's requests that wait for others."""
    watches: Sequence[Watch] = ()
    """This person's watches."""
    faulty_databases: Mapping[str, Sequence[Database]] = field(default_factory=dict)
    """By job name, the databases of jobs that run on that have failed or have an error."""
    buttons: Sequence[Button] = ()
    """Below the menu of jobs, for example Refresh."""
    missing: Sequence[MissingLocation] = ()
    """Locations that did not answer when they were last read: what is shown of them may be old."""
    attention: Sequence[ShownJob] = ()
    """The first jobs that need attention."""
    refusal: RichText = ""
    """Why this person may not look at jobs at all; empty if they may."""
    may_hide: bool = False
    """Whether the policy has rules by which jobs can be left out: there may be others."""
    freezes: Sequence[RichText] = ()
    """Freezes that hold now, a line each."""
    projects: Projects | None = None
    """Those of the bot: where there are several, a job whose ID is in two places is shown with its own."""
    coming_up: Sequence[Upcoming] = ()
    recent: Sequence[ShownJob] = ()
    """What this person asked for or looked at last."""
    unread: Sequence[tuple[str, datetime | None]] = ()
    """Locations that nobody has looked at for long, each with the time of the last look."""
    unposted: Sequence[Unposted] = ()
    """Channels whose last news could not be posted."""
    unreadable: Mapping[str, int] = field(default_factory=dict)
    """How many of what cannot be read from the store, by its name in the singular. 0: there are some, and
    nobody can say whether this person may see them."""

    @property
    def is_known(self) -> bool:
        """Whether all locations have answered lately, and all can be read: only then is nothing to show an
        all-clear."""
        known = self.last_polled is not None and not self.missing and not self.unread
        return known and JOB not in self.unreadable


def home(content: HomeContent) -> dict[str, Any]:
    """The view for `views.publish`."""
    return home_view([m.header("Migrations"), menu_row(), *dashboard(content)])


def dashboard_message(content: HomeContent) -> Message:
    """The dashboard as a message."""
    text = f"{_counts(content).rstrip('.')}. {count_of(len(content.to_decide), 'request')} waiting for you."
    return m.message(text, [m.header("Migrations"), menu_row(), *dashboard(content)])


def dashboard(content: HomeContent) -> list[Block]:
    """What is below the menu of jobs, at most 45 blocks."""
    calls = namer((job.name for job in content.jobs), content.projects)
    return [
        *m.sections("\n".join([_counts(content), *_not_known(content), *_unposted(content.unposted)])),
        *m.buttons(content.buttons),
        *_attention(content, calls),
        *_waiting(content),
        *_coming_up(content.coming_up),
        *_freezes(content.freezes),
        *_recent(content, calls),
        *_own(content.own_requests),
        *_watches(content.watches, calls, content.projects or NO_PROJECTS),
        *m.context(_nothing(content)),
        *m.context(_as_of(content)),
    ]


def needs_attention(job: Job, *, faulty: bool) -> bool:
    """Whether somebody should look at the job; `faulty` says whether some of its databases have errors."""
    return part_of(shown_status(job, with_errors=job.error is not None or faulty)) is Part.ATTENTION


def urgency(job: Job) -> tuple[int, str]:
    """The order of jobs that need attention: those that wait for people, then those that failed."""
    if source_writes.waits_for_stop(job.status):
        return 0, job.name
    return (1 if job.state == State.FAILED else 2), job.name


def _status(content: HomeContent, job: Job) -> str:
    faulty = job.state == State.RUNNING and (job.error is not None or job.name in content.faulty_databases)
    return shown_status(job, with_errors=faulty)


def _counts(content: HomeContent) -> str:
    """`32 migration jobs: 3 need attention, 17 running`, or why nothing is shown of them."""
    if content.refusal:
        return mrkdwn.rich_text(content.refusal)
    seen = " that you may see" if content.may_hide else ""
    if not content.jobs:
        return f"There are no migration jobs{seen}." if content.is_known else "No migration job is known."
    parts = Counter(part_of(_status(content, job)) for job in content.jobs)
    told = ", ".join(f"{parts[part]:,} {part}" for part in Part if parts[part])
    told = told.replace("1 need ", "1 needs ", 1) if parts[Part.ATTENTION] == 1 else told
    return f"*{count_of(len(content.jobs), 'migration job')}*{seen}: {told}"


def _not_known(content: HomeContent) -> list[str]:
    if content.refusal:
        return []
    lines = []
    if content.last_polled is None:
        lines.append("⏳ Still reading the jobs for the first time.")
    if content.missing:
        why = mrkdwn.rich_text(why_missing(content.missing))
        lines.append(f"⚠️ {why}. Jobs there may be out of date.")
    if content.unread and content.last_polled is not None:
        lines.append(f"⚠️ Not read lately: {labels.last_read(content.unread)}. Jobs there may be out of date.")
    unreadable = unreadable_text(content.unreadable)
    if unreadable:
        lines.append(f"⚠️ Not shown: {unreadable}")
    return lines


def _unposted(channels: Sequence[Unposted]) -> list[str]:
    lines = [
        f"⚠️ Slack did not take my last message for <#{each.channel}> ({mrkdwn.date(each.at)}, "
        f"{mrkdwn.code(each.error)}), so nobody reads there what happens. {_remedy(each.error)}"
        for each in channels[:_CHANNELS]
    ]
    more = rest_line(len(channels), len(lines), "⚠️ The same goes for {} more.")
    return [*lines, *more]


def _remedy(error: str) -> str:
    """Source: the errors of https://docs.slack.dev/reference/methods/chat.postMessage"""
    match error:
        case "not_in_channel" | "channel_not_found":
            return "Type `/invite` and my name in it."
        case "is_archived":
            return "It is archived: unarchive it and invite me, or name another one in the settings."
        case "team_access_not_granted":
            return "An admin of the organisation adds the app to its workspace."
    return "Ask whoever runs Slack to let the app post there."


def _attention(content: HomeContent, calls: JobNamer) -> list[Block]:
    total = sum(1 for job in content.jobs if part_of(_status(content, job)) is Part.ATTENTION)
    if not total:
        return []
    rows = [_row(content, each, calls) for each in content.attention]
    more = rest_line(total, len(rows), f"… and {{}} more: `{COMMAND} list`")
    return [m.section(f"*Needs attention ({total:,})*"), *rows, *m.context(*more)]


def _row(content: HomeContent, shown: ShownJob, calls: JobNamer) -> Block:
    status = _status(content, shown.job)
    sign = labels.worst_emoji(status, failed=any_failed(content.faulty_databases.get(shown.job.name, ())))
    note = mrkdwn.rich_text(shown.note) or _what_is_wrong(content, shown.job)
    parts = [f"{sign} *{mrkdwn.code(calls(shown.job.name))}*", labels.status(status), note]
    text = " · ".join(part for part in parts if part)
    return m.section(text, m.button(Button("Show", "show", "run", shown.ref)))


def _what_is_wrong(content: HomeContent, job: Job) -> str:
    """What people have to do, its error, or which databases have errors."""
    if source_writes.waits_for_stop(job.status):
        return "stop them now"
    text = " ".join(job.error.message.split()) if job.error else ""
    faulty, state = worst_databases(content.faulty_databases.get(job.name, ()))
    if text:
        return mrkdwn.clip(mrkdwn.verbatim(text), _MAX_REASON)
    if faulty:
        return f"{counted(job, len(faulty))} {state}: {labels.names(faulty, _DATABASES)}"
    return "it cannot resume: restart or delete it" if job.state == State.STOPPED else ""


def _waiting(content: HomeContent) -> list[Block]:
    requests = content.to_decide
    if not requests:
        return []
    rows = [_request_row(each, _review(each)) for each in requests[:_REQUESTS]]
    more = rest_line(len(requests), _REQUESTS, f"… and {{}} more: `{COMMAND} approvals`")
    return [m.section(f"*Waiting for you ({len(requests)})*"), *rows, *m.context(*more)]


def _request_row(request: Request, button: Button) -> Block:
    """No Approve or Confirm here: people decide on the full card only, which Review shows."""
    asked = f"by {mrkdwn.mention('@', request.by.user)}, until {mrkdwn.date(request.expires)}"
    todo = "confirm it" if request.state is RequestState.CONFIRMING else asked
    return m.section(f"*{mrkdwn.verbatim(subject(request))}* · {todo}", m.button(button))


def _review(request: Request) -> Button:
    return Button("Review", str(request.action), "review", request.id, "primary")


def _coming_up(plans: Sequence[Upcoming]) -> list[Block]:
    if not plans:
        return []
    rows = [
        m.section(f"{mrkdwn.date(each.at)} · {mrkdwn.rich_text(each.text)}", m.button(each.button))
        for each in plans[:_REQUESTS]
    ]
    more = rest_line(len(plans), _REQUESTS, f"… and {{}} more: `{COMMAND} schedule`")
    return [m.section("*Coming up*"), *rows, *m.context(*more)]


def _freezes(freezes: Sequence[RichText]) -> list[Block]:
    if not freezes:
        return []
    lines = [f"❄️ {mrkdwn.rich_text(each)}" for each in freezes[:_FREEZES]]
    return m.sections("\n".join(["*Freezes*", *lines, *rest_line(len(freezes), _FREEZES)]))


def _recent(content: HomeContent, calls: JobNamer) -> list[Block]:
    rows = [_row(content, each, calls) for each in content.recent[:SHOWN_RECENT]]
    return [m.section("*Recent*"), *rows] if rows else []


def _own(requests: Sequence[Request]) -> list[Block]:
    if not requests:
        return []
    rows = [
        m.section(
            f"*{mrkdwn.verbatim(subject(each))}* · {STATE_TEXT[each.state]}, until "
            f"{mrkdwn.date(each.expires)}",
            m.button(Button("Withdraw", str(each.action), "withdraw", each.id)),
        )
        for each in requests[:_REQUESTS]
    ]
    more = rest_line(len(requests), _REQUESTS, f"… and {{}} more: `{COMMAND} approvals`")
    return [m.section("*Your open requests*"), *rows, *m.context(*more)]


def _watches(watches: Sequence[Watch], calls: JobNamer, projects: Projects) -> list[Block]:
    if not watches:
        return []
    lines = [_watch(each, calls, projects) for each in watches[:_WATCHES]]
    lines.extend(rest_line(len(watches), _WATCHES, f"… and {{}} more: `{COMMAND} watches`"))
    return m.sections("\n".join(["*Your subscriptions*", *lines]))


def _watch(watch: Watch, calls: JobNamer, projects: Projects) -> str:
    what = (
        mrkdwn.code(calls(watch.jobs))
        if watch.jobs.startswith("projects/")
        else mrkdwn.format_own(watched_jobs(watch.jobs, projects))
    )
    where = mrkdwn.mention("#" if watch.target.startswith(("C", "G")) else "@", watch.target)
    only = f", only {mrkdwn.verbatim(', '.join(watch.only))}" if watch.only else ""
    return f"• {what} → {where}{only}"


def _nothing(content: HomeContent) -> str:
    """The sections that are empty, in one line. It says nothing needs attention only if that is known."""
    if content.refusal:
        return ""
    quiet = []
    if content.is_known and content.jobs and not content.attention:
        quiet.append("nothing needs attention")
    if not content.to_decide and REQUEST not in content.unreadable:
        quiet.append("nothing is waiting for you")
    if not content.coming_up and content.unreadable.keys().isdisjoint((REQUEST, CUTOVER)):
        quiet.append("nothing is scheduled")
    if not content.freezes and FREEZE not in content.unreadable:
        quiet.append("no freezes")
    line = " · ".join(quiet)
    return f"{line[:1].upper()}{line[1:]}"


def _as_of(content: HomeContent) -> str:
    return f"As of {mrkdwn.date(content.last_polled)}." if content.last_polled else ""
