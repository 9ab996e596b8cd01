"""Every suggested command names the job that was asked about, where its id is in two projects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.cmdline.answers import Note
from bot.cmdline.invocation import UsageError
from bot.cmdline.parser import parse
from bot.config.projects import Project, Projects
from bot.dms.model import job_name
from bot.policy.access import Access
from bot.slack.render.answer import render
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store.records import Event, JobSnapshot, OutMessage
from bot.util.command import DEFAULT, with_command
from commands.support.actions import known_names
from commands.support.command_service import CommandService
from sandbox.dms import DmsServer
from tests.jobs import a_job
from tests.policy.command_service import PROJECT, command_service, words
from tests.policy.people import ALEX, NOW, access

EUROPE, OTHER = "europe-west1", "demo-dev"
PROJECTS = (Project(PROJECT, "prod", (EUROPE,)), Project(OTHER, "dev", (EUROPE,)))
IDS = ("shop", "dumping", "draft")


@pytest.fixture
def typing(dms: DmsServer, tmp_path: Path) -> Iterator[Any]:
    dms.control.add_project(OTHER, EUROPE)
    for project in (PROJECT, OTHER):
        dms.control.add_job("shop", project=project, location=EUROPE, phase="CDC", frozen=True)
        dms.control.add_job("dumping", project=project, location=EUROPE, phase="FULL_DUMP", frozen=True)
        dms.control.add_job("draft", project=project, location=EUROPE, state="DRAFT", frozen=True)
    with command_service(dms, tmp_path, projects=PROJECTS) as made:
        jobs = made.ctx.dms.list_jobs().jobs
        made.ctx.store.save_known([JobSnapshot(each, NOW, NOW) for each in jobs])
        yield made
    dms.control.clear_faults()


def answered(typing: Any, line: str) -> str:
    """All that is shown for the command; for a request, what its message will show."""
    ctx = typing.ctx
    service = CommandService(ctx.verbs, lambda person, _url: replace(ctx, who=person))
    before = {each.id for each in ctx.store.requests(limit=50)}
    try:
        answer = service.answer(ALEX, parse(line, service.syntaxes), "")
        shown = json.dumps(render(answer).payload(), ensure_ascii=False)
    except UsageError as error:
        shown = str(error)
    made = [each for each in ctx.store.requests(limit=50) if each.id not in before]
    return "\n".join([shown, *(line for each in made for line in (*each.warning, each.facts.effect))])


def suggested(shown: str) -> list[str]:
    """The commands in a text that are about a job of `IDS`."""
    found = re.findall(r"`(/dms [^`]+)`", with_command(shown, DEFAULT))
    return [each for each in found if re.search(rf"\b({'|'.join(IDS)})\b", each)]


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("show dev/europe-west1/shop --more", True),
        ("show dev/europe-west1/dumping", False),
        ("restart dev/europe-west1/dumping", True),
        ("restart dev/europe-west1/shop --databases nosuch", True),
        ("restart dev/europe-west1/shop", False),
        ("stop dev/europe-west1/draft", False),
        ("promote dev/europe-west1/shop", False),
        ("stop dev/europe-west1/shop", False),
        ("promote dev/europe-west1/shop --databases nosuch", True),
        ("promote dev/europe-west1/draft", False),
        ("delay dev/europe-west1/shop", False),
        ("history dev/europe-west1/shop", True),
        ("verify dev/europe-west1/shop --with", False),
    ],
)
def test_a_command_names_the_job_that_was_asked_about(typing: Any, line: str, some: bool) -> None:
    found = suggested(answered(typing, line))
    assert bool(found) or not some
    for each in found:
        assert re.search(rf" dev/{EUROPE}/({'|'.join(IDS)})\b", each), each


@pytest.mark.parametrize(
    "line",
    [
        'freeze "Orders DB"',
        'freeze "Orders DB" --until 2h',
        'restart "Orders DB" --all state=failed',
        'history "Orders DB" --all',
        'edit "Orders DB" --all x',
    ],
)
def test_a_display_name_is_suggested_as_one(typing: Any, line: str) -> None:
    """Without its quotes, the job `orders` would be meant, or none."""
    grammar = {name: verb.grammar for name, verb in typing.ctx.verbs.items()}
    with pytest.raises(UsageError) as refused:
        typing.type(line)
    found = re.findall(r"`/dms ([^`]+)`", with_command(str(refused.value), DEFAULT))
    named = [each for each in found if "Orders" in each]
    assert named
    for each in named:
        assert parse(each, grammar).jobs == ("Orders DB",)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("app, shop", "in quotes, a comma belongs to the name: write `app,shop` without them"),
        ("\u0430pp", "`\u0430⟨U+0430⟩pp` (did you mean `app`?)"),
    ],
)
def test_a_name_that_looks_as_if_it_were_there_says_what_is_wrong_with_it(name: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        known_names(a_job(), [name], ["app", "shop"])
    assert told in str(refused.value)


@pytest.mark.parametrize("verb", ["restart", "promote"])
@pytest.mark.parametrize("name", ["other", "aap"])
def test_no_name_is_corrected_for_what_the_job_refuses(
    dms: DmsServer, tmp_path: Path, verb: str, name: str
) -> None:
    """The corrected command would be refused for the state of the job."""
    dms.control.add_job(
        "draft", location=EUROPE, state="DRAFT", databases=["app"], source_databases=["app", "other"]
    )
    with command_service(dms, tmp_path) as made:
        answer = made.type(f"{verb} draft --databases {name}")
        assert isinstance(answer, Note)
        assert "`draft` is draft" in words(answer)


@pytest.mark.parametrize(("state", "may"), [("RUNNING", False), ("STOPPED", True)])
def test_a_database_is_added_only_where_the_job_takes_it(
    dms: DmsServer, tmp_path: Path, state: str, may: bool
) -> None:
    """Source: "Manage migration jobs" (MySQL): in NOT_STARTED, STOPPED or FAILED."""
    mysql = {"source_engine": "MYSQL", "destination_engine": "MYSQL", "destination_provider": "CLOUDSQL"}
    sources = {"databases": ["app"], "source_databases": ["app", "other"]}
    dms.control.add_job("shop", location=EUROPE, state=state, phase="CDC", frozen=True, **mysql, **sources)
    with command_service(dms, tmp_path) as made:
        with pytest.raises(UsageError) as refused:
            made.type("promote shop --databases other")
        told = with_command(str(refused.value), DEFAULT)
        assert ("`/dms edit shop --add other` adds it." in told) is may
        assert ("only in NOT_STARTED, STOPPED or FAILED" in told) is not may
        made.type("verify shop --with --add other")
        (request,) = made.ctx.store.requests()
        saves = "`/dms edit shop` with the same flags saves it" in with_command(request.facts.effect, DEFAULT)
        assert saves is may


def test_an_alert_names_its_job(typing: Any) -> None:
    store = typing.ctx.store
    name = job_name(OTHER, EUROPE, "shop")
    job = store.known_job(name).job
    event = store.add_event(Event(name, job.create_time, NOW, "delayed", after=job.status, detail="600 s"))
    alert = OutMessage("alert:1", "C1", "alert", {"event": event.id}, created=NOW)
    policy = replace(access().policy, projects=Projects(PROJECTS))
    shown = OutboxRenderer(store, Access(policy=policy), "T1", lambda: NOW).render(alert)
    assert shown is not None
    payload = json.dumps(shown.payload(), ensure_ascii=False)
    assert suggested(payload) == [f"/dms delay dev/{EUROPE}/shop"]
