"""What a job's objects are called: a job from Oracle lists tables, and none of them is a database.

REST `MigrationJobObject`: "A specific Migration Job Object (e.g. a specifc DB Table)";
`SourceObjectIdentifier.type`: DATABASE, SCHEMA, TABLE, or not known.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.cmdline.answers import DatabasesPage, JobCard
from bot.dms import convert
from bot.dms.advice import next_step
from bot.dms.likely_causes import likely_cause
from bot.dms.model import Database, Endpoint, Fault, ObjectPhase
from bot.dms.running_errors import databases_of
from bot.slack.render import alerts, event_labels
from bot.slack.render.answer import render
from bot.slack.render.flapping import flapping
from bot.slack.render.mass_failure import FailedJob, mass_failure
from bot.slack.render.timeline import event_detail, timeline
from bot.store.records import Event
from tests.jobs import a_job
from tests.slack.checks import accepted, all_text
from tests.slack.makers import NOW

JOB = a_job(phase="CDC", source=Endpoint("s", "ORACLE"), destination=Endpoint("d", "POSTGRESQL", "CLOUDSQL"))


def objects(*identifiers: dict[str, str], state: str = "RUNNING") -> tuple[Database, ...]:
    bodies: list[dict[str, Any]] = [{"sourceObject": each, "state": state} for each in identifiers]
    return tuple(map(convert.database, bodies))


def table(name: str) -> dict[str, str]:
    return {"type": "TABLE", "schema": "HR", "table": name}


def card(databases: tuple[Database, ...]) -> str:
    shown = JobCard(JOB, "https://console.example.com", databases, next_step=next_step(JOB, databases))
    modal = replace(shown, more=())
    return "\n".join(all_text(accepted(render(each))) for each in (shown, modal))


TABLES = objects(table("EMPLOYEES"), table("JOBS"))


def test_tables_are_no_databases() -> None:
    text = card(TABLES)
    assert "2 tables, all running" in text
    assert "database" not in text


def test_a_table_that_failed() -> None:
    failed = replace(TABLES[0], state="FAILED", error=Fault(9, "it broke"))
    text = card((failed, *TABLES[1:]))
    assert "1 of 2 tables failed" in text
    assert "One table has failed while the others continue" in text
    assert "its table failed" in card((failed,))


def test_a_table_that_failed_is_none_in_news_either() -> None:
    """The watcher keeps names alone, and with them the alert and the job's message are rendered."""
    failed = databases_of({"HR.EMPLOYEES": "FAILED/CDC/", "HR.JOBS": "RUNNING/CDC/"})
    event = Event(JOB.name, JOB.create_time, NOW, "database_failed", after="HR.EMPLOYEES", id=1)
    message = timeline(JOB, [event], next_step=next_step(JOB, failed), with_errors=True, databases=failed)
    for text in map(all_text, map(accepted, (alerts.alert(event, JOB, databases=failed), message))):
        assert "One object has failed while the others continue" in text
        assert not re.search(r"\bdatabases?\b(?! orders-db|-)", text), text
    assert "1 of 2 objects failed" in all_text(accepted(message))


def test_a_database_with_a_dot_in_its_name_is_one_in_news() -> None:
    """A quoted identifier of MySQL takes the full Unicode BMP but for U+0000:
    https://dev.mysql.com/doc/refman/8.4/en/identifiers.html. The engines of the job decide."""
    mysql = replace(JOB, source=Endpoint("s", "MYSQL"), destination=Endpoint("d", "MYSQL", "CLOUDSQL"))
    statuses = {"shop.eu": "FAILED/CDC/", "shop": "RUNNING/CDC/"}
    event = Event(JOB.name, JOB.create_time, NOW, "database_failed", after="shop.eu", id=1)
    over = replace(
        event, kind="cleared", before="database_failed", after="", detail="No longer failed: shop.eu."
    )
    failed = databases_of(statuses, mysql)
    message = timeline(mysql, [event, over], with_errors=True, databases=failed)
    one = alerts.alert(event, mysql, databases=failed), event_detail(over, mysql), flapping([event], mysql)
    for text in map(all_text, map(accepted, (*one, message))):
        assert re.search(r"\bdatabases? failed|failure of databases", text, re.IGNORECASE), text
        assert "object" not in text.lower(), text
    plain = databases_of({"EMPLOYEES": "FAILED/CDC/"}, JOB)
    assert plain[0].id.type != "DATABASE", "a table of Oracle, whatever its name is"


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ([{"database": "a"}, {"database": "b"}], "2 databases, all running"),
        ([{"type": "SCHEMA", "schema": "HR"}], "1 schema, running"),
        ([table("A"), {"type": "SCHEMA", "schema": "HR"}], "2 objects, all running"),
        ([{"type": "MIGRATION_JOB_OBJECT_TYPE_UNSPECIFIED", "table": "A"}], "1 object, running"),
        ([{"type": "NEWER", "table": "A"}], "1 object, running"),
    ],
)
def test_each_kind_has_its_name(listed: list[dict[str, str]], says: str) -> None:
    assert says in card(objects(*listed))


def test_the_list_of_them() -> None:
    page = DatabasesPage(JOB, TABLES, {"RUNNING": 40}, total=40, page=1, pages=2, dumped=(1, 40))
    text = all_text(accepted(render(page)))
    assert "40 tables of orders-db" in text
    assert "tables done" in text


@pytest.mark.parametrize("phase", list(ObjectPhase))
def test_phases_of_databases_are_words(phase: ObjectPhase) -> None:
    """SQL Server's databases have phases of their own: `MigrationJobObject.phase` (REST)."""
    databases = (replace(TABLES[0], phase=phase),)
    text = all_text(accepted(render(DatabasesPage(JOB, databases, {"RUNNING": 1}, total=1, page=1, pages=1))))
    assert phase.value not in text.replace("CDC", "" if phase is ObjectPhase.CDC else "CDC")


def test_a_job_that_will_wait_for_the_writes_says_so_before_it_starts() -> None:
    """ "Migrate from MySQL on RDS (Aurora) without SUPERUSER privileges"."""
    mysql = replace(JOB, state="NOT_STARTED", phase="", source=Endpoint("s", "MYSQL", "RDS"))
    assert "stop the writes to the source" in next_step(mysql)
    assert "stop the writes" not in next_step(replace(mysql, source=Endpoint("s", "MYSQL", "CLOUDSQL")))


@pytest.mark.parametrize("kind", ["database_failed", "database_error"])
@pytest.mark.parametrize(
    ("names", "noun"),
    [
        ("HR.EMPLOYEES, HR.JOBS", "objects"),
        ("ORCL.HR.EMPLOYEES and 3 more", "objects"),
        ("billing", "databases"),
        ("billing, sales and 3 more", "databases"),
    ],
)
def test_news_of_objects_call_them_what_they_are(kind: str, names: str, noun: str) -> None:
    """Events hold names alone, those that older versions saved, too."""
    came = Event(JOB.name, JOB.create_time, NOW, kind, after=names, detail=f"{names}: it broke. Look.", id=1)
    over = replace(came, kind="cleared", before=kind, after="", detail=f"No longer failed: {names}.", id=2)
    said = [
        all_text(accepted(alerts.alert(came, None))),
        all_text(accepted(alerts.digest([came]))),
        event_labels.line(came),
        all_text(accepted(alerts.alert(over, None))),
        all_text(accepted(alerts.digest([over]))),
        event_labels.line(over),
    ]
    for text in said:
        assert noun in text.lower(), text
        assert ({"databases", "objects"} - {noun}).pop() not in text.lower(), text


def test_what_an_unknown_warning_was_is_shown_as_it_is() -> None:
    over = Event(JOB.name, JOB.create_time, NOW, "cleared", before="{newer}", id=1)
    assert "{newer}" in event_labels.headline(over)


@pytest.mark.parametrize("engine", ["POSTGRESQL", "ORACLE"])
def test_that_a_stopped_dump_cannot_resume_is_said_once(engine: str) -> None:
    stopped = replace(JOB, state="STOPPED", phase="FULL_DUMP", source=Endpoint("s", engine))
    event = Event(JOB.name, JOB.create_time, NOW, "stuck", after=stopped.status, id=1)
    text = all_text(accepted(alerts.alert(event, stopped)))
    assert text.count("cannot resume") == 1, text
    assert "*Act now*: restart or delete it." in text
    assert ("Until then, WAL piles up" in text) is (engine == "POSTGRESQL")


FAILURE = Event(
    JOB.name, JOB.create_time, NOW, "changed", after="FAILED/CDC", detail="(SQLSTATE 40P01)", id=1
)


def test_a_job_that_was_deleted_has_not_recovered() -> None:
    gone, well = FailedJob(FAILURE, None, over=True), FailedJob(FAILURE, JOB, over=True)
    for several, says in (
        ((gone, gone), "▫️ 2 jobs failed within a minute: 2 deleted"),
        ((well, gone), "▫️ 2 jobs failed within a minute: 1 recovered, 1 deleted"),
        ((well, well), "🟢 2 jobs failed within a minute, and all recovered"),
        (
            (gone, FailedJob(FAILURE, JOB, over=False)),
            "🔴 2 jobs failed within a minute: 1 deleted, 1 failed",
        ),
    ):
        assert accepted(mass_failure(several))["text"] == says


def test_a_cause_that_no_page_lists_is_not_said_to_be_documented() -> None:
    cause = likely_cause(FAILURE.detail, JOB)
    assert cause is not None
    assert not cause.documented
    text = all_text(accepted(mass_failure([FailedJob(FAILURE, JOB, over=False)])))
    assert "*Likely cause* (the docs do not list it)" in text
