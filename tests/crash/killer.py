"""When and where the bots are killed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.store import Store
from bot.store.records import RequestState, RunState
from sandbox.dms.control import DmsControl
from tests.crash.env import Env
from tests.crash.fleet import Fleet, Life
from tests.crash.pre_kill_actions import NotReached, PreKillAction, PreKillActions
from tests.crash.raw import RawReader
from tests.crash.simulated_jobs import SimulatedJobs
from tests.crash.simulated_nights import SimulatedNights
from tests.methods import METHODS
from tests.waiting import until

CUTOVER = "cutover"
"""The kind of a kill right after a press in a cutover."""
_SPRUNG_S = 6.0
"""How long a trap waits before the bot is killed without it."""
_NIGHT_S = 20.0
"""The same for a cutover, which is measured every 15 seconds."""
_LOOK_S = 0.004


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL. `at` is in Unix seconds; the counts are what the store held right after it."""

    at: float
    kind: str
    process: int
    led: bool
    calling: int
    """Runs whose call was on its way."""
    following: int
    queued: int
    posting: int
    """Messages whose first post was on its way."""


Aim = Callable[[], Sequence[Life]]
"""Waits for its moment; whom to kill then."""


class Killer:
    """Kills at the points in turn, in an order that the seed decides."""

    def __init__(
        self,
        env: Env,
        fleet: Fleet,
        actions: PreKillActions,
        jobs: SimulatedJobs,
        store: Store,
        rng: random.Random,
        nights: SimulatedNights | None = None,
    ) -> None:
        self._stage = env
        self._fleet = fleet
        self._baits = actions
        self._herd = jobs
        self._store = store
        self._random = rng
        self._dms: DmsControl = env.dms.control
        self._behind = RawReader(env.url)
        self._delay = 0.08
        """Seconds from a press to the audit row before the call, as last seen."""
        self.kills: list[Kill] = []
        self.missed: dict[str, int] = {}
        self._deck: list[str] = []
        self._aims: dict[str, Aim] = {
            "delivery": lambda: self._press(self._baits.command, 0.03),
            "confirm": lambda: self._step(self._baits.confirmation, "confirmed"),
            "approve": lambda: self._step(self._baits.approval, "approved"),
            "call received": lambda: self._call("SLOW", applied=False),
            "call received, lost": lambda: self._call("DISCONNECT", applied=False),
            "call applied": lambda: self._call("SLOW", applied=True),
            "audit": self._audit,
            "post received": self._post_received,
            "post applied": lambda: self._answer_pending("chat.postMessage"),
            "update applied": lambda: self._answer_pending("chat.update"),
            "any time": self._any_time,
            "start": self._starting,
        }
        if nights is not None:
            self._aims[CUTOVER] = lambda: self._cutover(nights)

    def run(self, kills: int) -> None:
        """Kill so many times; afterwards all replicas run again."""
        try:
            while len(self.kills) < kills:
                self._round(self._draw())
        finally:
            self._stage.slack.control.clear_faults()
            self._dms.clear_faults()
            self._herd.release()
            self._behind.close()

    # ---- one round

    def _draw(self) -> str:
        if not self._deck:
            self._deck = list(self._aims)
            self._random.shuffle(self._deck)
        return self._deck.pop()

    def _round(self, kind: str) -> None:
        if kind != "start":
            self._wait_up()
            time.sleep(self._random.uniform(0.1, 1.0))
        try:
            victims = self._aims[kind]()
        except NotReached:
            self.missed[kind] = self.missed.get(kind, 0) + 1
            kind, victims = "any time", self._any_time()
        self._strike(kind, victims)
        self._stage.slack.control.clear_faults()
        self._dms.clear_faults()
        self._herd.release()
        time.sleep(self._random.choice((0.0, 0.0, 0.2, self._random.uniform(0, 2.5))))
        for _ in victims:
            self._fleet.start()

    def _strike(self, kind: str, victims: Sequence[Life]) -> None:
        led = [life.leads for life in victims]
        at = self._fleet.kill(*victims)
        runs = [run.state for run in self._store.runs(states=_GOING)]
        approved = len(self._store.requests([RequestState.APPROVED]))
        posting = len(self._behind.being_posted())
        for life, leads in zip(victims, led, strict=True):
            self.kills.append(
                Kill(
                    at=at,
                    kind=kind,
                    process=life.number,
                    led=leads,
                    calling=runs.count(RunState.CALLING),
                    following=runs.count(RunState.FOLLOWING),
                    queued=runs.count(RunState.QUEUED) + approved,
                    posting=posting,
                )
            )

    def _wait_up(self) -> None:
        """Until all answer, mostly; sometimes the next blow falls while another still starts."""
        lives = self._fleet.alive()
        if len(lives) > 1 and self._random.random() < 0.25:
            self._fleet.wait(lambda: any(life.up for life in lives))
            return
        if not self._fleet.wait_up(*lives):
            raise RuntimeError("A bot does not start: see its log.")

    # ---- whom

    def _one_or_all(self) -> Sequence[Life]:
        lives = self._fleet.alive()
        return lives if self._random.random() < 0.4 else [self._random.choice(lives)]

    def _leading(self) -> Sequence[Life]:
        leader = self._fleet.leader()
        return [leader] if leader is not None else self._fleet.alive()

    def _calling(self, job: str) -> Sequence[Life]:
        """Whoever makes the call; now and then everybody."""
        runs = self._store.runs(states=[RunState.CALLING, RunState.QUEUED, RunState.FOLLOWING])
        owners = [run.owner for run in runs if run.job.endswith(f"/{job}")]
        life = self._fleet.of_replica(owners[0]) if owners else None
        return self._one_or_all() if life is None or self._random.random() < 0.15 else [life]

    # ---- when

    def _press(self, prepare: Callable[[], PreKillAction], within_s: float) -> Sequence[Life]:
        action = prepare()
        victims = self._one_or_all()
        action.go()
        time.sleep(self._random.uniform(0, within_s))
        return victims

    def _step(self, prepare: Callable[[], PreKillAction], event: str) -> Sequence[Life]:
        """Some milliseconds after the press, or as soon as it has been written down."""
        if self._random.random() < 0.5:
            return self._press(prepare, 0.04)
        action = prepare()
        since = self._last_audited()
        victims = self._one_or_all()
        action.go()
        self._until(lambda: self._behind.audited(event, action.job, since), f"not {event}")
        time.sleep(self._random.uniform(0, 0.01))
        return victims

    def _call(self, kind: str, *, applied: bool) -> Sequence[Life]:
        """While the service has the call: before it acted on it, or after, but before it answered."""
        action = self._baits.action()
        method = METHODS[action.verb]
        self._dms.fault(method, kind, delay_seconds=2.0, after_apply=applied, match=f"/{action.job}")
        seen = len(self._calls(method, action.job))
        action.go()
        self._until(lambda: self._arrived(method, action.job, seen, applied), "no call")
        time.sleep(self._random.uniform(0, 0.03))
        return self._calling(action.job)

    def _cutover(self, nights: SimulatedNights) -> Sequence[Life]:
        """Some milliseconds after somebody has pressed in a cutover, while its card, log and calls go out."""
        try:
            nights.next_press(_NIGHT_S)
        except TimeoutError:
            raise NotReached("no press in a cutover") from None
        time.sleep(self._random.choice((self._random.uniform(0, 0.05), self._random.uniform(0, 1.5))))
        return self._leading() if self._random.random() < 0.7 else self._one_or_all()

    def _audit(self) -> Sequence[Life]:
        """A few milliseconds around the audit row before the call."""
        action = self._baits.action()
        since = self._last_audited()
        action.go()
        begun = time.monotonic()
        if self._random.random() < 0.5:
            time.sleep(max(0.0, self._delay + self._random.uniform(-0.02, 0.02)))
            return self._calling(action.job)
        self._until(lambda: self._behind.audited("calling", action.job, since), "no audit row")
        self._delay = time.monotonic() - begun
        return self._calling(action.job)

    def _post_received(self) -> Sequence[Life]:
        """Slack has a new message, and has not posted it yet."""
        action = self._baits.at_once()
        self._stage.slack.control.fault("chat.postMessage", "slow", seconds=0.3)
        action.go()
        self._until(lambda: not self._stage.slack.workspace.faults, "no post")
        time.sleep(self._random.uniform(0, 0.35))
        return self._leading()

    def _answer_pending(self, method: str) -> Sequence[Life]:
        """Slack has done it, and its answer never comes."""
        action = self._baits.at_once()
        self._stage.slack.control.fault(method, "timeout", seconds=2.0, after_apply=True)
        before = self._count(method)
        action.go()
        self._until(lambda: self._count(method) > before, f"no {method}")
        time.sleep(self._random.uniform(0, 0.02))
        return self._leading()

    def _any_time(self) -> Sequence[Life]:
        time.sleep(self._random.uniform(0, 2.0))
        return self._one_or_all() if self._random.random() < 0.5 else self._leading()

    def _starting(self) -> Sequence[Life]:
        """While it starts, or as soon as it leads and takes up what was left."""
        newest = self._fleet.lives[-1]
        if not newest.alive:
            newest = self._fleet.start()
        if self._random.random() < 0.5:
            time.sleep(self._random.uniform(0.1, 1.3))
        else:
            self._fleet.wait(lambda: newest.up is not None or newest.leads)
            time.sleep(self._random.uniform(0, 0.3))
        return [newest]

    # ---- looking

    def _until(self, true: Callable[[], object], otherwise: str) -> None:
        try:
            until(true, timeout=_SPRUNG_S, every_s=_LOOK_S)
        except TimeoutError:
            raise NotReached(otherwise) from None

    def _calls(self, method: str, job: str) -> list[dict[str, object]]:
        return self._dms.calls(method, about=f"migrationJobs/{job}")

    def _arrived(self, method: str, job: str, seen: int, applied: bool) -> bool:
        calls = self._calls(method, job)[seen:]
        return any(call["applied"] or not applied for call in calls)

    def _count(self, method: str) -> int:
        return sum(1 for call in list(self._stage.slack.workspace.calls) if call["method"] == method)

    def _last_audited(self) -> int:
        newest = self._store.audit(limit=1, newest_first=True)
        return newest[0].seq if newest else 0


_GOING = (RunState.QUEUED, RunState.CALLING, RunState.FOLLOWING)
