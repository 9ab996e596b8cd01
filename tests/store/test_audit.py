"""The audit is only ever added to, and whatever is done to it behind the bot's back shows."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, replace

import pytest

from bot.store import Store, StoreError, open_for_reading, open_store
from bot.store.anchor import Anchor
from bot.store.records import AuditEntry
from tests.faults.loglines import log_lines
from tests.store import make
from tests.store.make import MINUTE, NOW
from tests.store.raw import Raw

TEXTS = (
    "event",
    '"user"',
    "team",
    "channel",
    "action",
    "job",
    "job_create_time",
    "job_status",
    "request",
    "run",
    "operation",
    "detail",
)
CHANGES = [f"UPDATE audit SET {name} = 'forged' WHERE seq = 3" for name in TEXTS]
CHANGES += [
    "UPDATE audit SET at = '2020-01-01T00:00:00.000000+00:00' WHERE seq = 3",
    "UPDATE audit SET at = 'no time at all' WHERE seq = 3",
    "UPDATE audit SET hash = 'forged' WHERE seq = 3",
    "UPDATE audit SET previous = 'forged' WHERE seq = 3",
]


@pytest.fixture
def five(store: Store) -> Store:
    for number in range(1, 6):
        store.append_audit(make.entry(detail=f"entry {number} ✓", at=NOW + number * MINUTE))
    assert store.verify_audit() == ""
    return store


def test_an_empty_audit_holds(store: Store) -> None:
    assert store.verify_audit() == ""
    assert store.audit() == ()


def test_each_row_is_chained_to_the_one_before(store: Store) -> None:
    given = make.entry(
        channel="C1", action="stop", job_create_time="x", job_status="RUNNING/CDC", request="q1", run="r1"
    )
    first = store.append_audit(given)
    second = store.append_audit(make.entry(operation="op", detail="ünïcode"))
    assert (first.seq, first.previous, second.seq, second.previous) == (1, "", 2, first.hash)
    assert store.audit() == (first, second)


def test_the_hash_can_be_worked_out_by_others(store: Store) -> None:
    entry = store.append_audit(make.entry(detail="ünïcode"))
    content = asdict(entry)
    del content["hash"]
    content["at"] = "2026-03-01T12:00:00.000000+00:00"
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()


def test_what_a_column_cannot_hold_does_not_break_the_chain(store: Store) -> None:
    entry = store.append_audit(make.entry(detail="a\x00b\ud800c"))
    assert entry.detail == "a\ufffdb\ufffdc"
    assert store.audit() == (entry,)
    assert store.verify_audit() == ""


def test_looking_up(store: Store) -> None:
    first = store.append_audit(make.entry(request="q1"))
    second = store.append_audit(make.entry(user="U-sam", at=NOW + MINUTE))
    third = store.append_audit(make.entry(job=make.name("b"), at=NOW + 2 * MINUTE))
    assert store.audit(job=make.name("orders")) == (first, second)
    assert store.audit(by="U-sam") == (second,)
    assert store.audit(since=NOW + MINUTE) == (second, third)
    assert store.audit(request="q1") == (first,)
    assert store.audit(after_seq=1) == (second, third)
    assert store.audit(limit=2) == (first, second)
    assert store.audit(limit=2, newest_first=True) == (third, second)


def test_an_entry_goes_with_its_transaction(store: Store) -> None:
    store.append_audit(make.entry())
    with pytest.raises(ZeroDivisionError):
        append_and_fail(store)
    assert [each.seq for each in (store.append_audit(make.entry()), *store.audit())] == [2, 1, 2]
    assert store.verify_audit() == ""


def append_and_fail(store: Store) -> None:
    with store.transaction():
        store.append_audit(make.entry())
        _ = 1 / 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit SET detail = 'forged' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET length = 4",
        "UPDATE audit_head SET hash = 'forged'",
    ],
)
def test_the_database_itself_refuses(five: Store, raw: Raw, sql: str) -> None:
    with pytest.raises(Exception, match="append-only"):
        raw.execute(sql)
    assert five.verify_audit() == ""


def test_the_database_refuses_to_replace_or_empty(five: Store, raw: Raw) -> None:
    sql = "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3"
    with pytest.raises(Exception, match="append-only"):
        raw.execute("TRUNCATE audit" if raw.postgres else sql)
    assert five.verify_audit() == ""


@pytest.mark.parametrize("sql", CHANGES)
def test_a_changed_row_shows(five: Store, raw: Raw, sql: str) -> None:
    raw.drop_triggers()
    raw.execute(sql)
    assert five.verify_audit().startswith("Audit row 3 ")


@pytest.mark.parametrize("seq", [1, 3])
def test_a_removed_row_shows(five: Store, raw: Raw, seq: int) -> None:
    raw.drop_triggers()
    raw.execute("DELETE FROM audit WHERE seq = ?", seq)
    assert five.verify_audit().startswith(f"Audit row {seq} is missing")


def test_a_removed_row_shows_when_the_others_close_up(five: Store, raw: Raw) -> None:
    raw.drop_triggers()
    raw.execute("DELETE FROM audit WHERE seq = 3")
    raw.execute("UPDATE audit SET seq = 3 WHERE seq = 4")
    raw.execute("UPDATE audit SET seq = 4 WHERE seq = 5")
    assert five.verify_audit().startswith("Audit row 3 ")


def test_exchanged_rows_show(five: Store, raw: Raw) -> None:
    raw.drop_triggers()
    for old, new in ((2, 99), (3, 2), (99, 3)):
        raw.execute("UPDATE audit SET seq = ? WHERE seq = ?", new, old)
    assert five.verify_audit().startswith("Audit row 2 ")


def test_a_row_put_in_between_shows(five: Store, raw: Raw) -> None:
    raw.drop_triggers()
    for seq in (5, 4, 3):
        raw.execute("UPDATE audit SET seq = ? WHERE seq = ?", seq + 1, seq)
    copy(raw, 2, 3)
    assert five.verify_audit().startswith("Audit row 3 ")


def test_a_row_put_at_the_end_shows(five: Store, raw: Raw) -> None:
    copy(raw, 5, 6)
    assert five.verify_audit().startswith("Audit row 6 ")


def test_a_well_forged_row_at_the_end_shows(five: Store, raw: Raw) -> None:
    forge_next(five, raw)
    assert five.verify_audit() == "Audit row 6 was not written by the bot, which wrote 5."


def test_a_row_before_the_first_shows(five: Store, raw: Raw) -> None:
    copy(raw, 1, -7)
    assert five.verify_audit() != ""


@pytest.mark.parametrize("last", [0, 2, 4])
def test_a_cut_tail_shows(five: Store, raw: Raw, last: int) -> None:
    raw.drop_triggers()
    raw.execute("DELETE FROM audit WHERE seq > ?", last)
    assert five.verify_audit().startswith(f"Audit row {last + 1} is missing")


def test_an_exchanged_tail_shows(five: Store, raw: Raw) -> None:
    raw.drop_triggers()
    raw.execute("DELETE FROM audit WHERE seq = 5")
    forge_next(five, raw)
    assert five.verify_audit() == "Audit row 5 is not the one that was written."


def test_a_removed_head_shows(five: Store, raw: Raw) -> None:
    raw.drop_triggers()
    raw.execute("DELETE FROM audit_head")
    assert "length is gone" in five.verify_audit()


def rewritten(entries: Sequence[AuditEntry]) -> list[dict[str, object]]:
    """The rows of a forger who knows how hashes are computed."""
    rows: list[dict[str, object]] = []
    for each in entries:
        row = {**asdict(each), "at": each.at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")}
        row["previous"] = rows[-1]["hash"] if rows else ""
        del row["hash"]
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
        rows.append({**row, "hash": hashlib.sha256(text.encode()).hexdigest()})
    return rows


def exchange(raw: Raw, rows: Sequence[dict[str, object]]) -> None:
    """Put these rows and their head in place of the audit."""
    raw.drop_triggers()
    raw.execute("DELETE FROM audit")
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        raw.execute(f"INSERT INTO audit ({names}) VALUES ({', '.join('?' * len(row))})", *row.values())
    raw.execute("UPDATE audit_head SET length = ?, hash = ?", len(rows), rows[-1]["hash"])


def test_a_chain_that_was_computed_anew_shows_only_from_outside(five: Store, raw: Raw) -> None:
    entries = five.audit()
    anchors = [Anchor(each.seq, each.hash) for each in entries]
    assert five.verify_audit(anchors) == ""
    exchange(raw, rewritten([*entries[:3], replace(entries[3], detail="forged"), entries[4]]))
    assert five.verify_audit() == "", "whoever can write can make it look intact"
    assert five.verify_audit(anchors[:3]) == "", "these rows are as they were"
    assert "row 5 is not the one that is expected" in five.verify_audit(anchors[4:])
    assert "row 4 is not the one that is expected" in five.verify_audit(anchors)


def test_an_end_that_was_cut_off_with_its_head_shows_only_from_outside(five: Store, raw: Raw) -> None:
    entries = five.audit()
    last = Anchor(5, entries[4].hash)
    exchange(raw, rewritten(entries[:3]))
    assert five.verify_audit() == ""
    assert five.verify_audit([last]) == (
        "Audit row 5 is expected, and the audit ends with row 3: its end was cut off."
    )


def test_two_hashes_of_one_row_cannot_both_be_right(five: Store) -> None:
    right = Anchor(2, five.audit()[1].hash)
    for order in ([right, Anchor(2, "0" * 64)], [Anchor(2, "0" * 64), right]):
        assert "row 2" in five.verify_audit(order)


def test_each_row_that_is_saved_is_logged_with_its_hash(store: Store) -> None:
    with log_lines() as log:
        with suppress(RuntimeError), store.transaction():
            store.append_audit(make.entry())
            raise RuntimeError("taken back")
        with store.transaction():
            entries = [store.append_audit(make.entry()), store.append_audit(make.entry())]
            assert log.all() == [], "not before it is saved"
    assert [each["anchor"] for each in log.named("audit_row")] == [
        f"{each.seq}:{each.hash}" for each in entries
    ]


def test_reading_changes_nothing(url: str) -> None:
    with pytest.raises(StoreError):
        open_for_reading(url)
    with closing(open_store(url)) as store:
        entry = store.append_audit(make.entry())
        with closing(open_for_reading(url)) as reader:
            assert reader.audit() == (entry,)
            assert reader.verify_audit() == ""
            with pytest.raises(StoreError):
                reader.append_audit(make.entry())
            with pytest.raises(StoreError):
                reader.put_value("x", "y")
        assert store.audit() == (entry,)


def test_a_long_audit_holds_across_pages(store: Store, raw: Raw) -> None:
    with store.transaction():
        for number in range(2001):
            store.append_audit(make.entry(detail=str(number)))
        assert store.verify_audit() == ""
    assert store.verify_audit() == ""
    raw.drop_triggers()
    raw.execute("UPDATE audit SET detail = 'forged' WHERE seq = 2001")
    assert store.verify_audit().startswith("Audit row 2001 ")


def test_verifying_while_others_write(opened: Callable[[], Store]) -> None:
    store, other = opened(), opened()
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            other.append_audit(make.entry())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert [store.verify_audit() for _ in range(20)] == [""] * 20
    finally:
        done.set()
        writer.join()


def copy(raw: Raw, old: int, new: int) -> None:
    names = 'at, event, "user", team, channel, action, job, job_create_time, job_status, request, run, '
    names += "operation, detail, previous, hash"
    raw.execute(f"INSERT INTO audit (seq, {names}) SELECT {new}, {names} FROM audit WHERE seq = {old}")


def forge_next(store: Store, raw: Raw) -> None:
    """A row that follows rightly from the last one, hash and all."""
    last = store.audit(limit=1, newest_first=True)[0]
    content = {**asdict(make.entry(detail="never happened")), "seq": last.seq + 1, "previous": last.hash}
    del content["hash"]
    content["at"] = "2026-03-01T13:00:00.000000+00:00"
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    row = {**content, "hash": hashlib.sha256(text.encode()).hexdigest()}
    names = ", ".join(f'"{each}"' for each in row)
    raw.execute(f"INSERT INTO audit ({names}) VALUES ({', '.join('?' * len(row))})", *row.values())
