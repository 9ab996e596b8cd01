"""The version of the bot."""

from __future__ import annotations

import functools
import importlib.metadata


@functools.cache  # Reading it takes milliseconds, and each delivery to a webhook names it.
def version() -> str:
    """The installed version, such as `0.1.0`."""
    return importlib.metadata.version("dms-bot")
