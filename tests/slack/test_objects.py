"""What a job's objects are called: a job from Oracle lists tables, and none of them is a database.

REST `MigrationJobObject`: "A specific Migration Job Object (e.g. a specifc DB Table)";
`SourceObjectIdentifier.type`: DATABASE, SCHEMA, TABLE, or not known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.cmdline.answers import DatabasesPage, JobCard
from bot.dms import convert
from bot.dms.advice import next_step
from bot.dms.model import Database, Endpoint, Fault, ObjectPhase
from bot.slack.render.answer import render
from tests.jobs import a_job
from tests.slack.checks import accepted, all_text

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
