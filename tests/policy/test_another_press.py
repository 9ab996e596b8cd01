"""Another press is asked for only where it can count: what speaks against every press is said first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.cmdline.answers import Note
from bot.dms.model import Options, job_name
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.requests.draft import RequestDraft
from bot.requests.rules import confirmation_phrase
from bot.requests.wording import ended_text
from bot.store.facts import RequestFacts
from bot.store.records import EVERY_JOB, Freeze, Request, RequestState
from sandbox.dms import DmsServer

from .command_service import PROJECT, CommandService, command_service, words
from .people import DANA, NOW, ROLES, access

ALEX = replace(DANA, user="U0ALEX0001")
JOB = job_name(PROJECT, "europe-west1", "orders")
OLD = timedelta(minutes=10)
"""After so long, the delay that a request shows is measured again."""


class Clock:
    at = NOW

    def __call__(self) -> datetime:
        return self.at


def rights(approvals: int) -> Access:
    return access(f'{ROLES}[[rule]]\nverbs = ["*"]\napprovals = {approvals}\nchannel = "C0APPROVE1"\n')


@contextmanager
def started(dms: DmsServer, path: Path, clock: Clock, approvals: int = 0) -> Iterator[CommandService]:
    with command_service(dms, path, rights(approvals), clock=clock) as at:
        yield at


def asked(at: CommandService, action: Action = Action.PROMOTE, facts: RequestFacts | None = None) -> None:
    job = at.ctx.dms.get_job(JOB)
    at.ctx.approvals.creation.ask(
        DANA, RequestDraft(action, (job,), Options(), facts=facts or RequestFacts())
    )


def read(at: CommandService) -> Request:
    (found,) = at.ctx.store.requests()
    return found


def freeze(at: CommandService, clock: Clock, **lasts: float) -> None:
    until = clock.at + timedelta(**lasts)
    at.ctx.store.add_freeze(Freeze("f1", JOB, until, "month end", "U0SAM00001", clock.at))


def confirm(at: CommandService) -> str:
    shown = read(at)
    told = at.ctx.approvals.confirmation.confirm(DANA, shown, typed=confirmation_phrase(shown))
    return "" if told is None else words(told)


def approve(at: CommandService) -> str:
    told = at.ctx.approvals.approval.approve(ALEX, read(at), sure=True)
    return "" if told is None else words(told)


@pytest.mark.parametrize(
    ("lasts", "way"),
    [
        (1, "Nothing was done; press again after that."),
        (60, "press again if it is lifted, else it has to be requested again."),
    ],
)
@pytest.mark.parametrize("approvals", [0, 1])
def test_a_freeze_is_told_before_an_old_delay(
    dms: DmsServer, tmp_path: Path, lasts: float, way: str, approvals: int
) -> None:
    """The next press would be refused, whatever the delay is; so would all until the request expires."""
    clock = Clock()
    with started(dms, tmp_path, clock, approvals) as at:
        asked(at)
        if approvals:
            assert confirm(at) == ""
            lasts *= 10  # the time to approve is longer
        clock.at += OLD
        freeze(at, clock, minutes=lasts)
        told = approve(at) if approvals else confirm(at)
        assert told.startswith("`orders` is frozen until ")
        assert told.endswith(way)
        assert read(at).state is (RequestState.APPROVING if approvals else RequestState.CONFIRMING)


@pytest.mark.parametrize(("cutover", "again"), [("", "requested"), ("c1", "planned")])
def test_a_freeze_of_its_time_outlasts_a_request(
    dms: DmsServer, tmp_path: Path, cutover: str, again: str
) -> None:
    """It can be approved until its time, and the freeze ends later."""
    clock = Clock()
    with started(dms, tmp_path, clock, 1) as at:
        facts = RequestFacts(due=NOW + timedelta(hours=1), zone="UTC", cutover=cutover)
        asked(at, facts=facts)
        assert confirm(at) == ""
        freeze(at, clock, hours=2)
        told = approve(at)
        assert "The request expires before that" in told
        assert f"it has to be {again} again" in told


def test_the_freeze_that_ends_last_is_told(dms: DmsServer, tmp_path: Path) -> None:
    clock = Clock()
    with started(dms, tmp_path, clock) as at:
        asked(at)
        freeze(at, clock, minutes=1)
        until = clock.at + timedelta(hours=10)
        at.ctx.store.add_freeze(Freeze("f2", EVERY_JOB, until, "audit", "U0SAM00001", clock.at))
        told = confirm(at)
        assert "audit" in told
        assert "The request expires before that" in told


def test_who_has_approved_is_not_asked_to_press_again(dms: DmsServer, tmp_path: Path) -> None:
    clock = Clock()
    with started(dms, tmp_path, clock, 2) as at:
        asked(at)
        assert confirm(at) == ""
        assert approve(at) == ""
        clock.at += OLD
        assert approve(at) == "You already approved this."


def test_that_nobody_would_see_it_is_told_before_an_old_delay(dms: DmsServer, tmp_path: Path) -> None:
    """The policy asks for an approval since it was requested, in no channel that may see the job."""
    clock = Clock()
    with started(dms, tmp_path, clock) as at:
        asked(at)
    clock.at += OLD
    shown_to = f'[[rule]]\nverbs = ["view"]\nallow = ["{DANA.user}"]\n'
    hidden = access(f'{ROLES}{shown_to}[[rule]]\nverbs = ["*"]\napprovals = 1\n')
    with command_service(dms, tmp_path, hidden, clock=clock) as at:
        told = confirm(at)
        assert told.startswith("Nothing was requested: it needs an approval, and approvers would not see it.")


def test_a_reason_is_not_asked_for_where_the_job_has_changed(dms: DmsServer, tmp_path: Path) -> None:
    with started(dms, tmp_path, Clock()) as at:
        asked(at)
    dms.control.set_job("orders", state="STOPPED")
    wants = access(f'{ROLES}[[rule]]\nverbs = ["*"]\nreason = "OPS-[0-9]+"\n')
    with command_service(dms, tmp_path, wants) as at:
        assert confirm(at) == ""
        assert read(at).state is RequestState.OUTDATED


def test_what_is_of_a_job_that_is_gone_is_not_to_be_requested_again(dms: DmsServer, tmp_path: Path) -> None:
    with started(dms, tmp_path, Clock()) as at:
        asked(at)
        dms.control.remove_job("orders")
        assert confirm(at) == ""
        assert confirm(at) == "Nothing was done: this request is out of date: its job no longer exists."
        other = replace(read(at), facts=RequestFacts(cutover="c1"))
        assert ended_text(other) == "out of date; plan it again"
        assert ended_text(replace(other, facts=RequestFacts())) == "out of date; request it again"


@pytest.mark.parametrize(("cutover", "own"), [("", True), ("c1", False)])
def test_nobody_is_sent_from_a_cutover_to_a_promote(
    dms: DmsServer, tmp_path: Path, cutover: str, own: bool
) -> None:
    """It would be sent at once, while the applications write."""
    with started(dms, tmp_path, Clock()) as at:
        asked(at, facts=RequestFacts(cutover=cutover))
        told = at.ctx.approvals.confirmation.check(ALEX, read(at))
        assert isinstance(told, Note)
        assert f"Only @{DANA.user}, who requested it, can confirm this." in words(told)
        assert ("/dms promote" in words(told)) is own


@pytest.mark.parametrize("approvals", [0, 1])
def test_nothing_is_typed_again_for_a_job_that_has_changed(
    dms: DmsServer, tmp_path: Path, approvals: int
) -> None:
    with started(dms, tmp_path, Clock(), approvals) as at:
        asked(at)
        if approvals:
            assert confirm(at) == ""
        steps, shown = at.ctx.approvals, read(at)

        def again() -> Note | None:
            if approvals:
                return steps.approval.approve(ALEX, shown)
            return steps.confirmation.confirm(DANA, shown, typed="order")

        told = again()
        assert told is not None
        assert "press" in words(told)
        dms.control.set_job("orders", state="STOPPED")
        assert again() is None
        assert read(at).state is RequestState.OUTDATED


def test_the_delay_is_shown_where_nothing_else_speaks_against_it(dms: DmsServer, tmp_path: Path) -> None:
    clock = Clock()
    with started(dms, tmp_path, clock) as at:
        asked(at)
        clock.at += OLD
        assert "press again to continue anyway" in confirm(at)
        assert confirm(at) == ""
