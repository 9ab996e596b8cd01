"""Very many similar jobs, spread evenly over projects and their locations, for benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.dms.regions import CITIES
from sandbox.dms.scenario import add_many
from sandbox.dms.world import World

JOBS = 10_000
LOCATIONS = tuple(CITIES)
_STATES: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ("running", 0.50, {"state": "RUNNING", "phase": "CDC"}),
    ("dumping", 0.05, {"state": "RUNNING", "phase": "FULL_DUMP"}),
    ("waiting", 0.15, {"state": "NOT_STARTED", "phase": None}),
    ("stopped", 0.10, {"state": "STOPPED", "phase": "FULL_DUMP"}),
    ("ended", 0.15, {"state": "COMPLETED", "phase": None}),
    ("failed", 0.05, {"state": "FAILED", "phase": "FULL_DUMP", "error": "No free replication slot."}),
)
"""What share of the jobs is in which state."""


def large(world: World) -> None:
    """Ten thousand jobs in twenty locations of each project."""
    spread(world, JOBS, LOCATIONS, world.projects())


def spread(world: World, jobs: int, locations: Sequence[str], projects: Sequence[str]) -> list[str]:
    """`jobs` in total over all places, in all usual states; the names of those that replicate.

    They do not progress by themselves.
    """
    places = [(project, location) for project in projects for location in locations]
    for project in projects:
        world.add_project(project, locations)
    replicating: list[str] = []
    for (project, location), here in zip(places, _shares(jobs, len(places)), strict=True):
        replicating += _fill(world, project, location, here)
    return replicating


def _fill(world: World, project: str, location: str, here: int) -> list[str]:
    where: dict[str, Any] = {"project": project, "frozen": True}
    labels = {"env": "prod", "team": "platform"}
    replicating: list[str] = []
    left = here
    for prefix, share, values in _STATES:
        some = min(left, max(1, round(here * share)))
        left -= some
        if some:
            names = add_many(world, some, location, prefix, labels=labels, **values, **where)
            replicating += names if prefix == "running" else []
    if left:
        replicating += add_many(world, left, location, "more", "RUNNING", "CDC", **where)
    return replicating


def _shares(count: int, places: int) -> list[int]:
    return [count // places + (1 if index < count % places else 0) for index in range(places)]
