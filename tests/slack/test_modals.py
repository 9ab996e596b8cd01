"""Forms, and what is read back from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.answers import EditForm, PickForm
from bot.cmdline.invocation import UsageError
from bot.dms.model import Database, ObjectId, ObjectsConfig, Options, Selection
from bot.dms.rules import Action
from bot.slack.render import modals
from tests.slack.checks import accepted_view
from tests.slack.makers import job, request

SMALL = ("orders", "customers", "x" * 200)
BIG = tuple(f"tenant_{n:04d}" for n in range(1000))


def form(
    source: tuple[str, ...], chosen: tuple[str, ...] = (), excluded: tuple[str, ...] = ()
) -> dict[str, Any]:
    config = ObjectsConfig(
        Selection.SPECIFIED if chosen else Selection.ALL,
        tuple(ObjectId(each) for each in chosen),
        tuple(ObjectId(each) for each in excluded),
    )
    return accepted_view(modals.form(EditForm("ref-1", job(), config, source)))


def submitted(view: dict[str, Any]) -> dict[str, Any]:
    """`view.state.values` of the view as it is, without anything touched."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        state: dict[str, Any] = {"type": element["type"]}
        if "options" in element or "initial_option" in element:
            state["selected_option"] = element.get("initial_option")
        if "multi" in element["type"]:
            state = {"type": element["type"], "selected_options": element.get("initial_options", [])}
        values[block["block_id"]] = {element["action_id"]: state}
    return values


def picks(block_id: str, *values: str) -> dict[str, Any]:
    return {block_id: {"a": {"selected_options": [{"value": each} for each in values]}}}


def radio(block_id: str, value: str) -> dict[str, Any]:
    return {block_id: {"a": {"selected_option": {"value": value}}}}


@pytest.mark.parametrize(
    ("source", "chosen", "excluded"),
    [
        (SMALL, (), ()),
        (SMALL, ("orders",), ()),
        (SMALL, (), ("x" * 200,)),
        (BIG, BIG[:1], ()),
        (BIG, BIG[:100], ()),
        (BIG, BIG[:750], ()),
        (BIG, (), BIG[100:350]),
    ],
)
def test_submitting_an_untouched_form_changes_nothing(
    source: tuple[str, ...], chosen: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    view = form(source, chosen, excluded)
    flags = modals.submitted_flags("submit", submitted(view), {"source": list(source)})
    wanted = {"only": chosen} if chosen else {"all": True, "exclude": excluded}
    assert flags == {"preview": True, **wanted}
    assert view["private_metadata"] == "ref-1"
    assert view["callback_id"] == "dms:edit:submit"


@pytest.mark.parametrize(("selected", "shown"), [("chosen", "chosen"), ("all", "excluded")])
@pytest.mark.parametrize("source", [SMALL, BIG])
def test_only_the_menu_of_what_is_selected_is_shown(
    source: tuple[str, ...], selected: str, shown: str
) -> None:
    data = {"source": list(source), "jobs": [job().name], "chosen": list(source[:2]), "excluded": [source[2]]}
    for before in (form(source), form(source, chosen=source[:1])):
        view = modals.reselected(before["blocks"], selected, data, "ref-1")
        assert view is not None
        accepted_view(view)
        pickers = [
            each["block_id"] for each in view["blocks"] if each.get("block_id") in ("chosen", "excluded")
        ]
        assert pickers == [shown]
        others = [each for each in before["blocks"] if each.get("block_id") not in ("chosen", "excluded")]
        assert [each for each in view["blocks"] if each.get("block_id") != shown] == others
        assert {name: view[name] for name in before if name != "blocks"} == {
            name: before[name] for name in before if name != "blocks"
        }
        picked = next(each for each in view["blocks"] if each.get("block_id") == shown)
        labels = [each["text"]["text"] for each in picked["element"]["initial_options"]]
        assert len(labels) == (2 if shown == "chosen" else 1)
    assert modals.reselected([], selected, data, "ref-1") is None
    assert modals.reselected(form(source)["blocks"], "other", data, "ref-1") is None


@pytest.mark.parametrize(
    ("values", "block"),
    [
        (radio("selection", "chosen") | picks("chosen"), "chosen"),
        (radio("selection", "chosen") | picks("excluded"), "selection"),
        (radio("selection", "all") | picks("excluded", "0", "1", "2"), "excluded"),
        (radio("parallelism", "TURBO") | radio("selection", "all"), "selection"),
    ],
)
def test_an_objection_stands_under_its_field(values: dict[str, Any], block: str) -> None:
    assert set(modals.form_objections("submit", values, {"source": list(SMALL)})) == {block}


def test_many_databases_are_looked_for_by_typing() -> None:
    kinds = {block["element"]["type"] for block in form(BIG)["blocks"] if block["type"] == "input"}
    assert "multi_external_select" in kinds
    assert "multi_static_select" not in kinds
    few = {block["element"]["type"] for block in form(SMALL)["blocks"] if block["type"] == "input"}
    assert "multi_external_select" not in few


def test_suggestions() -> None:
    data = {"source": list(BIG)}
    assert len(modals.suggestions("", data)) == 100
    assert [each["text"]["text"] for each in modals.suggestions("0042", data)][:1] == ["tenant_0042"]
    assert modals.suggestions("tenant_0042", data)[0]["value"] == "42"
    assert modals.suggestions("anything", {}) == []


@given(st.text(max_size=300), st.lists(st.text(max_size=200), max_size=150, unique=True))
def test_suggestions_are_options(typed: str, source: list[str]) -> None:
    found = modals.suggestions(typed, {"source": source})
    assert len(found) <= 100
    assert len({each["value"] for each in found}) == len(found)
    assert all(0 < len(each["text"]["text"]) <= 75 for each in found)


def test_what_is_filled_in_becomes_flags() -> None:
    data = {"source": list(SMALL)}
    values = radio("selection", "chosen") | picks("chosen", "2", "0") | radio("parallelism", "MAX")
    assert modals.submitted_flags("submit", values, data) == {
        "preview": True,
        "only": ("orders", "x" * 200),
        "parallel": "max",
    }
    assert modals.submitted_flags("pick", picks("databases", "1"), data) == {"databases": ("customers",)}
    assert modals.submitted_flags("save", {}, data) == {}


@pytest.mark.parametrize(
    ("step", "values"),
    [
        ("submit", radio("selection", "chosen")),
        ("submit", radio("selection", "everything")),
        ("submit", radio("selection", "all") | picks("excluded", "0", "1", "2")),
        ("submit", radio("selection", "chosen") | picks("chosen", "3")),
        ("submit", radio("parallelism", "TURBO")),
        ("pick", {}),
        ("pick", picks("databases")),
        ("pick", picks("databases", "-1")),
        ("pick", picks("databases", "0", "9" * 500)),
        ("pick", picks("databases", "orders")),
        ("pick", picks("databases", "²")),
    ],
)
def test_missing_and_forged_values_are_refused(step: str, values: dict[str, Any]) -> None:
    data = {"source": list(SMALL)}
    with pytest.raises(UsageError):
        modals.submitted_flags(step, values, data)
    assert modals.form_objections(step, values, data)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["selection", "chosen", "databases", "value", "selected_option", "selected_options", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(["submit", "pick"]),
    st.dictionaries(
        st.sampled_from(["selection", "chosen", "excluded", "databases", "typed", "reason"]), _json
    ),
)
def test_any_state_is_read_or_refused(step: str, values: dict[str, Any]) -> None:
    objections = modals.form_objections(step, values, {"source": list(SMALL)})
    assert set(objections) <= set(values) | {"databases", "chosen", "selection"}
    assert isinstance(modals.typed_text(values), str)
    assert isinstance(modals.reason_text(values), str)


def test_typed_confirmation() -> None:
    view = accepted_view(modals.typed_confirmation(request(Action.RESTART), "orders-db", "REF"))
    assert (view["callback_id"], view["private_metadata"]) == ("dms:restart:typed", "REF")
    both = modals.typed_confirmation(
        request(Action.DELETE, options=Options(with_destination=True)), "orders-db", "REF"
    )
    assert both["callback_id"] == "dms:delete:typed_destination"


@pytest.mark.parametrize(
    ("typed", "fine"),
    [
        ("orders-db", True),
        ("orders-db ", False),
        ("Orders-DB", False),
        ("\u043erders-db", False),
        ("orders-db\u2066", False),
        ("", False),
    ],
)
def test_what_is_typed_must_be_the_phrase(typed: str, fine: bool) -> None:
    values = {modals.TYPED_BLOCK: {"a": {"value": typed}}}
    objections = modals.typed_objections(values, "orders-db")
    assert (objections == {}) is fine
    assert set(objections) <= {modals.TYPED_BLOCK}


def test_a_denial_needs_a_reason() -> None:
    view = accepted_view(modals.deny_reason(request(), "REF"))
    assert view["callback_id"] == "dms:promote:deny_reason"
    assert modals.reason_objections({modals.REASON_BLOCK: {"a": {"value": "  "}}})
    values = {modals.REASON_BLOCK: {"a": {"value": "month end" + "!" * 5000}}}
    assert modals.reason_objections(values) == {}
    assert len(modals.reason_text(values)) == 500


def test_failed_databases_are_picked_for_a_restart() -> None:
    databases = tuple(
        Database(f"o/{n}", ObjectId(f"db{n}"), "FAILED" if n == 1 else "RUNNING") for n in range(3)
    )
    view = accepted_view(modals.form(PickForm("ref-2", Action.RESTART, job(), databases)))
    assert view["callback_id"] == "dms:restart:pick"
    assert modals.submitted_flags("pick", submitted(view), {"source": ["db0", "db1", "db2"]}) == {
        "databases": ("db1",)
    }


def test_all_names_of_a_request_are_there() -> None:
    many = tuple(f"a_rather_long_database_name_{n:04d}" for n in range(1000))
    view = accepted_view(modals.all_names(request(databases={job().name: many})))
    text = "\n".join(block["text"]["text"] for block in view["blocks"])
    assert all(f"`{name}`" in text for name in many)


THEN = {"name": "Orders", "labels": {"env": "dev", "empty": ""}, "dump_path": "gs://b/o"}


def text(block_id: str, value: str | None) -> dict[str, Any]:
    return {block_id: {"a": {"type": "plain_text_input", "value": value}}}


@pytest.mark.parametrize(
    ("written", "flags"),
    [
        ({}, {}),
        (text("name", "Orders") | text("labels", "env=dev\nempty=") | text("dump_path", "gs://b/o"), {}),
        (text("name", " Orders,  2 "), {"name": "Orders, 2"}),
        (text("name", None), {"name": ""}),
        (text("labels", None), {"label": ("env=", "empty=")}),
        (text("labels", "env = prod\nempty=\n\nteam=db"), {"label": ("env=prod", "team=db")}),
        (text("dump_path", ""), {"dump-path": ""}),
        # A secret in a value is not masked here: what was not changed must not be saved.
        (text("labels", "env=dev\nempty=\npassword=hunter2"), {"label": ("password=hunter2",)}),
    ],
)
@pytest.mark.parametrize("closed", [True, False])
def test_fields_that_differ_become_flags(
    written: dict[str, Any], flags: dict[str, Any], closed: bool
) -> None:
    """Where the databases cannot be changed, the form says nothing about them."""
    data = {"source": [], "closed": closed, "fields": THEN}
    databases = {} if closed else {"all": True, "exclude": ()}
    assert modals.submitted_flags("submit", written, data) == {"preview": True, **databases, **flags}


def test_values_too_long_for_an_input_are_left_to_the_command() -> None:
    many = replace(job(), labels=tuple((f"k{n}", "v" * 63) for n in range(60)))
    view = accepted_view(modals.form(EditForm("ref-1", many, ObjectsConfig(), SMALL)))
    assert "labels" not in [block.get("block_id") for block in view["blocks"]]
    assert "Labels: too long for this view" in str(view)


@pytest.mark.parametrize(
    ("written", "block", "said"),
    [
        (text("labels", "Env=prod"), "labels", "A label key starts with a lower-case letter"),
        (text("labels", "env=Prod"), "labels", "A label value has only lower-case letters"),
        (text("labels", f"env={'x' * 64}"), "labels", "at most 63 characters"),
        (text("dump_path", "/tmp/dump.sql"), "dump_path", "as in gs://bucket/orders.sql"),
    ],
)
def test_a_value_that_the_service_does_not_take_is_said_under_its_field(
    written: dict[str, Any], block: str, said: str
) -> None:
    data = {"source": [], "closed": True, "fields": THEN}
    objections = modals.form_objections("submit", written, data)
    assert set(objections) == {block}
    assert said in objections[block]
