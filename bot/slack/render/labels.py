"""Words and emoji for states, phases, engines and names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.dms import display, source_writes
from bot.dms.attention import Part, part_of
from bot.dms.model import CHANGING, Database, Endpoint, Job, ObjectState, Operation, Phase, State, short_name
from bot.dms.rules import Action
from bot.dms.running_errors import WITH_ERRORS, any_failed, is_faulty, runs_with_errors, shown_status
from bot.requests.job_names import display_name
from bot.slack.render import mrkdwn
from bot.store.records import Request, Run, RunState

_STATES: dict[str, str] = {
    State.FAILED: "🔴",
    State.STOPPED: "⏸️",
    State.COMPLETED: "✅",
    State.NOT_STARTED: "⚪",
    State.DRAFT: "📝",
    State.DELETED: "🗑️",
    State.MAINTENANCE: "🛠️",
}
_WAITS = "🛑"
"""People have to stop the writes to the source now: that comes before all else."""
_OBJECTS: dict[str, str] = {
    ObjectState.FAILED: "🔴",
    ObjectState.COMPLETED: "✅",
    ObjectState.RUNNING: "🟢",
    ObjectState.STOPPED: "⏸️",
    ObjectState.NOT_STARTED: "⚪",
    ObjectState.NOT_SELECTED: "▫️",
}
_RUNS: dict[RunState, tuple[str, str]] = {
    RunState.QUEUED: ("⚪", "waiting for its turn"),
    RunState.CALLING: ("⏳", "being sent"),
    RunState.FOLLOWING: ("⏳", "running"),
    RunState.SUCCEEDED: ("✅", "done"),
    RunState.FAILED: ("🔴", "failed"),
    RunState.REFUSED: ("🚫", "refused, nothing was changed"),
    RunState.UNCLEAR: ("❓", "unclear"),
}
_MAX_REASON = 300
DOING: dict[Action, str] = {
    Action.START: "Starting",
    Action.STOP: "Stopping",
    Action.RESUME: "Resuming",
    Action.RESTART: "Restarting",
    Action.PROMOTE: "Promoting",
    Action.DEMOTE: "Demoting",
    Action.VERIFY: "Verifying",
    Action.EDIT: "Saving",
    Action.DELETE: "Deleting",
    Action.CANCEL: "Cancelling",
}
DONE: dict[Action, str] = {
    Action.START: "Started",
    Action.STOP: "Stopped",
    Action.RESUME: "Resumed",
    Action.RESTART: "Restarted",
    Action.PROMOTE: "Promoted",
    Action.DEMOTE: "Demoted",
    Action.VERIFY: "Verified",
    Action.EDIT: "Saved",
    Action.DELETE: "Deleted",
    Action.CANCEL: "Cancelled",
}


def state_emoji(state: str, phase: str = "") -> str:
    """The emoji of a state, which may be `running_errors.WITH_ERRORS`; orange at least where somebody should
    look at the job."""
    with_errors = state == WITH_ERRORS
    if source_writes.waits_for_stop(f"{State.RUNNING if with_errors else state}/{phase}"):
        return _WAITS
    if with_errors:
        return "🟠"
    if state in CHANGING:
        return "⏳"
    if state == State.RUNNING:
        return "🟢" if phase in (Phase.CDC, Phase.READY_FOR_PROMOTE) else "🔵"
    urgent = state != State.FAILED and part_of(f"{state}/{phase}") is Part.ATTENTION
    return "🟠" if urgent and state else _STATES.get(state, "▫️")


def worst_emoji(status: str, *, failed: bool) -> str:
    """That of the status, as people see it, of a job; red if a database of it `failed` while it runs on."""
    own = status_emoji(status)
    runs = status.partition("/")[0] in (State.RUNNING, WITH_ERRORS)
    return state_emoji(State.FAILED) if failed and runs and own != _WAITS else own


def job_emoji(job: Job, databases: Sequence[Database] = (), *, with_errors: bool = False) -> str:
    """The colour is that of the worst: of the job, or of one of its `databases`, if they are known; without
    them, `with_errors` says whether the job runs with errors."""
    bad = with_errors or runs_with_errors(job, databases)
    return worst_emoji(shown_status(job, with_errors=bad), failed=any_failed(databases))


def job_status(job: Job, databases: Sequence[Database] = (), *, with_errors: bool = False) -> str:
    """Emoji, as `job_emoji`, state and phase; mrkdwn."""
    bad = with_errors or runs_with_errors(job, databases)
    emoji = job_emoji(job, databases, with_errors=with_errors)
    return f"{emoji} {status(shown_status(job, with_errors=bad))}"


def had_errors(request: Request, job: Job) -> bool:
    """Whether a job of a request ran with errors as it was shown, or a database of it had one."""
    return runs_with_errors(job) or job.name in request.facts.faulty


def requested_job_emoji(request: Request, job: Job) -> str:
    """That of a job of a request, as it was shown: of the job, or of the worst of its databases."""
    return worst_emoji(_requested_status(request, job), failed=request.facts.faulty.get(job.name, False))


def requested_job_status(request: Request, job: Job) -> str:
    """Its state and phase; mrkdwn."""
    return status(_requested_status(request, job))


def _requested_status(request: Request, job: Job) -> str:
    return shown_status(job, with_errors=had_errors(request, job))


def status(text: str) -> str:
    """`RUNNING/CDC`, as events and groups have it, becomes `Running · CDC`; mrkdwn."""
    state, _, phase = text.partition("/")
    shown = f"*{mrkdwn.verbatim(display.state_text(state))}*"
    return f"{shown} · {mrkdwn.verbatim(display.phase_text(phase))}" if phase else shown


def counted(count: int, status: str) -> str:
    """`3 running · CDC`, for a status or a state; mrkdwn."""
    return f"{count:,} {mrkdwn.verbatim(display.in_sentence(display.status_text(status)))}"


def status_emoji(text: str) -> str:
    state, _, phase = text.partition("/")
    return state_emoji(state, phase)


def display_name_beside(job: Job) -> str:
    """The display name, to follow the ID, with a space before it; empty where it is the ID. mrkdwn."""
    return f" {mrkdwn.name(job.display_name)}" if job.display_name not in ("", job.id) else ""


def job_code(name: str) -> str:
    """A job ID in code type, from its full name."""
    return mrkdwn.code(short_name(name))


def job_name_code(request: Request, name: str) -> str:
    """A job's display name in a request, in code type, from its full name."""
    return mrkdwn.code(display_name(request, name))


def engine_text(endpoint: Endpoint) -> str:
    """`PostgreSQL (Amazon RDS)`; mrkdwn."""
    return mrkdwn.verbatim(display.endpoint_text(endpoint))


def location_text(endpoint: Endpoint) -> str:
    """Engine, provider, and host or connection profile; mrkdwn."""
    where = endpoint.host or endpoint.profile_id
    return f"{engine_text(endpoint)} {mrkdwn.code(where)}" if where else engine_text(endpoint)


def source_and_destination(job: Job) -> str:
    """`PostgreSQL (Amazon RDS) → PostgreSQL (Cloud SQL)`; mrkdwn."""
    return f"{engine_text(job.source)} → {engine_text(job.destination)}"


def source_and_destination_plain(job: Job) -> str:
    """Providers only, or engines where there is none; plain text."""

    def short(endpoint: Endpoint) -> str:
        return display.provider_text(endpoint) or display.engine_text(endpoint) or "unknown"

    return f"{short(job.source)} → {short(job.destination)}"


def object_emoji(state: str) -> str:
    return _OBJECTS.get(state, "⏳")


def database_emoji(database: Database) -> str:
    """The emoji of its state; one that goes on with an error has that of a job with errors."""
    goes_on = is_faulty(database) and database.state != ObjectState.FAILED
    return "🟠" if goes_on else object_emoji(database.state)


def run_emoji(state: RunState) -> str:
    return _RUNS[state][0]


def run_text(state: RunState) -> str:
    return _RUNS[state][1]


def quoted_note(note: str) -> str:
    """A run's note, or a part of it. It may quote the service, so nothing in it formats; mrkdwn."""
    return mrkdwn.in_readers_zone(mrkdwn.verbatim(note.replace("`", "")))


def failed_run_text(run: Run) -> str:
    """The last action on a job, which did not succeed; mrkdwn."""
    reason = mrkdwn.clip(quoted_note(run.note), _MAX_REASON)
    when = f", {mrkdwn.date(run.ended, '{ago}')}" if run.ended else ""
    by = f" by {mrkdwn.mention('@', run.by)}" if run.by else ""
    why = f": {reason}" if reason else ""
    return f"❗ *{str(run.action).capitalize()}*{by} *{run_text(run.state)}*{when}{why}"


def in_progress_text(run: Run | None, operation: Operation | None = None, *, whole: bool = False) -> str:
    """The run or operation in progress, and who started it; mrkdwn, empty if there is none. `whole`: with the
    ID of the operation, which people need outside of this bot alone."""
    name = run.operation if run is not None else operation.name if operation is not None else ""
    named = f", operation {mrkdwn.code(short_name(name))}" if name and whole else ""
    if run is not None:
        by = f" by {mrkdwn.mention('@', run.by)}" if run.by else ""
        begun = run.called or run.created
        since = f" since {mrkdwn.date(begun)}" if begun else ""
        return f"⏳ *{DOING[run.action]}*, started here{by}{since}{named}"
    if operation is None:
        return ""
    since = f" since {mrkdwn.date(operation.create_time)}" if operation.create_time else ""
    doing = mrkdwn.code(operation.verb) if operation.verb else "an operation"
    status_text = f": {mrkdwn.verbatim(operation.status_message)}" if operation.status_message else ""
    cancelling = " (being cancelled)" if operation.cancelling else ""
    return f"⏳ *In progress*: {doing}{cancelling}{since}{named}{status_text}"


def names(found: tuple[str, ...] | list[str], limit: int = 20) -> str:
    """The first `limit` names in code type, and how many more there are; mrkdwn."""
    shown = ", ".join(mrkdwn.code(each) for each in found[:limit])
    rest = len(found) - limit
    return f"{shown} and *{rest:,} more*" if rest > 0 else shown


def last_read(places: Iterable[tuple[str, datetime | None]]) -> str:
    """Places, each with the time of its last poll, in mrkdwn; None for none."""
    return ", ".join(
        f"{mrkdwn.verbatim(place)} {f'(since {mrkdwn.date(at)})' if at else '(not yet)'}"
        for place, at in places
    )
