"""A press counts for what its message shows: not where an alias has been given to another project since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cmdline.answers import Note
from bot.config.projects import Project, Projects
from bot.dms.model import Options, job_name
from bot.dms.rules import Action
from bot.policy import loader
from bot.policy.access import Access
from bot.requests.draft import RequestDraft
from bot.requests.renamed import rename_jobs
from bot.requests.rules import confirmation_phrase
from bot.store.cutover import Cutover, CutoverPlan, CutoverState
from bot.store.records import JobSnapshot, Request, RequestState
from sandbox.dms import DmsServer
from tests.jobs import a_job

from .command_service import CommandService, command_service, words
from .people import DANA, DECLARED, NOW, ROLES, groups_of

ALEX = replace(DANA, user="U0ALEX0001")
HERE, THERE = "demo-project", "acme-staging"
JOB = job_name(HERE, "europe-west1", "orders")
BEFORE, SINCE = ("prod", "staging"), ("staging", "prod")


@contextmanager
def started(
    dms: DmsServer, path: Path, aliases: tuple[str, ...], approvals: int = 0
) -> Iterator[CommandService]:
    """The bot with these aliases; one alone is that of `THERE`, as `HERE` has left the settings."""
    ids = (HERE, THERE)[-len(aliases) :]
    projects = tuple(
        Project(id, alias, locations=("europe-west1",)) for id, alias in zip(ids, aliases, strict=True)
    )
    text = f'{ROLES}[[rule]]\nverbs = ["*"]\napprovals = {approvals}\nchannel = "C0APPROVE1"\n'
    policy = loader.parse(text, permissions=DECLARED, projects=Projects(projects))
    access = Access(groups_of=groups_of, policy=policy, clock=lambda: NOW)
    with command_service(dms, path, access, projects) as at:
        yield at


def asked(at: CommandService) -> Request:
    twin = a_job("orders", "RUNNING", "CDC", project=THERE)
    job = at.ctx.dms.get_job(JOB)
    at.ctx.store.save_known([JobSnapshot(each, NOW, NOW) for each in (job, twin)])
    at.ctx.approvals.creation.ask(DANA, RequestDraft(Action.PROMOTE, (job,), Options()))
    return read(at)


def read(at: CommandService) -> Request:
    (found,) = at.ctx.store.requests()
    return found


def confirm(at: CommandService, shown: Request, typed: str) -> Note | None:
    return at.ctx.approvals.confirmation.confirm(DANA, shown, typed=typed)


def approve(at: CommandService, shown: Request) -> Note | None:
    return at.ctx.approvals.approval.approve(ALEX, shown, sure=True)


def test_a_confirmation_of_another_projects_job_does_not_count(dms: DmsServer, tmp_path: Path) -> None:
    """Pressed after a restart, before the leader has renamed it."""
    with started(dms, tmp_path, BEFORE) as at:
        made = asked(at)
    assert confirmation_phrase(made) == "prod/europe-west1/orders"
    with started(dms, tmp_path, SINCE) as at:
        told = confirm(at, read(at), "prod/europe-west1/orders")
        assert told is not None
        assert "other names" in words(told)
        now = read(at)
        assert (now.state, confirmation_phrase(now)) == (
            RequestState.CONFIRMING,
            "staging/europe-west1/orders",
        )
        assert confirm(at, now, "staging/europe-west1/orders") is None
        assert read(at).state is not RequestState.CONFIRMING


def test_an_approval_of_another_projects_job_does_not_count(dms: DmsServer, tmp_path: Path) -> None:
    with started(dms, tmp_path, BEFORE, 1) as at:
        made = asked(at)
        assert confirm(at, made, confirmation_phrase(made)) is None
    with started(dms, tmp_path, SINCE, 1) as at:
        told = approve(at, read(at))
        assert told is not None
        assert "other names" in words(told)
        assert (read(at).state, at.ctx.store.decisions(made.id)) == (RequestState.APPROVING, ())
        assert approve(at, read(at)) is None
        assert read(at).state is not RequestState.APPROVING


def test_one_that_is_renamed_while_it_is_confirmed_stays_open(dms: DmsServer, tmp_path: Path) -> None:
    """By a leader that has other settings already."""
    with started(dms, tmp_path, BEFORE) as at:
        made = asked(at)
        swapped = (Project(HERE, "staging"), Project(THERE, "prod"))
        rename_jobs(at.ctx.store, Projects(swapped))
        told = confirm(at, made, confirmation_phrase(made))
        assert told is not None
        assert "other names" in words(told)
        now = read(at)
        assert now.state is RequestState.CONFIRMING
        assert confirmation_phrase(now) == "staging/europe-west1/orders"


def test_a_cutover_is_not_promoted_by_the_name_of_another_projects_job(
    dms: DmsServer, tmp_path: Path
) -> None:
    drained = Cutover(
        "c1",
        DANA.team,
        DANA,
        CutoverState.DRAINED,
        CutoverPlan((JOB,), {JOB: "prod/europe-west1/orders"}, commander=DANA.user),
        created=NOW,
        since=NOW,
    )
    with started(dms, tmp_path, SINCE) as at:
        at.ctx.store.add_cutover(drained)
        told = at.ctx.cutovers.press(DANA, "c1", "promote", "prod/europe-west1/orders")
        assert told is not None
        assert "other names" in words(told)
        now = at.ctx.store.cutover("c1")
        assert now is not None
        assert dict(now.plan.shown) == {JOB: "staging/europe-west1/orders"}
        again = at.ctx.cutovers.press(DANA, "c1", "promote", "staging/europe-west1/orders")
        assert "other names" not in words(again or Note(""))


@pytest.mark.parametrize("step", ["hold", "abort"])
def test_what_sends_nothing_is_not_held_up_by_a_name(dms: DmsServer, tmp_path: Path, step: str) -> None:
    plan = CutoverPlan((JOB,), {JOB: "prod/europe-west1/orders"}, commander=DANA.user)
    drained = Cutover("c1", DANA.team, DANA, CutoverState.DRAINED, plan, created=NOW, since=NOW)
    with started(dms, tmp_path, SINCE) as at:
        at.ctx.store.add_cutover(drained)
        assert at.ctx.cutovers.press(DANA, "c1", step, "why") is None


def test_no_second_press_is_asked_for_where_the_project_has_left_the_settings(
    dms: DmsServer, tmp_path: Path
) -> None:
    """Its jobs have other names then, too, but no press can continue."""
    plan = CutoverPlan((JOB,), {JOB: "prod/europe-west1/orders"}, commander=DANA.user)
    drained = Cutover("c1", DANA.team, DANA, CutoverState.DRAINED, plan, created=NOW, since=NOW)
    with started(dms, tmp_path, BEFORE, 1) as at:
        made = asked(at)
        at.ctx.store.add_cutover(drained)
    with started(dms, tmp_path, ("staging",), 1) as at:
        for told in (
            confirm(at, read(at), confirmation_phrase(made)),
            confirm(at, read(at), "not asked for"),
            at.ctx.cutovers.press(DANA, "c1", "promote", "prod/europe-west1/orders"),
            at.ctx.cutovers.press(DANA, "c1", "promote", f"{HERE}/europe-west1/orders"),
        ):
            assert told is not None
            assert words(told) == f"This bot serves the project {THERE}, not {HERE}. Nothing was sent."
        assert read(at).state is RequestState.CONFIRMING


def test_no_second_approval_is_asked_for_where_the_project_has_left_the_settings(
    dms: DmsServer, tmp_path: Path
) -> None:
    with started(dms, tmp_path, BEFORE, 1) as at:
        made = asked(at)
        assert confirm(at, made, confirmation_phrase(made)) is None
    with started(dms, tmp_path, ("staging",), 1) as at:
        told = approve(at, read(at))
        assert told is not None
        assert words(told) == f"This bot serves the project {THERE}, not {HERE}. Nothing was sent."
        assert (read(at).state, at.ctx.store.decisions(made.id)) == (RequestState.APPROVING, ())
