"""Buttons for the actions that a job's state and phase allow. None is red: red is the last confirmation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.cmdline.answers import Button
from bot.cmdline.invocation import FlagValue, Invocation
from bot.dms.advice import while_stopped
from bot.dms.model import Database, Job, ObjectState, Phase, State
from bot.dms.rules import HARMLESS, Action, Refusal, allowed, allowed_for_all
from bot.requests.rules import is_overdue, not_started
from bot.store.records import Run

MakeRef = Callable[[Invocation], str]
"""Stores an invocation for a button and returns its opaque id."""
_MOST_INSTEAD = 4
ASK = "ask"
"""A flag of stored invocations: the request is confirmed first, even if its action does not need that."""
_ASKING = frozenset({ASK, "at", "when-drained"})
"""Flags with which every request is confirmed first."""
_AT_ONCE = frozenset({Action.START, Action.RESUME, Action.VERIFY})
"""Actions whose buttons do what they say. The others ask first, or open a form: so they end in “…”."""
_NAME = 10
"""Characters of a database that a button names: three of them fit into a row on a phone."""


def action_buttons(
    ref: MakeRef, job: Job, databases: Sequence[Database] = (), only: Sequence[Action] = tuple(Action)
) -> tuple[Button, ...]:
    """A button for each action of `only` that `job` allows now."""
    return tuple(
        action_button(ref, job, action, databases) for action in allowed(job, databases) if action in only
    )


def group_action_buttons(ref: MakeRef, jobs: Sequence[Job], only: Sequence[Action]) -> tuple[Button, ...]:
    """A button for each action of `only` that several jobs allow now; none if their statuses differ."""
    if len({job.status for job in jobs}) != 1:
        return ()
    names = tuple(job.name for job in jobs)
    which = jobs[0].id if len(jobs) == 1 else f"{len(jobs)} jobs"
    return tuple(
        Button(
            opening(f"{action.capitalize()} {which}", action, len(jobs)),
            action,
            "run",
            ref(Invocation(action, names)),
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
    return tuple(action_button(ref, job, each) for each in (milder or found)[:_MOST_INSTEAD])


def action_label(action: Action) -> str:
    """`Promote…`, or `Verify`."""
    return opening(action.capitalize(), action)


def opening(label: str, action: Action, jobs: int = 1, asked: Mapping[str, FlagValue] | None = None) -> str:
    """The label of a button that begins an action for so many jobs: it ends in “…” if the press only asks, or
    opens a form. Changes of several jobs always ask first, and so does what is `asked` for later."""
    at_once = action in (_AT_ONCE if jobs == 1 else HARMLESS) and _ASKING.isdisjoint(asked or ())
    return label if at_once else f"{label}…"


def restart_failed_button(ref: MakeRef, job: Job, databases: Sequence[Database] = ()) -> Button:
    """A button that restarts only the failed databases of a running job; it names one with a short name."""
    failed = [str(each.id) for each in databases if each.state == ObjectState.FAILED]
    one = failed[0] if failed and len(failed[0]) <= _NAME else "database"
    what = one if len(failed) == 1 else "failed databases"
    failed_only = Invocation(Action.RESTART, (job.name,), {"failed-only": True})
    return Button(f"Restart {what}…", Action.RESTART, "run", ref(failed_only))


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


def action_button(ref: MakeRef, job: Job, action: Action, databases: Sequence[Database] = ()) -> Button:
    """The button of one action. Stop, which DMS does at once in CDC, asks in Slack's own dialog."""
    if action is Action.RESTART and job.state == State.RUNNING:
        return restart_failed_button(ref, job, databases)
    made = Button(action_label(action), action, "run", ref(Invocation(action, (job.name,))))
    return replace(made, asks=_stop_question(job)) if _stops_unasked(job, action) else made


def action_entry(ref: MakeRef, job: Job, action: Action, databases: Sequence[Database] = ()) -> Button:
    """The same as an entry of a menu. A menu has one dialog for all of its entries (page
    overflow-menu-element), so what would not ask by itself is asked in a request of its own."""
    if not _stops_unasked(job, action):
        return action_button(ref, job, action, databases)
    return Button(action_label(action), action, "run", ref(Invocation(action, (job.name,), {ASK: True})))


def _stops_unasked(job: Job, action: Action) -> bool:
    """Whether a stop is sent without a confirmation: `commands/stop.py` asks in all other phases."""
    return action is Action.STOP and job.phase == Phase.CDC


def _stop_question(job: Job) -> str:
    return f"{job.id} stops replicating until somebody resumes it. {while_stopped(job)}"
