"""What was approved is what runs: an edit from outside makes a request out of date, for every verb."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bot.store.records import RequestState
from sandbox.slack import plain
from tests.e2e.env import JSON, Env, open_env
from tests.e2e.helpers import (
    ALEX,
    ROLES,
    asks,
    ended,
    events,
    full,
    moment,
    policy,
    press_refused,
    private,
    request_of,
    runs_of,
)
from tests.waiting import until

RULE = """
[[rule]]
name = "all changes"
verbs = ["change"]
approvals = 1
[[rule]]
name = "destinations"
verbs = ["delete-with-destination"]
allow = ["admin"]
"""
SALES: JSON = {"databases": ["sales"], "source_databases": ["sales", "billing"]}
"""A job of one of its source's two databases."""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("bound")
    with open_env(folder, policy_file=policy(folder, ROLES + RULE), bulk_parallel=1) as made:
        yield made
        assert made.slack.violations() == []


def patch(env: Env, job: str, mask: str, **body: Any) -> None:
    """Change the job as somebody else would, with `migrationJobs.patch`, and wait until that has ended."""
    url = f"http://{env.bot.settings.dms_emulator_rest_host}/v1/{full(job)}"
    answer = httpx.patch(url, params={"updateMask": mask}, json={"name": full(job), **body}, trust_env=False)
    assert answer.status_code == 200, answer.text
    until(lambda: env.dms.job(job).get("activeOperation"), lambda active: not active)


def take_all(env: Env, job: str) -> None:
    """Have the job take all databases of its source."""
    config = {"sourceObjectsConfig": {"objectsSelectionType": "ALL_OBJECTS"}}
    patch(env, job, "objectsConfig", objectsConfig=config)


def requested(env: Env, text: str, job: str) -> JSON:
    """Ask and confirm; the message that asks for approval."""
    env.confirm(env.type(f"{text} {job}"))
    return asks(env, job)


def approved_too_late(env: Env, card: JSON, job: str, verb: str, *said: str) -> None:
    """Approve, and see that this ends the request, which says why; nothing is sent."""
    env.press(card, "approve", ALEX)
    shown = env.shows_as(card, "outdated", *said)
    assert events(env, job)[-1] == "outdated"
    assert request_of(env, job).state is RequestState.OUTDATED
    assert env.writes(verb, job) == [], plain(shown)
    assert runs_of(env, job) == ()


def test_a_start_approved_for_one_database_does_not_run_all(env: Env) -> None:
    job = env.add_job("start", state="NOT_STARTED", **SALES)
    card = requested(env, "start", job)
    assert "1 database" in plain(card)
    env.press(card, "details", "alex")
    env.slack.close_view(env.slack.wait_view("alex", "1 database: `sales`"), user="alex")
    take_all(env, job)
    approved_too_late(env, card, job, "start", "databases: `sales` → all databases")


@pytest.mark.parametrize("verb", ["verify", "stop", "promote", "delete"])
def test_every_verb_is_bound_to_the_databases(env: Env, verb: str) -> None:
    job = env.add_job(verb, phase="CDC", **SALES, sec_lag=0, bytes_lag=0, in_phase_for=60.0)
    card = requested(env, verb, job)
    take_all(env, job)
    approved_too_late(env, card, job, verb, "databases: `sales` → all databases")


def test_the_destination_of_a_draft_is_not_exchanged_before_its_deletion(env: Env) -> None:
    job, other = env.add_job("draft", state="DRAFT"), env.add_job("other", state="DRAFT")
    was, new = (env.dms.job(each)["destination"] for each in (job, other))
    card = requested(env, "delete", job)
    patch(env, job, "destination", destination=new)
    change = f"destination: `{was.rpartition('/')[2]}` → `{new.rpartition('/')[2]}`"
    approved_too_late(env, card, job, "delete", change)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": {"env": "prod"}}, "label `env`: none → `prod`"),
        ({"type": "ONE_TIME"}, "type: `CONTINUOUS` → `ONE_TIME`"),
        ({"dump_parallel_level": "MAX"}, "dump parallelism: none → `MAX`"),
        ({"display_name": "Payroll"}, "→ `Payroll`"),
    ],
)
def test_a_confirmation_is_bound_to_all_of_the_job(env: Env, change: JSON, said: str) -> None:
    job = env.add_job("field", phase="CDC")
    card = env.type(f"stop {job}")
    env.dms.set_job(job, **change)
    env.press(card, "confirm")
    env.shows_as(card, "outdated", said)
    assert env.writes("stop", job) == []


def test_an_edit_before_its_turn_refuses_a_job(env: Env) -> None:
    """Of two jobs, the second waits for its turn; it is edited meanwhile."""
    first, second = (env.add_job("turn", state="NOT_STARTED", **SALES) for _ in range(2))
    env.confirm(env.type(f"start {first} {second}"))
    card = asks(env, first)
    env.dms.fault("StartMigrationJob", "SLOW", delay_seconds=60, match=first)
    env.press(card, "approve", ALEX)
    until(lambda: env.writes("start", first), bool)
    take_all(env, second)
    env.dms.clear_faults()
    assert ended(env, second) == ["refused"]
    assert "databases: `sales` → all databases" in runs_of(env, second)[0].note
    assert env.writes("start", second) == []


def test_what_could_not_be_listed_is_shown_before_it_counts(env: Env) -> None:
    job = env.add_job("unlisted", state="FAILED", phase="CDC", databases=["sales"])
    env.dms.fault("ListMigrationJobObjects", "PERMISSION_DENIED", times=None, match=job)
    card = env.type(f"restart {job}")
    assert "could not be listed" in plain(card)
    before = moment(env)
    env.confirm(card, typed=job)
    private(env, "dana", "Nothing was done", "cannot be read now", after=before)
    env.dms.clear_faults()
    env.confirm(card, typed=job)
    private(env, "dana", "This press did not count", after=before)
    shown = env.shows(card, "1 database: `sales`", step="confirm")
    env.confirm(shown, typed=job)
    env.press(asks(env, job), "approve", ALEX)
    assert ended(env, job) == ["succeeded"]


def test_a_selection_that_could_not_be_read_is_read_before_it_counts(env: Env) -> None:
    job = env.add_job("unread", state="NOT_STARTED", **SALES)
    env.dms.fault("GetMigrationJob", "PERMISSION_DENIED", times=None, match=job, transport="rest")
    card = env.type(f"start {job}")
    assert "could not be read" in plain(card)
    press_refused(env, card, "confirm", "dana", "Nothing was done", "cannot be read now")
    env.dms.clear_faults()
    env.slack.fault("chat.update", "ratelimited", times=None, retry_after=2)
    press_refused(env, card, "confirm", "dana", "could not be read when it was requested")
    press_refused(env, card, "confirm", "dana", "the request has changed")
    env.slack.clear_faults()
    until(lambda: plain(env.current(card)), lambda text: "could not be read" not in text)
    env.press(card, "confirm")
    assert asks(env, job)


def test_a_rule_keeps_the_destination_from_who_may_delete_the_job(env: Env) -> None:
    job = env.add_job("kept", phase="CDC", databases=["sales"])
    refused = plain(env.type(f"delete {job} --with-destination"))
    assert "by the rule “destinations” that requires the role admin" in refused
    card = env.type(f"delete {job}")
    press_refused(env, card, "confirm_destination", "dana", "by the rule “destinations”")
    assert env.slack.views("dana") == []
    env.confirm(card)
    env.press(asks(env, job), "approve", ALEX)
    assert ended(env, job) == ["succeeded"]
    assert not env.writes("delete", job)[0]["request"].get("force")
