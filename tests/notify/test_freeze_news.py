"""Freezes that end soon or begin by plan are told once, in each channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as Flag

import pytest

from bot.config.projects import Project, Projects
from bot.dms.model import short_name
from bot.dms.resource_names import project_of
from bot.policy.model import PlannedFreeze, Policy
from bot.policy.scope import Scope
from bot.policy.subscriptions import Subscriptions
from bot.requests.freezes import is_free
from bot.slack.render.freezes import freeze_message, planned_freeze_message
from bot.store import Store
from bot.store.records import EVERY_JOB, Freeze, JobSnapshot, Watch, every_job_of
from bot.watch.freeze_news import FreezeNews, announce_freeze
from tests.notify.world import MINUTE, NOTIFY, NOW, TEAM_CHANNEL, job
from tests.store.raw import Raw

HOUR = timedelta(hours=1)
NONE = Policy().projects


def a_freeze(hours: float, job: str = EVERY_JOB, id: str = "f1") -> Freeze:
    return Freeze(id, job, NOW + timedelta(hours=hours), "month end", "U0SAM00001", NOW)


@pytest.mark.parametrize(
    ("lifted", "other", "free"),
    [
        ("orders", "orders", False),
        ("orders", "billing", True),
        ("orders", "project", False),
        ("orders", "all", False),
        ("project", "orders", False),
        ("project", "elsewhere", True),
        ("all", "elsewhere", False),
        ("all", "", True),
    ],
)
def test_changes_are_possible_again_where_nothing_else_is_frozen(
    store: Store, lifted: str, other: str, free: bool
) -> None:
    names = {
        **{id: job(id=id).name for id in ("orders", "billing")},
        "project": every_job_of(project_of(job().name)),
        "elsewhere": every_job_of("acme-staging"),
        "all": EVERY_JOB,
    }
    if other:
        store.add_freeze(a_freeze(2, names[other], "f2"))
    gone = a_freeze(2, names[lifted])
    assert is_free(store, Policy(), gone, NOW) is free
    planned = PlannedFreeze(NOW - HOUR, NOW + HOUR, "end of year", Scope())
    assert not is_free(store, Policy(planned_freezes=(planned,)), gone, NOW)
    message = freeze_message(replace(gone, lifted=NOW), "lifted", NONE, short_name, NOW, free=free)
    assert message is not None
    assert ("Changes are possible again." in message.text) is free


def news(store: Store, policy: Policy | None = None, *watches: Watch) -> FreezeNews:
    def subscriptions() -> Subscriptions:
        return Subscriptions.of(NOTIFY, watches)

    return FreezeNews(store, policy or Policy(), subscriptions, Flag())


def told(store: Store, at: datetime) -> list[tuple[str, str, str]]:
    due = store.ready_to_send(at)
    return [(each.kind, each.subject["what"], each.channel) for each in due]


def test_the_end_is_told_thirty_minutes_before_and_once(store: Store) -> None:
    freeze = a_freeze(2)
    store.add_freeze(freeze)
    for minutes in (0, 89):
        news(store).tick(NOW + minutes * MINUTE)
        assert told(store, NOW + HOUR) == []
    for minutes in (90, 91, 119):
        news(store).tick(NOW + minutes * MINUTE)
        assert told(store, NOW + 2 * HOUR) == [("freeze", "ending", NOTIFY)]


def test_a_freeze_that_was_short_anyway_or_was_lifted_says_nothing(store: Store) -> None:
    store.add_freeze(a_freeze(0.5))
    store.add_freeze(a_freeze(2, id="f2"))
    store.lift_freezes(EVERY_JOB, "U0SAM00001", NOW)
    store.add_freeze(a_freeze(0.5, id="f3"))
    for minutes in (1, 29, 95):
        news(store).tick(NOW + minutes * MINUTE)
    assert told(store, NOW + 2 * HOUR) == []


def test_those_who_follow_the_job_are_told_but_not_where_it_was_said(store: Store) -> None:
    watch = Watch("w1", TEAM_CHANNEL, "U1", job().name)
    other = Watch("w2", "C0OTHER001", "U1", job(id="other").name)
    quiet = Watch("w3", "C0QUIET001", "U1", "*", ("failed",))
    subscriptions = Subscriptions.of(NOTIFY, (watch, other, quiet))
    announce_freeze(store, a_freeze(2, job().name), "set", subscriptions, NOW, told_in=NOTIFY)
    assert told(store, NOW) == [("freeze", "set", TEAM_CHANNEL)]


def test_a_job_whose_row_cannot_be_read_is_told_by_its_name_alone(store: Store, tmp_path: Path) -> None:
    """Nobody knows its labels: a channel that follows one may be for people who are kept from the job."""
    store.save_known([JobSnapshot(job(), NOW, NOW)])
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '['")
    label = Watch("w1", TEAM_CHANNEL, "U1", "label:env=prod")
    subscriptions = Subscriptions.of("", (label, Watch("w2", NOTIFY, "U1", job().name)))
    announce_freeze(store, a_freeze(2, job().name), "set", subscriptions, NOW)
    assert told(store, NOW) == [("freeze", "set", NOTIFY)]


def test_a_planned_freeze_is_told_when_it_begins_and_before_it_ends(store: Store) -> None:
    window = PlannedFreeze(NOW + HOUR, NOW + 5 * HOUR, "year-end closing")
    watcher = news(store, Policy(planned_freezes=(window,)))
    for hours, found in ((0.9, 0), (1, 1), (1.1, 1), (4.4, 1), (4.5, 2), (5, 2), (6, 2)):
        watcher.tick(NOW + timedelta(hours=hours))
        assert len(told(store, NOW + 6 * HOUR)) == found, hours
    assert told(store, NOW + 6 * HOUR) == [
        ("planned_freeze", "set", NOTIFY),
        ("planned_freeze", "ending", NOTIFY),
    ]


def test_a_planned_freeze_that_began_long_ago_is_no_news(store: Store) -> None:
    window = PlannedFreeze(NOW - 5 * HOUR, NOW + 5 * HOUR, "year-end closing")
    news(store, Policy(planned_freezes=(window,))).tick(NOW)
    assert told(store, NOW) == []


def test_what_is_not_true_any_more_is_not_said() -> None:
    freeze = a_freeze(1)
    for what in ("set", "ending"):
        assert freeze_message(freeze, what, NONE, short_name, NOW, free=True) is not None
        assert freeze_message(freeze, what, NONE, short_name, NOW + HOUR, free=True) is None
    window = PlannedFreeze(NOW, NOW + HOUR, "closing")
    assert planned_freeze_message(window, "set", NONE, NOW) is not None
    assert planned_freeze_message(window, "set", NONE, NOW + HOUR) is None


def test_a_freeze_is_told_where_its_projects_are(store: Store) -> None:
    projects = Projects(
        tuple(Project(f"acme-{each}", each, notify_channel=f"C0{each.upper()}") for each in ("prod", "lab"))
    )
    subscriptions = Subscriptions.of(NOTIFY, (), projects)
    announce_freeze(store, a_freeze(2), "set", subscriptions, NOW)
    announce_freeze(store, a_freeze(2, "projects/acme-prod", id="f2"), "set", subscriptions, NOW)
    assert [each[2] for each in told(store, NOW)] == ["C0LAB", "C0PROD", "C0PROD"]
    window = PlannedFreeze(NOW, NOW + HOUR, "closing", Scope(projects=("acme-lab",)))
    FreezeNews(store, Policy(planned_freezes=(window,)), lambda: subscriptions, Flag()).tick(NOW)
    assert told(store, NOW)[-1] == ("planned_freeze", "set", "C0LAB")
