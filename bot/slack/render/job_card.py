"""`/dms show`: all about one job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import JobCard, RichPart, Time
from bot.dms import display
from bot.dms.delay import MeasuredDelay
from bot.dms.likely_causes import LikelyCause, docs_url, likely_cause
from bot.dms.model import Database, Fault, Job, JobType, ObjectState, Phase, State
from bot.dms.rest_fields import RestFields
from bot.dms.rules import Action, allowed
from bot.dms.running_errors import is_faulty
from bot.requests.backup_files import backups_text
from bot.requests.delay import amounts, leaves_out, unmeasured, why_unknown
from bot.requests.unsupported import unsupported_text
from bot.slack.render import job_title, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.dump import dump_text
from bot.slack.render.gauge import gauge
from bot.slack.render.message import Message
from bot.util.durations import age, humanize
from bot.util.text import and_more, rest_line

_NAMED = 15
_FAULTY_NAMED = 8
_SLIM_ERRORS, _SLIM_NAMES = 1, 5
"""Errors of databases that a slim card shows, and databases that it names: its title counts them all."""
_ERROR = 1200
_SLIM_ERROR = 160
_LABELS = 20
_KINDS: dict[str, str] = {
    JobType.ONE_TIME: "one-time migration",
    JobType.CONTINUOUS: "continuous migration",
}


def job_card(card: JobCard) -> Message:
    """What is it, how bad is it, what to do now; or, for the modal behind *More…*, all that is known."""
    blocks = _slim(card) if card.more is None else _whole(card)
    return m.message(job_title.in_words(card.job, card.databases or ()), blocks)


def _slim(card: JobCard) -> list[Block]:
    job, databases = card.job, card.databases or ()
    lines = [job_title.job_title(job, databases), _about(card), _now(card)]
    blocks: list[Block] = m.sections("\n".join(filter(None, lines)))
    troubles = [*_missing_beside_the_delay(card.delay), *_wrong(card), *_troubles(card)]
    for part in troubles:
        blocks.extend(m.sections(part) if part else [])
    if card.next_step and not _is_well(card) and not _has_known_cause(card):
        blocks.extend(m.sections(f"👉 {mrkdwn.format_own(card.next_step)}"))
    blocks.extend(m.buttons(card.buttons, menu=card.menu))
    blocks.extend(m.context(*_unknown(card)))
    return blocks


def _is_well(card: JobCard) -> bool:
    """Whether nothing has to be done with the job: it replicates, all its databases do, nothing is frozen."""
    running = card.job.state == State.RUNNING and card.job.phase in (Phase.CDC, Phase.FULL_DUMP)
    return running and not job_title.databases_trouble(card.databases or ()) and card.job.error is None


def _about(card: JobCard) -> str:
    """Engines, destination, place, kind if it is a special one, and age."""
    job = card.job
    kind = [_kind(job)] if job.type != JobType.CONTINUOUS else []
    old = [age(card.read_at - job.create_time)] if job.created and card.read_at else []
    console = mrkdwn.link(card.console_url, "Console")
    return " · ".join([job_title.ends(job, card.where), *kind, *_purpose(job), *old, console])


def _now(card: JobCard) -> str:
    """The delay or the dump with the time of its measurement, and the databases if all of them are alike."""
    parts = []
    if card.delay is not None:
        parts.append(_slim_delay(card.delay))
    if card.dump is not None:
        shown = f"{gauge(card.dump.percent.value)} " if card.dump.percent else ""
        begun = f" · began {mrkdwn.date(card.since, '{ago}')}" if card.since else ""
        parts.append(f"Full dump {shown}{dump_text(card.dump)}{begun}")
    if card.job.end_time and card.job.state == State.COMPLETED:
        parts.append(f"Ended {mrkdwn.date(card.job.end_time)}")
    told = job_title.databases_trouble(card.databases or ())
    parts.append("" if told else _counts_text(card.databases or ()))
    return " · ".join(filter(None, parts))


def _slim_delay(seen: MeasuredDelay) -> str:
    if seen.is_zero or seen.is_behind:
        return f"Delay {_aged(amounts(seen))}{_aged(leaves_out(seen))}"
    if seen.standing:
        return f"⚠️ {mrkdwn.rich_text(unmeasured(seen))}"
    return f"⚠️ Delay *not known*{_aged(why_unknown(seen))}"


def _counts_text(databases: Sequence[Database]) -> str:
    """`6 databases, all running`, or their number by state, of those that are migrated; empty for none."""
    databases = [each for each in databases if each.state != ObjectState.NOT_SELECTED]
    counts = Counter(each.state for each in databases)
    if not counts:
        return ""
    if len(counts) == 1:
        state = labels.counted(0, next(iter(counts))).partition(" ")[2]
        all_of = "all " if len(databases) > 1 else ""
        return f"{display.counted_objects(len(databases), databases)}, {all_of}{state}"
    shown = ", ".join(labels.counted(count, state) for state, count in counts.most_common(6))
    return f"{display.counted_objects(len(databases), databases)}: {shown}"


def _wrong(card: JobCard) -> list[str]:
    """Each error once, of the job or of its databases, with its likely cause; or why it is not known."""
    faults = _faults_of_job(card.job, card.databases or ())
    found = [_with_cause(f"❗ {_shown(fault)}", fault, card.job) for fault in faults]
    if card.databases is None:
        return [*found, *_databases(card)]
    said = set(map(_shown, faults))
    of_databases: dict[str, list[Database]] = {}
    for each in _faulty(card.databases):
        of_databases.setdefault(_shown(each.error), []).append(each)
    others = [group for text, group in of_databases.items() if text not in said]
    for group in others[:_SLIM_ERRORS]:
        names = labels.names([str(each.id) for each in group], _SLIM_NAMES)
        fault = group[0].error
        found.append(_with_cause(f"❗ {names}: {_shown(fault)}", fault, card.job))
    found.extend(rest_line(len(others), _SLIM_ERRORS, "… and {} more errors: *Databases*"))
    return [*found, mrkdwn.verbatim(card.databases_note)]


def _faults_of_job(job: Job, databases: Sequence[Database] = ()) -> list[Fault]:
    """Its error; one without words if it failed and neither it nor its databases have one.

    REST `MigrationJob.error` is optional, of a failed job, too.
    """
    if job.error is not None:
        return [job.error]
    return [Fault(0, "")] if job.state == State.FAILED and not _faulty(databases) else []


def _shown(fault: Fault | None) -> str:
    text = " ".join(fault.message.split()) if fault else ""
    return mrkdwn.clip(mrkdwn.verbatim(text or "The service gave no reason."), _SLIM_ERROR)


def _with_cause(line: str, fault: Fault | None, job: Job) -> str:
    cause = likely_cause(fault, job) if fault else None
    return f"{line}\n{cause_text(cause, job)}"


def _has_known_cause(card: JobCard) -> bool:
    """Whether each error is shown with its cause, which says what to do."""
    databases = card.databases or ()
    faults = [*_faults_of_job(card.job, databases), *(each.error for each in _faulty(databases))]
    return bool(faults) and all(each is not None and likely_cause(each, card.job) for each in faults)


def _whole(card: JobCard) -> list[Block]:
    """All that is known, and each action with what it does."""
    job = card.job
    about = " · ".join([_kind(job), *_purpose(job), mrkdwn.verbatim(card.where or job.location)])
    blocks: list[Block] = m.sections(f"{job_title.job_title(job, card.databases or ())}\n{about}")
    for section in card.more or ():
        blocks.append(m.section(mrkdwn.rich_text(section.text), m.button(section.buttons[0])))
    blocks.extend(m.context(*_withheld(card)))
    blocks.append(m.divider())
    blocks.extend(m.fields(_facts(card)))
    for part in (
        *_beside_the_delay(card.delay),
        *[_error_text(each, job) for each in _faults_of_job(job, card.databases or ())],
        *_troubles(card, whole=True),
        *_databases(card),
    ):
        blocks.extend(m.sections(part) if part else [])
    if card.next_step:
        blocks.extend(m.sections(f"👉 *Next*: {mrkdwn.format_own(card.next_step)}"))
    blocks.extend(m.context(*_small_print(card)))
    return blocks


def _faulty(databases: Sequence[Database]) -> list[Database]:
    """Those that failed before those with errors."""
    return sorted(filter(is_faulty, databases), key=lambda each: each.state != ObjectState.FAILED)


def error_text(job: Job) -> str:
    """The job's error, its likely cause, and a link to the docs; mrkdwn, empty without an error."""
    return _error_text(job.error, job) if job.error is not None else ""


def _error_text(fault: Fault, job: Job) -> str:
    shown = mrkdwn.clip(mrkdwn.verbatim(fault.message or "The service gave no reason."), _ERROR)
    return f"❗ {shown}\n{cause_text(likely_cause(fault, job), job)}"


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
    lines = [f"*{display.counted_objects(len(databases), databases)}*: {shown}"]
    faulty = _faulty(databases)
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
    if seen.has_no_zero:
        return f"{_aged(amounts(seen))}, to restore a backup file; there is no zero to wait for"
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


def _purpose(job: Job) -> list[str]:
    """What only REST tells of the job, as far as it was read."""
    rest = job.rest or RestFields()
    of = f" of {labels.job_code(rest.original)}" if rest.original else ""
    known = {
        f"*failback job*{of}": rest.failback,
        "*promotes by itself* when ready": rest.promotes_when_ready,
        "through an availability group": rest.availability_group,
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


def _missing_beside_the_delay(seen: MeasuredDelay | None) -> list[str]:
    """What the destination lacks, or may lack, whatever the delay; the rest is in the modal."""
    return [line for part in _beside_the_delay(seen) for line in part.split("\n") if line.startswith("⚠️")]


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


def _troubles(card: JobCard, *, whole: bool = False) -> list[str]:
    found = [labels.failed_run_text(card.failed_run) if card.failed_run else ""]
    if card.frozen:
        found.append(f"❄️ *Frozen, no changes now*: {mrkdwn.rich_text(card.frozen)}")
    found.append(labels.in_progress_text(card.run, card.operation, whole=whole))
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
    return [" · ".join(parts), *_unknown(card)]


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
