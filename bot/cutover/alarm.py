"""The alarm of a cutover whose bot is silent: Slack posts it by itself, unless the bot takes it back in time.

Source: https://docs.slack.dev/reference/methods/chat.deleteScheduledMessage (not in the last 60 seconds).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.cutover.ledger import CutoverLedger
from bot.cutover.wave import shown_name
from bot.store.cutover import Cutover, CutoverState
from bot.util.recent import Recent
from bot.util.text import first_few
from bot.util.utc_times import utc_text

_LATE = timedelta(minutes=3)
"""How long after its time Slack posts it: a living bot has taken it back by then."""
_AGAIN = timedelta(minutes=5)
"""How long to wait after Slack refused."""
_TOO_LATE = timedelta(minutes=1)
"""So long before it is posted, Slack no longer takes it back."""
_NAMED = 3
_WAITING = (CutoverState.SCHEDULED, CutoverState.READY)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """How messages are left with Slack, and taken back."""

    leave: Callable[[str, str, datetime], str]
    """Has Slack post a text in a channel at a time; returns its ID, or empty where Slack refuses."""
    take_back: Callable[[str], bool]


class Alarm:
    """Leaves and takes back the alarm of each cutover that has a time."""

    def __init__(self, scheduled: Scheduled, ledger: CutoverLedger) -> None:
        self._scheduled = scheduled
        self._ledger = ledger
        self._refused: Recent[datetime] = Recent()

    def tick(self, cutover: Cutover, now: datetime) -> Cutover:
        """Leave it, or take it back. Returns the cutover as it is then.

        Raises:
            StoreError.
        """
        at, left = cutover.plan.at, cutover.progress.alarm
        waits = at is not None and cutover.state in _WAITING and not cutover.rehearsal and now < at
        if left and not waits:
            return self._take_back(cutover, left, now)
        if waits and not left and at is not None and self._may_try(cutover, now):
            return self._leave(cutover, at, now)
        return cutover

    def _take_back(self, cutover: Cutover, left: str, now: datetime) -> Cutover:
        """Until Slack has it back, it is tried again: a false alarm at night wakes people."""
        at = cutover.plan.at
        if not self._scheduled.take_back(left) and at is not None and now < at + _LATE - _TOO_LATE:
            return cutover
        return self._ledger.update(cutover, shown=False, alarm="") or cutover

    def _leave(self, cutover: Cutover, at: datetime, now: datetime) -> Cutover:
        id = self._scheduled.leave(cutover.plan.channel, _text(cutover, at), at + _LATE)
        if not id:
            self._refused[cutover.id] = now
            return cutover
        kept = self._ledger.update(cutover, shown=False, alarm=id)
        if kept is None:
            self._scheduled.take_back(id)  # another change came first; the next tick schedules it again
        return kept or cutover

    def _may_try(self, cutover: Cutover, now: datetime) -> bool:
        refused = self._refused.get(cutover.id)
        return refused is None or now - refused >= _AGAIN


def _text(cutover: Cutover, at: datetime) -> str:
    names = first_few([f"`{shown_name(cutover, each)}`" for each in cutover.plan.jobs], _NAMED)
    return (
        f"⏰ The cutover of {names} was due at {utc_text(at)}, but dms-bot is silent. Nothing was started: "
        "check that the bot runs."
    )
