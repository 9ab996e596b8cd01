"""What each press does: at once, in one transaction, and only from the state that the presser saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.cmdline.answers import Note, RichPart, Time, User
from bot.cutover.checklist import source_open
from bot.cutover.guards import with_presence
from bot.cutover.ledger import CutoverLedger
from bot.cutover.promotion import Promotion
from bot.cutover.states import (
    BY_STEP,
    CHECKS_LAST,
    Press,
    drain_anew,
    has_ended,
    is_promoted_in_part,
    lacks_request,
    not_promoted,
    objections,
    open_items,
    overridable,
    override_key,
    participants,
    resumes_in,
    roles_of,
    source_is_closed,
)
from bot.cutover.wave import shown_name
from bot.cutover.wording import standing
from bot.requests.base import RequestContext
from bot.store.cutover import CheckLine, Cutover, CutoverState, Mark, Override, Tick
from bot.store.records import Person, RequestState
from bot.util.redact import redact

S = CutoverState
Step = Callable[[Person, Cutover, str], Note | None]
Checks = Callable[[Cutover], Sequence[CheckLine]]
"""Runs all checks; raises nothing but `StoreError`: what cannot be read is a line of its own."""


class Steps:
    """The presses on a cutover, by step."""

    def __init__(
        self, context: RequestContext, ledger: CutoverLedger, promotion: Promotion, checks: Checks
    ) -> None:
        self._ctx = context
        self._ledger = ledger
        self._promotion = promotion
        self._checks = checks
        self._steps: Mapping[str, Step] = {
            "check": self._check,
            "cancel": self._abort,
            "here": self._here,
            "start": self._start,
            "writer": partial(self._tick, "writer", "writers"),
            "stopped": self._stopped,
            "hold": self._hold,
            "resume": self._resume,
            "without": self._without,
            "promote": promotion.ask,
            "second": promotion.second,
            "abort": self._abort,
            "reopened": self._reopened,
            "adopt": promotion.look_again,
            "item": partial(self._tick, "item", "checklist"),
            "open_writes": self._open_writes,
            "override": self._override,
        }

    def press(self, who: Person, cutover: Cutover, step: str, arg: str) -> Note | None:
        """Do what a press means. None on success, else what to answer.

        Raises:
            StoreError.
        """
        act = self._steps.get(step)
        if act is None:
            return Note("This button does nothing here.", tone="warn")
        press = BY_STEP.get(step)
        refused = None if press is None else self._refusal(who, cutover, press)
        return refused or act(who, cutover, arg)

    # ---- who may press what

    def refusal(self, who: Person, cutover: Cutover, step: str) -> Note | None:
        """As `Cutovers.refusal`."""
        press = BY_STEP.get(step)
        return None if press is None else self._refusal(who, cutover, press)

    def _refusal(self, who: Person, cutover: Cutover, press: Press) -> Note | None:
        if press.step == "promote" and cutover.state is S.DRAINED and cutover.progress.asked_by:
            return Note(("Nothing was done: ", User(cutover.progress.asked_by), " asked already."))
        if cutover.state not in press.states:
            return moved_on(cutover, press)
        if press.step == "resume" and lacks_request(cutover):
            return Note(
                f"Nothing was done: {standing(cutover)}, and cannot be resumed: its request has ended.",
                tone="warn",
            )
        if press.step == "second":
            return self._promotion.may_second(who, cutover)
        if press.step == "override":
            return self._may_not_override(who, cutover)
        if not roles_of(cutover, who.user) & press.roles:
            only = ("Nothing was done: only ", *_holders(cutover, press), " can press that.")
            return Note(only, tone="warn")
        return self._promotion.may_not_promote(who, cutover) if _is_last(cutover, press) else None

    # ---- before the night

    def _check(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        found = tuple(self._checks(cutover))
        return self._done(
            cutover,
            lambda now: self._ledger.note(now, "checked", who, checks=found, checked=self._ledger.clock()),
        )

    def _override(self, who: Person, cutover: Cutover, arg: str) -> Note | None:
        """Let it go on although checks object: `key[,key] reason`, with keys as `override_key` has them."""
        keys, _, reason = arg.partition(" ")
        why, named = redact(reason.strip()), frozenset(keys.split(","))
        if not why:
            return Note("Nothing was done: say why it may continue anyway.", tone="warn")

        def override(now: Cutover) -> Cutover | Note | None:
            against = [each for each in objections(now) if override_key(each) in named]
            if not against:
                return Note("Nothing was done: that check does not object.", tone="warn")
            if not set(against) <= set(overridable(now)):
                return Note("Nothing was done: nobody can override that check.", tone="warn")
            at = self._ledger.clock()
            added = tuple(Override(each.guard, why, who.user, at, each.job, each.text) for each in against)
            guards = ", ".join(dict.fromkeys(each.guard for each in against))
            lifted = (*now.progress.overrides, *added)
            return self._ledger.note(now, "override", who, f"{guards}: {why}", overrides=lifted)

        return self._done(cutover, override)

    def _may_not_override(self, who: Person, cutover: Cutover) -> Note | None:
        """An approver may, who did not plan it; of a rehearsal, which nobody approves, whoever takes part."""
        if who.user == cutover.by.user:
            return Note("Nothing was done: whoever planned it cannot override a check.", tone="warn")
        request = self._ctx.store.request(cutover.request) if cutover.request else None
        if request is not None:
            verdict = self._ctx.access.may_approve(who, request)
            return None if verdict.allowed else Note(verdict.explanation, tone="warn")
        if roles_of(cutover, who.user):
            return None
        return Note("Nothing was done: only people of this rehearsal can override a check.", tone="warn")

    def _here(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        def here(now: Cutover) -> Cutover | None:
            there = {**now.progress.here, who.user: self._ledger.clock()}
            return self._ledger.note(now, "here", who, here=there, checks=with_presence(now, there))

        return self._done(cutover, here)

    def _start(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        def start(now: Cutover) -> Cutover | Note | None:
            why = self._not_startable(now)
            if why:
                return Note(f"Nothing was done: {why}", tone="warn")
            return self._ledger.enter(
                now,
                S.STOPPING,
                "started",
                who,
                stopping=self._ledger.clock(),
                writers=tuple(Tick(each) for each in now.plan.writers),
                checklist=now.plan.checklist,
            )

        return self._done(cutover, start)

    def _not_startable(self, cutover: Cutover) -> str:
        """Why it cannot be started, in sentences; empty if it can."""
        if not cutover.progress.here:
            return "press *I'm here* first."
        against = objections(cutover)
        if against:
            texts = " ".join(each.text for each in against[:3])
            way = " An approver can override that, with a reason." if overridable(cutover) == against else ""
            return f"the checks object. {texts}{way}"
        return _checks_too_old(cutover.progress.checked, self._ledger.clock())

    # ---- stopping and draining

    def _tick(self, event: str, lines: str, who: Person, cutover: Cutover, arg: str) -> Note | None:
        """Tick some of the `writers` or of the `checklist`, which `lines` says."""

        def tick(now: Cutover) -> Cutover | None:
            found = getattr(now.progress, lines)
            ticks, text = _ticked(found, arg, who, self._ledger.clock())
            changed: dict[str, Any] = {lines: ticks}
            return self._ledger.note(now, event, who, text, **changed) if text else None

        return self._done(cutover, tick)

    def _stopped(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        def stop(now: Cutover) -> Cutover | Note | None:
            left = [each.text for each in now.progress.writers if not each.by]
            if left:
                return Note(f"Nothing was done: not ticked yet: {', '.join(left)}.", tone="warn")
            stopped: dict[str, Any] = {"stopped": self._ledger.clock(), "stopped_by": who.user}
            return self._ledger.enter(now, S.DRAINING, "stopped", who, **stopped, **drain_anew(None))

        return self._done(cutover, stop)

    def _hold(self, who: Person, cutover: Cutover, arg: str) -> Note | None:
        why = redact(arg.strip()) or "Somebody held it."
        return self._done(
            cutover,
            lambda now: self._ledger.enter(
                now, S.HELD, "held", who, why, held_from=str(now.state), asked_by=""
            ),
        )

    def _resume(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        def resume(now: Cutover) -> Cutover | None:
            to = resumes_in(now)
            from_when = self._ledger.clock() if to is S.DRAINING else None
            return self._ledger.enter(now, to, "resumed", who, **drain_anew(from_when), held_from="", why="")

        return self._done(cutover, resume)

    def _without(self, who: Person, cutover: Cutover, arg: str) -> Note | None:
        """Go on with the checklist of what has been promoted: there is no way back for that."""
        why = redact(arg.strip())
        if not why:
            return Note("Nothing was done: say why it goes on without it.", tone="warn")

        def go_on(now: Cutover) -> Cutover | None:
            left = not_promoted(now)
            if not left:
                return None
            marks = tuple(
                replace(each, mark=Mark.LEFT_OUT, text=why, stranded=False) if each.job in left else each
                for each in now.progress.jobs
            )
            kept = tuple(each for each in now.progress.checklist if each.job not in left)
            items = (*kept, *(source_open(shown_name(now, each)) for each in left))
            names = ", ".join(f"`{shown_name(now, each)}`" for each in left)
            moved = self._ledger.enter(
                now,
                S.CHECKLIST,
                "left_out",
                who,
                f"{names}: {why}",
                jobs=marks,
                checklist=items,
                promoted=_last_promoted(now) or self._ledger.clock(),
                why="",
            )
            if moved is not None:
                self._promotion.close(moved, who, f"The cutover went on without {names}: {why}")
            return moved

        return self._done(cutover, go_on)

    # ---- the end

    def _abort(self, who: Person, cutover: Cutover, arg: str) -> Note | None:
        why = redact(arg.strip())

        def abort(now: Cutover) -> Cutover | Note | None:
            if is_promoted_in_part(now):
                return Note(
                    "Nothing was done: a job has been promoted, or is being promoted, and there is no way "
                    "back.",
                    tone="warn",
                )
            event = "aborted" if now.progress.stopping else "cancelled"
            moved = self._ledger.enter(now, S.ABORTED, event, who, why)
            request = self._ctx.store.request(now.request) if moved is not None and now.request else None
            if request is not None:
                self._ctx.end(request, RequestState.CANCELLED, "cancelled", who, why)
            return moved

        return self._done(cutover, abort)

    def _reopened(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        def reopen(now: Cutover) -> Cutover | Note | None:
            if not source_is_closed(now):
                return Note("Nothing was done: nobody has to open the source again.", tone="info")
            at = self._ctx.clock()
            return self._ledger.note(now, "reopened", who, reopened=at, reopened_by=who.user)

        return self._done(cutover, reopen)

    def _open_writes(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        def open_writes(now: Cutover) -> Cutover | Note | None:
            left = open_items(now)
            if left:
                return Note(f"Nothing was done: still open: {', '.join(left)}.", tone="warn")
            opened: dict[str, Any] = {"opened": self._ledger.clock(), "opened_by": who.user}
            return self._ledger.enter(now, S.DONE, "opened", who, **opened)

        return self._done(cutover, open_writes)

    def _done(self, seen: Cutover, act: Callable[[Cutover], Cutover | Note | None]) -> Note | None:
        """Act on the cutover as it is in the store, if it is still in the state that was seen; what decides
        besides is judged by `act`, which returns the refusal."""
        with self._ctx.store.transaction():
            now = self._ctx.store.cutover(seen.id)
            if now is None or now.state is not seen.state:
                return moved_on(now or seen)
            moved = act(now)
        if isinstance(moved, Note):
            return moved
        self._ctx.wake()
        return None if moved is not None else Note("Nothing was done: it is as it was.", tone="info")


def _is_last(cutover: Cutover, press: Press) -> bool:
    """Whether no leader is asked after this press before it is promoted: a role in the plan is not enough
    then, as for the promotion itself."""
    return cutover.plan.by_itself and press.step in ("start", "resume")


def _last_promoted(cutover: Cutover) -> datetime | None:
    times = (each.at for each in cutover.progress.jobs if each.mark is Mark.PROMOTED)
    return max((each for each in times if each is not None), default=None)


def _ticked(ticks: Sequence[Tick], arg: str, who: Person, at: datetime) -> tuple[tuple[Tick, ...], str]:
    """The lines with those of these numbers (from 0, with commas) ticked, or open again, and what that did in
    words; without words for no line."""
    chosen = {int(each) for each in arg.split(",") if each.isdecimal()}
    lines = list(ticks)
    done: list[str] = []
    undone: list[str] = []
    for index in sorted(each for each in chosen if each < len(ticks)):
        line = ticks[index]
        (undone if line.by else done).append(line.text)
        lines[index] = replace(line, by="", at=None) if line.by else replace(line, by=who.user, at=at)
    said = ((word, texts) for word, texts in (("done", done), ("not done", undone)) if texts)
    return tuple(lines), "; ".join(f"{word}: {', '.join(texts)}" for word, texts in said)


def moved_on(cutover: Cutover, press: Press | None = None) -> Note:
    """Answers a press that came too late: the present state, since when, and who caused it."""
    over = " It can no longer be aborted." if press is not None and press.step == "abort" else ""
    ended = over if not has_ended(cutover) else ""
    by: tuple[RichPart, ...] = (" (", User(cutover.progress.entered_by), ")")
    who = by if cutover.progress.entered_by else ()
    told = f"Nothing was done: {standing(cutover)}, since "
    return Note((told, Time(cutover.since), *who, f".{ended}"), tone="warn")


def _holders(cutover: Cutover, press: Press) -> tuple[str | User, ...]:
    users = dict.fromkeys(user for role, user in participants(cutover).items() if role in press.roles)
    parts: list[str | User] = []
    for number, user in enumerate(users):
        parts += [" or ", User(user)] if number else [User(user)]
    return tuple(parts)


def _checks_too_old(checked: datetime | None, now: datetime) -> str:
    """Why the checks do not let it start, in sentences; empty if they do. How old those from the future are,
    as after the clock went back, is not known."""
    if checked is None:
        return "the checks have not run yet. Press *Run checks*."
    if checked - now > CHECKS_LAST:
        return "the checks are from the future, as the clock of dms-bot went back. Press *Run checks*."
    if now - checked > CHECKS_LAST:
        minutes = CHECKS_LAST // timedelta(minutes=1)
        return f"the checks are older than {minutes} minutes. Press *Run checks*."
    return ""
