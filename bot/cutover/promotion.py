"""The promotion of a cutover: sent once, by the press of people or as planned, and adopted where it is found.

It goes through the cutover's request, as every action does: checked again, with its audit row first, side by
side for all jobs. A promote has no request ID, so it is never sent again unless somebody presses again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.cmdline.answers import Note, RichPart, User, Verbatim, rich_parts
from bot.cutover.evidence import WRITTEN_SINCE, databases_written, is_stale, shows_all, why_stale
from bot.cutover.ledger import CutoverLedger
from bot.cutover.states import ask_of, drain_anew
from bot.cutover.wave import after_runs, marks_now, open_jobs, shown_name
from bot.cutover.wording import standing
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.policy.access import Verdict
from bot.policy.permissions import ruled_as
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.delay import plain_text
from bot.requests.queries import newest_runs
from bot.store.cutover import Cutover, CutoverState, JobMark, Mark
from bot.store.records import Person, Request, RequestState, Run
from bot.util import parallel
from bot.util.lookalikes import wrong_character

log = structlog.get_logger(__name__)
S = CutoverState
_GONE = Note("Nothing was sent: the request of this cutover is no longer scheduled.", tone="warn")
_ANOTHER_ASK = Note(
    "Nothing was sent: what this dialog asked about is over. Look at the card, and press again.", tone="warn"
)
_LOOKED = "found by *Look again*"
_UNTOLD = "its promotion may or may not have been sent"


class _NotScheduled(Exception):
    """Its request has ended, or is being sent already."""


def promote_phrase(cutover: Cutover) -> str:
    """What has to be typed: the name of the job, or for several jobs `promote` and their number."""
    left = open_jobs(cutover)
    return shown_name(cutover, left[0]) if len(left) == 1 else f"promote {len(left)} jobs"


class Promotion:
    """Asks for the promotion, sends it, and finds out what became of it."""

    def __init__(self, context: RequestContext, approvals: Approvals, ledger: CutoverLedger) -> None:
        self._ctx = context
        self._approvals = approvals
        self._ledger = ledger

    # ---- the press

    def ask(self, who: Person, cutover: Cutover, typed: str) -> Note | None:
        """The commander's press. In production, a second person confirms it.

        Raises:
            StoreError.
        """
        phrase = promote_phrase(cutover)
        if typed.strip() != phrase:
            wrong = wrong_character(typed.strip(), phrase)
            return Note(f"Not promoted: press again, and type `{phrase}` exactly. {wrong}", tone="warn")
        refused = self.may_not_promote(who, cutover)
        if refused is not None:
            return refused
        if not cutover.progress.second:
            return self.send(who, cutover)
        with self._ctx.store.transaction():
            now = self._ctx.store.cutover(cutover.id)
            if now is None or now.state is not S.DRAINED or now.progress.asked_by:
                return _otherwise(now or cutover)
            if not shows_all(databases_written(cutover), now):
                return WRITTEN_SINCE
            self._ledger.note(now, "asked", who, asked_by=who.user, asked=self._ctx.clock())
        return None

    def may_second(self, who: Person, cutover: Cutover) -> Note | None:
        """Why this person cannot be the second one; None if they can. A role in the plan is not enough: they
        may approve its request, or promote its jobs, by the policy.

        Raises:
            StoreError.
        """
        first = cutover.progress.asked_by
        if not first:
            return Note("Nothing was done: nobody has asked for the promotion.", tone="warn")
        if who.user == first:
            return Note("Nothing was done: a second person has to confirm what you asked for.", tone="warn")
        request = self._ctx.store.request(cutover.request)
        if request is not None and self._ctx.access.may_approve(who, request).allowed:
            return None
        return self.may_not_promote(who, cutover)

    def second(self, who: Person, cutover: Cutover, ask: str) -> Note | None:
        """The press of the second person, for the ask that they saw (`states.ask_of`). Whoever asked has to
        have the right to promote even then.

        Raises:
            StoreError.
        """
        first = Person(cutover.team, cutover.progress.asked_by, cutover.plan.channel)
        if self.may_not_promote(first, cutover) is None:
            return self.send(who, cutover, ask)
        why = "whoever asked for the promotion may no longer promote. Somebody else has to ask."
        self._ledger.note(cutover, "objection", who, why, asked_by="")
        return Note(f"Nothing was sent: {why}", tone="warn")

    def send(self, who: Person | None, cutover: Cutover, ask: str = "") -> Note | None:
        """Send the promotion of every job that is left; `who` is None where it was planned to go by itself.
        `ask` is what a second person confirms.

        Raises:
            StoreError.
        """
        stale = why_stale(cutover, self._ctx.clock())
        if stale:
            return Note(f"Nothing was sent: {stale}", tone="warn")
        if cutover.rehearsal:
            return self._rehearse(who, cutover)
        request = self._ctx.store.request(cutover.request)
        if request is None or request.state is not RequestState.SCHEDULED:
            return _GONE
        why = self._objection(cutover, request)
        if why:
            self._ledger.note(cutover, "objection", who, plain_text(why))
            return Note(("Nothing was sent: ", *why), tone="warn")
        return self._send(who, cutover, ask)

    def needs_second(self, cutover: Cutover) -> bool:
        """Whether the policy asks for a second person for one of the jobs, as it does for production."""
        request = self._ctx.store.request(cutover.request) if cutover.request else None
        if request is None:
            return False
        judged = self._approvals.revalidation.reevaluate_policy(request)
        return isinstance(judged, Verdict) or judged.needed > 0

    def may_not_promote(self, who: Person, cutover: Cutover) -> Note | None:
        """Why the policy does not let this person promote; None if it does, and for a rehearsal."""
        request = self._ctx.store.request(cutover.request) if cutover.request else None
        if request is None:
            return None
        verb = ruled_as(request.action, request.options)
        verdicts = (self._ctx.access.verdict(who, verb, job) for job in request.jobs)
        refused = next((each for each in verdicts if not each.allowed), None)
        return None if refused is None else Note(refused.explanation, tone="warn")

    def _objection(self, cutover: Cutover, request: Request) -> tuple[RichPart, ...]:
        """Why it must not be sent now, in sentences; empty if nothing objects."""
        left = open_jobs(cutover)
        rest = replace(request, jobs=tuple(job for job in request.jobs if job.name in left))
        try:
            why = self._approvals.scheduler.objection(rest)
        except DmsError as error:
            return ("DMS did not report the state of the jobs: ", Verbatim(str(error)))
        if why:
            return (why,)
        blocker = self._ctx.blocker(rest)
        return () if blocker is None else rich_parts(blocker.reason)

    def _send(self, who: Person | None, cutover: Cutover, ask: str) -> Note | None:
        now = self._ctx.clock()
        try:
            with self._ctx.store.transaction():
                read = self._ctx.store.cutover(cutover.id)
                if read is None or read.state is not S.DRAINED or is_stale(read, now):
                    return _otherwise(read or cutover)
                if not shows_all(databases_written(cutover), read):
                    return WRITTEN_SINCE
                if who is not None and read.progress.second and read.progress.asked_by in ("", who.user):
                    return Note("Nothing was sent: a second person has to confirm it.", tone="warn")
                if who is not None and read.progress.second and ask != ask_of(read):
                    return _ANOTHER_ASK
                self._ledger.enter(
                    read,
                    S.PROMOTING,
                    "promoting",
                    who,
                    "" if who else "as planned, without a last press",
                    promote_intended=now,
                    seconded_by=who.user if who and read.progress.asked_by else "",
                    jobs=_promoting(read, now),
                )
                moved = self._approve(read, who)
        except _NotScheduled:
            return _GONE
        log.info("cutover_promoting", cutover=cutover.id, request=moved.id)
        self._ctx.start_if_approved(moved)
        return None

    def _approve(self, cutover: Cutover, who: Person | None) -> Request:
        """Let the request be sent; inside the transaction that decides it."""
        moved = self._ctx.store.move_request(cutover.request, [RequestState.SCHEDULED], RequestState.APPROVED)
        if moved is None:
            raise _NotScheduled
        self._ctx.record_step(moved, "due", who)
        self._ctx.on_state_entered(moved)
        return moved

    def _rehearse(self, who: Person | None, cutover: Cutover) -> Note | None:
        names = ", ".join(f"`{shown_name(cutover, each)}`" for each in cutover.plan.jobs)
        with self._ctx.store.transaction():
            now = self._ctx.store.cutover(cutover.id)
            if now is None or now.state is not S.DRAINED:
                return _otherwise(now or cutover)
            text = f"The promotion of {names} would be sent now. Nothing was sent: this is a rehearsal."
            at = self._ctx.clock()
            jobs = tuple(JobMark(each, Mark.PROMOTED, "rehearsed", at) for each in cutover.plan.jobs)
            self._ledger.enter(now, S.CHECKLIST, "rehearsed", who, text, promoted=at, jobs=jobs)
        return None

    # ---- what became of it

    def follow(self, cutover: Cutover, who: Person | None = None) -> None:
        """Move on as far as the runs of its request, and the jobs themselves, tell; `who` looked again.

        Raises:
            StoreError.
        """
        request = self._ctx.store.request(cutover.request)
        if request is None:
            return
        marks = self._marks(cutover, request)
        standing = {each.mark for each in marks}
        if standing == {Mark.PROMOTED}:
            self._enter(cutover, S.CHECKLIST, "promoted", marks, who, promoted=self._ctx.clock())
        elif Mark.PROMOTING in standing:
            if cutover.state is not S.PROMOTING:
                self._enter(cutover, S.PROMOTING, "adopted", marks, who)
            elif marks != cutover.progress.jobs:
                self._ledger.update(cutover, jobs=marks)
        elif Mark.UNCLEAR in standing:
            if cutover.state is not S.UNKNOWN:
                self._enter(cutover, S.UNKNOWN, "unknown", marks, who, _text(cutover, marks, Mark.UNCLEAR))
        elif request.state is RequestState.DONE:
            self._hold(cutover, request, marks, who)

    def look_again(self, who: Person, cutover: Cutover, _arg: str) -> Note | None:
        """Read the jobs of a cutover that may have been promoted: adopt what is found, or let it be promoted
        by a new press where it certainly was not sent.

        Raises:
            StoreError.
        """
        request = self._ctx.store.request(cutover.request)
        if request is None:
            return _GONE
        marks = self._marks(cutover, request)
        if not any(each.mark is Mark.UNCLEAR for each in marks):
            self.follow(cutover, who)
            return None
        why = self._still_unclear(cutover, request, marks)
        if why:
            return Note(f"Nothing was done: {why}", tone="warn")
        if request.state is not RequestState.DONE:
            return Note("Nothing was done yet: the call is still being looked for.", tone="warn")
        left = tuple(replace(each, mark=Mark.OPEN) if each.mark is Mark.UNCLEAR else each for each in marks)
        text = "The jobs are in CDC, and no promotion is in progress: press again."
        with self._ctx.store.transaction():
            now = self._ctx.store.cutover(cutover.id)
            if now is None or now.state is not S.UNKNOWN:
                return _otherwise(now or cutover)
            anew = drain_anew(self._ctx.clock())
            self._ledger.enter(now, S.DRAINING, "not_sent", who, text, jobs=left, why="", **anew)
            self._reopen(request, who)
        return None

    def _marks(self, cutover: Cutover, request: Request) -> tuple[JobMark, ...]:
        """The mark of each job: from its newest run, or from the job where the run does not decide it."""
        before = {each.job: each for each in cutover.progress.jobs}
        newest = {run.job: run for run in newest_runs(self._ctx.store, request.id)}
        asked = [each for each in request.jobs if _is_open(before.get(each.name))]
        found = parallel.map_concurrently(lambda job: self._mark(job, newest.get(job.name)), asked)
        now = {each.job: each for each in found}
        return tuple(now.get(job.name) or before[job.name] for job in request.jobs)

    def _mark(self, job: Job, run: Run | None) -> JobMark:
        told = after_runs(job.name, run)
        if told is not None:
            return told
        try:
            found = self._ctx.dms.get_job(job.name, fresh=True)
        except DmsError as error:
            return marks_now(job, run, error)
        return marks_now(job, run, found)

    def _still_unclear(self, cutover: Cutover, request: Request, marks: Sequence[JobMark]) -> str:
        """Why it cannot be told that nothing was sent, in a sentence; empty if it can."""
        since = cutover.progress.promote_intended or cutover.since
        for each in marks:
            if each.mark is not Mark.UNCLEAR:
                continue
            job = request.job(each.job)
            try:
                found = self._ctx.dms.operations(job, since)
            except DmsError as error:
                return f"the operations of `{job.id}` could not be read: {error}"
            if any(
                one.target == job.name and one.verb.lower() == "promote" and not one.done for one in found
            ):
                return f"a promotion of `{job.id}` is in progress."
            if each.text:
                return f"{each.text}."
        return ""

    def _hold(
        self, cutover: Cutover, request: Request, marks: tuple[JobMark, ...], who: Person | None
    ) -> None:
        """Nothing is under way any more, and not all have been promoted: people decide what comes next."""
        text = _text(cutover, marks, Mark.FAILED)
        with self._ctx.store.transaction():
            now = self._ctx.store.cutover(cutover.id)
            if now is None or now.rev != cutover.rev:
                return
            self._ledger.enter(now, S.HELD, "held", who, text, jobs=marks, held_from=str(S.PROMOTING))
            self._reopen(request, None)

    def _reopen(self, request: Request, who: Person | None) -> None:
        """Have the request wait for another press: its approvals were given for this plan."""
        moved = self._ctx.store.move_request(
            request.id,
            [RequestState.DONE],
            RequestState.SCHEDULED,
            ended=None,
            expires=self._ctx.last_start(request),
        )
        if moved is not None:
            self._ctx.record_step(moved, "waiting", who)

    def close(self, cutover: Cutover, who: Person | None, text: str) -> None:
        """End its request, which has nothing left to send, inside the transaction that decides it. What it
        has sent stays its outcome.

        Raises:
            StoreError.
        """
        request = self._ctx.store.request(cutover.request) if cutover.request else None
        if request is None or request.state is not RequestState.SCHEDULED:
            return
        if not self._ctx.store.runs(request=request.id):
            self._ctx.end(request, RequestState.CANCELLED, "cancelled", who, text)
            return
        moved = self._ctx.store.move_request(
            request.id, [RequestState.SCHEDULED], RequestState.DONE, ended=self._ctx.clock()
        )
        if moved is not None:
            self._ctx.record_step(moved, "closed", who, text)

    def _enter(
        self,
        cutover: Cutover,
        to: CutoverState,
        event: str,
        marks: tuple[JobMark, ...],
        who: Person | None,
        text: str = "",
        promoted: datetime | None = None,
    ) -> None:
        more = {} if promoted is None else {"promoted": promoted}
        text = text or (_LOOKED if who else "")
        self._ledger.enter(cutover, to, event, who, text, jobs=marks, **more)


def _is_open(mark: JobMark | None) -> bool:
    return mark is None or mark.mark is not Mark.PROMOTED


def _promoting(cutover: Cutover, now: datetime) -> tuple[JobMark, ...]:
    left = open_jobs(cutover)
    before = {each.job: each for each in cutover.progress.jobs}
    return tuple(
        JobMark(name, Mark.PROMOTING, at=now) if name in left else before[name] for name in cutover.plan.jobs
    )


def _text(cutover: Cutover, marks: Sequence[JobMark], mark: Mark) -> str:
    """The jobs with this mark, each with the reason, in sentences."""
    named = [(each.job, each.text.rstrip(".") or _UNTOLD) for each in marks if each.mark is mark]
    return " ".join(f"`{shown_name(cutover, job)}`: {text}." for job, text in named)


def _otherwise(cutover: Cutover) -> Note:
    if cutover.state is S.DRAINED and cutover.progress.asked_by:
        return Note(("Nothing was done: ", User(cutover.progress.asked_by), " asked already."))
    return Note(f"Nothing was done: {standing(cutover)}.", tone="warn")
