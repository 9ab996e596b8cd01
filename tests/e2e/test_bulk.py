"""Several jobs at once: one confirmation, one message, each job by itself, and the failed ones again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import calls, card_after, confirm_typed, destination, full, labels, no_views
from tests.e2e.env import CHANNEL, JSON, Env, unique_id
from tests.waiting import until

PICK = "dms:list:pick:1"
LONG_S = 100_000.0


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


@pytest.fixture
def long(env: Env) -> Iterator[None]:
    """Operations that do not end while a test looks, unless it puts the clock forward."""
    env.dms.operation_seconds(LONG_S)
    yield
    env.dms.operation_seconds(6.0)


def jobs_of(env: Env, count: int, **values: Any) -> list[str]:
    """Alike jobs with a label of their own, by which `--all` finds them; ids in name order."""
    prefix = unique_id("bulk")
    values = {"phase": "CDC", "databases": ["sales", "billing"], "frozen": True, **values}
    names = env.dms.add_many(count, prefix=prefix, labels={"set": prefix}, **values)
    return sorted(name.rpartition("/")[2] for name in names)


def label(jobs: Sequence[str]) -> str:
    """The filter that finds just these."""
    return f"label.set={jobs[0].rpartition('-')[0]}"


def methods(env: Env, jobs: Sequence[str]) -> list[list[str]]:
    """What each job was asked, in order."""
    return [[call["method"] for call in calls(env, job)] for job in jobs]


def posted(env: Env, job: str, after: str) -> list[JSON]:
    """All messages in the channel that name the job."""
    return [
        each
        for each in env.slack.messages(channel=CHANNEL, user="dana", after=after)
        if f"`{job}`" in plain(each)
    ]


# ---- one confirmation, one message


def test_several_by_name(env: Env) -> None:
    jobs = jobs_of(env, 3)
    before = env.now()
    card = env.type(f"stop {' '.join(jobs)}")
    text = plain(card)
    assert "Stop 3 jobs?" in text
    assert all(f"`{job}`" in text and f"{job}-target" in text for job in jobs)
    assert "changes pile up on the source" in text
    assert methods(env, jobs) == [[], [], []]
    env.confirm(card, "confirm")
    done = env.shows(card, "Stopped all 3 jobs", "▰▰▰▰▰▰▰▰▰▰ 3 of 3")
    assert all(f"✅ `{job}` done" in plain(done) for job in jobs)
    assert methods(env, jobs) == [["StopMigrationJob"]] * 3
    assert [len(posted(env, job, before)) for job in jobs] == [1, 1, 1], "one message tells all"
    assert "Retry the failed ones" not in labels(done)


def test_all_that_filters_match(env: Env) -> None:
    jobs = jobs_of(env, 4, state="NOT_STARTED", phase=None)
    other = jobs_of(env, 1, state="NOT_STARTED", phase=None)
    card = env.type(f"start --all state=not_started {label(jobs)}")
    assert "Start 4 jobs?" in plain(card)
    env.confirm(card, "confirm")
    env.shows(card, "Started all 4 jobs")
    assert methods(env, jobs) == [["StartMigrationJob"]] * 4
    assert methods(env, other) == [[]]


def test_what_filters_find_is_asked_about_also_when_it_is_one(env: Env) -> None:
    jobs = jobs_of(env, 1)
    card = env.type(f"stop --all state=running {label(jobs)}")
    assert "Confirm stop" in labels(card)
    assert methods(env, jobs) == [[]]
    env.confirm(card, "confirm")
    env.shows_as(card, "done")
    assert methods(env, jobs) == [["StopMigrationJob"]]


def test_what_changes_nothing_runs_at_once_on_a_few_named(env: Env) -> None:
    jobs = jobs_of(env, 3)
    done = env.shows(env.type(f"verify {' '.join(jobs)}"), "✅ *Verified all 3 jobs*")
    assert "⚠️" not in plain(done)
    assert methods(env, jobs) == [["VerifyMigrationJob"]] * 3


@pytest.mark.parametrize(("count", "by_filter"), [(2, True), (5, False)])
def test_what_changes_nothing_asks_before_it_locks_many(env: Env, count: int, by_filter: bool) -> None:
    jobs = jobs_of(env, count)
    card = env.type(f"verify {f'--all state=running {label(jobs)}' if by_filter else ' '.join(jobs)}")
    text = plain(card)
    assert f"Verify {count} jobs?" in text
    assert "ℹ️ The service tests whether the destination can reach the source" in text
    assert "⚠️" not in text
    pressed = [part for block in card["blocks"] for part in block.get("elements", ())]
    (confirm,) = (each for each in pressed if "verify:confirm" in each.get("action_id", ""))
    assert "style" not in confirm
    assert methods(env, jobs) == [[]] * count
    assert not any(env.bot.store.runs(job=full(job)) for job in jobs), "no job is locked yet"
    env.press(card, "confirm")
    env.shows(card, f"✅ *Verified all {count} jobs*")
    assert methods(env, jobs) == [["VerifyMigrationJob"]] * count


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("stop --all", "needs a filter"),
        ("stop {a} --all state=running", "and no names"),
        ("stop {a} {b} state=running", "Filters go with `--all`"),
        ("stop --all state=runing", "Did you mean `state=running`?"),
        ("stop --all phase=cdd", "Did you mean `phase=cdc`?"),
        ("stop --all location=europe-west", "did you mean `location=europe-west1`?"),
        ("stop --all label.set=nobody", "No job matches"),
        ("promote {a} {b} --databases sales", "takes one job"),
        ("restart {a} {b} --pick", "takes one job"),
        ("stop {a} no-such-job-at-all", "no-such-job-at-all"),
        ("edit {a} {b} --all", "one"),
    ],
)
def test_refused_before_anything_is_asked(env: Env, command: str, words: str) -> None:
    jobs = jobs_of(env, 2)
    line = command.format(a=jobs[0], b=jobs[1])
    if "--pick" in line:
        env.slack.command(line)
        text = plain(env.slack.wait_view(contains=[words]))
    else:
        text = plain(env.type(line))
    assert words in text, text
    assert "Confirm" not in text
    assert methods(env, jobs) == [[], []]


def test_a_location_that_does_not_answer(env: Env) -> None:
    jobs = jobs_of(env, 2)
    env.dms.location_unreachable("us-central1")
    try:
        answer = env.type(f"stop --all state=running {label(jobs)}")
    finally:
        env.dms.location_unreachable("us-central1", on=False)
    assert "Nothing was sent" in plain(answer)
    assert "us-central1" in plain(answer)
    assert methods(env, jobs) == [[], []]


# ---- different statuses


def test_different_statuses_are_refused_with_a_button_for_each(env: Env) -> None:
    cdc, dump = jobs_of(env, 2), jobs_of(env, 1, phase="FULL_DUMP")
    stopped = jobs_of(env, 2, state="STOPPED")
    answer = env.type(f"stop {' '.join([*cdc, *dump, *stopped])}")
    text = plain(answer)
    assert f"*Running · CDC*: `{cdc[0]}`, `{cdc[1]}`\n" in text
    assert f"*Running · full dump*: `{dump[0]}`\n" in text
    assert f"*Stopped · CDC*: `{stopped[0]}`, `{stopped[1]}` — stop is not possible" in text
    assert labels(answer) == [
        "Stop 2 in Running · CDC…",
        "Stop 1 in Running · full dump…",
        "List Stopped · CDC",
    ]
    assert methods(env, [*cdc, *dump, *stopped]) == [[]] * 5
    before = env.now()
    env.press(answer, "Stop 2 in Running · CDC…")
    card = card_after(env, before, "Stop 2 jobs?", *cdc)
    env.confirm(card, "confirm")
    env.shows(card, "Stopped all 2 jobs")
    assert methods(env, [*cdc, *dump, *stopped]) == [["StopMigrationJob"]] * 2 + [[]] * 3
    before = env.now()
    env.press(answer, "List Stopped · CDC")
    listing = card_after(env, before, "*Stopped* · CDC", *(f"(`{job}`)" for job in stopped))
    assert "Resume chosen…" in labels(listing)


def test_options_stay_with_the_groups(env: Env) -> None:
    failed, halted = jobs_of(env, 1, state="FAILED"), jobs_of(env, 1, state="STOPPED", phase="FULL_DUMP")
    answer = env.type(f"restart {failed[0]} {halted[0]} --skip-validation")
    before = env.now()
    env.press(answer, "Restart 1 in Failed · CDC…")
    card = card_after(env, before, "Confirm restart", failed[0])
    assert "Without the service's checks" in plain(card)
    assert halted[0] not in plain(card)


# ---- choosing in the list


def choosing(env: Env, jobs: Sequence[str]) -> JSON:
    """The list of just these jobs, with checkboxes."""
    page = env.type(f"list {label(jobs)}")
    env.press(page, "Act on several…")
    return env.shows(page, "[Done choosing]")


def tick(env: Env, page: JSON, jobs: Sequence[str], box: str = PICK) -> None:
    answer = env.slack.press(page, action_id=box, value=[f"`{job}`" for job in jobs])
    assert answer["ok"], answer


def test_choosing_in_the_list(env: Env) -> None:
    jobs = jobs_of(env, 4)
    page = choosing(env, jobs)
    tick(env, page, [jobs[0], jobs[2]])
    before = env.now()
    env.press(page, "Stop chosen…")
    card = card_after(env, before, "Stop 2 jobs?")
    assert jobs[1] not in plain(card)
    env.confirm(card, "confirm")
    env.shows(card, "Stopped all 2 jobs")
    assert methods(env, jobs) == [["StopMigrationJob"], [], ["StopMigrationJob"], []]
    env.press(page, "Done choosing")
    env.shows(page, "[Act on several…]")


def test_choosing_in_a_view(env: Env) -> None:
    """What the Home tab opens is a view, which keeps what is ticked in itself."""
    jobs_of(env, 1)
    env.press(env.home("dana", "Migrations"), "All jobs")
    env.press(env.slack.wait_view("dana", "[Act on several…]"), "Act on several…")
    view = env.slack.wait_view("dana", "[Done choosing]")
    elements = [each for block in view["blocks"] for each in block.get("elements", ())]
    first = next(each for each in elements if each.get("action_id") == PICK)
    tick = env.slack.press(view, action_id=PICK, value=[first["options"][0]["text"]["text"]])
    assert tick["ok"], tick
    env.press(view, "Delete chosen…")
    env.slack.wait_view("dana", "continues in your direct messages")


def test_nothing_ticked(env: Env) -> None:
    jobs = jobs_of(env, 2)
    page = choosing(env, jobs)
    before = env.now()
    env.press(page, "Delete chosen…")
    card_after(env, before, "Tick the jobs to delete first")
    assert methods(env, jobs) == [[], []]


def test_ticks_in_several_groups(env: Env) -> None:
    prefix = unique_id("mixed")
    for number, state in enumerate(("RUNNING", "RUNNING", "STOPPED")):
        env.dms.add_job(f"{prefix}-{number}", state=state, phase="CDC", labels={"set": prefix}, frozen=True)
    jobs = [f"{prefix}-{number}" for number in range(3)]
    page = choosing(env, jobs)
    tick(env, page, jobs[2:])
    tick(env, page, jobs[:1], box="dms:list:pick:2")
    before = env.now()
    env.press(page, "Verify chosen")
    answer = card_after(env, before, "jobs with the same status")
    assert labels(answer) == ["Verify 1 in Stopped · CDC", "Verify 1 in Running · CDC"]
    before = env.now()
    env.press(answer, "Verify 1 in Stopped · CDC")
    card_after(env, before, "✅ *Verified*", jobs[2])
    assert methods(env, jobs) == [[], [], ["VerifyMigrationJob"]]


def test_fifty_on_a_page_to_choose_from(env: Env) -> None:
    jobs = jobs_of(env, 60)
    page = choosing(env, jobs)
    assert "Page 1 of 2" in plain(page)
    assert "ticks count on this page only" in plain(page)
    boxes = re.findall(r"\(`([^`]+)`\)", plain(page))
    assert boxes == jobs[:50]
    for number in range(5):
        tick(env, page, jobs[number * 10 : number * 10 + 10], box=f"dms:list:pick:{number + 1}")
    before = env.now()
    env.press(page, "Stop chosen…")
    card = card_after(env, before, "Stop 50 jobs?")
    assert all(f"`{job}`" in plain(card) for job in jobs[:50]), "one confirmation lists all of them"
    env.press(card, "cancel")


# ---- failures, and the failed ones again


def test_a_failure_of_one_does_not_stop_the_others(env: Env) -> None:
    jobs = jobs_of(env, 6)
    env.dms.operation_outcome(jobs[1], "stop", "INTERNAL", "the disk is full")
    env.dms.fault("StopMigrationJob", "FAILED_PRECONDITION", match=full(jobs[3]), message="not allowed here")
    card = env.type(f"stop --all state=running {label(jobs)}")
    env.confirm(card, "confirm")
    done = env.shows(card, "Stopped 4 of 6 jobs", "2 did not succeed", "▰▰▰▰▰▰▰▰▰▰ 6 of 6")
    text = plain(done)
    assert re.search(rf"🔴 `{jobs[1]}` failed.*the disk is full", text)
    assert re.search(rf"🚫 `{jobs[3]}` refused, nothing was changed.*not allowed here", text)
    assert methods(env, jobs) == [["StopMigrationJob"]] * 6
    before = env.now()
    env.press(done, "Retry the failed ones")
    again = card_after(env, before, "Stop 2 jobs?", jobs[1], jobs[3])
    assert "Once more" in plain(again)
    assert jobs[0] not in plain(again)
    env.confirm(again, "confirm")
    env.shows(again, "Stopped all 2 jobs")
    twice = ["StopMigrationJob"] * 2
    assert [len(each) for each in methods(env, jobs)] == [1, 2, 1, 2, 1, 1]
    assert methods(env, jobs)[1] == twice
    assert all(env.dms.job(job)["state"] == "STOPPED" for job in jobs)


def test_retry_of_jobs_that_have_gone_different_ways(env: Env) -> None:
    jobs = jobs_of(env, 4)
    for job in jobs[:3]:
        env.dms.operation_outcome(job, "stop", "INTERNAL", "no")
    card = env.type(f"stop {' '.join(jobs)}")
    env.confirm(card, "confirm")
    done = env.shows(card, "Stopped 1 of 4 jobs")
    env.dms.set_job(jobs[0], state="STOPPED")
    env.dms.remove_job(jobs[2])
    before = env.now()
    env.press(done, "Retry the failed ones")
    answer = card_after(env, before, "jobs with the same status", jobs[0], jobs[1])
    assert labels(answer) == ["List Stopped · CDC", "Stop 1 in Running · CDC…"]
    assert jobs[2] not in plain(answer)
    before = env.now()
    env.press(answer, "Stop 1 in Running · CDC…")
    again = card_after(env, before, "Stop ", jobs[1])
    env.confirm(again, "confirm")
    env.shows(again, "✅ *Stopped*", jobs[1])
    assert [len(each) for each in methods(env, jobs)] == [1, 2, 1, 1]


def test_a_job_that_changed_before_the_confirmation_ends_the_request(env: Env) -> None:
    jobs = jobs_of(env, 3)
    card = env.type(f"stop {' '.join(jobs)}")
    env.dms.set_job(jobs[1], state="STOPPED")
    env.confirm(card, "confirm")
    ended = env.shows_as(card, "outdated", jobs[1])
    assert methods(env, jobs) == [[], [], []]
    before = env.now()
    env.press(ended, "Ask again")
    answer = card_after(env, before, "jobs with the same status")
    assert "Stop 2 in Running · CDC…" in labels(answer)


# ---- what cannot be undone


def test_bulk_delete_with_destinations_wants_its_phrase(env: Env) -> None:
    jobs = jobs_of(env, 3)
    card = env.type(f"delete {' '.join(jobs)}")
    assert "Delete jobs and destinations…" in labels(card)
    env.press(card, "confirm_destination")
    view = env.slack.wait_view(contains=["are you sure", "Type delete 3 jobs to confirm"])
    assert all(f"`{job}`" in plain(view) for job in jobs)
    answer = env.slack.submit(view, {"dms:delete:phrase": "delete 2 jobs"})
    assert "Type delete 3 jobs exactly" in str(answer["errors"])
    assert methods(env, jobs) == [[], [], []]
    answer = env.slack.submit(view, {"dms:delete:phrase": "delete 3 jobs"})
    assert not answer["errors"]
    env.shows(card, "Deleted all 3 jobs")
    assert methods(env, jobs) == [["DeleteMigrationJob"]] * 3
    assert all(calls(env, job)[0]["request"]["force"] for job in jobs)
    gone = {each["name"].rpartition("/")[2]: each["exists"] for each in env.dms.destinations()}
    assert [gone[f"{job}-target"] for job in jobs] == [False] * 3


def test_bulk_delete_of_the_jobs_only(env: Env) -> None:
    jobs = jobs_of(env, 2)
    card = env.type(f"delete {' '.join(jobs)}")
    env.confirm(card, "confirm")
    env.shows(card, "Deleted all 2 jobs")
    assert not any(calls(env, job)[0]["request"].get("force") for job in jobs)
    there = {each["name"].rpartition("/")[2]: each["exists"] for each in env.dms.destinations()}
    assert [there[f"{job}-target"] for job in jobs] == [True] * 2


def test_jobs_that_are_stuck_while_they_start_are_deleted_together(env: Env) -> None:
    """ "Migration job statuses": Starting lists Delete, the way out of a job that is stuck."""
    jobs = jobs_of(env, 2, state="STARTING", phase=None)
    card = env.type(f"delete --all state=starting {label(jobs)}")
    env.shows(card, "Delete 2 jobs?", "*The job is starting*", "only if it is stuck")
    env.confirm(card, "confirm")
    env.shows(card, "Deleted all 2 jobs")
    assert methods(env, jobs) == [["DeleteMigrationJob"]] * 2


def test_a_stuck_job_that_moves_on_before_the_confirmation_is_kept(env: Env) -> None:
    jobs = jobs_of(env, 1, state="STARTING", phase=None)
    card = env.type(f"delete {jobs[0]}")
    env.dms.set_job(jobs[0], state="RUNNING", phase="FULL_DUMP")
    env.confirm(card, "confirm")
    env.shows_as(card, "outdated", "is running · full dump now")
    assert methods(env, jobs) == [[]]


def test_bulk_restart_names_all_that_is_wiped_and_wants_its_phrase(env: Env) -> None:
    jobs = jobs_of(env, 2, state="FAILED")
    card = env.type(f"restart {' '.join(jobs)}")
    assert plain(card).count("2 databases: `billing`, `sales`") == 2
    assert "You'll type “restart 2 jobs” next" in plain(card)
    confirm_typed(env, card, "confirm", "restart 2 jobs")
    env.shows(card, "Restarted all 2 jobs")
    assert methods(env, jobs) == [["RestartMigrationJob"]] * 2
    assert [sorted(destination(env, job)["wiped"]) for job in jobs] == [["billing", "sales"]] * 2


def test_bulk_restart_of_what_failed(env: Env) -> None:
    broken = ["sales", {"name": "billing", "state": "FAILED", "phase": "FULL_DUMP"}]
    jobs = jobs_of(env, 2, databases=broken)
    card = env.type(f"restart {' '.join(jobs)} --failed-only")
    assert plain(card).count("1 database: `billing`") == 2
    confirm_typed(env, card, "confirm", "restart 2 jobs")
    env.shows(card, "Restarted all 2 jobs")
    assert [destination(env, job)["wiped"] for job in jobs] == [["billing"]] * 2


def test_bulk_promote_shows_every_delay(env: Env) -> None:
    past = {"in_phase_for": 600.0, "phase": "CDC", "frozen": True}
    jobs = jobs_of(env, 11, sec_lag=0, bytes_lag=0, **past)
    late = f"{jobs[0].rpartition('-')[0]}-late"
    labels_there = {"set": late.removesuffix("-late")}
    env.dms.add_job(late, labels=labels_there, sec_lag=42, bytes_lag=1_000_000, **past)
    jobs.append(late)
    card = env.type(f"promote --all {label(jobs)}")
    text = plain(card)
    assert f"NOT ZERO for 1 job*: `{late}` 42 s · " in text
    assert "Replication delay: 0 s for 11 jobs* (measured <!date^" in text
    assert all(f"`{job}`" in text for job in jobs)
    env.press(card, "cancel")
    env.shows_as(card, "cancelled")
    assert methods(env, jobs) == [[]] * 12


# ---- many


def test_fifty_at_once_and_no_more_than_allowed_side_by_side(env: Env, long: None) -> None:
    jobs, most = jobs_of(env, 50), env.bot.settings.bulk_parallel
    before = env.now()
    card = env.type(f"stop --all state=running {label(jobs)}")
    text = plain(card)
    assert "Stop 50 jobs?" in text
    assert all(f"`{job}`" in text for job in jobs), "one confirmation lists all of them"
    assert "shortened" not in text
    env.confirm(card, "confirm")
    env.shows(card, "⏳ Stop 50 jobs", "stopping, began", "waiting for its turn")
    under_way = until(lambda: plain(env.current(card)), lambda text: text.count("stopping, began") >= most)
    assert under_way.count("stopping, began") == most
    env.dms.clock(advance_seconds=LONG_S)
    env.shows(card, "⏳ Stop 50 jobs", f" {most} of 50")
    env.dms.operation_seconds(6.0)
    env.dms.clock(advance_seconds=LONG_S)
    done = env.shows(card, "Stopped all 50 jobs", "▰▰▰▰▰▰▰▰▰▰ 50 of 50")
    assert all(f"`{job}` done" in plain(done) for job in jobs)
    assert methods(env, jobs) == [["StopMigrationJob"]] * 50
    assert most_at_once(env, jobs) == most
    assert len(posted(env, jobs[0], before)) == 1


def most_at_once(env: Env, jobs: Sequence[str]) -> int:
    """How many of the jobs were STOPPING at the same time, at most, by the DMS's own record."""
    moments: list[tuple[datetime, int]] = []
    for job in jobs:
        begun, ended = (_since(env.dms.job(job)["history"], state) for state in ("STOPPING", "STOPPED"))
        moments += [(begun, 1), (ended, -1)]
    most = now = 0
    for _, step in sorted(moments):
        now += step
        most = max(most, now)
    return most


def _since(history: Sequence[JSON], state: str) -> datetime:
    return datetime.fromisoformat(next(each["time"] for each in history if each["state"] == state))
