"""Programs in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil

_ROOT = Path(__file__).resolve().parent.parent
_STOP_S = 30.0


class Child:
    """A Python module that runs (`python -m MODULE ARGUMENTS`), until it is stopped."""

    def __init__(
        self, module: str, arguments: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self._module = module
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=_ROOT,
            env={**_own_environment(), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        self.pid = self._process.pid

    def line(self, timeout_s: float = 60.0) -> str:
        """The next line that it prints. Raises: RuntimeError, with its log, where none comes."""
        found: list[bytes] = []
        assert self._process.stdout is not None
        reader = threading.Thread(target=lambda: found.append(self._process.stdout.readline()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        reader.join(timeout_s)
        if not found or not found[0]:
            raise RuntimeError(f"{self._module} does not start:\n{self.log()[-4000:]}")
        return found[0].decode().strip()

    def log(self) -> str:
        """What it wrote to stderr so far."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def rss_mb(self) -> float:
        """Its resident memory, in MB (10⁶ bytes)."""
        return float(psutil.Process(self.pid).memory_info().rss) / 1e6

    def cpu_s(self) -> float:
        """CPU time used so far, in seconds."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _own_environment() -> dict[str, str]:
    """Without settings of the bot that the caller happens to have, and with compiled code, as in an image."""
    ours = ("SLACK_", "DMS_", "GOOGLE_", "PORT", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
