"""The messages of a cutover besides its card: its log, calls for a press, news for a channel, and its report.

All are rendered from the store's present state, so a call that somebody has answered meanwhile says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.cutover import states, summary
from bot.cutover.answered import Ending, ending, ending_of
from bot.cutover.calls import NewsKind
from bot.cutover.report import Called
from bot.cutover.wave import jobs_text, left_out_names, promoted_text, shown_name, stranded_jobs
from bot.cutover.wording import MOVED, VERB, event_text, missing_text, standing
from bot.dms.rules import Action
from bot.requests.buttons import MakeRef
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.cutover_card import PLANNED, cutover_card, press_button
from bot.slack.render.cutover_chart import drain_chart
from bot.slack.render.cutover_text import clock, guard_text, headline
from bot.slack.render.message import Message
from bot.slack.render.unmentioned import unmentioned
from bot.store import Store
from bot.store.cutover import Cutover, CutoverEntry, CutoverState
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.text import besides_first

SIGNS = {
    "aborted": "⏹️",
    "budget": "⏰",
    "checked": "🔎",
    "drained": "🟢",
    "expired": "⌛",
    "held": "✋",
    "here": "🙋",
    "item": "☑️",
    "not_drained": "⚠️",
    "objection": "⚠️",
    "opened": "🔓",
    "override": "🛂",
    "promoted": "✅",
    "promoting": "🚀",
    "stopped": "🛑",
    "unknown": "❓",
    "writer": "☑️",
}
"""By the event of an entry; any other has a dot."""
_NAME = 24
"""Characters of a job in a button."""
_NO_CUTOVER = "⏹️ {jobs}: no cutover took place, the source stays the primary database. {why}"
_ABORTED_LATE = "⏹️ The cutover of {jobs} was aborted. {why}"
"""Once a promote was decided, the bot does not say for sure that nothing was promoted."""
_NEWS: dict[NewsKind, str] = {
    NewsKind.DAY_BEFORE: "🗓️ Planned for {at}: cutover of {jobs}. Expect up to {budget} of downtime.",
    NewsKind.HOUR_BEFORE: "🗓️ Soon ({at}): cutover of {jobs}. Expect up to {budget} of downtime.",
    NewsKind.STOPPING: "🛑 The cutover of {jobs} has begun: its applications stop writing now.",
    NewsKind.PROMOTED: "🚀 {jobs}: the destination is the primary database now. Writes are not open yet.",
    NewsKind.OPENED: "🔓 {jobs}: writes are open on the destination. Downtime: {downtime}.",
    NewsKind.ABORTED: _NO_CUTOVER,
    NewsKind.EXPIRED: _NO_CUTOVER,
    NewsKind.REOPENED: "🔓 {jobs}: the source is open for writes again.",
}
"""`bot.cutover.calls` says when each is due."""
_CALLS: dict[str, str] = {
    "here": "say that you are here",
    "start": "start the cutover",
    "stopped": "stop the writes to the source, and say so",
    "silent": "reach {app_owner}: the writes to the source are not stopped",
    "promote": "promote: {missing} on the destination",
    "second": "confirm the promotion, as the second person",
    "resume": "resume or abort: it is held",
    "without": f"promote what is left with `{COMMAND} promote`, or go on without it: its request has ended",
    "abort": "look at the jobs, then abort: its request has ended",
    "reopened": "open the source for writes again",
    "adopt": "look at the jobs: the promotion may have been sent",
    "item": "do what is left of the checklist",
    "open_writes": "open the writes on the destination, and say so",
    "slow": "look at the jobs: the promotion takes longer than 15 minutes",
    "very_slow": "look at the jobs: the promotion takes longer than an hour",
    "near_budget": "look at the cutover: most of its longest downtime ({budget}) is used",
    "over_budget": "look at the cutover: its longest downtime ({budget}) is over",
}
"""What is asked of the person, by `Call.what`; the press that is left of a checklist beside them."""
_CALLS_REHEARSED: dict[str, str] = {
    "start": "start the rehearsal",
    "stopped": "rehearse the stop of the writes: stop none, and press as if they were",
    "silent": "reach {app_owner}: the stop of the writes is still to be rehearsed",
    "promote": "rehearse the promotion: nothing is sent",
    "item": "walk through what is left of the checklist: change nothing, and tick as if it were done",
    "open_writes": "rehearse opening the writes: open none, and press as if they were",
    "near_budget": "look at the rehearsal: most of the longest downtime ({budget}) would be used",
    "over_budget": "look at the rehearsal: the longest downtime ({budget}) would be over",
}
"""The same for a rehearsal, which must lead nobody to touch a database or an application."""
_HELD_IN_PART = "look at the cutover: it is held, and cannot be aborted any more"
_DONE_WITH = {"silent": "stopped", "item": "open_writes"}
"""The press that does what was asked, where it is another one."""
_LEFT = 150
"""Characters of what is missing before a press."""


class CutoverMessages:
    """Renders what the store holds of a cutover."""

    def __init__(
        self, store: Store, ref: MakeRef, clock: Callable[[], datetime], called: Called = str
    ) -> None:
        """`called` is the name of a person, for where a mention would only make noise."""
        self._store = store
        self._ref = ref
        self._clock = clock
        self._called = called

    def card(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        if cutover is None:
            return None
        chart = drain_chart(cutover)
        card = cutover_card(cutover, self._clock(), chart, self._ways_out(cutover))
        new = cutover.state in (*PLANNED, CutoverState.READY)
        # Whoever planned it has just done so: the card need not notify them.
        return unmentioned(card, [cutover.by.user] if new else [], self._called)

    def _ways_out(self, cutover: Cutover) -> tuple[Button, ...]:
        """While it is held: begins the ordinary promote of the jobs that have lost their source, with its
        confirmation, policy and approvals for whoever presses it. Once it has ended: its report."""
        if cutover.ended is not None and cutover.progress.stopping is not None:
            return (summary.report_button(cutover, self._ref),)
        lost = stranded_jobs(cutover) if cutover.state is CutoverState.HELD else ()
        if not lost:
            return ()
        which = (
            mrkdwn.clip_plain(shown_name(cutover, lost[0]), _NAME) if len(lost) == 1 else f"{len(lost)} jobs"
        )
        promote = Invocation(Action.PROMOTE, lost)
        return (Button(f"Promote {which}…", Action.PROMOTE, "run", self._ref(promote)),)

    def entry(self, subject: Mapping[str, Any]) -> Message | None:
        entry = self._store.cutover_entry(int(subject["entry"]))
        cutover = self._store.cutover(entry.cutover) if entry is not None else None
        return None if entry is None or cutover is None else log_line(cutover, entry, self._called)

    def call(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        if cutover is None:
            return None
        over = ending_of(self._store, subject)
        if over is not None:
            return answered_call(cutover, str(subject["what"]), over)
        asked = call(cutover, str(subject["person"]), str(subject["what"]))
        return asked if subject["person"] else unmentioned(asked, [cutover.progress.asked_by], self._called)

    def is_answered(self, subject: Mapping[str, Any]) -> bool:
        """Whether a call is over: then it is not sent any more."""
        return ending_of(self._store, subject) is not None

    def news(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        return None if cutover is None else news(cutover, NewsKind(subject["what"]), self._clock())

    def report(self, subject: Mapping[str, Any]) -> Message | None:
        cutover = self._store.cutover(subject["cutover"])
        if cutover is None:
            return None
        log, files = self._store.cutover_log(cutover.id), summary.file_buttons(cutover, self._ref)
        people = {each.user for each in log} | {each.by for each in cutover.progress.overrides}
        return unmentioned(report(cutover, log, files), people, self._called)


def log_line(cutover: Cutover, entry: CutoverEntry, called: Called = str) -> Message:
    """One line of the log, for the card's thread. It mentions nobody: whoever is mentioned in a thread is
    notified of all that follows."""
    who = f" {mrkdwn.name(called(entry.user))}" if entry.user and entry.user != "bot" else ""
    job = (
        f" {mrkdwn.code(shown_name(cutover, entry.job))}" if entry.job and len(cutover.plan.jobs) > 1 else ""
    )
    said = _said(cutover, entry)
    shown = f"{SIGNS.get(entry.event, '•')} {clock(entry.at)}{who}{job} {said}"
    return m.message(shown, m.sections(shown))


def call(cutover: Cutover, person: str, what: str) -> Message:
    """Asks a person for what the night waits for: with its button, or with the one that is missing before it;
    without a button where the state of the cutover tells that it is over. With no person, it asks the
    channel."""
    over = ending(cutover, what, person)
    if over is not None:
        return answered_call(cutover, what, over)
    missing, step = _missing(cutover, what)
    owner, budget = mrkdwn.mention("@", cutover.plan.app_owner), humanize(cutover.plan.budget_s)
    texts = _CALLS | _CALLS_REHEARSED if cutover.rehearsal else _CALLS
    asked = texts[step if step == "open_writes" else what].format(
        app_owner=owner, missing=missing_text(cutover.plan), budget=budget
    )
    if what == "resume" and states.is_promoted_in_part(cutover):
        asked = _HELD_IN_PART
    first = cutover.progress.asked_by
    waits = f"{mrkdwn.mention('@', first)} waits for somebody else" if first else "Somebody else"
    please = f"*Please {asked}*" if person else f"{waits} who may approve it: *please {asked}*"
    lines = (please, headline(cutover), missing)
    shown = "\n".join(filter(None, lines))
    buttons = _call_buttons(cutover, person, step)
    return m.message(f"{_told_of(cutover)}: please {asked}", [m.section(shown), *m.buttons(buttons)])


def answered_call(cutover: Cutover, what: str, over: Ending) -> Message:
    """What became of a call: who did what was asked and when, or why it is no longer needed. No buttons."""
    told = _answer(cutover, what, over)
    return m.message(f"{_told_of(cutover)}: {told}", [m.section(f"{told}\n{headline(cutover)}")])


def _told_of(cutover: Cutover) -> str:
    """What a notification begins with: it shows a message's first words alone."""
    return f"{'🎭 Rehearsal, ' if cutover.rehearsal else ''}{jobs_text(cutover)}"


def _answer(cutover: Cutover, what: str, over: Ending) -> str:
    entry = over.entry
    if entry is None:
        return f"⏹️ No longer needed: {mrkdwn.format_own(standing(cutover))}"
    by = f" by {mrkdwn.mention('@', entry.user)}" if entry.user and entry.user != "bot" else ""
    if not over.done:
        return f"⏹️ No longer needed since {clock(entry.at)}{by}: {_said(cutover, entry)}"
    step = "without" if entry.event == "left_out" else _DONE_WITH.get(what, what)
    press = states.BY_STEP[step]
    return f"✅ Done{by} at {clock(entry.at)}: {press.label.rstrip('…')}"


def _missing(cutover: Cutover, what: str) -> tuple[str, str]:
    """What has to be done before the press, if anything, and the press that comes next."""
    left = [each.text for each in cutover.progress.writers if not each.by]
    if what in ("stopped", "silent") and left:
        return f"Not ticked yet: {mrkdwn.verbatim(mrkdwn.clip_plain(', '.join(left), _LEFT))}", "writer"
    against = states.objections(cutover)
    if what == "start" and against:
        return f"A check objects: {guard_text(against[0], _LEFT)}{besides_first(len(against))}", ""
    if what == "start" and not cutover.progress.here:
        return "Nobody has said yet to be here.", "here"
    if what == "item" and not states.open_items(cutover):
        return "Nothing of it keeps writes from being opened.", "open_writes"
    return "", what


def _call_buttons(cutover: Cutover, person: str, step: str) -> tuple[Button, ...]:
    """The press, if this person has it now, and what shows the rest. No role makes a second person: whoever
    is called may be one."""
    found = (states.BY_STEP[step],) if step == "second" else states.presses(cutover, person)
    press = next((each for each in found if each.step == step), None)
    details = Button("Details", VERB, "details", cutover.id)
    if press is None:
        return (details,)
    return (replace(press_button(press, cutover, stands_out=True), ref=of_now(cutover)), details)


def of_now(cutover: Cutover) -> str:
    """The value of a button that counts only in the present state, not when the same state comes again."""
    return f"{cutover.id}@{cutover.since.isoformat()}"


def news(cutover: Cutover, what: NewsKind, now: datetime) -> Message:
    """A line for those who only have to know. A rehearsal says that it is one. Why it ended is for its own
    people: what they, the policy or the service said may not be for this channel."""
    tried = what is NewsKind.ABORTED and cutover.progress.promote_intended is not None
    form = _ABORTED_LATE if tried else _NEWS[what]
    at, downtime = cutover.plan.at, states.downtime(cutover, now)
    done = what in (NewsKind.PROMOTED, NewsKind.OPENED)
    text = form.format(
        jobs=f"*{mrkdwn.name(promoted_text(cutover) if done else jobs_text(cutover))}*",
        at=mrkdwn.date(at) if at is not None else "its time",
        budget=humanize(cutover.plan.budget_s),
        downtime=humanize(downtime) if downtime is not None else "not known",
        why=MOVED if cutover.progress.why == MOVED else "",
    ).rstrip()
    without = left_out_names(cutover) if done else ""
    text += f" Left out, not promoted: {mrkdwn.name(without)}." if without else ""
    shown = f"🎭 *Rehearsal, nothing is sent.* {text}" if cutover.rehearsal else text
    return m.message(shown, m.sections(shown))


def report(cutover: Cutover, log: Sequence[CutoverEntry], buttons: Sequence[Button] = ()) -> Message:
    """How it went: the downtime to the second and the timeline; the buttons lead to the files."""
    title = summary.title(cutover)
    texts = (summary.figures(cutover), summary.timeline(log, rehearsal=cutover.rehearsal))
    blocks = [each for text in texts if text for each in m.sections(mrkdwn.rich_text(text))]
    return m.message(title, [m.section(f"*{mrkdwn.verbatim(title)}*"), *blocks, *m.buttons(buttons)])


def _said(cutover: Cutover, entry: CutoverEntry) -> str:
    said = event_text(entry.event, rehearsal=cutover.rehearsal)
    return mrkdwn.format_own(f"{said}{f': {entry.text}' if entry.text else ''}")
