"""The audit as files: complete, in order, and harmless to open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store import Store, UnreadableRow, open_store
from bot.store.audit_export import FORMATS, as_csv, as_jsonl, entries
from bot.store.records import AuditEntry
from tests.store.raw import Raw

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_TEXT = st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "bot.db"))
    yield opened
    opened.close()


def entry(number: int = 0, **changes: object) -> AuditEntry:
    given = {
        "at": NOW + timedelta(minutes=number),
        "event": "requested",
        "user": "U0DANA0001",
        "job": "orders",
    }
    return AuditEntry(**{**given, **changes})  # type: ignore[arg-type]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_all_pages_come_in_order(store: Store) -> None:
    for number in range(25):
        store.append_audit(entry(number))
    assert [each.seq for each in entries(store, page=10)] == list(range(1, 26))


@pytest.mark.parametrize("page", [1, 2, 3, 10])
def test_rows_that_cannot_be_read_are_left_out_where_they_may_be(
    store: Store, tmp_path: Path, page: int
) -> None:
    """Whatever the size of a page: none ends the file, and no row comes twice."""
    for number in range(6):
        store.append_audit(entry(number))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.drop_triggers()
        raw.execute("UPDATE audit SET at = 'long ago' WHERE seq IN (2, 3, 6)")
    unread: list[UnreadableRow] = []
    found = entries(store, skip=unread.append, page=page)
    assert [each.seq for each in found] == [1, 4, 5]
    assert [each.key for each in unread] == ["2", "3", "6"]
    with pytest.raises(UnreadableRow, match=r"audit \(2\)"):
        list(entries(store, page=page))


def test_rows_are_chosen_by_job_person_and_time(store: Store) -> None:
    store.append_audit(entry(0))
    store.append_audit(entry(1, job="billing"))
    store.append_audit(entry(2, user="U0SAM00001"))
    store.append_audit(entry(3))
    found = entries(store, job="orders", by="U0DANA0001", since=NOW + timedelta(minutes=1))
    assert [each.seq for each in found] == [4]


def test_a_csv_holds_every_field(store: Store) -> None:
    kept = store.append_audit(entry(detail='a, "b"\nc — ü', action="stop", operation="op/1"))
    (row,) = rows("".join(as_csv(entries(store))))
    assert row["at"] == "2026-03-01T12:00:00+00:00"
    assert row["detail"] == 'a, "b"\nc — ü'
    assert (row["seq"], row["hash"], row["previous"]) == ("1", kept.hash, kept.previous)


def test_json_lines_hold_every_field(store: Store) -> None:
    kept = store.append_audit(entry(detail='a, "b"\nc — ü'))
    (line,) = "".join(as_jsonl(entries(store))).splitlines()
    data = json.loads(line)
    assert (data["seq"], data["hash"], data["detail"]) == (1, kept.hash, 'a, "b"\nc — ü')
    assert set(data) == {*AuditEntry.__dataclass_fields__, "project"}


def test_the_project_is_read_from_the_jobs_name_and_not_stored(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("projects/acme/locations/l/migrationJobs/a", "projects/acme-2/locations/l/migrationJobs/a")
    with caplog.at_level("INFO"):
        for job in (*names, "projects/acme", "*", ""):
            store.append_audit(entry(job=job))
    read = rows("".join(as_csv(entries(store))))
    assert [row["project"] for row in read] == ["acme", "acme-2", "acme", "", ""]
    assert list(read[0])[-2:] == ["hash", "project"]
    assert [getattr(each, "project", None) for each in caplog.records] == [
        "acme",
        "acme-2",
        "acme",
        None,
        None,
    ]
    assert [each.seq for each in entries(store, project="acme")] == [1, 3]
    assert [each.seq for each in entries(store, project="acm%")] == []
    assert store.verify_audit() == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = rows("".join(as_csv([entry(detail=f"{start}HYPERLINK(1)")])))
    assert row["detail"] == f"'{start}HYPERLINK(1)"


@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=5))
def test_any_text_comes_back_from_both_formats(texts: list[tuple[str, str]]) -> None:
    given = [entry(user=user, detail=detail) for user, detail in texts]
    read = rows("".join(as_csv(given)))
    for (user, detail), row in zip(texts, read, strict=True):
        assert row["user"].removeprefix("'") == user.removeprefix("'")
        assert row["detail"].removeprefix("'") == detail.removeprefix("'")
        assert not row["detail"].startswith(("=", "+", "-", "@"))
    lines = [json.loads(line) for line in as_jsonl(given)]
    assert [(line["user"], line["detail"]) for line in lines] == texts


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_an_empty_audit_is_a_file_too(store: Store, kind: str) -> None:
    text = "".join(FORMATS[kind](entries(store)))
    assert text.count("\n") == (1 if kind == "csv" else 0)
