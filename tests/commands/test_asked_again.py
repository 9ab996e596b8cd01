"""A button that offers the same again asks for all that was asked: when, why, and to be asked first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.cmdline.answers import Answer, EditForm, Note
from bot.cmdline.invocation import UsageError
from bot.dms.gateway import Gateway
from bot.dms.model import Options
from bot.dms.rules import Action
from bot.requests.draft import RequestDraft
from bot.requests.groups import asked_flags, mixed_statuses_answer
from bot.store.facts import RequestFacts
from bot.store.records import JobSnapshot, Request, Run, RunState
from bot.util.command import COMMAND
from sandbox.dms import DmsServer
from tests.commands.test_groups import CDC, DUMP, Refs
from tests.jobs import a_job
from tests.policy.command_service import CommandService, command_service, words
from tests.policy.people import DANA, NOW
from tests.policy.test_project_approvals import PROD, STAGING
from tests.policy.test_project_approvals import access as by_project

SATURDAY = datetime(2026, 12, 5, 1, tzinfo=UTC)
AT_NIGHT = "2026-12-05 02:00 +01:00"


def pressed(typing: CommandService, answer: Answer, label: str) -> dict[str, object]:
    """The flags of the command behind the button that begins with `label`."""
    assert isinstance(answer, Note), answer
    button = next(each for each in answer.buttons if each.label.startswith(label))
    token = typing.ctx.store.ref(DANA.team, button.ref)
    assert token is not None
    return dict(token.data["flags"])


def newest(typing: CommandService) -> Request:
    return typing.ctx.store.requests()[0]


@pytest.mark.parametrize(
    ("facts", "ask", "flags"),
    [
        (RequestFacts(), False, {}),
        (RequestFacts(due=SATURDAY, zone="Europe/Berlin"), False, {"at": AT_NIGHT}),
        (RequestFacts(due=SATURDAY, zone="UTC"), False, {"at": "2026-12-05 01:00 +00:00"}),
        (RequestFacts(when_drained=True, reason="CHG-1"), True, {"when-drained", "reason", "ask"}),
        # Since its approval: nobody named that time.
        (RequestFacts(due=SATURDAY, when_drained=True), False, {"when-drained"}),
    ],
)
def test_flags_say_what_was_asked(facts: RequestFacts, ask: bool, flags: dict[str, str] | set[str]) -> None:
    found = asked_flags(facts, ask=ask)
    assert (set(found) if isinstance(flags, set) else found) == flags


def test_each_group_is_asked_for_with_all_of_it() -> None:
    refs, asked = Refs(), asked_flags(RequestFacts(due=SATURDAY, zone="UTC", reason="move"), ask=True)
    assert mixed_statuses_answer(refs, Action.STOP, [CDC, DUMP], Options(), asked=asked)
    assert [each.flags for each in refs.stored] == [
        {"at": "2026-12-05 01:00 +00:00", "reason": "move", "ask": True}
    ] * 2


def test_one_job_of_several_is_not_stopped_unasked() -> None:
    refs = Refs()
    assert mixed_statuses_answer(refs, Action.STOP, [CDC, DUMP], Options())
    assert all(each.is_set("ask") for each in refs.stored)


def test_a_label_says_that_a_later_start_is_asked_about() -> None:
    jobs = [a_job("n", "NOT_STARTED"), CDC]
    at_once = mixed_statuses_answer(Refs(), Action.START, jobs, Options())
    later = mixed_statuses_answer(Refs(), Action.START, jobs, Options(), asked={"at": AT_NIGHT})
    assert at_once is not None
    assert later is not None
    assert later.buttons[0].label == f"{at_once.buttons[0].label}…"


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        (
            'stop orders waiting --at "Sat 02:00" --reason "disk swap"',
            {"at": "2026-03-07 02:00 +01:00", "reason": "disk swap", "ask": True},
        ),
        ("stop --all label.env=prod", {"ask": True}),
        ("promote orders waiting --when-drained", {"when-drained": True, "ask": True}),
    ],
)
def test_what_was_typed_is_offered_for_each_status(
    dms: DmsServer, typing: CommandService, line: str, flags: dict[str, object]
) -> None:
    where = {"location": "europe-west1", "frozen": True, "labels": {"env": "prod"}}
    dms.control.add_job("waiting", phase="FULL_DUMP", **where)
    dms.control.set_job("billing", labels={})
    assert pressed(typing, typing.type(line), f"{line.split()[0].capitalize()} 1 in Running · CDC") == flags


@pytest.mark.parametrize("line", ['stop state="not started" orders', 'stop --all state="not started" orders'])
def test_filters_beside_names_are_kept_in_the_advice(typing: CommandService, line: str) -> None:
    """Another filter than the one that was typed would be about other jobs."""
    with pytest.raises(UsageError) as told:
        typing.type(line)
    assert f'either `{COMMAND} stop --all state="not started"`, or' in str(told.value)


def test_a_busy_job_is_asked_for_again_with_all_of_it(typing: CommandService) -> None:
    job = next(each for each in typing.ctx.dms.list_jobs().jobs if each.id == "orders")
    typing.ctx.store.add_run(Run("r1", "q1", job.name, Action.STOP, RunState.FOLLOWING, "c", created=NOW))
    answer = typing.type('promote orders --when-drained --reason "CHG-1"')
    assert pressed(typing, answer, "Ask again") == {"when-drained": True, "reason": "CHG-1"}
    answer = typing.type("verify --all state=running")
    assert pressed(typing, answer, "Ask again") == {"ask": True}


def test_an_edit_is_asked_for_again_with_its_reason(typing: CommandService) -> None:
    job = next(each for each in typing.ctx.dms.list_jobs().jobs if each.id == "orders")
    typing.ctx.store.add_run(Run("r1", "q1", job.name, Action.STOP, RunState.FOLLOWING, "c", created=NOW))
    answer = typing.type('edit orders --only app --reason "CHG-1"')
    assert pressed(typing, answer, "Edit again…") == {"reason": "CHG-1"}
    form = typing.type('edit orders --reason "CHG-1"')
    assert isinstance(form, EditForm), form
    token = typing.ctx.store.ref(DANA.team, form.ref)
    assert token is not None
    assert token.data["flags"] == {"reason": "CHG-1"}, "what is chosen in the form is saved with it"


def test_an_edit_shows_what_is_wrong_with_the_job_as_lists_do(typing: CommandService) -> None:
    """To remove a database that failed is a way out ("Migration job statuses", PostgreSQL)."""
    job = next(each for each in typing.ctx.dms.list_jobs().jobs if each.id == "orders")
    snapshot = JobSnapshot(job, NOW, NOW, {"app": "FAILED/CDC/error: disk is full"})
    typing.ctx.store.save_known([snapshot])
    typing.type("edit orders --name Orders")
    assert newest(typing).facts.faulty == {job.name: True}


def test_each_project_is_asked_for_with_all_of_it(dms: DmsServer, tmp_path: Path) -> None:
    jobs = tuple(a_job(id, "FAILED", "CDC", project=project) for id, project in (("a", PROD), ("c", STAGING)))
    facts = RequestFacts(reason="CHG-1")
    with command_service(dms, tmp_path, by_project()) as at:
        answer = at.ctx.approvals.creation.ask(
            DANA, RequestDraft(Action.RESTART, jobs, Options(), facts=facts)
        )
        assert pressed(at, answer, "Restart 1 of prod") == {"reason": "CHG-1", "ask": True}


@pytest.mark.parametrize("engine", ["POSTGRESQL", "SQLSERVER"])
def test_what_waits_until_nothing_is_missing_waits_again(
    dms: DmsServer, typing: CommandService, engine: str
) -> None:
    dms.control.add_job(
        "sales",
        location="europe-west1",
        phase="CDC",
        frozen=True,
        source_engine=engine,
        destination_engine=engine,
        destination_provider="CLOUDSQL",
    )
    asked = typing.type('promote sales --at "Sat 02:00" --when-drained --reason "CHG-1"')
    assert not isinstance(asked, Note), words(asked)
    first = newest(typing)
    due = NOW + timedelta(days=6)
    typing.ctx.approvals.creation.move(DANA, first, due, "Europe/Berlin", "")
    moved = newest(typing)
    assert (moved.facts.due, moved.facts.when_drained, moved.facts.moves) == (due, True, first.id)
    answer = typing.ctx.approvals.creation.again(DANA, first.id, "")
    again = newest(typing)
    assert not isinstance(answer, Note), words(answer)
    assert (again.facts.due, again.facts.when_drained, again.facts.reason) == (None, True, "CHG-1")
    said = " ".join(again.warning)
    assert "once nothing is missing" in said
    assert "sent once it is confirmed and approved" not in said


def test_some_jobs_of_a_scheduled_request_are_not_moved_alone(dms: DmsServer, typing: CommandService) -> None:
    """They would be stopped twice: the first request would still be sent for all of its jobs."""
    typing.type('stop orders billing --at "Sat 02:00"')
    dms.control.set_job("billing", phase="FULL_DUMP")
    moved = typing.ctx.approvals.creation.move(DANA, newest(typing), NOW + timedelta(days=7), "UTC", "")
    assert isinstance(moved, Note)
    assert moved.buttons == ()
    assert "stays scheduled" in words(moved)
    again = typing.ctx.approvals.creation.again(DANA, newest(typing).id, "")
    assert pressed(typing, again, "Stop 1 in Running · CDC") == {"ask": True}


def test_the_request_of_a_cutover_is_planned_again(typing: CommandService) -> None:
    job = next(each for each in typing.ctx.dms.list_jobs().jobs if each.id == "orders")
    typing.type("promote orders --when-drained")
    asked = newest(typing)
    typing.ctx.store.add_request(replace(asked, id="cut", facts=replace(asked.facts, cutover="c1")))
    answer = typing.ctx.approvals.creation.again(DANA, "cut", "")
    assert isinstance(answer, Note)
    assert [(each.verb, each.step) for each in answer.buttons] == [("cutover", "run")]
    assert job.name in str(typing.ctx.store.ref(DANA.team, answer.buttons[0].ref))


def test_one_of_several_operations_is_cancelled_with_the_reason(
    dms: DmsServer, typing: CommandService
) -> None:
    dms.control.operation_seconds(36_000.0)
    job = next(each for each in typing.ctx.dms.list_jobs().jobs if each.id == "orders")
    gateway = cast(Gateway, typing.ctx.dms)
    gateway.verify(job)
    gateway.stop(job)
    flags = pressed(typing, typing.type('cancel orders --reason "CHG-1"'), "Cancel stop")
    assert flags == {"reason": "CHG-1", "operation": flags["operation"]}
