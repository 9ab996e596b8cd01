"""The migration jobs, and what happens to them from outside."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.dms.control import ControlError, DmsControl
from tests.crash.env import LOCATIONS

Status = tuple[str, str]
"""State and phase."""

CDC: Status = ("RUNNING", "CDC")
DUMP: Status = ("RUNNING", "FULL_DUMP")
FAILED: Status = ("FAILED", "FULL_DUMP")
STOPPED_CDC: Status = ("STOPPED", "CDC")
STOPPED_DUMP: Status = ("STOPPED", "FULL_DUMP")
NEW: Status = ("NOT_STARTED", "")
_KINDS = (CDC, CDC, CDC, DUMP, FAILED, STOPPED_CDC, STOPPED_DUMP, NEW)
_DUMP_S = 240.0
"""Scaled seconds of one database's dump: four real ones."""


@dataclass(frozen=True, slots=True)
class DeletedJob:
    """A job that was taken away from outside."""

    name: str
    create_time: str


NIGHT = "night-"
"""How the IDs of jobs of cutovers begin (`simulated_nights`)."""


class SimulatedJobs:
    """Jobs of all kinds, which live on by themselves. Every method may be called from any thread."""

    def __init__(self, rest_host: str, seed: int, size: int) -> None:
        self._dms = DmsControl(f"http://{rest_host}")
        self._random = random.Random(seed)
        self._guard = threading.RLock()
        self._numbers = 0
        self._size = size
        self._reserved: set[str] = set()
        for index in range(size):
            self._add(_KINDS[index % len(_KINDS)])

    def some(self, *wanted: Status) -> str:
        """The id of a job that nobody works on and that is in one of these statuses; one is put there
        from outside, as somebody in the console could, when there is none."""
        with self._guard:
            ids = self._ids()
            self._random.shuffle(ids)
            idle = [each for each in ids if each not in self._reserved]
            for id in idle:
                found = self._look(id)
                if found and _status(found) in wanted:
                    return id
            return self._put(idle, self._random.choice(wanted))

    def any(self) -> tuple[str, Status]:
        """A job as it is."""
        with self._guard:
            id = self._random.choice([each for each in self._ids() if each not in self._reserved])
            return id, _status(self._dms.job(id))

    def reserve(self, *ids: str) -> None:
        """Keep others from working on them, or changing them, until `release`."""
        with self._guard:
            self._reserved.update(ids)

    def release(self) -> None:
        with self._guard:
            self._reserved.clear()

    def reserved(self, id: str) -> bool:
        return id in self._reserved

    def weather(self) -> None:
        """One thing that happens without anybody asking the bot."""
        with self._guard:
            happen = self._random.choice(
                (self._fails, self._fails, self._is_replaced, self._vanishes, self._appears, self._spoils)
            )
            happen()

    # ---- what may happen

    def _fails(self) -> None:
        id, (state, phase) = self.any()
        if state == "RUNNING":
            error = {"code": "INTERNAL", "message": f"The source of {id} closed the connection."}
            self._dms.set_job(id, state="FAILED", phase=phase, error=error)

    def _is_replaced(self) -> None:
        id, (state, _) = self.any()
        if state in ("FAILED", "STOPPED", "COMPLETED"):
            location = self._dms.job(id)["name"].split("/")[3]
            self._dms.remove_job(id)
            self._dms.add_job(id, location=location, state="NOT_STARTED", **self._traits(created_ago=0.0))

    def _vanishes(self) -> None:
        id, (state, _) = self.any()
        if state in ("COMPLETED", "FAILED", "STOPPED"):
            self._dms.remove_job(id)
            self._add(self._random.choice(_KINDS))

    def _appears(self) -> None:
        if len(self._ids()) < self._size:
            self._add(self._random.choice(_KINDS))

    def _spoils(self) -> None:
        """The next operation of a job will fail at its end."""
        id, _ = self.any()
        verb = self._random.choice(("verify", "restart", "stop", "resume", "promote"))
        self._dms.operation_outcome(id, verb, message=f"The {verb} of {id} did not work out.")

    # ---- helpers

    def _look(self, id: str) -> dict[str, Any] | None:
        """A job as it is; None if its deletion has ended since all were listed."""
        with suppress(ControlError):
            return self._dms.job(id)
        return None

    def _put(self, idle: list[str], status: Status) -> str:
        seen = {each: self._look(each) for each in idle}
        settled = [each for each, found in seen.items() if found and not found["activeOperation"]]
        if not settled:
            return self._add(status)
        id = settled[0]
        error = {"code": "INTERNAL", "message": "It broke."} if status[0] == "FAILED" else None
        phase = {"phase": status[1]} if status[1] else {}
        self._dms.set_job(id, state=status[0], **phase, error=error)
        return id

    def _add(self, status: Status) -> str:
        self._numbers += 1
        id = f"crash-{self._numbers}"
        error = {"code": "INTERNAL", "message": "It broke."} if status[0] == "FAILED" else None
        self._dms.add_job(
            id,
            location=self._random.choice(LOCATIONS),
            state=status[0],
            phase=status[1] or None,
            error=error,
            **self._traits(),
        )
        return id

    def _traits(self, **more: Any) -> dict[str, Any]:
        databases = [{"name": name, "dump_seconds": _DUMP_S} for name in ("sales", "billing")]
        return {"databases": databases, "labels": {"env": self._random.choice(("prod", "test"))}, **more}

    def _ids(self) -> list[str]:
        """All but those of cutovers, whose people have them to themselves."""
        ids = (name.rpartition("/")[2] for name in self._dms.jobs())
        return [each for each in ids if not each.startswith(NIGHT)]


def _status(job: dict[str, Any]) -> Status:
    phase = str(job.get("phase", ""))
    return str(job["state"]), "" if phase == "PHASE_UNSPECIFIED" else phase


__all__ = [
    "CDC",
    "DUMP",
    "FAILED",
    "NEW",
    "STOPPED_CDC",
    "STOPPED_DUMP",
    "ControlError",
    "SimulatedJobs",
    "Status",
]
