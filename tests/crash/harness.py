"""One crash run: people and jobs go on, bots are killed, and in the end everything must add up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.dms.gateway import Gateway
from bot.requests.runner import replica_lock
from bot.runtime.leader import LOCK
from bot.store import Store, open_store
from bot.store.records import ACTIVE_RUNS, OPEN_REQUESTS, RequestState
from tests.crash import check_cutovers, check_jobs, check_messages, check_runs
from tests.crash.cutover_people import CutoverPeople
from tests.crash.env import LOCATIONS, Env, open_env
from tests.crash.evidence import Evidence, collect
from tests.crash.fleet import Fleet
from tests.crash.killer import Killer
from tests.crash.plan import Plan
from tests.crash.pre_kill_actions import PreKillActions
from tests.crash.raw import RawReader
from tests.crash.simulated_jobs import SimulatedJobs
from tests.crash.simulated_nights import SimulatedNights
from tests.crash.simulated_users import SimulatedUsers
from tests.crash.slack_driver import SlackDriver
from tests.waiting import until

CHECKS: Mapping[str, Callable[[Evidence], Iterator[str]]] = {
    "every approved action ran exactly once": check_runs.once,
    "nothing ran without confirmation and approval": check_runs.permitted,
    "the audit is whole, in order, without doubles": check_runs.audited,
    "nothing is open or active for ever": check_runs.ended,
    "every cutover came to its end": check_cutovers.ended,
    "no step of a cutover happened twice, and no job was promoted twice": check_cutovers.once,
    "the card of each cutover says how it ended": check_cutovers.cards,
    "every message was posted exactly once": check_messages.posted,
    "the messages show what is true": check_messages.cards,
    "whoever asked was told how it ended": check_messages.outcomes,
    "every event was told exactly once": check_messages.events,
    "the bot knows each job as it is": check_jobs.known,
    "the story of each job has no gap": check_jobs.told,
    "Slack's rules were kept by the living": check_messages.rules,
    "no bot met with anything unexpected": check_messages.logs,
}
SETTLED = "all was finished and told in time"
LOCKS = "no lock is left"
CUTOVERS = "cutovers went on, and bots were killed in them"

_QUIET_S = 2.5
"""Nothing left to do for so long: settled."""
_MOST_PATIENCE = 5
"""Times the patience of a plan: no run goes on for ever."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found. `breaches` has every promise, with what broke it."""

    plan: Plan
    evidence: Evidence
    breaches: Mapping[str, Sequence[str]]
    typed: int
    presses: int
    seconds: float
    settled_s: float
    takeovers: Sequence[float]
    recoveries: Sequence[float]
    missed: Mapping[str, int]

    @property
    def broken(self) -> bool:
        return any(self.breaches.values())


def run(plan: Plan, folder: Path) -> Outcome:
    """Make a crash run; the database and the logs are in `folder`.

    Raises:
        RuntimeError: a bot does not start, or PostgreSQL's programs are missing.
    """
    begun = time.monotonic()
    with ExitStack() as stack:
        env = stack.enter_context(open_env(folder, plan.database))
        jobs = SimulatedJobs(env.dms.rest_host, plan.seed, plan.jobs)
        fleet = Fleet(env.environ, folder)
        stack.callback(fleet.end)
        for _ in range(plan.replicas):
            fleet.start()
        if not fleet.wait_up(*fleet.lives):
            raise RuntimeError(f"The bot does not start: see {folder}.")
        store = open_store(env.url)
        stack.callback(store.close)
        driver = SlackDriver(env.slack.base_url)
        users = SimulatedUsers(driver, jobs, store, plan.seed)
        stack.callback(users.stop)
        rng = random.Random(plan.seed)
        nights = _nights(stack, env, store, plan) if plan.nights else None
        killer = Killer(env, fleet, PreKillActions(driver, jobs, store, rng), jobs, store, rng, nights)
        users.start(plan.pace_s, plan.weather_s)
        killer.run(plan.kills)
        ending = time.monotonic()
        users.finish()
        if nights is not None:
            nights.finish(plan.settle_s)
        waits = _settle(store, env, plan.settle_s)
        settled_s = time.monotonic() - ending
        users.stop()
        behind = RawReader(env.url)
        stack.callback(behind.close)
        evidence = collect(store, behind, env.dms.control, env.slack, killer.kills, fleet.lives)
        codes = fleet.stop()
        breaches = {name: list(check(evidence)) for name, check in CHECKS.items()}
        breaches[SETTLED] = [*waits, *(nights.unexpected if nights is not None else ())]
        breaches[CUTOVERS] = list(check_cutovers.happened(evidence, plan.kills)) if plan.nights else []
        breaches[LOCKS] = list(_locks(store, fleet, codes))
        if plan.keep or any(breaches.values()):
            behind.export(folder)
        return Outcome(
            plan=plan,
            evidence=evidence,
            breaches=breaches,
            typed=users.typed,
            presses=users.presses,
            seconds=time.monotonic() - begun,
            settled_s=settled_s,
            takeovers=tuple(fleet.takeovers),
            recoveries=tuple(fleet.recoveries),
            missed=killer.missed,
        )


def _nights(stack: ExitStack, env: Env, store: Store, plan: Plan) -> SimulatedNights:
    gateway = Gateway(env.dms.project, LOCATIONS, env.dms.grpc_host, env.dms.rest_host, deadline_s=5)
    stack.callback(gateway.close)
    nights = SimulatedNights(CutoverPeople(store, gateway), env.dms.control, plan.seed)
    stack.callback(nights.stop)
    nights.start()
    return nights


def _settle(store: Store, env: Env, patience_s: float) -> list[str]:
    """Wait until nothing has been left to do for a while; what still is where nothing goes on any more.

    Slack takes one message a second of a channel, so what was written while bots were killed takes long.
    """
    changed_at = time.monotonic()
    left = [""]

    def quiet_s() -> float:
        nonlocal changed_at, left
        before, left = left, _left(store, env)
        if left != before:
            changed_at = time.monotonic()
        return 0.0 if left else time.monotonic() - changed_at

    def stuck() -> str:
        return "nothing goes on" if time.monotonic() - changed_at > patience_s else ""

    with suppress(TimeoutError):
        until(
            quiet_s,
            lambda seconds: seconds >= _QUIET_S,
            timeout=_MOST_PATIENCE * patience_s,
            every_s=0.25,
            unless=stuck,
        )
    return left


def _left(store: Store, env: Env) -> list[str]:
    unfinished = (*OPEN_REQUESTS, RequestState.APPROVED, RequestState.RUNNING)
    left = [f"request {each.id} is {each.state}" for each in store.requests(unfinished)]
    left += [f"run {run.id} is {run.state}" for run in store.runs(states=ACTIVE_RUNS)]
    if depth := store.outbox_depth():
        left.append(f"{depth} messages are not sent")
    known = store.known_jobs()
    for name in env.dms.control.jobs():
        job = env.dms.control.job(name)
        if job["activeOperation"] or (job.get("phase") == "FULL_DUMP" and job["state"] == "RUNNING"):
            left.append(f"{name} is still changing")
        elif name not in known or known[name].job.state != job["state"]:
            left.append(f"{name} is {job['state']}, which is not known yet")
    return left


def _locks(store: Store, fleet: Fleet, codes: Sequence[int]) -> Iterator[str]:
    if any(codes):
        yield f"a bot did not stop in good order: exit codes {list(codes)}"
    if store.is_locked(LOCK):
        yield "somebody still leads"
    for life in fleet.lives:
        if life.replica and store.is_locked(replica_lock(life.replica)):
            yield f"bot {life.number} still has its lock"
