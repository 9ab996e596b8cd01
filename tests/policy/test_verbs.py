"""`/dms policy`, `/dms approvals`, `/dms freeze` and `/dms unfreeze`, as people type them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cmdline.answers import Answer, AnswerPage, JobCard, JobsPage, Note, RichPart, Verbatim
from bot.cmdline.invocation import UsageError
from bot.dms.model import job_name
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.requests.recent import note_look
from bot.slack.render.answer import render
from bot.slack.render.home_view import HomeView
from bot.store.records import Decision, JobSnapshot, Person, RequestState, Run, RunState
from sandbox.dms import DmsServer

from .command_service import PLACES, PROJECT, CommandService, command_service, labels, words
from .people import ADMIN, ALEX, DANA, NO_POLICY, NOW, OPEN, QUINN, ROLES, access, job, request

ORDERS = job("orders", project=PROJECT, env="prod")
RULE = '[[rule]]\nname = "guard"\nverbs = ["destroy"]\nlabels = ["env=prod"]\napprovals = 2\nexpires = "2h"\n'


# ---- policy


def test_a_policy_that_is_missing_is_told_with_how_to_go_on(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, Access(policy=NO_POLICY)) as bare:
        told = bare.type("policy")
        assert "Your role here is *viewer*" in words(told)
        assert "There is no policy yet, so everybody may look" in words(told)
        assert "`dms-bot policy init`" in words(told)
        assert isinstance(told, AnswerPage)
        assert "rule" not in told.footer
        mine = words(bare.type("policy orders"))
    may, _, may_not = mine.partition("*You may not*")
    assert "`show`" in may
    assert (
        "`start`, `stop`, `resume`, `restart`, `promote`, `demote`, `verify`, `edit`, `delete`, `cancel`, "
        "`freeze`" in may_not
    )
    assert may_not.count("there is no policy yet") == 1


def test_openness_is_told_as_what_to_look_at_again(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, Access(policy=OPEN)) as free:
        told = free.type("policy")
        assert "*Open* (`DMS_BOT_POLICY=open`): every member of the workspace may" in words(told)
        assert "*Please check*\n• DMS_BOT_POLICY is open" in words(told)
        assert isinstance(told, AnswerPage)
        assert "rule" not in told.footer


def test_the_whole_policy_is_told(dms: DmsServer, tmp_path: Path) -> None:
    window = '[[freeze]]\nfrom = 2026-12-20\nuntil = 2027-01-04\nreason = "closing"\n'
    watch = '[[watch]]\ntarget = "C0DBMIGRAT"\n[summary]\nat = "09:00"\nzone = "Europe/Berlin"\n'
    with command_service(dms, tmp_path, access(ROLES + RULE + window + watch)) as ruled:
        ruled.type('freeze orders --until 2h --reason "month end"')
        told = words(ruled.type("policy"))
    for part in (
        "Your role here is *operator*",
        "every full member: viewer",
        "*1. guard*: `delete`, `demote`, `promote`, `restart` on jobs with `env=prod`",
        "approvals: 2",
        "a request waits 2 h for approvals",
        "closing",
        "Frozen*: `orders` until",
        "month end",
        "C0DBMIGRAT gets everything",
        "09:00 Europe/Berlin",
        "Where no rule matches",
    ):
        assert part in told


def test_many_rules_come_in_pages_that_slack_takes(dms: DmsServer, tmp_path: Path) -> None:
    many = "".join(f'[[rule]]\nverbs = ["stop"]\njobs = ["job-{n}"]\nallow = ["admin"]\n' for n in range(100))
    with command_service(dms, tmp_path, access(ROLES + many)) as ruled:
        first, last = ruled.type("policy"), ruled.type("policy --page 6")
        beyond = ruled.type("policy --page 99")
    assert labels(first) == ["Next ›"]
    assert labels(last) == ["‹ Previous"]
    assert words(beyond) == words(last)
    assert len(render(first).blocks) <= 50


def test_a_job_tells_what_i_may_do_with_it_and_why(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(ROLES + RULE)) as ruled:
        dana, quinn = words(ruled.type("policy orders")), words(ruled.type("policy orders", QUINN))
    assert "`delete`: By the rule “guard” you may do this. 2 approvals are needed" in dana
    assert "@U0RILEY001" in dana
    may, _, may_not = quinn.partition("*You may not*")
    assert "`show`" in may
    assert "`start`, `stop`, `resume`" in may_not
    assert ": You may not do this: by default that requires the role operator" in may_not


def test_a_job_that_is_not_there_is_said_to_be_so(typing: CommandService) -> None:
    assert "Did you mean `orders`?" in words(typing.type("policy ordrs"))


def test_looking_at_some_jobs_may_be_left_to_some(dms: DmsServer, tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "quiet"\nverbs = ["view"]\njobs = ["billing"]\nallow = ["operator"]\n'
    with command_service(dms, tmp_path, access(ROLES + rule)) as ruled:
        assert isinstance(ruled.type("show orders", QUINN), JobCard)
        assert isinstance(ruled.type("show billing", DANA), JobCard)
        assert "You may not use `show` on `billing`: by the rule “quiet”" in words(
            ruled.type("show billing", QUINN)
        )


def test_jobs_that_are_kept_from_a_person_are_not_listed_to_them(dms: DmsServer, tmp_path: Path) -> None:
    rule = '[[rule]]\nname = "quiet"\nverbs = ["view"]\njobs = ["billing"]\nallow = ["operator"]\n'
    with command_service(dms, tmp_path, access(ROLES + rule)) as ruled:
        assert listed(ruled.type("list", DANA)) == ["billing", "orders"]
        assert listed(ruled.type("list", QUINN)) == ["orders"]
        assert listed(ruled.type("list billing", QUINN)) == []
        with pytest.raises(UsageError, match="no state"):
            ruled.type("list state=nonsense", QUINN)
        assert "billing" not in words(ruled.type("show biling", QUINN))
        assert "Did you mean `billing`?" in words(ruled.type("show biling", DANA))
        ctx = ruled.ctx
        ctx.store.save_known(JobSnapshot(each, NOW, NOW) for each in ctx.dms.list_jobs().jobs)
        stored = HomeView(ctx.store, ctx.access, ctx.now)
        assert "*2 migration jobs* that you may see" in str(stored.of(DANA))
        assert "*1 migration job* that you may see" in str(stored.of(QUINN))
        note_look(ctx.store, QUINN, job_name(PROJECT, PLACES[0], "billing"), NOW)
        assert "billing" not in str(stored.of(QUINN))


def test_each_page_counts_the_jobs_of_all(typing: CommandService, dms: DmsServer) -> None:
    dms.control.add_many(55, prefix="many", location="europe-west1", state="FAILED", phase="CDC", frozen=True)
    first, second = typing.type("list"), typing.type("list --page 2")
    assert isinstance(first, JobsPage)
    assert isinstance(second, JobsPage)
    assert first.counts == second.counts == {"FAILED/CDC": 55, "RUNNING/CDC": 2}


def listed(answer: Answer) -> list[str]:
    assert isinstance(answer, JobsPage)
    assert answer.total == sum(len(group.lines) for group in answer.groups)
    return [line.job.id for group in answer.groups for line in group.lines]


# ---- approvals


def test_nothing_open_is_said(typing: CommandService) -> None:
    assert isinstance(typing.type("approvals"), Note)


def test_open_requests_are_listed_with_what_each_reader_may_do(typing: CommandService) -> None:
    store = typing.ctx.store
    store.add_request(request(Action.PROMOTE, DANA, ORDERS, needed=2, rule="guard"))
    store.add_decision(Decision("q1", "U0RILEY001", True, "", NOW))
    told = words(typing.type("approvals", ALEX))
    assert "*Promote* `orders` (Running · CDC), requested by @U0DANA0001" in told
    assert "1 of 2 approved by @U0RILEY001" in told
    assert "expires" in told
    assert labels(typing.type("approvals", ALEX)) == ["Review", "Refresh"]
    assert labels(typing.type("approvals", Person("T1", "U0RILEY001"))) == ["Refresh"]
    assert labels(typing.type("approvals", DANA)) == ["Withdraw", "Refresh"]
    assert labels(typing.type("approvals", QUINN)) == ["Refresh"]
    assert "You may not approve or deny `promote`" in words(typing.type("approvals", QUINN))


def test_only_what_is_open_in_this_workspace_is_listed(typing: CommandService) -> None:
    store = typing.ctx.store
    store.add_request(request(by=Person("T2", "U0DANA0001"), id="other"))
    store.add_request(request(id="old", expires=NOW - timedelta(seconds=1)))
    store.add_request(request(id="done", state=RequestState.DONE))
    assert isinstance(typing.type("approvals", ALEX), Note)


def test_what_is_not_confirmed_is_shown_to_its_requester_alone(typing: CommandService) -> None:
    typing.ctx.store.add_request(request(state=RequestState.CONFIRMING))
    assert isinstance(typing.type("approvals", ALEX), Note)
    assert labels(typing.type("approvals", DANA)) == ["Review", "Cancel", "Refresh"]


def test_a_state_that_all_jobs_have_is_said_once(typing: CommandService) -> None:
    typing.ctx.store.add_request(request(Action.STOP, DANA, job("a"), job("b")))
    assert "`a`, `b` (Running · CDC), requested" in str(typing.type("approvals", ALEX))
    other = replace(job("c"), state="FAILED")
    typing.ctx.store.add_request(request(Action.STOP, DANA, job("a"), other, id="q2"))
    assert "`a` (Running · CDC), `c` (Failed" in str(typing.type("approvals", ALEX))


def test_many_requests_come_in_pages_that_slack_takes(typing: CommandService) -> None:
    for number in range(30):
        typing.ctx.store.add_request(request(id=f"q{number}"))
    page = typing.type("approvals --page 2", ALEX)
    assert isinstance(page, AnswerPage)
    assert page.title == "30 open requests"
    assert labels(page)[-3:] == ["‹ Previous", "Next ›", "Refresh"]
    assert len(render(page).blocks) <= 50


# ---- freeze and unfreeze


def test_a_freeze_stops_changes_until_it_is_lifted(typing: CommandService) -> None:
    frozen = typing.type('freeze orders --until 2h --reason "month end."')
    assert isinstance(frozen, Note)
    assert frozen.public
    assert "`orders` is frozen until 2026-03-01 14:00:00+00:00 by @U0DANA0001: month end." in words(frozen)
    assert labels(frozen) == ["Unfreeze"]
    assert "`orders` is frozen until" in words(typing.type("stop orders"))
    assert "`/dms unfreeze orders` lifts it." in words(typing.type("stop orders"))
    card = typing.type("show orders")
    assert isinstance(card, JobCard)
    assert words(card.frozen) == "until 2026-03-01 14:00:00+00:00 by @U0DANA0001: month end"
    assert "unfroze `orders`" in words(typing.type("unfreeze orders", ALEX))
    assert typing.ctx.store.freezes(NOW) == ()
    events = [(each.event, each.user, each.job) for each in typing.ctx.store.audit()]
    assert events == [("frozen", DANA.user, ORDERS.name), ("unfrozen", ALEX.user, ORDERS.name)]


def test_a_freeze_of_all_stands_apart_from_one_of_a_job(typing: CommandService) -> None:
    typing.sure('freeze --all --until 2026-03-02T08:00Z --reason "audit"')
    typing.type('freeze orders --until 2h --reason "month end"')
    assert words(typing.type("unfreeze orders")).startswith(
        "@U0DANA0001 lifted a freeze of `orders`. All jobs are frozen, `orders` too"
    )
    assert words(typing.type("unfreeze orders")).startswith("`orders` has no freeze of its own to lift. All")
    assert "`/dms unfreeze --all` lifts it." in words(typing.type("stop orders"))
    typing.type('freeze orders --until 2h --reason "month end"')
    assert "Still frozen on their own: `orders`" in words(typing.type("unfreeze --all"))
    assert [each.job for each in typing.ctx.store.freezes(NOW)] == [ORDERS.name]


def test_a_reason_is_shown_as_it_is_wherever_it_stands(typing: CommandService) -> None:
    reason = "*really* all of it"
    told = [
        typing.sure(f'freeze --all --until 2h --reason "{reason}"'),
        typing.type("unfreeze orders"),
        typing.type("policy"),
    ]
    for answer in told:
        assert Verbatim(reason) in parts(answer), answer


def parts(answer: Answer) -> list[RichPart]:
    texts = [answer.text] if isinstance(answer, Note) else []
    texts += [each.text for each in answer.sections] if isinstance(answer, AnswerPage) else []
    return [part for text in texts for part in ((text,) if isinstance(text, str) else text)]


def test_a_freeze_of_all_asks_first(typing: CommandService) -> None:
    question = typing.type('freeze --all --until 2h --reason "audit"')
    assert words(question).startswith("Freeze all jobs until 2026-03-01 14:00:00+00:00: audit?")
    assert labels(question) == ["Freeze all jobs"]
    assert typing.ctx.store.freezes(NOW) == ()
    assert typing.ctx.store.audit() == ()
    frozen = typing.sure('freeze --all --until 2h --reason "audit"')
    assert words(frozen).startswith(
        "All jobs are frozen until 2026-03-01 14:00:00+00:00 by @U0DANA0001: audit"
    )
    with pytest.raises(UsageError):
        typing.type('freeze --all --until 2h --reason "audit" --sure')


def test_a_freeze_ends_at_a_time_in_the_persons_zone(typing: CommandService) -> None:
    for until in ("tomorrow 09:00", "2026-03-02 09:00"):
        typing.type(f'freeze orders --until {until} --reason "month end"', zone=lambda: "Asia/Tokyo")
    ends = [each.until for each in typing.ctx.store.freezes(NOW)]
    assert ends == [datetime(2026, 3, 2, tzinfo=UTC)] * 2


def test_lifting_nothing_writes_nothing(typing: CommandService) -> None:
    assert words(typing.type("unfreeze orders")) == "`orders` is not frozen."
    assert words(typing.type("unfreeze --all")) == "There is no freeze of all jobs to lift."
    assert typing.ctx.store.audit() == ()


def test_lifting_tells_of_a_planned_freeze(dms: DmsServer, tmp_path: Path) -> None:
    window = '[[freeze]]\nfrom = 2026-02-01\nuntil = 2026-04-01\nreason = "closing"\n'
    with command_service(dms, tmp_path, access(ROLES + window)) as ruled:
        assert "until 2026-04-01 00:00 UTC: closing" in words(ruled.type("unfreeze orders"))
        assert "closing" in words(ruled.type("stop orders"))


def test_a_freeze_tells_what_goes_on(typing: CommandService) -> None:
    typing.ctx.store.add_request(request(state=RequestState.RUNNING))
    typing.ctx.store.add_run(Run("r1", "q1", ORDERS.name, Action.STOP, RunState.FOLLOWING, "c", created=NOW))
    told = words(typing.type("freeze --all --until 1h --reason now"))
    assert "1 action in progress will continue." in told


@pytest.mark.parametrize(
    "line", ['freeze orders --until 2h --reason "x"', "unfreeze orders", "unfreeze --all"]
)
def test_viewers_neither_freeze_nor_unfreeze(typing: CommandService, line: str) -> None:
    assert "requires the role operator or above; your role is viewer" in words(typing.type(line, QUINN))
    assert typing.ctx.store.audit() == ()


def test_the_policy_may_leave_freezing_to_admins(dms: DmsServer, tmp_path: Path) -> None:
    rule = '[[rule]]\nverbs = ["freeze", "unfreeze"]\nallow = ["admin"]\n'
    with command_service(dms, tmp_path, access(ROLES + rule)) as ruled:
        assert "requires the role admin" in words(ruled.type('freeze --all --until 2h --reason "x"'))
        assert "are frozen" in words(ruled.sure('freeze --all --until 2h --reason "x"', ADMIN))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('freeze --until 2h --reason "x"', "Name a job, a project or all jobs"),
        ('freeze orders --all --until 2h --reason "x"', "Name a job, a project or all jobs"),
        ('freeze orders --reason "x"', "Say until when"),
        ("freeze orders --until 2h", "Say why"),
        ('freeze orders --until 2026-01-01T00:00Z --reason "x"', "is in the past"),
        ('freeze orders --until tomorrow --reason "x"', "for example `tomorrow 09:00`"),
        ('freeze orders --until 600d --reason "x"', "a year at most"),
        (f'freeze orders --until 2h --reason "{"x" * 400}"', "at most 300 characters"),
        ("unfreeze", "Name a job, a project or all jobs"),
    ],
)
def test_what_is_missing_is_said(typing: CommandService, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        typing.type(line)


def test_secrets_in_a_reason_go_nowhere(typing: CommandService) -> None:
    told = typing.type('freeze orders --until 2h --reason "token xoxb-1234-abcdef leaked"')
    kept = str(typing.ctx.store.audit()) + str(typing.ctx.store.freezes(NOW)) + words(told)
    assert "xoxb-1234" not in kept
    assert "leaked" in kept


# ---- deciding


def test_a_request_that_needs_approval_runs_through_the_policy(typing: CommandService) -> None:
    approvals, store = typing.ctx.approvals, typing.ctx.store
    typing.type("promote orders", DANA)
    (asked,) = store.requests([RequestState.CONFIRMING])
    assert (asked.needed, asked.self_approval) == (1, False)
    assert approvals.confirmation.confirm(DANA, asked, typed="orders") is None
    waiting = store.request(asked.id)
    assert waiting is not None
    assert "may not approve" in words(approvals.approval.approve(QUINN, waiting) or "")
    assert "nobody approves their own request" in words(approvals.approval.approve(DANA, waiting) or "")
    assert approvals.approval.deny(ALEX, asked.id, "not today, password=hunter2") is None
    denied = store.request(asked.id)
    assert denied is not None
    assert denied.state is RequestState.DENIED
    assert "hunter2" not in denied.note + str(store.audit()) + str(store.decisions(asked.id))
    assert [each.event for each in store.audit()] == ["requested", "confirmed", "denied"]
