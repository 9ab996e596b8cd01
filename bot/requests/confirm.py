"""The requester's own word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.cmdline.answers import Note, User
from bot.dms.rules import Action
from bot.policy.access import Verdict
from bot.requests.base import EFFECT, WAITS
from bot.requests.draft import Drafting, Wanted
from bot.requests.revalidate import Judging
from bot.requests.wording import must_be_typed, phrase
from bot.store.records import Person, Request, RequestState


class Confirming(Drafting, Judging):
    """Confirming what one has asked for."""

    def may_confirm(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may confirm it now; else what to tell them. Quick: no calls to DMS."""
        request = self._open(who, request_id, RequestState.CONFIRMING)
        if isinstance(request, Note):
            return request
        if request.by.user != who.user:
            return Note(
                (
                    "Only ",
                    User(request.by.user),
                    f", who asked, can confirm this. You can ask yourself: `/dms {request.action} …`.",
                ),
                tone="warn",
            )
        return request

    def with_destination(self, request: Request) -> Request:
        """The delete request as it is when the destination goes too."""
        if request.action is not Action.DELETE:
            return request
        options = replace(request.options, with_destination=True)
        without = self._warning(Wanted(request.action, request.jobs, request.options), request.databases)
        risks = (line for line in request.warning if line not in without)
        wanted = Wanted(request.action, request.jobs, options)
        warning = (*risks, *self._warning(wanted, request.databases))
        facts = dict(request.facts) | {EFFECT: self._effect(wanted)}
        return replace(request, options=options, typed=True, warning=warning, facts=facts)

    def confirm(
        self, who: Person, request_id: str, *, destination: bool = False, typed: str = ""
    ) -> Note | None:
        """The requester's word. None when it counts: the request's message tells the rest.

        Raises:
            DmsError, StoreError.
        """
        request = self.may_confirm(who, request_id)
        if isinstance(request, Note):
            return request
        if destination:
            request = self.with_destination(request)
        if must_be_typed(request) and typed.strip() != phrase(request):
            return Note(f"Not confirmed: press again, and type `{phrase(request)}` exactly.", tone="warn")
        judged = self._judged(request)
        if isinstance(judged, Verdict):
            return Note(judged.said, tone="warn")
        if self._outdated(request):
            return None
        return self._behind(request) or self._confirmed(judged, who)

    def _confirmed(self, request: Request, who: Person) -> Note | None:
        to = RequestState.APPROVING if request.needed > 0 else RequestState.APPROVED
        if to is RequestState.APPROVING:
            life = self._lifetime(to, self._verdicts(request))
            request = _waiting(request, self._clock() + life, life)
        with self._store.transaction():
            stop = self._too_late(request.id, RequestState.CONFIRMING) or self._looked_meanwhile(request)
            if stop is None and to is RequestState.APPROVED:
                stop = self._not_now(request)
            if stop is not None:
                return stop
            moved = self._move(request, to)
            self._note(moved, "confirmed", who)
            self._handed_over(moved)
        self._go_on(moved)
        return None


def _waiting(request: Request, until: datetime, life: timedelta) -> Request:
    """Confirmed: from now on others have their own time to decide."""
    return replace(request, expires=until, facts=dict(request.facts) | {WAITS: life.total_seconds()})
