"""Everything was told once, and what stands in Slack is true in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.store.cutover import CutoverEntry
from bot.store.records import Event, Request, RequestState, Run, RunState
from sandbox.slack.violations import Violation
from tests.crash.evidence import Evidence
from tests.crash.raw import Row

_OVER = {
    RequestState.CANCELLED: "Cancelled",
    RequestState.DENIED: "Denied",
    RequestState.EXPIRED: "Expired",
    RequestState.OUTDATED: "Out of date",
}
_BUTTONS = ("[Confirm", "[Approve", "[Deny", "[Cancel]", "[Withdraw]", "[Delete job", "[Details]")
_NOTHING_LEFT = "There is nothing to show any more."
_ERRORS = ("error", "database_error", "database_failed")
_RUNNING = ("RUNNING", "UPDATING")
_STANDING = ("The service says that", "The service has no such job")
_LEAVES = frozenset(
    {
        *("started", "stopped", "drained", "not_drained", "promoting", "promoted", "adopted", "unknown"),
        *("not_sent", "held", "resumed", "left_out", "opened", "aborted", "expired", "cancelled", "denied"),
        *("outdated", "lost", "moved", "rehearsed"),
    }
)
"""Lines of a cutover's log after which it waits for another press, or for none."""
_DONE_WITHIN = {"promote": "asked", "second": "objection", "reopened": "reopened", "here": "here"}
"""By what is asked of somebody, the line after which it is not awaited, though the cutover stays as it is."""
_ANSWER_EXPECTED_S = 3.0
_CLOCKS_DIFFER_S = 1.0
_SLACK_NOTICES_S = 1.0
"""A delivery may go to a dead bot's connection before Slack has noticed."""


def posted(e: Evidence) -> Iterator[str]:
    """Each message of the outbox stands in Slack exactly once."""
    in_slack = Counter(each.key for each in e.posted)
    for row in e.outbox:
        times = in_slack.pop(row.key, 0)
        if row.error:
            if times > 1 or row.error != _NOTHING_LEFT or not _is_told_otherwise(e, row):
                yield f"given up: {row.key}: {row.error}"
        elif times != 1:
            yield f"posted {times} times: {row.key}"
        elif row.sent_rev != row.rev:
            yield f"shows revision {row.sent_rev} of {row.rev}: {row.key}"
    yield from (f"in Slack, but not in the outbox: {key}" for key in in_slack)
    stamps = {each.key: each.ts for each in e.posted}
    yield from (
        f"the outbox has {row.ts} for {row.key}, and Slack {stamps[row.key]}"
        for row in e.outbox
        if row.key in stamps and row.ts and row.ts != stamps[row.key]
    )


def _is_told_otherwise(e: Evidence, row: Row) -> bool:
    """Whether there was nothing left to say in a message when its time came."""
    if row.kind in ("reminder", "begun"):  # decided, or ended
        return True
    if row.kind == "cutover_call":
        log = e.cutover_logs.get(row.subject["cutover"], ())
        return any(_ends_call(each, row.subject) for each in log)
    if row.kind in ("outcome", "failure"):
        request = e.requests[row.subject["request"]]
        if request.facts.cutover:  # its card tells of a promotion that is unclear, and somebody pressed again
            return True
        # The alert that the job itself failed names the action.
        jobs = row.subject.get("jobs", ())
        return bool(jobs) and all(_failed_since(e, job, request.created) for job in jobs)
    if row.kind == "settled":  # the job has come out of its trouble
        return e.jobs.get(row.subject["job"], {}).get("state") != "FAILED"
    if row.kind == "alert":  # that the errors ended, when they were back already, or the job did not run
        ended = next(each for each in e.events if each.id == row.subject["event"])
        later = (each for each in e.events if each.job == ended.job and each.id > ended.id)
        return ended.kind == "cleared" and any(_ends_all_clear(each) for each in later)
    return False


def _ends_all_clear(event: Event) -> bool:
    left = event.kind in ("changed", "deleted") and event.after.partition("/")[0] not in _RUNNING
    return left or event.kind in _ERRORS


def _ends_call(entry: CutoverEntry, call: Mapping[str, Any]) -> bool:
    """Whether somebody pressed what a call asks for after it, or the cutover went on without."""
    if entry.id <= call["after"]:
        return False
    if entry.event in _LEAVES:
        return True
    what = call["what"]
    return entry.event == _DONE_WITHIN.get(what) and (what != "here" or entry.user == call["person"])


def _failed_since(e: Evidence, job: str, since: datetime) -> bool:
    events = (each for each in e.events if each.job == job and each.at >= since)
    return any(each.after.partition("/")[0] == "FAILED" for each in events)


def cards(e: Evidence) -> Iterator[str]:
    """The messages of a request show how it ended."""
    texts = {each.key: each.text for each in e.posted}
    for request in e.requests.values():
        runs = _newest(run for run in e.runs if run.request == request.id)
        for key in (f"request:{request.id}", f"approval:{request.id}"):
            text = texts.get(key)
            if text is None:
                if key.startswith("request:"):
                    yield f"no message {key}"
                continue
            yield from (
                f"{fault}: {key} ({request.state}):\n{text}" for fault in _faults(request, runs, text)
            )


def outcomes(e: Evidence) -> Iterator[str]:
    """Whoever asked has been told how it ended by a new message, unless they ended it themselves."""
    told = {each.key: float(each.ts) for each in e.posted}
    for request in e.requests.values():
        is_over = request.state in (*_OVER, RequestState.DONE) and request.ended is not None
        if not is_over or request.ended_by == request.by.user or f"outcome:{request.id}" in told:
            continue
        if request.facts.cutover:
            continue  # the card of the cutover, and its report, tell it
        ended = request.ended.timestamp() if request.ended else 0.0
        if told.get(f"request:{request.id}", 0.0) < ended - _CLOCKS_DIFFER_S:
            yield f"nobody was told that {request.id} is {request.state}"


def _newest(runs: Iterable[Run]) -> list[Run]:
    """The last run of each job (they are oldest first): a cutover may try again, after another press."""
    return list({run.job: run for run in runs}.values())


def _faults(request: Request, runs: list[Run], text: str) -> Iterator[str]:
    if any(button in text for button in _BUTTONS):
        yield "still has buttons to decide with"
    if request.state in _OVER and _OVER[request.state] not in text:
        yield f"does not say {_OVER[request.state]!r}"
    if request.state is RequestState.DONE:
        bad = {run.state for run in runs} - {RunState.SUCCEEDED}
        sign = "🔴" if bad - {RunState.UNCLEAR} else "❓" if bad else "✅"
        if sign not in text:
            yield f"does not show {sign}, that it went {'wrong' if bad else 'well'}"
    unclear = any(run.state is RunState.UNCLEAR for run in runs)
    if unclear and not any(words in text for words in _STANDING):
        yield "is unclear and does not tell the service's own state"


def events(e: Evidence) -> Iterator[str]:
    """Each event is one post: a reply in a thread, an alert, the first line of a timeline, or part of a
    message about many."""
    single = Counter(row.subject["event"] for row in e.outbox if row.kind in ("event", "alert"))
    begun = Counter(row.subject["first"] for row in e.outbox if row.kind == "timeline")
    rows = [row for row in e.outbox if row.kind in ("digest", "mass_failure", "flapping")]
    gathered = Counter(id for row in rows for id in row.subject["events"])
    for event in e.events:
        if single[event.id] + begun[event.id] + gathered[event.id] == 0:
            yield f"not told: {event}"
        if single[event.id] + begun[event.id] > 1 or gathered[event.id] > 1:
            yield f"told more than once: {event}"


def rules(e: Evidence) -> Iterator[str]:
    """Slack's rules were kept, as far as a bot can that dies and forgets."""
    yield from (f"{each.code} {each.method}: {each.detail}" for each in e.violations if not excused(e, each))


def excused(e: Evidence, each: Violation) -> bool:
    """Whether a death explains it: no acknowledgement from a dead bot, and a call too early by a
    leader that has not been told itself how long to wait."""
    if each.code == "ack_timeout":
        sent = each.at - _ANSWER_EXPECTED_S
        return any(sent - _SLACK_NOTICES_S <= kill.at <= each.at for kill in e.kills)
    if each.code == "ratelimited":
        alike = [one for one in e.violations if (one.code, one.detail) == (each.code, each.detail)]
        index = alike.index(each)
        since = alike[index - 1].at if index else 0.0
        return any(since <= led <= each.at for life in e.lives[1:] for led in life.led)
    return False


def logs(e: Evidence) -> Iterator[str]:
    """No bot met with anything that it did not expect."""
    for life in e.lives:
        for trouble in life.troubles:
            yield f"bot {life.number}: {trouble}"
