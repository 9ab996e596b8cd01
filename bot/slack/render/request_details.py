"""What a request asks for, and what must be known to decide on it.

Jobs, databases, changes, losses, the replication delay, and other open requests for the same jobs.
"""

from __future__ import annotations

from collections import Counter

from slack_sdk.models.blocks import Block

from bot.dms import display
from bot.dms.model import ConfigSnapshot, Job, Selection, State
from bot.dms.rules import DESTRUCTIVE, HARMLESS, Action
from bot.dms.rules_of_destination import CLOUD_SQL_ONLY
from bot.requests.drain import LASTS, ONCE_DRAINED
from bot.requests.fingerprint import selection_matters, selection_text
from bot.requests.job_names import display_name
from bot.requests.queries import NO_RELATED, RelatedRequests
from bot.requests.rules import delay_counts
from bot.requests.wording import STATE_TEXT, scope
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.cutover_terms import terms_text
from bot.slack.render.delay_warning import delay_lines
from bot.slack.render.event_labels import OUTSIDE
from bot.store.facts import UNREAD
from bot.store.records import Request, RequestState
from bot.util.durations import humanize
from bot.util.text import and_more, count_of, rest_line

_NAMED = 20
"""Databases of a job that are named; a button shows all of them."""
_JOBS = 10
"""Up to so many jobs are shown in full; more have a line each."""
_LINES = 50
_MAX_LINE = 180
_NAMED_IN_LINE = 3
_DESTINATION_GOES = (
    "🚨 *The destination is deleted with all its data*, in the {} above. This cannot be undone."
)
_DESTINATIONS_GO = (
    "🚨 *Their destinations are deleted with all their data*, in the {} above. This cannot be undone."
)
_UNSURE = f"DMS documents that {CLOUD_SQL_ONLY}: check afterwards what is left."


def request_details(
    request: Request, related: RelatedRequests = NO_RELATED, *, headed: bool = False
) -> list[Block]:
    """The blocks of all this; `related` are other open requests for the same jobs. `headed`: what is asked,
    and for which job, is in a heading above."""
    again = ["once more"] if request.parent else []
    extras = ", ".join((*(_other_extras(request) if headed else _extras(request)), *again))
    who = mrkdwn.mention("@", request.by.user)
    first = extras[:1].upper() + extras[1:] if headed else f"{who} asks to {request_text(request)}"
    blocks: list[Block] = [m.section(f"{first}.")] if first else []
    blocks.extend(m.context(reason_text(request)))
    blocks.extend(scheduled(request, warned=True))
    blocks.extend(m.sections("\n".join(_jobs(request, headed=headed))))
    blocks.extend(m.sections(mrkdwn.format_own(request.facts.projects)) if request.facts.projects else [])
    blocks.extend(changes(request))
    blocks.extend(_losses(request))
    delays = delay_lines(request)
    blocks.extend(m.sections("\n".join(delays)) if delays else [])
    blocks.extend(_related(request, related))
    return blocks


_NAMED_JOBS = 3
_WEEKDAY = "{date_long_pretty} {time}"
"""Slack's date with the day of the week, by which people plan.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""
_ZERO_THEN = "It is sent only if the replication delay is known to be zero then."


def reason_text(request: Request) -> str:
    """The reason in its requester's words; mrkdwn, empty if none was given."""
    return f"💬 {mrkdwn.verbatim(request.facts.reason)}" if request.facts.reason else ""


def scheduled(request: Request, *, warned: bool = False) -> list[Block]:
    """When it is to be sent, once and in the reader's own zone: the same in others reads as another time.
    `warned`: the warnings, which say what it waits for, are shown, too."""
    facts = request.facts
    told = warned and any(ONCE_DRAINED in line for line in request.warning)
    condition = terms_text(request) if facts.cutover else "" if told else sent_if(request)
    head = ""
    if facts.due is not None and facts.waits_without_time:
        until = mrkdwn.date(request.expires)
        head = f"⏳ *Waiting since* {mrkdwn.date(facts.due)}, until {until} at the latest."
    elif facts.due is not None:
        head = f"⏰ *Scheduled for* {mrkdwn.date(facts.due, _WEEKDAY)}. Everything is checked again then."
    text = ("\n" if facts.cutover else " ").join(filter(None, (head, condition)))
    return m.sections(text) if text else []


def sent_if(request: Request) -> str:
    """On what condition it is sent with nobody there; empty for none. Of a cutover, its terms say that."""
    facts = request.facts
    if facts.cutover:
        return ""
    if facts.when_drained:
        then = "that time" if facts.has_set_time else "it is confirmed and approved"
        until = f"up to {humanize(LASTS)} after {then}"
        return f"{ONCE_DRAINED}, {until}: the writes to the source have to be stopped before."
    return _ZERO_THEN if facts.due is not None and delay_counts(request) else ""


def subject(request: Request) -> str:
    """`restart orders-db`, `delete 3 jobs`: the action and what it is for; plain text."""
    verb = str(request.action)
    one = len(request.jobs) == 1
    what = display_name(request, request.jobs[0].name) if one else f"{len(request.jobs)} jobs"
    return f"{verb} {what}{scope(request)}"


def request_text(request: Request) -> str:
    """`*restart* orders-db (only 2 databases)`: the action, the jobs and the options; mrkdwn."""
    extras = _extras(request)
    detail = f" ({', '.join(extras)})" if extras else ""
    again = ", once more" if request.parent else ""
    both = scope(request) if request.options.with_destination else ""
    return f"*{request.action}* {jobs_text(request)}{both}{detail}{again}"


def _extras(request: Request) -> list[str]:
    """What the options change; mrkdwn."""
    extras = []
    if request.options.databases:
        extras.append(f"only {count_of(len(request.options.databases), 'database')}")
    if request.options.failed_only:
        extras.append("only what failed")
    if request.options.failback:
        extras.append("back to its source")
    if request.options.stop_first and any(job.state == State.RUNNING for job in request.jobs):
        extras.append("it is stopped first")
    return [*extras, *_other_extras(request)]


def _other_extras(request: Request) -> list[str]:
    """Those that neither the title says (`scope`) nor the verb's warning."""
    extras = []
    if request.options.skip_validation:
        extras.append("without the service's checks")
    if request.action is Action.VERIFY and request.options.edits:
        extras.append("with changes that are not saved")
    elif request.options.parallelism:
        extras.append(f"dump parallelism {mrkdwn.verbatim(request.options.parallelism)}")
    return extras


def jobs_text(request: Request) -> str:
    """The job's name, or how many jobs there are; mrkdwn."""
    if len(request.jobs) == 1:
        return labels.job_name_code(request, request.jobs[0].name)
    return f"*{len(request.jobs)} jobs*"


def names_of_several(request: Request) -> str:
    """The first of several jobs, and how many more there are; mrkdwn, empty for one job."""
    if len(request.jobs) == 1:
        return ""
    shown = ", ".join(labels.job_name_code(request, job.name) for job in request.jobs[:_NAMED_JOBS])
    return f"{shown}{and_more(len(request.jobs), _NAMED_JOBS)}"


def has_long_list(request: Request) -> bool:
    """Whether some job or database names did not fit the card: a button shows all of them."""
    most = _NAMED if len(request.jobs) <= _JOBS else _NAMED_IN_LINE
    return any(len(each) > most for each in request.databases.values()) or len(request.jobs) > _LINES


def changes(request: Request) -> list[Block]:
    """What an edit adds, removes and keeps, in the verb's words."""
    lines = [mrkdwn.format_own(line) for line in request.facts.changes]
    starter = request.facts.started_by
    if starter:
        by = mrkdwn.mention("@", starter) if starter != OUTSIDE else "somebody outside this bot"
        lines.append(f"*Started by*: {by}")
    return m.sections("\n".join(lines)) if lines else []


def named_databases(request: Request) -> list[Block]:
    """The databases, if the action is for some databases of a job only."""
    if len(request.jobs) > 1 or not (request.options.databases or request.options.failed_only):
        return []
    databases = request.databases.get(request.jobs[0].name, ())
    return m.sections(f"Only these: {labels.names(databases, _NAMED)}") if databases else []


def effect(request: Request) -> list[Block]:
    """What happens from now on, in the verb's words; a line that is the same for several jobs shows once."""
    text = request.facts.effect
    if not text.strip():
        return []
    return m.sections(mrkdwn.format_own("\n".join(dict.fromkeys(text.splitlines()))))


def offers_destination(request: Request) -> bool:
    """Whether the requester has yet to choose if the destination is deleted too; approvers see the choice."""
    if request.state is not RequestState.CONFIRMING:
        return False
    if request.action is not Action.DELETE or request.options.with_destination:
        return False
    return any(job.state != State.COMPLETED for job in request.jobs)


def _related(request: Request, others: RelatedRequests) -> list[Block]:
    """Who decides should know what else is open for the same jobs, as it may run first."""
    said = Counter(_related_request(request, each) for each in others.first)
    listed = [f"{text} ({count} requests)" if count > 1 else text for text, count in said.items()]
    if others.more:
        listed.append(f"and {others.more} more" if listed else count_of(others.more, "request"))
    return m.sections(f"👥 *Also open*: {'; '.join(listed)}.") if listed else []


def _related_request(request: Request, other: Request) -> str:
    """`delete orders-db by @sam, waiting for approvals`."""
    names = {job.name for job in request.jobs}
    shared = [job.name for job in other.jobs if job.name in names]
    rest = f" and {len(shared) - 1} more of these jobs" if len(shared) > 1 else ""
    among = f" ({labels.job_name_code(request, shared[0])}{rest} among them)" if len(other.jobs) > 1 else ""
    who = mrkdwn.mention("@", other.by.user)
    return f"*{mrkdwn.verbatim(subject(other))}*{among} by {who}, {STATE_TEXT[other.state]}"


def _jobs(request: Request, *, headed: bool) -> list[str]:
    """All jobs: a few in full, many with a line each. A single job is named above if it is `headed`."""
    headed = headed and len(request.jobs) == 1
    if len(request.jobs) <= _JOBS:
        return ["\n\n".join(_job(request, job, headed=headed) for job in request.jobs)]
    shown = [_job_line(request, job) for job in request.jobs[:_LINES]]
    more = rest_line(len(request.jobs), _LINES, "… and *{} more jobs*")
    return [f"All of them are {labels.status(request.jobs[0].status)}:", *shown, *more]


def _job(request: Request, job: Job, *, headed: bool) -> str:
    name = labels.display_name_beside(job)
    called = f"{'' if headed else labels.job_name_code(request, job.name)}{name}".strip()
    status = labels.requested_job_status(request, job)
    head = f"{labels.requested_job_emoji(request, job)} {f'{called} — ' if called else ''}{status}"
    ends = (
        f"{labels.location_text(job.source)} → {labels.location_text(job.destination)} "
        f"({mrkdwn.verbatim(job.project)}, *{mrkdwn.verbatim(job.location)}*)"
    )
    found = (_selection(request, job), _databases(request, job, _NAMED))
    return "\n".join(line for line in (head, ends, *found) if line)


def _job_line(request: Request, job: Job) -> str:
    name = f"{labels.requested_job_emoji(request, job)} {labels.job_code(job.name)}"
    line = f"{name} ({mrkdwn.verbatim(job.location)}) → {labels.location_text(job.destination)}"
    databases = _databases(request, job, _NAMED_IN_LINE)
    return mrkdwn.clip(f"{line}. {databases}" if databases else line, _MAX_LINE)


def _databases(request: Request, job: Job, most: int) -> str:
    databases, kind = request.databases.get(job.name, ()), display.kind_in(job)
    if databases:
        return f"{count_of(len(databases), kind)}: {labels.names(databases, most)}"
    if job.name in request.facts.none_affected:
        return f"The service lists no {kind}s that this affects."
    if request.action in DESTRUCTIVE:
        return f"Its {kind}s could not be listed: *all of them* are affected."
    return ""


def _selection(request: Request, job: Job) -> str:
    """Which databases of its source the job migrates, as far as the listed ones do not say it."""
    selection = request.facts.selections.get(job.name)
    if selection is None:
        return ""
    if selection == UNREAD and selection_matters(request.action):
        return (
            "Which databases it migrates *could not be read*; nothing is sent until somebody has seen them."
        )
    if selection in (UNREAD, ConfigSnapshot(Selection.ALL)):
        return ""
    if sorted(selection.chosen) == sorted(request.databases.get(job.name, ())):
        return ""
    return f"It migrates {mrkdwn.format_own(selection_text(selection))}"


def _losses(request: Request) -> list[Block]:
    """The warnings; for a deletion also whether the destination itself is deleted."""
    sign = "ℹ️" if request.action in HARMLESS else "⚠️"
    lines = [f"{sign} {mrkdwn.format_own(line)}" for line in request.warning if line.strip()]
    if request.action is Action.DELETE:
        lines.append(_destination(request))
    elif request.action in DESTRUCTIVE and not lines:
        lines.append("🚨 *This cannot be undone.*")
    return m.sections("\n".join(lines)) if lines else []


def _destination(request: Request) -> str:
    told = any(CLOUD_SQL_ONLY in line for line in request.warning)
    cloud_sql = all(job.destination.provider == "CLOUDSQL" for job in request.jobs)
    note = "" if told or cloud_sql else f" {_UNSURE}"
    if request.options.with_destination:
        note = " Check afterwards what is left." if told else note
        goes = _DESTINATION_GOES if len(request.jobs) == 1 else _DESTINATIONS_GO
        return f"{goes.format(f'{display.kind_in(*request.jobs)}s')}{note}"
    if offers_destination(request):
        return (
            "⚠️ *Delete job only*: the destination stays, with what was migrated.\n"
            "🚨 *Delete job and destination*: the destination is deleted with all its data. "
            f"This cannot be undone.{note}"
        )
    if all(job.state == State.COMPLETED for job in request.jobs):
        return "The destination itself *stays*, with its data."
    return "The destination itself *stays*, with what was migrated."
