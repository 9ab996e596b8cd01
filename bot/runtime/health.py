"""Liveness and readiness: heartbeats of the bot's loops, and probes of what it depends on."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Check = Callable[[], str]
"""Returns an empty string if all is well, else one sentence that says what is wrong. May raise."""

_FAULT_CACHE_S = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of a health page."""

    ok: bool
    body: Mapping[str, Any]
    """The page's JSON."""


def unless_raised(call: Callable[[], object]) -> Check:
    """The check that all is well unless `call` raises."""

    def check() -> str:
        call()
        return ""

    return check


class Probe:
    """A check with a timeout of `timeout_s` seconds, whose good answer is cached for `every_s` seconds.

    A bad answer is cached for at most one second, so that it disappears with its cause. A check that hangs is
    not started again before it returns, so it uses at most one thread.
    """

    def __init__(self, check: Check, *, every_s: float = 5.0, timeout_s: float = 3.0) -> None:
        self._check = check
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._done: threading.Event | None = None
        self._fault = ""
        self._asked: float | None = None

    def fault(self) -> str:
        """The cached or a new answer of the check; waits for at most `timeout_s` seconds."""
        with self._lock:
            now = time.monotonic()
            keep_s = min(self._every_s, _FAULT_CACHE_S) if self._fault else self._every_s
            fresh = self._asked is not None and now - self._asked < keep_s
            if self._done is None and fresh:
                return self._fault
            if self._done is None:
                begun = threading.Event()
                threading.Thread(target=self._run, args=(begun,), name="probe", daemon=True).start()
                self._done = begun  # Only now: where there is no thread, nobody would ever set it.
            done = self._done
        if not done.wait(self._timeout_s):
            return f"no answer within {self._timeout_s:g} seconds"
        with self._lock:
            return self._fault

    def _run(self, done: threading.Event) -> None:
        try:
            fault = self._check()
        except Exception as error:
            fault = str(error) or type(error).__name__
        with self._lock:
            self._fault, self._asked, self._done = fault, time.monotonic(), None
        done.set()


class Health:
    """Collects heartbeats of loops and answers of probes.

    `details` returns more for `/readyz` to show (whether the replica leads, the number of jobs). It does not
    affect readiness.
    """

    def __init__(
        self, probes: Mapping[str, Probe] | None = None, details: Callable[[], Mapping[str, Any]] = dict
    ) -> None:
        self._probes = dict(probes or {})
        self._details = details
        self._loops: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._stopping = False

    def heartbeat(self, loop: str, within_s: float) -> None:
        """Report that `loop` runs; it counts as hanging without another heartbeat in `within_s` seconds."""
        with self._lock:
            self._loops[loop] = (time.monotonic(), within_s)

    def unregister(self, loop: str) -> None:
        """Report that the loop has ended as intended, and expect no more heartbeats."""
        with self._lock:
            self._loops.pop(loop, None)

    def stop(self) -> None:
        """Become unready, so that load balancers send no more requests."""
        self._stopping = True

    def alive(self) -> Report:
        """Liveness: every loop has sent its heartbeat in time."""
        now = time.monotonic()
        with self._lock:
            loops = dict(self._loops)
        late = {
            name: f"no beat for {now - last:.0f} seconds"
            for name, (last, within_s) in loops.items()
            if now - last > within_s
        }
        body = {"ok": not late, "loops": {name: late.get(name, "ok") for name in sorted(loops)}}
        return Report(not late, body)

    def ready(self) -> Report:
        """Readiness: alive, not stopping, and every probe is well."""
        alive = self.alive()
        checks = {name: probe.fault() or "ok" for name, probe in self._probes.items()}
        if self._stopping:
            checks["process"] = "stopping"
        ok = alive.ok and all(answer == "ok" for answer in checks.values())
        return Report(ok, {**alive.body, "ok": ok, "checks": checks, **self._details()})


def ask(url: str, timeout_s: float) -> str:
    """GET `url`: an empty string for status 200, else one sentence about what came instead."""
    if not url.startswith(("http://", "https://")):
        return f"{url} is not an http(s) URL."
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_s) as answer:
            return "" if answer.status == http.HTTPStatus.OK else f"{url} answered {answer.status}."
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(2000).decode("utf-8", "replace").strip()
        return f"{url} answered {error.code}: {text}"
    except (OSError, http.client.HTTPException) as error:
        return f"{url} did not answer: {error}."
