"""The version of the bot."""

from __future__ import annotations

import importlib.metadata


def version() -> str:
    """The installed version, such as `0.1.0`."""
    return importlib.metadata.version("dms-bot")
