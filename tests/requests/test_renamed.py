"""An alias that names another project since a request was made does not name that one's jobs in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config.projects import Project, Projects
from bot.cutover.answered import Ending, ending
from bot.cutover.renamed import rename_jobs as rename_in_cutovers
from bot.cutover.renamed import with_present_names
from bot.cutover.report import report_json, report_markdown
from bot.cutover.summary import timeline
from bot.dms.model import job_name
from bot.requests.by_project import projects_text
from bot.requests.queries import request_key
from bot.requests.renamed import rename_jobs
from bot.requests.rules import confirmation_phrase
from bot.store import Store, open_store
from bot.store.cutover import (
    CheckLine,
    CheckResult,
    Cutover,
    CutoverEntry,
    CutoverPlan,
    CutoverState,
    JobMark,
    Progress,
    Tick,
)
from bot.store.facts import RequestFacts
from bot.store.records import Request, RequestState
from bot.util.command import COMMAND
from tests.store import make

BEFORE = Projects((Project("acme", "prod"), Project("acme-2", "staging")))
SWAPPED = Projects((Project("acme", "staging"), Project("acme-2", "prod")))
ONE, OTHER = make.name("orders"), job_name("acme-2", "europe-west1", "orders")
SHOWN = {ONE: "prod/europe-west1/orders", OTHER: "staging/europe-west1/orders"}
NOW_SHOWN = {ONE: "staging/europe-west1/orders", OTHER: "prod/europe-west1/orders"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "bot.db"))
    yield opened
    opened.close()


def asked(store: Store, state: RequestState, id: str = "q1") -> Request:
    """A request for both, as it was made."""
    jobs = (make.job(), make.job("orders", project="acme-2"))
    facts = RequestFacts(
        display_names=SHOWN,
        projects=projects_text(jobs, BEFORE),
        effect=f"`{COMMAND} show {SHOWN[ONE]}` shows it, `{COMMAND} show {SHOWN[OTHER]}` the other.",
    )
    made = replace(make.request(id, state=state, facts=facts, warning=(f"See `{SHOWN[ONE]}`.",)), jobs=jobs)
    store.add_request(made)
    store.enqueue(make.message(request_key(id)))
    return made


@pytest.mark.parametrize("state", [RequestState.APPROVING, RequestState.SCHEDULED, RequestState.RUNNING])
def test_its_jobs_are_called_as_they_are_now(store: Store, state: RequestState) -> None:
    asked(store, state)
    assert tuple(each.name for each in asked(store, state, "q2").jobs) == (ONE, OTHER)
    rename_jobs(store, SWAPPED)
    for id in ("q1", "q2"):
        now = store.request(id)
        assert now is not None
        assert (now.state, dict(now.facts.display_names)) == (state, NOW_SHOWN)
        assert tuple(each.name for each in now.jobs) == (ONE, OTHER), "what is called is what it was made for"
        assert "🏭 `prod` (*production*) 1 job, `staging` 1 job" in now.facts.projects
        assert now.facts.effect == (
            f"`{COMMAND} show {NOW_SHOWN[ONE]}` shows it, `{COMMAND} show {NOW_SHOWN[OTHER]}` the other."
        )
        assert now.warning == (f"See `{NOW_SHOWN[ONE]}`.",)
        message = store.message(request_key(id))
        assert message is not None
        assert message.rev == 2, "it is shown anew"


def test_one_job_is_named_with_its_project_and_typed_so(store: Store) -> None:
    jobs = (make.job(),)
    facts = RequestFacts(display_names={ONE: SHOWN[ONE]}, projects=projects_text(jobs, BEFORE))
    store.add_request(make.request(facts=facts))
    rename_jobs(store, SWAPPED)
    now = store.request("q1")
    assert now is not None
    assert now.facts.projects == "It is a job of `staging`."
    assert confirmation_phrase(now) == NOW_SHOWN[ONE]


def test_nothing_is_written_where_nothing_is_renamed(store: Store) -> None:
    made = asked(store, RequestState.APPROVING)
    over = asked(store, RequestState.DONE, "q2")
    rename_jobs(store, BEFORE)
    assert store.request("q1") == made
    message = store.message(request_key("q1"))
    assert message is not None
    assert message.rev == 1
    rename_jobs(store, SWAPPED)
    assert store.request("q2") == over, "what has ended stays as it was"


def test_cutovers_too(store: Store) -> None:
    plan = CutoverPlan((ONE, make.name("alone")), {ONE: SHOWN[ONE], make.name("alone"): "alone"})
    cutover = Cutover("c1", "T1", make.DANA, CutoverState.SCHEDULED, plan, created=make.NOW, since=make.NOW)
    store.add_cutover(cutover)
    rename_in_cutovers(store, SWAPPED, make.NOW)
    now = store.cutover("c1")
    assert now is not None
    assert dict(now.plan.shown) == {ONE: NOW_SHOWN[ONE], make.name("alone"): "alone"}
    rename_in_cutovers(store, SWAPPED, make.NOW)
    again = store.cutover("c1")
    assert again is not None
    assert again.rev == now.rev


def test_what_a_cutover_says_calls_its_jobs_by_their_new_names(store: Store) -> None:
    """Its card, its log and its report: an alias of the log may name another project's job by now."""
    old = f"`{SHOWN[ONE]}` has failed. {SHOWN[OTHER]} has not."
    new = f"`{NOW_SHOWN[ONE]}` has failed. {NOW_SHOWN[OTHER]} has not."
    plan = CutoverPlan((ONE, OTHER), SHOWN)
    progress = Progress(
        why=old,
        checks=(CheckLine("state", CheckResult.NO_GO, old, ONE),),
        checklist=(Tick(old),),
        jobs=(JobMark(ONE, text=old),),
    )
    cutover = Cutover("c1", "T1", make.DANA, CutoverState.HELD, plan, make.NOW, make.NOW, progress=progress)
    store.add_cutover(cutover)
    store.add_cutover_entry(CutoverEntry("c1", make.NOW, "held", text=old))
    rename_in_cutovers(store, SWAPPED, make.NOW)
    store.add_cutover_entry(CutoverEntry("c1", make.NOW, "held", text=new))
    now, log = store.cutover("c1"), store.cutover_log("c1")
    assert now is not None
    said = now.progress
    assert (said.why, said.checks[0].text, said.checklist[0].text, said.jobs[0].text) == (new,) * 4
    assert [each.text for each in log] == [
        old,
        f"`{SHOWN[ONE]}` is now `{NOW_SHOWN[ONE]}`, `{SHOWN[OTHER]}` is now `{NOW_SHOWN[OTHER]}`",
        new,
    ], "the log itself is never changed"
    for report in (report_markdown(now, log), report_json(now, log), str(timeline(log, rehearsal=False))):
        assert report.count(f"{NOW_SHOWN[OTHER]} has not.") >= 2
        assert f"{SHOWN[OTHER]} has not." not in report
    assert ending(now, "resume", "U1", log, after=log[0].id) == Ending(log[-1]), "no other name ends a call"


def test_names_that_change_twice_are_the_last_ones(store: Store) -> None:
    store.add_cutover(
        Cutover("c1", "T1", make.DANA, CutoverState.HELD, CutoverPlan((ONE,), SHOWN), make.NOW, make.NOW)
    )
    store.add_cutover_entry(CutoverEntry("c1", make.NOW, "held", text=f"See `{SHOWN[ONE]}`."))
    third = Projects((Project("acme", "third"), Project("acme-2", "prod")))
    for projects in (SWAPPED, third):
        rename_in_cutovers(store, projects, make.NOW)
    assert with_present_names(store.cutover_log("c1"))[0].text == "See `third/europe-west1/orders`."
