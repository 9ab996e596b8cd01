"""watch, unwatch, watches and delay, as they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cmdline.answers import AnswerPage, ChartPage, Note, Upload
from bot.cmdline.invocation import Invocation, UsageError
from bot.policy.model import WatchDefault
from bot.slack.api.membership import membership_of
from bot.store.records import Person, Watch
from sandbox.dms import DmsServer
from tests.notify.world import NOTIFY
from tests.policy.command_service import CommandService, command_service, labels, words
from tests.policy.people import OPEN

HERE, ELSEWHERE = "C0GENERAL1", "C0RANDOM01"
DANA = Person("T1", "U0DANA0001", HERE)
Kept = tuple[str, str, tuple[str, ...]]
"""Target, jobs, and what alone is wanted."""
ORDERS = "projects/demo-project/locations/europe-west1/migrationJobs/orders"


@pytest.fixture
def at(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True, in_phase_for=7200, sec_lag=125)
    dms.control.add_job("fresh", state="NOT_STARTED")
    with command_service(dms, tmp_path) as made:
        yield CommandService(replace(made.ctx, who=DANA, now=lambda: datetime.now(UTC)))


def kept(at: CommandService) -> list[Kept]:
    return [(each.target, each.jobs, each.only) for each in at.ctx.store.watches()]


@pytest.mark.parametrize(
    ("line", "watch"),
    [
        ("watch", (HERE, "*", ())),
        ("watch orders", (HERE, ORDERS, ())),
        ("watch orders --dm", (DANA.user, ORDERS, ())),
        ("watch --channel <#C0RANDOM01|random>", (ELSEWHERE, "*", ())),
        ("watch label.env=prod --only failed,completed", (HERE, "label:env=prod", ("failed", "completed"))),
        ("watch label=env=prod", (HERE, "label:env=prod", ())),
        ("watch state=failed", (HERE, "state:FAILED", ())),
        ("watch state=cdc", (HERE, "state:CDC", ())),
        ("watch all", (HERE, "*", ())),
        ("watch --only ready,failed", (HERE, "*", ("ready_to_promote", "failed"))),
        ('watch --only "failed, done"', (HERE, "*", ("failed", "completed"))),
    ],
)
def test_what_is_typed_is_what_is_watched(at: CommandService, line: str, watch: Kept) -> None:
    answer = at.type(line, DANA)
    assert isinstance(answer, Note)
    assert answer.tone == "good"
    assert kept(at) == [watch]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("watch --dm --channel <#C0RANDOM01|random>", "Choose one"),
        ("watch --channel random", "is not known here"),
        ("watch state=faild", "Did you mean `failed`?"),
        ("watch --only completd", "Did you mean `completed`?"),
        ("watch label.Env=prod", "label.env=prod"),
        ("watch state=failed label.env=prod", "once for each"),
        ("watch --project demo-project project=demo-dev", "The project is given twice"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(at: CommandService, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("?", r"\?").replace(".", r"\.")):
        at.type(line, DANA)
    assert kept(at) == []


def test_an_unknown_job_is_answered_with_near_ones(at: CommandService) -> None:
    answer = at.type("watch ordres", DANA)
    assert "Did you mean `orders`?" in words(answer)
    assert kept(at) == []


def test_an_archived_channel_is_not_watched(at: CommandService) -> None:
    with pytest.raises(UsageError, match="archived"):
        at.type(
            "watch orders", DANA, membership=lambda _channel: membership_of({"id": HERE, "is_archived": True})
        )
    assert kept(at) == []


def test_in_a_direct_message_the_person_is_told(at: CommandService) -> None:
    at.type("watch orders", replace(DANA, channel="D0ANY"))
    assert kept(at) == [(DANA.user, ORDERS, ())]


def test_watching_again_replaces_what_was_wanted(at: CommandService) -> None:
    at.type("watch orders --only failed", DANA)
    at.type("watch orders --only completed", DANA)
    assert "already" in words(at.type("watch orders --only completed", DANA))
    assert kept(at) == [(HERE, ORDERS, ("completed",))]


def test_unwatch_all_ends_what_watch_all_began_and_says_what_stays(at: CommandService) -> None:
    for line in ("watch all", "watch orders", "watch state=failed"):
        at.type(line, DANA)
    assert "no longer subscribed to all jobs. 2 other subscriptions stay." in words(
        at.type("unwatch all", DANA)
    )
    assert len(kept(at)) == 2


def test_watching_and_its_end_are_in_the_audit(at: CommandService) -> None:
    at.type("watch orders", DANA)
    at.type("unwatch orders", DANA)
    assert [(e.event, e.job) for e in at.ctx.store.audit()] == [("watched", ORDERS), ("unwatched", ORDERS)]


@pytest.mark.parametrize(
    "typed",
    [
        *("", " orders", " orders --dm", " label.env=prod", " state=failed", f" --channel <#{ELSEWHERE}|x>"),
        *(" europe-west1/orders", " demo-project/europe-west1/orders", f" {ORDERS}"),
    ],
)
def test_the_same_words_end_what_they_began(at: CommandService, typed: str) -> None:
    at.type(f"watch{typed}", DANA)
    assert len(kept(at)) == 1
    at.type(f"unwatch{typed}", DANA)
    assert kept(at) == []


def test_a_longer_id_is_another_job(at: CommandService) -> None:
    at.ctx.store.add_watch(Watch("eu", HERE, DANA.user, f"{ORDERS}-eu"))
    assert labels(at.type("unwatch orders", DANA)) == ["Unwatch orders-eu"]
    assert len(kept(at)) == 1


def test_of_several_jobs_of_that_id_one_is_asked_for(at: CommandService) -> None:
    """Also where the service has neither of them any more."""
    names = [ORDERS.replace("orders", "gone").replace("europe-west1", place) for place in ("asia-east1", "x")]
    for each in names:
        at.ctx.store.add_watch(Watch(each[-30:], HERE, DANA.user, each))
    asked = at.type("unwatch gone", DANA)
    assert "is subscribed to 2 jobs named `gone`" in words(asked)
    assert labels(asked) == ["Unwatch asia-east1/gone", "Unwatch x/gone"]
    assert len(kept(at)) == 2
    at.type("unwatch x/gone", DANA)
    assert [jobs for _, jobs, _ in kept(at)] == [names[0]]


def test_the_button_ends_the_watch_that_it_stands_under(at: CommandService) -> None:
    answer = at.type("watch label.env=prod --dm", DANA)
    assert isinstance(answer, Note)
    ref = at.ctx.store.ref(DANA.team, answer.buttons[0].ref)
    assert ref is not None
    invocation = Invocation.from_dict(ref.data)
    at.ctx.verbs[invocation.verb].run(replace(at.ctx, who=replace(DANA, channel=ELSEWHERE)), invocation)
    assert kept(at) == []


def test_a_job_that_is_gone_can_be_unwatched(at: CommandService, dms: DmsServer) -> None:
    at.type("watch orders", DANA)
    dms.control.remove_job("orders")
    at.type("unwatch orders", DANA)
    assert kept(at) == []


def test_a_watch_that_is_not_there_is_answered_with_those_that_are(at: CommandService) -> None:
    assert "has no subscription. `/dms watches`" in words(at.type("unwatch", DANA))
    assert "has no subscription to `orders`. " in words(at.type("unwatch orders", DANA))
    at.type("watch orders", DANA)
    answer = at.type("unwatch state=failed", DANA)
    assert labels(answer) == ["Unwatch orders"]
    assert len(kept(at)) == 1


def test_all_watches_of_a_channel_end_and_no_others(at: CommandService) -> None:
    for line in ("watch", "watch orders", "watch state=failed", "watch orders --dm"):
        at.type(line, DANA)
    for one in ("orders", "state=failed"):
        with pytest.raises(UsageError, match="leave it out to end one"):
            at.type(f"unwatch --all {one}", DANA)
    assert "Ended 3 subscriptions of " in words(at.type("unwatch --all", DANA))
    assert kept(at) == [(DANA.user, ORDERS, ())]


def test_watches_shows_mine_the_channels_and_the_defaults(at: CommandService) -> None:
    alex = replace(DANA, user="U0ALEX0001")
    at.type("watch orders --dm", alex)
    at.type("watch state=failed", alex)
    at.type("watch orders --dm --only failed", DANA)
    policy = replace(OPEN, watches=(WatchDefault("C0TEAM0001", "label:env=prod", ("failed",)),))
    there = CommandService(replace(at.ctx, access=replace(at.ctx.access, policy=policy)))
    answer = there.type("watches", DANA)
    assert isinstance(answer, AnswerPage)
    assert labels(answer) == ["Unwatch", "Unwatch"]
    said = words(answer)
    assert "`orders`, only `failed`" in said
    assert "`FAILED`" in said
    assert f"{NOTIFY} gets all jobs" in said
    assert "C0TEAM0001 gets jobs with the label `env=prod`, only `failed` (the policy file)" in said
    assert "U0ALEX0001" not in said


def test_the_delay_is_a_chart_and_words(at: CommandService) -> None:
    answer = at.type("delay orders", DANA)
    assert isinstance(answer, ChartPage)
    assert [each.title for each in answer.charts] == ["Time behind", "Data behind"]
    assert "The destination is *2 min 5 s · " in words(answer.text)
    assert [each.label for each in answer.buttons] == ["Detailed picture", "Show"]


def test_the_detailed_picture(at: CommandService) -> None:
    answer = at.type("delay orders --picture", DANA)
    assert isinstance(answer, Upload)
    assert answer.content.startswith(b"\x89PNG")
    assert answer.filename.startswith("delay-orders-")
    assert "The destination is *2 min 5 s · " in words(answer.comment)
    assert "behind (measured " in words(answer.comment)


def test_the_delay_of_a_day(at: CommandService) -> None:
    answer = at.type("delay orders --hours 24 --picture", DANA)
    assert isinstance(answer, Upload)
    assert "last 24 hours" in answer.title


def test_a_delay_of_nothing_is_zero(at: CommandService, dms: DmsServer) -> None:
    idle = {"frozen": True, "in_phase_for": 7200, "sec_lag": 0, "bytes_lag": 0}
    dms.control.add_job("idle", state="RUNNING", phase="CDC", **idle)
    answer = at.type("delay idle", DANA)
    assert isinstance(answer, ChartPage)
    assert "The replication delay is *0 s · 0 B* (measured " in words(answer.text)


def test_a_job_that_does_not_replicate_has_no_delay(at: CommandService) -> None:
    answer = at.type("delay fresh", DANA)
    assert isinstance(answer, Note)
    assert "measured while a job runs in CDC, and this one is not started" in words(answer)


def test_without_monitoring_it_says_what_is_missing(at: CommandService, dms: DmsServer) -> None:
    dms.control.monitoring(False)
    answer = at.type("delay orders", DANA)
    assert isinstance(answer, Note)
    assert "roles/monitoring.viewer" in words(answer)


def test_when_monitoring_does_not_answer_it_says_so(at: CommandService, dms: DmsServer) -> None:
    dms.control.fault("ListTimeSeries", "UNAVAILABLE", times=None)
    answer = at.type("delay orders", DANA)
    assert isinstance(answer, Note)
    assert "Try again" in words(answer)


def test_what_monitoring_refuses_is_not_to_be_tried_again(at: CommandService, dms: DmsServer) -> None:
    dms.control.fault("ListTimeSeries", "INVALID_ARGUMENT", times=None)
    answer = at.type("delay orders", DANA)
    assert isinstance(answer, Note)
    assert "Try again" not in words(answer)
