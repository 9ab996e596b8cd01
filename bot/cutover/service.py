"""Cutovers as the rest of the bot uses them: planned, pressed, moved on, and found again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from bot.cmdline.answers import Answer, Note
from bot.cutover.alarm import Alarm, Scheduled
from bot.cutover.draining import Draining
from bot.cutover.driver import Driver
from bot.cutover.evidence import WRITTEN_SINCE, shows_all
from bot.cutover.ledger import CutoverLedger
from bot.cutover.planning import Planning
from bot.cutover.promotion import Promotion
from bot.cutover.renamed import rename_shown
from bot.cutover.steps import Checks, Steps
from bot.dms.model import Job
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.wording import OLD_BUTTON
from bot.runtime.one_by_one import pass_over
from bot.store.cutover import ENDED_CUTOVERS, Cutover, CutoverPlan
from bot.store.records import Person

_BY_NAME = ("start", "promote", "second")
"""Steps whose person relies on what the jobs are called. To hold or to abort sends nothing, and is urgent."""


class Cutovers:
    """Plans cutovers, and does what presses and the time ask for."""

    def __init__(
        self,
        context: RequestContext,
        approvals: Approvals,
        checks: Checks,
        scheduled: Scheduled,
    ) -> None:
        self._clock = context.clock
        ledger = CutoverLedger(context.store, clock=context.clock, wake=context.wake, command=context.command)
        promotion = Promotion(context, approvals, ledger)
        draining = Draining(context, ledger, promotion)
        self._store = context.store
        self._projects = context.access.policy.projects
        self._wake = context.wake
        self._planning = Planning(context, approvals, ledger)
        self._steps = Steps(context, ledger, promotion, checks)
        self._driver = Driver(context, ledger, promotion, draining, checks, Alarm(scheduled, ledger))

    def plan(
        self,
        who: Person,
        plan: CutoverPlan,
        jobs: Sequence[Job],
        *,
        rehearsal: bool = False,
        response_url: str = "",
    ) -> Answer:
        """Plan a cutover: the card that asks to confirm it, a note that it is being rehearsed, or why not.

        Raises:
            DmsError, StoreError.
        """
        return self._planning.plan(who, plan, jobs, rehearsal=rehearsal, response_url=response_url)

    def move(self, who: Person, id: str, at: datetime | None, zone: str, response_url: str = "") -> Answer:
        """Plan the same for another time. It is confirmed and approved anew; the old plan ends then.

        Raises:
            DmsError, StoreError.
        """
        return self._planning.move(who, id, at, zone, response_url)

    def press(
        self, who: Person, id: str, step: str, arg: str = "", seen: Collection[str] | None = None
    ) -> Note | None:
        """Do what a press on its card means; `step` is one of `states.PRESSES`.

        `arg` holds the numbers (from 0, with commas) of lines for `writer` and `item`, the typed phrase for
        `promote` (`promotion.promote_phrase`), the ask for `second` (`states.ask_of`), the reason for `hold`,
        `abort`, `cancel` and `without`, and for `override` the checks (`states.override_key`, with commas)
        and, after a space, the reason. `seen` is what the dialog of a promote showed of rows written at the
        source (`evidence.databases_written`). None: done, and the card shows it.

        Raises:
            StoreError.
        """
        found = self._store.cutover(id)
        if found is None or found.team != who.team:
            return OLD_BUTTON
        if step in _BY_NAME:
            renamed = rename_shown(self._store, found, self._projects, self._clock())
            if renamed is not None:
                self._wake()
                return renamed
        if seen is not None and not shows_all(seen, found):
            # It asks for another press: not where none would be taken.
            return self._steps.refusal(who, found, step) or WRITTEN_SINCE
        return self._steps.press(who, found, step, arg)

    def refusal(self, who: Person, cutover: Cutover, step: str) -> Note | None:
        """Why a press leads nowhere for this person in the state that it is in; None if it does.

        What only its input can tell is judged when it is pressed.
        """
        return self._steps.refusal(who, cutover, step)

    def tick(self, now: datetime) -> None:
        """Move cutovers where that needs no press. Called about every second, on the leader alone.

        Raises:
            StoreError: the next tick goes on.
        """
        self._driver.tick(now)

    def last(self, job: str, sees: Callable[[Cutover], bool]) -> Cutover | None:
        """The newest cutover of a job (its full resource name) that has ended after the writes were stopped,
        a rehearsal only where there is no other; else the newest that has ended. Of those that the reader
        `sees`.

        Raises:
            StoreError.
        """
        ended = [each for each in self._store.cutovers(ENDED_CUTOVERS, job=job, skip=pass_over) if sees(each)]
        begun = [each for each in ended if each.progress.stopped is not None]
        real = (each for each in begun if not each.rehearsal)
        return next(real, None) or next(iter(begun or ended), None)
