"""Of what a channel was kept out of, only the newest news that somebody still watches is posted late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.dms.model import Job
from bot.outbox.requeue import requeue_after_invite
from bot.policy.subscriptions import Subscriptions
from bot.store import Store
from bot.store.cutover import Cutover, CutoverPlan, CutoverState, Progress
from bot.store.records import Event, JobSnapshot, OutMessage, RequestState, Watch
from tests.notify.world import BORN, MINUTE, NOTIFY, NOW, job
from tests.store import make
from tests.store.raw import Raw

MAX_NEWS = 20
"""The most alerts and timelines that are posted late."""
EVERYTHING = Subscriptions.of(NOTIFY, ())
PROD = (("env", "prod"),)


def kept_out(store: Store, key: str, kind: str, at: datetime = NOW, **subject: object) -> str:
    """A message that was given up, as the app was not in the channel."""
    assert store.enqueue(OutMessage(key, NOTIFY, kind, subject, created=at))
    store.mark_attempt(key)
    store.mark_failed(key, None, "not_in_channel")
    return key


def failed(store: Store, it: Job, gone: bool = False) -> list[str]:
    """The keys of the job's time line and alert."""
    if not gone:
        store.save_known([JobSnapshot(it, NOW, NOW)])
    kind, after = ("deleted", "") if gone else ("changed", it.status)
    event = store.add_event(Event(it.name, BORN, NOW, kind, "RUNNING/CDC", after))
    line: dict[str, Any] = {"job": it.name, "create_time": BORN.isoformat(), "run": 1, "first": event.id}
    return [
        kept_out(store, f"timeline:{it.id}", "timeline", **line),
        kept_out(store, f"alert:{it.id}", "alert", event=event.id),
    ]


def taken(store: Store, keys: Sequence[str]) -> list[str]:
    return [key for key in keys if (found := store.message(key)) is not None and not found.error]


def watching(jobs: str, *only: str, target: str = NOTIFY) -> Subscriptions:
    return Subscriptions.of("", [Watch("w", target, "U1", jobs, only)])


def test_of_news_the_newest_of_what_waits_all(store: Store) -> None:
    waiting = []
    for number in range(MAX_NEWS + 1):
        request = make.request(f"q{number}", state=RequestState.APPROVING)
        store.add_request(request)
        waiting.append(kept_out(store, f"approval:q{number}", "approval", request=request.id))
    news = [key for number in range(MAX_NEWS) for key in failed(store, job("FAILED/CDC", f"job-{number}"))]
    left = failed(store, job("FAILED/CDC", "mended"))
    store.save_known([JobSnapshot(replace(job("RUNNING/CDC", "mended"), create_time=NOW), NOW, NOW)])
    assert requeue_after_invite(store, NOTIFY, NOW + MINUTE, EVERYTHING) == len(waiting) + MAX_NEWS
    assert taken(store, waiting) == waiting
    assert taken(store, [*news, *left]) == news[-MAX_NEWS:], "what is over takes nobody's place"


def test_what_cannot_be_read_takes_nothing_else_away(store: Store, tmp_path: Path) -> None:
    for id in ("good", "bad"):
        store.add_request(make.request(id, state=RequestState.APPROVING))
    open_ones = [kept_out(store, f"approval:{id}", "approval", request=id) for id in ("good", "bad")]
    news = [failed(store, job("FAILED/CDC", id)) for id in ("one", "other", "third")]
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE requests SET action = 'levitate' WHERE id = 'bad'")
        raw.execute("UPDATE known_jobs SET flags = '[' WHERE job_id = 'one'")
        raw.execute("UPDATE outbox SET subject = '[' WHERE key LIKE '%:other'")
    late = [*open_ones, *news[0], *news[2]]
    assert requeue_after_invite(store, NOTIFY, NOW + MINUTE, EVERYTHING) == len(late)
    assert taken(store, late) == late, "also what cannot be read now: it is posted once it can be"


def night(store: Store, id: str, state: CutoverState, **fields: Any) -> list[str]:
    """A cutover, and the keys of its messages, all kept out a week ago."""
    plan = CutoverPlan(jobs=("j",), commander="U1", app_owner="U2", channel=NOTIFY)
    long_ago = NOW - timedelta(days=7)
    store.add_cutover(Cutover(id, "T1", make.DANA, state, plan, long_ago, since=long_ago, **fields))
    call = {"cutover": id, "person": "U2", "what": "stopped"}
    return [
        kept_out(store, f"cutover:{id}", "cutover", long_ago, cutover=id),
        kept_out(store, f"cutover:{id}:call:1", "cutover_call", long_ago, **call),
        kept_out(store, f"cutover:{id}:news:stopping", "cutover_news", long_ago, cutover=id, what="stopping"),
        kept_out(store, f"cutover:{id}:report", "cutover_report", long_ago, cutover=id),
    ]


def test_of_a_cutover_what_the_night_needs(store: Store) -> None:
    stopped = Progress(stopping=NOW)
    going_on = night(store, "on", CutoverState.STOPPING, progress=stopped)
    drained = night(store, "drained", CutoverState.DRAINED, progress=stopped)
    ended = night(store, "done", CutoverState.DONE, progress=stopped, ended=NOW)
    long_over = night(store, "old", CutoverState.DONE, progress=stopped, ended=NOW - timedelta(days=2))
    never_begun = night(store, "moved", CutoverState.ABORTED, ended=NOW)
    requeue_after_invite(store, NOTIFY, NOW + MINUTE, Subscriptions(()))
    assert taken(store, going_on) == [going_on[0], going_on[1], going_on[3]]
    assert taken(store, drained) == [drained[0], drained[3]], "nobody is called for what is done"
    assert taken(store, ended) == [ended[0], ended[3]]
    assert taken(store, [*long_over, *never_begun]) == []


@pytest.mark.parametrize(
    ("subscriptions", "kinds"),
    [
        (EVERYTHING, ["timeline", "alert"]),
        (watching("*", "failed"), ["alert"]),
        (watching("*", "completed"), []),
        (watching("label:env=prod"), ["timeline", "alert"]),
        (watching("label:env=test"), []),
        (watching("*", target="C0OTHER001"), []),
        (Subscriptions(()), []),
    ],
)
def test_only_what_is_still_watched(store: Store, subscriptions: Subscriptions, kinds: list[str]) -> None:
    keys = failed(store, job("FAILED/CDC", labels=PROD))
    assert requeue_after_invite(store, NOTIFY, NOW, subscriptions) == len(kinds)
    assert [key.partition(":")[0] for key in taken(store, keys)] == kinds


@pytest.mark.parametrize(
    ("subscriptions", "told"),
    [
        (EVERYTHING, True),
        (watching(job(id="gone").name), True),
        (watching("label:env=prod"), True),
        (watching(job(id="other").name), False),
        (Subscriptions(()), False),
    ],
)
def test_a_job_that_is_gone(store: Store, subscriptions: Subscriptions, told: bool) -> None:
    keys = failed(store, job(id="gone"), gone=True)
    requeue_after_invite(store, NOTIFY, NOW, subscriptions)
    assert taken(store, keys) == keys[1:] * told
