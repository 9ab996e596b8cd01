"""The card of a cutover: the runbook of the night, one message that is kept up to date.

On a phone it has at most eight lines of about 40 characters: each state shows what is awaited of whom, how
long it may last, and how long the applications could not write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.cmdline.delay_points import LineChart
from bot.cutover import states
from bot.cutover.states import Press
from bot.cutover.wording import VERB, allowed_text, drained_text
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.charts import line_chart
from bot.slack.render.cutover_text import (
    WHY,
    checks_text,
    clip_line,
    clock,
    delay_text,
    downtime_text,
    drained_jobs_text,
    headline,
    left_out_text,
    limit_text,
    marked_text,
    number_of,
    source_text,
    stranded_lines,
    why_text,
    worst,
    zone_and_utc,
)
from bot.slack.render.message import Message
from bot.store.cutover import Cutover, CutoverState, Mark, Tick
from bot.util.durations import humanize
from bot.util.text import count_of, rest_line

S = CutoverState
PLANNED = (S.DRAFT, S.AWAITING_APPROVAL, S.SCHEDULED)
_OPEN_SHOWN = 2
"""How many open items are named."""
_TODAY = timedelta(hours=12)
"""A time that is further away is shown with its day."""
_RECOMMENDED = (
    "start",
    "stopped",
    "second",
    "promote",
    "open_writes",
    "resume",
    "reopened",
    "adopt",
    "here",
    "writer",
)
"""The button that stands out, if it is there: what the night waits for."""
_SHORT = {"writer": "Tick writers…", "item": "Checklist…", "hold": "Hold…", "second": "Confirm promote…"}
"""Labels of buttons that open a dialog."""


def cutover_card(
    cutover: Cutover,
    now: datetime,
    chart: LineChart | None = None,
    ways_out: Sequence[Button] = (),
) -> Message:
    """The card in its present state. `chart` is the replication delay since the writes were stopped;
    `ways_out` begin what can be done without the source, or show the report."""
    lines = [each for each in _LINES[cutover.state](cutover, now) if each]
    title = headline(cutover)
    text = "\n".join(lines)
    head: list[Block] = [m.section(f"*{title}*\n{text}")]
    own = _buttons(cutover, now)
    buttons = m.buttons((*own, *ways_out) if states.has_ended(cutover) else (*ways_out, *own))
    classic = m.message(f"{title}: {lines[0]}", [*head, *buttons])
    if chart is None or cutover.state is not S.DRAINING:
        return classic
    drawn = m.WholeBlock(line_chart(chart))
    return m.message(classic.text, [*head, drawn, *buttons], classic)


def _buttons(cutover: Cutover, now: datetime) -> tuple[Button, ...]:
    """What anybody of those who take part may press now, with the one that is awaited first. Checks run by
    themselves once it is ready: people run them where one objects, or where they are old."""
    checked = cutover.progress.checked
    old = cutover.state is S.READY and (checked is None or now - checked > states.CHECK_EVERY)
    checks = cutover.state is S.SCHEDULED or old or bool(states.objections(cutover))
    offered = [each for each in open_presses(cutover) if checks or each.step != "check"]
    found = sorted(offered, key=lambda each: _rank(each.step))
    first = next((each.step for each in found if each.step in _RECOMMENDED), "")
    shown = [press_button(each, cutover, stands_out=each.step == first) for each in found]
    return (*shown, Button("Details", VERB, "details", cutover.id))


def press_button(press: Press, cutover: Cutover, *, stands_out: bool) -> Button:
    label = _SHORT.get(press.step, press.label)
    return Button(label, VERB, press.step, cutover.id, "primary" if stands_out else "")


def open_presses(cutover: Cutover) -> tuple[Press, ...]:
    """The presses that are open to any of those who take part."""
    people = set(states.participants(cutover).values())
    steps = {each.step for user in people for each in states.presses(cutover, user)}
    if all(user in cutover.progress.here for user in states.crew(cutover)):
        steps -= {"here"}
    return tuple(each for each in states.PRESSES if each.step in steps)


def _rank(step: str) -> int:
    return _RECOMMENDED.index(step) if step in _RECOMMENDED else len(_RECOMMENDED)


# ---- before the night


def _planned(cutover: Cutover, now: datetime) -> Iterator[str]:
    plan = cutover.plan
    yield f"{_waits(cutover)} · {_rehearsed(cutover, now)}"
    if plan.at is None:
        yield f"Begins when {_person(plan.commander)} starts it"
    else:
        yield zone_and_utc(plan.at, plan.zone)
        yield f"{mrkdwn.date(plan.at)} · in {humanize(plan.at - now)}"
    yield f"Led by {_person(plan.commander)} · writes: {_person(plan.app_owner)}"
    sent = " · nothing is sent" if cutover.rehearsal else ""
    yield f"Longest downtime {humanize(plan.budget_s)}{sent}"
    yield limit_text(cutover)
    if cutover.state is S.SCHEDULED:
        yield checks_text(cutover)
    else:
        yield _expires(cutover, "Approve by", now)


def _waits(cutover: Cutover) -> str:
    return {
        S.DRAFT: "📝 *Draft*, not confirmed",
        S.AWAITING_APPROVAL: "⏳ *Awaiting approval*",
        S.SCHEDULED: "🗓️ *Scheduled*",
    }[cutover.state]


def _way_back(cutover: Cutover) -> str:
    if not cutover.rehearsal and number_of(cutover, Mark.PROMOTED):
        return f"no way back: {marked_text(cutover, Mark.PROMOTED, 'promoted')}"
    return "nothing is sent" if cutover.rehearsal else "no way back after promote"


def _rehearsed(cutover: Cutover, now: datetime) -> str:
    if cutover.rehearsal:
        return "a rehearsal"
    if cutover.rehearsed is None:
        return "not rehearsed"
    return f"rehearsed {humanize(now - cutover.rehearsed)} ago"


def _ready(cutover: Cutover, now: datetime) -> Iterator[str]:
    plan = cutover.plan
    due = "" if plan.at is None else _until(plan.at, now)
    yield f"🟡 *Ready*{due}"
    there = [user for user in states.crew(cutover) if user in cutover.progress.here]
    missing = [user for user in states.crew(cutover) if user not in cutover.progress.here]
    if there:
        yield f"Here: {', '.join(map(_person, there))}"
    if missing:
        yield f"Not here yet: {', '.join(map(_person, missing))}"
    yield checks_text(cutover)
    yield limit_text(cutover)
    if not there:
        yield "Press *I'm here*, then *Start*"
    elif states.objections(cutover):
        yield "*Details* says what holds it up."
    else:
        yield "Press *Start* to begin"
    yield _expires(cutover, "Expires", now)


def _until(at: datetime, now: datetime) -> str:
    if at > now:
        return f" · due in {humanize(at - now)}"
    return f" · due since {humanize(now - at)}" if now - at >= timedelta(minutes=1) else " · due now"


# ---- the night


def _stopping(cutover: Cutover, now: datetime) -> Iterator[str]:
    if cutover.rehearsal:
        yield f"🎭 *Rehearse the stop*: {_person(cutover.plan.app_owner)}"
        step = "tick" if cutover.progress.writers else "press"
        yield f"Stop no writes: {step} as if they stopped"
    else:
        yield f"🛑 *Stop the writes now*: {_person(cutover.plan.app_owner)}"
    yield from _ticks(cutover.progress.writers, "writer")
    if all(each.by for each in cutover.progress.writers):
        yield "Then press *Writes are stopped*"
    yield _expires(cutover, "Limit", now)


def _ticks(items: Sequence[Tick], one: str) -> Iterator[str]:
    """How many are ticked, and the first ones that are not."""
    if not items:
        return
    left = [each for each in items if not each.by]
    yield f"{len(items) - len(left)} of {count_of(len(items), one)} ticked"
    for each in left[:_OPEN_SHOWN]:
        yield f"⬜ {clip_line(each.text)}"
    yield from rest_line(len(left), _OPEN_SHOWN, "⬜ and {} more")


def _draining(cutover: Cutover, now: datetime) -> Iterator[str]:
    progress = cutover.progress
    if progress.stopped is not None:
        who = f" by {_person(progress.stopped_by)}" if progress.stopped_by else ""
        word = "rehearsed" if cutover.rehearsal else "stopped"
        yield f"⏳ *Draining* · {word} {clock(progress.stopped)}{who}"
    if progress.not_measured:
        yield f"⚠️ Not measured: {clip_line(progress.not_measured)}"
    else:
        yield why_text(cutover)
    yield delay_text(cutover)
    yield source_text(cutover)
    yield drained_jobs_text(cutover)
    limit = states.expires(cutover)
    slowest = worst(cutover)
    behind = slowest is not None and not slowest.zeros  # nobody knows when it has caught up
    parts = (
        f"drained by about {clock(progress.go_by)}" if progress.go_by is not None and not behind else "",
        f"limit {clock(limit)}" if limit is not None else "",
    )
    times = " · ".join(filter(None, parts))
    yield f"{times[:1].upper()}{times[1:]}"
    yield downtime_text(cutover, now)


def _drained(cutover: Cutover, now: datetime) -> Iterator[str]:
    drained = cutover.progress.drained
    missing = drained_text(cutover)
    late = source_text(cutover)
    sign = "🟡" if late or allowed_text(cutover.plan) else "🟢"
    yield f"{sign} *{missing[:1].upper()}{missing[1:]}*{f' · {clock(drained)}' if drained else ''}"
    yield delay_text(cutover)
    yield late
    first = cutover.progress.asked_by
    if first:
        yield f"{_person(first)} asked: a second person confirms"
    elif cutover.plan.by_itself and not late:
        yield "It goes on by itself now" if cutover.rehearsal else "It promotes by itself now"
    else:
        yield f"{_person(cutover.plan.commander)}: *Promote…*"
    yield _way_back(cutover).capitalize()
    yield downtime_text(cutover, now)


def _promoting(cutover: Cutover, now: datetime) -> Iterator[str]:
    began = cutover.progress.promote_intended or cutover.since
    yield f"🚀 *Promoting* since {clock(began)} ({humanize(now - began)})"
    if now - began >= states.PROMOTE_WARNS:
        yield f"⚠️ Longer than {humanize(states.PROMOTE_WARNS)}: look at the jobs"
    yield marked_text(cutover, Mark.PROMOTED, "promoted")
    yield "Nobody can stop or undo it now."
    yield downtime_text(cutover, now)


def _checklist(cutover: Cutover, now: datetime) -> Iterator[str]:
    progress = cutover.progress
    at = f" {clock(progress.promoted)}" if progress.promoted else ""
    done = f"✅ *Promoted*{at} · next: {_person(cutover.plan.app_owner)}"
    yield f"🎭 *Rehearsed*{at}: nothing was sent" if cutover.rehearsal else done
    if cutover.rehearsal:
        yield "Change nothing: tick as if it were done"
    items = progress.checklist
    yield left_out_text(cutover)
    blocking = states.open_items(cutover)
    left = [each for each in items if not each.by]
    if items:
        held = f" · {len(blocking)} before *Open writes*" if blocking else ""
        yield f"Checklist {len(items) - len(left)} of {len(items)}{held}"
    for text in (blocking or tuple(each.text for each in left))[:_OPEN_SHOWN]:
        yield f"⬜ {clip_line(text)}"
    if not blocking:
        yield "Nothing blocks: *Open writes*"
    yield downtime_text(cutover, now)


# ---- aside, and the end


def _held(cutover: Cutover, now: datetime) -> Iterator[str]:
    yield f"✋ *Held* for {humanize(now - cutover.since)}"
    if any(each.mark is Mark.PROMOTING for each in cutover.progress.jobs):
        yield "🚀 A promotion is in progress, from outside"
    else:
        yield from stranded_lines(cutover) or (_why(cutover),)
        yield _ways_on(cutover)
    yield downtime_text(cutover, now)


def _ways_on(cutover: Cutover) -> str:
    """What leads on from a held cutover: once a job has been promoted, it cannot be aborted."""
    steps = {each.step for each in open_presses(cutover)}
    if states.lacks_request(cutover):
        return "*Go on without it…* begins the checklist." if "without" in steps else "*Abort…* ends it."
    if "without" in steps:
        return "*Resume* tries again; *Go on without it…* begins the checklist."
    goes_on = "asks for the stop again" if states.resumes_in(cutover) is S.STOPPING else "measures again"
    return f"*Resume* {goes_on}{'; *Abort…* ends it' if 'abort' in steps else ''}."


def _unknown(cutover: Cutover, now: datetime) -> Iterator[str]:
    yield "❓ *Unknown*: promote may have been sent"
    yield _why(cutover)
    yield marked_text(cutover, Mark.PROMOTED, "promoted")
    yield "*Look again* reads the jobs, sends nothing"
    yield downtime_text(cutover, now)


def _aborted(cutover: Cutover, now: datetime) -> Iterator[str]:
    sure = ": nothing promoted" if cutover.progress.promote_intended is None else ""
    yield f"⏹️ *Aborted*{f' {clock(cutover.ended)}' if cutover.ended else ''}{sure}"
    yield _why(cutover)
    if states.source_is_closed(cutover):
        yield f"⚠️ {_person(cutover.plan.app_owner)}: reopen the *source* for writes"
    elif cutover.progress.reopened_by:
        yield f"The source is open again: {_person(cutover.progress.reopened_by)}"
    yield downtime_text(cutover, now)


def _expired(cutover: Cutover, _now: datetime) -> Iterator[str]:
    yield f"⌛ *Expired*{f' {clock(cutover.ended)}' if cutover.ended else ''}"
    yield _why(cutover)


def _done(cutover: Cutover, now: datetime) -> Iterator[str]:
    progress = cutover.progress
    ended = cutover.ended or now
    yield f"🏁 *Done* {clock(ended)}{' · nothing was sent' if cutover.rehearsal else ''}"
    yield downtime_text(cutover, now)
    moments = [
        ("stop", progress.stopped),
        ("drained", progress.drained),
        ("rehearsed" if cutover.rehearsal else "promoted", progress.promoted),
        ("open", progress.opened),
    ]
    told = [f"{word} {clock(at)}" for word, at in moments if at is not None]
    yield " · ".join(told[:2])
    yield " · ".join(told[2:])
    yield left_out_text(cutover)
    left = [each for each in progress.checklist if not each.by]
    if progress.checklist:
        yield f"Checklist {len(progress.checklist) - len(left)} of {len(progress.checklist)}"
    if left:
        yield f"⬜ {clip_line(left[0].text)}"


def _why(cutover: Cutover) -> str:
    return mrkdwn.clip(mrkdwn.format_own(cutover.progress.why), WHY) if cutover.progress.why else ""


def _expires(cutover: Cutover, word: str, now: datetime) -> str:
    at = states.expires(cutover)
    if at is None:
        return ""
    return f"{word} {clock(at) if at - now < _TODAY else mrkdwn.date(at)}"


def _person(user: str) -> str:
    return mrkdwn.mention("@", user) if user else "nobody"


_LINES: dict[CutoverState, Callable[[Cutover, datetime], Iterator[str]]] = {
    **dict.fromkeys(PLANNED, _planned),
    S.READY: _ready,
    S.STOPPING: _stopping,
    S.DRAINING: _draining,
    S.DRAINED: _drained,
    S.PROMOTING: _promoting,
    S.CHECKLIST: _checklist,
    S.DONE: _done,
    S.HELD: _held,
    S.ABORTED: _aborted,
    S.EXPIRED: _expired,
    S.UNKNOWN: _unknown,
}
