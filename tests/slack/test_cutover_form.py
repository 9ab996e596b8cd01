"""The view in which a cutover is planned: what it offers, and what is wrong with what was chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.cmdline.answers import CutoverForm
from bot.cmdline.invocation import FlagValue
from bot.slack.render import modals
from bot.slack.render.cutover_form import plan_objections
from tests.slack.checks import accepted_view

NOW = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)
SATURDAY = datetime(2026, 12, 5, 1, 0, tzinfo=UTC)
DATA = {"verb": "cutover", "items": [], "zone": "Europe/Berlin"}
FORM = CutoverForm("ref", ("orders-db", "sales-db"), SATURDAY, "U0DANA", checklist=("Run ANALYZE", "Check"))


def chosen(**changes: Any) -> dict[str, Any]:
    """`view.state.values` as Slack sends them; each change replaces what one input says."""
    said: dict[str, dict[str, Any]] = {
        "when": {"selected_option": {"value": "time"}},
        "time": {"selected_date_time": int(SATURDAY.timestamp())},
        "commander": {"selected_user": "U0SAM"},
        "apps": {"selected_user": "U0RAJ"},
        "deputy": {"selected_user": None},
        "max-downtime": {"selected_option": {"value": "1h"}},
        "promote": {"selected_option": {"value": "press"}},
        "writers": {"value": "web\n- worker\n\nweb"},
        "checklist": {"value": "Run ANALYZE"},
        "announce": {"selected_channel": None},
        "reason": {"value": None},
        "rehearse": {"selected_options": []},
    }
    return {block: {f"dms:cutover:{block}": {**said[block], **changes.get(block, {})}} for block in said}


def flags(**changes: Any) -> dict[str, FlagValue]:
    return modals.submitted_flags("plan", chosen(**changes), DATA)


def test_the_view_is_one_that_slack_takes_and_has_the_time_preset() -> None:
    view = accepted_view(modals.form(FORM))
    inputs = {each["block_id"]: each["element"] for each in view["blocks"] if each["type"] == "input"}
    assert inputs["time"] == {
        "type": "datetimepicker",
        "action_id": "dms:cutover:time",
        "initial_date_time": int(SATURDAY.timestamp()),
    }
    assert inputs["commander"]["initial_user"] == inputs["apps"]["initial_user"] == "U0DANA"
    assert inputs["checklist"]["initial_value"] == "Run ANALYZE\nCheck"
    assert set(inputs) == set(chosen())


def test_what_was_typed_is_chosen_already() -> None:
    typed = replace(
        FORM, apps="U0RAJ", deputy="U0LI", downtime="90m", by_itself=True, announce="C0SHOP", reason="CHG-7"
    )
    view = accepted_view(modals.form(typed))
    inputs = {each["block_id"]: each["element"] for each in view["blocks"] if each["type"] == "input"}
    assert (inputs["apps"]["initial_user"], inputs["deputy"]["initial_user"]) == ("U0RAJ", "U0LI")
    assert inputs["max-downtime"]["initial_option"]["text"]["text"] == "1 h 30 min"
    assert inputs["promote"]["initial_option"]["value"] == "itself"
    assert (inputs["announce"]["initial_channel"], inputs["reason"]["initial_value"]) == ("C0SHOP", "CHG-7")
    chose = chosen(**{"max-downtime": {"selected_option": {"value": "90m"}}})
    assert modals.submitted_flags("plan", chose, DATA | {"downtime": "90m"})["max-downtime"] == "90m"


def test_what_was_chosen_are_the_flags_that_could_be_typed() -> None:
    assert flags() == {
        "at": "2026-12-05 02:00 Europe/Berlin",
        "commander": "U0SAM",
        "apps": "U0RAJ",
        "deputy": "",
        "max-downtime": "1h",
        "announce": "",
        "writers": ("web", "worker"),
        "checklist": ("Run ANALYZE",),
        "reason": "",
        "by-itself": False,
        "rehearse": False,
    }, "what is left empty takes back what was typed"
    more = flags(
        when={"selected_option": {"value": "ready"}},
        deputy={"selected_user": "U0LI"},
        promote={"selected_option": {"value": "itself"}},
        announce={"selected_channel": "C0SHOP"},
        rehearse={"selected_options": [{"value": "rehearse"}]},
        checklist={"value": ""},
    )
    assert (more["at"], more["deputy"], more["announce"]) == ("ready", "U0LI", "C0SHOP")
    assert more["by-itself"] is more["rehearse"] is True
    assert more["checklist"] == (), "an empty list is a choice, too"


def test_where_no_page_names_a_zero_the_delay_is_chosen() -> None:
    view = accepted_view(modals.form(replace(FORM, threshold=True)))
    (block,) = [each for each in view["blocks"] if each.get("block_id") == "max-delay"]
    assert block["element"]["initial_option"]["value"] == "10s"
    picked = chosen() | {"max-delay": {"dms:cutover:max-delay": {"selected_option": {"value": "30s"}}}}
    assert modals.submitted_flags("plan", picked, DATA)["max-delay"] == "30s"


def test_bytes_may_be_left_where_the_server_writes_by_itself() -> None:
    assert "max-bytes" not in str(modals.form(FORM))
    view = accepted_view(modals.form(replace(FORM, sizes=True)))
    (block,) = [each for each in view["blocks"] if each.get("block_id") == "max-bytes"]
    assert block["element"]["initial_option"]["value"] == "0"

    def picked(size: str) -> dict[str, Any]:
        return chosen() | {"max-bytes": {"dms:cutover:max-bytes": {"selected_option": {"value": size}}}}

    assert modals.submitted_flags("plan", picked("0"), DATA)["max-bytes"] == "", "16MiB may have been typed"
    assert modals.submitted_flags("plan", picked("1MiB"), DATA)["max-bytes"] == "1MiB"


def test_the_hour_that_comes_twice_keeps_its_offset() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    found = flags(time={"selected_date_time": int(second.timestamp())})
    assert found["at"] == "2026-10-25 02:30 +01:00"


@pytest.mark.parametrize(
    ("changes", "block", "said"),
    [
        ({"time": {"selected_date_time": None}}, "time", "Choose the day and the time"),
        ({"time": {"selected_date_time": int(NOW.timestamp())}}, "time", "in the past"),
        ({"time": {"selected_date_time": int((NOW + timedelta(days=61)).timestamp())}}, "time", "60 days"),
        ({"commander": {"selected_user": None}}, "commander", "who leads"),
        ({"apps": {"selected_user": None}}, "apps", "who stops the writes"),
        ({"deputy": {"selected_user": "U0SAM"}}, "deputy", "another person"),
        ({"writers": {"value": "x" * 76}}, "writers", "at most 75 characters"),
        ({"writers": {"value": "\n".join(map(str, range(21)))}}, "writers", "at most 20"),
        ({"checklist": {"value": "y" * 80}}, "checklist", "at most 75 characters"),
    ],
)
def test_what_is_wrong_is_said_below_its_field(changes: dict[str, Any], block: str, said: str) -> None:
    found = plan_objections(chosen(**changes), DATA, NOW)
    assert list(found) == [block]
    assert said in found[block]
    assert found[block].endswith(".")


def test_nothing_is_wrong_with_what_is_right() -> None:
    assert plan_objections(chosen(), DATA, NOW) == {}
    ready = chosen(when={"selected_option": {"value": "ready"}}, time={"selected_date_time": None})
    assert plan_objections(ready, DATA, NOW) == {}, "without a time, none is asked for"
