"""What the messages of a cutover share: names, times and the delay in a few words; mrkdwn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.cutover import states
from bot.cutover.evidence import written_at_source
from bot.cutover.wave import jobs_text, shown_name, stranded_jobs
from bot.cutover.wording import allowed_text
from bot.dms.drained import IN_A_ROW
from bot.slack.render import mrkdwn
from bot.store.cutover import CheckLine, CheckResult, Cutover, Mark, Sample
from bot.util.durations import bytes_text, humanize
from bot.util.text import and_more, besides_first, count_of
from bot.util.wall_time import zone_of

LINE = 40
"""Characters of a line on a phone."""
WHY = 78
"""Characters of a reason: two lines of a phone."""
_LATE = 1.0
"""Share of the longest downtime of the plan."""
_SOURCES_SHOWN = 3
_MENTION = re.compile(r"&lt;@([UW][A-Z0-9]+)&gt;")
_OF_PEOPLE = frozenset({"alone", "approvals", "commander", "do_not_disturb", "lock", "people"})
"""Guards whose texts are the bot's own."""


def headline(cutover: Cutover) -> str:
    """What it is, and of which jobs."""
    word = "🎭 Rehearsal" if cutover.rehearsal else "Cutover"
    return f"{word} of {mrkdwn.name(jobs_text(cutover))}"


def stranded_lines(cutover: Cutover) -> tuple[str, ...]:
    """What is lost and what may be missing where a job has lost its source; empty otherwise."""
    lost = stranded_jobs(cutover)
    if not lost:
        return ()
    mark = next(each for each in cutover.progress.jobs if each.stranded)
    which = f"{mrkdwn.code(shown_name(cutover, lost[0]))}{besides_first(len(lost))}"
    return (
        f"⚠️ {which}: {mrkdwn.verbatim(mark.text)}",
        _may_be_missing(cutover, [each for each in cutover.progress.samples if each.job in lost]),
        "Source lost? *Promote* what has arrived",
    )


def _may_be_missing(cutover: Cutover, samples: Sequence[Sample]) -> str:
    """The last known delay and when it was measured. If the writes were not stopped by then, what was
    written later may be missing, too."""
    if not samples:
        return "What may be missing is not known"
    last = max(samples, key=lambda each: (each.seconds or 0.0, each.bytes or 0.0))
    stopped = cutover.progress.stopped
    goes_on = stopped is None or last.at < stopped
    shown = [_count(last) if last.seconds else "", bytes_text(last.bytes) if last.bytes else ""]
    amount = " · ".join(filter(None, shown))
    if not amount:
        return f"{'May be missing: all since' if goes_on else 'Nothing was missing at'} {clock(last.at)}"
    return f"May be missing: {amount} ({clock(last.at)}){' and later' if goes_on else ''}"


def clock(at: datetime) -> str:
    """The time of day in the reader's zone."""
    return mrkdwn.date(at, "{time}")


def zone_and_utc(at: datetime, zone: str) -> str:
    """A planned time in the plan's zone and in UTC: `Sat 5 Dec 02:00 Berlin (01:00 UTC)`."""
    named = zone or "UTC"
    local = at.astimezone(zone_of(named))
    utc = "" if named == "UTC" else f" ({at.astimezone(UTC):%H:%M} UTC)"
    return f"{local:%a} {local.day} {local:%b %H:%M} {mrkdwn.verbatim(_city(named))}{utc}"


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


def clip_line(text: str, limit: int = LINE - 4) -> str:
    """Text from a person or the service, in a line of a phone."""
    return mrkdwn.verbatim(mrkdwn.clip_plain(text, limit))


def guard_text(line: CheckLine, limit: int = 0) -> str:
    """What a check found, after the name of its guard unless it begins with that, cut at `limit` characters.
    Only checks about people mention somebody (`<@U…>`): other texts may hold what the service says."""
    guard = line.guard.replace("_", " ")
    named = line.text.lower().startswith(f"{guard} ")  # a line on a phone has no room to say it twice
    shown = mrkdwn.format_own(line.text if named else f"{guard}: {line.text}")
    if line.guard in _OF_PEOPLE:
        shown = _MENTION.sub(r"<@\1>", shown)
    return mrkdwn.clip(shown, limit) if limit else shown


def worst(cutover: Cutover) -> Sample | None:
    """The sample that keeps it longest: the one with the fewest zeros, and of these the largest delay."""
    samples = cutover.progress.samples
    return min(
        samples, key=lambda each: (each.zeros, -(each.seconds or 0.0), -(each.bytes or 0.0)), default=None
    )


def delay_text(cutover: Cutover) -> str:
    """The replication delay of the database that is furthest behind, and how many samples count."""
    slowest = worst(cutover)
    if slowest is None:
        return f"No sample since {states.counts_from(cutover)} yet"
    behind = slowest.bytes is not None and (slowest.bytes or slowest.seconds is None)
    shown = [
        _count(slowest),
        bytes_text(slowest.bytes) if behind and slowest.bytes is not None else "",
    ]
    amount = " · ".join(filter(None, shown)) or "not known"
    count = f"{min(slowest.zeros, IN_A_ROW)} of {IN_A_ROW} {_enough(cutover, slowest)}"
    what = "left" if slowest.files else "delay"
    last = f"Last known {what}" if cutover.progress.not_measured else what.capitalize()
    return f"{last} {amount}{_whose(cutover, slowest)} · {count}"


def _count(sample: Sample) -> str:
    """Its seconds, or its files; empty where they are not known."""
    if sample.seconds is None:
        return ""
    return count_of(int(sample.seconds), "file") if sample.files else humanize(sample.seconds)


def why_text(cutover: Cutover) -> str:
    """Why what keeps it longest has not drained, where it takes more than time; empty otherwise."""
    slowest = worst(cutover)
    return "" if slowest is None or not slowest.why else f"⚠️ {clip_line(slowest.why, WHY)}"


def _enough(cutover: Cutover, slowest: Sample) -> str:
    """What a sample has to be, to count. One within the plan's limit that does not count has none: its engine
    waits for zero."""
    if cutover.rehearsal:
        return "measured"
    if not slowest.zeros and slowest.seconds and slowest.seconds <= cutover.plan.most_seconds:
        return "at zero"
    limit = allowed_text(cutover.plan)
    return f"within {limit}" if limit else "at zero"


def limit_text(cutover: Cutover) -> str:
    """Where the plan lets changes be missing: how many; empty otherwise."""
    limit = allowed_text(cutover.plan)
    return f"⚠️ Promotes with up to {limit} missing" if limit else ""


def source_text(cutover: Cutover) -> str:
    """How many rows were written on the source after the stop, by database; empty where none were counted."""
    late = written_at_source(cutover)
    times = [each.source_last for each in late if each.source_last is not None]
    if not late or not times:
        return ""
    several = len(cutover.plan.jobs) > 1
    named = [
        f"{each.source_rows:,} in {mrkdwn.code(_database(cutover, each, several=several))}"
        for each in late[:_SOURCES_SHOWN]
    ]
    rows = ", ".join(named) + and_more(len(late), _SOURCES_SHOWN)
    return (
        f"⚠️ Rows written at the source since {states.counts_from(cutover)}: {rows} (last {clock(max(times))})"
    )


def _database(cutover: Cutover, sample: Sample, *, several: bool) -> str:
    name = f"{shown_name(cutover, sample.job)}/{sample.database}" if several else sample.database
    return name or shown_name(cutover, sample.job)


def _whose(cutover: Cutover, sample: Sample) -> str:
    """Names the database where there are several, unless none is behind."""
    if len(cutover.progress.samples) < 2 or not (sample.seconds or sample.bytes):
        return ""
    several = len(cutover.plan.jobs) > 1
    return f" ({clip_line(_database(cutover, sample, several=several), 20)})"


def number_of(cutover: Cutover, mark: Mark) -> int:
    """The number of jobs with this mark."""
    return sum(each.mark is mark for each in cutover.progress.jobs)


def marked_text(cutover: Cutover, mark: Mark, word: str) -> str:
    """How many of several jobs have this mark, for example `2 of 3 jobs drained`; empty for one job."""
    jobs = len(cutover.plan.jobs)
    return f"{number_of(cutover, mark)} of {jobs} jobs {word}" if jobs > 1 else ""


def drained_jobs_text(cutover: Cutover) -> str:
    """How many of several jobs have drained, after those that have been promoted already."""
    if not number_of(cutover, Mark.PROMOTED):
        return marked_text(cutover, Mark.DRAINED, "drained")
    gone = marked_text(cutover, Mark.PROMOTED, "promoted")
    return f"{gone} · {number_of(cutover, Mark.DRAINED)} drained"


def left_out_text(cutover: Cutover) -> str:
    """How many jobs people went on without; empty for none."""
    count = number_of(cutover, Mark.LEFT_OUT)
    return f"⚠️ {count} of {len(cutover.plan.jobs)} jobs left out: not promoted" if count else ""


def checks_text(cutover: Cutover) -> str:
    """The checks in a line: what objects is named, and what was not checked is never counted as a go."""
    progress = cutover.progress
    if not progress.checks:
        return "Checks: not run yet"
    against = states.objections(cutover)
    if against:
        return f"⛔ {guard_text(against[0], LINE - 4)}{besides_first(len(against))}"
    counts = [
        (CheckResult.GO, "go", ""),
        (CheckResult.WARN, "warned", "⚠️ "),
        (CheckResult.NOT_CHECKED, "not checked", "❔ "),
    ]
    parts = [
        f"{sign}{count} {word}"
        for result, word, sign in counts
        if (count := sum(each.result is result for each in progress.checks))
    ]
    if progress.overrides:
        parts.append(f"{len({each.guard for each in progress.overrides})} overridden")
    return f"Checks: {' · '.join(parts)}"


def downtime_text(cutover: Cutover, now: datetime) -> str:
    """The clock of the night: how long the applications cannot write, of the longest time planned."""
    span = states.downtime(cutover, now)
    if span is None:
        return ""
    longest = timedelta(seconds=cutover.plan.budget_s)
    share = span / longest if longest else _LATE
    sign = "🔴 " if share >= _LATE else "⚠️ " if share >= states.BUDGET_WARNS else ""
    word = "Rehearsed downtime" if cutover.rehearsal else "Downtime"
    return f"{sign}{word} {humanize(span)} of {humanize(longest)}"
