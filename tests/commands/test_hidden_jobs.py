"""A job that a rule hides from somebody: no verb shows, names, suggests or counts it to them.

Each line is answered twice: where hidden jobs exist, with everything that refers to them, and where they
never did. Both answers must be the same.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cmdline.answers import Answer, Upload
from bot.cmdline.invocation import UsageError
from bot.cmdline.parser import parse
from bot.cutover.ledger import CutoverLedger
from bot.dms.missing import MissingLocation, Why
from bot.dms.model import job_name
from bot.dms.rules import Action
from bot.slack.render.answer import render
from bot.slack.render.home_view import HomeView
from bot.store.cutover import Cutover, CutoverPlan, CutoverState
from bot.store.records import (
    AuditEntry,
    Event,
    Freeze,
    JobSnapshot,
    Person,
    Run,
    RunState,
    Watch,
)
from commands import all_verbs
from commands.support.base import Context
from commands.support.command_service import CommandService as RealCommandService
from sandbox.dms import DmsServer
from tests.policy.command_service import PLACES, PROJECT, command_service
from tests.policy.people import ADMIN, ALEX, DANA, NOW, QUINN, ROLES, access, request

RULE = """
[[rule]]
name = "private"
verbs = ["view"]
labels = { secret = "yes" }
allow = ["admin"]
"""
SECRET, FAILED, DELETED = "secret-db", "secret-failed", "secret-old"
TWIN, FRESH = "orders", "fresh"
"""Ids of jobs that everybody may see, and of hidden ones in another location. The second one never ran, so
that no figure in an answer changes with time."""
_OF_JOB = ("{verb} secert-db", "{verb} " + DELETED)
_OF_VISIBLE = (*_OF_JOB, "{verb} " + FRESH)
_BULK = (
    *_OF_JOB,
    "{verb} --all state=running",
    "{verb} --all location=europe-west1",
    "{verb} --all state=failed",
)
LINES: dict[str, tuple[str, ...]] = {
    "help": ("help", "help show"),
    "list": (
        "list",
        "list secret",
        "list state=running",
        "list state=failed",
        "list --choose",
        "list label.secret=yes",
    ),
    "show": _OF_VISIBLE,
    "databases": _OF_VISIBLE,
    "delay": _OF_VISIBLE,
    "history": (
        *_OF_VISIBLE,
        "history",
        f"history --by {ALEX.user}",
        "history --export csv",
        "history --export jsonl",
    ),
    "approvals": ("approvals",),
    "schedule": ("schedule", 'schedule --move secret-db --at "in 3h"'),
    "cutover": (*_OF_JOB, "cutover", "cutover secert-db --last", f"cutover {FRESH} --last"),
    "policy": (*_OF_VISIBLE, "policy"),
    "watch": tuple(f"{line} --dm" for line in _OF_VISIBLE),
    "unwatch": ("unwatch other", "unwatch state=failed", "unwatch --all", "unwatch --all --dm"),
    "watches": ("watches",),
    "acknowledge": _OF_JOB,
    "script": tuple(f"{line} --ssh --vm v --zone z" for line in _OF_JOB),
    "start": _BULK,
    "stop": _BULK,
    "resume": _BULK,
    "restart": (*_BULK, "restart secert-db --pick", f"restart {TWIN}"),
    "promote": (*_BULK, "promote secert-db --pick", f"promote {TWIN}"),
    "cancel": (*_OF_JOB, f"cancel {TWIN}"),
    "demote": (*_OF_JOB, f"demote {TWIN}"),
    "verify": (*_BULK, f"verify {TWIN} --with --label env=x"),
    "edit": (*_OF_JOB, f"edit {TWIN} --parallel max", f"edit {TWIN} --name x --label env=x"),
    "delete": (*_BULK, f"delete {TWIN}"),
    "freeze": tuple(f'{line} --until 2h --reason "x"' for line in (*_OF_VISIBLE, "freeze --all")),
    "unfreeze": (*_OF_VISIBLE, "unfreeze --all"),
}
"""What people type; `{verb}` stands for the verb itself."""


def full(job: str, place: str = PLACES[0]) -> str:
    return job_name(PROJECT, place, job)


def add_hidden_jobs(dms: DmsServer) -> None:
    hidden: dict[str, Any] = {"phase": "CDC", "frozen": True, "labels": {"secret": "yes"}}
    dms.control.add_job(SECRET, location=PLACES[0], databases=["payroll"], **hidden)
    dms.control.add_job(FAILED, location=PLACES[0], state="FAILED", **hidden)
    for twin in (TWIN, FRESH):
        dms.control.add_job(twin, location=PLACES[1], **hidden)


def refer_to_hidden_jobs(ctx: Context) -> None:
    """Everything in the store that names a job, about the hidden ones; set and asked for by others."""
    for at, name in enumerate(
        [full(SECRET), full(FAILED), full(TWIN, PLACES[1]), full(FRESH, PLACES[1]), full(DELETED)]
    ):
        ctx.store.add_watch(Watch(f"w{at}", DANA.channel, ALEX.user, name, (), NOW))
        ctx.store.add_freeze(Freeze(f"f{at}", name, NOW + timedelta(hours=9), "secret", ALEX.user, NOW))
        ctx.store.append_audit(AuditEntry(at=NOW, event="requested", action="stop", job=name, user=ALEX.user))
    (job,) = [each for each in ctx.dms.list_jobs().jobs if each.id == SECRET]
    ctx.store.add_request(request(Action.PROMOTE, ALEX, job, id="hidden"))
    ctx.store.add_run(Run("r1", "hidden", job.name, Action.STOP, RunState.FOLLOWING, "c", created=NOW))
    ctx.store.add_event(Event(full(DELETED), NOW, NOW, "deleted"))


def refer_to_visible_jobs(ctx: Context) -> None:
    """The same about one that everybody may see, so that an answer has something to show."""
    ctx.store.add_watch(Watch("visible", DANA.channel, ALEX.user, full("billing"), (), NOW))
    ctx.store.add_freeze(Freeze("visible", full("billing"), NOW + timedelta(hours=1), "x", ALEX.user, NOW))
    ctx.store.append_audit(
        AuditEntry(at=NOW, event="requested", action="stop", job=full("billing"), user=ALEX.user)
    )


@pytest.fixture
def world(dms: DmsServer, tmp_path: Path) -> Any:
    """Makes a context, with or without hidden jobs; the service has the same jobs at the start of each."""
    dms.control.add_job(FRESH, location=PLACES[0], state="NOT_STARTED")

    def make(folder: str, *, hidden: bool) -> Any:
        if hidden:
            add_hidden_jobs(dms)
        (tmp_path / folder).mkdir()
        return command_service(dms, tmp_path / folder, access(ROLES + RULE))

    return make


def prepared(ctx: Context, *, hidden: bool) -> Context:
    ctx.store.save_known(
        JobSnapshot(each, NOW, NOW, {"sales": "FAILED/CDC"}) for each in ctx.dms.list_jobs().jobs
    )
    refer_to_visible_jobs(ctx)
    if hidden:
        refer_to_hidden_jobs(ctx)
    return ctx


def answers(ctx: Context, who: Person, verb: str) -> list[str]:
    """All that the verb's lines make people see, one after the other in the same store."""
    return [f"{line}: {_answered(ctx, who, line.format(verb=verb))}" for line in LINES[verb]]


def _answered(ctx: Context, who: Person, line: str) -> str:
    service = RealCommandService(ctx.verbs, lambda person, _url: replace(ctx, who=person))
    try:
        answer = service.answer(who, parse(line, service.syntaxes), "")
    except UsageError as error:
        return str(error)
    mine = [each for each in ctx.store.requests(limit=10) if each.by.user == who.user]
    asked = [[job.name for job in each.jobs] for each in mine]
    return json.dumps([_seen(answer), sorted(asked)])


def _seen(answer: Answer) -> Any:
    shown = _without_ids(render(answer).payload())
    if isinstance(answer, Upload) and not answer.filename.endswith(".png"):
        # Rows are numbered and chained over the whole audit, so those of hidden jobs leave gaps.
        text = answer.content.decode()
        return [shown, answer.filename, text.count("\n"), [name for name in (SECRET, FAILED) if name in text]]
    return shown


def _without_ids(value: Any) -> Any:
    """A payload without what is made anew for each answer."""
    if isinstance(value, dict):
        return {key: _without_ids(each) for key, each in value.items() if key not in ("value", "block_id")}
    return [_without_ids(each) for each in value] if isinstance(value, list) else value


def test_there_are_lines_for_every_verb() -> None:
    assert set(LINES) == set(all_verbs())


@pytest.mark.parametrize("who", [QUINN, DANA], ids=["viewer", "operator"])
@pytest.mark.parametrize("verb", sorted(LINES))
def test_no_verb_reveals_a_hidden_job(world: Any, verb: str, who: Person) -> None:
    with world("without", hidden=False) as at:
        expected = answers(prepared(at.ctx, hidden=False), who, verb)
    with world("with", hidden=True) as at:
        ctx = prepared(at.ctx, hidden=True)
        assert answers(ctx, who, verb) == expected


@pytest.mark.parametrize("verb", ["list", "history", "approvals", "policy", "watches"])
def test_who_may_see_it_sees_it(world: Any, verb: str) -> None:
    with world("with", hidden=True) as at:
        assert f"{SECRET}`" in "".join(answers(prepared(at.ctx, hidden=True), ADMIN, verb))


@pytest.mark.parametrize("line", ["approvals", "history", "stop --all state=maintenance"])
def test_an_empty_answer_says_that_it_may_leave_out_jobs(world: Any, line: str) -> None:
    with world("empty", hidden=False) as at:
        assert "that you may see" in _answered(at.ctx, DANA, line)


def test_a_script_is_not_shown_of_a_job_that_is_hidden_from_an_operator(world: Any) -> None:
    with world("with", hidden=True) as at:
        said = _answered(at.ctx, DANA, f"script {SECRET} --ssh --vm v --zone z")
        assert f"You may not use `show` on `{SECRET}`: by the rule" in said
        assert "gcloud" in _answered(at.ctx, ADMIN, f"script {SECRET} --ssh --vm v --zone z")


@pytest.mark.parametrize("who", [QUINN, DANA], ids=["viewer", "operator"])
@pytest.mark.parametrize("verb", ["show", "databases", "delay", "history", "policy", "watch"])
def test_who_types_its_id_is_refused(world: Any, verb: str, who: Person) -> None:
    with world("with", hidden=True) as at:
        ctx = prepared(at.ctx, hidden=True)
        said = _answered(ctx, who, f"{verb} {SECRET}{' --dm' if verb == 'watch' else ''}")
    assert f"You may not use `{verb}` on `{SECRET}`: by the rule" in said
    assert "RUNNING" not in said
    assert PLACES[0] not in said


def test_who_may_not_change_a_job_does_not_learn_its_databases(world: Any) -> None:
    line = f"promote {SECRET} --databases payrol"
    with world("with", hidden=True) as at:
        assert "(did you mean `payroll`?)" in _answered(at.ctx, ADMIN, line)
        refused = _answered(at.ctx, QUINN, line)
    assert f"You may not use `promote` on `{SECRET}`" in refused
    assert "payroll" not in refused


def test_of_several_hidden_jobs_none_is_picked_and_none_is_located(dms: DmsServer, tmp_path: Path) -> None:
    for place in PLACES:
        dms.control.add_job("twins", location=place, phase="CDC", frozen=True, labels={"secret": "yes"})
    with command_service(dms, tmp_path, access(ROLES + RULE)) as at:
        said = _answered(at.ctx, DANA, "delete twins")
        assert "Say in which location `twins` is: `LOCATION/twins`." in said
        assert not any(place in said for place in PLACES)
        assert at.ctx.store.requests(limit=1) == ()
        assert "There are 2 jobs named `twins`" in _answered(at.ctx, ADMIN, "delete twins")


@pytest.mark.parametrize("way", ["request", "rehearsal"])
def test_what_became_of_several_jobs_names_none_that_is_hidden(world: Any, way: str) -> None:
    """The rows of a request or cutover are about one job each, and may say what became of the others."""
    lines = ("history", "history billing", "history --request bulk")
    files = ("history --export csv", "history billing --export jsonl")
    with world("with", hidden=True) as at:
        ctx = prepared(at.ctx, hidden=True)
        found = {each.id: each for each in ctx.dms.list_jobs().jobs if each.id in ("billing", SECRET)}
        jobs = tuple(found.values())
        if way == "request":
            asked = request(Action.STOP, ALEX, *jobs, id="bulk")
            ctx.store.add_request(asked)
            changed = f"`{SECRET}` was edited meanwhile: destination: `payroll-a` → `payroll-b`."
            assert ctx.approvals.revalidation.end_as_outdated(asked, (changed,)) is None
        else:
            plan = CutoverPlan(tuple(each.name for each in jobs), commander=ALEX.user, channel=ALEX.channel)
            made = Cutover("c1", ALEX.team, ALEX, CutoverState.SCHEDULED, plan, NOW, NOW, rehearsal=True)
            ctx.store.add_cutover(made)
            ledger = CutoverLedger(ctx.store, clock=lambda: NOW, wake=lambda: None)
            ledger.note(made, "held", text=f"`{SECRET}`: payroll-b is away.")
        for line in lines:
            assert "payroll-b" not in _answered(ctx, QUINN, line)
            assert SECRET not in _answered(ctx, QUINN, line)
        assert "payroll-b" in "".join(_answered(ctx, ADMIN, line) for line in lines)
        for line in files:
            assert "payroll-b" not in _content(ctx, QUINN, line)
            assert "payroll-b" in _content(ctx, ADMIN, line)


def test_nor_does_it_where_a_request_has_more_rows_than_are_read_at_once(world: Any) -> None:
    with world("with", hidden=True) as at:
        ctx = prepared(at.ctx, hidden=True)
        found = {each.id: each for each in ctx.dms.list_jobs().jobs if each.id in ("billing", SECRET)}
        asked = request(Action.STOP, ALEX, *found.values(), id="bulk")
        ctx.store.add_request(asked)
        about = AuditEntry(at=NOW, event="requested", action="stop", job=full("billing"), request="bulk")
        with ctx.store.transaction():
            for _ in range(1001):
                ctx.store.append_audit(about)
        ctx.store.append_audit(replace(about, event="outdated", detail=f"`{SECRET}` was edited."))
        assert SECRET not in _content(ctx, QUINN, "history billing --export jsonl")


def _content(ctx: Context, who: Person, line: str) -> str:
    service = RealCommandService(ctx.verbs, lambda person, _url: replace(ctx, who=person))
    answer = service.answer(who, parse(line, service.syntaxes), "")
    assert isinstance(answer, Upload)
    return answer.content.decode()


def test_the_home_tab_reveals_no_hidden_job(world: Any) -> None:
    def home(ctx: Context) -> Any:
        return _without_ids(HomeView(ctx.store, ctx.access, ctx.now).of(QUINN))

    with world("without", hidden=False) as at:
        expected = home(prepared(at.ctx, hidden=False))
    with world("with", hidden=True) as at:
        assert home(prepared(at.ctx, hidden=True)) == expected


def test_the_home_tab_shows_no_job_to_who_has_no_role(dms: DmsServer, tmp_path: Path) -> None:
    closed = ROLES.replace('"viewer"', '"none"')
    with command_service(dms, tmp_path, access(closed)) as at:
        ctx = prepared(at.ctx, hidden=False)
        stored = HomeView(ctx.store, ctx.access, ctx.now)
        assert "billing" in str(stored.of(DANA))
        assert "billing" not in str(stored.of(QUINN))


@pytest.mark.parametrize("rule", ["", RULE], ids=["", "by job"])
def test_the_home_tab_tells_a_guest_nothing(dms: DmsServer, tmp_path: Path, rule: str) -> None:
    """Neither freezes nor places, and not that there are no jobs."""
    planned = '[[freeze]]\nfrom = 2026-02-01T00:00:00Z\nuntil = 2026-04-01T00:00:00Z\nreason = "merger"\n'
    rights = access(ROLES + rule + planned, is_member=lambda user: user != QUINN.user)
    away = MissingLocation("europe-west9", Why.SILENT)
    with command_service(dms, tmp_path, rights) as at:
        ctx = prepared(at.ctx, hidden=False)
        ctx.store.add_freeze(Freeze("all", "*", NOW + timedelta(hours=1), "audit", ALEX.user, NOW))
        home = HomeView(ctx.store, ctx.access, ctx.now, lambda: (away,))
        guest, member = str(home.of(QUINN)), str(home.of(DANA))
        assert all(word in member for word in ("billing", "merger", "audit", "europe-west9"))
        assert not any(word in guest for word in ("billing", "merger", "audit", "europe-", "no migration"))
        assert "Guests, people of other workspaces and deactivated people may only look here" in guest
        assert "merger" not in str(home.message_for(QUINN).payload())
