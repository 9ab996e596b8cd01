"""The report of a cutover, from what the store holds: Markdown for people, JSON for programs. Pure functions.

Times are UTC. `called` turns Slack's user IDs into names: Markdown has the names, JSON both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.cutover.ledger import SAMPLE
from bot.cutover.renamed import with_present_names
from bot.cutover.states import downtime_runs, downtime_s, participants
from bot.cutover.wave import shown_name
from bot.cutover.wording import GOES_ON, drained_text, event_text
from bot.store.cutover import CheckLine, CheckResult, Cutover, CutoverEntry, JobMark, Override, Tick
from bot.util.durations import humanize

Called = Callable[[str], str]
"""The name of a person by user ID; the ID itself where no name is known."""
_BOT = "bot"
"""In place of a person's user ID: the bot itself."""
_REHEARSED = "rehearsed"
_STEPS_REHEARSED = {
    "writes stopped": "stop of the writes rehearsed",
    "promoted": "promotion rehearsed",
    "writes opened": "opening of the writes rehearsed",
}
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")


def report_name(cutover: Cutover, kind: str) -> str:
    """A file's name, for example `cutover-orders-db-2026-12-05.md`."""
    first = shown_name(cutover, cutover.plan.jobs[0]).replace("/", "-")
    more = f"-and-{len(cutover.plan.jobs) - 1}-more" if len(cutover.plan.jobs) > 1 else ""
    begun = cutover.progress.stopping or cutover.created
    return f"cutover-{first}{more}-{begun.astimezone(UTC):%Y-%m-%d}.{kind}"


def report_markdown(cutover: Cutover, log: Sequence[CutoverEntry], called: Called = str) -> str:
    """What happened, when and who; the delay while it drained, and what was decided against a check."""
    return "\n".join(_markdown(cutover, with_present_names(log), called)) + "\n"


def report_json(cutover: Cutover, log: Sequence[CutoverEntry], called: Called = str) -> str:
    """The same as an object."""
    progress, plan = cutover.progress, cutover.plan
    found: dict[str, Any] = {
        "id": cutover.id,
        "jobs": list(plan.jobs),
        "state": str(cutover.state),
        "why": progress.why,
        "rehearsal": cutover.rehearsal,
        "request": cutover.request,
        "planned_by": _person(cutover.by.user, called),
        "people": {role: _person(user, called) for role, user in _people(cutover)},
        "planned_for": _iso(plan.at),
        "longest_downtime_seconds": plan.budget_s,
        "max_delay_seconds": plan.most_seconds,
        "max_bytes": plan.most_bytes,
        "by_itself": plan.by_itself,
        "downtime_seconds": downtime_s(cutover),
        "times": {name: _iso(at) for name, at in _times(cutover)},
        "writers": [_tick_json(each, called) for each in progress.writers],
        "checklist": [_tick_json(each, called) for each in progress.checklist],
        "checks": [_check_json(each) for each in progress.checks],
        "overrides": [_override_json(each, called) for each in progress.overrides],
        "job_results": [
            {"job": each.job, "result": _result(cutover, each), "text": each.text} for each in progress.jobs
        ],
        "delay": [
            {"job": each.job, "read": _iso(each.at), **_amount(each.text)}
            for each in log
            if each.event == SAMPLE
        ],
        "log": [_entry_json(each, called) for each in with_present_names(log) if each.event != SAMPLE],
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _markdown(cutover: Cutover, log: Sequence[CutoverEntry], called: Called) -> Iterator[str]:
    names = ", ".join(f"`{shown_name(cutover, each)}`" for each in cutover.plan.jobs)
    yield f"# {'Rehearsal of a cutover' if cutover.rehearsal else 'Cutover'} of {names}"
    yield ""
    yield from _outcome(cutover)
    yield ""
    yield from _table(("Role", "Person"), [(role, _name(user, called)) for role, user in _people(cutover)])
    yield "## Times"
    yield ""
    yield from _table(("Step", "UTC"), list(_steps(cutover)))
    yield from _jobs(cutover)
    yield from _ticks("Writers to stop", cutover.progress.writers, called)
    yield from _ticks("Checklist", cutover.progress.checklist, called)
    yield from _checks(cutover, called)
    yield from _delays(cutover, log)
    yield "## Log"
    yield ""
    for each in log:
        if each.event != SAMPLE:
            yield _log_line(cutover, each, called)


def _outcome(cutover: Cutover) -> Iterator[str]:
    why = f" {cutover.progress.why}" if cutover.progress.why else ""
    ended = f" at {_clock(cutover.ended)}" if cutover.ended else ""
    yield f"State: **{str(cutover.state).replace('_', ' ')}**{ended}.{why}"
    seconds = downtime_s(cutover)
    if seconds is not None:
        within = "within" if seconds <= cutover.plan.budget_s else "over"
        word = "Rehearsed downtime" if cutover.rehearsal else "Downtime"
        yield ""
        yield (
            f"{word}: **{seconds} s** ({humanize(seconds)}), {within} the longest planned, "
            f"{humanize(cutover.plan.budget_s)}."
        )
    if downtime_runs(cutover):
        yield ""
        yield f"{GOES_ON}."
    if cutover.progress.drained is not None:
        yield ""
        yield f"It had drained: {drained_text(cutover)}."
    if cutover.rehearsal:
        yield ""
        yield "Nothing was sent to the service."


def _people(cutover: Cutover) -> list[tuple[str, str]]:
    pressed = [
        ("asked to promote", cutover.progress.asked_by),
        ("second person", cutover.progress.seconded_by),
    ]
    held = [(str(role), user) for role, user in participants(cutover).items()]
    return held + [(name, user) for name, user in pressed if user]


def _times(cutover: Cutover) -> list[tuple[str, datetime | None]]:
    progress = cutover.progress
    return [
        ("planned", cutover.created),
        ("planned for", cutover.plan.at),
        ("started", progress.stopping),
        ("writes stopped", progress.stopped),
        ("drained", progress.drained),
        ("promotion sent", progress.promote_intended),
        ("promoted", progress.promoted),
        ("writes opened", progress.opened),
        ("source open again", progress.reopened),
        ("ended", cutover.ended),
    ]


def _steps(cutover: Cutover) -> Iterator[tuple[str, str]]:
    """The known times with their labels; those of a rehearsal say that it was one."""
    said = _STEPS_REHEARSED if cutover.rehearsal else {}
    for name, at in _times(cutover):
        if at is not None:
            yield said.get(name, name), _clock(at)


def _jobs(cutover: Cutover) -> Iterator[str]:
    if cutover.progress.jobs:
        yield "## Jobs"
        yield ""
        rows = [
            (f"`{shown_name(cutover, each.job)}`", _result(cutover, each).replace("_", " "), each.text)
            for each in cutover.progress.jobs
        ]
        yield from _table(("Job", "Result", "Remark"), rows)


def _result(cutover: Cutover, mark: JobMark) -> str:
    """How a job ended: nothing is promoted in a rehearsal."""
    return _REHEARSED if cutover.rehearsal and mark.text == _REHEARSED else str(mark.mark)


def _ticks(title: str, ticks: Sequence[Tick], called: Called) -> Iterator[str]:
    if ticks:
        yield f"## {title}"
        yield ""
        for each in ticks:
            done = f" – {_name(each.by, called)}, {_clock(each.at)}" if each.by and each.at else ""
            yield f"- [{'x' if each.by else ' '}] {_plain(each.text)}{done}"
        yield ""


def _checks(cutover: Cutover, called: Called) -> Iterator[str]:
    found = [each for each in cutover.progress.checks if each.result is not CheckResult.GO]
    if found or cutover.progress.overrides:
        yield "## Checks that were no plain go"
        yield ""
        for each in found:
            where = f" (`{shown_name(cutover, each.job)}`)" if each.job else ""
            text = _MENTION.sub(lambda found: _name(found[1], called), _plain(each.text))
            yield f"- {str(each.result).replace('_', ' ')}: {text}{where}"
        for one in cutover.progress.overrides:
            by, at = _name(one.by, called), _clock(one.at)
            yield f"- overridden: {one.guard}, by {by}, {at}: {_plain(one.reason)}"
        yield ""


def _delays(cutover: Cutover, log: Sequence[CutoverEntry]) -> Iterator[str]:
    rows = [
        (_clock(each.at), f"`{shown_name(cutover, each.job)}`", each.text)
        for each in log
        if each.event == SAMPLE
    ]
    if rows:
        yield "## Delay while it drained"
        yield ""
        yield from _table(("Read (UTC)", "Job", "Seconds or files left"), rows)


def _log_line(cutover: Cutover, entry: CutoverEntry, called: Called) -> str:
    who = f" {_name(entry.user, called)}:" if entry.user else ""
    job = f" (`{shown_name(cutover, entry.job)}`)" if entry.job else ""
    said = event_text(entry.event, rehearsal=cutover.rehearsal) + (f": {entry.text}" if entry.text else "")
    return f"- {_clock(entry.at)}{who} {_plain(said)}{job}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    for each in rows:
        yield _row(each)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(each).replace('|', chr(0x2502)) for each in cells)} |"


def _plain(text: str) -> str:
    """Text of people or of the service in one line."""
    return " ".join(text.split())


def _tick_json(tick: Tick, called: Called) -> dict[str, Any]:
    by = _person(tick.by, called)
    return {"text": tick.text, "by": by, "at": _iso(tick.at), "blocking": tick.blocking, "job": tick.job}


def _check_json(check: CheckLine) -> dict[str, Any]:
    return {"guard": check.guard, "result": str(check.result), "text": check.text, "job": check.job}


def _override_json(override: Override, called: Called) -> dict[str, Any]:
    by, at = _person(override.by, called), _iso(override.at)
    return {"guard": override.guard, "job": override.job, "reason": override.reason, "by": by, "at": at}


def _entry_json(entry: CutoverEntry, called: Called) -> dict[str, Any]:
    by = _person(entry.user, called)
    return {"at": _iso(entry.at), "event": entry.event, "by": by, "job": entry.job, "text": entry.text}


def _name(user: str, called: Called) -> str:
    return "dms-bot" if user == _BOT else _plain(called(user))


def _person(user: str, called: Called) -> dict[str, str] | None:
    """Who it was, for programs; None for nobody."""
    return {"id": user, "name": _name(user, called)} if user else None


def _amount(text: str) -> dict[str, float | None]:
    """What a measurement in the log says: `40` seconds, or `2 files`."""
    count, _, unit = text.partition(" ")
    return {"files" if unit.startswith("file") else "seconds": _number(count)}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _clock(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
