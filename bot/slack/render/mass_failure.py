"""The message of a mass failure, grouped by error and cause, and the list of its jobs in the thread."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.dms.known_errors import find
from bot.dms.likely_causes import likely_cause
from bot.dms.model import Job, short_name
from bot.policy.subscriptions import is_failure
from bot.requests.job_names import JobNamer
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.job_card import cause_text
from bot.slack.render.message import Message
from bot.store.records import Event
from bot.util.command import COMMAND
from bot.util.text import count_of, rest_line

_GROUPS = 8
_LISTED = 60
_MAX_ERROR = 200
_NO_REASON = "the service gave no reason"
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job of a mass failure: the event that reported it, the job now, and whether that is over."""

    event: Event
    job: Job | None
    """None if it was deleted."""
    over: bool

    @property
    def error(self) -> str:
        """The first line of the error."""
        text = self.event.detail or (self.job.error.message if self.job and self.job.error else "")
        return next((line.strip() for line in text.splitlines() if line.strip()), "")


def mass_failure(failed: Sequence[FailedJob], buttons: Sequence[Button] = (), where: str = "") -> Message:
    """How many failed and how many have recovered, by error, with what usually causes it. `where` names their
    projects, if that has to be told."""
    title = _title(failed, where)
    blocks: list[Block] = [m.header(title)]
    blocks.extend(m.sections("\n".join(_groups(failed))))
    blocks.extend(m.buttons(buttons))
    blocks.extend(m.context("All jobs are in the thread, kept up to date."))
    return m.message(title, blocks)


def mass_list(failed: Sequence[FailedJob], calls: JobNamer = short_name, where: str = "") -> Message:
    """The jobs by the names that `calls` gives them, those still in trouble first."""
    ordered = sorted(failed, key=lambda each: (each.over, each.event.job))
    lines = [_line(each, calls) for each in ordered[:_LISTED]]
    lines.extend(rest_line(len(ordered), _LISTED, f"… and {{}} more: `{COMMAND} list state=failed`"))
    return m.message(_title(failed, where), m.sections("\n".join(lines)))


def _title(failed: Sequence[FailedJob], where: str) -> str:
    jobs = f"{count_of(len(failed), 'job')}{f' in {where}' if where else ''}"
    gone = sum(each.job is None for each in failed)
    recovered = sum(each.over and each.job is not None for each in failed)
    if recovered == len(failed):
        return f"🟢 {jobs} failed within a minute, and all recovered"
    standing = len(failed) - recovered - gone
    counts = ((recovered, "recovered"), (gone, "deleted"), (standing, "failed"))
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    since = f": {told}" if recovered or gone else ""
    return f"{'🔴' if standing else '▫️'} {jobs} failed within a minute{since}"


def _groups(failed: Sequence[FailedJob]) -> list[str]:
    """A line for each error, the most frequent first; of jobs that have recovered only if all have."""
    standing = [each for each in failed if not each.over] or list(failed)
    groups: dict[str, list[FailedJob]] = {}
    for each in standing:
        groups.setdefault(_kind_of_error(each), []).append(each)
    ordered = sorted(groups.values(), key=lambda group: -len(group))
    return [*map(_group, ordered[:_GROUPS]), *rest_line(len(ordered), _GROUPS, "… and {} more errors")]


def _kind_of_error(failed: FailedJob) -> str:
    """The cause, if the error is a known one, else its text without what differs from job to job."""
    known = find(failed.error) if failed.error else None
    if known is not None:
        return f"cause:{known.cause}"
    text = failed.error.replace(short_name(failed.event.job), "…")
    return _NUMBERS.sub("…", text)


def _group(group: Sequence[FailedJob]) -> str:
    first = group[0]
    error = mrkdwn.clip(mrkdwn.verbatim(first.error or _NO_REASON), _MAX_ERROR)
    cause = likely_cause(first.error, first.job) if first.error else None
    help_text = f"\n      {cause_text(cause, first.job)}" if cause is not None else ""
    return f"*{len(group)} ×* {error}{help_text}"


def _line(failed: FailedJob, calls: JobNamer) -> str:
    code = mrkdwn.code(calls(failed.event.job))
    if failed.job is None:
        return f"🗑️ {code} deleted"
    if failed.over:
        return f"✅ {code} recovered: {labels.job_status(failed.job)}"
    error = mrkdwn.clip(mrkdwn.verbatim(failed.error or _NO_REASON), _MAX_ERROR)
    return f"{labels.job_status(failed.job)} {code}: {error}"


def latest_failures(events: Sequence[Event]) -> Mapping[str, Event]:
    """The last failure of each job, in order; recoveries are among the events, too."""
    return {event.job: event for event in events if is_failure(event)}
