"""`/dms show`: all about one job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import JobCard, RichPart, Time
from bot.dms import display
from bot.dms.delay import MeasuredDelay
from bot.dms.likely_causes import LikelyCause, docs_url, likely_cause
from bot.dms.model import Database, Job, JobType, ObjectState
from bot.dms.rest_fields import RestFields
from bot.dms.rules import Action, allowed
from bot.dms.running_errors import is_faulty, runs_with_errors, shown_status
from bot.requests.backup_files import backups_text
from bot.requests.delay import amounts, leaves_out, unmeasured, why_unknown
from bot.requests.unsupported import unsupported_text
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.dump import dump_text
from bot.slack.render.message import Message
from bot.util.durations import humanize
from bot.util.text import and_more, count_of, rest_line

_NAMED = 15
_FAULTY_NAMED = 8
_ERROR = 1200
_LABELS = 20
_KINDS: dict[str, str] = {
    JobType.ONE_TIME: "one-time migration",
    JobType.CONTINUOUS: "continuous migration",
}


def job_card(card: JobCard) -> Message:
    """State and phase first, then errors, then everything else."""
    job, with_errors = card.job, runs_with_errors(card.job, card.databases or ())
    emoji = labels.job_emoji(job, with_errors=with_errors)
    blocks: list[Block] = [m.header(f"{emoji} {job.display_name or job.id}")]
    blocks.append(m.section(_state(card, with_errors)))
    blocks.extend(m.fields(_facts(card)))
    for part in (*_beside_the_delay(card.delay), *_troubles(card), *_databases(card)):
        blocks.extend(m.sections(part) if part else [])
    if card.next_step:
        blocks.extend(m.sections(f"👉 *Next*: {mrkdwn.format_own(card.next_step)}"))
    blocks.extend(m.buttons(card.buttons))
    blocks.extend(m.context(*_small_print(card)))
    return m.message(_summary(job, with_errors), blocks)


def error_text(job: Job) -> str:
    """The job's error, its likely cause, and a link to the docs; mrkdwn, empty without an error."""
    if job.error is None:
        return ""
    shown = mrkdwn.clip(mrkdwn.verbatim(job.error.message or "The service gave no reason."), _ERROR)
    return f"🔴 *Error*: {shown}\n{cause_text(likely_cause(job.error, job), job)}"


def cause_text(cause: LikelyCause | None, job: Job | None) -> str:
    """The likely cause with its docs page; without one, the page of known errors; mrkdwn."""
    if cause is None:
        return f"{mrkdwn.link(docs_url(job), 'Known errors and what helps')}"
    sure = "*Likely cause*" if cause.documented else "*Likely cause* (the docs do not list it)"
    return f"{sure}: {mrkdwn.format_own(cause.text)} {mrkdwn.link(cause.url, 'Docs')}"


def databases_text(databases: Sequence[Database]) -> str:
    """Counts by state, the databases with errors, and the first other names; mrkdwn."""
    if not databases:
        return "*Databases*: none listed yet"
    counts = Counter(each.state for each in databases)
    shown = ", ".join(
        f"{labels.object_emoji(state)} {labels.counted(count, state)}"
        for state, count in counts.most_common(12)
    )
    lines = [f"*{count_of(len(databases), 'database')}*: {shown}"]
    faulty = sorted(filter(is_faulty, databases), key=lambda each: each.state != ObjectState.FAILED)
    lines.extend(faulty_line(each) for each in faulty[:_FAULTY_NAMED])
    lines.extend(rest_line(len(faulty), _FAULTY_NAMED, "… and {} more with errors"))
    healthy = [str(each.id) for each in databases if not is_faulty(each)]
    if healthy:
        lines.append(labels.names(healthy, _NAMED))
    return "\n".join(lines)


def faulty_line(database: Database) -> str:
    """A database that failed or has an error, with the reason; mrkdwn."""
    reason = " ".join(database.error.message.split()) if database.error else "no reason given"
    name = f"{labels.database_emoji(database)} {mrkdwn.code(str(database.id))}"
    return f"{name}: {mrkdwn.clip(mrkdwn.verbatim(reason), 300)}"


def delay_text(seen: MeasuredDelay, *, promotable: bool) -> str:
    """The replication delay and how long ago it was measured, or why it is not known; mrkdwn."""
    if seen.is_zero:
        return f"✅ {_aged(amounts(seen))}"
    if seen.is_behind:
        risk = " — promoting now loses data" if promotable else ""
        return f"⚠️ {_aged(amounts(seen))}, *not zero*{risk}{_aged(leaves_out(seen))}"
    if seen.standing:
        return f"⚠️ {mrkdwn.rich_text(unmeasured(seen))}"
    return f"⚠️ *not known*{_aged(why_unknown(seen))}"


def _aged(parts: Sequence[RichPart]) -> str:
    """Rich text with times as ages (`{ago}`), which Slack keeps up to date; mrkdwn."""
    return "".join(
        mrkdwn.date(each.at, "{ago}") if isinstance(each, Time) else mrkdwn.rich_text((each,))
        for each in parts
    )


def _summary(job: Job, with_errors: bool) -> str:
    status = mrkdwn.verbatim(display.status_text(shown_status(job, with_errors=with_errors)))
    return f"{labels.job_emoji(job, with_errors=with_errors)} {labels.job_code(job.name)} is {status}"


def _state(card: JobCard, with_errors: bool) -> str:
    job = card.job
    where = [f"*{mrkdwn.verbatim(card.where)}*"] if card.where else []
    about = " · ".join([labels.job_code(job.name), *where, _kind(job), *_purpose(job)])
    return f"{labels.job_status(job, with_errors=with_errors)}\n{about}"


def _purpose(job: Job) -> list[str]:
    """What only REST tells of the job, as far as it was read."""
    rest = job.rest or RestFields()
    of = f" of {labels.job_code(rest.original)}" if rest.original else ""
    known = {
        f"*failback job*{of}": rest.failback,
        "*promotes by itself* when ready": rest.promotes_when_ready,
        "quick start, without pglogical": rest.native_logical,
    }
    return [text for text, applies in known.items() if applies]


def _kind(job: Job) -> str:
    return _KINDS.get(job.type, "type not known")


def _facts(card: JobCard) -> list[str]:
    job = card.job
    found = [
        f"*Source*\n{labels.location_text(job.source)}",
        f"*Destination*\n{labels.location_text(job.destination)}",
    ]
    if job.duration_s > 0:
        found.append(f"*Duration*\n{humanize(job.duration_s)}")
    if card.delay is not None:
        shown = delay_text(card.delay, promotable=Action.PROMOTE in allowed(job))
        found.append(f"*Replication delay*\n{shown}")
    if card.dump is not None:
        found.append(f"*Full dump*\n{dump_text(card.dump)}")
    if job.parallelism:
        found.append(f"*Dump parallelism*\n{mrkdwn.verbatim(job.parallelism)}")
    if job.labels:
        found.append(f"*Labels*\n{_labels(job)}")
    return found


def _beside_the_delay(seen: MeasuredDelay | None) -> list[str]:
    """What the destination may lack whatever the delay: sentences that are too long for a field."""
    if seen is None:
        return []
    found = []
    if seen.backups is not None:
        done = seen.backups.bytes is not None and seen.backups.bytes.value == 0
        found.append(f"{'' if done else '⚠️ '}{_aged(backups_text(seen.backups))}")
    if seen.unsupported is not None:
        sign = "⚠️ " if seen.unsupported.may_miss else ""
        found.append(f"{sign}{_aged(unsupported_text(seen.unsupported))}")
    return ["\n".join(found)] if found else []


def _labels(job: Job) -> str:
    shown = [mrkdwn.code(f"{key}={value}" if value else key) for key, value in job.labels[:_LABELS]]
    return " ".join(shown) + and_more(len(job.labels), _LABELS)


def _troubles(card: JobCard) -> list[str]:
    found = [error_text(card.job), labels.failed_run_text(card.failed_run) if card.failed_run else ""]
    if card.frozen:
        found.append(f"❄️ *Frozen, no changes now*: {mrkdwn.rich_text(card.frozen)}")
    found.append(labels.in_progress_text(card.run, card.operation))
    return [part for part in found if part]


def _databases(card: JobCard) -> list[str]:
    if card.databases is None:
        why = card.databases_note or "the service did not answer"
        when = f" at {mrkdwn.date(card.read_at, '{time}')}" if card.read_at else ""
        return [f"⚠️ *Databases could not be listed{when}*: {mrkdwn.verbatim(why)}"]
    note = [mrkdwn.verbatim(card.databases_note)] if card.databases_note else []
    return [databases_text(card.databases), *note]


def _small_print(card: JobCard) -> list[str]:
    job = card.job
    parts = [
        mrkdwn.link(card.console_url, "Open in the console"),
        f"{mrkdwn.verbatim(job.project)} / {mrkdwn.verbatim(job.location)}",
    ]
    if job.created:
        parts.append(f"created {mrkdwn.date(job.created)}")
    if job.end_time:
        parts.append(f"ended {mrkdwn.date(job.end_time)}")
    if card.read_at:
        parts.append(f"read {mrkdwn.date(card.read_at)}")
    return [" · ".join(parts), *_unknown(card), *_withheld(card)]


def _unknown(card: JobCard) -> list[str]:
    """What could not be read for the card, and when that was tried."""
    if not card.unknown:
        return []
    when = f" at {mrkdwn.date(card.read_at, '{time}')}" if card.read_at else ""
    return [f"⚠️ *Not known{when}*: {'; '.join(map(mrkdwn.rich_text, card.unknown))}"]


def _withheld(card: JobCard) -> list[str]:
    if not card.withheld:
        return []
    what = ", ".join(f"*{action}*" for action in card.withheld)
    to_type = mrkdwn.to_type(f"policy {card.called or card.job.id}")
    return [f"Not offered to you: {what}; {to_type} says who may"]
