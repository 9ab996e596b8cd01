"""Bypass the environment's HTTP proxy where `no_proxy` says so, and if Slack runs on localhost (sandbox).

slack_sdk uses that proxy for every address. Its Web API calls go through urllib, which reads `no_proxy`; its
Socket Mode client does not, so `bot.app` takes the proxy out of it.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

_NAMES = ("no_proxy", "NO_PROXY")


def is_local(url: str) -> bool:
    """Whether the host of `url` is this machine."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def is_bypassed(url: str) -> bool:
    """Whether the host of `url` is reached without the environment's proxy."""
    return is_local(url) or bool(proxy_bypass(urlsplit(url).hostname or ""))


def bypass_proxy(url: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Add the host of `url` to `no_proxy` if it is this machine.

    Only this one name is added: urllib needs `[::1]` in brackets, which other clients cannot parse.
    """
    if not is_local(url):
        return
    host = urlsplit(url).hostname or ""
    name_there = f"[{host}]" if ":" in host else host
    for name in _NAMES:
        kept = [each for each in environ.get(name, "").split(",") if each.strip()]
        environ[name] = ",".join(dict.fromkeys((*kept, name_there)))
