"""The replication delay among a request's facts: measured, looked at, how old, and whether it is zero.

The fact `delay` is, by job name:

- `seconds`, `bytes`: how far behind; None where that is not known.
- `measured`, `measured_bytes`: when Cloud Monitoring took each of them (ISO), which is not when somebody
  looked. Facts of older versions lack them: theirs count as not known.
- `at`: the moment of the look (ISO).
- `last`: `{"seconds", "measured"}`, the newest figure where it says nothing about now.
- `standing`: state and phase of a job whose delay is not measured, for example `FAILED in CDC`.
- `partial`: what the figure leaves out with this source, in a clause.
- `note`: why nothing could be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.cmdline.answers import RichPart, Time, Verbatim
from bot.dms.delay import MAX_AGE, Seen, is_measured, is_recent
from bot.dms.errors import DmsError
from bot.dms.model import (
    Database,
    Delay,
    DelayPoint,
    Job,
    Lag,
    ObjectState,
    Options,
    State,
)
from bot.dms.port import Dms
from bot.dms.rules import Action, affected, where
from bot.store import Store
from bot.util import parallel
from bot.util.durations import bytes_text, humanize

DELAY = "delay"
"""The fact's name."""
_RECENT_H = 1.0
_LAST_H = 168.0
"""How far back to look for what was known last of a job that is not measured now."""
_NAMED = 5
_PARTIAL = {
    # "Migration job metrics" of the Oracle and SQL Server guides.
    "ORACLE": "changes that DMS has not begun to read are not counted",
    "SQLSERVER": "changes that are not in a restored backup file yet are not counted",
}
_PAUSES = frozenset(
    {State.STOPPING, State.STOPPED, State.RESUMING, State.FAILED, State.RESTARTING, State.STARTING}
)
"""States from which a job goes on; what was measured before says nothing about it."""


def measure(
    dms: Dms,
    store: Store,
    jobs: Sequence[Job],
    clock: Callable[[], datetime],
    databases: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """The fact for these jobs, as Cloud Monitoring says now; what goes wrong stands in its `note`.

    `databases` are by job name those that count; all of them where none are named.
    """
    named = databases or {}
    begun = {job.name: went_on(store, job, clock()) for job in jobs}

    def one(job: Job) -> dict[str, Any]:
        return _measure_one(dms, job, clock, begun[job.name], named.get(job.name, ()))

    found = parallel.map_concurrently(one, jobs)
    return {DELAY: {job.name: fact for job, fact in zip(jobs, found, strict=True)}}


def went_on(store: Store, job: Job, now: datetime) -> datetime | None:
    """When a running job was last seen to go on after a pause, which is `now` where nobody has told of it
    yet; None where that is not known."""
    if job.state != State.RUNNING:
        return None
    known = store.known_job(job.name)
    if known is not None and known.job.create_time == job.create_time and known.job.state in _PAUSES:
        return now
    for event in reversed(store.events(job.name, job.create_time)):
        states = [status.partition("/")[0] for status in (event.before, event.after)]
        if event.kind == "changed" and states[1] == State.RUNNING and states[0] in _PAUSES:
            return event.at
    return None


def _measure_one(
    dms: Dms, job: Job, clock: Callable[[], datetime], since: datetime | None, names: Sequence[str]
) -> dict[str, Any]:
    try:
        delay = dms.delay(job, _RECENT_H if is_measured(job) else _LAST_H, since)
    except DmsError as error:
        return fact_of(job, Delay(), names, clock()) | {"note": str(error)}
    return fact_of(job, delay, names, clock())


def fact_of(job: Job, delay: Delay, names: Sequence[str], now: datetime) -> dict[str, Any]:
    """What these figures tell of the job `now`; `names` are of the databases that count, or of all."""
    seen: dict[str, Any] = {
        "at": now.isoformat(),
        "seconds": None,
        "bytes": None,
        "measured": None,
        "measured_bytes": None,
        "note": "",
        "standing": "" if is_measured(job) else where(job),
        "partial": _PARTIAL.get(job.source.engine, ""),
    }
    if seen["standing"]:
        return seen | _last(delay.seconds, names)
    return seen | _seconds(delay.seconds, names, now) | _bytes(delay.bytes.of(names), now)


def replicated(databases: Sequence[Database]) -> tuple[str, ...]:
    """The names of those of a job's databases whose delay should be measured: neither failed nor promoted."""
    alive = [each for each in databases if each.state != ObjectState.FAILED]
    return affected(Action.PROMOTE, Options(), alive)


def _seconds(lag: Lag, names: Sequence[str], now: datetime) -> dict[str, Any]:
    point = lag.of(names)
    if point is not None and is_recent(point, now):
        return {"seconds": point.value, "measured": point.time.isoformat()}
    if point is None and lag.of() is not None:
        missing = lag.missing(names)
        return {"note": f"it was not measured of {', '.join(missing[:_NAMED])}"}
    return _last(lag, names) or {"note": "nothing was measured in the last hour"}


def _bytes(point: DelayPoint | None, now: datetime) -> dict[str, Any]:
    if point is None or not is_recent(point, now):
        return {}
    return {"bytes": point.value, "measured_bytes": point.time.isoformat()}


def _last(lag: Lag, names: Sequence[str]) -> dict[str, Any]:
    point = lag.of(names) or lag.of()
    if point is None:
        return {}
    return {"last": {"seconds": point.value, "measured": point.time.isoformat()}}


def read(fact: object) -> Seen:
    """What a stored fact tells; of what cannot be read, nothing is known."""
    if not isinstance(fact, Mapping):
        return Seen(None)
    at = _time(fact.get("at"))
    last = fact.get("last")
    return Seen(
        at,
        _point(fact, "seconds", "measured", at),
        _point(fact, "bytes", "measured_bytes", at),
        _point(last, "seconds", "measured") if isinstance(last, Mapping) else None,
        _text(fact.get("standing")),
        _text(fact.get("partial")),
        _text(fact.get("note")),
    )


def _point(
    fact: Mapping[str, Any], amount: str, when: str, looked: datetime | None = None
) -> DelayPoint | None:
    value, time = _number(fact.get(amount)), _time(fact.get(when))
    if value is None or time is None:
        return None
    return None if looked is not None and looked - time > MAX_AGE else DelayPoint(time, value)


def is_stale(facts: Mapping[str, Any], jobs: Sequence[Job], now: datetime) -> bool:
    """Whether the delay of one of the jobs has to be looked at again, or nobody has looked."""
    known = _by_job(facts)
    return any(_is_stale(known.get(job.name), now) for job in jobs)


def _by_job(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fact's values by job name; none where nobody has looked."""
    found = facts.get(DELAY)
    return found if isinstance(found, Mapping) else {}


def _is_stale(fact: object, now: datetime) -> bool:
    seen = read(fact)
    if seen.at is None or (was_shown_as_zero(fact) and seen.seconds is None):
        return True  # of a zero without its time, nobody knows how old it is
    if seen.standing:
        return False  # nothing new is measured as long as the job stands where it does
    if seen.is_zero and seen.seconds is not None:
        return not is_recent(seen.seconds, now)
    return now - seen.at > MAX_AGE


def data_loss_reason(facts: Mapping[str, Any]) -> tuple[RichPart, ...]:
    """Why promoting now may lose data, in a clause; empty where the delay of every job is zero."""
    found = [read(fact) for fact in _by_job(facts).values()]
    late = [each for each in found if each.is_behind]
    if len(late) == 1:
        return ("it is *not zero* (", *amounts(late[0]), ")")
    if late:
        return (f"it is *not zero* (for {len(late)} of {len(found)} jobs)",)
    if not all(each.is_zero for each in found):
        return ("it is *not known* to be zero",)
    return ()


def all_zero(facts: Mapping[str, Any], jobs: Sequence[Job]) -> bool:
    """Whether the delay of each of the jobs is known, and zero, as far as the facts tell."""
    known = _by_job(facts)
    return all(read(known.get(job.name)).is_zero for job in jobs)


def was_shown_as_zero(fact: object) -> bool:
    """Whether people were shown a zero, even if it is not known when that was measured."""
    return isinstance(fact, Mapping) and _number(fact.get("seconds")) == 0


def amounts(seen: Seen) -> tuple[RichPart, ...]:
    """`30 s · 1000 B (measured …)`: each figure that is known, with the time at which it was measured."""
    seconds, size = seen.seconds, seen.bytes
    if seconds is None:
        return () if size is None else (bytes_text(size.value), *measured(size))
    if size is None:
        return (humanize(seconds.value), *measured(seconds))
    if abs((seconds.time - size.time).total_seconds()) < 60:
        return (
            f"{humanize(seconds.value)} · {bytes_text(size.value)}",
            *measured(min(seconds, size, key=lambda point: point.time)),
        )
    return (humanize(seconds.value), *measured(seconds), f" · {bytes_text(size.value)}", *measured(size))


def measured(point: DelayPoint) -> tuple[RichPart, ...]:
    """` (measured …)`, to stand behind a figure."""
    return (" (measured ", Time(point.time), ")")


def why_unknown(seen: Seen) -> tuple[RichPart, ...]:
    """Why the delay is not known, or not known to be zero; to stand behind “not known”."""
    if seen.partial and seen.seconds is not None:
        return (" to be zero: ", *amounts(seen), f", but {seen.partial}")
    if seen.last is not None:
        return (f": the newest figure is {humanize(seen.last.value)}", *measured(seen.last))
    if seen.note:
        return (": ", Verbatim(seen.note.rstrip(".")))
    return (": when it was measured is not known",)


def unmeasured(seen: Seen) -> tuple[RichPart, ...]:
    """Of a job whose delay is not measured: what the destination may miss, in a sentence."""
    if seen.last is None or seen.since is None:
        return (
            "The destination may miss what the source got lately: how much is *not known*, as the delay is "
            f"not measured while the job is {seen.standing}, and the last one is not known (",
            Verbatim(seen.note.rstrip(".") or "there is none in the last 7 days"),
            ").",
        )
    return (
        "The destination may miss what the source got since ",
        Time(seen.since),
        f" (last known delay {humanize(seen.last.value)}, measured ",
        Time(seen.last.time),
        f"): the delay is not measured while the job is {seen.standing}.",
    )


def said(parts: Sequence[RichPart]) -> str:
    """The same where times cannot be shown in each reader's own zone."""
    return "".join(_said(each) for each in parts)


def _said(part: RichPart) -> str:
    match part:
        case Time(at):
            return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case Verbatim(text):
            return text
        case _:
            return str(part)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
