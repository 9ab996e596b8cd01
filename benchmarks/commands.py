"""What people type during a measurement, as Slack delivers it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.webapi import ANSWER, CHANNEL, TEAM, USER

Texts = Callable[[], str]


def mix(names: Sequence[str]) -> Iterator[str]:
    """For ever: help, one location's running jobs, and one job (`names` are full resource names)."""
    for name in itertools.cycle(names):
        parts = name.split("/")
        location, job = parts[3], parts[5]
        yield "help"
        yield f"list location={location} state=running"
        yield f"show {location}/{job}"


def payload(text: str, id: str, webapi: str) -> dict[str, Any]:
    """A slash command; its answer goes to the Web API's process, under `id`."""
    return {
        "token": "verification-token",
        "team_id": TEAM,
        "team_domain": "bench",
        "channel_id": CHANNEL,
        "channel_name": "dms",
        "user_id": USER,
        "user_name": "dana",
        "command": "/dms",
        "text": text,
        "api_app_id": "A0BENCH001",
        "is_enterprise_install": "false",
        "response_url": f"{webapi}{ANSWER}{id}",
        "trigger_id": f"{id}.trigger",
    }
