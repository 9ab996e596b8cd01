"""What is to do after a promotion, by engine."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cutover.checklist import checklist, pages
from bot.dms.model import Endpoint, Job
from bot.dms.rest_fields import RestFields
from bot.policy.model import ChecklistItem
from bot.policy.scope import Scope
from tests.jobs import a_job


def job(source: str, destination: str, provider: str = "CLOUDSQL", **more: Any) -> Job:
    return a_job(source=Endpoint("s", source), destination=Endpoint("d", destination, provider), **more)


POSTGRESQL = job("POSTGRESQL", "POSTGRESQL")
ALLOYDB = job("POSTGRESQL", "POSTGRESQL", "ALLOYDB")
MYSQL = job("MYSQL", "MYSQL")
ORACLE = job("ORACLE", "POSTGRESQL")
SQLSERVER = job("SQLSERVER", "SQLSERVER")

# What DMS's pages say has to be done by hand, a word of each: "Known limitations" (PostgreSQL), "Migration
# fidelity" and the page about DEFINER (MySQL), "Known limitations" and "Configure your destination" (Oracle).
SAID = [
    (
        POSTGRESQL,
        ["users", "sequences", "materialized views", "Large objects", "DDL", "primary key", "UPDATE"],
    ),
    (ALLOYDB, ["users", "sequences", "materialized views", "Read pools"]),
    (MYSQL, ["users", "DEFINER", "Terraform"]),
    (ORACLE, ["users", "foreign keys and triggers"]),
    (job("SQLSERVER", "POSTGRESQL"), ["users", "foreign keys and triggers"]),
    (SQLSERVER, ["logins", "agent jobs"]),
]
FOREIGN = {"DEFINER": [MYSQL], "materialized": [POSTGRESQL, ALLOYDB], "foreign keys": [ORACLE]}


@pytest.mark.parametrize(("shown", "words"), SAID)
def test_each_engine_has_what_its_pages_say(shown: Job, words: list[str]) -> None:
    texts = "\n".join(each.text for each in checklist([shown])).lower()
    assert [word for word in words if word.lower() not in texts] == []


@pytest.mark.parametrize("word", FOREIGN)
def test_no_engine_has_what_is_said_of_another(word: str) -> None:
    for shown in (POSTGRESQL, ALLOYDB, MYSQL, ORACLE, SQLSERVER):
        has = any(word in each.text for each in checklist([shown]))
        assert has == (shown in FOREIGN[word])


def test_a_failback_ends_at_the_old_source_and_not_in_google_cloud() -> None:
    """ "Failback migrations" (SQL Server to AlloyDB): "back to your original SQL Server source"."""
    texts = "\n".join(each.text for each in checklist([job("POSTGRESQL", "SQLSERVER", "")]))
    assert "Point the applications at the destination" in texts
    assert "Backups" not in texts
    assert "Read replicas" not in texts


def test_a_quick_start_job_copies_updates_by_its_replica_identity() -> None:
    quick = job("POSTGRESQL", "POSTGRESQL", rest=RestFields(native_logical=True))
    texts = "\n".join(each.text for each in checklist([quick]))
    assert "REPLICA IDENTITY" in texts
    assert "by hand" not in texts


def test_a_wave_has_each_item_once_but_what_is_seen_by_job() -> None:
    wave = [job("MYSQL", "MYSQL", id=f"shop-{number}") for number in range(10)]
    items = checklist(wave)
    assert len({(each.text, each.job) for each in items}) == len(items)
    by_people = [each for each in items if not each.check]
    assert len({each.text for each in by_people}) == len(by_people)
    assert sum(each.check == "completed" for each in items) == 10


def test_the_teams_own_list_takes_the_place_of_the_engines() -> None:
    own = [
        ChecklistItem("Restart the pools", Scope(jobs=("orders-db",))),
        ChecklistItem("Tell the shop", Scope(jobs=("orders-db",)), before_writes=False),
        ChecklistItem("For others", Scope(jobs=("sales-db",))),
    ]
    items = checklist([job("MYSQL", "MYSQL", id="orders-db")], own)
    by_people = [(each.text, each.blocking) for each in items if not each.check]
    assert by_people == [("Restart the pools", True), ("Tell the shop", False)]
    assert {each.check for each in items} == {"", "completed", "destination_ready"}
    other = checklist([job("MYSQL", "MYSQL", id="crm-db")], own)
    assert any("DEFINER" in each.text for each in other)


def test_every_item_fits_an_option_of_slack() -> None:
    shown = {each.text for found, _ in SAID for each in checklist([found])}
    assert max(map(len, shown)) <= 75
    assert set(pages()) & shown
