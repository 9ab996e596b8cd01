"""Which promotes are refused when they are planned, as they would never be sent with nobody there.

Expected values: "Finalize a migration" and "Migration job metrics" of each guide. Oracle's and SQL Server to
PostgreSQL's name no zero, SQL Server's delay has none, and Cloud Monitoring measures running jobs alone.
"""

from __future__ import annotations

import pytest

from bot.dms.model import Endpoint, Job, Options
from bot.dms.rules import Action
from bot.requests.draft import RequestDraft
from bot.requests.drain import never_sent
from bot.store.facts import RequestFacts
from bot.util.command import COMMAND
from tests.jobs import a_job
from tests.store.make import NOW


def job(source: str, to: str, state: str = "RUNNING", phase: str = "CDC") -> Job:
    return a_job("orders", state, phase, source=Endpoint("p/s", source), destination=Endpoint("p/d", to))


@pytest.mark.parametrize(
    ("planned", "at_a_time", "once_drained"),
    [
        (job("POSTGRESQL", "POSTGRESQL"), "", ""),
        (job("MYSQL", "MYSQL"), "", ""),
        (job("ORACLE", "POSTGRESQL"), "cutover orders", "cutover orders"),
        (job("SQLSERVER", "POSTGRESQL"), "cutover orders", "cutover orders"),
        (job("SQLSERVER", "SQLSERVER"), "promote orders --when-drained", ""),
        # Its final log was uploaded before, and only one that was uploaded after that time shows that all has
        # arrived (`bot.dms.drained`).
        (job("SQLSERVER", "SQLSERVER", phase="READY_FOR_PROMOTE"), "promote orders", "promote orders"),
        (job("POSTGRESQL", "SQLSERVER"), "promote orders", "promote orders"),
        # What may be Oracle or SQL Server: the profiles cannot be read.
        (job("", ""), "promote orders", "promote orders"),
        (job("", "POSTGRESQL"), "promote orders", "promote orders"),
        (job("POSTGRESQL", ""), "promote orders", "promote orders"),
        (job("SQLSERVER", ""), "promote orders", "promote orders"),
        (job("MARIADB", "MYSQL"), "promote orders", "promote orders"),
        (job("POSTGRESQL", "POSTGRESQL", "STOPPED"), "promote orders", "promote orders"),
        (job("MYSQL", "MYSQL", "FAILED"), "promote orders", "promote orders"),
    ],
)
def test_a_promote_that_could_never_be_sent_names_what_to_type_instead(
    planned: Job, at_a_time: str, once_drained: str
) -> None:
    for when_drained, instead in ((False, at_a_time), (True, once_drained)):
        why = never_sent(planned, when_drained=when_drained)
        assert bool(why) is bool(instead), why
        assert not instead or f"`{COMMAND} {instead}`" in why


@pytest.mark.parametrize(
    ("action", "options", "facts", "unattended"),
    [
        (Action.PROMOTE, Options(), RequestFacts(due=NOW), True),
        (Action.PROMOTE, Options(), RequestFacts(when_drained=True), True),
        (Action.PROMOTE, Options(), RequestFacts(), False),
        (Action.PROMOTE, Options(), RequestFacts(due=NOW, cutover="c1"), False),
        (Action.PROMOTE, Options(failback=True), RequestFacts(due=NOW), False),
        (Action.STOP, Options(), RequestFacts(due=NOW), False),
    ],
)
def test_nobody_is_there_for_a_promote_that_is_planned_without_a_cutover(
    action: Action, options: Options, facts: RequestFacts, unattended: bool
) -> None:
    draft = RequestDraft(action, (job("POSTGRESQL", "POSTGRESQL"),), options, facts=facts)
    assert draft.is_promoted_unattended is unattended
