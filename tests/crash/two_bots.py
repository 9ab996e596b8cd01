"""Two bots that share a PostgreSQL database, and what a test does with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.requests.rules import needs_typed_confirmation
from bot.store import Store, StoreError, open_store
from bot.store.records import Request, RequestState, Run
from sandbox.dms.control import DmsControl
from tests.crash.env import Env, open_env
from tests.crash.fleet import Fleet, Life
from tests.crash.slack_driver import Card, SlackDriver
from tests.methods import METHODS
from tests.waiting import PATIENCE_S, until

DEADLINE_S = PATIENCE_S


@dataclass
class TwoBots:
    env: Env
    fleet: Fleet
    driver: SlackDriver
    store: Store
    folder: Path
    _jobs: int = 0

    @property
    def dms(self) -> DmsControl:
        return self.env.dms.control

    def job(self, state: str = "RUNNING", phase: str | None = "CDC") -> str:
        """The id of a new job, which stays as it is until it is told to change."""
        self._jobs += 1
        id = f"pair-{self._jobs}"
        self.dms.add_job(id, state=state, phase=phase, frozen=True, databases=["sales"])
        return id

    def both(self) -> list[Life]:
        """Two living bots; one that was killed is started anew."""
        while len(self.fleet.alive()) < 2:
            self.fleet.start()
        alive = self.fleet.alive()
        assert self.fleet.wait_up(*alive)
        self.env.slack.control.wait_connections(2, DEADLINE_S)
        assert self.fleet.wait(lambda: any(life.leads for life in alive), DEADLINE_S)
        return alive

    def leader(self) -> Life:
        leaders = [life for life in self.fleet.alive() if life.leads]
        assert len(leaders) == 1, "not exactly one leads"
        return leaders[0]

    def other(self) -> Life:
        leader = self.leader()
        return next(life for life in self.fleet.alive() if life is not leader)

    def writes(self, verb: str, job: str) -> list[dict[str, Any]]:
        return self.dms.calls(METHODS[verb], about=f"migrationJobs/{job}")

    def runs(self, job: str) -> list[Run]:
        """Those of a job, oldest first; none while the database does not answer."""
        try:
            return [run for run in self.store.runs() if run.job.endswith(f"/{job}")]
        except StoreError:
            return []

    def owner(self, job: str) -> Life | None:
        runs = self.runs(job)
        return self.fleet.of_replica(runs[-1].owner) if runs else None

    def request(self, job: str) -> Request | None:
        requests = (each for each in self.store.requests() if each.jobs[0].id == job)
        return next(requests, None)

    def approval(self, verb: str, job: str) -> Card:
        """Have a request asked by dana come so far that only the approval is missing."""
        assert self.driver.type(f"{verb} {job}", "dana")
        card = self.card(job, "confirm")
        assert self.driver.press(card, "confirm", "dana")
        request = self.store.request(card.request)
        if request is not None and needs_typed_confirmation(request):
            view = self.driver.view("dana", job)
            assert view is not None
            assert self.driver.fill(view, job, "dana")
        return self.card(job, "approve")

    def card(self, job: str, step: str) -> Card:
        def look() -> Card | None:
            for card in self.driver.cards():
                request = self.store.request(card.request)
                if step in card.steps and request is not None and request.jobs[0].id == job:
                    return card
            return None

        return until(look, timeout=DEADLINE_S, passing=(StoreError,))

    def ended(self, job: str) -> Run:
        """The job's only run, when its request is done."""

        def look() -> Run | None:
            request = self.request(job)
            runs = self.runs(job)
            done = request is not None and request.state is RequestState.DONE
            return runs[0] if done and len(runs) == 1 else None

        return until(look, timeout=DEADLINE_S, passing=(StoreError,))

    def logged(self, life: Life, message: str) -> int:
        """How often a bot has logged this."""
        log = (self.folder / f"bot-{life.number}.log").read_text(encoding="utf-8")
        lines = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
        return sum(line.get("message") == message for line in lines)


@contextmanager
def two_bots(folder: Path) -> Iterator[TwoBots]:
    with ExitStack() as stack:
        env = stack.enter_context(open_env(folder, "postgresql"))
        fleet = Fleet({**env.environ, "DMS_BOT_SHUTDOWN": "1s"}, folder)
        stack.callback(fleet.end)
        fleet.start()
        fleet.start()
        assert fleet.wait_up(*fleet.lives)
        store = open_store(env.url)
        stack.callback(store.close)
        yield TwoBots(env, fleet, SlackDriver(env.slack.base_url, view_s=DEADLINE_S), store, folder)
