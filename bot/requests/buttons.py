"""Buttons for the actions that a job's state and phase allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.dms.model import Database, Job, State
from bot.dms.rules import DESTRUCTIVE, Action, Refusal, allowed, allowed_for_all
from bot.requests.rules import is_overdue, not_started
from bot.store.records import Run

MakeRef = Callable[[Invocation], str]
"""Stores an invocation for a button and returns its opaque id."""
_MOST_INSTEAD = 4
_DANGER: Literal["danger"] = "danger"


def action_buttons(
    ref: MakeRef, job: Job, databases: Sequence[Database] = (), only: Sequence[Action] = tuple(Action)
) -> tuple[Button, ...]:
    """A button for each action of `only` that `job` allows now."""
    return tuple(_action_button(ref, job, action) for action in allowed(job, databases) if action in only)


def group_action_buttons(ref: MakeRef, jobs: Sequence[Job], only: Sequence[Action]) -> tuple[Button, ...]:
    """A button for each action of `only` that several jobs allow now; none if their statuses differ."""
    if len({job.status for job in jobs}) != 1:
        return ()
    names = tuple(job.name for job in jobs)
    which = jobs[0].id if len(jobs) == 1 else f"{len(jobs)} jobs"
    return tuple(
        Button(
            f"{action.capitalize()} {which}",
            action,
            "run",
            ref(Invocation(action, names)),
            _DANGER if action in DESTRUCTIVE else "",
        )
        for action in allowed_for_all(jobs)
        if action in only
    )


def instead_buttons(
    ref: MakeRef, job: Job, refusal: Refusal, may: Callable[[Action], bool]
) -> tuple[Button, ...]:
    """A button for each action that is possible instead of the refused one, of those that this person `may`
    use. A deletion is a way out only where there is no other."""
    found = [each for each in refusal.instead if each is not refusal.action and may(each)]
    milder = [each for each in found if each is not Action.DELETE]
    return tuple(_action_button(ref, job, each) for each in (milder or found)[:_MOST_INSTEAD])


def restart_failed_button(ref: MakeRef, job: Job) -> Button:
    """A button that restarts only the failed databases of a running job."""
    failed_only = Invocation(Action.RESTART, (job.name,), {"failed-only": True})
    return Button("Restart failed databases", Action.RESTART, "run", ref(failed_only), _DANGER)


def show_button(ref: MakeRef, job: Job, step: str = "run") -> Button:
    """A button that shows the job; with the step `turn`, in place of the message with the button."""
    label = "Refresh" if step == "turn" else "Show"
    return Button(label, "show", step, ref(Invocation("show", (job.name,))))


def abandon_button(runs: Sequence[Run], now: datetime) -> tuple[Button, ...]:
    """A button that abandons the overdue runs of a request, if any; `runs` are all of its runs."""
    long = [run for run in runs if is_overdue(run, now)]
    if not long:
        return ()
    waiting = len(not_started(runs))
    what = "1 job is" if len(long) == 1 else f"{len(long):,} jobs are"
    rest = f" {not_started_note(waiting)}" if waiting else ""
    reported = f"{what} reported as unclear and no longer locked."
    asks = f"Nothing is sent or stopped at the service. {reported}{rest}"
    return (Button("Stop following", long[0].action, "unfollow", long[0].request, asks=asks),)


def not_started_note(waiting: int) -> str:
    """Says in a sentence what happens to the jobs that are still queued."""
    jobs, their = ("1 job", "its") if waiting == 1 else (f"{waiting:,} jobs", "their")
    return f"{jobs} of this request still waiting for {their} turn will then not start."


def _action_button(ref: MakeRef, job: Job, action: Action) -> Button:
    if action is Action.RESTART and job.state == State.RUNNING:
        return restart_failed_button(ref, job)
    style = _DANGER if action in DESTRUCTIVE else ""
    return Button(action.capitalize(), action, "run", ref(Invocation(action, (job.name,))), style)
