"""The bot as a process: from the first signal handler to the exit."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from bot.config.settings import Settings
from bot.runtime.cpu import set_switch_interval
from bot.runtime.front import Front
from bot.runtime.heap import limit_arenas
from bot.runtime.shutdown import Signals, Stopped, exit_process

log = structlog.get_logger(__name__)


_LOOK_EVERY_S = 5.0


class Watching(Protocol):
    @property
    def has_looked(self) -> bool:
        """Whether this replica watches, and has looked at every place."""


class BotLike(Protocol):
    """What the process needs of `bot.app.Bot`."""

    @property
    def watcher(self) -> Watching: ...

    def start(self) -> None:
        """May raise Stopped, if `stop` was called meanwhile."""

    def stop(self) -> None: ...


def run(settings: Settings, make: Callable[[Settings, Front], BotLike]) -> None:
    """Make a bot and run it until SIGTERM or SIGINT, then end the process; a second signal ends it at once.

    Raises: what making and starting the bot do.
    """
    limit_arenas()
    set_switch_interval()
    if settings.cores == "one":
        log.warning("setting_ignored", setting="DMS_BOT_CORES", reason="the process uses all cores now")
    front = Front(settings)
    front.open()
    # Until the bot is made, a signal ends the process at once (`bot.cli`): there is nothing to stop yet.
    bot = make(settings, front)
    signals = Signals()
    starting = _Starting(bot, signals)
    received = signals.wait()
    if starting.failure is not None:
        # Stop what has started first: Python may crash if it exits while threads run native code.
        bot.stop()
        raise starting.failure
    log.info("signal_received", signal=received)
    bot.stop()
    exit_process()


class _Starting:
    """Starts the bot in a thread, so that a signal is heard while it waits for Slack."""

    def __init__(self, bot: BotLike, signals: Signals) -> None:
        self._bot = bot
        self._signals = signals
        self.failure: Exception | None = None
        threading.Thread(target=self._run, name="start", daemon=True).start()

    def _run(self) -> None:
        try:
            self._bot.start()
        except Stopped:
            return
        except Exception as error:
            self.failure = error
            self._signals.wake()
            return
        # What is loaded by now stays for good: without it, a garbage collection takes less time.
        _keep()
        # So do the jobs: with 10,000, a collection holds the interpreter for tens of milliseconds.
        while not self._bot.watcher.has_looked:
            time.sleep(_LOOK_EVERY_S)
        _keep()


def _keep() -> None:
    gc.collect()
    gc.freeze()
