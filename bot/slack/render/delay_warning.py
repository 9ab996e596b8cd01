"""The replication delay and unsupported changes on the card of a promote, with red warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.dms.delay import MeasuredDelay
from bot.dms.unsupported import UnsupportedEvents
from bot.requests.backup_files import backups_text
from bot.requests.delay import amounts, leaves_out, unmeasured, why_unknown
from bot.requests.unsupported import unsupported_text
from bot.slack.render import mrkdwn
from bot.slack.render.labels import job_name_code
from bot.store.records import Request
from bot.util.durations import bytes_text, humanize
from bot.util.text import count_of, first_few

_MAX_JOBS = 10
"""Up to so many jobs have a line each; more are grouped."""
_MAX_NAMES = 25
_ONLY_WITH = "Confirm only with a figure measured after the writes to the source stopped."
_MAKE_SURE = "Make sure that everything has arrived before you promote."
_BYTES_LEFT = (
    "⚠️ Its bytes are above zero: seconds decide, and on an idle PostgreSQL source some remain; make sure "
    "that the writes have stopped."
)


def delay_lines(request: Request) -> list[str]:
    """A line for each job, or for groups of many jobs; mrkdwn. None if no delay was looked up."""
    found = request.facts.delays
    if len(found) > _MAX_JOBS:
        return _grouped(request, found)
    several, later = len(found) > 1, request.facts.due is not None
    lines = []
    for name, seen in found.items():
        job = f"{job_name_code(request, name)}: " if several else ""
        lines += [_line(seen, job, later=later), *_backups(seen, job), *_unsupported(seen, job)]
    return lines


def short_delay(request: Request) -> str:
    """The delay in a few words, red unless all is known to have arrived; mrkdwn, empty if none was read."""
    found = list(request.facts.delays.values())
    if not found:
        return ""
    parts = [_short_one(found[0]) if len(found) == 1 else _short_of_many(found)]
    counted = [each.unsupported for each in found if each.unsupported is not None]
    missing = sum(each.total or 0 for each in counted)
    if missing:
        parts.append(f":rotating_light: *{count_of(missing, 'unsupported change')}*")
    elif any(each.may_miss for each in counted):
        parts.append(":rotating_light: *Unsupported changes not known*")
    left = [each.backups.bytes for each in found if each.backups is not None]
    if any(each is not None and each.value > 0 for each in left):
        parts.append(":rotating_light: *Backup files not restored yet*")
    elif None in left:
        parts.append(":rotating_light: *Whether backup files are left is not known*")
    return " · ".join(parts)


def _short_one(seen: MeasuredDelay) -> str:
    if seen.seconds is not None and (seen.is_zero or seen.is_behind):
        size = f" · {bytes_text(seen.bytes.value)}" if seen.bytes is not None else ""
        amount = f"{humanize(seen.seconds.value)}{size}"
        measured = f"(measured {mrkdwn.date(seen.seconds.time, '{ago}')})"
        if seen.is_zero:
            return f"Delay {amount} {measured}"
        if seen.has_no_zero:
            return (
                f"Restore delay {amount} {measured} · :rotating_light: *Changes in no backup file are lost*"
            )
        return f":rotating_light: *Delay NOT ZERO: {amount}* {measured}, lost if promoted now"
    if seen.standing:
        return ":rotating_light: *Delay not measured*"
    return ":rotating_light: *Delay not known*"


def _short_of_many(found: Sequence[MeasuredDelay]) -> str:
    files = [each for each in found if each.has_no_zero]
    others = [each for each in found if each not in files]
    late = [each.seconds.value for each in others if each.is_behind and each.seconds is not None]
    unknown = sum(not each.is_zero and not each.is_behind for each in others)
    if not late and not unknown and not files:
        return f"Delay 0 s for all {len(found)} jobs"
    parts = []
    if files:
        parts.append(f"*Changes in no backup file are lost for {len(files)} of {len(found)} jobs*")
    if late:
        parts.append(f"*Delay NOT ZERO for {len(late)} of {len(found)} jobs*, up to {humanize(max(late))}")
    if unknown:
        parts.append(f"*Delay not known for {unknown} of {len(found)} jobs*")
    return f":rotating_light: {' · '.join(parts)}"


def _backups(seen: MeasuredDelay, job: str) -> list[str]:
    """What is left to restore, for SQL Server."""
    found = seen.backups
    if found is None:
        return []
    sign = "ℹ️" if found.bytes is not None and found.bytes.value == 0 else ":rotating_light:"
    return [f"{sign} {job}{mrkdwn.rich_text(backups_text(found))}"]


def _unsupported(seen: MeasuredDelay, job: str) -> list[str]:
    """What the destination may lack whatever the delay."""
    found = seen.unsupported
    if found is None:
        return []
    sign = ":rotating_light:" if found.may_miss else "ℹ️"
    more = " Compare these tables before you rely on the destination." if found.total else ""
    return [f"{sign} {job}{mrkdwn.rich_text(unsupported_text(found))}{more}"]


def _grouped(request: Request, found: Mapping[str, MeasuredDelay]) -> list[str]:
    """For many jobs: a line each for those behind, not measured, not known, and at zero."""
    zero = {name: seen for name, seen in found.items() if seen.is_zero}
    files = {name: seen for name, seen in found.items() if seen.has_no_zero}
    late = {name: seen for name, seen in found.items() if seen.is_behind and name not in files}
    still = {name: seen for name, seen in found.items() if seen.last is not None and seen.standing}
    later = request.facts.due is not None
    only, sure = ("", "") if later else (f" {_ONLY_WITH}", f" {_MAKE_SURE}")
    unknown = [name for name in found if not any(name in each for each in (late, zero, still, files))]
    lines = []
    if files:
        restored = [f"{job_name_code(request, name)} {_amounts(seen)}" for name, seen in files.items()]
        lines.append(
            f"ℹ️ *Restore delay of {count_of(len(files), 'job')}*: {first_few(restored, _MAX_NAMES)}. "
            "There is no zero to wait for: changes in no backup file are not counted."
        )
    if late:
        behind = [f"{job_name_code(request, name)} {_amounts(seen)}" for name, seen in late.items()]
        lines.append(
            f":rotating_light: *The replication delay is NOT ZERO for {count_of(len(late), 'job')}*: "
            f"{first_few(behind, _MAX_NAMES)}."
        )
    if still:
        since = [_since(request, *each) for each in still.items()]
        lines.append(
            f":rotating_light: *The replication delay is not measured for {count_of(len(still), 'job')}* "
            "that failed or stopped. The destinations may miss what the sources got since: "
            f"{first_few(since, _MAX_NAMES)}."
        )
    if unknown:
        codes = [job_name_code(request, name) for name in unknown]
        lines.append(
            ":rotating_light: *The replication delay is not known for "
            f"{count_of(len(unknown), 'job')}*: {first_few(codes, _MAX_NAMES)}.{sure}"
        )
    if zero:
        oldest = min(seen.seconds.time for seen in zero.values() if seen.seconds)
        some = "" if not any(map(_has_bytes, zero.values())) else f" {_BYTES_LEFT}"
        lines.append(
            f"✅ *Replication delay: 0 s for {count_of(len(zero), 'job')}* "
            f"(measured {mrkdwn.date(oldest)} or later).{only}{some}"
        )
    return [*lines, *_grouped_backups(request, found), *_grouped_unsupported(request, found)]


def _grouped_backups(request: Request, found: Mapping[str, MeasuredDelay]) -> list[str]:
    """The jobs of SQL Server that are not known to have restored everything."""
    backups = {name: seen.backups for name, seen in found.items() if seen.backups is not None}
    left = [
        f"{job_name_code(request, name)} {bytes_text(each.bytes.value) if each.bytes else 'not known'}"
        for name, each in backups.items()
        if each.bytes is None or each.bytes.value > 0
    ]
    if not left:
        return []
    return [
        ":rotating_light: *Backup files not restored yet, or not known to be*: "
        f"{first_few(left, _MAX_NAMES)}."
    ]


def _grouped_unsupported(request: Request, found: Mapping[str, MeasuredDelay]) -> list[str]:
    counts = {name: seen.unsupported for name, seen in found.items() if seen.unsupported is not None}
    missing = [f"{job_name_code(request, n)} {each.total:,}" for n, each in counts.items() if each.total]
    unread = [job_name_code(request, n) for n, each in counts.items() if each.total is None and each.note]
    uncounted = [job_name_code(request, n) for n, each in counts.items() if each == UnsupportedEvents()]
    lines = []
    if missing:
        lines.append(
            f":rotating_light: *Changes were not supported in {count_of(len(missing), 'job')}* and may be "
            f"missing on the destinations: {first_few(missing, _MAX_NAMES)}."
        )
    if unread:
        lines.append(
            f":rotating_light: *Whether changes were not supported is not known for "
            f"{count_of(len(unread), 'job')}*: {first_few(unread, _MAX_NAMES)}."
        )
    if uncounted:
        lines.append(
            "ℹ️ Unsupported changes: Cloud Monitoring has no count for "
            f"{count_of(len(uncounted), 'job')}: {first_few(uncounted, _MAX_NAMES)}."
        )
    return lines


def _since(request: Request, name: str, seen: MeasuredDelay) -> str:
    """Since when the destination may miss data, with the last known delay; mrkdwn."""
    if seen.since is None or seen.last is None:
        return job_name_code(request, name)
    delay = humanize(seen.last.value)
    return f"{job_name_code(request, name)} {mrkdwn.date(seen.since)} (last known delay {delay})"


def _line(seen: MeasuredDelay, job: str, *, later: bool) -> str:
    """What is lost by a promote, the verb's own warning says. `later`: it is measured again before that."""
    if seen.is_zero:
        some = f" {_BYTES_LEFT}" if _has_bytes(seen) else ""
        only = "" if later else f" {_ONLY_WITH}"
        return f"✅ {job}{_amounts(seen, '*Replication delay: {}*')}.{only}{some}"
    if seen.has_no_zero:
        shown = _amounts(seen, "*Restore delay: {}*")
        return f"ℹ️ {job}{shown}. There is no zero to wait for: {mrkdwn.verbatim(seen.partial)}."
    if seen.is_behind:
        return (
            f":rotating_light: {job}{_amounts(seen, '*The replication delay is NOT ZERO: {}*')}"
            f"{mrkdwn.rich_text(leaves_out(seen))}."
        )
    if seen.standing:
        return f":rotating_light: {job}{mrkdwn.rich_text(unmeasured(seen))}"
    why = mrkdwn.rich_text(why_unknown(seen))
    sure = "" if later else f" {_MAKE_SURE}"
    return f":rotating_light: {job}*The replication delay is not known*{why}.{sure}"


def _amounts(seen: MeasuredDelay, form: str = "{}") -> str:
    """The figures put into `form`, and when they were measured; mrkdwn."""
    first, *rest = amounts(seen)
    return mrkdwn.rich_text((form.format(first), *rest))


def _has_bytes(seen: MeasuredDelay) -> bool:
    return seen.bytes is not None and seen.bytes.value > 0
