"""One bot for two projects, through the whole chain: the same ID in both, and one of them away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config.projects import Project
from sandbox.slack import plain
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.e2e.database_helpers import card_after
from tests.e2e.env import Env, open_env, unique_id
from tests.e2e.helpers import full, moment, open_servers, private, started
from tests.waiting import until

PROD, STAGING, EUROPE = "demo-project", "demo-staging", "europe-west1"
PROJECTS = (Project(PROD, "prod", (EUROPE, "us-central1")), Project(STAGING, "staging", (EUROPE,)))


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    with open_env(
        tmp_path_factory.mktemp("bot"),
        more_projects={STAGING: (EUROPE,)},
        project="",
        locations=(),
        project_tables=PROJECTS,
    ) as made:
        yield made
        made.dms.clear_faults()
        assert made.slack.violations() == []


@pytest.fixture
def twins(env: Env) -> Iterator[str]:
    """The ID of a job in both projects."""
    job = unique_id("twin")
    for each in PROJECTS:
        env.dms.add_job(job, project=each.id, phase="CDC", frozen=True)
    until(lambda: len(env.bot.store.known_twins([job])) == 2)
    yield job
    env.dms.clear_faults()


def test_lists_cards_and_home_name_the_project(env: Env, twins: str) -> None:
    listed = plain(env.type(f"list {twins}"))
    assert [f"*{place}/{EUROPE}/{twins}*" in listed for place in ("🏭 prod", "staging")] == [True, True]
    assert f"`{twins}-target` · 🏭 prod/{EUROPE} · " in plain(env.type(f"show prod/{EUROPE}/{twins}"))
    assert f"`{twins}-target` · staging/{EUROPE} · " in plain(env.type(f"show staging/{EUROPE}/{twins}"))
    env.home("dana", f"`🏭 prod/{EUROPE}/{twins}`", f"`staging/{EUROPE}/{twins}`")
    card = plain(env.type(f"delete prod/{EUROPE}/{twins}"))
    assert "It is a job of 🏭 `prod` (*production*)." in card


def state(env: Env, project: str, job: str) -> str:
    return str(env.dms.job(f"{project}/{EUROPE}/{job}")["state"])


def test_a_press_says_which_of_two_jobs_is_meant(env: Env, twins: str) -> None:
    question = env.type(f"stop {twins}")
    assert f"There are 2 jobs named `{twins}`" in plain(question)
    after = env.now()
    env.press(question, f"stop staging/{EUROPE}/{twins}")
    card = card_after(env, after, twins)
    env.shows_done(card, "stop", f"staging/{EUROPE}/{twins}")
    assert [state(env, each.id, twins) for each in PROJECTS] == ["RUNNING", "STOPPED"]
    typed = env.type(f"stop prod/{EUROPE}/{twins}")
    env.shows_done(typed, "stop", f"prod/{EUROPE}/{twins}")
    assert state(env, PROD, twins) == "STOPPED"


@pytest.mark.parametrize("kind", ["DENIED", "SILENT"])
def test_while_a_project_is_away_the_other_is_listed_changed_and_watched(
    env: Env, twins: str, kind: str
) -> None:
    env.dms.project_condition(STAGING, kind)
    listed = plain(env.type("list"))
    assert twins in listed
    assert f"🏭 prod/{EUROPE}" in listed
    assert f"staging/{EUROPE}" in listed
    stopped = env.type(f"stop prod/{EUROPE}/{twins}")
    env.shows_done(stopped, "stop")
    told = env.slack.wait_message(channel=NOTIFY_CHANNEL, contains=[twins, "Stopped", f"🏭 prod/{EUROPE}"])
    assert "deleted" not in plain(told).lower()
    env.dms.clear_faults()
    env.dms.set_job(f"{STAGING}/{EUROPE}/{twins}", state="FAILED")
    failed = f"`{twins}` in staging/{EUROPE}"
    env.slack.wait_message(channel=NOTIFY_CHANNEL, contains=[failed, "Failed"])
    assert not [each for each in env.bot.store.events() if each.kind == "deleted"]


def test_nothing_is_sent_to_a_project_that_is_no_longer_served(tmp_path: Path) -> None:
    """Also where one project is left: its credentials and rules are not meant for the other one's jobs."""
    job = unique_id("left")
    with open_servers() as (slack, dms):
        dms.control.add_project(STAGING, EUROPE)
        dms.control.add_job(job, project=STAGING, phase="FULL_DUMP", frozen=True)
        with started(slack, dms, tmp_path, project="", locations=(), project_tables=PROJECTS) as env:
            card = env.shows(env.type(f"stop staging/{EUROPE}/{job}"), step="confirm")
        with started(slack, dms, tmp_path, project="", locations=(), project_tables=PROJECTS[:1]) as env:
            before = moment(env)
            env.press(card, "confirm")
            told = private(env, "dana", "serves", PROD, after=before)
            assert f"not {STAGING}" in plain(told)
            assert env.bot.store.runs(job=full(job, project=STAGING)) == ()
            assert state(env, STAGING, job) == "RUNNING"


def test_an_alias_that_moves_takes_no_request_along(tmp_path: Path) -> None:
    """The job of the same ID in the other project is not called by the name that the card has."""
    job = unique_id("twin")
    swapped = (Project(PROD, "staging"), Project(STAGING, "prod"))
    with open_servers() as (slack, dms):
        dms.control.add_project(STAGING, EUROPE)
        for project in (PROD, STAGING):
            dms.control.add_job(job, project=project, phase="FULL_DUMP", frozen=True)
        with started(slack, dms, tmp_path, project="", locations=(), project_tables=PROJECTS) as env:
            until(lambda: len(env.bot.store.known_twins([job])) == 2)
            typed = f"stop staging/{EUROPE}/{job}"
            card = env.shows(env.type(typed), f"staging/{EUROPE}/{job}", step="confirm")
        with started(slack, dms, tmp_path, project="", locations=(), project_tables=swapped) as env:
            env.confirm(env.shows(card, f"prod/{EUROPE}/{job}", step="confirm"))
            env.shows_done(card, "stop")
            (call,) = dms.control.calls("StopMigrationJob")
            assert call["request"]["name"] == full(job, project=STAGING)
