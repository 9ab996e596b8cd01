"""The life of a request before it runs: created, confirmed, approved, withdrawn, expired.

Nothing here changes a job. The transaction that approves a request also queues its runs, which
`bot.requests.runner` carries out. Every step is a conditional move in the store: two people who press at
once, one who presses twice, and a delivery that arrives twice make one step. Slow questions (to the service,
to Slack about groups) are asked before a transaction; what decides in the end is read inside it.
"""

from __future__ import annotations

from bot.cmdline.answers import Note
from bot.policy.approver_list import ApproverList, named_approvers
from bot.requests.abandon import Abandonment
from bot.requests.base import RequestContext
from bot.requests.confirm import ConfirmationStep
from bot.requests.create import RequestCreation
from bot.requests.decide import Approval
from bot.requests.draft import Drafter
from bot.requests.expire import Expiry
from bot.requests.revalidate import Revalidation
from bot.requests.schedule import Scheduler
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState


class Approvals:
    """All steps of requests up to the permission to run, over one context."""

    def __init__(self, context: RequestContext) -> None:
        drafter, self.revalidation = Drafter(context), Revalidation(context)
        self.creation = RequestCreation(context, drafter)
        self.confirmation = ConfirmationStep(context, drafter, self.revalidation)
        self.approval = Approval(context, self.revalidation)
        self.expiry = Expiry(context)
        self.abandonment = Abandonment(context)
        self.scheduler = Scheduler(context, self.revalidation)
        self._ctx = context

    def may_see_databases(self, who: Person, request: Request) -> Note | None:
        """Why `who` may not see the databases of the request's jobs; None if they may.

        The requester and whoever may approve the request see them, and everybody whom the policy lets use
        `databases` on each of its jobs.
        """
        if request.by.user == who.user or self._ctx.access.may_approve(who, request).allowed:
            return None
        verdicts = (self._ctx.access.verdict(who, "databases", job) for job in request.jobs)
        refused = next((each for each in verdicts if not each.allowed), None)
        return None if refused is None else Note(refused.explanation, tone="warn")

    def approvers(self, request: Request) -> ApproverList:
        """Everybody who may approve, as the policy names them. Makes no slow calls."""
        return named_approvers(self._ctx.access, request)

    def may_review(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may confirm or decide on it now, else what to answer. Makes no slow calls.

        Raises:
            StoreError.
        """
        request = self._ctx.open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        if request.state is RequestState.CONFIRMING:
            return self.confirmation.check(who, request)
        return self.approval.check(who, request)
