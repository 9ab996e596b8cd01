from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import Store, StoreError, open_store
from bot.store.records import OutMessage
from tests.store import make
from tests.store.make import MINUTE, NOW
from tests.store.raw import Raw


def keys(messages: tuple[OutMessage, ...]) -> list[str]:
    return [each.key for each in messages]


def test_a_message_is_put_in_once(store: Store) -> None:
    message = make.message(thread_of="m0", order="job", response_url="https://example.com", created=NOW)
    assert store.enqueue(message)
    assert not store.enqueue(make.message(kind="other"))
    kept = store.message("m1")
    assert kept is not None
    assert kept.id > 0
    assert kept == make.message(
        thread_of="m0", order="job", response_url="https://example.com", created=NOW, id=kept.id
    )
    assert store.message("m2") is None
    assert store.outbox_depth() == 1


def test_the_store_dates_a_message_without_date(store: Store) -> None:
    before = datetime.now(UTC)
    store.enqueue(make.message())
    kept = store.message("m1")
    assert kept is not None
    assert kept.created is not None
    assert before <= kept.created <= datetime.now(UTC)


def test_sent_touched_and_sent_again(store: Store) -> None:
    store.enqueue(make.message())
    store.mark_attempt("m1")
    store.mark_sent("m1", 1, "1.1", "D1")
    sent = store.message("m1")
    assert sent is not None
    assert (sent.ts, sent.channel, sent.sent_rev, sent.attempts) == ("1.1", "D1", 1, 0)
    assert store.ready_to_send(NOW) == ()
    assert store.mark_dirty("m1")
    assert store.mark_dirty("m1", {"request": "q2"})
    assert not store.mark_dirty("m2")
    (again,) = store.ready_to_send(NOW)
    assert (again.rev, again.sent_rev, again.subject, again.ts) == (3, 1, {"request": "q2"}, "1.1")
    store.mark_sent("m1", 2, "1.1")
    assert [(each.sent_rev, each.channel) for each in store.ready_to_send(NOW)] == [(2, "D1")]
    store.mark_sent("m1", 3, "1.1")
    store.mark_sent("m1", 2, "1.1")
    assert store.outbox_depth() == 0


def test_an_attempt_at_an_older_revision_is_none(store: Store) -> None:
    store.enqueue(make.message())
    assert store.mark_dirty("m1")
    assert not store.mark_attempt("m1", NOW + MINUTE, rev=1)
    assert [each.attempts for each in store.ready_to_send(NOW)] == [0]
    assert store.mark_attempt("m1", NOW + MINUTE, rev=2)
    assert store.ready_to_send(NOW) == ()
    assert store.mark_dirty("m1")
    assert store.mark_attempt("m1", rev=2), "in other words, after Slack has refused the first ones"


def test_the_oldest_that_was_never_posted(store: Store) -> None:
    assert store.oldest_unposted() is None
    for number, key in enumerate(("posted", "hopeless", "oldest", "newer")):
        store.enqueue(make.message(key=key, created=NOW + number * MINUTE))
    store.mark_sent("posted", 1, "1.1")
    store.mark_dirty("posted")
    store.mark_failed("hopeless", None, "channel_not_found")
    assert store.oldest_unposted() == NOW + 2 * MINUTE


def test_a_failed_message_waits_and_a_hopeless_one_is_given_up(store: Store) -> None:
    store.enqueue(make.message())
    store.mark_attempt("m1")
    store.mark_failed("m1", NOW + MINUTE)
    assert store.ready_to_send(NOW) == ()
    assert [each.attempts for each in store.ready_to_send(NOW + MINUTE)] == [1]
    store.mark_failed("m1", None, "channel_not_found")
    assert store.ready_to_send(NOW + MINUTE) == ()
    given_up = store.message("m1")
    assert given_up is not None
    assert given_up.error == "channel_not_found"
    assert store.outbox_depth() == 0


def test_messages_of_an_order_wait_for_the_first(store: Store) -> None:
    for key, order in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("x", ""), ("y", ""), ("a3", "a")]:
        store.enqueue(make.message(key, order=order))
    assert keys(store.ready_to_send(NOW)) == ["a1", "b1", "x", "y"]
    assert keys(store.ready_to_send(NOW, limit=2)) == ["a1", "b1"]
    store.mark_failed("a1", NOW + MINUTE)
    assert keys(store.ready_to_send(NOW)) == ["b1", "x", "y"]
    store.mark_sent("a1", 1, "1.1")
    store.mark_failed("a2", None, "msg_too_long")
    assert keys(store.ready_to_send(NOW)) == ["b1", "x", "y", "a3"]


def test_a_thread_waits_for_its_parent(store: Store) -> None:
    store.enqueue(make.message("parent"))
    store.enqueue(make.message("child", thread_of="parent"))
    assert keys(store.ready_to_send(NOW)) == ["parent"]
    store.mark_sent("parent", 1, "1.1")
    assert keys(store.ready_to_send(NOW)) == ["child"]


def test_a_thread_that_will_never_be_does_not_stop_what_follows(store: Store) -> None:
    store.enqueue(make.message("parent", order="job"))
    store.enqueue(make.message("child", order="job", thread_of="parent"))
    store.enqueue(make.message("orphan", thread_of="never kept"))
    store.mark_failed("parent", None, "is_archived")
    assert keys(store.ready_to_send(NOW)) == ["child", "orphan"]


def test_a_change_and_its_message_are_one(store: Store) -> None:
    store.enqueue(make.message("there already"))
    with pytest.raises(StoreError):
        change_and_tell(store, make.message())
    assert store.outbox_depth() == 1
    assert store.events(make.name("orders")) == ()


def change_and_tell(store: Store, message: OutMessage) -> None:
    with store.transaction():
        store.add_event(make.event())
        store.enqueue(message)
        store.add_request(make.request("q1"))
        store.add_request(make.request("q1"))


def test_thousands_waiting_are_looked_up_by_index(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "bot.db"))
    with store.transaction():
        for number in range(3000):
            store.enqueue(make.message(f"m{number}", order=f"job-{number % 30}"))
    assert len(store.ready_to_send(NOW)) == 30
    statement = (
        "EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE error = '' AND sent_rev < rev AND NOT EXISTS ("
        "SELECT 1 FROM outbox AS earlier WHERE earlier.error = '' AND earlier.sent_rev < earlier.rev "
        'AND earlier."order" = outbox."order" AND earlier.id < outbox.id) ORDER BY id LIMIT 100'
    )
    with Raw(str(tmp_path / "bot.db")) as raw:
        plan = " ".join(str(row[-1]) for row in raw.execute(statement))
    store.close()
    assert "INDEX outbox_pending" in plan
    assert "INDEX outbox_pending_order" in plan
    assert "TEMP B-TREE" not in plan


def test_purge_clears_what_is_over_and_nothing_else(store: Store) -> None:
    old, new = NOW - timedelta(days=40), NOW
    store.enqueue(make.message("sent", created=old))
    store.mark_sent("sent", 1, "1.1")
    store.enqueue(make.message("waiting", created=old))
    store.enqueue(make.message("given up", created=old))
    store.mark_failed("given up", None, "is_archived")
    store.enqueue(make.message("parent", created=old))
    store.mark_sent("parent", 1, "1.2")
    store.enqueue(make.message("child", created=old, thread_of="parent"))
    store.enqueue(make.message("new", created=new))
    store.mark_sent("new", 1, "1.3")
    store.enqueue(make.message("time line", created=old, kind="timeline"))
    store.enqueue(make.message("night", created=old, kind="cutover"))
    store.mark_sent("time line", 1, "1.4")
    store.mark_sent("night", 1, "1.5")
    store.add_event(make.event(at=old))
    kept = store.add_event(make.event(at=new))
    assert store.claim_delivery("old", old)
    assert store.claim_delivery("new", new)
    ref = store.put_ref("T1", "job", {"name": "x"})
    entry = store.append_audit(make.entry(at=old))
    assert store.purge(NOW - timedelta(days=30)) == 4
    remaining = [
        key
        for key in ("sent", "waiting", "given up", "parent", "child", "new", "time line", "night")
        if store.message(key)
    ]
    assert remaining == ["waiting", "parent", "child", "new", "time line", "night"]
    assert store.events(make.name("orders")) == (kept,)
    assert store.claim_delivery("old", new)
    assert not store.claim_delivery("new", new)
    assert store.ref("T1", ref) is not None
    assert store.audit() == (entry,)
    store.purge(datetime.now(UTC) + MINUTE)
    assert store.ref("T1", ref) is None


def test_what_a_channel_was_kept_out_of_can_be_taken_up(store: Store) -> None:
    for key, channel, created, error in (
        ("old", "C1", NOW - MINUTE, "not_in_channel"),
        ("lost", "C1", NOW, "not_in_channel"),
        ("unfit", "C1", NOW, "invalid_blocks"),
        ("elsewhere", "C2", NOW, "not_in_channel"),
        ("waiting", "C1", NOW, ""),
    ):
        store.enqueue(make.message(key, channel=channel, created=created))
        store.mark_attempt(key, NOW + MINUTE)
        if error:
            store.mark_failed(key, None, error)
    kept_out = ("channel_not_found", "not_in_channel")
    assert keys(store.dead_letters("C1", kept_out, NOW - MINUTE, ["card"])) == ["old", "lost"]
    assert keys(store.dead_letters("C1", kept_out, NOW - MINUTE, ["card"], limit=1)) == ["lost"]
    assert keys(store.dead_letters("C1", kept_out, NOW, ["card"])) == ["lost"]
    assert keys(store.dead_letters("C1", kept_out, NOW, ["alert", "timeline"])) == []
    assert store.retry_given_up("lost")
    assert not store.retry_given_up("lost")
    assert not store.retry_given_up("nobody")
    assert keys(store.dead_letters("C1", kept_out, NOW, ["card"])) == []
    assert keys(store.ready_to_send(NOW)) == ["lost"]


def test_the_latest_messages_of_a_kind_and_a_target(store: Store) -> None:
    for key, kind, created in (
        ("to:U1:old", "digest", NOW - MINUTE),
        ("to:U1:one", "digest", NOW),
        ("to:U1:two", "digest", NOW + MINUTE),
        ("to:U1:other", "alert", NOW),
        ("to:U10:elsewhere", "digest", NOW),
    ):
        store.enqueue(make.message(key, channel="U1", kind=kind, created=created))
        store.mark_sent(key, 1, "1.1", "D1")
    assert keys(store.messages("to:U1:", "digest", NOW)) == ["to:U1:one", "to:U1:two"]
    assert keys(store.messages("to:U1:", "digest", NOW, limit=1)) == ["to:U1:two"]
