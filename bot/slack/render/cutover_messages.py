"""The messages of a cutover besides its card: its log, calls for a press, news for a channel, and its report.

All are rendered from the store's present state, so a call that somebody has answered meanwhile says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.cmdline.answers import Button
from bot.cutover import states
from bot.cutover.wording import event_text
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.cutover_card import VERB, cutover_card, open_presses
from bot.slack.render.cutover_chart import drain_chart
from bot.slack.render.cutover_text import clock, headline, job_text, jobs_text
from bot.slack.render.message import Message
from bot.store import Store
from bot.store.cutover import Cutover, CutoverEntry, CutoverState
from bot.util.durations import humanize

_SIGNS = {
    "aborted": "⏹️",
    "checked": "🔎",
    "checklist": "✅",
    "done": "🏁",
    "drained": "🟢",
    "expired": "⌛",
    "held": "✋",
    "here": "🙋",
    "item": "☑️",
    "opened": "🔓",
    "override": "🛂",
    "promoting": "🚀",
    "sample": "📉",
    "stopped": "🛑",
    "unknown": "❓",
    "writer": "☑️",
    "written": "⚠️",
}
"""By the event of an entry; any other has a dot."""
_NEWS: dict[str, str] = {
    "day_before": "🗓️ Tomorrow: cutover of {jobs} at {at}. Expect a downtime of up to {budget}.",
    "hour_before": "🗓️ In about an hour, at {at}: cutover of {jobs}. Expect a downtime of up to {budget}.",
    "stopping": "🛑 The cutover of {jobs} has begun: its applications stop writing now.",
    "promoted": "🚀 {jobs}: the destination is the primary database now. Writes are not open yet.",
    "opened": "🔓 {jobs}: writes are open on the destination. Downtime: {downtime}.",
    "done": "🏁 The cutover of {jobs} is done. Downtime: {downtime}.",
    "aborted": "⏹️ The cutover of {jobs} was aborted: the source stays the primary database. {why}",
    "expired": "⌛ The cutover of {jobs} does not take place: {why}",
    "held": "✋ The cutover of {jobs} is held. {why}",
}
_CALLS: dict[str, str] = {
    "here": "say that you are here",
    "start": "start the cutover",
    "writer": "stop the writes to the source",
    "stopped": "stop the writes to the source, and say so",
    "promote": "promote: nothing is missing on the destination",
    "second": "confirm the promote, as the second person",
    "slow": "look at the jobs: the promote takes longer than 15 minutes",
    "very_slow": "look at the jobs: the promote takes longer than an hour",
    "resume": "resume or abort: it is held",
    "reopened": "open the source for writes again",
    "adopt": "look at the jobs: the promote may have been sent",
    "item": "do what is left of the checklist",
    "open_writes": "open the writes on the destination",
}
"""What is asked of the person, by the step of the press."""


class CutoverMessages:
    """Renders what the store holds of a cutover."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def card(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        if cutover is None:
            return None
        chart = drain_chart(cutover, self._clock())
        return cutover_card(cutover, self._clock(), chart)

    def entry(self, subject: Mapping[str, Any]) -> Message | None:
        entry = self._store.cutover_entry(int(subject["entry"]))
        cutover = self._store.cutover(entry.cutover) if entry is not None else None
        return None if entry is None or cutover is None else log_line(cutover, entry)

    def call(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        return None if cutover is None else call(cutover, str(subject["person"]), str(subject["what"]))

    def news(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        return None if cutover is None else news(cutover, str(subject["what"]), self._clock())

    def report(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        return None if cutover is None else report(cutover, self._store.cutover_log(cutover.id))


def log_line(cutover: Cutover, entry: CutoverEntry) -> Message:
    """One line of the log, for the card's thread."""
    who = f" {mrkdwn.mention('@', entry.user)}" if entry.user and entry.user != "bot" else ""
    job = f" {mrkdwn.code(job_text(cutover, entry.job))}" if entry.job and len(cutover.plan.jobs) > 1 else ""
    said = _said(entry)
    shown = f"{_SIGNS.get(entry.event, '•')} {clock(entry.at)}{who}{job} {said}"
    return m.message(shown, m.sections(shown))


def call(cutover: Cutover, person: str, what: str) -> Message:
    """Asks a person for the press that the night waits for; without its button once it is not awaited."""
    asked = _CALLS.get(what, "look at its card")
    press = next((each for each in open_presses(cutover) if each.step == what), None)
    may = press is not None and press in states.presses(cutover, person)
    known = what in states.BY_STEP
    over = "" if may or not known else "\nThis is not awaited of you any more."
    shown = f"{mrkdwn.mention('@', person)}: please {asked}.\n*{headline(cutover)}*{over}"
    buttons = (Button(press.label, VERB, what, cutover.id, "primary"),) if press is not None and may else ()
    return m.message(f"{jobs_text(cutover)}: please {asked}", [m.section(shown), *m.buttons(buttons)])


def news(cutover: Cutover, what: str, now: datetime) -> Message:
    """A line for those who only have to know. A rehearsal says that it is one."""
    form = _NEWS.get(what, f"The cutover of {{jobs}}: {mrkdwn.verbatim(what.replace('_', ' '))}.")
    at, downtime = cutover.plan.at, states.downtime(cutover, now)
    text = form.format(
        jobs=f"*{mrkdwn.name(jobs_text(cutover))}*",
        at=mrkdwn.date(at) if at is not None else "its time",
        budget=humanize(cutover.plan.budget_s),
        downtime=humanize(downtime) if downtime is not None else "none",
        why=mrkdwn.verbatim(cutover.progress.why),
    ).rstrip()
    shown = f"🎭 *Rehearsal, nothing is sent.* {text}" if cutover.rehearsal else text
    return m.message(shown, m.sections(shown))


def report(cutover: Cutover, log: Sequence[CutoverEntry]) -> Message:
    """How it went: the downtime to the second and the timeline, and where the files are."""
    lines = [f"*{headline(cutover)}: report*", *_summary(cutover)]
    lines += [f"{clock(each.at)} {_told(cutover, each)}" for each in log if each.event != "sample"]
    files = (
        Button("Markdown file", VERB, "report_markdown", cutover.id),
        Button("JSON file", VERB, "report_json", cutover.id),
    )
    return m.message(f"{headline(cutover)}: report", [*m.sections("\n".join(lines)), *m.buttons(files)])


def _told(cutover: Cutover, entry: CutoverEntry) -> str:
    who = f" {mrkdwn.mention('@', entry.user)}" if entry.user and entry.user != "bot" else ""
    job = f" ({mrkdwn.name(job_text(cutover, entry.job))})" if entry.job else ""
    said = _said(entry)
    return f"{_SIGNS.get(entry.event, '•')}{who} {said}{job}"


def _said(entry: CutoverEntry) -> str:
    return mrkdwn.verbatim(f"{event_text(entry.event)}{f': {entry.text}' if entry.text else ''}")


def _summary(cutover: Cutover) -> list[str]:
    end = cutover.ended or cutover.since
    span = states.downtime(cutover, end)
    lines = [f"Ended {mrkdwn.date(end)} as *{cutover.state.replace('_', ' ')}*"]
    if cutover.state is not CutoverState.DONE and cutover.progress.why:
        lines.append(mrkdwn.verbatim(cutover.progress.why))
    if span is not None:
        budget = humanize(cutover.plan.budget_s)
        lines.append(f"Downtime *{int(span.total_seconds())} s* ({humanize(span)}) of {budget}")
    return lines
