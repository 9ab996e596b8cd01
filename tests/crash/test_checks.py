"""What the checks of a crash run find in made-up evidence: bugs that keep everybody from seeing them, too."""

from __future__ import annotations

from dataclasses import replace

from bot.store.cutover import Cutover, CutoverEntry, CutoverPlan, CutoverState
from tests.crash import check_cutovers, check_messages
from tests.crash.evidence import Evidence
from tests.crash.killer import Kill
from tests.crash.raw import Row
from tests.store import make

NOTHING = Evidence({}, (), (), "", (), {}, (), (), (), {}, (), (), (), (), {})
NIGHT = Cutover("n1", "T1", make.DANA, CutoverState.DONE, CutoverPlan(("j",)), make.NOW, make.NOW)
KILL = Kill(0.0, "any time", 1, led=True, calling=0, following=0, queued=0, posting=0)
IN_NIGHT = replace(KILL, kind="cutover")
CALL = Row(
    "cutover:n1:call:stopped:1",
    "cutover_call",
    {"cutover": "n1", "person": "U-sam", "what": "stopped", "after": 5},
    rev=1,
    sent_rev=0,
    ts="",
    error="There is nothing to show any more.",
)


def line(id: int, event: str, user: str = "") -> CutoverEntry:
    return CutoverEntry("n1", make.NOW, event, user, id=id)


def lost_calls(what: str, *log: CutoverEntry) -> list[str]:
    """What is found wrong with a call that asked U-sam for this after the line 5 and was not sent."""
    row = replace(CALL, subject={**CALL.subject, "what": what})
    return list(check_messages.posted(replace(NOTHING, outbox=(row,), cutover_logs={"n1": log})))


def test_a_run_without_cutovers_is_broken() -> None:
    assert list(check_cutovers.happened(NOTHING, 5)) == ["of 0 cutovers, none came to its end"]


def test_a_run_whose_cutovers_were_all_given_up_is_broken() -> None:
    aborted = replace(NOTHING, cutovers=(replace(NIGHT, state=CutoverState.ABORTED),))
    assert list(check_cutovers.happened(aborted, 5)) == ["of 1 cutovers, none came to its end"]


def test_a_long_run_that_killed_nobody_in_a_cutover_is_broken() -> None:
    run = replace(NOTHING, cutovers=(NIGHT,), kills=(KILL,))
    assert list(check_cutovers.happened(run, 5)) == []
    assert list(check_cutovers.happened(run, 200)) == ["of 1 kills, none was in a cutover"]
    assert list(check_cutovers.happened(replace(run, kills=(KILL, IN_NIGHT)), 200)) == []


def test_a_call_is_excused_by_the_press_that_came_first() -> None:
    assert lost_calls("stopped", line(5, "started"), line(6, "stopped", "U-sam")) == []
    assert lost_calls("promote", line(6, "asked", "U-dana")) == []
    assert lost_calls("here", line(6, "here", "U-sam")) == []


def test_a_call_that_was_still_awaited_is_not() -> None:
    given_up = [f"given up: {CALL.key}: {CALL.error}"]
    assert lost_calls("stopped") == given_up
    assert lost_calls("stopped", line(4, "held"), line(5, "started")) == given_up
    assert lost_calls("stopped", line(6, "writer", "U-sam"), line(7, "sample")) == given_up
    assert lost_calls("stopped", line(6, "asked", "U-dana")) == given_up
    assert lost_calls("here", line(6, "here", "U-dana")) == given_up


def test_that_a_job_has_settled_may_be_left_unsaid_where_it_is_well() -> None:
    key = "projects/p/locations/l/migrationJobs/j"
    row = replace(CALL, key=f"settled:{key}", kind="settled", subject={"job": key})
    told = [f"given up: {row.key}: {row.error}"]
    for state, found in (("RUNNING", []), ("STOPPED", []), ("FAILED", told)):
        assert (
            list(check_messages.posted(replace(NOTHING, outbox=(row,), jobs={key: {"state": state}})))
            == found
        )
