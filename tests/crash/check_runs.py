"""Whatever was approved ran exactly once, and nothing ran that was not approved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from bot.dms.rules import Action
from bot.store.records import ACTIVE_RUNS, OPEN_REQUESTS, AuditEntry, RequestState, Run, RunState
from tests.crash.env import APPROVED, APPROVERS
from tests.crash.evidence import Call, Evidence

OUTCOMES = frozenset(state.value for state in RunState if state not in ACTIVE_RUNS)
_CLOSED = {
    RequestState.CANCELLED: "cancelled",
    RequestState.DENIED: "denied",
    RequestState.EXPIRED: "expired",
    RequestState.OUTDATED: "outdated",
}
_ASKS = frozenset({Action.RESTART, Action.PROMOTE, Action.DEMOTE, Action.DELETE, Action.EDIT})


def once(e: Evidence) -> Iterator[str]:
    """Each run's calls, by the audit row that was written before each."""
    calls, strays = attributed(e)
    yield from (f"call without a run: {call}" for call in strays)
    rows = _calling(e)
    for run in e.runs:
        made = sum(len(calls.get(row.seq, ())) for row in rows.get(run.id, ()))
        twice = [row.seq for row in rows.get(run.id, ()) if len(calls.get(row.seq, ())) > 1]
        if twice:
            yield f"more than one call after the audit rows {twice} of {_shown(run)}"
        low, high = _expected(e, run)
        if not low <= made <= high:
            yield f"{made} calls instead of {low} to {high}: {_shown(run)}"


def attributed(e: Evidence) -> tuple[dict[int, list[Call]], list[Call]]:
    """Applied calls by the number of the latest audit row that announced such a call, and the rest.

    Calls repeated with the same `request_id` are one.
    """
    by_row: dict[int, list[Call]] = defaultdict(list)
    strays: list[Call] = []
    seen: set[str] = set()
    announced = [row for row in e.audit if row.event == "calling"]
    for call in e.calls:
        if not call.applied or (call.request_id and call.request_id in seen):
            continue
        seen.add(call.request_id)
        fitting = [row for row in announced if _announces(row, call)]
        if fitting:
            by_row[fitting[-1].seq].append(call)
        else:
            strays.append(call)
    return by_row, strays


def _announces(row: AuditEntry, call: Call) -> bool:
    same = row.action == call.verb or (row.action == Action.RESTART and call.verb == Action.STOP)
    return same and row.job == call.job and row.at.timestamp() <= call.at


def _expected(e: Evidence, run: Run) -> tuple[int, int]:
    """How many calls a run may have made, at least and at most."""
    stops_first = e.requests[run.request].options.stop_first
    most = 2 if stops_first else 1
    match run.state:
        case RunState.SUCCEEDED:
            return most, most
        case RunState.FAILED:
            return 1, most
        case RunState.UNCLEAR:
            return most - 1, most
        case _:
            return 0, 0


def permitted(e: Evidence) -> Iterator[str]:
    """Before each call: asked, confirmed by who asked, and approved by somebody else where needed."""
    by_request: dict[str, list[AuditEntry]] = defaultdict(list)
    for row in _of_requests(e):
        by_request[row.request].append(row)
        if row.event == "calling":
            earlier = [each for each in by_request[row.request] if each.job == row.job]
            yield from (f"{fault}: {row}" for fault in _faults(e, row, earlier))


def _faults(e: Evidence, row: AuditEntry, earlier: Sequence[AuditEntry]) -> Iterator[str]:
    requested = [each for each in earlier if each.event == "requested"]
    if len(requested) != 1 or requested[0].user != row.user:
        yield "called without a request by the same person"
        return
    bulk = len(e.requests[row.request].jobs) > 1
    asks = row.action in _ASKS or bulk or requested[0].job_status == "RUNNING/FULL_DUMP"
    confirmed = {each.user for each in earlier if each.event == "confirmed"}
    if (asks and row.action != Action.VERIFY and confirmed != {row.user}) or confirmed - {row.user}:
        yield "called without its requester's confirmation"
    approved = {each.user for each in earlier if each.event == "approved"}
    if row.action in APPROVED and not approved & (set(APPROVERS) - {row.user}):
        yield "called without another person's approval"
    if any(each.event in _CLOSED.values() for each in earlier):
        yield "called although the request had ended"


def audited(e: Evidence) -> Iterator[str]:
    """No row is missing, none is doubled, and they are in order."""
    if e.chain:
        yield e.chain
    rows = _rows_of_runs(e)
    for run in e.runs:
        yield from (f"{fault}: {_shown(run)}" for fault in _history(rows[run.id], run))
    yield from _requests(e)


def _history(rows: Sequence[AuditEntry], run: Run) -> Iterator[str]:
    events = [row.event for row in rows]
    ends = [event for event in events if event in OUTCOMES]
    if not ends or ends[-1] != run.state:
        yield f"the audit says {events}"
    # A call that had been given up as unclear may still turn out to have been accepted.
    if len(ends) > 1 and ends[:-1] != ["unclear"]:
        yield f"more than one outcome in {events}"
    if events.count("accepted") > events.count("calling"):
        yield f"accepted more often than called in {events}"
    if run.state in (RunState.SUCCEEDED, RunState.FAILED, RunState.UNCLEAR) and "calling" not in events:
        yield f"no row before the call in {events}"
    if events and ends and events.index(ends[-1]) != len(events) - 1 and events[-1] not in OUTCOMES:
        yield f"something after the end in {events}"


def _requests(e: Evidence) -> Iterator[str]:
    found = Counter((row.request, row.job, row.event) for row in _of_requests(e) if not row.run)
    for request in e.requests.values():
        for job in request.jobs:
            for event in ("requested", "confirmed", *_CLOSED.values()):
                times = found[request.id, job.name, event]
                must = event == "requested" or _CLOSED.get(request.state) == event
                if times > 1 or (must and times != 1):
                    yield f"{times} audit rows {event!r} for {request.id} ({request.state}) on {job.name}"
                if event in _CLOSED.values() and times and _CLOSED.get(request.state) != event:
                    yield f"the audit says {event}, and {request.id} is {request.state}"


def ended(e: Evidence) -> Iterator[str]:
    """Nothing waits for ever."""
    stuck = (*OPEN_REQUESTS, RequestState.APPROVED, RequestState.RUNNING)
    yield from (f"{each.id} is still {each.state}" for each in e.requests.values() if each.state in stuck)
    yield from (f"still active: {_shown(run)}" for run in e.runs if run.state in ACTIVE_RUNS)
    with_runs = Counter(run.request for run in e.runs)
    for request in e.requests.values():
        wanted = len(request.jobs) if request.state is RequestState.DONE else 0
        if request.facts.cutover:
            continue  # it may be sent again, after another press: `check_cutovers`
        if request.state not in stuck and with_runs[request.id] != wanted:
            yield f"{with_runs[request.id]} runs of {request.id}, which is {request.state}"


def _calling(e: Evidence) -> dict[str, list[AuditEntry]]:
    rows = _rows_of_runs(e)
    return {run: [row for row in found if row.event == "calling"] for run, found in rows.items()}


def _of_requests(e: Evidence) -> Iterator[AuditEntry]:
    """The audit without the steps of cutovers, which name their request as well."""
    return (row for row in e.audit if row.action != "cutover")


def _rows_of_runs(e: Evidence) -> dict[str, list[AuditEntry]]:
    rows: dict[str, list[AuditEntry]] = defaultdict(list)
    for row in e.audit:
        if row.run:
            rows[row.run].append(row)
    return rows


def _shown(run: Run) -> str:
    return f"run {run.id} {run.action} {run.job.rpartition('/')[2]} {run.state} ({run.note})"
