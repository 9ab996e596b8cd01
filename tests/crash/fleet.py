"""The bots as processes: started, listened to, killed, and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import loaded
from tests.loaded import Copy
from tests.waiting import PATIENCE_S

_UP_S = PATIENCE_S
_STOP_S = PATIENCE_S
_BAD = frozenset({"ERROR", "CRITICAL"})


@dataclass
class Life:
    """One process of the bot, from start to end. Times are Unix seconds."""

    number: int
    process: subprocess.Popen[str] | Copy
    begun: float
    replica: str = ""
    port: int = 0
    up: float | None = None
    leads: bool = False
    led: list[float] = field(default_factory=list)
    """When it began to lead."""
    killed: float | None = None
    troubles: list[dict[str, Any]] = field(default_factory=list)
    """What it logged as errors."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


class Fleet:
    """All processes of one run. What each of them logs is kept in `folder`."""

    def __init__(self, environ: Mapping[str, str], folder: Path, module: str = "bot") -> None:
        self._environ = dict(environ)
        self._folder = folder
        self._module = module
        self._news = threading.Condition()
        self.lives: list[Life] = []
        self.takeovers: list[float] = []
        """Seconds from a leader's death until another replica led."""
        self.recoveries: list[float] = []
        """Seconds from the last bot's death until one answered people again."""
        self._leader_died: float | None = None
        self._all_died: float | None = None

    def start(self) -> Life:
        """Start one more bot, as `make run` does, from `tests/loaded.py`."""
        life = Life(len(self.lives) + 1, self._process(), time.time())
        self.lives.append(life)
        threading.Thread(target=self._listen, args=(life,), daemon=True).start()
        return life

    def _process(self) -> subprocess.Popen[str] | Copy:
        if self._module == "bot":
            return loaded.start(loaded.bot, env=self._environ)
        return subprocess.Popen(
            [sys.executable, "-m", self._module],
            env=self._environ,
            cwd=loaded.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def alive(self) -> list[Life]:
        return [life for life in self.lives if life.alive]

    def leader(self) -> Life | None:
        return next((life for life in self.alive() if life.leads), None)

    def of_replica(self, replica: str) -> Life | None:
        return next((life for life in self.alive() if replica and life.replica == replica), None)

    def kill(self, *victims: Life) -> float:
        """SIGKILL all of them at once; when."""
        at = time.time()
        for life in victims:
            life.killed = at
            life.process.send_signal(signal.SIGKILL)
        for life in victims:
            life.process.wait()
        with self._news:
            if not self.alive():
                self._all_died, self._leader_died = at, None
            elif any(life.leads for life in victims):
                self._leader_died = at
            for life in victims:
                life.leads = False
        return at

    def wait(self, condition: Callable[[], bool], seconds: float = _UP_S) -> bool:
        """Until something that the bots log has made `condition` true."""
        with self._news:
            return self._news.wait_for(condition, seconds)

    def wait_up(self, *lives: Life) -> bool:
        """Until all of these answer people; False when one has ended by itself."""
        self.wait(lambda: all(life.up is not None or not life.alive for life in lives))
        return all(life.up is not None and life.alive for life in lives)

    def stop(self) -> list[int]:
        """SIGTERM to all; their exit codes."""
        rest = self.alive()
        for life in rest:
            life.process.terminate()
        codes = []
        for life in rest:
            try:
                codes.append(life.process.wait(_STOP_S))
            except subprocess.TimeoutExpired:
                life.process.kill()
                codes.append(life.process.wait())
        return codes

    def end(self) -> None:
        """Leave no process behind, whatever happened."""
        for life in self.alive():
            life.process.kill()
            life.process.wait()

    def _listen(self, life: Life) -> None:
        assert life.process.stdout is not None
        with (self._folder / f"bot-{life.number}.log").open("w", encoding="utf-8") as log:
            for line in life.process.stdout:
                log.write(line)
                log.flush()
                self._heard(life, line)
        with self._news:
            self._news.notify_all()

    def _heard(self, life: Life, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            said = {"severity": "ERROR", "message": line.strip()}
        with self._news:
            self._noted(life, said)
            self._news.notify_all()

    def _noted(self, life: Life, said: dict[str, Any]) -> None:
        now = time.time()
        match said.get("message"):
            case "started":
                life.up, life.replica, life.port = now, said["replica"], said["port"]
                if self._all_died is not None:
                    self.recoveries.append(now - self._all_died)
                    self._all_died = None
            case "leadership_acquired":
                life.leads = life.killed is None
                life.led.append(now)
                if life.leads and self._leader_died is not None:
                    self.takeovers.append(now - self._leader_died)
                    self._leader_died = None
            case "leadership_released":
                life.leads = False
        if said.get("severity") in _BAD or "exception" in said:
            life.troubles.append(said)
