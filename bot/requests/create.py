"""Creates requests: refuses them, asks for confirmation or approvals, or starts them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from bot.cmdline.answers import AlreadyQueued, Answer, Button, Note
from bot.cmdline.invocation import Invocation
from bot.dms.errors import DmsError, NotFound
from bot.dms.job_fields import edited_meanwhile
from bot.dms.model import Job
from bot.dms.rules import Action, Refusal, by_databases, check
from bot.policy.access import Verdict
from bot.policy.permissions import ruled_as
from bot.requests.approval_channels import different_channels
from bot.requests.base import Blocker, RequestContext
from bot.requests.buttons import instead_buttons
from bot.requests.draft import Drafter, RequestDraft
from bot.requests.drain import never_sent
from bot.requests.groups import asked_flags, mixed_statuses_answer, same_again
from bot.requests.job_names import ambiguous_names, in_commands
from bot.requests.queries import request_key
from bot.requests.rules import has_changed
from bot.requests.seen import selection_changes
from bot.requests.wording import KEPT_FROM_CHANNEL, NO_APPROVAL_CHANNEL, OLD_BUTTON, list_jobs
from bot.runtime.one_by_one import pass_over
from bot.store.facts import RequestFacts
from bot.store.records import OPEN_REQUESTS, OutMessage, Person, Request, RequestState
from bot.util import parallel
from bot.util.command import COMMAND

_AT_ONCE = "The first request was for a set time. This one is sent once it is confirmed and approved."
_NOT_MOVED = "The request stays scheduled for its time: cancel it to schedule the jobs anew."
_NO_TIME = "The first request was for a set time. This one has none."


class RequestCreation:
    """Creates requests, for the first time or again."""

    def __init__(self, context: RequestContext, drafter: Drafter) -> None:
        self._ctx = context
        self._drafter = drafter

    def ask(self, who: Person, draft: RequestDraft) -> Answer:
        """Create a request, unless it is refused. It waits for what it needs, or runs at once.

        Raises:
            DmsError, StoreError.
        """
        verb = ruled_as(draft.action, draft.options)
        verdicts = [self._ctx.access.verdict(who, verb, job) for job in draft.jobs]
        objection = self._objection(who, draft, verdicts)
        if objection is not None:
            return objection
        apart = different_channels(self._ctx, who.team, draft, verdicts)
        if apart is not None:
            return apart
        request = self._drafter.draft(who, draft, verdicts)
        if self._ctx.hides_approval(request):
            return Note(NO_APPROVAL_CHANNEL, tone="warn")
        stop = self._record(request, draft)
        if isinstance(stop, Blocker):
            return self._blocked_note(who, draft, stop)
        if stop is not None:
            return stop
        self._ctx.start_if_approved(request)
        if self._ctx.channel_of(request) != who.channel:
            return Note(KEPT_FROM_CHANNEL, tone="info")
        return AlreadyQueued(request_key(request.id))

    def again(self, who: Person, request_id: str, response_url: str) -> Answer:
        """Make the same request again with the jobs as they are now. It always asks for confirmation,
        because whoever presses has seen the jobs in an older state.

        Raises:
            DmsError, StoreError.
        """
        old = self._ctx.store.request(request_id)
        if old is None or old.by.team != who.team:
            return OLD_BUTTON
        if old.facts.cutover:
            return self._plan_again(who, old)
        return self._ask_with(who, old, [job.name for job in old.jobs], response_url, ask=True)

    def _plan_again(self, who: Person, old: Request) -> Note:
        """The request of a cutover alone would be an ordinary promote."""
        ref = self._ref(who, Invocation("cutover", tuple(job.name for job in old.jobs)))
        plan = Button("Plan cutover…", "cutover", "run", ref)
        return Note("Nothing was requested: that was the request of a cutover. Plan it again.", (plan,))

    def retry(self, who: Person, request_id: str, failed: Sequence[str], response_url: str) -> Answer:
        """Make a request for the jobs of `request_id` that did not succeed. It asks for confirmation if one
        of them has changed since.

        Raises:
            DmsError, StoreError.
        """
        old = self._ctx.store.request(request_id)
        if old is None or old.by.team != who.team:
            return OLD_BUTTON
        return self._ask_with(who, old, failed, response_url, ask=False)

    def move(self, who: Person, old: Request, due: datetime | None, zone: str, response_url: str) -> Answer:
        """Make a scheduled request again, for another time. Once it is confirmed, the old one ends.

        Raises:
            DmsError, StoreError.
        """
        at = {"due": due, "zone": zone, "moves": old.id}
        return self._ask_with(who, old, [job.name for job in old.jobs], response_url, ask=True, at=at)

    def _ask_with(
        self,
        who: Person,
        old: Request,
        names: Sequence[str],
        response_url: str,
        *,
        ask: bool,
        at: Mapping[str, Any] = MappingProxyType({}),
    ) -> Answer:
        jobs = self._existing(names)
        if not jobs:
            return Note(f"{list_jobs(names)}: no longer there, so nothing was done.", tone="warn")
        draft = _repeat(old, jobs, response_url, at)
        groups = mixed_statuses_answer(
            lambda draft: self._ref(who, draft),
            old.action,
            jobs,
            old.options,
            lambda: self._ctx.store.known_twins(job.id for job in jobs),
            self._ctx.dms.projects,
            asked_flags(draft.facts, ask=ask),
        )
        if groups is not None and draft.facts.moves:
            # A request for some of its jobs takes the place of nothing: the first one would be sent, too.
            return replace(groups, text=f"{groups.text}\n{_NOT_MOVED}", buttons=())
        if groups is not None:
            return groups
        edited = self._edited(old, jobs[0])
        if edited:
            text = (
                f"`{jobs[0].id}` was edited meanwhile ({edited}), so this request is out of date: "
                f"`{COMMAND} edit {jobs[0].id}` shows its current settings."
            )
            return self._naming(who, jobs[0], Note(text, tone="warn"))
        ask = ask or any(parallel.map_concurrently(lambda job: self._has_changed(old, job), jobs))
        return self.ask(who, replace(draft, ask=ask))

    def _has_changed(self, old: Request, job: Job) -> bool:
        """Whether the job or its selection of databases is another than in the old request, or not known."""
        if has_changed(old.job(job.name), job, old.options):
            return True
        try:
            return bool(selection_changes(self._ctx.dms, old, job))
        except DmsError:
            return True

    def _existing(self, names: Sequence[str]) -> tuple[Job, ...]:
        """The jobs that have not been deleted."""

        def read(name: str) -> Job | None:
            try:
                return self._ctx.dms.get_job(name)
            except NotFound:
                return None

        return tuple(job for job in parallel.map_concurrently(read, names) if job is not None)

    def _ref(self, who: Person, invocation: Invocation) -> str:
        return self._ctx.store.put_ref(who.team, "invocation", invocation.to_dict())

    def _edited(self, old: Request, job: Job) -> str:
        """What of the settings that an edit changes is different since it was made; empty if nothing is."""
        before = old.facts.config
        if before is not None and self._ctx.dms.objects_config(job.name).snapshot() != before:
            return "databases"
        return edited_meanwhile(old.options.fields, old.jobs[0], job)

    def _objection(self, who: Person, draft: RequestDraft, verdicts: Sequence[Verdict]) -> Note | None:
        for job, verdict in zip(draft.jobs, verdicts, strict=True):
            objection = self._objection_to(who, draft, job, verdict)
            if objection is not None:
                return self._naming(who, job, objection)
        return None

    def _naming(self, who: Person, job: Job, note: Note) -> Note:
        """The note about the job, in which each suggested command names it. Jobs that are hidden from this
        person do not count."""
        store = self._ctx.store
        twins = [store.known_job(name, pass_over) for name in store.known_twins((job.id,))]
        known = [each.job for each in twins if each is not None]
        told = [each.name for each in self._ctx.access.visible(who, "show", known)]
        return in_commands(note, ambiguous_names((job,), told, self._ctx.dms.projects))

    def _objection_to(self, who: Person, draft: RequestDraft, job: Job, verdict: Verdict) -> Note | None:
        if not verdict.allowed:
            return Note(verdict.explanation, tone="warn")
        labels = self._ctx.access.labels_verdict(who, job, dict(draft.options.fields.labels))
        if draft.action is Action.EDIT and not labels.allowed:
            return Note(labels.explanation, tone="warn")
        blocker = self._ctx.blocker_of(draft.action, job, draft.facts.due)
        if blocker is not None:
            return self._blocked_note(who, draft, blocker)
        refusal = self._refusal(draft, job)
        if refusal is None:
            unattended = draft.is_promoted_unattended
            why = never_sent(job, when_drained=draft.facts.when_drained) if unattended else ""
            return Note(why, tone="warn") if why else None
        may = self._ctx.access.permissions(who)
        instead = instead_buttons(
            lambda wanted: self._ref(who, wanted), job, refusal, lambda action: may.may(action, job)
        )
        return Note(str(refusal), instead, tone="warn")

    def _refusal(self, draft: RequestDraft, job: Job) -> Refusal | None:
        partial = by_databases(draft.action, job, draft.options)
        databases = self._ctx.dms.databases(job.name) if partial else ()
        return check(draft.action, job, draft.options, databases)

    def _blocked_note(self, who: Person, draft: RequestDraft, blocker: Blocker) -> Note:
        again = self._retry_button(who, draft) if blocker.is_temporary else ()
        return Note(blocker.reason, (*blocker.buttons, *again), tone="warn")

    def _retry_button(self, who: Person, draft: RequestDraft) -> tuple[Button, ...]:
        """A button that repeats the command; an edit of databases starts over from the present selection."""
        names = tuple(job.name for job in draft.jobs)
        if draft.facts.cutover or draft.facts.moves:
            return ()  # no command asks for the same
        if draft.options.objects is not None and draft.action is not Action.EDIT:
            return ()
        if draft.options.objects is not None:
            form = Invocation("edit", names, asked_flags(draft.facts, ask=False))
            return (Button("Edit again…", "edit", "run", self._ref(who, form)),)
        asked = asked_flags(draft.facts, ask=draft.ask)
        if draft.options.edits and draft.action is Action.VERIFY:
            asked["with"] = True
        again = same_again(draft.action, names, draft.options, asked)
        return (Button("Ask again", draft.action, "run", self._ref(who, again)),)

    def _record(self, request: Request, draft: RequestDraft) -> Blocker | Note | None:
        """Store the request and its message. Returns what forbids it, if anything; then nothing is stored."""
        with self._ctx.store.transaction():
            blocker = self._ctx.blocker(request) or self._too_many(request)
            if blocker is not None:
                return blocker
            self._ctx.store.add_request(request)
            draft.also(request)
            for job in request.jobs:
                self._ctx.audit(request, "requested", request.by, job)
            self._ctx.store.enqueue(
                OutMessage(
                    key=request_key(request.id),
                    channel=self._ctx.channel_of(request),
                    kind="request",
                    subject={"request": request.id},
                    response_url=draft.response_url,
                    created=request.created,
                )
            )
            self._ctx.update_related(request)
            self._ctx.on_state_entered(request)
        return None

    def _too_many(self, request: Request) -> Note | None:
        """Why this person may not open one more request. An identical one that has not been confirmed yet
        ends, as they look at the new one."""
        if request.state not in OPEN_REQUESTS:
            return None
        mine = self._open_of(request)
        same = next((each for each in mine if _is_same(each, request)), None)
        if same is not None and same.state is RequestState.APPROVING:
            review = Button("Review", same.action, "review", same.id)
            return Note("You already requested exactly that: it awaits approval.", (review,), tone="warn")
        if same is not None:
            self._ctx.end(same, RequestState.CANCELLED, "cancelled", request.by, "asked again")
            return None
        if len(mine) < self._ctx.max_open:
            return None
        return Note(
            f"Nothing was done: {len(mine)} of your requests are open, and one person can have "
            f"{self._ctx.max_open}. `{COMMAND} approvals` shows them: withdraw those that you no "
            "longer need.",
            tone="warn",
        )

    def _open_of(self, request: Request) -> list[Request]:
        """The open requests of the same person, newest first. One that cannot be read does not count: nobody
        can confirm, approve or withdraw it."""
        limit = 10 * self._ctx.max_open
        found = self._ctx.store.requests(OPEN_REQUESTS, by=request.by.user, limit=limit, skip=pass_over)
        return [each for each in found if each.by.team == request.by.team and each.expires > request.created]


def _is_same(old: Request, new: Request) -> bool:
    """Whether two requests ask for the same action on the same jobs with the same options."""

    def asked(request: Request) -> tuple[object, ...]:
        names = sorted(job.name for job in request.jobs)
        facts = request.facts
        return request.action, request.options, names, facts.due, facts.cutover, facts.when_drained

    return asked(old) == asked(new)


def _repeat(
    old: Request, jobs: tuple[Job, ...], response_url: str, at: Mapping[str, Any] = MappingProxyType({})
) -> RequestDraft:
    """The same request again, at another time or at none: the facts `at`. It waits until nothing is missing
    if the first one did. One with changes keeps its facts and warning, which only its verb can make."""
    edit = old.options.edits or bool(old.options.operation)
    facts = old.facts
    asked = RequestFacts(reason=facts.reason, when_drained=facts.when_drained)
    kept = replace(
        asked,
        config=facts.config,
        restart_ref=facts.restart_ref,
        changes=facts.changes,
        started_by=facts.started_by,
    )
    warning = list(old.warning if edit else ())
    if facts.has_set_time and not at:
        warning.append(_NO_TIME if facts.when_drained else _AT_ONCE)
    return RequestDraft(
        old.action,
        jobs,
        old.options,
        response_url,
        parent=old.id,
        facts=replace(kept if edit else asked, **at),
        warning=tuple(warning),
    )
