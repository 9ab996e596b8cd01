"""What tests of requests share: policies, the audit of a job, private answers, presses at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from bot.app import now
from bot.dms.delay import MeasuredDelay
from bot.dms.model import DelayPoint, job_name
from bot.store.records import ACTIVE_RUNS, AuditEntry, Request, RequestState, Run
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.e2e.env import JSON, LOCATIONS, UNHURRIED, Env, has_looked, running, settings, steps
from tests.waiting import PATIENCE_S, until

DANA, SAM, ALEX, RILEY = "U0DANA0001", "U0SAM00001", "U0ALEX0001", "U0RILEY001"
APPROVALS = "dms-approvals"
DMS_CHANNEL = "C0DMS00001"
ROLES = f"""
default_role = "viewer"
approval_channel = "{APPROVAL_CHANNEL}"
[roles]
operator = ["@dba-team"]
approver = ["@leads"]
"""
"""dana and sam act, alex approves, riley looks."""
_GOING_ON = {str(state) for state in (*ACTIVE_RUNS, RequestState.APPROVED, RequestState.RUNNING)}


def policy(folder: Path, text: str = ROLES, name: str = "policy.toml") -> Path:
    """A policy file with this text."""
    path = folder / name
    path.write_text(text)
    return path


def full(job: str, location: str = LOCATIONS[0], project: str = "demo-project") -> str:
    return job_name(project, location, job)


def audit(env: Env, job: str, location: str = LOCATIONS[0]) -> tuple[AuditEntry, ...]:
    """Oldest first."""
    return env.bot.store.audit(job=full(job, location))


def audit_events(env: Env, job: str) -> list[tuple[str, str]]:
    """The audit of a job: events and who is named."""
    return [(entry.event, entry.user) for entry in audit(env, job)]


def events(env: Env, job: str) -> list[str]:
    return [entry.event for entry in audit(env, job)]


def request_of(env: Env, job: str) -> Request:
    """The newest request for a job."""
    return env.bot.store.requests(job=full(job))[0]


def runs_of(env: Env, job: str) -> tuple[Run, ...]:
    return env.bot.store.runs(job=full(job))


def freeze_all(env: Env, more: str, user: str = "dana") -> JSON:
    """Freeze all jobs, which asks first; what the channel is told."""
    question = env.type(f"freeze --all {more}", user=user)
    before = moment(env)
    env.press(question, "Freeze all jobs", user)
    return env.answer_to(user, "dms", "All jobs are frozen until", before)


def show_button(view: JSON, job: str) -> str:
    """The action ID of the Show button beside this job on a dashboard."""
    rows = [block for block in view["blocks"] if f"`{job}`" in str(block.get("text"))]
    return str(rows[0]["accessory"]["action_id"])


def asks(env: Env, job: str, channel: str = APPROVALS) -> JSON:
    """The message that asks for approvals, once it is there."""
    return env.slack.wait_message(
        channel=channel, contains=job, where=lambda message: {"approve", "deny"} <= set(steps(message))
    )


def card_for(
    env: Env, job: str, *words: str, step: str = "confirm", channel: str = "dms", after: str = "0"
) -> JSON:
    """The newest message about a job that has a button of this step, once it is there."""
    return env.slack.wait_message(
        channel=channel, contains=[job, *words], after=after, where=lambda message: step in steps(message)
    )


def recheck(env: Env, ask: JSON, user: str) -> None:
    """Measure the delay again in the details of a request that waits for approvals."""
    env.press(ask, "details", user)
    env.press(env.slack.wait_view(user, "Review the request"), "recheck", user)


def private(env: Env, user: str, *words: str, after: str, timeout: float = PATIENCE_S) -> JSON:
    """An answer that only this person sees, with these words."""
    return env.slack.wait_message(
        user=user,
        contains=words,
        after=after,
        timeout=timeout,
        where=lambda message: bool(message.get("ephemeral_for")),
    )


def moment(env: Env) -> str:
    """A time stamp that all later messages come after."""
    newest = env.slack.messages(limit=1)
    return str(newest[0]["ts"]) if newest else "0"


def press_refused(env: Env, message: JSON, button: str, user: str, *words: str) -> JSON:
    """Press, and be told privately why that does not count; the message stays as it was."""
    before, shown = moment(env), plain(message)
    delivery = env.slack.press(message, **env.found_by(message, button), user=user, stale=True)
    assert delivery["ok"], delivery
    answer = private(env, user, *words, after=before)
    assert plain(env.current(message)) == shown
    return answer


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment; what they return, in order."""
    with ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(act) for act in acts]]


def ended(env: Env, job: str, timeout: float = PATIENCE_S) -> list[str]:
    """The states of all runs of a job, once there are some and neither they nor their requests go on.

    A request ends a moment after the last of its runs.
    """

    def look() -> tuple[list[str], list[str]]:
        runs = runs_of(env, job)
        requests = [env.bot.store.request(id) for id in {run.request for run in runs}]
        return [str(run.state) for run in runs], [str(each.state) for each in requests if each]

    states, _ = until(look, lambda seen: seen[0] and not set(chain(*seen)) & _GOING_ON, timeout=timeout)
    return states


def age(env: Env, request: Request, seconds: float) -> None:
    """Let time pass for a request: as if it had been made so much earlier."""
    back = timedelta(seconds=seconds)
    moved = env.bot.store.move_request(
        request.id,
        [request.state],
        request.state,
        created=request.created - back,
        expires=request.expires - back,
    )
    assert moved is not None


def set_delay(env: Env, job: str, seconds: float) -> None:
    """Wait until Monitoring tells this replication delay."""
    seen = env.bot.dms.get_job(full(job))

    def told() -> bool:
        point = env.bot.dms.delay(seen).seconds.of()
        return point is not None and point.value == seconds

    until(told)


def age_delay(env: Env, job: str) -> None:
    """As if the delay that a promote of the job shows had been measured and read ten minutes earlier."""
    change_delays(env, job, lambda seen: aged(seen, 600))


def change_delays(env: Env, job: str, change: Callable[[MeasuredDelay], MeasuredDelay]) -> None:
    """Change what the job's request keeps of the delay of each of its jobs."""
    request = request_of(env, job)
    assert request.facts.delays
    delays = {name: change(seen) for name, seen in request.facts.delays.items()}
    facts = replace(request.facts, delays=delays)
    assert env.bot.store.move_request(request.id, [request.state], request.state, facts=facts)


def aged(seen: MeasuredDelay, seconds: float) -> MeasuredDelay:
    """A delay with all its times so many seconds earlier."""
    back = timedelta(seconds=seconds)

    def earlier(point: DelayPoint | None) -> DelayPoint | None:
        return None if point is None else replace(point, time=point.time - back)

    assert seen.at is not None
    return replace(seen, at=seen.at - back, seconds=earlier(seen.seconds), bytes=earlier(seen.bytes))


def undated(seen: MeasuredDelay) -> MeasuredDelay:
    """As versions stored it that did not know when a figure was measured."""
    assert seen.seconds is not None
    return MeasuredDelay(seen.at, note=seen.note, undated_seconds=seen.seconds.value)


class AheadClock:
    """The bot's clock, which a test can put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self._ahead

    def forward(self, **by: float) -> None:
        self._ahead += timedelta(**by)


@contextmanager
def open_servers() -> Iterator[tuple[SlackServer, DmsServer]]:
    """The far ends alone, for tests that start bots one after the other."""
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as dms,
    ):
        slack.control.configure(**UNHURRIED)
        yield slack, dms


@contextmanager
def started(
    slack: SlackServer, dms: DmsServer, folder: Path, clock: Callable[[], datetime] = now, **more: Any
) -> Iterator[Env]:
    """A bot, over signed HTTP, on the database in `folder`; it may be the next one on it."""
    http = {"slack_app_token": "", "slack_signing_secret": slack.signing_secret}
    with running(settings(slack, dms, folder, **http, **more), clock) as bot:
        assert slack.control.set_request_url(f"http://127.0.0.1:{bot.server.port}/slack/events")
        yield Env(slack.control, dms.control, bot)


@contextmanager
def single_bot(slack: SlackServer, folder: Path, **more: Any) -> Iterator[Env]:
    """A fresh bot over signed HTTP, a fresh local DMS, and the workspace as at its start. The bot has seen
    that there are no jobs yet, so it announces each that a test adds."""
    slack.control.reset()
    slack.control.configure(**UNHURRIED)
    with (
        DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as dms,
        started(slack, dms, folder, **more) as env,
    ):
        until(lambda: has_looked(env.bot))
        yield env
        assert slack.control.violations() == []
