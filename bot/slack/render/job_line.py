"""What a line, a row or a checkbox of a list says about its job; plain text."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from bot.cmdline.answers import JobLine
from bot.dms import display, source_writes
from bot.dms.model import Database, Job, ObjectState, Phase, State
from bot.dms.running_errors import any_failed
from bot.slack.render import labels, mrkdwn
from bot.util.durations import humanize
from bot.util.text import and_more, count_of

MAX_WRONG = 90
_STOPPED_IN_DUMP = "it cannot resume: restart or delete it"
"""Source: the rule `_RESUME` of `bot.dms.rules_of_replication`."""
_DATABASES = 2


def called(line: JobLine) -> str:
    return line.called or line.job.name.rpartition("/")[2]


def emoji(status: str, lines: Sequence[JobLine]) -> str:
    """That of the jobs of one status, as people see it: the worst of them decides."""
    return labels.worst_emoji(status, failed=any(any_failed(each.faulty_databases) for each in lines))


def where(line: JobLine) -> str:
    parts = line.job.name.split("/")
    return line.where or (parts[3] if len(parts) > 3 else "")


def seconds(line: JobLine) -> int:
    """How long the job has lasted; 0 if that is not known."""
    lasted = line.job.duration_s
    return int(lasted) if isfinite(lasted) and lasted > 0 else 0


def duration(line: JobLine) -> str:
    """`2 h 5 min`; empty if it is not known."""
    return humanize(seconds(line)) if seconds(line) else ""


def rough_duration(line: JobLine) -> str:
    """In the largest unit alone: `2 h`."""
    return " ".join(duration(line).split()[:2])


def doing(line: JobLine) -> str:
    """The bot's action in progress on it, for example `restarting`; empty if there is none."""
    return "" if line.run is None else labels.DOING[line.run.action].lower()


def what_is_wrong(line: JobLine) -> str:
    """What people have to do, which databases have errors, or the first line of the job's error; or empty."""
    if source_writes.waits_for_stop(line.job.status):
        return "stop them now"
    if line.job.status == f"{State.STOPPED}/{Phase.FULL_DUMP}":
        return _STOPPED_IN_DUMP
    if line.faulty_databases:
        return faulty(line)
    if line.job.error is None:
        return ""
    said = (row for row in line.job.error.message.splitlines() if row.strip())
    return mrkdwn.clip_plain(next(said, "failed without a reason"), MAX_WRONG)


def faulty(line: JobLine) -> str:
    """`3 databases with errors: billing, orders and 1 more`, those that failed alone if there are such; empty
    if there are none."""
    found, state = worst_databases(line.faulty_databases)
    if not found:
        return ""
    names = mrkdwn.clip_plain(", ".join(found[:_DATABASES]), MAX_WRONG)
    return f"{counted(line.job, len(found))} {state}: {names}{and_more(len(found), _DATABASES)}"


def counted(job: Job, count: int) -> str:
    """`3 databases`; `3 objects` of a job that loads tables, as the store does not keep what they are."""
    return count_of(count, display.kind_in(job))


def worst_databases(faulty: Sequence[Database]) -> tuple[list[str], str]:
    """Names of the databases that failed, else of those with errors, and what is wrong with them."""
    failed = [each for each in faulty if each.state == ObjectState.FAILED]
    return [str(each.id) for each in failed or faulty], "failed" if failed else "with errors"
