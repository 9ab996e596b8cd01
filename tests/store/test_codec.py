"""Whatever a record holds, it comes back from JSON and from columns as it was."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dms.delay import MAX_AGE, BackupFiles, MeasuredDelay
from bot.dms.model import DelayPoint, Job, Options
from bot.dms.unsupported import UnsupportedEvents
from bot.store import StoreError, records, tables
from bot.store.codec import as_json, clean, dumps, text_time, time_text
from bot.store.table import Table
from tests.fuzz.profile import limits
from tests.store import make

ANY_TEXT = st.text(st.characters())
"""Half surrogates and NUL among it: JSON in ASCII holds them."""
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=11))])
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


def strategy(hint: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if hint is MeasuredDelay:
        return delays(text)
    args = get_args(hint)
    if type(None) in args:
        return st.none() | strategy(next(each for each in args if each is not type(None)), text)
    if is_dataclass(hint):
        return filled(hint)
    if get_origin(hint) is tuple and args[-1] is Ellipsis:
        return st.lists(strategy(args[0], ANY_TEXT), max_size=3).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*[strategy(each, ANY_TEXT) for each in args])
    if get_origin(hint) is Mapping:
        return st.dictionaries(ANY_TEXT, strategy(args[1], ANY_TEXT), max_size=3)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    simple = {str: text, int: INTEGERS, bool: st.booleans(), datetime: TIMES, Any: JSON}
    return simple[hint] if hint is not float else st.floats(allow_nan=False, allow_infinity=False)


def events(text: st.SearchStrategy[str]) -> st.SearchStrategy[UnsupportedEvents]:
    counts = st.integers(0, 2**53)
    tables = st.lists(st.tuples(text, counts)).map(tuple)
    times = st.none() | TIMES
    return st.builds(UnsupportedEvents, st.none() | counts, tables, counts, times, times, text)


def backups(text: st.SearchStrategy[str]) -> st.SearchStrategy[BackupFiles]:
    point = st.none() | st.builds(DelayPoint, TIMES, st.floats(allow_nan=False, allow_infinity=False))
    return st.builds(BackupFiles, point, point, st.none() | TIMES, text)


@st.composite
def delays(draw: st.DrawFn, text: st.SearchStrategy[str]) -> MeasuredDelay:
    """Such as the bot makes: a figure that was too old at the look, or is not finite, counts as not known."""
    at = draw(TIMES)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    ages = st.timedeltas(timedelta(0), MAX_AGE)
    point = st.none() | st.builds(DelayPoint, ages.map(lambda age: at - age), finite)
    seconds = draw(point)
    return MeasuredDelay(
        at,
        seconds,
        draw(point),
        draw(st.none() | st.builds(DelayPoint, TIMES, finite)),
        draw(text),
        draw(text),
        draw(text),
        unsupported=draw(st.none() | events(text)),
        backups=draw(st.none() | backups(text)),
        undated_seconds=draw(st.none() | finite) if seconds is None else None,
    )


def filled(kind: Any, text: st.SearchStrategy[str] = ANY_TEXT) -> st.SearchStrategy[Any]:
    """Records in which every field, also a new one, may have any value."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{each.name: strategy(hints[each.name], text) for each in fields(kind)})


KINDS = [
    records.Request,
    records.Decision,
    records.Run,
    records.Freeze,
    records.AuditEntry,
    records.Event,
    records.JobSnapshot,
    records.OutMessage,
    records.Watch,
]


def assert_same(one: Any, other: Any) -> None:
    assert one == other
    # A member of an enum is equal to its text, and would not be in place of it.
    enums = [each.name for each in fields(other) if isinstance(getattr(other, each.name), Enum)]
    assert all(getattr(one, name) is getattr(other, name) for name in enums)


@pytest.mark.parametrize("kind", [Job, Options, *KINDS])
@limits(15, 1000)
@given(data=st.data())
def test_a_record_survives_json(kind: Any, data: st.DataObject) -> None:
    record = data.draw(filled(kind))
    text = dumps(as_json.unstructure(record))
    assert text.isascii()
    assert_same(as_json.structure(json.loads(text), kind), record)


@pytest.mark.parametrize("kind", KINDS)
@limits(15, 1000)
@given(data=st.data())
def test_a_record_survives_columns(kind: Any, data: st.DataObject) -> None:
    record = data.draw(filled(kind, PLAIN_TEXT))
    table = Table("any", kind)
    row = tuple(table.values(record))
    assert all(value is None or type(value) in (str, int, float) for value in row)
    assert_same(table.record(row), record)


@given(ANY_TEXT)
def test_text_that_a_column_cannot_hold_is_made_plain(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert len(cleaned) == len(text)


@given(TIMES, TIMES)
def test_times_sort_as_their_texts(one: datetime, other: datetime) -> None:
    assert (one < other) == (time_text(one) < time_text(other))
    assert text_time(time_text(one)) == one


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        time_text(datetime(2026, 1, 1))


def test_a_default_costs_no_space() -> None:
    assert as_json.unstructure(Options()) == {}


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    stored = {"failed_only": True, "unheard_of": 1}
    assert as_json.structure(stored, Options) == Options(failed_only=True)


def test_an_unknown_type_is_refused_before_anything_is_stored() -> None:
    @dataclass
    class Odd:
        number: complex

    table = Table("odd", Odd)
    with pytest.raises(TypeError, match="no way to store"):
        table.values(Odd(1j))


def stored() -> Iterator[Table[Any]]:
    """Every table that the store maps to records."""
    for module in pkgutil.iter_modules(tables.__path__, f"{tables.__name__}."):
        found = vars(importlib.import_module(module.name)).values()
        yield from (each for each in found if isinstance(each, Table))


STORED = {each.name: each for each in stored()}


def test_all_tables_are_found() -> None:
    assert STORED.keys() >= {"requests", "runs", "audit", "outbox", "cutovers", "webhook_deliveries"}


@pytest.mark.parametrize("name", STORED)
def test_each_table_can_store_its_types(name: str) -> None:
    """A bot makes the hooks with the first row, which may be a year away."""
    table = STORED[name]
    with pytest.raises(StoreError, match=f"row of the table {name}"):
        table.record((object(),) * table.columns.count(",") + (object(),))
    with pytest.raises(ValueError, match="has no field"):
        table.changes({"unheard of": 1})


def test_a_row_that_makes_no_sense_is_an_error_of_the_store() -> None:
    table = Table("runs", records.Run)
    row = ["nonsense" if name == "state" else "" for name in (each.name for each in fields(records.Run))]
    with pytest.raises(StoreError, match="row of the table runs"):
        table.record(tuple(row))


@pytest.mark.parametrize("stored", ["[]", '"failed_only"', "null", "7", '{"objects":[]}'])
def test_what_is_no_record_is_never_taken_for_one_as_by_default(stored: str) -> None:
    with pytest.raises(ValueError, match=r"is no Options|is no ObjectsConfig"):
        as_json.structure(json.loads(stored), Options)


def test_jobs_share_what_they_have_in_common() -> None:
    texts = [dumps(as_json.unstructure(make.job(id, error=None))) for id in ("a", "b")]
    one, other = (as_json.structure(json.loads(each), Job) for each in texts)
    assert one.state is other.state
    assert one.source.engine is other.source.engine
