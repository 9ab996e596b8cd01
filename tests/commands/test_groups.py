"""Jobs that cannot act together: their groups, and a button for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cmdline.invocation import Invocation
from bot.dms.model import Endpoint, Options
from bot.dms.rules import Action
from bot.requests.buttons import group_action_buttons
from bot.requests.groups import by_status, flags_of, mixed_statuses_answer
from commands import all_verbs
from tests.jobs import a_job

CDC, DUMP = a_job("a", "RUNNING", "CDC"), a_job("b", "RUNNING", "FULL_DUMP")
DONE = a_job("c", "COMPLETED")


class Refs:
    def __init__(self) -> None:
        self.stored: list[Invocation] = []

    def __call__(self, wanted: Invocation) -> str:
        self.stored.append(wanted)
        return str(len(self.stored))


def test_the_same_status_is_no_mixture() -> None:
    assert mixed_statuses_answer(Refs(), Action.STOP, [CDC], Options()) is None
    assert mixed_statuses_answer(Refs(), Action.STOP, [CDC, a_job("z", "RUNNING", "CDC")], Options()) is None


def test_each_group_has_a_button_that_does_what_it_says() -> None:
    refs = Refs()
    note = mixed_statuses_answer(
        refs, Action.STOP, [CDC, DONE, DUMP, a_job("d", "RUNNING", "CDC")], Options()
    )
    assert note is not None
    assert [(button.label, button.verb, button.step) for button in note.buttons] == [
        ("Stop 2 in Running · CDC…", "stop", "run"),
        ("List Completed", "list", "run"),
        ("Stop 1 in Running · full dump…", "stop", "run"),
    ]
    stop, listing, other = refs.stored
    assert stop == Invocation("stop", (CDC.name, a_job("d", "").name))
    assert listing == Invocation("list", flags={"choose": True}, filters={"state": "COMPLETED"})
    assert other.jobs == (DUMP.name,)
    assert "`c` — stop is not possible" in str(note.text)


def test_what_only_begins_a_deletion_is_not_red() -> None:
    note = mixed_statuses_answer(Refs(), Action.DELETE, [CDC, DONE], Options())
    assert note is not None
    assert [button.style for button in note.buttons] == ["", ""]


def test_failed_databases_of_running_jobs_may_restart() -> None:
    failed = a_job("f", "FAILED", "CDC")
    note = mixed_statuses_answer(Refs(), Action.RESTART, [CDC, failed], Options(failed_only=True))
    assert note is not None
    assert [button.label for button in note.buttons] == [
        "Restart 1 in Running · CDC…",
        "Restart 1 in Failed · CDC…",
    ]
    note = mixed_statuses_answer(Refs(), Action.RESTART, [CDC, failed], Options())
    assert note is not None
    assert [button.label for button in note.buttons] == ["List Running · CDC", "Restart 1 in Failed · CDC…"]
    assert "restart is possible only with errors" in str(note.text)


@pytest.mark.parametrize("action", [Action.START, Action.RESTART])
def test_what_only_some_pages_name_has_no_button(action: Action) -> None:
    # "Migration job statuses" lists neither Start nor Restart for a job that was stopped in CDC.
    jobs = [a_job("s", "STOPPED", "CDC"), a_job("n", "NOT_STARTED"), a_job("f", "FAILED", "FULL_DUMP")]
    note = mixed_statuses_answer(Refs(), action, jobs, Options())
    assert note is not None
    assert note.buttons[0].label == "List Stopped · CDC"
    assert f"`s` — {action} is not offered" in str(note.text)


def test_a_group_has_a_button_only_if_each_of_its_jobs_has() -> None:
    # "Migration job statuses": Failed lists Promote in the guide of MySQL; in that of SQL Server, its actions
    # are missing.
    mysql, sqlserver = (
        replace(a_job(id, "FAILED", "CDC"), source=Endpoint("s", engine), destination=Endpoint("d", engine))
        for id, engine in (("m", "MYSQL"), ("s", "SQLSERVER"))
    )
    for group in ([mysql], [sqlserver], [mysql, sqlserver]):
        note = mixed_statuses_answer(Refs(), Action.PROMOTE, [*group, DONE], Options())
        assert note is not None
        offered = sqlserver not in group
        assert note.buttons[0].label.startswith("Promote" if offered else "List"), group
        assert ("promote is not offered" in str(note.text)) is not offered
        shown = group_action_buttons(Refs(), group, only=[Action.PROMOTE, Action.DELETE])
        assert [each.verb for each in shown] == ["promote", "delete"][not offered :]


def test_states_that_nobody_has_heard_of_are_groups_too() -> None:
    jobs = [a_job(f"j{number}", f"STATE_{number}", "NEW") for number in range(40)]
    note = mixed_statuses_answer(Refs(), Action.VERIFY, jobs, Options())
    assert note is not None
    assert len(note.buttons) == 20
    assert "and 20 more" in str(note.text)


def test_groups_keep_the_order_of_the_jobs() -> None:
    assert list(by_status([DUMP, CDC, DUMP])) == ["RUNNING/FULL_DUMP", "RUNNING/CDC"]


@pytest.mark.parametrize("action", [each for each in Action if each is not Action.EDIT])
def test_flags_are_those_that_the_verb_takes(action: Action) -> None:
    """A button does what typing would: so its flags must be flags of the verb."""
    typed = {
        Action.START: Options(skip_validation=True),
        Action.RESUME: Options(skip_validation=True),
        Action.RESTART: Options(databases=("a",), failed_only=True, stop_first=True, skip_validation=True),
        Action.PROMOTE: Options(databases=("a", "b")),
        Action.DELETE: Options(with_destination=True),
    }.get(action, Options())
    flags = flags_of(typed)
    assert set(flags) <= {flag.name for flag in all_verbs()[action].syntax.flags}
    assert len(flags) == sum(
        bool(value)
        for value in (
            typed.databases,
            typed.failed_only,
            typed.stop_first,
            typed.skip_validation,
            typed.with_destination,
        )
    )


@pytest.mark.parametrize("state", ["STARTING", "RESTARTING", "RESUMING", "STOPPING"])
def test_a_job_that_is_stuck_is_among_those_that_may_be_deleted(state: str) -> None:
    """ "Migration job statuses" lists Delete for these; all other actions wait."""
    refs = Refs()
    note = mixed_statuses_answer(
        refs, Action.DELETE, [CDC, a_job("s", state), a_job("g", "DELETING")], Options()
    )
    assert note is not None
    assert [button.label.partition(" ")[0] for button in note.buttons] == ["Delete", "Delete", "List"]
    waits = mixed_statuses_answer(refs, Action.STOP, [CDC, a_job("s", state)], Options())
    assert waits is not None
    assert [button.label.partition(" ")[0] for button in waits.buttons] == ["Stop", "List"]
