"""Plans cutovers: refuses what cannot work, and asks for the request that holds policy and approvals."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.cmdline.answers import Answer, Note, RichPart, RichText, User
from bot.cutover.ledger import CutoverLedger
from bot.cutover.moved import GIVES_WAY, end_moved
from bot.cutover.states import BEFORE_PROMOTING, CutoverRole, is_promoted_in_part, roles_of
from bot.cutover.unreadable import may_share
from bot.dms.drained import takes_bytes, takes_threshold
from bot.dms.errors import NotFound
from bot.dms.model import Job, Options
from bot.dms.rules import Action
from bot.policy.permissions import ruled_as
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.draft import RequestDraft
from bot.requests.job_names import disambiguate
from bot.requests.wording import OLD_BUTTON
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.cutover import Cutover, CutoverPlan, CutoverState
from bot.store.facts import RequestFacts
from bot.store.records import Person, Request, RequestState
from bot.store.terms import CutoverTerms
from bot.util import parallel
from bot.util.durations import bytes_text, humanize
from bot.util.redact import redact

S = CutoverState
MOST_JOBS = 20
"""Jobs of one cutover: its card and its log stay readable."""
SOON = timedelta(minutes=5)
"""A plan for a time this near begins as soon as it is confirmed and approved."""
MOST_DELAY = timedelta(minutes=10)
"""The largest delay that can count as low enough. Source: "Finalize a migration" (Oracle, and SQL Server
to PostgreSQL): "minutes or seconds"."""
MOST_BYTES = 16 * 1024**2
"""The most that a PostgreSQL source may be ahead: a segment of its log, which an idle server can finish and
begin anew without a change of data. Source: PostgreSQL documentation, "Write Ahead Log"
(`wal_segment_size`, `archive_timeout`)."""
_UNREADABLE = (
    "Nothing was planned: a cutover, or its request, cannot be read from the database, and may be of `{}` or "
    "of its destination."
)
_BEFORE_THE_NIGHT = (S.AWAITING_APPROVAL, S.SCHEDULED)


class _Refused(Exception):
    def __init__(self, note: Note) -> None:
        super().__init__(str(note.text))
        self.note = note


class Planning:
    """Makes cutovers, for the first time or for another time."""

    def __init__(self, context: RequestContext, approvals: Approvals, ledger: CutoverLedger) -> None:
        self._ctx = context
        self._approvals = approvals
        self._ledger = ledger

    def plan(
        self,
        who: Person,
        plan: CutoverPlan,
        jobs: Sequence[Job],
        *,
        rehearsal: bool,
        response_url: str,
    ) -> Answer:
        """As `Cutovers.plan`.

        Raises:
            DmsError, StoreError.
        """
        full = self._filled(who, plan, jobs)
        objection = self._objection(who, full, jobs)
        if objection is not None:
            return objection
        made = self._made(who, full, rehearsal=rehearsal)
        try:
            if rehearsal:
                return self._rehearse(who, made, jobs)
            return self._ask(who, made, jobs, response_url)
        except _Refused as refused:
            return refused.note

    def move(self, who: Person, id: str, at: datetime | None, zone: str, response_url: str) -> Answer:
        """As `Cutovers.move`.

        Raises:
            DmsError, StoreError.
        """
        old = self._ctx.store.cutover(id)
        if old is None or old.team != who.team:
            return OLD_BUTTON
        if old.state not in _BEFORE_THE_NIGHT:
            return Note("Nothing was done: it can be moved only until half an hour before it.", tone="warn")
        if not roles_of(old, who.user) & {CutoverRole.PLANNER, CutoverRole.COMMANDER}:
            other = old.plan.commander
            or_other: tuple[RichPart, ...] = () if other == old.by.user else (" or ", User(other))
            whose = ("Nothing was done: only ", User(old.by.user), *or_other, " can move it.")
            return Note(whose, tone="warn")
        jobs = parallel.map_concurrently(self._job, old.plan.jobs)
        gone = [name for name, job in zip(old.plan.jobs, jobs, strict=True) if job is None]
        if gone:
            # While it is open, its other jobs cannot be planned anew.
            rest = ", and plan the others again" if len(gone) < len(jobs) else ""
            return Note(f"Nothing was done: a job of it no longer exists. Cancel it{rest}.", tone="warn")
        found = [job for job in jobs if job is not None]
        plan = replace(old.plan, at=at, zone=zone, moves=old.id)
        return self.plan(who, plan, found, rehearsal=old.rehearsal, response_url=response_url)

    def _job(self, name: str) -> Job | None:
        try:
            return self._ctx.dms.get_job(name)
        except NotFound:
            return None

    def _filled(self, who: Person, plan: CutoverPlan, jobs: Sequence[Job]) -> CutoverPlan:
        """The plan with what was left out: people, names, the channel."""
        calls = disambiguate(
            self._ctx.store.known_twins(job.id for job in jobs), self._ctx.access.policy.projects
        )
        commander = plan.commander or who.user
        soon = plan.at is not None and timedelta() <= plan.at - self._ctx.clock() <= SOON
        return replace(
            plan,
            jobs=tuple(job.name for job in jobs),
            shown={job.name: plan.shown.get(job.name) or calls(job.name) for job in jobs},
            at=None if soon else plan.at,
            commander=commander,
            app_owner=plan.app_owner or commander,
            channel=plan.channel or who.channel,
            reason=redact(plan.reason),
        )

    def _made(self, who: Person, plan: CutoverPlan, *, rehearsal: bool) -> Cutover:
        now = self._ctx.clock()
        return Cutover(
            id=secrets.token_urlsafe(12),
            team=who.team,
            by=who,
            state=S.DRAFT,
            plan=plan,
            created=now,
            since=now,
            rehearsal=rehearsal,
            rehearsed=None if rehearsal else self._rehearsed(plan),
        )

    def _rehearsed(self, plan: CutoverPlan) -> datetime | None:
        """When all of these jobs were last rehearsed together to the end."""
        done = self._ctx.store.cutovers([S.DONE], job=plan.jobs[0], skip=pass_over)
        fits = (each for each in done if each.rehearsal and set(plan.jobs) <= set(each.plan.jobs))
        return next((each.ended for each in fits), None)

    # ---- asking

    def _ask(self, who: Person, made: Cutover, jobs: Sequence[Job], response_url: str) -> Answer:
        def store(request: Request) -> None:
            self._refuse_second(made, jobs)
            self._ctx.store.add_cutover(replace(made, request=request.id))

        plan = made.plan
        facts = RequestFacts(
            due=plan.at, zone=plan.zone, cutover=made.id, reason=plan.reason, terms=_terms(plan)
        )
        draft = RequestDraft(
            Action.PROMOTE,
            tuple(jobs),
            Options(),
            response_url,
            facts=facts,
            ask=True,
            typed=plan.by_itself,
            also=store,
        )
        return self._approvals.creation.ask(who, draft)

    def _rehearse(self, who: Person, made: Cutover, jobs: Sequence[Job]) -> Note:
        for job in jobs:
            verdict = self._ctx.access.verdict(who, ruled_as(Action.PROMOTE, Options()), job)
            if not verdict.allowed:
                return Note(verdict.explanation, tone="warn")
        with self._ctx.store.transaction():
            self._refuse_second(made, jobs)
            self._ctx.store.add_cutover(made)
            self._ledger.enter(made, S.SCHEDULED, "rehearsal", who)
            end_moved(self._ctx, self._ledger, made)
        done = "moved" if made.plan.moves else "planned"
        return Note(f"The rehearsal is {done}: its card shows each step. Nothing is sent to the service.")

    def _refuse_second(self, made: Cutover, jobs: Sequence[Job]) -> None:
        """One open cutover for each job, and for each destination; a rehearsal beside a plan is allowed.

        Raises:
            _Refused: there is another.
        """
        unread = LeftOut()
        for other in self._ctx.store.cutovers(skip=unread):
            moved = other.id == made.plan.moves and other.state in GIVES_WAY
            if moved or other.rehearsal is not made.rehearsal:
                continue
            shared = self._shared(other, jobs)
            if shared and other.state is S.DRAFT and other.by.user == made.by.user:
                self._give_way(other)
            elif shared:
                what = "rehearsal" if other.rehearsal else "cutover"
                raise _Refused(
                    Note(
                        (
                            f"Nothing was planned: {shared} is part of the {what} that ",
                            User(other.by.user),
                            f" planned. {_way_out(other)}",
                        ),
                        tone="warn",
                    )
                )

        for job in jobs:
            if any(may_share(self._ctx.store, id, job) for id in unread.keys):
                raise _Refused(Note(_UNREADABLE.format(job.id), tone="warn"))

    def _give_way(self, draft: Cutover) -> None:
        """End a plan that its planner never confirmed, as they plan anew."""
        self._ledger.enter(draft, S.ABORTED, "cancelled", draft.by, "It was planned again.")
        request = self._ctx.store.request(draft.request) if draft.request else None
        if request is not None:
            self._ctx.end(request, RequestState.CANCELLED, "cancelled", draft.by, "planned again")

    def _shared(self, other: Cutover, jobs: Sequence[Job]) -> str:
        """Which job, or whose destination, is in the other cutover, too; empty for none."""
        unread = LeftOut()
        request = self._ctx.store.request(other.request, unread) if other.request else None
        there = request.jobs if request is not None else ()
        taken = {each.destination.profile for each in there if each.destination.profile}
        for job in jobs:
            if job.name in other.plan.jobs:
                return f"`{job.id}`"
            if job.destination.profile in taken:
                return f"the destination of `{job.id}`"
            if unread.keys and may_share(self._ctx.store, other.id, job):
                raise _Refused(Note(_UNREADABLE.format(job.id), tone="warn"))
        return ""

    # ---- what cannot work

    def _objection(self, who: Person, plan: CutoverPlan, jobs: Sequence[Job]) -> Note | None:
        wrong = _wrong(plan, jobs, self._ctx.clock())
        if wrong:
            return Note(wrong, tone="warn")
        for user in filter(None, dict.fromkeys((plan.commander, plan.deputy, plan.app_owner))):
            if self._ctx.access.has_left(user):
                why = " is no full, active member here, so cannot take part. Name somebody else."
                return Note(("Nothing was planned: ", User(user), why), tone="warn")
        for user in dict.fromkeys((plan.commander, plan.deputy)):
            refused = user and self._may_not_promote(Person(who.team, user, plan.channel), jobs)
            if refused:
                text = ("Nothing was planned: ", User(user), f" leads it, and may not promote. {refused}")
                return Note(text, tone="warn")
        return None

    def _may_not_promote(self, who: Person, jobs: Sequence[Job]) -> str:
        verb = ruled_as(Action.PROMOTE, Options())
        verdicts = (self._ctx.access.verdict(who, verb, job) for job in jobs)
        return next((each.why for each in verdicts if not each.allowed), "")


def _way_out(other: Cutover) -> str:
    """What lets its jobs be planned anew. To move it does not: it is open then, at another time."""
    if other.state in _BEFORE_THE_NIGHT:
        return "Move that one instead, or cancel it first."
    if other.state is S.DRAFT:
        return "It has to be cancelled first."
    if other.state in BEFORE_PROMOTING and not is_promoted_in_part(other):
        return "It has to end, or be aborted, first."
    return "It has to end first."


def _terms(plan: CutoverPlan) -> CutoverTerms:
    return CutoverTerms(
        commander=plan.commander,
        app_owner=plan.app_owner,
        deputy=plan.deputy,
        budget_s=plan.budget_s,
        most_seconds=plan.most_seconds,
        most_bytes=plan.most_bytes,
        by_itself=plan.by_itself,
        writers=plan.writers,
    )


def _wrong(plan: CutoverPlan, jobs: Sequence[Job], now: datetime) -> RichText:
    """Why the plan cannot work, in a sentence; empty if it can."""
    if not jobs:
        return "Nothing was planned: name the job, for example `orders-db`."
    if len(jobs) > MOST_JOBS:
        return (
            f"Nothing was planned: these are {len(jobs)} jobs, and a cutover can have {MOST_JOBS}. Plan the "
            "others in another one."
        )
    if plan.at is not None and plan.at <= now:
        return "Nothing was planned: that time is in the past."
    if plan.deputy and plan.deputy == plan.commander:
        return "Nothing was planned: the deputy stands in for the commander, so name somebody else."
    if plan.budget_s <= 0:
        return "Nothing was planned: the longest downtime has to be above zero, for example `1h`."
    return _wrong_threshold(plan, jobs)


def _wrong_threshold(plan: CutoverPlan, jobs: Sequence[Job]) -> str:
    if plan.most_seconds < 0 or plan.most_bytes < 0:
        return "Nothing was planned: a delay cannot be negative."
    if plan.most_bytes > MOST_BYTES:
        return f"Nothing was planned: at most {bytes_text(MOST_BYTES)} may be missing, for example `64KiB`."
    if plan.most_bytes and not any(takes_bytes(job) for job in jobs):
        return "Nothing was planned: bytes may be missing only with PostgreSQL sources."
    if plan.most_seconds > MOST_DELAY.total_seconds():
        return f"Nothing was planned: at most {humanize(MOST_DELAY)} may be missing, for example `10s`."
    if plan.most_seconds and not any(takes_threshold(job) for job in jobs):
        return (
            "Nothing was planned: a delay above zero loses changes with these engines. Leave it out: their "
            "cutover waits for zero."
        )
    if not plan.most_seconds and any(takes_threshold(job) for job in jobs):
        return (
            "Nothing was planned: with Oracle, and SQL Server to PostgreSQL, the delay need not come down to "
            "zero. Say how many seconds are low enough, for example `10s`."
        )
    return ""
