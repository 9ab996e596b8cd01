"""The initial jobs: `empty`, `demo` with realistic jobs in every state and phase, and `large`."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.dms.demo_jobs import plant_usual
from sandbox.dms.demo_projects import plant_further
from sandbox.dms.demo_special import plant_special
from sandbox.dms.large import large
from sandbox.dms.world import World


def empty(_: World) -> None:
    """No jobs at all."""


def demo(world: World) -> None:
    """Jobs of a small shop that migrates its databases; some have problems."""
    # As at Google: about four minutes, which are four seconds with the default clock.
    world.operation_seconds = 240.0
    plant_usual(world)
    plant_special(world)
    plant_further(world)


SEEDS: dict[str, Callable[[World], None]] = {"empty": empty, "demo": demo, "large": large}


def plant(world: World, name: str) -> None:
    """Forget everything and start with this seed. Raises KeyError for an unknown seed."""
    grow = SEEDS[name]
    with world.lock:
        world.clear()
        grow(world)
