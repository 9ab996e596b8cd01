"""The App Home tab: jobs by state, requests to approve, own requests and watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button, RichText
from bot.cmdline.missing_text import why_missing
from bot.config.projects import Projects
from bot.dms import source_writes
from bot.dms.missing import MissingLocation
from bot.dms.model import Job, Phase, State
from bot.dms.running_errors import WITH_ERRORS, shown_status
from bot.policy.describe import watched_jobs
from bot.policy.model import NO_PROJECTS
from bot.requests.job_names import JobNamer, namer
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.request_details import subject
from bot.slack.render.view import home_view
from bot.store.records import Request, RequestState, Watch
from bot.util.command import COMMAND
from bot.util.text import count_of, rest_line

_JOBS_PER_STATUS = 8
_STATUSES = 25
_DATABASES = 5
_REQUESTS = 10
_WATCHES = 15
_FREEZES = 10


@dataclass(frozen=True, slots=True)
class HomeContent:
    """What the tab shows to one person."""

    jobs: Sequence[Job]
    last_polled: datetime | None
    """When the jobs were last polled; None before the first poll."""
    to_decide: Sequence[Request] = ()
    """Requests that wait for this person's approval."""
    own_requests: Sequence[Request] = ()
    """This person's own open requests."""
    watches: Sequence[Watch] = ()
    """This person's watches."""
    faulty_databases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By job name, the databases of jobs that run on that have failed or have an error."""
    buttons: Sequence[Button] = ()
    """At the top, for example Refresh."""
    missing: Sequence[MissingLocation] = ()
    """Locations that did not answer when they were last read: what is shown of them may be old."""
    attention: Sequence[Button] = ()
    """Show, for each of the first jobs that need attention."""
    may_hide: bool = False
    """Whether the policy has rules by which jobs can be left out: there may be others."""
    freezes: Sequence[RichText] = ()
    """Freezes that hold now, a line each."""
    projects: Projects | None = None
    """Those of the bot: where there are several, a job whose ID is in two places is shown with its own."""


def _missing(missing: Sequence[MissingLocation]) -> list[Block]:
    if not missing:
        return []
    why = mrkdwn.rich_text(why_missing(missing))
    return m.sections(f"⚠️ {why}. What is shown of the jobs there may be old.")


def home(content: HomeContent) -> dict[str, Any]:
    """The view for `views.publish`."""
    return home_view(dashboard(content))


def dashboard(content: HomeContent) -> list[Block]:
    """What the Home tab and the launcher show."""
    blocks: list[Block] = [m.header("Migrations")]
    seen = content.last_polled
    as_of = f"As of {mrkdwn.date(seen)}" if seen else "The first look at the jobs has not ended yet."
    blocks.extend(m.context(as_of))
    blocks.extend(_missing(content.missing))
    frozen = [f"❄️ {mrkdwn.rich_text(each)}" for each in content.freezes[:_FREEZES]]
    frozen.extend(rest_line(len(content.freezes), _FREEZES))
    blocks.extend(m.sections("\n".join(frozen)) if frozen else [])
    blocks.extend(m.buttons(content.buttons))
    deciding = _requests("Waiting for my approval", content.to_decide, decide=True)
    # Requests to decide come first, as somebody waits for them.
    blocks.extend([*deciding, m.divider()] if content.to_decide else [])
    blocks.extend(_jobs(content))
    blocks.extend(m.buttons(content.attention))
    blocks.append(m.divider())
    blocks.extend([] if content.to_decide else deciding)
    blocks.extend(_requests("My open requests", content.own_requests, decide=False))
    calls = namer((job.name for job in content.jobs), content.projects)
    blocks.extend(_watches(content.watches, calls, content.projects or NO_PROJECTS))
    blocks.extend(
        m.context(
            f"`{COMMAND} list` in any channel shows the jobs with their buttons; `{COMMAND} help` says more."
        )
    )
    return blocks


def needs_attention(job: Job, *, faulty: bool) -> bool:
    """Whether somebody should look at the job: it failed, runs with errors, was stopped in its full dump, or
    waits for people to stop the writes to its source."""
    stopped_in_dump = job.state == State.STOPPED and job.phase == Phase.FULL_DUMP
    with_errors = job.state == State.RUNNING and (job.error is not None or faulty)
    return job.state == State.FAILED or with_errors or stopped_in_dump or source_writes.waits(job.status)


def _jobs(content: HomeContent) -> list[Block]:
    jobs, faulty, projects = content.jobs, content.faulty_databases, content.projects
    groups: dict[str, list[Job]] = {}
    for job in sorted(jobs, key=lambda each: _urgency(each, _with_errors(each, faulty))):
        groups.setdefault(shown_status(job, with_errors=_with_errors(job, faulty)), []).append(job)
    if not groups:
        seen = " that you may see" if content.may_hide else ""
        return [m.section(f"There are no migration jobs{seen}.")]
    calls = namer((job.name for job in jobs), projects)
    lines = [_group(status, found, faulty, calls) for status, found in list(groups.items())[:_STATUSES]]
    if len(groups) > _STATUSES:
        lines.append(f"… and more; `{COMMAND} list` shows all.")
    return m.sections("\n".join(lines))


def _with_errors(job: Job, faulty: Mapping[str, Sequence[str]]) -> bool:
    return job.state == State.RUNNING and (job.error is not None or job.name in faulty)


def _urgency(job: Job, with_errors: bool) -> tuple[int, str, str]:
    if source_writes.waits(job.status):
        return -2, job.status, job.name
    if with_errors:
        return 0, job.status, job.name
    order = {
        State.FAILED: -1,
        State.STOPPED: 2,
        State.RUNNING: 3,
        State.NOT_STARTED: 5,
        State.COMPLETED: 8,
        State.DELETED: 9,
    }
    return order.get(State(job.state), 4) if job.state in set(State) else 1, job.status, job.name


def _group(status: str, jobs: Sequence[Job], faulty: Mapping[str, Sequence[str]], calls: JobNamer) -> str:
    head = f"{labels.status_emoji(status)} {labels.status(status)} — {len(jobs):,}"
    if not status.startswith((State.FAILED, WITH_ERRORS)):
        return f"{head}: {labels.names([calls(job.name) for job in jobs], _JOBS_PER_STATUS)}"
    reasons = (_reason(job, faulty.get(job.name, ()), calls) for job in jobs[:_JOBS_PER_STATUS])
    return "\n".join([head, *reasons, *rest_line(len(jobs), _JOBS_PER_STATUS, "• … and {} more")])


def _reason(job: Job, faulty: Sequence[str], calls: JobNamer) -> str:
    """Why it failed, or which errors it runs with."""
    text = " ".join(job.error.message.split()) if job.error else ""
    parts = [mrkdwn.clip(mrkdwn.verbatim(text), 150)] if text else []
    if faulty:
        count = count_of(len(faulty), "database")
        parts.append(f"{count} with errors: {labels.names(list(faulty), _DATABASES)}")
    return f"• {mrkdwn.code(calls(job.name))}: {' · '.join(parts) or 'the service gave no reason'}"


def _requests(title: str, requests: Sequence[Request], *, decide: bool) -> list[Block]:
    blocks: list[Block] = [m.section(f"*{title}*" if requests else f"*{title}*\nNone.")]
    for request in requests[:_REQUESTS]:
        blocks.append(m.section(_request(request)))
        blocks.extend(m.buttons(_buttons(request, decide=decide)))
    return [*blocks, *m.context(*rest_line(len(requests), _REQUESTS))]


def _request(request: Request) -> str:
    return (
        f"{mrkdwn.mention('@', request.by.user)}: *{mrkdwn.verbatim(subject(request))}*, "
        f"expires {mrkdwn.date(request.expires)}"
    )


def _buttons(request: Request, *, decide: bool) -> list[Button]:
    """No Approve or Confirm here: people decide on the full card only, which Review shows."""
    verb = str(request.action)
    review = Button("Review", verb, "review", request.id, "primary")
    if decide:
        return [review]
    if request.state is RequestState.APPROVING:
        return [Button("Withdraw", verb, "withdraw", request.id)]
    return [review, Button("Cancel", verb, "cancel", request.id)]


def _watches(watches: Sequence[Watch], calls: JobNamer, projects: Projects) -> list[Block]:
    lines = [_watch(each, calls, projects) for each in watches[:_WATCHES]]
    lines.extend(rest_line(len(watches), _WATCHES, f"… and {{}} more; `{COMMAND} watches` shows all"))
    return m.sections(
        "\n".join(["*My watches*", *(lines or [f"None. `{COMMAND} watch JOB --dm` adds one."])])
    )


def _watch(watch: Watch, calls: JobNamer, projects: Projects) -> str:
    what = (
        mrkdwn.code(calls(watch.jobs))
        if watch.jobs.startswith("projects/")
        else mrkdwn.format_own(watched_jobs(watch.jobs, projects))
    )
    where = mrkdwn.mention("#" if watch.target.startswith(("C", "G")) else "@", watch.target)
    only = f", only {mrkdwn.verbatim(', '.join(watch.only))}" if watch.only else ""
    return f"• {what} → {where}{only}"
