"""A job that runs with errors, and one that failed and goes on: the list, the card, Home, and what is told.

The local DMS shows them as "Migration job statuses" says: RUNNING with errors that clear by themselves once
their cause is fixed, and FAILED in CDC, from where a PostgreSQL job resumes by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from bot.app import now
from sandbox.slack import plain
from tests.e2e.env import CAUGHT_UP, Env, open_env, unique_id

NEWS = "db-migrations"
CONFLICT = "conflict insert_exists on relation app.orders (attempt 1)"


class StoppableClock:
    """The bot's clock, which a test can stop for a while."""

    def __init__(self) -> None:
        self._stopped: datetime | None = None

    def __call__(self) -> datetime:
        return self._stopped or now()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self._stopped = now()
        try:
            yield
        finally:
            self._stopped = None


@pytest.fixture(scope="module")
def clock() -> StoppableClock:
    return StoppableClock()


@pytest.fixture(scope="module")
def env(clock: StoppableClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    with open_env(tmp_path_factory.mktemp("errors"), clock=clock) as made:
        yield made
        assert made.slack.violations() == []


def a_job(env: Env, prefix: str, **values: object) -> str:
    """A job in CDC that the watcher has seen, and told."""
    job = unique_id(prefix)
    given: dict[str, object] = {"state": "RUNNING", "phase": "CDC", "databases": ["sales", "billing"]}
    env.dms.add_job(job, frozen=True, **(given | values))
    env.slack.wait_message(channel=NEWS, contains=f"`{job}`")
    return job


def alerts_of(env: Env, job: str, words: str) -> int:
    return sum(
        f"`{job}`" in plain(each) and words in plain(each) for each in env.slack.messages(channel=NEWS)
    )


def test_an_error_is_marked_and_told_once_until_it_clears(env: Env, clock: StoppableClock) -> None:
    well, job = a_job(env, "well"), a_job(env, "ails")
    env.dms.set_job(job, error={"code": 9, "message": CONFLICT})
    alert = env.slack.wait_message(
        channel=NEWS, contains=[f"*Running with errors*: `{job}`", "insert_exists", "DMS retries by itself"]
    )
    card = env.shows(env.type(f"show {job}"), "Running with errors · CDC", "insert_exists")
    assert "Fix the cause" in plain(card)
    listed = plain(env.type("list state=with-errors"))
    assert f"🟠 *{job}* · Running with errors · CDC · {CONFLICT[:20]}" in listed
    assert well not in listed
    assert f"*Not failed, but running with errors*: `{job}`" in plain(env.type("list state=failed"))
    everything = plain(env.type("list"))
    assert everything.index("Running with errors · CDC") < everything.index("Running · CDC")
    env.home("dana", f"*`{job}`* · *Running with errors* · CDC", CONFLICT[:20])
    env.dms.set_job(job, error={"code": 9, "message": CONFLICT.replace("1", "44")})
    env.dms.set_job(job, display_name="Orders")
    env.shows(env.type(f"show {job}"), "attempt 44")
    with clock.stopped():  # it comes back before its end is told, which is two seconds later
        env.dms.set_job(job, error=None)
        env.shows(alert, "*Had errors*")
        env.dms.set_job(job, error={"code": 9, "message": CONFLICT})
        env.shows(alert, "*Running with errors*")
    env.dms.fix(job)
    env.slack.wait_message(channel=NEWS, contains=[f"*Errors cleared*: `{job}`"])
    assert alerts_of(env, job, "*Errors cleared*: ") == 1, "its end is told once, and not in between"
    env.shows(alert, "*Had errors*", "runs without errors now")
    assert alerts_of(env, job, "Running with errors*:") == 0, "the one alert says that it is over"
    assert "Running with errors" not in plain(env.type(f"show {job}"))
    assert "No job matches" in plain(env.type("list state=errors"))


def test_an_error_of_a_database_counts_as_well(env: Env) -> None:
    job = a_job(env, "part")
    env.dms.set_database(job, "billing", state="RUNNING", error={"code": 9, "message": CONFLICT})
    env.dms.set_job(job, error={"code": 14, "message": "no route to host"})  # has the databases read at once
    env.slack.wait_message(channel=NEWS, contains=[f"*Running with errors*: `{job}`", "no route"])
    words = [f"*Errors in databases*: billing: `{job}`", "insert_exists"]
    env.slack.wait_message(channel=NEWS, contains=words)
    assert "1 database with errors: billing" in plain(env.type("list state=with-errors"))
    shown = plain(env.type(f"databases {job}"))
    assert f"🟠 `{job}` *Running with errors* · CDC" in shown
    assert shown.index("🟠 `billing` Running · CDC") < shown.index("🟢 `sales`")
    env.dms.fix(job)
    env.slack.wait_message(channel=NEWS, contains=[f"*Errors cleared*: `{job}`"])
    assert alerts_of(env, job, "*Errors cleared*: ") == 1


def test_a_failed_job_that_goes_on_by_itself_is_told(env: Env) -> None:
    job = a_job(env, "back")
    env.dms.set_job(job, state="FAILED", error={"code": 9, "message": "password authentication failed"})
    failed = env.slack.wait_message(channel=NEWS, contains=[f"*Failed*: `{job}`", "wait"])
    assert "the job may continue on its own" in plain(failed)
    env.dms.fix(job)
    env.slack.wait_message(channel=NEWS, contains=[f"*Continues by itself*: `{job}`", "cause seems fixed"])
    env.shows(failed, "*Had failed*")


def test_errors_that_nobody_saw_end_a_promotion(env: Env) -> None:
    job = a_job(env, "sudden", **CAUGHT_UP)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    assert "runs with errors" not in plain(card)
    env.dms.set_job(job, error={"code": 9, "message": CONFLICT})
    env.press(card, "confirm")
    env.shows_as(card, "outdated", f"`{job}` runs with errors now, which was not shown.")
    assert env.writes("promote", job) == []
