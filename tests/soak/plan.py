"""How a soak is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What is chosen at random follows from `seed`; when processes get to run does not. Times are seconds."""

    length_s: float = 1800.0
    database: str = "sqlite"
    """`sqlite` or `postgresql`."""
    seed: int = 1
    sample_s: float = 10.0
    pace_s: float = 3.0
    """About how often somebody asks for an action."""
    look_s: float = 0.7
    """About how often somebody looks at something."""
    weather_s: float = 10.0
    """About how often a job is changed from outside."""
    fault_s: float = 10.0
    """About how often something at the other end breaks, for a few seconds."""
    jobs: int = 14
    settle_s: float = 180.0
    """How long the bot may take in the end to tell everything."""
    keep: bool = False
    """Keep the database and the logs even when all went well."""

    @property
    def keep_rows_s(self) -> float:
        """What is kept for 90 days elsewhere."""
        return min(180.0, self.length_s / 10)

    @property
    def warm_up_s(self) -> float:
        """Until pools and caches are full, and as many old rows go as new ones come."""
        return max(self.length_s / 5, 1.5 * self.keep_rows_s)
