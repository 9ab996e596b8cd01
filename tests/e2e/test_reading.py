"""`help`, `list` and `show`: what people look at, and how they find the job that they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from commands import all_verbs
from sandbox.slack import pings, plain
from tests.e2e.env import LOCATIONS, Env, unique_id
from tests.waiting import until


@pytest.fixture(autouse=True)
def _empty(env: Env) -> Iterator[None]:
    env.dms.reset("empty")
    yield
    env.dms.clear_faults()


def ids(message: dict[str, object]) -> list[str]:
    """The jobs of a list, in its lines and in its table."""
    found = re.findall(r"^\S+ \*([a-z0-9-]+)\* · |^([a-z0-9-]+) \| ", plain(message), re.MULTILINE)
    return [line or row for line, row in found]


@pytest.mark.parametrize("verb", sorted(all_verbs()))
def test_every_verb_has_help(env: Env, verb: str) -> None:
    answer = plain(env.type(f"help {verb}"))
    assert f"/dms {verb}" in answer
    assert all_verbs()[verb].details in answer
    takes_job = all_verbs()[verb].syntax.jobs != "none"
    assert ("`JOB` is a job ID, `location/ID`, `alias/location/ID`" in answer) == takes_job


def test_help_lists_all_verbs(env: Env) -> None:
    answer = plain(env.type("help"))
    assert [verb for verb in all_verbs() if f"`{verb}` " not in answer] == []


def test_unknown_verbs_get_the_nearest(env: Env) -> None:
    assert "did you mean `restart`" in plain(env.type("restrat orders-db"))
    assert "did you mean" in plain(env.type("help promot")).lower()
    assert "did you mean" not in plain(env.type("help foo")).lower()


def test_list_groups_by_status_with_what_needs_eyes_first(env: Env) -> None:
    env.dms.add_job("calm", state="COMPLETED", frozen=True)
    env.dms.add_job("broken", state="FAILED", phase="CDC", frozen=True)
    env.dms.add_job("busy", state="RUNNING", phase="CDC", frozen=True)
    env.dms.add_job("passing", state="UPDATING", phase="CDC", frozen=True)
    env.dms.add_job("halted", state="STOPPED", phase="FULL_DUMP", frozen=True)
    answer = env.type("list")
    assert ids(answer) == ["broken", "halted", "busy", "passing", "calm"]
    assert "5 migration jobs" in plain(answer)


def test_list_filters(env: Env) -> None:
    west, central = LOCATIONS
    env.dms.add_job(
        "a-west", location=west, state="RUNNING", phase="CDC", labels={"env": "prod"}, frozen=True
    )
    env.dms.add_job("b-central", location=central, state="RUNNING", phase="FULL_DUMP", frozen=True)
    env.dms.add_job("c-west", location=west, state="NOT_STARTED", display_name="The Payroll", frozen=True)
    assert ids(env.type("list state=running")) == ["a-west", "b-central"]
    assert ids(env.type("list state=running,not_started")) == ["a-west", "b-central", "c-west"]
    assert ids(env.type(f"list location={west} state=running")) == ["a-west"]
    assert ids(env.type("list phase=cdc")) == ["a-west"]
    assert ids(env.type("list label.env=prod")) == ["a-west"]
    assert ids(env.type("list payroll")) == ["c-west"]
    assert "No job matches" in plain(env.type("list nothing-like-it"))


def test_a_thousand_jobs_take_one_call_and_page_with_buttons(env: Env) -> None:
    env.dms.add_many(1000, location=LOCATIONS[0], prefix="many", state="RUNNING", phase="CDC")
    env.dms.clear_calls()
    first = env.type(f"list location={LOCATIONS[0]} many-")
    asked = [call for call in env.dms.calls("ListMigrationJobs") if call["request"]["page_size"] == 1000]
    assert "1,000" in plain(first)
    assert "Page 1 of 20" in plain(first)
    assert asked
    env.press(first, "Next ›")
    second = env.shows(first, "Page 2 of 20")
    assert not set(ids(second)) & set(ids(first))
    env.press(second, "‹ Previous")
    assert ids(env.shows(first, "Page 1 of 20")) == ids(first)


def test_a_job_is_found_and_the_list_is_filtered_from_the_list(env: Env) -> None:
    env.dms.add_many(12, location=LOCATIONS[0], prefix="found", state="RUNNING", phase="CDC", frozen=True)
    until(lambda: any(name.endswith("/found-07") for name in env.bot.store.known_names()))
    listed, before = env.type("list state=running"), env.now()
    (option,) = env.slack.suggest(listed, "dms:show:find", "FOUND-07")
    env.slack.press(listed, action_id="dms:show:find", value=option["value"])
    assert "Running" in plain(env.answer_to("dana", "dms", "found-07", before))
    env.press(listed, "Filter…")
    view, before = env.slack.wait_view("dana", "Filter the list"), env.now()
    chosen = {"text": "found-03", "state": ["running", "stopped"], "location": [LOCATIONS[0]]}
    env.slack.submit(view, {f"dms:list:{key}": value for key, value in chosen.items()})
    filtered = env.answer_to("dana", "dms", "1 migration job", before)
    assert ids(filtered) == ["found-03"]
    assert f"`state=running,stopped location={LOCATIONS[0]} found-03`" in plain(filtered)


def test_unreachable_locations_are_named(env: Env) -> None:
    env.dms.add_job("here", location=LOCATIONS[0], state="NOT_STARTED", frozen=True)
    env.dms.location_unreachable(LOCATIONS[1])
    answer = env.type("list")
    assert ids(answer) == ["here"]
    assert LOCATIONS[1] in plain(answer)


def test_show_tells_all_and_offers_only_what_is_allowed(env: Env) -> None:
    job = env.add_job(
        "show",
        state="FAILED",
        phase="FULL_DUMP",
        source_engine="MYSQL",
        source_provider="RDS",
        source_host="db.example.com",
        databases=[
            "sales",
            {"name": "billing", "state": "FAILED", "error": {"code": 9, "message": "disk full"}},
        ],
        error={"code": 9, "message": "The source <refused> & hung up"},
    )
    card = env.type(f"show {job}")
    text = plain(card)
    for words in ("Failed", "full dump", "MySQL (Amazon RDS)", "AlloyDB", "disk full"):
        assert words in text, text
    assert "The source &lt;refused&gt; &amp; hung up" in text
    assert "console.cloud.google.com/dbmigration" in text
    env.press(card, "More…")
    text = plain(env.slack.wait_view("dana", [job, "db.example.com"]))
    assert [label for label in ("Stop…", "Start", "Resume", "Promote…") if f"[{label}]" in text] == []
    assert [each for each in ("Restart…", "Verify", "Edit…", "Delete…") if f"[{each}]" not in text] == []


def test_show_names_what_is_under_way(env: Env) -> None:
    job = unique_id("slow")
    env.dms.add_job(job, state="NOT_STARTED", databases=["sales"])
    env.dms.operation_seconds(100_000)
    env.type(f"start {job}")
    env.slack.wait_message(contains=[job, "starting"], channel="dms")
    text = plain(env.type(f"show {job}"))
    assert "Starting" in text
    assert "start" in text
    assert "<@U0DANA0001>" in text
    env.dms.operation_seconds(5)


def test_jobs_by_location_and_full_name(env: Env) -> None:
    env.dms.add_job("twin", location=LOCATIONS[0], state="NOT_STARTED", frozen=True)
    env.dms.add_job("twin", location=LOCATIONS[1], state="RUNNING", phase="CDC", frozen=True)
    assert "CDC" in plain(env.type(f"show {LOCATIONS[1]}/twin"))
    full = f"projects/{env.bot.settings.project}/locations/{LOCATIONS[0]}/migrationJobs/twin"
    assert "Not started" in plain(env.type(f"show {full}"))
    choice = env.type("show twin")
    assert "2 jobs named `twin`" in plain(choice)
    before = env.now()
    env.press(choice, f"show {LOCATIONS[1]}/twin")
    assert "CDC" in plain(env.answer_to("dana", "dms", "Running", before))


def test_near_matches_are_offered_as_buttons(env: Env) -> None:
    env.dms.add_job("customers", state="NOT_STARTED", databases=["sales"], frozen=True)
    env.slack.wait_message(channel="db-migrations", contains="customers")
    answer = env.type("start custmers")
    assert "Did you mean `customers`" in plain(answer)
    env.press(answer, "start customers")
    env.slack.wait_message(channel="dms", contains=["✅", "customers"])
    assert len(env.writes("start", "customers")) == 1


def test_no_other_job_is_offered_for_one_that_was_deleted(env: Env) -> None:
    env.dms.add_job("blog-db", state="COMPLETED", databases=["blog"])
    env.dms.add_job("blogs-db", state="COMPLETED", databases=["blogs"])
    card = env.type("delete blog-db")
    env.confirm(card, "confirm")
    env.shows_done(card, "delete")
    for text in ("delete blog-db", f"restart {LOCATIONS[0]}/blog-db", "show blog-db"):
        answer = plain(env.type(text))
        assert "`blog-db` is gone: it was deleted" in answer
        assert "blogs-db" not in answer


def test_foreign_projects_and_locations_are_refused(env: Env) -> None:
    other = "projects/another-project/locations/europe-west1/migrationJobs/x"
    assert "another-project" in plain(env.type(f"show {other}"))
    assert "asia-east1" in plain(env.type("show asia-east1/x"))
    assert not [
        call for call in env.dms.calls() if "another-project" in str(call) or "asia-east1" in str(call)
    ]


@pytest.mark.parametrize(
    "text", ["show", "stop", "edit", "databases", "restart a b --databases x", "list page=1"]
)
def test_bad_usage_gets_one_sentence_with_an_example(env: Env, text: str) -> None:
    answer = plain(env.type(text))
    assert "/dms" in answer
    assert len(answer) < 400


def test_hostile_names_ping_nobody(env: Env) -> None:
    job = unique_id("rude")
    name = "<!channel> & <@U0SAM00001> *bold* `code`"
    env.dms.add_job(job, state="NOT_STARTED", display_name=name, frozen=True)
    for text in (f"show {job}", "list"):
        answer = env.type(text)
        # A header is plain text, in which Slack finds no mentions.
        mrkdwn = [block for block in answer["blocks"] if block["type"] != "header"]
        assert pings({**answer, "blocks": mrkdwn}) == []
