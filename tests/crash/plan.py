"""How a crash run is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What is chosen at random follows from `seed`; when processes get to run does not. Times are seconds."""

    kills: int = 200
    seed: int = 1
    database: str = "sqlite"
    """`sqlite` or `postgresql`."""
    replicas: int = 1
    keep: bool = False
    """Keep the database and the logs even when all went well."""
    pace_s: float = 2.0
    """About how often somebody types a command."""
    weather_s: float = 5.0
    """About how often a job is changed from outside."""
    jobs: int = 14
    nights: bool = False
    """Whether cutovers go on, too, one after another; each takes half a minute at least."""
    settle_s: float = 420.0
    """How long the bot may stand still in the end, with something left to finish or to tell."""
