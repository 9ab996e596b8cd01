"""Every kind of change, with the job that allows it and the way from typing to calling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sandbox.slack import plain
from tests.e2e.env import JSON, Env, unique_id
from tests.methods import METHODS


@dataclass(frozen=True, slots=True)
class Act:
    """One change. `command` holds `{job}`."""

    name: str
    state: str
    phase: str | None
    command: str
    asks: bool = False
    """Whether somebody has to confirm it."""
    typed: bool = False
    repeatable: bool = False
    """Whether its method takes a `request_id`."""

    @property
    def method(self) -> str:
        return METHODS[self.command.split()[0]]

    def __str__(self) -> str:
        return self.name


ACTS = (
    Act("start", "NOT_STARTED", None, "start {job}"),
    Act("stop", "RUNNING", "CDC", "stop {job}"),
    Act("resume", "STOPPED", "CDC", "resume {job}"),
    Act("verify", "RUNNING", "CDC", "verify {job}"),
    Act("restart", "FAILED", "CDC", "restart {job}", asks=True, typed=True),
    Act(
        "restart-some",
        "RUNNING",
        "CDC",
        "restart {job} --databases billing",
        asks=True,
        typed=True,
    ),
    Act("promote", "RUNNING", "CDC", "promote {job}", asks=True, typed=True),
    Act(
        "promote-some",
        "RUNNING",
        "CDC",
        "promote {job} --databases sales",
        asks=True,
        typed=True,
    ),
    Act("demote", "NOT_STARTED", None, "demote {job}", asks=True, typed=True),
    Act(
        "delete",
        "COMPLETED",
        None,
        "delete {job}",
        asks=True,
        repeatable=True,
    ),
    Act(
        "edit",
        "RUNNING",
        "CDC",
        "edit {job} --remove billing",
        asks=True,
        repeatable=True,
    ),
)


BEHIND: dict[str, Any] = {"sec_lag": 30, "bytes_lag": 1000, "in_phase_for": 60.0}
"""Something is left to replicate, so that a promotion has the job's id typed."""


def job_for(env: Env, act: Act) -> str:
    """A job of its own that allows the change; its database `billing` has failed where it runs."""
    job = unique_id(act.name)
    ailing = {"name": "billing", "state": "FAILED"} if act.name == "restart-some" else {"name": "billing"}
    env.dms.add_job(job, state=act.state, phase=act.phase, databases=["sales", ailing], frozen=True, **BEHIND)
    return job


PLACES = (("dana", "dms"), ("sam", "general"), ("alex", "dms-approvals"))
"""One message a second goes to a channel, so tests that ask for much use several."""


def ask(env: Env, act: Act, job: str, user: str = "dana", channel: str = "dms") -> JSON:
    """Type it and confirm it; the request's message."""
    card = env.type(act.command.format(job=job), user, channel)
    if act.asks:
        card = env.shows(card, step="confirm")
        env.confirm(card, typed=job if act.typed else "", user=user)
    return card


def ask_all(env: Env, acts: Sequence[Act], before: Callable[[Act, str], None]) -> list[tuple[Act, str, JSON]]:
    """Ask for each change on a job of its own; `before` is called with it first."""

    def lane(place: int) -> list[tuple[Act, str, JSON]]:
        user, channel = PLACES[place]
        found = []
        for act in acts[place :: len(PLACES)]:
            job = job_for(env, act)
            before(act, job)
            found.append((act, job, ask(env, act, job, user, channel)))
        return found

    with ThreadPoolExecutor(len(PLACES)) as pool:
        return [each for found in pool.map(lane, range(len(PLACES))) for each in found]


def calls(env: Env, act: Act, job: str) -> list[JSON]:
    """The calls of its method that named the job, in doubt or not."""
    return env.dms.calls(act.method, about=f"migrationJobs/{job}")


def applied(env: Env, act: Act, job: str) -> int:
    """How often the service carried it out."""
    ids = {str(_request_id(each)) + each["method"] for each in calls(env, act, job) if each["applied"]}
    return len(ids) if act.repeatable else sum(each["applied"] for each in calls(env, act, job))


def request_ids(env: Env, act: Act, job: str) -> set[str]:
    return {_request_id(each) for each in calls(env, act, job)}


def _request_id(call: JSON) -> str:
    request = call["request"]
    return str(request.get("requestId") or request.get("request_id") or "")


def shown(env: Env, card: JSON) -> str:
    """What the message says now."""
    return plain(env.current(card))
