"""`/dms cutover` as it is typed: the plan that it makes, and what is wrong with what was typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.cmdline.answers import AlreadyQueued, CutoverForm, Note
from bot.cmdline.invocation import UsageError
from bot.dms.model import job_name
from bot.dms.rules import Action
from bot.policy.subscriptions import Membership
from bot.runtime.one_by_one import pass_over
from bot.slack.render.home_view import HomeView
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store.cutover import Cutover, CutoverPlan, CutoverState, Progress
from bot.store.records import JobSnapshot, OutMessage
from commands.support.cutover_plan import next_saturday_night
from sandbox.dms import DmsServer
from tests.policy.command_service import CommandService, command_service, words
from tests.policy.people import DANA, NOW, QUINN, access
from tests.store.raw import Raw

HERE = replace(DANA, channel="C0DBMIGRAT")
SAM, RAJ = "U0SAM00001", "U0RAJ00001"
FREE = """
default_role = "admin"
"""
KEPT = f"""
[[rule]]
verbs = ["view"]
jobs = ["billing"]
allow = ["{DANA.user}"]
"""


@pytest.fixture
def desk(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    for name in ("orders", "billing"):
        dms.control.add_job(name, state="RUNNING", phase="CDC")
    dms.control.add_job("ledger", phase="CDC", frozen=True, source_engine="ORACLE")
    with command_service(dms, tmp_path, access(FREE)) as desk:
        yield desk


def planned(desk: CommandService) -> Cutover:
    (found,) = desk.ctx.store.cutovers()
    return found


def test_a_typed_plan(desk: CommandService) -> None:
    answer = desk.type(
        'cutover orders billing --at "Sat 02:00" --commander <@U0SAM00001|sam> --apps <@U0RAJ00001|raj> '
        '--max-downtime 90m --writers web,"worker, nightly" --by-itself --reason "CHG-7"',
        HERE,
    )
    assert isinstance(answer, AlreadyQueued), answer
    cutover = planned(desk)
    plan = cutover.plan
    assert (plan.at, plan.zone) == (datetime(2026, 3, 7, 1, tzinfo=UTC), "Europe/Amsterdam")
    assert (plan.commander, plan.app_owner, plan.deputy) == (SAM, RAJ, "")
    assert plan.writers == ("web", "worker, nightly")
    assert (plan.budget_s, plan.by_itself, plan.channel, plan.reason) == (5400, True, "C0DBMIGRAT", "CHG-7")
    assert [name.rpartition("/")[2] for name in plan.jobs] == ["orders", "billing"]
    assert cutover.state is CutoverState.DRAFT
    assert any("sequences" in each.text for each in plan.checklist)


def test_a_cutover_that_cannot_be_read_stops_plans_of_its_jobs_alone(
    desk: CommandService, tmp_path: Path
) -> None:
    store, at = desk.ctx.store, '--at "Sat 02:00" --commander <@U0SAM00001|sam>'
    desk.type(f"cutover billing {at}", HERE)
    orders, billing = (
        desk.ctx.dms.get_job(job_name("demo-project", "europe-west1", each)) for each in ("orders", "billing")
    )
    store.save_known([JobSnapshot(billing, NOW, NOW)])
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE cutovers SET plan = '['")
    refused = desk.type(f"cutover billing {at}", HERE)
    assert "cannot be read from the database, and may be of `billing`" in words(refused)
    assert isinstance(desk.type(f"cutover orders {at}", HERE), AlreadyQueued)
    (made,) = store.cutovers(skip=pass_over)
    assert made.plan.jobs == (orders.name,)


def test_the_dashboard_shows_what_is_planned(desk: CommandService) -> None:
    desk.type('cutover orders billing --at "Sat 02:00" --commander <@U0SAM00001|sam>', HERE)
    home = HomeView(desk.ctx.store, desk.ctx.access, desk.ctx.now)
    assert "Coming up" not in str(home.of(DANA)), "it is not confirmed yet"
    desk.ctx.store.change_cutover(planned(desk), state=CutoverState.SCHEDULED)
    shown = str(home.of(DANA))
    assert "*Coming up*" in shown
    assert f"cutover of orders, billing, led by <@{SAM}>" in shown
    assert "dms:cutover:details" in shown


@pytest.mark.parametrize(
    "line",
    [
        "cutover orders —at “Sat 02:00” –commander me",
        "cutover `orders` --at ‘Sat 02:00’ --commander @me",
        "cutover *orders*, --AT 'sat 2am' --commander U0DANA0001",
    ],
)
def test_what_phones_make_of_it_is_understood(desk: CommandService, line: str) -> None:
    desk.type(line, HERE)
    plan = planned(desk).plan
    assert (plan.at, plan.commander) == (datetime(2026, 3, 7, 1, tzinfo=UTC), DANA.user)


def test_what_was_typed_without_a_time_stands_in_the_form(desk: CommandService) -> None:
    line = f"cutover orders --commander {SAM} --apps {RAJ} --max-downtime 90m --by-itself --checklist Run"
    form = desk.type(f"{line} --announce C0SHOP0001 --reason CHG-7", HERE)
    assert isinstance(form, CutoverForm)
    assert (form.person, form.apps, form.deputy, form.downtime) == (SAM, RAJ, "", "90m")
    assert (form.by_itself, form.announce, form.reason) == (True, "C0SHOP0001", "CHG-7")
    assert form.checklist == ("Run",)


def test_a_long_reason_is_cut_so_that_the_form_opens(desk: CommandService) -> None:
    """Slack refuses a view whose `initial_value` is longer than its `max_length`."""
    form = desk.type(f'cutover orders --reason "{"so " * 300}"', HERE)
    assert isinstance(form, CutoverForm)
    assert len(form.reason) <= 500


def test_left_out_it_is_the_planner_who_leads(desk: CommandService) -> None:
    desk.type("cutover orders --at ready", HERE)
    plan = planned(desk).plan
    assert (plan.commander, plan.app_owner, plan.at, plan.budget_s) == (DANA.user, DANA.user, None, 3600)


def test_own_items_take_the_place_of_the_usual_ones(desk: CommandService) -> None:
    desk.type('cutover orders --at ready --checklist "Tell the shop","Run ANALYZE"', HERE)
    by_people = [(each.text, each.blocking) for each in planned(desk).plan.checklist if not each.check]
    assert by_people == [("Tell the shop", True), ("Run ANALYZE", False)]


def test_without_a_time_a_form_opens_with_saturday_night(desk: CommandService) -> None:
    form = desk.type("cutover orders", HERE)
    assert isinstance(form, CutoverForm)
    assert form.at == datetime(2026, 3, 7, 1, tzinfo=UTC)
    assert form.person == DANA.user
    assert desk.ctx.store.cutovers() == ()


@pytest.mark.parametrize(
    ("now", "zone", "found"),
    [
        (datetime(2026, 12, 2, 14, tzinfo=UTC), "Europe/Berlin", datetime(2026, 12, 5, 1, tzinfo=UTC)),
        (datetime(2026, 12, 5, 0, 59, tzinfo=UTC), "Europe/Berlin", datetime(2026, 12, 5, 1, tzinfo=UTC)),
        (datetime(2026, 12, 5, 1, 0, tzinfo=UTC), "Europe/Berlin", datetime(2026, 12, 12, 1, tzinfo=UTC)),
        (datetime(2026, 12, 5, 5, tzinfo=UTC), "America/New_York", datetime(2026, 12, 5, 7, tzinfo=UTC)),
    ],
)
def test_the_next_saturday_night(now: datetime, zone: str, found: datetime) -> None:
    assert next_saturday_night(now, zone) == found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cutover orders --at 05/12", "means two days"),
        ('cutover orders --at "yesterday 02:00"', "is not a time"),
        ("cutover orders --at ready --commander sam", "nobody called `sam` here: pick the person"),
        ("cutover orders --at ready --apps <!subteam^S0LEADS001|@leads>", "one person, not a group"),
        ("cutover orders --commander sam", "nobody called `sam` here"),
        ("cutover orders --announce shop", "as in `--announce #shop`"),
        ("cutover orders --at sat", "has no time of day"),
        ('cutover orders --at "2026-03-29 02:30"', "does not exist, as clocks are put forward"),
        ("cutover orders --at Sat 02:00", "needs quotes"),
        ("cutover orders --at ready --max-downtime 1 day", "needs a duration, not `1`"),
        ("cutover orders --at ready --max-downtime -1", "--max-downtime 90m"),
        ("cutover ledger --at ready --max-delay 0", "--max-delay 10s"),
        ("cutover orders --at ready --writers ,", "--writers web,worker"),
        ("cutover orders --file json", "`--file` goes with `--last`"),
        ("cutover orders --last --at ready", "takes no `--at`"),
        ("cutover orders --page 2", "is for the list"),
        ('cutover at "Sat" orders', "The time goes behind `--at`"),
        ("cutover list", "lists what is planned"),
        ("cutover cancel orders", "Its card has the buttons"),
        (f"cutover orders --at ready --commander {SAM} --deputy {SAM}", "name another person"),
        ("cutover orders --at ready --max-downtime 1m", "from `5m` to `2d`"),
        ("cutover orders --at ready --announce shop", "is no channel that I know"),
        ("cutover orders --at ready --announce C0DBMIGRAT", "for another channel"),
        (f"cutover orders --at ready --writers {'x' * 76}", "at most 75 characters"),
        ("cutover orders --at ready --max-delay 10s", "wait for a delay of zero"),
        ("cutover ledger --at ready", "--max-delay 10s"),
        ("cutover ledger --at ready --max-delay 11m", "`10m` at most"),
        ("cutover ledger --max-delay 20m", "`10m` at most"),
        ("cutover orders --max-delay 10s", "wait for a delay of zero"),
        (f"cutover orders --writers {'x' * 76}", "at most 75 characters"),
        ("cutover ledger --at ready --max-delay 365d --by-itself", "`10m` at most"),
        ("cutover ledger --at ready --max-delay 10s --max-bytes 64KiB", "only with PostgreSQL sources"),
        ("cutover orders --at ready --max-bytes 17MiB", "`16MiB` at most"),
        ("cutover orders --at ready --max-bytes 64GB", "`64GB` is not a number of bytes"),
        ("cutover orders --at ready --max-bytes 64 KB", "`64 KB` is not a number of bytes"),
        ("cutover --max-bytes=64 bytes orders --at ready", "write for example `64KiB`"),
        ("cutover orders --at ready --max-bytes 64 gib", "`64 gib` is not a number of bytes"),
        ("cutover orders --at ready --max-bytes 64 K", "`64 K` is not a number of bytes"),
        ("cutover orders --at ready --max-bytes 1.5 MiB", "`1.5 MiB` is not a number of bytes"),
        ("cutover --max-bytes=1,5 MiB orders --at ready", "`1,5 MiB` is not a number of bytes"),
        ("cutover --last", "takes one job"),
        ("cutover --at ready", "Name the job"),
    ],
)
def test_what_is_wrong_is_one_sentence(desk: CommandService, line: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        desk.type(line, HERE)
    assert said in str(raised.value)
    assert desk.ctx.store.cutovers() == ()


@pytest.mark.parametrize("size", ["64KiB", "64 KiB", '"64 KiB"'])
def test_the_unit_of_a_size_may_stand_apart(desk: CommandService, size: str) -> None:
    desk.type(f"cutover --max-bytes {size} orders --at ready", HERE)
    (cutover,) = desk.ctx.store.cutovers()
    assert (cutover.plan.most_bytes, len(cutover.plan.jobs)) == (65536, 1)


def test_it_is_moved_while_it_awaits_approval(dms: DmsServer, tmp_path: Path) -> None:
    """As with the button of its card: to withdraw it and plan it again would be more to do."""
    rule = '[[rule]]\nverbs = ["promote"]\napprovals = 1\n'
    with command_service(dms, tmp_path, access(FREE + rule)) as desk:
        desk.type('cutover orders --at "Sat 02:00"', HERE)
        (shown,) = desk.ctx.store.requests()
        assert desk.ctx.approvals.confirmation.confirm(HERE, shown, typed="orders") is None
        desk.ctx.cutovers.tick(NOW)
        assert planned(desk).state is CutoverState.AWAITING_APPROVAL
        answer = desk.type('schedule --move orders --at "Sun 02:00"', HERE)
        assert isinstance(answer, AlreadyQueued), answer
        assert [bool(each.plan.moves) for each in desk.ctx.store.cutovers()].count(True) == 1


def test_a_cutover_that_awaits_approval_is_not_moved_instead_of_what_is_scheduled(
    dms: DmsServer, tmp_path: Path
) -> None:
    rule = '[[rule]]\nverbs = ["promote"]\napprovals = 1\n'
    with command_service(dms, tmp_path, access(FREE + rule)) as desk:
        desk.type('stop orders --at "Fri 02:00"', HERE)
        (stop,) = desk.ctx.store.requests()
        assert desk.ctx.approvals.confirmation.confirm(HERE, stop) is None
        desk.type('cutover orders --at "Sat 02:00"', HERE)
        (promote,) = [each for each in desk.ctx.store.requests() if each.facts.cutover]
        assert desk.ctx.approvals.confirmation.confirm(HERE, promote, typed="orders") is None
        desk.type('schedule --move orders --at "Fri 03:00"', HERE)
        assert [each.action for each in desk.ctx.store.requests()].count(Action.STOP) == 2
        assert len(desk.ctx.store.cutovers()) == 1


@pytest.mark.parametrize("line", ["cutover orders --at ready", "cutover orders"])
def test_it_is_planned_where_the_card_can_be(desk: CommandService, line: str) -> None:
    """Before a form is filled in for nothing, too."""
    with pytest.raises(UsageError, match="in that channel"):
        desk.type(line, replace(DANA, channel="D0DIRECT01"))
    with pytest.raises(UsageError, match="/invite"):
        desk.type(line, HERE, membership=lambda _channel: Membership.OUTSIDE)


def test_a_channel_that_one_cannot_read_gets_no_announcements(desk: CommandService) -> None:
    """Typed in that channel, `--announce` would be refused as being this one."""
    with pytest.raises(UsageError) as refused:
        desk.type(
            "cutover orders --at ready --announce C0SECRET01", HERE, readable=lambda _channel, _user: False
        )
    told = str(refused.value)
    assert told.endswith("you are not in it: leave out `--announce`, or name another channel.")


@pytest.mark.parametrize("flag", ["commander", "deputy", "apps"])
def test_who_takes_part_is_a_full_member(dms: DmsServer, tmp_path: Path, flag: str) -> None:
    """A guest, or an ID that Slack does not know, is refused at once, and not in the night."""
    members = access(FREE, is_member=lambda user: user != RAJ)
    with command_service(dms, tmp_path, members) as ruled:
        told = ruled.type(f"cutover orders --at ready --{flag} <@{RAJ}|raj>", HERE)
        assert "is no full, active member here" in str(told)
        assert ruled.ctx.store.cutovers() == ()


def test_the_card_names_no_job_where_somebody_may_not_see_it(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(FREE + KEPT)) as ruled:
        for line in ("cutover billing --at ready", "cutover billing"):  # the second opens the form
            with pytest.raises(UsageError, match="Not everybody in that channel may see `billing`"):
                ruled.type(line, HERE)
        ruled.type("cutover orders --at ready", HERE)


def test_what_the_policy_keeps_by_then_is_not_announced(desk: CommandService) -> None:
    """A plan may be days old when its channel is told."""
    desk.type("cutover billing --at ready", HERE)
    store, cutover = desk.ctx.store, planned(desk)
    for rules, told in ((FREE, True), (FREE + KEPT, False)):
        renderer = OutboxRenderer(store, access(rules), "T1", desk.ctx.now)
        subject = {"cutover": cutover.id, "what": "stopping"}
        shown = renderer.render(OutMessage("news", "C0SHOP0001", "cutover_news", subject))
        assert (shown is not None) is told


def test_the_list_names_what_is_planned_to_those_who_may_see_it(desk: CommandService) -> None:
    assert "No cutover" in words(desk.type("cutover", HERE))
    desk.type('cutover orders --at "Sat 02:00" --rehearse', HERE)
    listed = words(desk.type("cutover", HERE))
    assert "*Rehearsal* of `orders`: scheduled" in listed
    assert "Sat 7 Mar 2026, 02:00 Europe/Amsterdam (01:00 UTC), in 5 d 13 h" in listed
    stranger = replace(HERE, team="T0OTHER")
    assert "No cutover" in words(desk.type("cutover", stranger))


def test_a_report_is_found_again(desk: CommandService) -> None:
    none = desk.type("cutover orders --last", HERE)
    assert isinstance(none, Note)
    assert "There was no cutover of `orders` yet" in words(none)
    desk.type("cutover orders --at ready --rehearse", HERE)
    for typed in ("orders", "europe-west1/orders", "demo-project/europe-west1/orders"):
        going = words(desk.type(f"cutover {typed} --last", HERE))
        assert "No cutover of `orders` has ended yet. The rehearsal that is open is scheduled." in going


def test_a_report_that_one_may_not_see_is_not_denied(dms: DmsServer, tmp_path: Path) -> None:
    """An older one that they may see is found instead; else the answer says that there may be others."""
    with command_service(dms, tmp_path, access(FREE + KEPT)) as ruled:
        jobs = [job for job in ruled.ctx.dms.list_jobs().jobs if job.id in ("orders", "billing")]
        ruled.ctx.store.save_known(JobSnapshot(each, NOW, NOW) for each in jobs)
        names = [job.name for job in jobs]
        mine, both = [name for name in names if name.endswith("orders")], names

        def ended(id: str, jobs: list[str], minute: int) -> None:
            at = NOW.replace(minute=minute)
            plan, progress = CutoverPlan(tuple(jobs), commander=SAM), Progress(stopped=at)
            who = replace(HERE, user=SAM)
            made = Cutover(id, HERE.team, who, CutoverState.DONE, plan, at, at, progress=progress, ended=at)
            ruled.ctx.store.add_cutover(made)

        quinn = replace(QUINN, channel=HERE.channel)
        ended("both", both, 30)
        assert "There was no cutover of `orders` that you may see yet" in words(
            ruled.type("cutover orders --last", quinn)
        )
        ended("mine", mine, 10)
        assert "Cutover of orders is done" in words(ruled.type("cutover orders --last", quinn))
        assert "and 1 more" in words(ruled.type("cutover orders --last", HERE))


assert NOW.weekday() == 6, "a Sunday"


def test_the_list_says_of_what_has_begun_when_it_was_started(desk: CommandService) -> None:
    desk.type("cutover orders --at ready", HERE)
    made = planned(desk)
    begun = replace(made.progress, stopping=NOW)
    desk.ctx.store.change_cutover(made, state=CutoverState.DRAINING, progress=begun)
    page = desk.type("cutover", HERE)
    assert "Begins when" not in str(page)
    assert "Started " in str(page)
