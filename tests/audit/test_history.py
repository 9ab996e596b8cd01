"""`/dms history`: pages, filters, files, and jobs that are gone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.access import PeopleUnknown
from bot.answers import Note, Page, Upload
from bot.dms.model import job_name
from bot.invocation import Invocation, UsageError
from bot.slack.render import render
from bot.store.records import AuditEntry
from sandbox.dms import DmsServer
from tests.policy.desk import PROJECT, Desk, desk, labels, words
from tests.policy.people import DANA, NOW, access

ORDERS = job_name(PROJECT, "europe-west1", "orders")
GONE = job_name(PROJECT, "us-central1", "gone")
SAM = "U0SAM00001"


def people(text: str) -> str:
    known = {"@sam": SAM, SAM: SAM}
    if text == "@offline":
        raise PeopleUnknown("Slack does not say who is who at the moment.")
    return known.get(text, "")


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer() as running:
        running.control.add_job("orders", location="europe-west1", phase="CDC", frozen=True)
        yield running


@pytest.fixture
def typing(dms: DmsServer, tmp_path: Path) -> Iterator[Desk]:
    with desk(dms, tmp_path, access(user_id=people)) as ready:
        for number in range(40):
            day = timedelta(days=40 - number)
            user = SAM if number % 4 == 0 else DANA.user
            ready.ctx.store.append_audit(
                AuditEntry(
                    NOW - day,
                    "requested",
                    user,
                    "T1",
                    "C0DMS00001",
                    "stop",
                    GONE if number == 39 else ORDERS,
                    job_status="RUNNING/CDC",
                    detail=f"number {number}",
                )
            )
        yield ready


def numbers(answer: object) -> list[int]:
    assert isinstance(answer, Page)
    return [int(words(each.text).rpartition("number ")[2]) for each in answer.sections]


def test_the_newest_comes_first_and_says_who_did_what(typing: Desk) -> None:
    page = typing.type("history")
    assert numbers(page) == list(range(39, 24, -1))
    assert isinstance(page, Page)
    first = words(page.sections[1].text)
    assert "@U0DANA0001 *requested* stop of `orders` (RUNNING/CDC) in C0DMS00001\nnumber 38" in first


def test_pages_go_on_to_the_oldest(typing: Desk) -> None:
    assert labels(typing.type("history")) == ["Older ›", "CSV", "JSON lines"]
    assert labels(typing.type("history --page 2"))[:2] == ["‹ Newer", "Older ›"]
    last = typing.type("history --page 3")
    assert numbers(last) == list(range(9, -1, -1))
    assert labels(last)[0] == "‹ Newer"
    assert "no older rows" in words(typing.type("history --page 9"))


def test_a_page_keeps_what_was_asked(typing: Desk) -> None:
    page = typing.type("history orders --by @sam --since 39d")
    assert isinstance(page, Page)
    for button in page.buttons:
        ref = typing.ctx.store.ref("T1", button.ref)
        assert ref is not None
        kept = Invocation.of(ref.data)
        assert (kept.jobs, kept.word("by"), kept.word("since")) == (("orders",), "@sam", "39d")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("history --by @sam", [36, 32, 28, 24, 20, 16, 12, 8, 4, 0]),
        ("history --by <@U0SAM00001|sam> --since 9d", [36, 32]),
        (f"history --by {SAM} --since 9d", [36, 32]),
        ("history --by sam --since 9d", [36, 32]),
        ("history --since 2d", [39, 38]),
        ("history --since 2026-02-27T00:00Z --by me", [39, 38]),
        ("history gone", [39]),
        ("history us-central1/gone", [39]),
        (f"history {GONE}", [39]),
        ("history orders --since 3d", [38, 37]),
    ],
)
def test_it_is_narrowed_by_job_person_and_time(typing: Desk, line: str, found: list[int]) -> None:
    assert numbers(typing.type(line)) == found


def test_a_job_that_never_was_is_said_to_be_so(typing: Desk) -> None:
    assert "There is no migration job `ordres`" in words(typing.type("history ordres"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("history --since yesterday", "is not a time"),
        ("history --by @nobody", "nobody called `@nobody`"),
        ("history --by @offline", "Mention the person instead"),
        ("history --export xml", "csv, jsonl"),
    ],
)
def test_what_is_wrong_is_said(typing: Desk, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        typing.type(line)


def test_nothing_found_is_said(typing: Desk) -> None:
    assert isinstance(typing.type("history --since 1m"), Note)
    assert "nothing to export" in words(typing.type("history --since 1m --export csv"))


def test_the_csv_file_has_what_was_asked(typing: Desk) -> None:
    file = typing.type("history orders --by @sam --export csv")
    assert isinstance(file, Upload)
    assert file.filename == "dms-audit-orders-20260301-1200.csv"
    read = list(csv.DictReader(io.StringIO(file.content.decode(), newline="")))
    assert [row["detail"] for row in read] == [f"number {n}" for n in range(0, 40, 4)]
    assert "10 rows" in words(file.comment)


def test_the_json_lines_file_has_everything(typing: Desk) -> None:
    file = typing.type("history --export jsonl")
    assert isinstance(file, Upload)
    lines = [json.loads(line) for line in file.content.decode().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 41))


def test_what_outsiders_wrote_is_shown_as_it_is(typing: Desk) -> None:
    typing.ctx.store.append_audit(
        AuditEntry(NOW, "failed", job=ORDERS, detail="<!channel> *boo* " + "x" * 5000)
    )
    message = render(typing.type("history"))
    assert len(message.blocks) <= 50
    assert "<!channel>" not in str([block.to_dict() for block in message.blocks])


def test_looking_at_the_history_changes_nothing(typing: Desk) -> None:
    typing.type("history orders --export csv")
    assert len(typing.ctx.store.audit()) == 40
    assert typing.ctx.store.verify_audit() == ""
