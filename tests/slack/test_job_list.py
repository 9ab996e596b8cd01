"""`/dms list`: what it counts, what has a line of its own, what is in the table, and what stands for a table.

Limits of a data table, and how its columns sort:
https://docs.slack.dev/reference/block-kit/blocks/data-table-block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cmdline.answers import Button, FilterChoice, FilterForm, JobGroup, JobLine, JobsPage
from bot.cmdline.invocation import Invocation
from bot.dms.attention import Part, part_of
from bot.dms.missing import MissingLocation, Why
from bot.dms.model import Database, Endpoint, Fault, ObjectId
from bot.dms.rules import Action
from bot.slack.render import filter_modal, modals
from bot.slack.render.answer import render
from bot.store.records import Run, RunState
from tests.slack.checks import accepted, accepted_view, all_text, buttons
from tests.slack.makers import job


def group(count: int, status: str = "RUNNING/CDC", bulk: tuple[Button, ...] = ()) -> JobGroup:
    state, _, phase = status.partition("/")
    lines = tuple(
        JobLine(job(f"{state.lower()}-{n}", state=state, phase=phase), f"ref-{state}-{n:03d}")
        for n in range(count)
    )
    return JobGroup(status, lines, count, bulk)


def faulty(name: str, state: str = "RUNNING") -> Database:
    return Database("", ObjectId(name), state, "CDC", Fault(9, "no extension"))


def page(*groups: JobGroup, **more: Any) -> JobsPage:
    return JobsPage(groups, sum(each.total for each in groups), 1, 1, **more)


def table(payload: dict[str, Any]) -> dict[str, Any]:
    (found,) = [each for each in payload["blocks"] if each["type"] == "data_table"]
    return dict(found)


def column(payload: dict[str, Any], title: str) -> list[dict[str, Any]]:
    head, *rows = table(payload)["rows"]
    at = [each["text"] for each in head].index(title)
    return [row[at] for row in rows]


def classic(shown: JobsPage) -> dict[str, Any]:
    """What a workspace without data tables gets."""
    message = render(shown)
    assert message.classic is not None
    return accepted(message.classic)


FLEET = (
    group(2, "FAILED/CDC"),
    group(1, "RUNNING with errors/CDC"),
    group(1, "STOPPED/CDC"),
    group(17),
    group(8, "RESTARTING/FULL_DUMP"),
    group(3, "NOT_STARTED"),
    group(1, "COMPLETED"),
)


@pytest.mark.parametrize(
    ("status", "part"),
    [
        ("FAILED/CDC", Part.ATTENTION),
        ("RUNNING with errors/CDC", Part.ATTENTION),
        ("STOPPED/FULL_DUMP", Part.ATTENTION),
        ("RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP", Part.ATTENTION),
        ("STATE_77", Part.ATTENTION),
        ("", Part.ATTENTION),
        ("RUNNING/FULL_DUMP", Part.RUNNING),
        ("UPDATING/CDC", Part.CHANGING),
        ("MAINTENANCE", Part.CHANGING),
        ("STOPPED/CDC", Part.STOPPED),
        ("DRAFT", Part.RESTING),
        ("COMPLETED", Part.RESTING),
    ],
)
def test_what_a_status_asks_of_people(status: str, part: Part) -> None:
    """ "Migration job statuses" of the guides: a job stopped in its full dump cannot resume, for example."""
    assert part_of(status) is part


def test_the_first_line_counts_all_jobs_by_what_they_do() -> None:
    payload = accepted(render(page(*FLEET)))
    first = "*33 migration jobs*: 3 need attention, 1 stopped, 17 running, 8 changing, 4 done or not started"
    assert payload["text"] == payload["blocks"][0]["text"]["text"] == first
    assert classic(page(*FLEET))["text"] == first


def test_the_first_line_names_filters_and_what_is_missing() -> None:
    away = (MissingLocation("europe-west1", Why.SILENT, "no answer came in time"),)
    shown = page(group(1, "FAILED/CDC"), filters="state=failed", missing=away, may_hide=True)
    payload = accepted(render(shown))
    assert payload["text"] == (
        "*1 migration job that you may see* for `state=failed` (1 location missing): 1 needs attention"
    )
    assert "*Not answering*: `europe-west1`" in all_text(payload)


def test_counts_are_of_all_pages() -> None:
    counts = {"FAILED/CDC": 20, "RUNNING/CDC": 1300}
    payload = accepted(render(JobsPage((group(20, "FAILED/CDC"),), 1320, 1, 27, counts=counts)))
    assert payload["text"] == "*1,320 migration jobs*: 20 need attention, 1,300 running"
    assert "Page 1 of 27" in all_text(payload)


def test_a_job_that_needs_attention_has_one_line_and_its_button() -> None:
    broken = replace(
        job("inventory-db", state="FAILED", phase="FULL_DUMP"), error=Fault(9, "no free slots\nmore")
    )
    lines = (JobLine(broken, "ref-1"),)
    payload = accepted(render(page(JobGroup("FAILED/FULL_DUMP", lines, 1), group(9))))
    (row,) = [each for each in payload["blocks"] if "accessory" in each]
    assert row["text"]["text"] == "🔴 *inventory-db* · Failed · full dump · no free slots"
    assert (row["accessory"]["action_id"], row["accessory"]["value"]) == ("dms:show:run", "ref-1")


@pytest.mark.parametrize(
    ("status", "line", "said"),
    [
        (
            "RUNNING with errors/CDC",
            JobLine(job("a"), "r", faulty_databases=tuple(map(faulty, ("billing", "orders", "carts")))),
            "🟠 *a* · Running with errors · CDC · 3 databases with errors: billing, orders and 1 more",
        ),
        (
            "RUNNING with errors/CDC",
            JobLine(job("a"), "r", faulty_databases=(faulty("billing"), faulty("search", "FAILED"))),
            "🔴 *a* · Running with errors · CDC · 1 database failed: search",
        ),
        (
            "RUNNING with errors/CDC",
            JobLine(
                job("a", source=Endpoint("s", "ORACLE"), destination=Endpoint("d", "POSTGRESQL")),
                "r",
                faulty_databases=(faulty("HR.ORDERS"),),
            ),
            "🟠 *a* · Running with errors · CDC · 1 object with errors: HR.ORDERS",
        ),
        (
            "STOPPED/FULL_DUMP",
            JobLine(job("a", state="STOPPED", phase="FULL_DUMP"), "r"),
            "🟠 *a* · Stopped · full dump · it cannot resume: restart or delete it",
        ),
        (
            "RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP",
            JobLine(job("a", phase="WAITING_FOR_SOURCE_WRITES_TO_STOP"), "r", frozen=True),
            "🛑 ❄️ *a* · Running · waiting for source writes to stop · stop them now",
        ),
        (
            "RUNNING/CDC",
            JobLine(job("a"), "r", where="prod/europe-west1", called="🏭 prod/europe-west1/a"),
            "🟢 *🏭 prod/europe-west1/a* · Running · CDC · 2 h 5 min",
        ),
        (
            "RUNNING/CDC",
            JobLine(job("a"), "r", Run("r", "q", job("a").name, Action.STOP, RunState.FOLLOWING, "c")),
            "🟢 *a* · Running · CDC · stopping · 2 h 5 min · europe-west1",
        ),
    ],
)
def test_what_a_line_says(status: str, line: JobLine, said: str) -> None:
    payload = accepted(render(page(JobGroup(status, (line,), 1))))
    assert said in all_text(payload)


def test_few_jobs_all_have_a_line_and_a_button_and_need_no_table() -> None:
    message = render(page(group(8)))
    assert message.classic is None
    shows = buttons(accepted(message)).values()
    assert [each["value"] for each in shows] == [f"ref-RUNNING-{n:03d}" for n in range(8)]


def test_the_others_are_in_a_table_with_a_button_each() -> None:
    payload = accepted(render(page(*FLEET)))
    assert table(payload)["caption"] == "30 other jobs"
    assert len(table(payload)["rows"]) == 31
    assert {each["text"] for each in column(payload, "State")} >= {
        "🟢 Running · CDC",
        "⏳ Restarting · full dump",
    }
    assert column(payload, "Duration")[0] == {"type": "raw_number", "value": 7500, "text": "2 h 5 min"}
    shown = [each["element"] for each in column(payload, "Show")]
    assert [each["value"] for each in shown[:2]] == ["ref-STOPPED-000", "ref-RUNNING-000"]
    assert len({each["action_id"] for each in shown}) == 30
    assert {each["action_id"].rpartition(":")[0] for each in shown} == {"dms:show:run"}


def test_many_that_need_attention_lead_the_table_with_what_is_wrong() -> None:
    stopped = group(20, "STOPPED/FULL_DUMP")
    payload = accepted(render(page(stopped, group(30))))
    assert len([each for each in payload["blocks"] if "accessory" in each]) == 15
    assert table(payload)["caption"] == "35 other jobs"
    wrong = [each["text"] for each in column(payload, "What is wrong")]
    assert wrong == ["it cannot resume: restart or delete it"] * 5 + ["–"] * 30


def test_a_duration_that_is_not_known_sorts_as_a_number() -> None:
    """A column sorts by number only if each cell is a `raw_number`."""
    lasted = (float("nan"), float("inf"), 0.0, *[60.0] * 9)
    lines = tuple(JobLine(replace(job(f"j{n}"), duration_s=each), f"r{n}") for n, each in enumerate(lasted))
    found = column(accepted(render(page(JobGroup("RUNNING/CDC", lines, len(lines))))), "Duration")
    assert [each["text"] for each in found[:4]] == ["–", "–", "–", "1 min"]
    assert {each["type"] for each in found} == {"raw_number"}


def test_without_a_table_each_job_has_a_line() -> None:
    text = all_text(classic(page(*FLEET)))
    assert all(f"• *running-{n}* · 2 h · europe-west1" in text for n in range(17))
    assert "🟢 *Running* · CDC — 17\n" in text
    assert "\n✅ *completed-0* · Completed" in text, "a status of one job needs no heading"
    assert "*failed-1*" in text


def test_a_page_of_fifty_with_the_longest_names_fits() -> None:
    long = "a" * 64
    lines = tuple(
        JobLine(
            replace(job(f"{n}{long}", state="FAILED"), error=Fault(9, "word " * 200)),
            f"r{n}",
            called=f"🏭 {'p' * 60}/{'l' * 40}/{n}{long}",
        )
        for n in range(50)
    )
    shown = page(JobGroup("FAILED/CDC", lines, 50))
    assert len(table(accepted(render(shown)))["rows"]) == 36
    assert "shortened" not in all_text(classic(shown))


def test_one_finds_a_job_below_the_table_and_after_filtering() -> None:
    def menus(shown: JobsPage) -> list[str]:
        blocks = accepted(render(shown))["blocks"]
        found = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
        return [each["action_id"] for each in found if each["type"] == "external_select"]

    assert menus(page(*FLEET)) == ["dms:show:find"]
    assert menus(page(group(1), filters="orders")) == ["dms:show:find"]
    assert menus(page(group(2))) == [], "each has its button"


def test_choosing_gives_boxes_of_ten_and_bulk_buttons() -> None:
    bulk = (
        Button("Stop chosen", "stop", "chosen", "ref-s"),
        Button("Delete chosen", "delete", "chosen", "ref-d"),
    )
    payload = accepted(render(page(group(23, bulk=bulk), group(3, "DRAFT"), choosing=True)))
    boxes = [
        each
        for block in payload["blocks"]
        if block["type"] == "actions"
        for each in block["elements"]
        if each["type"] == "checkboxes"
    ]
    assert [(each["action_id"], len(each["options"])) for each in boxes] == [
        ("dms:list:pick:1", 10),
        ("dms:list:pick:2", 10),
        ("dms:list:pick:3", 3),
        ("dms:list:pick:4", 3),
    ]
    assert boxes[1]["options"][0]["value"] == "ref-RUNNING-010"
    assert not any("style" in each for each in buttons(payload).values()), "red is the last confirmation"
    assert "europe-west1 · duration 2 h 5 min" in all_text(payload)


# ---- the form of filters

CHOICES = (
    FilterChoice("state", "State", (("failed", "Failed"), ("running", "Running")), ("running",)),
    FilterChoice("location", "Location", (("europe-west1", "europe-west1"),)),
)


def test_the_form_shows_the_filters_as_they_are() -> None:
    view = accepted_view(modals.form(FilterForm("ref-1", CHOICES, "orders", "label.env=prod")))
    text, state, location, kept = view["blocks"]
    assert text["element"]["initial_value"] == "orders"
    assert [each["value"] for each in state["element"]["initial_options"]] == ["running"]
    assert "initial_options" not in location["element"]
    assert "`label.env=prod`" in kept["elements"][0]["text"]
    assert all(each["optional"] for each in (text, state, location))


def test_what_is_chosen_in_the_form_becomes_the_filters() -> None:
    def picked(key: str, *values: str) -> dict[str, Any]:
        return {f"dms:list:{key}": {"selected_options": [{"value": each} for each in values]}}

    before = Invocation("list", flags={"filter": True}, filters={"state": "draft", "label.env": "prod"})
    values = {
        "text": {"dms:list:text": {"value": " orders  db "}},
        "state": picked("state", "failed", "stopped"),
        "location": picked("location"),
    }
    assert filter_modal.filtered(before, values) == Invocation(
        "list", filters={"label.env": "prod", "state": "failed,stopped"}, words=("orders", "db")
    )
    nothing = {"text": {"dms:list:text": {"value": None}}, "state": picked("state")}
    emptied = filter_modal.filtered(before, nothing)
    assert emptied == Invocation("list", filters={"label.env": "prod"})
