"""How jobs are named where one bot serves several projects, and what is asked if an ID is in two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cmdline.answers import Answer, JobCard, JobsPage, Note
from bot.config.projects import Project, Projects
from bot.dms.model import job_name
from bot.dms.rules import DESTRUCTIVE, Action
from bot.policy import loader
from bot.policy.access import Access
from bot.policy.describe import overview
from bot.policy.model import OPEN
from bot.requests.preflight import frozen_text
from bot.slack.render.home_view import HomeView
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store.records import AuditEntry, JobSnapshot, Run, RunState
from bot.watch.transitions import diff_first
from sandbox.dms import DmsServer
from tests.policy.command_service import PROJECT, CommandService, command_service, labels, words
from tests.policy.people import DANA, DECLARED, NOW, ROLES, groups_of

EUROPE, US = "europe-west1", "us-central1"
PROD, STAGING = PROJECT, "demo-staging"
PROJECTS = (Project(PROD, "prod", (EUROPE, US)), Project(STAGING, "staging", (EUROPE, "asia-east1")))
CONSOLE = "https://console.cloud.google.com/dbmigration/migrations/locations"


@pytest.fixture
def typing(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    control = dms.control
    control.add_project(STAGING, EUROPE, "asia-east1")
    for project, location, job in (
        (PROD, EUROPE, "shop"),
        (STAGING, EUROPE, "shop"),
        (STAGING, "asia-east1", "stock"),
    ):
        control.add_job(job, project=project, location=location, phase="CDC", frozen=True)
    policy = loader.parse(ROLES, permissions=DECLARED, projects=Projects(PROJECTS))
    rights = Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)
    with command_service(dms, tmp_path, rights, projects=PROJECTS) as made:
        jobs = made.ctx.dms.list_jobs().jobs
        made.ctx.store.save_known([JobSnapshot(each, NOW, NOW) for each in jobs])
        yield made
    control.clear_faults()


def shown(answer: Answer) -> str:
    """The full name of the job on a card; else what is said."""
    return answer.job.name if isinstance(answer, JobCard) else words(answer)


@pytest.mark.parametrize(
    ("typed", "project", "location", "job"),
    [
        ("stock", STAGING, "asia-east1", "stock"),
        ("asia-east1/stock", STAGING, "asia-east1", "stock"),
        ("prod/europe-west1/shop", PROD, EUROPE, "shop"),
        ("staging/europe-west1/shop", STAGING, EUROPE, "shop"),
        ("demo-staging/europe-west1/shop", STAGING, EUROPE, "shop"),
        (job_name(STAGING, EUROPE, "shop"), STAGING, EUROPE, "shop"),
        (f"{CONSOLE}/{EUROPE}/instances/shop?project={STAGING}", STAGING, EUROPE, "shop"),
    ],
)
def test_every_way_to_name_a_job(
    typing: CommandService, typed: str, project: str, location: str, job: str
) -> None:
    assert shown(typing.type(f"show {typed}")) == job_name(project, location, job)


@pytest.mark.parametrize("typed", ["shop", "europe-west1/shop"])
@pytest.mark.parametrize("verb", ["show", "stop"])
def test_buttons_ask_which_project_is_meant(typing: CommandService, verb: str, typed: str) -> None:
    answer = typing.type(f"{verb} {typed}")
    assert words(answer) == (
        f"There are 2 jobs named `{typed}`: `prod/europe-west1/shop`, `staging/europe-west1/shop`. Which one?"
    )
    assert labels(answer) == [f"{verb} prod/europe-west1/shop", f"{verb} staging/europe-west1/shop"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "live/europe-west1/shop",
            ("This bot serves the projects prod, staging, not `live`: for example `prod/europe-west1/shop`."),
        ),
        (
            "staging/us-central1/shop",
            (
                "This bot serves the locations europe-west1, asia-east1 of staging, not `us-central1`: "
                "for example `staging/europe-west1/shop`."
            ),
        ),
        (
            "us-east4/shop",
            (
                "This bot serves the locations europe-west1, us-central1, asia-east1, not `us-east4`: "
                "for example `europe-west1/shop`."
            ),
        ),
        (
            "staging/shop",
            "`staging` is a project: write `staging/LOCATION/shop`, for example `staging/europe-west1/shop`.",
        ),
        (
            "nowhere",
            "There is no migration job `nowhere` in prod (europe-west1, us-central1); "
            "staging (europe-west1, asia-east1). `/dms list` shows all jobs.",
        ),
    ],
)
def test_what_is_nowhere_is_said_in_one_sentence(typing: CommandService, typed: str, sentence: str) -> None:
    assert words(typing.type(f"show {typed}")) == sentence


def test_a_typing_error_is_offered_with_its_project(typing: CommandService) -> None:
    answer = typing.type("show shopp")
    assert "Did you mean `prod/europe-west1/shop`?" in words(answer)
    assert labels(answer) == ["show prod/europe-west1/shop", "show staging/europe-west1/shop"]


def test_a_job_of_a_project_that_is_served_no_more_is_not_offered(typing: CommandService) -> None:
    (job,) = [each for each in typing.ctx.dms.list_jobs().jobs if each.id == "stock"]
    former = job_name("acme-former", EUROPE, "stocks")
    typing.ctx.store.save_known([JobSnapshot(type(job)(former, NOW, "RUNNING"), NOW, NOW)])
    assert labels(typing.type("show stocky")) == ["show stock"]


def test_a_change_waits_while_a_project_that_may_have_the_id_is_away(
    dms: DmsServer, typing: CommandService
) -> None:
    dms.control.project_condition(PROD, "DENIED")
    answer = typing.type("stop stock")
    assert "Another `stock` may be in a location that I cannot look into: " in words(answer)
    assert "prod/europe-west1 and prod/us-central1 refuse to answer" in words(answer)
    assert labels(answer) == ["stop staging/asia-east1/stock"]
    assert shown(typing.type("show stock")) == job_name(STAGING, "asia-east1", "stock")
    away = words(typing.type("show prod/europe-west1/shop"))
    assert away.startswith("I cannot tell whether there is a job `prod/europe-west1/shop`: ")
    assert "prod/europe-west1 refuses to answer" in away
    assert "Last known state of `prod/europe-west1/shop`: Running · CDC since" in away


def test_since_when_is_not_said_of_a_job_that_was_there_at_the_first_poll(
    dms: DmsServer, typing: CommandService
) -> None:
    found = typing.ctx.dms.list_jobs().jobs
    typing.ctx.store.save_known([diff_first(each, NOW, baseline=True).snapshot for each in found])
    dms.control.project_condition(PROD, "DENIED")
    away = words(typing.type("show prod/europe-west1/shop"))
    assert away.endswith("Last known state of `prod/europe-west1/shop`: Running · CDC.")


def test_histories_of_deleted_twins_are_told_apart(typing: CommandService) -> None:
    for project in (PROD, STAGING):
        name = job_name(project, EUROPE, "gone")
        row = AuditEntry(NOW, "succeeded", action="delete", job=name, user=DANA.user)
        typing.ctx.store.append_audit(row)
    told = words(typing.type("show gone"))
    assert told.count("is gone: it was deleted") == 2
    assert "`/dms history staging/europe-west1/gone` shows more." in told
    page = typing.type("history staging/europe-west1/gone")
    assert not isinstance(page, Note)
    assert "succeeded" in words(page)


def test_a_filter_of_locations_asks_where_that_location_is(dms: DmsServer, typing: CommandService) -> None:
    dms.control.clear_calls()
    typing.type("list location=asia-east1")
    parents = [each["request"]["parent"] for each in dms.control.calls("ListMigrationJobs")]
    assert parents == [f"projects/{STAGING}/locations/asia-east1"]


def test_a_project_of_all_locations_does_not_take_an_alias_for_one(dms: DmsServer, tmp_path: Path) -> None:
    dms.control.add_project(STAGING, "asia-east1")
    anywhere = (Project(PROD, "prod", (EUROPE,)), Project(STAGING, "staging"))
    with command_service(dms, tmp_path, projects=anywhere) as typing:
        dms.control.clear_calls()
        for alias, place in (("prod", EUROPE), ("staging", EUROPE)):
            answer = words(typing.type(f"show {alias}/shop"))
            assert answer == (
                f"`{alias}` is a project: write `{alias}/LOCATION/shop`, for example `{alias}/{place}/shop`."
            )
        assert dms.control.calls() == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("watch --dm", "all jobs"),
        ("watch project=prod --dm", "all jobs of `prod`"),
        ("watch label.env=prod --dm", "jobs with the label `env=prod`"),
        ("watch state=failed --dm", "jobs that come to or leave `FAILED`"),
        ("watch label.env=prod project=staging --dm", "jobs of `staging` with the label `env=prod`"),
        ("watch state=failed project=prod --dm", "jobs of `prod` that come to or leave `FAILED`"),
        ("watch prod/europe-west1/shop --dm", "`🏭 prod/europe-west1/shop`"),
        ("watch stock --dm", "`staging/asia-east1/stock`"),
    ],
)
def test_home_and_launcher_show_every_kind_of_watch(typing: CommandService, line: str, shown: str) -> None:
    typing.type(line)
    ctx = typing.ctx
    view = HomeView(ctx.store, ctx.access, ctx.now)
    said = f"• {shown} → <@{DANA.user}>"
    assert said in str(view.of(DANA))
    assert said in str([each.to_dict() for each in view.dashboard_of(DANA)])


def test_home_shows_no_job_of_a_location_that_is_no_longer_served(typing: CommandService) -> None:
    fewer = Projects((PROJECTS[0], Project(STAGING, "staging", (EUROPE,))))
    policy = loader.parse(ROLES, permissions=DECLARED, projects=fewer)
    rights = Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)
    store, stock = typing.ctx.store, job_name(STAGING, "asia-east1", "stock")
    known = store.known_jobs()[stock]
    store.save_known([replace(known, job=replace(known.job, state="FAILED"))])
    assert "stock" in str(HomeView(store, typing.ctx.access, typing.ctx.now).of(DANA))
    assert "stock" not in str(HomeView(store, rights, typing.ctx.now).of(DANA))


FROZEN = '--until 2h --reason "month end"'


def test_a_refusal_says_which_of_two_jobs_is_busy(typing: CommandService) -> None:
    one = "prod/europe-west1/shop"
    busy = job_name(PROJECT, "europe-west1", "shop")
    typing.ctx.store.add_run(Run("r1", "q1", busy, Action.STOP, RunState.FOLLOWING, "c", created=NOW))
    assert f"`{one}` is busy" in words(typing.type(f"stop {one}"))


def test_a_freeze_says_which_of_two_jobs_it_holds(typing: CommandService) -> None:
    one, other = "prod/europe-west1/shop", "staging/europe-west1/shop"
    assert f"`{one}` is frozen until" in words(typing.type(f"freeze {one} {FROZEN}"))
    refused = words(typing.type(f"stop {one}"))
    assert f"`{one}` is frozen until" in refused
    assert f"`/dms unfreeze {one}` lifts it." in refused
    assert words(typing.type(f"unfreeze {other}")) == f"`{other}` is not frozen."
    typing.type(f"freeze --project prod {FROZEN}")
    still = words(typing.type("unfreeze --project prod"))
    assert f"Still frozen on their own: `{one}`." in still
    assert f"*Frozen*: `{one}` until" in words(typing.type("policy"))
    assert f"unfroze `{one}`." in words(typing.type(f"unfreeze {one}"))
    assert not typing.ctx.store.freezes(NOW)


def test_home_news_and_outcomes_say_which_of_two_jobs_is_frozen(typing: CommandService) -> None:
    ctx, one = typing.ctx, "`prod/europe-west1/shop`"
    typing.type(f"freeze prod/europe-west1/shop {FROZEN}")
    (freeze,) = ctx.store.freezes(NOW)
    (job,) = [each for each in ctx.dms.list_jobs().jobs if each.name == freeze.job]
    assert f"❄️ {one} is frozen until" in str(HomeView(ctx.store, ctx.access, ctx.now).of(DANA))
    assert frozen_text(ctx.store, ctx.access, job, freeze).startswith(f"{one} is frozen until")
    renderer = OutboxRenderer(ctx.store, ctx.access, DANA.team, ctx.now)
    told = [each for each in ctx.store.ready_to_send(NOW) if each.kind == "freeze"]
    shown = [renderer.render(each) for each in told]
    assert {f"❄️ {one} is frozen until" in str(each and each.payload()) for each in shown} == {True}


def test_a_freeze_of_a_job_whose_id_is_nowhere_else_says_the_id(typing: CommandService) -> None:
    assert "`stock` is frozen until" in words(typing.type(f"freeze stock {FROZEN}"))
    assert "`/dms unfreeze stock` lifts it." in words(typing.type("stop stock"))


def test_help_and_policy_name_every_verb_that_destroys(typing: CommandService) -> None:
    said = "Restart, promote, demote and delete"
    assert {each.lower() for each in said.replace(",", "").replace(" and", "").split()} == set(DESTRUCTIVE)
    assert f"{said} always ask before anything happens." in words(typing.type("help"))
    (roles,) = overview(OPEN)
    assert f"{said} ask the person who wants them to confirm" in words(roles.text)


def test_a_list_of_failed_jobs_names_the_project_of_those_that_run_with_errors(
    dms: DmsServer, typing: CommandService
) -> None:
    broken = {"code": 9, "message": "gone"}
    dms.control.set_job(f"{STAGING}/asia-east1/stock", state="RUNNING", phase="CDC", error=broken)
    answer = typing.type("list state=failed")
    assert isinstance(answer, JobsPage)
    assert answer.with_errors == ("staging/asia-east1/stock",)
