"""Other people's word: approve or deny."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.answers import Note, User
from bot.policy.access import Verdict
from bot.requests.message_keys import denial_key, request_key
from bot.requests.queries import approving, counting
from bot.requests.revalidate import Judging
from bot.store.records import Decision, OutMessage, Person, Request, RequestState
from bot.util.redact import redact


class Deciding(Judging):
    """Approving and denying."""

    def approve(self, who: Person, request_id: str) -> Note | None:
        """Count an approval. None when it counts.

        Raises:
            DmsError, StoreError.
        """
        request = self.may_decide(who, request_id)
        if isinstance(request, Note):
            return request
        judged = self._judged(request)
        if isinstance(judged, Verdict):
            return Note((User(request.by.user), " may no longer do this: ", judged.why), tone="warn")
        if self._outdated(request):
            return None
        stop = self._behind(request)
        if stop is not None:
            return stop
        earlier = {each.user for each in self._store.decisions(request.id) if each.approve}
        void = earlier - counting(self._store, self._access, judged)
        return self._approved(replace(judged, facts={**judged.facts, "void": sorted(void)}), who)

    def _approved(self, request: Request, who: Person) -> Note | None:
        with self._store.transaction():
            stop = self._too_late(request.id, RequestState.APPROVING) or self._looked_meanwhile(request)
            current = self._store.request(request.id)
            if stop is not None or current is None:
                return stop
            decisions = self._store.decisions(request.id)
            given = {each.user for each in approving(request, decisions)}
            if who.user in {each.user for each in approving(current, decisions)}:
                return Note("You have approved this already.", tone="info")
            enough = len(given | {who.user}) >= request.needed
            stop = self._not_now(request) if enough else None
            if stop is not None:
                return stop
            self._store.add_decision(Decision(request.id, who.user, True, "", self._clock()))
            moved = self._move(request, RequestState.APPROVED if enough else RequestState.APPROVING)
            self._note(moved, "approved", who)
            self._handed_over(moved)
        self._go_on(moved)
        return None

    def may_decide(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may approve or deny it now; else what to tell them."""
        request = self._open(who, request_id, RequestState.APPROVING)
        if isinstance(request, Note):
            return request
        verdict = self._access.may_approve(who, request)
        return request if verdict.allowed else Note(verdict.said, tone="warn")

    def deny(self, who: Person, request_id: str, reason: str) -> Note | None:
        """End the request with a reason. None when it counts.

        Raises:
            StoreError.
        """
        request = self.may_decide(who, request_id)
        if isinstance(request, Note):
            return request
        reason = redact(reason)
        with self._store.transaction():
            if self._end(request, RequestState.DENIED, "denied", who, reason) is None:
                return self._ended(self._store.request(request.id))
            # Whoever has approved before may think better of it; the audit tells both.
            self._store.add_decision(Decision(request.id, who.user, False, reason, self._clock()))
            if who.user != request.by.user:
                self._post_denial(request)
        self._wake()
        return None

    def _post_denial(self, request: Request) -> None:
        """Nobody hears of a message that is only updated, so the requester is told by one of its own: in
        the thread of the request, or directly where that has none (the bot could not post there)."""
        card = self._store.message(request_key(request.id))
        threaded = card is not None and card.stands
        self._store.post(
            OutMessage(
                key=denial_key(request.id),
                channel=request.by.channel if threaded else request.by.user,
                kind="denial",
                subject={"request": request.id},
                thread_of=request_key(request.id) if threaded else "",
                created=self._clock(),
            )
        )
