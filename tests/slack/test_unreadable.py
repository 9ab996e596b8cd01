"""A row of the store that cannot be read, as a newer version may have written it: people see all the others,
and how many are missing. Nothing looks like an all-clear."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config.projects import Project, Projects
from bot.dms.model import Job, job_name
from bot.policy.access import Access
from bot.policy.loader import parse
from bot.requests.recent import looked_at, note_look
from bot.slack.inbound.job_search import JobSearch
from bot.slack.render.home_view import HomeView
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.slack.render.summary import NeedsAttention, summary
from bot.store import Store, open_store
from bot.store.records import Freeze, JobSnapshot, Person, RequestState, RunState, Watch
from bot.watch.daily_summary import summary_subject
from commands import all_verbs, permissions
from tests.slack.checks import accepted, all_text
from tests.store import make
from tests.store.raw import Raw

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PROJECTS = Projects((Project("acme", locations=("europe-west1",)),))
DANA, QUINN = Person("T1", "U0DANA0001"), Person("T1", "U0QUINN001")
GOOD, BAD = (job_name("acme", "europe-west1", each) for each in ("good", "bad"))
LABELS = """
default_role = "viewer"
[[rule]]
verbs = ["view"]
labels = ["secret=yes"]
allow = ["U0DANA0001"]
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / "bot.db"))
    store.save_known(JobSnapshot(Job(name, NOW, "RUNNING", "CDC"), NOW, NOW) for name in (GOOD, BAD))
    yield store
    store.close()


def spoil(tmp_path: Path, *statements: str) -> None:
    with Raw(str(tmp_path / "bot.db")) as raw:
        for each in statements:
            raw.execute(each)


def access(policy: str = 'default_role = "viewer"') -> Access:
    return Access(policy=parse(policy, permissions=permissions(all_verbs()), projects=PROJECTS))


def home(store: Store, who: Person = QUINN, policy: str = 'default_role = "viewer"') -> str:
    return str(HomeView(store, access(policy), lambda: NOW).of(who))


UNREADABLE_JOB = "UPDATE known_jobs SET flags = '[' WHERE job_id = 'bad'"


def test_home_shows_the_other_jobs_and_how_many_are_missing(store: Store, tmp_path: Path) -> None:
    spoil(tmp_path, UNREADABLE_JOB)
    shown = home(store)
    assert "*1 migration job*" in shown
    assert "Not shown: 1 job that cannot be read" in shown
    assert "needs attention" not in shown.casefold()


def test_home_says_nothing_is_known_where_no_job_can_be_read(store: Store, tmp_path: Path) -> None:
    spoil(tmp_path, "UPDATE known_jobs SET flags = '['")
    shown = home(store)
    assert "No migration job is known" in shown
    assert "2 jobs that cannot be read" in shown


def test_home_counts_no_job_that_a_label_may_keep_from_the_reader(store: Store, tmp_path: Path) -> None:
    """Nobody knows its labels; what the reader is shown is still no all-clear."""
    spoil(tmp_path, UNREADABLE_JOB)
    assert "cannot be read" not in home(store, QUINN, LABELS)
    assert "Nothing needs attention" not in home(store, QUINN, LABELS)
    assert "1 job that cannot be read" in home(store, DANA, LABELS)


def test_home_says_what_else_cannot_be_read(store: Store, tmp_path: Path) -> None:
    store.add_request(make.request("r1", "good", state=RequestState.APPROVING))
    store.add_watch(Watch("w1", QUINN.user, QUINN.user))
    store.add_freeze(Freeze("f1", GOOD, LATER, "night", "U1", NOW))
    spoil(
        tmp_path,
        "UPDATE requests SET action = 'levitate'",
        "UPDATE watches SET only = '['",
        "UPDATE freezes SET created = 'long ago'",
    )
    shown = home(store)
    assert "1 request, 1 freeze and 1 subscription that cannot be read" in shown
    for clear in ("waiting for you", "is scheduled", "no freezes"):
        assert clear not in shown.casefold()


def test_the_menu_offers_a_job_of_which_only_the_name_can_be_read(store: Store, tmp_path: Path) -> None:
    spoil(tmp_path, UNREADABLE_JOB)

    def offered(who: Person, policy: str) -> list[tuple[Any, Any]]:
        found = JobSearch(store, access(policy)).options(who, "")
        return [(each["text"]["text"], each["description"]["text"].split(" · ")[0]) for each in found]

    both = [("bad", "State not known"), ("good", "Running")]
    assert offered(QUINN, 'default_role = "viewer"') == both
    assert offered(DANA, LABELS) == both
    assert offered(QUINN, LABELS) == both[1:], "a label may keep it from them"
    assert JobSearch(store, access()).mentioned(QUINN, "is bad or good slow?") == [BAD, GOOD]


def test_the_summary_counts_the_others_and_what_is_missing(store: Store, tmp_path: Path) -> None:
    store.add_request(make.request("r1", "good", state=RequestState.APPROVING))
    spoil(tmp_path, UNREADABLE_JOB, "UPDATE requests SET action = 'levitate'")
    subject = summary_subject(store, NOW.date(), NOW, PROJECTS)
    assert subject["counts"] == {"RUNNING/CDC": 1}
    assert subject["unreadable"] == {"job": 1, "request": 1}
    posted = summary("2026-11-20", {}, needs=NeedsAttention(unreadable={"job": 1}))
    assert posted.text.startswith(
        "Migrations on 2026-11-20: 0 jobs, and not counted: 1 job that cannot be read"
    )
    text = all_text(accepted(posted))
    assert "*Not counted*: 1 job that cannot be read" in text
    assert "There are no migration jobs" not in text


def test_small_values_that_cannot_be_read_take_no_home_away(store: Store) -> None:
    assert looked_at(store, QUINN) == []
    note_look(store, QUINN, GOOD, NOW)
    for key in (f"recent:{QUINN.team}/{QUINN.user}", "watcher:polled"):
        assert key.startswith("watcher") or store.value(key) is not None
        store.put_value(key, "[")
    assert "2 migration jobs" in home(store)
    assert "Nothing needs attention" not in home(store), "nobody knows when they were last looked at"


def test_the_message_that_follows_a_job_says_what_of_it_cannot_be_read(store: Store, tmp_path: Path) -> None:
    store.add_freeze(Freeze("f1", "*", LATER, "night", "U1", NOW))
    store.add_run(make.run("u1", request="r1", job=GOOD, state=RunState.FAILED, ended=NOW))
    subject = {"job": GOOD, "create_time": NOW.isoformat()}
    message = make.message("timeline:1", kind="timeline", subject=subject)

    def posted() -> str:
        shown = OutboxRenderer(store, access(), "T1", lambda: NOW).render(message)
        assert shown is not None
        return str(shown)

    assert "Not known" not in posted()
    spoil(tmp_path, "UPDATE freezes SET created = 'long ago'", "UPDATE runs SET action = 'levitate'")
    assert "*Not known*: whether it is frozen or whether the last action on it failed" in posted()
