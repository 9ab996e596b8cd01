"""What an edit comes to, for any choice and any change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dms.model import ObjectId, ObjectsConfig, Selection
from bot.dms.selection import Change, plan, schemas_and_tables, selectable, selected

A, B, C, D = "abcd"
SOURCE = (A, B, C, D)
ALL = ObjectsConfig()
TABLE = ObjectId("a", "TABLE", "public", "orders")
SCHEMA = ObjectId("", "SCHEMA", "HR")


def but(*names: str) -> ObjectsConfig:
    return ObjectsConfig(Selection.ALL, (), tuple(ObjectId(name) for name in names))


def some(*names: str) -> ObjectsConfig:
    return ObjectsConfig(Selection.SPECIFIED, tuple(ObjectId(name) for name in names), ())


@pytest.mark.parametrize(
    ("config", "change", "after"),
    [
        (ALL, Change(), ALL),
        (ALL, Change(remove=(A,)), but(A)),
        (ALL, Change(add=(A,)), ALL),
        (ALL, Change(excluded=(A, B)), but(A, B)),
        (ALL, Change(chosen=(B, A)), some(A, B)),
        (ALL, Change(chosen=(B, B)), some(B)),
        (but(A), Change(add=(A,)), ALL),
        (but(A), Change(remove=(B,)), but(A, B)),
        (but(A), Change(excluded=(B,)), but(B)),
        (but(A), Change(excluded=()), ALL),
        (but(A), Change(everything=True), ALL),
        (but(A), Change(everything=True, excluded=(B,)), but(B)),
        (but(A), Change(chosen=(A,)), some(A)),
        (some(A), Change(add=(B,)), some(A, B)),
        (some(A, B), Change(remove=(B,)), some(A)),
        (some(A, B), Change(remove=(B,), add=(C,)), some(A, C)),
        (some(A), Change(remove=(B,)), some(A)),
        (some(A), Change(everything=True), ALL),
        (some(A), Change(everything=True, excluded=(A,)), but(A)),
        (some(A), Change(chosen=(B,)), some(B)),
        (some(A), Change(chosen=(B,), add=(C,)), some(B, C)),
    ],
)
def test_what_is_saved(config: ObjectsConfig, change: Change, after: ObjectsConfig) -> None:
    planned = plan(config, SOURCE, change)
    assert planned.after.snapshot() == after.snapshot()
    assert planned.changes == (config.snapshot() != after.snapshot())


def test_what_is_told() -> None:
    planned = plan(some(B, A), SOURCE, Change(add=(D, C), remove=(A,)))
    assert (planned.added, planned.removed, planned.kept) == ((C, D), (A,), (B,))


@pytest.mark.parametrize(
    ("config", "source", "change", "none"),
    [
        (ALL, SOURCE, Change(remove=SOURCE), True),
        (ALL, SOURCE, Change(remove=SOURCE[:3]), False),
        (some(A), SOURCE, Change(remove=(A,)), True),
        (some(A), SOURCE, Change(chosen=()), True),
        (ALL, (), Change(everything=True), False),
        (ALL, (), Change(everything=True, excluded=(A,)), True),
        (some(A), (), Change(everything=True), False),
        (ObjectsConfig(Selection.SPECIFIED, (ObjectId(A), TABLE)), SOURCE, Change(remove=(A,)), False),
    ],
)
def test_whether_anything_is_left(
    config: ObjectsConfig, source: tuple[str, ...], change: Change, none: bool
) -> None:
    assert plan(config, source, change).leaves_none is none


@pytest.mark.parametrize(
    "change",
    [
        Change(add=(B,)),
        Change(remove=(B,)),
        Change(chosen=(C,)),
        Change(chosen=(C,), add=(D,)),
    ],
)
def test_schemas_and_tables_that_are_chosen_stay(change: Change) -> None:
    config = ObjectsConfig(
        Selection.SPECIFIED, (ObjectId(A), TABLE, SCHEMA), (ObjectId("a", "TABLE", "public", "x"),)
    )
    after = plan(config, SOURCE, change).after
    assert schemas_and_tables(after.chosen) == (TABLE, SCHEMA)
    assert schemas_and_tables(after.excluded) == schemas_and_tables(config.excluded)


@pytest.mark.parametrize("change", [Change(everything=True), Change(excluded=(B,)), Change(remove=(B,))])
def test_schemas_and_tables_that_are_left_out_stay_so(change: Change) -> None:
    config = ObjectsConfig(Selection.ALL, (), (ObjectId(A), TABLE))
    after = plan(config, SOURCE, change).after
    assert schemas_and_tables(after.excluded) == (TABLE,)


def test_what_can_be_named() -> None:
    assert selectable(but("gone"), (B, A)) == (A, B, "gone")
    assert selectable(some("gone"), (B, A)) == (A, B, "gone")
    assert selectable(ObjectsConfig(Selection.SPECIFIED, (TABLE, SCHEMA)), ()) == ()


names = st.sampled_from([*SOURCE, "e"])
several = st.lists(names, unique=True, max_size=5).map(tuple)
configs = st.one_of(
    several.map(lambda found: but(*found)),
    several.map(lambda found: some(*found)),
)
changes = st.builds(
    Change,
    everything=st.booleans(),
    chosen=st.none() | several,
    excluded=st.none() | several,
    add=several,
    remove=several,
).filter(
    lambda change: (
        not (change.everything and change.chosen is not None) and not set(change.add) & set(change.remove)
    )
)


@given(configs, several, changes)
def test_the_parts_of_a_plan_fit_together(
    config: ObjectsConfig, source: tuple[str, ...], change: Change
) -> None:
    planned = plan(config, source, change)
    there = {*source, *(each.database for each in config.chosen)}
    old, new = set(selected(config, there)), set(selected(planned.after, there))
    assert set(planned.added) | set(planned.kept) == new
    assert set(planned.removed) | set(planned.kept) == old
    assert not set(planned.added) & set(planned.removed)
    assert not set(change.remove) & new, "what is removed is not taken"
    assert set(change.add) & set(source) <= new or planned.after.selection == Selection.SPECIFIED
    if planned.after.selection == Selection.SPECIFIED:
        assert set(change.add) - {each.database for each in planned.after.excluded} <= new


@given(configs, several, changes)
def test_the_same_edit_again_changes_nothing(
    config: ObjectsConfig, source: tuple[str, ...], change: Change
) -> None:
    once = plan(config, source, change).after
    assert not plan(once, source, change).changes


@given(configs, several)
def test_no_change_is_no_change(config: ObjectsConfig, source: tuple[str, ...]) -> None:
    assert not plan(config, source, Change()).changes
    assert Change().empty
