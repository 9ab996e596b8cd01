"""The life of a request before it runs: asked, confirmed, approved, taken back, expired.

Nothing here changes a job: what has been approved is handed to `bot.requests.runner`, in the transaction that
approves it. Every step is a conditional move in the store, so two people pressing at once, one
pressing twice, and Slack delivering twice come to one step. What may take time (the service, Slack's
groups) is asked before a transaction; what decides in the end is read inside it.
"""

from __future__ import annotations

from bot.cmdline.answers import Note
from bot.requests.abandon import Abandonment
from bot.requests.base import RequestContext
from bot.requests.confirm import Confirmation
from bot.requests.create import RequestCreation
from bot.requests.decide import Approval
from bot.requests.draft import Drafter
from bot.requests.expire import Expiry
from bot.requests.revalidate import Revalidation
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState


class Approvals:
    """The steps of requests, from asking to being allowed to run, over one context."""

    def __init__(self, context: RequestContext) -> None:
        drafter, self.revalidation = Drafter(context), Revalidation(context)
        self.creation = RequestCreation(context, drafter)
        self.confirmation = Confirmation(context, drafter, self.revalidation)
        self.approval = Approval(context, self.revalidation)
        self.expiry = Expiry(context)
        self.abandonment = Abandonment(context)
        self._ctx = context

    def may_review(self, who: Person, request_id: str) -> Request | Note:
        """The request, when a decision of `who` on it would count now; else what to tell them. Quick.

        Raises:
            StoreError.
        """
        request = self._ctx.open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        if request.state is RequestState.CONFIRMING:
            return self.confirmation.check(who, request)
        return self.approval.check(who, request)
