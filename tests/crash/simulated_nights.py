"""Cutovers of waves, one after another, while the bots are killed: people press what is awaited of them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.cutover.promotion import promote_phrase
from bot.cutover.states import ask_of, evidence_from, has_ended
from bot.dms.errors import DmsError
from bot.store import StoreError
from bot.store.cutover import Cutover
from bot.store.cutover import CutoverState as S
from bot.store.records import Person
from sandbox.dms.control import ControlError, DmsControl
from sandbox.local_http import NoAnswer
from tests.crash.cutover_people import REPLICATES, CutoverPeople, give_samples, now
from tests.crash.env import LOCATIONS
from tests.crash.simulated_jobs import NIGHT
from tests.waiting import until

_LOOK_S = 0.2
_WAVE = 2
_HOLDS = 0.1
"""How often somebody holds it instead of pressing on."""
_PASSES = (DmsError, StoreError, ControlError, NoAnswer)
"""Faults of a run that has some on purpose: looked at again."""
_PATIENCE_S = 60.0
"""For how long such faults may follow each other."""
_CALLED_S = 120.0
"""How long somebody waits for the call of bots that die and start again."""
_SAMPLED_AFTER = timedelta(seconds=0.5)
"""How long after the stop the samples of the sandbox begin."""


class SimulatedNights:
    """One cutover at a time. Its people press until it has ended, whatever happens to the bots."""

    def __init__(self, people: CutoverPeople, dms: DmsControl, seed: int) -> None:
        self._people = people
        self._dms = dms
        self._random = random.Random(seed)
        self._rest = threading.Event()
        """Set: no new night is begun; what was begun is still finished."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._live, name="nights", daemon=True)
        self._presses = 0
        self._sampled: dict[str, datetime] = {}
        self._failing_since: float | None = None
        self.nights = 0
        self.unexpected: list[str] = []
        """What went wrong with the people themselves, or was kept from them."""
        self._next: Mapping[S, Callable[[Cutover], None]] = {
            S.READY: self._begin,
            S.STOPPING: self._stopped,
            S.DRAINING: self._sample,
            S.DRAINED: self._promote,
            S.HELD: lambda found: self._press(found, "resume", people.dana),
            S.UNKNOWN: lambda found: self._press(found, "adopt", people.dana),
            S.CHECKLIST: lambda found: self._press(found, "open_writes", people.sam),
        }

    def start(self) -> None:
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Begin nothing new, and wait until the night has ended."""
        self._rest.set()
        self._thread.join(seconds)

    def stop(self) -> None:
        self._rest.set()
        self._stop.set()
        self._thread.join(20)

    def next_press(self, seconds: float) -> None:
        """Wait until somebody has pressed.

        Raises:
            TimeoutError: nobody did.
        """
        before = self._presses
        until(lambda: self._presses > before, timeout=seconds, every_s=0.004)

    def _live(self) -> None:
        current: Cutover | None = None
        while not self._stop.wait(_LOOK_S):
            try:
                if current is None or has_ended(current):
                    if self._rest.is_set():
                        return
                    current = self._plan()
                current = self._people.store.cutover(current.id) or current
                act = self._next.get(current.state)
                if act is not None:
                    act(current)
            except _PASSES as error:
                self._note_failure(error)
            except Exception as error:
                self.unexpected.append(f"{type(error).__name__}: {error}")
            else:
                self._failing_since = None

    def _note_failure(self, error: Exception) -> None:
        """What does not pass keeps every cutover from going on, and so hides what would become of it."""
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since > _PATIENCE_S:
            self.unexpected.append(f"for {_PATIENCE_S:.0f} s: {type(error).__name__}: {error}")
            self._failing_since = None

    def _plan(self) -> Cutover:
        self.nights += 1
        ids = [f"{NIGHT}{self.nights}-{number}" for number in range(_WAVE)]
        for id in ids:
            self._dms.add_job(id, location=LOCATIONS[0], **REPLICATES)
        self._presses += 1
        return self._people.planned(*ids)

    # ---- what people do next

    def _begin(self, found: Cutover) -> None:
        step = "start" if found.progress.here else "here"
        self._press(found, step, self._people.dana)

    def _stopped(self, found: Cutover) -> None:
        """The app owner comes only when called."""
        if not self._is_called(found):
            return
        if not self._holds(found):
            self._press(found, "stopped", self._people.sam)

    def _is_called(self, found: Cutover) -> bool:
        """Whether the call for this press is in Slack, or nobody may wait for it any longer."""
        if self._people.called(found, "stopped"):
            return True
        if now() - found.since < timedelta(seconds=_CALLED_S):
            return False
        self.unexpected.append(f"{found.id} is {found.state}, and its app owner was not called")
        return True

    def _sample(self, found: Cutover) -> None:
        """Three samples from after the stop, once for each time that it drains."""
        after = evidence_from(found)
        if after is None or now() - after < _SAMPLED_AFTER or self._sampled.get(found.id) == after:
            return
        for name in found.plan.jobs:
            give_samples(self._dms, name.rpartition("/")[2])
        self._sampled[found.id] = after

    def _promote(self, found: Cutover) -> None:
        if found.progress.asked_by:
            self._press(found, "second", self._people.alex, ask_of(found))
        elif not self._holds(found):
            self._press(found, "promote", self._people.dana, promote_phrase(found))

    def _holds(self, found: Cutover) -> bool:
        if self._random.random() >= _HOLDS:
            return False
        self._press(found, "hold", self._people.sam, "a moment")
        return True

    def _press(self, found: Cutover, step: str, who: Person, arg: str = "") -> None:
        """Press; a refusal is no fault, as the bots move on meanwhile."""
        self._presses += 1
        self._people.cutovers.press(who, found.id, step, arg=arg)
