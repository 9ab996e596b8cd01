"""A cutover from the form to the report, as people in Slack see it: of one job, of a wave, and rehearsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from bot.store.cutover import Cutover, CutoverState
from sandbox.slack import plain
from tests.e2e.env import JSON, Env, input_of, steps
from tests.e2e.helpers import ROLES, AheadClock, asks, card_for, full, open_servers, policy, started
from tests.waiting import until

S = CutoverState
GENERAL = "C0GENERAL1"
DANA, SAM, ALEX = "U0DANA0001", "U0SAM00001", "U0ALEX0001"
RULES = f"""{ROLES}
[[rule]]
name = "four eyes"
verbs = ["promote"]
labels = {{ env = "prod" }}
approvals = 1
[[rule]]
name = "anywhere else"
verbs = ["promote"]
approvals = 0
"""
LIVE = {"state": "RUNNING", "phase": "CDC", "created_ago": 90_000.0, "in_phase_for": 86_000.0}
_EARLIER = 30
"""Minutes before a plan in which samples were taken."""


@pytest.fixture(scope="module")
def clock() -> AheadClock:
    """Some minutes behind, so that Cloud Monitoring can have what is measured when it is put forward."""
    behind = AheadClock()
    behind.forward(minutes=-9)
    return behind


@pytest.fixture(scope="module")
def env(clock: AheadClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("cutover")
    with (
        open_servers() as (slack, dms),
        started(slack, dms, folder, clock=clock, policy_file=policy(folder, RULES)) as made,
    ):
        yield made
        assert slack.control.violations() == []


def newest(env: Env, job: str) -> Cutover:
    return env.bot.store.cutovers(job=full(job), limit=1)[0]


def card_of(env: Env, *words: str) -> JSON:
    """The newest card of a cutover, once it shows these words."""
    return env.slack.wait_message(channel="dms", contains=words, where=lambda each: "details" in steps(each))


def reaches(env: Env, cutover: Cutover, state: CutoverState) -> Cutover:
    def look() -> Cutover:
        found = env.bot.store.cutover(cutover.id)
        assert found is not None
        return found

    return until(look, lambda found: found.state is state)


def measured(env: Env, clock: AheadClock, jobs: Sequence[str], minutes: int = 0) -> None:
    """Put the clock forward; nothing was missing in any minute up to now, and no row was written."""
    clock.forward(minutes=minutes)
    behind = (datetime.now(UTC) - clock()).total_seconds()
    zeros = {"app": [[behind + 60.0 * ago, 0.0] for ago in range(_EARLIER + minutes, -1, -1)]}
    points = {"max_replica_sec_lag": zeros, "max_replica_bytes_lag": zeros, "write_rows_count": {"none": []}}
    for job in jobs:
        env.dms.set_job(job, points=points)


def submit(env: Env, user: str, values: JSON | None = None, contains: str = "") -> JSON:
    view = env.slack.wait_view(user, contains)
    answer: JSON = env.slack.submit(view, values or {}, user=user)
    return answer


def tick_all(env: Env, card: JSON, step: str, user: str) -> None:
    env.press(card, step, user)
    view = env.slack.wait_view(user, "who and when is kept")
    boxes = [each["element"] for each in view["blocks"] if each["type"] == "input"]
    values = {each["action_id"]: [option["value"] for option in each["options"]] for each in boxes}
    assert env.slack.submit(view, values, user=user)["submitted"]


def assert_quiet(env: Env, began: str, **most: int) -> None:
    """So many notifications at most for each person: to confirm, to be told of a part, for each press that is
    needed, and how it ended. The log in the thread and what one did oneself notify nobody."""
    for user, number in most.items():
        told = env.slack.notifications(user, after=began)
        shown = [(each["kind"], each["channel_name"], each["text"]) for each in told]
        assert len(told) <= number, shown
        assert {each["kind"] for each in told} <= {"dm", "mention", "group"}, shown
        assert "db-migrations" not in {each["channel_name"] for each in told}, shown


def test_one_job_of_production_from_the_form_to_the_report(env: Env, clock: AheadClock) -> None:
    job = env.add_job("night", labels={"env": "prod"}, **LIVE)
    measured(env, clock, [job])
    began = env.now()
    env.slack.command(f"cutover {job}", user="dana")
    view = env.slack.wait_view("dana", "Plan it")
    wrong = env.slack.submit(view, {"dms:cutover:deputy": DANA, "dms:cutover:when": "ready"}, user="dana")
    assert "another person" in wrong["errors"]["deputy"]
    more = {"dms:cutover:apps": SAM, "dms:cutover:deputy": SAM, "dms:cutover:writers": "web\nnightly cron"}
    assert env.slack.submit(view, more, user="dana")["submitted"]
    request = card_for(env, job)
    env.confirm(request)
    approval = asks(env, job)
    env.press(approval, "approve", "alex")
    cutover = reaches(env, newest(env, job), S.READY)
    card = card_of(env, f"Cutover of {job}", "Ready", "I'm here")
    assert "Not here yet: @dana" in plain(card) or "Not here yet" in plain(card)
    env.press(card, "here", "dana")
    env.press(env.shows(card, step="start"), "start", "dana")
    reaches(env, cutover, S.STOPPING)
    env.shows(card, "Stop the writes now", "0 of 2 writers ticked")
    tick_all(env, card, "writer", "sam")
    env.press(env.shows(card, step="stopped"), "stopped", "sam")
    reaches(env, cutover, S.DRAINING)
    measured(env, clock, [job], minutes=4)
    reaches(env, cutover, S.DRAINED)
    env.press(env.shows(card, "Nothing is missing", step="promote"), "promote", "dana")
    view = env.slack.wait_view("dana", "cannot be undone")
    wrong = env.slack.submit(view, {input_of(view): "promot"}, user="dana")
    assert "exactly" in wrong["errors"]["typed"]
    assert env.slack.submit(view, {input_of(view): job}, user="dana")["submitted"]
    env.shows(card, "asked: a second person confirms", step="second")
    assert env.writes("promote", job) == []
    env.press(card, "second", "quinn")
    env.slack.wait_message(
        contains="You may not use", where=lambda message: bool(message.get("ephemeral_for"))
    )
    env.press(card, "second", "alex")
    shown = env.slack.wait_view("alex", "asks to promote")
    assert "becomes primary, with " in str(shown), shown
    assert submit(env, "alex", contains="asks to promote")["submitted"]
    reaches(env, cutover, S.CHECKLIST)
    assert len(env.writes("promote", job)) == 1
    env.shows(card, "Promoted", "Checklist", step="item")
    tick_all(env, card, "item", "sam")
    env.press(env.shows(card, step="open_writes"), "open_writes", "dana")
    reaches(env, cutover, S.DONE)
    env.shows(card, "Done", "Downtime")
    assert_quiet(env, began, dana=5, sam=5, alex=1)
    report = env.type(f"cutover {job} --last")
    assert f"Cutover of {job} is done" in plain(report)
    assert "Downtime" in plain(report)


def test_a_wave_of_ten_by_one_press(env: Env, clock: AheadClock) -> None:
    clock.forward(minutes=-4)
    jobs = [env.add_job("wave", **LIVE) for _ in range(10)]
    measured(env, clock, jobs)
    told = f"--apps <@{SAM}|sam> --announce <#{GENERAL}|general>"
    began = env.now()
    line = f"cutover {' '.join(jobs)} --at ready {told} --checklist ANALYZE"
    request = env.shows(env.type(line), "10 jobs", "Part of a", step="confirm")
    env.confirm(request)
    cutover = reaches(env, newest(env, jobs[0]), S.READY)
    card = card_of(env, f"Cutover of {jobs[0]} and 9 more", "Ready")
    env.press(card, "here", "sam")
    env.press(env.shows(card, step="start"), "start", "dana")
    env.press(env.shows(card, "Stop the writes now", step="stopped"), "stopped", "sam")
    reaches(env, cutover, S.DRAINING)
    measured(env, clock, jobs, minutes=4)
    env.press(env.shows(card, "Nothing is missing", step="promote"), "promote", "dana")
    view = env.slack.wait_view("dana", "promote 10 jobs")
    assert env.slack.submit(view, {input_of(view): "promote 10 jobs"}, user="dana")["submitted"]
    reaches(env, cutover, S.CHECKLIST)
    assert [len(env.writes("promote", job)) for job in jobs] == [1] * 10
    tick_all(env, env.shows(card, step="item"), "item", "sam")
    env.press(env.shows(card, step="open_writes"), "open_writes", "sam")
    reaches(env, cutover, S.DONE)
    assert_quiet(env, began, dana=4, sam=4, alex=0)
    for news in ("has begun", "is the primary database now", "writes are open on the destination"):
        env.slack.wait_message(channel="general", contains=[f"{jobs[0]} and 9 more", news])


def test_the_source_dies_while_it_drains(env: Env, clock: AheadClock) -> None:
    """DMS promotes a job that failed in CDC ("Promote a migration"): the card says what may be missing, and
    begins an ordinary promote."""
    clock.forward(minutes=-4)
    job = env.add_job("lost", **LIVE)
    measured(env, clock, [job])
    env.confirm(env.shows(env.type(f"cutover {job} --at ready --checklist ANALYZE"), job, step="confirm"))
    cutover = reaches(env, newest(env, job), S.READY)
    card = card_of(env, f"Cutover of {job}", "Ready")
    env.press(card, "here")
    env.press(env.shows(card, step="start"), "start")
    env.press(env.shows(card, step="stopped"), "stopped")
    reaches(env, cutover, S.DRAINING)
    env.dms.set_job(job, state="FAILED", phase="CDC", error="the source is lost")
    clock.forward(minutes=1)
    reaches(env, cutover, S.HELD)
    env.press(env.shows(card, "Held", "failed · CDC", "May be missing", step="run"), "run")
    request = card_for(env, job, "Promote")
    assert "last known delay" in plain(request)
    assert env.writes("promote", job) == []
    env.confirm(request, typed=job)
    clock.forward(minutes=1)
    reaches(env, cutover, S.CHECKLIST)
    assert len(env.writes("promote", job)) == 1
    tick_all(env, env.shows(card, "Promoted", step="item"), "item", "dana")
    env.press(env.shows(card, step="open_writes"), "open_writes")
    reaches(env, cutover, S.DONE)


def test_a_rehearsal_sends_nothing_and_is_named_on_the_real_card(env: Env, clock: AheadClock) -> None:
    clock.forward(minutes=-4)
    job = env.add_job("rehearsed", **LIVE)
    measured(env, clock, [job])
    env.type(f'cutover {job} --rehearse --checklist "Tell the shop"')
    cutover = reaches(env, newest(env, job), S.READY)
    card = card_of(env, f"Rehearsal of {job}", "Ready")
    env.home("dana", "Coming up", job, "is ready to start")
    env.press(card, "here")
    env.press(env.shows(card, step="start"), "start")
    env.press(env.shows(card, "Stop no writes", step="stopped"), "stopped")
    reaches(env, cutover, S.DRAINING)
    measured(env, clock, [job], minutes=4)
    env.press(env.shows(card, "any value counts in a rehearsal", step="promote"), "promote")
    view = env.slack.wait_view("dana", "nothing is sent")
    assert env.slack.submit(view, {input_of(view): job})["submitted"]
    tick_all(env, env.shows(card, step="item"), "item", "dana")
    env.press(env.shows(card, step="open_writes"), "open_writes")
    reaches(env, cutover, S.DONE)
    assert env.writes("promote", job) == []
    env.type(f'cutover {job} --at "in 3h"')
    env.press(card_for(env, job, "Confirm the plan"), "confirm")
    reaches(env, newest(env, job), S.SCHEDULED)
    card_of(env, f"Cutover of {job}", "rehearsed")
    listed = env.type("schedule")
    assert f"*Cutover* of `{job}`" in plain(listed)


def test_held_and_aborted_the_source_is_to_be_opened_again(env: Env, clock: AheadClock) -> None:
    job = env.add_job("aborted", **LIVE)
    measured(env, clock, [job])
    env.type(f"cutover {job} --at ready")
    env.confirm(card_for(env, job))
    cutover = reaches(env, newest(env, job), S.READY)
    card = card_of(env, f"Cutover of {job}", "Ready")
    env.press(card, "here")
    env.press(env.shows(card, step="start"), "start")
    env.press(env.shows(card, step="hold"), "hold")
    assert submit(env, "dana", {"dms:cutover:why": "the cron job goes on"}, "Why?")["submitted"]
    env.shows(card, "Held", "the cron job goes on")
    env.press(card, "abort")
    missing = submit(env, "dana", {"dms:cutover:why": " "}, "Why?")
    assert "Say in a few words" in missing["errors"]["why"]
    assert submit(env, "dana", {"dms:cutover:why": "not tonight"}, "Why?")["submitted"]
    env.press(env.shows(card, "Aborted", "for writes", step="reopened"), "reopened")
    env.shows(card, "The source is open again")
    assert reaches(env, cutover, S.ABORTED).progress.why == "not tonight"


def test_whoever_takes_no_part_presses_nothing(env: Env) -> None:
    job = env.add_job("strange", **LIVE)
    env.type(f"cutover {job} --rehearse")
    cutover = reaches(env, newest(env, job), S.READY)
    card = card_of(env, f"Rehearsal of {job}", "Ready")
    before = env.now(user="riley")
    env.press(card, "abort", "riley")
    env.answer_to("riley", "dms", "can press that", before)
    assert reaches(env, cutover, S.READY).rev >= cutover.rev


def test_what_is_taken_back_in_the_form_is_not_planned(env: Env) -> None:
    """Whoever chooses a last press there must not see it promoted by itself because that was typed before."""
    job = env.add_job("mind", **LIVE)
    people = f"--deputy <@{SAM}|sam> --announce <#{GENERAL}|general>"
    env.slack.command(
        f"cutover {job} --by-itself {people} --max-bytes 16MiB --writers web --reason CHG-7", user="dana"
    )
    view = env.slack.wait_view("dana", "Plan it")
    values = {
        "promote": "press",
        "max-bytes": "0",
        "deputy": None,
        "announce": None,
        "writers": "",
        "reason": "",
    }
    chosen = {f"dms:cutover:{block}": value for block, value in values.items()}
    assert env.slack.submit(view, chosen, user="dana")["submitted"]
    env.slack.wait_message(channel="dms", contains=["Confirm", job])
    plan = newest(env, job).plan
    assert plan.by_itself is False
    assert (plan.deputy, plan.announce, plan.most_bytes, plan.writers, plan.reason) == ("", "", 0, (), "")
