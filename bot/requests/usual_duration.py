"""How long an action usually takes, from its last runs: DMS tells no percentage of an operation."""

from __future__ import annotations

from statistics import median

from bot.dms.rules import Action
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import RunState

_LOOKED_AT = 300
_FEWEST = 3


def usual_duration(store: Store, action: Action) -> float | None:
    """The median of the last runs of `action` that succeeded, in seconds; None if there were too few.

    Raises:
        StoreError.
    """
    runs = store.runs(states=(RunState.SUCCEEDED,), limit=_LOOKED_AT, skip=pass_over)
    lasted = [
        (run.ended - run.called).total_seconds()
        for run in runs
        if run.action is action and run.called and run.ended and run.ended >= run.called
    ]
    return median(lasted) if len(lasted) >= _FEWEST else None
