"""People and weather: threads that go on whatever happens to the bots."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

from bot.requests.rules import needs_typed_confirmation
from bot.store import Store, StoreError
from bot.store.records import Request
from sandbox.dms.control import ControlError
from sandbox.local_http import NoAnswer
from tests.crash.env import APPROVERS, REQUESTERS
from tests.crash.simulated_jobs import SimulatedJobs, Status
from tests.crash.slack_driver import Card, SlackDriver

_PEOPLE = {**REQUESTERS, **APPROVERS}
_LOOK_EVERY_S = 0.4
_AGAIN_S = 3.0
"""How long somebody waits for a card to change before pressing its button once more."""
_LOOKS = ("list", "show {id}", "history {id}", "databases {id}", "approvals")


def fitting(status: Status, rng: random.Random) -> tuple[str, ...]:
    """What people may type for a job in this status; `{id}` is the job."""
    state, phase = status
    match state, phase:
        case "NOT_STARTED", _:
            return ("start {id}", "verify {id}")
        case "RUNNING", "FULL_DUMP":
            return ("stop {id}", "restart {id} --stop-first", "edit {id} --parallel " + _level(rng))
        case "RUNNING", "CDC":
            return ("stop {id}", "verify {id}", "promote {id}", "edit {id} --parallel " + _level(rng))
        case "STOPPED", "CDC":
            return ("resume {id}", "resume {id}", "promote {id}")
        case (("STOPPED" | "FAILED"), _):
            return ("restart {id}", "restart {id}", "delete {id}")
        case _:
            return ("show {id}", "verify {id}")


def _level(rng: random.Random) -> str:
    return rng.choice(("min", "optimal", "max"))


class SimulatedUsers:
    """Types commands, presses what can be pressed, and changes jobs from outside."""

    def __init__(self, driver: SlackDriver, jobs: SimulatedJobs, store: Store, seed: int) -> None:
        self._driver = driver
        self._herd = jobs
        self._store = store
        self._seed = seed
        self._stop = threading.Event()
        self._rest = threading.Event()
        """Set: nothing new is begun; what was begun is still finished."""
        self._threads: list[threading.Thread] = []
        self._pressed: dict[tuple[str, str], float] = {}
        self.typed = 0
        self.presses = 0

    def start(self, pace_s: float, weather_s: float) -> None:
        self._run("typist", self._type, pace_s, self._rest)
        self._run("weather", lambda _: self._herd.weather(), weather_s, self._rest)
        self._run("presser", self._press, _LOOK_EVERY_S, self._stop)

    def finish(self) -> None:
        """Begin nothing new."""
        self._rest.set()

    def stop(self) -> None:
        self._rest.set()
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _run(
        self, name: str, act: Callable[[random.Random], None], every_s: float, until: threading.Event
    ) -> None:
        rng = random.Random(f"{self._seed} {name}")

        def go_on() -> None:
            while not until.wait(every_s * rng.uniform(0.5, 1.5)):
                try:
                    act(rng)
                except (ControlError, NoAnswer, StoreError, KeyError):
                    continue  # a job went away meanwhile, or PostgreSQL is being restarted

        thread = threading.Thread(target=go_on, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    # ---- typing

    def _type(self, rng: random.Random) -> None:
        id, status = self._herd.any()
        text = rng.choice(_LOOKS if rng.random() < 0.2 else fitting(status, rng))
        user = rng.choice(list(REQUESTERS.values()))
        if self._driver.type(text.format(id=id), user):
            self.typed += 1

    # ---- pressing

    def _press(self, rng: random.Random) -> None:
        for card in self._driver.cards():
            request = self._store.request(card.request)
            if request is None or any(self._herd.reserved(job.id) for job in request.jobs):
                continue
            self._decide(card, request, rng)
            if self._stop.is_set():
                return

    def _decide(self, card: Card, request: Request, rng: random.Random) -> None:
        step = "confirm" if "confirm" in card.steps else "approve"
        key, now = (request.id, step), time.monotonic()
        first = key not in self._pressed
        if not first and now - self._pressed[key] < _AGAIN_S:
            return
        self._pressed[key] = now
        self.presses += 1
        chance = rng.random()
        if step == "confirm":
            self._confirm(card, request, chance)
        elif first and chance < 0.2:
            self._driver.press(card, "approve", _name(request.by.user))  # one's own: does not count
        elif chance < 0.3:
            self._deny(card, request)
        else:
            self._driver.press(card, "approve", approver(request))

    def _confirm(self, card: Card, request: Request, chance: float) -> None:
        user = _name(request.by.user)
        if chance < 0.1:
            self._driver.press(card, "cancel", user)
        elif chance < 0.2:
            self._driver.press(card, "confirm", "alex" if user != "alex" else "dana")  # not theirs to confirm
        elif self._driver.press(card, "confirm", user) and needs_typed_confirmation(request):
            self.type_phrase(request, user)

    def type_phrase(self, request: Request, user: str) -> None:
        """What the view asks for."""
        phrase = request.jobs[0].id
        view = self._driver.view(user, phrase)
        if view is None or not self._driver.fill(view, phrase, user):
            self._driver.close_views(user)

    def _deny(self, card: Card, request: Request) -> None:
        user = approver(request)
        if self._driver.press(card, "deny", user):
            view = self._driver.view(user, "Why not")
            if view is None or not self._driver.fill(view, "Not now.", user):
                self._driver.close_views(user)


def approver(request: Request) -> str:
    """Somebody who may approve what another asked for."""
    return next(name for id, name in APPROVERS.items() if id != request.by.user)


def _name(user: str) -> str:
    return _PEOPLE[user]
