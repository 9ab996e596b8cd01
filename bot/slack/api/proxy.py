"""Slack on this machine: a proxy that the environment names is for the world outside.

The SDK takes that proxy for every address. What it calls with (urllib) heeds `no_proxy`; its Socket
Mode heeds nothing, and is told to go without.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from urllib.parse import urlsplit

_NAMES = ("no_proxy", "NO_PROXY")


def is_local(url: str) -> bool:
    """Whether `url` leads to this machine."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def bypass_proxy(url: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Where `url` leads to this machine, have this process go there without a proxy.

    Only by the name that `url` has for it: some clients cannot read `[::1]` among them, which urllib wants.
    """
    if not is_local(url):
        return
    host = urlsplit(url).hostname or ""
    name_there = f"[{host}]" if ":" in host else host
    for name in _NAMES:
        kept = [each for each in environ.get(name, "").split(",") if each.strip()]
        environ[name] = ",".join(dict.fromkeys((*kept, name_there)))
