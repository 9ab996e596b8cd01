"""The life of a request before it runs: asked, confirmed, approved, taken back, expired.

Nothing here changes a job: what has been approved is handed to `bot.requests.runner`, in the transaction that
approves it. Every step is a conditional move in the store, so two people pressing at once, one
pressing twice, and Slack delivering twice come to one step. What may take time (the service, Slack's
groups) is asked before a transaction; what decides in the end is read inside it.
"""

from __future__ import annotations

from bot.cmdline.answers import Note
from bot.requests.abandon import Unfollowing
from bot.requests.confirm import Confirming
from bot.requests.create import Asking
from bot.requests.decide import Deciding
from bot.requests.draft import Wanted
from bot.requests.expire import Ending
from bot.requests.message_keys import approval_key, request_key
from bot.requests.queries import AT_RISK, approving, counting
from bot.requests.related import ALONE, Beside, open_beside
from bot.requests.revalidate import GONE
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState


class Approvals(Asking, Confirming, Deciding, Ending, Unfollowing):
    """Requests, from asking to being allowed to run, and out of the way where a run does not end."""

    def may_review(self, who: Person, request_id: str) -> Request | Note:
        """The request, when a word of `who` on it would count now; else what to tell them. Quick."""
        request = self._open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        if request.state is RequestState.CONFIRMING:
            return self.may_confirm(who, request_id)
        return self.may_decide(who, request_id)


__all__ = [
    "ALONE",
    "AT_RISK",
    "GONE",
    "Approvals",
    "Beside",
    "Wanted",
    "approval_key",
    "approving",
    "counting",
    "open_beside",
    "request_key",
]
