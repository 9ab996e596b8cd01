"""What a request carries besides its jobs and options, and its JSON in the column `facts`.

All versions of the bot write the same JSON, so that a database can be upgraded and rolled back. It is an
object with these keys:

- `delay`: by job name `{"at", "seconds", "measured", "bytes", "measured_bytes", "last", "standing",
  "partial", "note", "unsupported", "backups"}`; times are ISO 8601, `last` is `{"seconds", "measured"}`, and
  `unsupported` is `{"total", "tables": [[name, count], …], "more_tables", "until", "since", "note"}`, and
  `backups` `{"files", "measured_files", "bytes", "measured_bytes", "last_log", "note"}`. Older versions wrote
  neither `measured`, `measured_bytes`, `unsupported` nor `backups`.
- `at_risk`, `called`: by job name; `faulty`: by job name, whether a database of it had failed.
- `approval_channel`, `effect`, `restart`, `projects`: text; `void`, `changes`: lists of text.
- `waits_s`: number; `gone`: true.
- `config`: `{"selection", "chosen", "excluded"}`, a `ConfigSnapshot`; `selections`: by job name, the same.
- `none_affected`: list of job names; `read_late`: true.
- `terms`: object, the fields of `CutoverTerms`.
- `due`: time; `zone`, `moves`, `reason`, `cutover`: text; `when_drained`: true.

Fields that have their default value are left out. A key that this version does not know is ignored, and a
value that it cannot read counts as not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.dms.delay import BackupFiles, MeasuredDelay, is_recent
from bot.dms.model import ConfigSnapshot, DelayPoint
from bot.dms.unsupported import UnsupportedEvents
from bot.store.terms import CutoverTerms, terms_from_json, terms_to_json

UNREAD = ConfigSnapshot("?")
"""A selection that could not be read. It equals no job's selection, so nothing that began from it is sent."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the bot found out for a request, and what its messages show."""

    delays: Mapping[str, MeasuredDelay] = field(default_factory=dict)
    """Replication delay by job name; empty where it was not read, as for all actions but promote."""
    at_risk: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By job name, the databases that were shown as at risk (`bot.dms.rules.at_risk`)."""
    faulty: Mapping[str, bool] = field(default_factory=dict)
    """By job name, whether a database of it had failed as it was shown; only jobs of which one had, or had an
    error."""
    approval_channel: str = ""
    """Channel that the policy names for approvals, or empty."""
    effect: str = ""
    """What happens once the action has been sent, in the words of its verb."""
    approval_ttl_s: float | None = None
    """Seconds that others have to approve, counted from the confirmation."""
    void_approvers: tuple[str, ...] = ()
    """Ids of users who have approved and have lost the right to do so since."""
    config: ConfigSnapshot | None = None
    """The selection of databases that an edit began from."""
    selections: Mapping[str, ConfigSnapshot] = field(default_factory=dict)
    """By job name, its selection of databases when the request was made; `UNREAD` if it could not be read."""
    none_affected: tuple[str, ...] = ()
    """Names of the jobs whose databases were listed, and of which the action affects none."""
    read_late: bool = False
    """Whether databases or selections were read only at a press, so that older messages do not show them."""
    changes: tuple[str, ...] = ()
    """What an edit adds, removes and keeps, one line each."""
    restart_ref: str = ""
    """Id of the stored invocation that restarts the job after an edit that needs it."""
    jobs_gone: bool = False
    """Whether the request ended because none of its jobs exists any more."""
    started_by: str = ""
    """Who started the operation that a cancel is for: a user id, or `outside` if not through this bot."""
    due: datetime | None = None
    """When it is to be sent; None for at once."""
    zone: str = ""
    """The time zone that `due` was meant in (`bot.util.wall_time.Moment`)."""
    moves: str = ""
    """Id of the scheduled request that this one takes the place of, once it is confirmed."""
    reason: str = ""
    """Why it is requested, in the requester's words."""
    cutover: str = ""
    """Id of the cutover that it is part of: that alone sends it, once it has drained."""
    terms: CutoverTerms | None = None
    """What that cutover's plan says; None for no cutover, and in what older versions wrote."""
    when_drained: bool = False
    """Whether it is sent only once nothing is missing, from `due` on, or from when it may be sent."""
    display_names: Mapping[str, str] = field(default_factory=dict)
    """By full resource name, the names shown for jobs whose ids alone are ambiguous."""
    projects: str = ""
    """Which projects its jobs are of, in a sentence; empty where there is one job, or one project."""

    @property
    def has_set_time(self) -> bool:
        """Whether somebody named the time `due`. That of a request which waits until nothing is missing may
        only be the one from when on it waits, and has no zone then."""
        return self.due is not None and bool(self.zone or not self.when_drained)

    @property
    def waits_without_time(self) -> bool:
        """Whether it waits until nothing is missing from when it may be sent on."""
        return self.when_drained and not self.has_set_time


def facts_to_json(facts: RequestFacts) -> dict[str, Any]:
    """The JSON object for the column."""
    found = {
        "delay": delays_to_json(facts.delays),
        "at_risk": {name: list(databases) for name, databases in facts.at_risk.items()},
        "faulty": dict(facts.faulty),
        "approval_channel": facts.approval_channel,
        "effect": facts.effect,
        "void": list(facts.void_approvers),
        "changes": list(facts.changes),
        "restart": facts.restart_ref,
        "gone": facts.jobs_gone,
        "started_by": facts.started_by,
        "called": dict(facts.display_names),
        "config": None if facts.config is None else asdict(facts.config),
        "selections": {name: asdict(each) for name, each in facts.selections.items()},
        "none_affected": list(facts.none_affected),
        "read_late": facts.read_late,
        "projects": facts.projects,
        "due": "" if facts.due is None else facts.due.isoformat(),
        "zone": facts.zone,
        "moves": facts.moves,
        "reason": facts.reason,
        "cutover": facts.cutover,
        "terms": terms_to_json(facts.terms),
        "when_drained": facts.when_drained,
    }
    given = {key: value for key, value in found.items() if value}
    return given if facts.approval_ttl_s is None else given | {"waits_s": facts.approval_ttl_s}


def facts_from_json(stored: object) -> RequestFacts:
    """The facts that this or another version wrote.

    Raises:
        ValueError: `stored` is not a JSON object.
    """
    if not isinstance(stored, dict):
        raise ValueError(f"{stored!r} is no RequestFacts")
    return RequestFacts(
        delays=delays_from_json(stored.get("delay")),
        at_risk={name: _texts(databases) for name, databases in _object(stored.get("at_risk")).items()},
        faulty={name: failed is True for name, failed in _object(stored.get("faulty")).items()},
        approval_channel=_text(stored.get("approval_channel")),
        effect=_text(stored.get("effect")),
        approval_ttl_s=_number(stored.get("waits_s")),
        void_approvers=_texts(stored.get("void")),
        config=_config(stored["config"]) if stored.get("config") is not None else None,
        selections={name: _config(each) for name, each in _object(stored.get("selections")).items()},
        none_affected=_texts(stored.get("none_affected")),
        read_late=stored.get("read_late") is True,
        changes=_texts(stored.get("changes")),
        restart_ref=_text(stored.get("restart")),
        jobs_gone=stored.get("gone") is True,
        started_by=_text(stored.get("started_by")),
        projects=_text(stored.get("projects")),
        due=_time(stored.get("due")),
        zone=_text(stored.get("zone")),
        moves=_text(stored.get("moves")),
        reason=_text(stored.get("reason")),
        cutover=_text(stored.get("cutover")),
        terms=terms_from_json(stored.get("terms")),
        when_drained=stored.get("when_drained") is True,
        display_names={
            name: called for name, called in _object(stored.get("called")).items() if isinstance(called, str)
        },
    )


def delays_to_json(delays: Mapping[str, MeasuredDelay]) -> dict[str, Any]:
    """Delays by job name, for a column or the data of a callback token."""
    return {name: _delay_to_json(each) for name, each in delays.items()}


def delays_from_json(stored: object) -> dict[str, MeasuredDelay]:
    """What `delays_to_json` or an older version wrote; empty for anything but an object."""
    return {name: _delay(each) for name, each in _object(stored).items()}


def _delay_to_json(delay: MeasuredDelay) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if delay.at is not None:
        found["at"] = delay.at.isoformat()
    if delay.seconds is not None:
        found |= _point_to_json(delay.seconds, "seconds", "measured")
    elif delay.undated_seconds is not None:
        found["seconds"] = delay.undated_seconds
    if delay.bytes is not None:
        found |= _point_to_json(delay.bytes, "bytes", "measured_bytes")
    if delay.last is not None:
        found["last"] = _point_to_json(delay.last, "seconds", "measured")
    if delay.unsupported is not None:
        found["unsupported"] = _events_to_json(delay.unsupported)
    if delay.backups is not None:
        found["backups"] = _backups_to_json(delay.backups)
    texts = {"standing": delay.standing, "partial": delay.partial, "note": delay.note}
    return found | {key: text for key, text in texts.items() if text}


def _events_to_json(events: UnsupportedEvents) -> dict[str, Any]:
    found: dict[str, Any] = {"tables": [list(each) for each in events.tables], "note": events.note}
    found |= {"more_tables": events.more_tables}
    times = {"until": events.until, "since": events.since}
    found |= {key: at.isoformat() for key, at in times.items() if at is not None}
    given = {key: value for key, value in found.items() if value}
    return given if events.total is None else given | {"total": events.total}


def _backups_to_json(backups: BackupFiles) -> dict[str, Any]:
    found: dict[str, Any] = {"note": backups.note} if backups.note else {}
    if backups.files is not None:
        found |= _point_to_json(backups.files, "files", "measured_files")
    if backups.bytes is not None:
        found |= _point_to_json(backups.bytes, "bytes", "measured_bytes")
    return found if backups.last_log is None else found | {"last_log": backups.last_log.isoformat()}


def _backups(stored: object) -> BackupFiles | None:
    if not isinstance(stored, dict):
        return None
    return BackupFiles(
        _point(stored, "files", "measured_files"),
        _point(stored, "bytes", "measured_bytes"),
        _time(stored.get("last_log")),
        _text(stored.get("note")),
    )


def _events(stored: object) -> UnsupportedEvents | None:
    if not isinstance(stored, dict):
        return None
    total, more = _number(stored.get("total")), _number(stored.get("more_tables"))
    if total is None and "total" in stored:
        return None
    tables = stored.get("tables")
    named = [_table(each) for each in tables] if isinstance(tables, list) else []
    return UnsupportedEvents(
        None if total is None else int(total),
        tuple(each for each in named if each is not None),
        int(more or 0),
        _time(stored.get("until")),
        _time(stored.get("since")),
        _text(stored.get("note")),
    )


def _table(stored: object) -> tuple[str, int] | None:
    if not isinstance(stored, list) or len(stored) != 2 or not isinstance(stored[0], str):
        return None
    count = _number(stored[1])
    return None if count is None else (stored[0], int(count))


def _point_to_json(point: DelayPoint, amount: str, when: str) -> dict[str, Any]:
    return {amount: point.value, when: point.time.isoformat()}


def _delay(stored: object) -> MeasuredDelay:
    fact = _object(stored)
    at = _time(fact.get("at"))
    seconds = _point(fact, "seconds", "measured", at)
    return MeasuredDelay(
        at,
        seconds,
        _point(fact, "bytes", "measured_bytes", at),
        _point(_object(fact.get("last")), "seconds", "measured"),
        _text(fact.get("standing")),
        _text(fact.get("partial")),
        _text(fact.get("note")),
        unsupported=_events(fact.get("unsupported")),
        backups=_backups(fact.get("backups")),
        undated_seconds=_number(fact.get("seconds")) if seconds is None else None,
    )


def _point(
    fact: Mapping[str, Any], amount: str, when: str, read: datetime | None = None
) -> DelayPoint | None:
    """A figure with its time; None where it was already too old at `read`, when the delay was read."""
    value, time = _number(fact.get(amount)), _time(fact.get(when))
    if value is None or time is None:
        return None
    point = DelayPoint(time, value)
    return point if read is None or is_recent(point, read) else None


def _config(stored: object) -> ConfigSnapshot:
    found = _object(stored)
    selection = found.get("selection")
    if not isinstance(selection, str):
        return UNREAD
    return ConfigSnapshot(selection, _texts(found.get("chosen")), _texts(found.get("excluded")))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


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
