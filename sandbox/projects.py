"""The projects of the demo, and the settings file with which a bot serves them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

MOST = 5


@dataclass(frozen=True)
class DemoProject:
    """A Google Cloud project of the demo."""

    id: str
    alias: str
    """How people name it."""
    locations: tuple[str, ...]
    env: str
    """The value of its label `env`."""


_ALL = (
    DemoProject("demo-project", "prod", ("europe-west1", "us-central1"), "prod"),
    DemoProject("demo-staging", "staging", ("europe-west1", "europe-west3"), "staging"),
    DemoProject("demo-dev", "dev", ("us-central1", "asia-southeast1"), "dev"),
    DemoProject("demo-analytics", "analytics", ("europe-west4",), "staging"),
    DemoProject("demo-partners", "partners", ("europe-west1", "us-east4"), "staging"),
)


def demo_projects(count: int, first: str = "demo-project") -> tuple[DemoProject, ...]:
    """So many projects, the first with the ID `first`. Raises ValueError for none and for too many."""
    if not 1 <= count <= MOST:
        raise ValueError(f"There can be 1 to {MOST} projects, not {count}.")
    return (replace(_ALL[0], id=first), *_ALL[1:count])


def settings_file(projects: Sequence[DemoProject], *, all_locations: bool = False) -> str:
    """The projects as TOML, one `[[project]]` for each. The last one names `*`, all that it has."""
    return "\n".join(_table(each, all_locations or each is projects[-1]) for each in projects)


def _table(project: DemoProject, all_locations: bool) -> str:
    locations = "*" if all_locations else list(project.locations)
    lines = [
        "[[project]]",
        f"id = {json.dumps(project.id)}",
        f"alias = {json.dumps(project.alias)}",
        f"locations = {json.dumps(locations)}",
        f"labels = {{ env = {json.dumps(project.env)} }}",
    ]
    return "\n".join(lines) + "\n"
