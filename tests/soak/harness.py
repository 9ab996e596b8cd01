"""One soak: a bot, people and faults for long; sampled all the while, and judged in the end."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from bot.store import Store, StoreError, open_store
from sandbox.slack.violations import Violation
from tests.crash.env import Env, open_env
from tests.crash.fleet import Fleet, Life
from tests.crash.simulated_jobs import SimulatedJobs
from tests.crash.simulated_users import SimulatedUsers
from tests.crash.slack_driver import SlackDriver
from tests.soak.bot import KEEP
from tests.soak.bounds import Finding, judge
from tests.soak.faults import Fault, Faults, going_on
from tests.soak.plan import Plan
from tests.soak.sampling import WAITING, Sample, Sampler
from tests.soak.visitors import Visitors
from tests.waiting import until
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.world import SECRET

_AWAY = (sqlite3.Error, psycopg.Error, httpx.HTTPError)
_PATH = "/soak"
_DATABASE_FAULT = "database: restarted"
_ESCALATION = """
[[escalate]]
events = ["failed", "stuck"]
group = "@dba-team"
repeat = "5m"
"""
_EXPLAINED = (
    "Failed to send a request to Slack API server",
    "Failed to decode Slack API response",
    "on_error invoked",
    # A WebSocket was dropped or refused.
    "Failed to check the state of sock",
    "Failed to establish a connection",
    "Failed to run a request listener: Failed to send a message as the connection is no longer active",
)
"""What Slack's client logs as an error when Slack fails, before the bot tries again."""
_SAME_S = 0.5
"""A violation and a delivery whose times differ by less are about the same envelope."""
_LATE = "expired_trigger_id"
"""A form that is asked for while Slack or the database is slow comes too late."""
_EXPLAINED_BY_RESTARTS = ("run_left_to_recovery", "outbox_not_read", "watcher_store_failed")
"""What the bot logs when its database goes away, before it tries again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen. `troubles` has every other promise, with what broke it."""

    plan: Plan
    samples: Sequence[Sample]
    findings: Sequence[Finding]
    troubles: Mapping[str, Sequence[str]]
    typed: int
    looks: int
    presses: int
    faults: Mapping[str, int]
    explained: Mapping[str, int]
    """Errors in the log that the faults cause."""
    deliveries: int
    """Requests that the webhook got."""
    cpu_s: float
    seconds: float

    @property
    def broken(self) -> bool:
        return any(self.troubles.values()) or any(each.fault for each in self.findings)


def run(plan: Plan, folder: Path, tell: Callable[[Sample], None] = lambda _: None) -> Outcome:
    """Make a soak; the database and the logs are in `folder`. `tell` gets each sample.

    Raises:
        RuntimeError: the bot does not start, or PostgreSQL's programs are missing.
    """
    with ExitStack() as stack:
        env = stack.enter_context(open_env(folder, plan.database))
        receiver = stack.enter_context(receiving(folder))
        jobs = SimulatedJobs(env.dms.rest_host, plan.seed, plan.jobs)
        fleet = Fleet(_environ(env, receiver, plan), folder, "tests.soak.bot")
        stack.callback(fleet.end)
        life = fleet.start()
        if not fleet.wait_up(life):
            raise RuntimeError(f"The bot does not start: see {folder}.")
        store = open_store(env.url)
        stack.callback(store.close)
        users = SimulatedUsers(SlackDriver(env.slack.base_url), jobs, store, plan.seed)
        visitors = Visitors(env.slack.base_url, jobs, plan.seed)
        faults = Faults(env.slack.control, env.dms.control, receiver, _PATH, plan.seed)
        if env.postgres is not None:
            faults.more[_DATABASE_FAULT] = lambda: _restart(env)
        stack.callback(users.stop)
        visitors.ask_all_at_once(env.dms.control)
        users.start(plan.pace_s, plan.weather_s)
        visitors.start(plan.look_s)
        faults.start(plan.fault_s)
        sampler = Sampler(life.process.pid, life.port, env.url)
        samples = _watch(sampler, life, plan, tell)
        over = [each for each, on in (("people", visitors.goes_on()), ("faults", faults.goes_on())) if not on]
        visitors.stop()
        users.finish()
        faults.stop()
        waits = _settle(sampler, plan) if life.alive else []
        users.stop()
        cpu_s = _cpu_s(life)
        codes = fleet.stop() if life.alive else [life.process.wait()]
        return Outcome(
            plan=plan,
            samples=samples,
            findings=judge(samples, plan),
            troubles={
                "people and faults went on to the end": [f"no {each} any more" for each in over],
                **_troubles(env, store, life, codes, waits, faults.seen),
            },
            typed=users.typed,
            looks=visitors.looks,
            presses=users.presses + visitors.presses,
            faults=dict(faults.counts),
            explained=_explained(env, life),
            deliveries=len(receiver.at(_PATH)),
            cpu_s=cpu_s,
            seconds=samples[-1].at_s if samples else 0.0,
        )


def _environ(env: Env, receiver: Receiver, plan: Plan) -> dict[str, str]:
    with (env.folder / "policy.toml").open("a", encoding="utf-8") as policy:
        policy.write(_ESCALATION)
    secret, config = env.folder / "secret", env.folder / "dms-bot.toml"
    secret.write_text(SECRET, encoding="utf-8")
    config.write_text(
        f'[[webhook]]\nname = "siem"\nurl = "{receiver.url(_PATH)}"\nsecret_file = "{secret}"\n'
        'events = "all"\naudit = true\nallow_private = true\n',
        encoding="utf-8",
    )
    return {
        **env.environ,
        "DMS_BOT_CONFIG": str(config),
        "SSL_CERT_FILE": str(receiver.ca),
        "DMS_BOT_POLL_FAST": "1s",
        "DMS_BOT_POLL_SLOW": "3s",
        "DMS_BOT_DMS_DEADLINE": "5s",
        # Else each thread would keep some of what it has freed, and that would count as in use.
        "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
        KEEP: str(plan.keep_rows_s),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")])
        ),
    }


def _restart(env: Env) -> None:
    assert env.postgres is not None
    env.postgres.stop()
    env.postgres.start()


def _watch(sampler: Sampler, life: Life, plan: Plan, tell: Callable[[Sample], None]) -> list[Sample]:
    """Samples until the time is over, or the process has ended. The first one is taken when those who asked
    all at once have their answers: each answer in work has some threads more."""
    samples: list[Sample] = []
    end = time.monotonic() + plan.length_s
    while time.monotonic() < end and life.alive:
        time.sleep(min(plan.sample_s, max(0.0, end - time.monotonic())))
        with suppress(psutil.Error, *_AWAY):  # it is being restarted
            samples.append(sampler.sample())
            tell(samples[-1])
    return samples


def _settle(sampler: Sampler, plan: Plan) -> list[str]:
    """What still waits to be sent, once all is well again and nobody begins anything new."""

    def waiting() -> dict[str, float]:
        figures = sampler.sample().figures
        return {name: figures[name] for name in WAITING if figures[name]}

    with suppress(TimeoutError):
        until(waiting, lambda left: not left, timeout=plan.settle_s, every_s=1.0, passing=_AWAY)
    return [f"{name}: {count:.0f}" for name, count in waiting().items()]


def _cpu_s(life: Life) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(life.process.pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _cause(env: Env, said: Mapping[str, Any]) -> str:
    """Which fault explains what the bot logged; empty where none does."""
    known = _EXPLAINED if env.postgres is None else (*_EXPLAINED, *_EXPLAINED_BY_RESTARTS)
    return next((each for each in known if str(said.get("message")).startswith(each)), "")


def _explained(env: Env, life: Life) -> dict[str, int]:
    return dict(Counter(filter(None, (_cause(env, each) for each in life.troubles))))


def _line(said: Mapping[str, Any]) -> str:
    more = said.get("error") or str(said.get("exception", "")).strip().rpartition("\n")[2]
    return f"{said.get('message')}: {more}"


def _how_late(env: Env, found: Violation) -> str:
    """How late the acknowledgement came after all, for a sentence; empty if the delivery is not known."""
    workspace = env.slack.workspace
    sent = found.at - workspace.settings.ack_seconds
    for each in workspace.deliveries:
        if each.get("error") == "timeout" and abs(each["at"] - sent) < _SAME_S:
            return f", but after {each['late_after']:.1f} s" if each["late_after"] else ", nor later"
    return ""


def _troubles(
    env: Env,
    store: Store,
    life: Life,
    codes: Sequence[int],
    waits: Sequence[str],
    faults: Sequence[Fault],
) -> dict[str, list[str]]:
    broken = Counter(
        f"{each.code} {each.method}: {each.detail}{_how_late(env, each)} "
        f"(faults: {', '.join(going_on(each.at, faults)) or 'none'})"
        for each in env.slack.workspace.violations.breaches()
        if each.code != _LATE
    )
    logged = Counter(_line(each) for each in life.troubles if not _cause(env, each))
    ended = [] if not any(codes) else [f"exit code {codes[0]}"]
    chain = ""
    with suppress(StoreError):
        chain = store.verify_audit()
    return {
        "the process lived, and stopped in good order": ended,
        "no error in the log": [f"{count} × {line}" for line, count in logged.most_common()],
        "Slack's rules were kept": [f"{count} × {line}" for line, count in broken.most_common()],
        "the audit is whole": [chain] if chain else [],
        "in the end, nothing waited to be sent": list(waits),
    }
