"""Names that no job has: what was there once, what may be meant, and what is never offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cmdline.answers import JobCard, Note
from bot.dms.model import Job, job_name
from bot.store.records import AuditEntry, Event, JobSnapshot
from sandbox.dms import DmsServer
from tests.policy.command_service import PLACES, PROJECT, CommandService, command_service, labels, words
from tests.policy.people import ADMIN, DANA, NOW, QUINN, ROLES, access
from tests.store.raw import Raw

DELETED = NOW - timedelta(hours=3)
QUIET = '[[rule]]\nname = "quiet"\nverbs = ["view"]\njobs = ["bilings"]\nallow = ["operator"]\n'
SECRET = """
[[rule]]
name = "open"
verbs = ["view"]
jobs = ["open-*"]
[[rule]]
name = "secret"
verbs = ["view"]
labels = { secret = "yes" }
allow = ["admin"]
"""
PRIVATE = '[[rule]]\nname = "private"\nverbs = ["history"]\njobs = ["bill*"]\nallow = ["admin"]\n'


def full(job: str, place: str = PLACES[0]) -> str:
    return job_name(PROJECT, place, job)


def known(at: CommandService, *jobs: str) -> None:
    """As the watcher saves them; `billing` has a display name."""
    found = [Job(full(each), NOW, "RUNNING", "CDC", display_name=f"{each} Account") for each in jobs]
    at.ctx.store.save_known([JobSnapshot(each, NOW, NOW) for each in found])


def deleted(at: CommandService, job: str, place: str = PLACES[0]) -> None:
    """As the watcher tells of a job that the service lists no more."""
    at.ctx.store.add_event(Event(full(job, place), DELETED - timedelta(days=9), DELETED, "deleted"))


@pytest.mark.parametrize("verb", ["delete", "restart", "stop", "show", "databases"])
def test_of_a_job_that_was_deleted_it_is_said_when(typing: CommandService, verb: str) -> None:
    deleted(typing, "billings")
    answer = typing.type(f"{verb} billings")
    assert words(answer) == f"`billings` is gone: it was deleted {DELETED}."
    assert labels(answer) == []


def test_a_job_that_was_deleted_from_here_has_a_history(typing: CommandService) -> None:
    for event in ("requested", "calling", "succeeded"):
        typing.ctx.store.append_audit(
            AuditEntry(DELETED, event, action="delete", job=full("billings"), user=DANA.user)
        )
    answer = typing.type(f"delete {PLACES[0]}/billings")
    assert words(answer) == (
        f"`billings` is gone: it was deleted {DELETED}. `/dms history billings` shows more."
    )
    assert "*succeeded*: delete" in words(typing.type("history billings"))


def test_what_the_watcher_has_not_missed_yet_is_gone_all_the_same(typing: CommandService) -> None:
    typing.ctx.store.save_known([JobSnapshot(Job(full("billings"), NOW, "RUNNING", "CDC"), NOW, NOW)])
    answer = typing.type("promote billings")
    assert words(answer) == "`billings` is gone: the service no longer has it."
    assert labels(answer) == []


def test_twins_that_are_gone_are_told_apart(typing: CommandService) -> None:
    for place in PLACES:
        deleted(typing, "twin", place)
    told = words(typing.type("delete twin"))
    assert [f"`{place}/twin` is gone" in told for place in PLACES] == [True, True]


def test_a_location_that_does_not_answer_may_have_it_still(typing: CommandService, dms: DmsServer) -> None:
    deleted(typing, "billings")
    dms.control.location_unreachable(PLACES[0])
    told = words(typing.type("delete billings"))
    assert "is gone" not in told
    assert f"I cannot tell whether there is a job `billings`: {PLACES[0]} does not answer." in told
    assert told.endswith("Try again in a minute.")


def test_a_location_that_refuses_to_answer_is_not_tried_again(typing: CommandService, dms: DmsServer) -> None:
    """It refuses until somebody changes the bot's permissions."""
    dms.control.project_condition("demo-project", "DENIED")
    try:
        answer = typing.type("delete billings")
    finally:
        dms.control.project_condition("demo-project", None)
    told = words(answer)
    assert "I cannot tell whether there is a job `billings`" in told
    assert "Try again" not in told
    assert labels(answer) == []


def test_one_that_was_kept_from_a_person_is_not_told_of(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(ROLES + QUIET)) as ruled:
        deleted(ruled, "bilings")
        assert "`bilings` is gone" in words(ruled.type("show bilings", DANA))
        assert "There is no migration job `bilings`" in words(ruled.type("show bilings", QUINN))


def test_one_whose_labels_nobody_knows_any_more_is_not_told_of(dms: DmsServer, tmp_path: Path) -> None:
    secret = Job(full("merger-acme"), NOW, "RUNNING", "CDC", labels=(("secret", "yes"),))
    with command_service(dms, tmp_path, access(ROLES + SECRET)) as ruled:
        ruled.ctx.store.save_known([JobSnapshot(secret, NOW, NOW)])
        for name in (secret.name, full("open-db")):
            ruled.ctx.store.append_audit(AuditEntry(at=DELETED, event="frozen", action="freeze", job=name))
        deleted(ruled, "merger-acme")
        deleted(ruled, "open-db")
        ruled.ctx.store.forget_job(secret.name)
        for line in ("show merger-acme", "stop merger-acme", "history merger-acme"):
            assert "There is no migration job `merger-acme`" in words(ruled.type(line, QUINN))
        assert "merger-acme" not in words(ruled.type("history", QUINN))
        assert "`merger-acme` is gone" in words(ruled.type("show merger-acme", ADMIN))
        assert "`open-db` is gone" in words(ruled.type("show open-db", QUINN)), "whatever its labels were"
        assert "open-db" in words(ruled.type("history", QUINN))


def test_a_history_is_spoken_of_to_those_who_may_read_it(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(ROLES + PRIVATE)) as ruled:
        deleted(ruled, "billings")
        ruled.ctx.store.append_audit(AuditEntry(at=DELETED, event="frozen", job=full("billings")))
        gone = f"`billings` is gone: it was deleted {DELETED}."
        assert words(ruled.type("show billings", ADMIN)) == f"{gone} `/dms history billings` shows more."
        assert words(ruled.type("show billings", QUINN)) == gone


@pytest.mark.parametrize("typed", ["biling", "biilling", "bililng", "billimg"])
def test_a_slip_of_the_finger_is_offered_to_be_changed(typing: CommandService, typed: str) -> None:
    answer = typing.type(f"delete {typed}")
    assert "Did you mean `billing`?" in words(answer)
    assert labels(answer) == ["delete billing"]


@pytest.mark.parametrize("typed", ["bil", "bill", "Bill"])
@pytest.mark.parametrize("verb", ["delete", "stop"])
def test_a_beginning_is_asked_about_before_a_change(typing: CommandService, verb: str, typed: str) -> None:
    known(typing, "billing", "orders")
    answer = typing.type(f"{verb} {typed}")
    assert f"There is no migration job with the ID `{typed.lower()}`. Did you mean `billing`?" in words(
        answer
    )
    assert labels(answer) == [f"{verb} billing"]


def test_what_begins_with_it_is_shown_if_it_is_the_only_one(typing: CommandService) -> None:
    known(typing, "billing", "orders", "orders-eu")
    for typed in ("bill", "BILL", f"{PLACES[0]}/billi", "Billing account"):
        card = typing.type(f"show {typed}")
        assert isinstance(card, JobCard)
        assert card.job.id == "billing"
    several = typing.type("show ord")
    assert "2 jobs match `ord`. Did you mean `orders`, `orders-eu`?" in words(several)
    assert labels(several) == ["show orders", "show orders-eu"]
    whole = typing.type("show orders")
    assert isinstance(whole, JobCard)
    assert "no migration job `bi`" in words(typing.type("show bi")), "too short"
    assert f"`{PLACES[1]}/bill`" in words(typing.type(f"show {PLACES[1]}/bill"))


def test_a_name_of_several_words_that_is_nearly_right_is_asked_about(typing: CommandService) -> None:
    known(typing, "billing", "orders")
    answer = typing.type("show billing acount")
    assert labels(answer) == ["show billing"]
    assert labels(typing.type("show orders please")) == ["show orders"]
    assert "There is no migration job with the display name" in words(typing.type("show no such thing"))


def test_a_job_whose_row_cannot_be_read_keeps_no_other_from_being_found(
    typing: CommandService, tmp_path: Path
) -> None:
    known(typing, "billing", "orders")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '[' WHERE job_id = 'orders'")
    assert isinstance(typing.type("show billing account"), JobCard)
    assert isinstance(typing.type("show bill"), JobCard)
    assert "(1 job cannot be read)" in words(typing.type("show no such thing"))


def test_neither_a_beginning_nor_a_display_name_reveals_a_job(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(ROLES + SECRET)) as ruled:
        secret = Job(full("merger-acme"), NOW, "RUNNING", "CDC", labels=(("secret", "yes"),))
        secret = replace(secret, display_name="Big merger")
        ruled.ctx.store.save_known([JobSnapshot(secret, NOW, NOW)])
        for line in ("show merg", "stop merg", "delete merg", "show big merger", "show bigg merger"):
            answer = ruled.type(line, QUINN)
            assert "merger-acme" not in words(answer)
            assert labels(answer) == []
        assert labels(ruled.type("stop merg", ADMIN)) == ["stop merger-acme"]
        assert "that you may see" in words(ruled.type("show big merger", QUINN))
        assert labels(ruled.type("show bigg merger", ADMIN)) == ["show merger-acme"]


@pytest.mark.parametrize("typed", ["bililgn", "billing-db", "order"])
@pytest.mark.parametrize("verb", ["delete", "restart", "promote", "stop", "edit", "freeze"])
def test_what_only_looks_alike_is_not_offered_to_be_changed(
    typing: CommandService, verb: str, typed: str
) -> None:
    more = ' --until 2h --reason "month end"' if verb == "freeze" else ""
    answer = typing.type(f"{verb} {typed}{more}")
    if typed == "order":
        assert labels(answer) == [f"{verb} orders"]
        return
    assert isinstance(answer, Note)
    assert "Did you mean" not in words(answer)
    assert answer.buttons == ()


def test_a_job_of_another_location_is_offered_with_it(typing: CommandService) -> None:
    answer = typing.type(f"delete {PLACES[1]}/billing")
    assert f"Did you mean `{PLACES[0]}/billing`?" in words(answer)
    assert labels(answer) == [f"delete {PLACES[0]}/billing"]


def test_what_looks_alike_is_offered_to_look_at(typing: CommandService) -> None:
    assert labels(typing.type("show billing-db")) == ["show billing"]


def test_numbers_tell_jobs_apart(typing: CommandService, dms: DmsServer) -> None:
    dms.control.add_job("shard-2", location=PLACES[0], phase="CDC", frozen=True)
    assert labels(typing.type("restart shard-1")) == []
    assert labels(typing.type("restart shad-2")) == ["restart shard-2"]


def test_names_are_those_that_the_watcher_knows(typing: CommandService) -> None:
    typing.ctx.store.save_known([JobSnapshot(Job(full("invoices"), NOW, "RUNNING", "CDC"), NOW, NOW)])
    assert labels(typing.type("show invoice")) == ["show invoices"]
    assert labels(typing.type("show billing-db")) == []
