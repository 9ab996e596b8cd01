"""Changes of the source that DMS does not support: a destination without delay may lack them.

Sources: Google Cloud metrics list, `…/migration_job/unsupported_events_count` (a DELTA: its points have to be
added up); REST `MigrationJobObject.heterogeneousMetadata.unsupportedEventsCount`, a total for each object of
an Oracle or SQL Server source with a destination in PostgreSQL.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.dms.model import Database

KEPT = timedelta(weeks=6)
"""How long Cloud Monitoring keeps the metrics of Google Cloud ("Quotas and limits", data retention)."""
SERVICE = "Cloud Monitoring"
MAY_COUNT_BY_OBJECT = frozenset({"ORACLE", "SQLSERVER"})
"""Engines of sources whose objects can have `heterogeneousMetadata`."""
_NAMED = 5
_HOUR_S = 3600
_PERIODS = 288
"""Maximum number of summed points of one series."""

Labels = tuple[str, str, str]
"""Database, schema and table; parts that a series or an object lacks are empty."""


class Span(NamedTuple):
    """A part of the time over which a DELTA metric is added up; seconds since 1970."""

    start: int
    """Not part of it."""
    end: int
    period: int
    """Seconds that the service sums into one point; 0 for all points as they were measured."""


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What the service counted, by table."""

    metric: Mapping[Labels, int] | None = None
    """From Cloud Monitoring; None if it could not be read."""
    objects: Mapping[Labels, int] | None = None
    """From the job's objects, where they have it; None if they could not be read."""
    until: datetime | None = None
    """When the newest point of the metric was measured."""
    since: datetime | None = None
    """From when on the metric was counted, if the job is older than what is kept."""
    note: str = ""
    """Why a part could not be read, or empty."""


@dataclass(frozen=True, slots=True)
class UnsupportedEvents:
    """How many changes of the databases that count were not supported, as far as it is known."""

    total: int | None = None
    """None where it is not known; `note` says why, or is empty where nothing counts such changes."""
    tables: tuple[tuple[str, int], ...] = field(default=())
    """The tables with most of them, by name, most first."""
    more_tables: int = 0
    """How many other tables have some."""
    until: datetime | None = None
    since: datetime | None = None
    note: str = ""

    @property
    def may_miss(self) -> bool:
        """Whether changes are known to be missing, or it could not be read whether some are."""
        return bool(self.total) or bool(self.note)

    def is_covered_by(self, shown: UnsupportedEvents | None) -> bool:
        """Whether somebody who was shown `shown` knows of all these."""
        if not self.may_miss:
            return True
        if shown is None or not shown.may_miss:
            return False
        if self.total is None:
            return shown.total is None
        return shown.total is not None and shown.total >= self.total


def unsupported_events(counts: EventCounts, names: Sequence[str] = ()) -> UnsupportedEvents:
    """The larger of the two counts, of the databases with these names, or of all."""
    sources = [_of(each, names) for each in (counts.metric, counts.objects) if each]
    most = max(sources, key=lambda each: sum(each.values()), default=None)
    total = None if most is None else sum(most.values())
    if most is None or total is None or (total == 0 and counts.note):
        return UnsupportedEvents(note=counts.note)
    ranked = sorted(
        ((n, labels) for labels, n in most.items() if n > 0), key=lambda each: (-each[0], each[1])
    )
    tables = tuple((".".join(part for part in labels if part), n) for n, labels in ranked)
    named = [each for each in tables if each[0]]
    return UnsupportedEvents(
        total, tuple(named[:_NAMED]), max(0, len(named) - _NAMED), counts.until, counts.since
    )


def object_counts(databases: Sequence[Database]) -> dict[Labels, int]:
    """The totals of the objects that have one."""
    return {
        (each.id.database, each.id.schema, each.id.table): each.unsupported_events
        for each in databases
        if each.unsupported_events is not None
    }


def spans(begin: float, end: float) -> tuple[Span, ...]:
    """Intervals that cover `begin` to `end`, in seconds since 1970.

    Where the periods of an aligned series begin is not documented. So the service sums only whole periods
    that begin at a multiple of their length; what is before and after them is read point by point, and
    nothing counts twice.
    """
    first, last = math.floor(begin), math.ceil(end)
    hours = math.ceil((last - first) / _HOUR_S / _PERIODS)
    period = max(1, hours) * _HOUR_S
    whole, until = math.ceil(first / period) * period, last // period * period
    if whole >= until:
        return (Span(first, last, 0),)
    parts = (Span(first, whole, 0), Span(whole, until, period), Span(until, last, 0))
    return tuple(each for each in parts if each.start < each.end)


def _of(counts: Mapping[Labels, int], names: Sequence[str]) -> Mapping[Labels, int]:
    """Counts of the databases with these names; all where the series name databases in another way."""
    wanted = {name.partition(".")[0] for name in names} | set(names)
    found = {labels: n for labels, n in counts.items() if labels[0] in wanted}
    return found or counts
