"""The life of a request before it runs: asked, confirmed, approved, taken back, expired.

Nothing here changes a job: what has been approved is handed to `bot.runs`, in the transaction that
approves it. Every step is a conditional move in the store, so two people pressing at once, one
pressing twice, and Slack delivering twice come to one step. What may take time (the service, Slack's
groups) is asked before a transaction; what decides in the end is read inside it.
"""

from __future__ import annotations

from bot.approvals.asking import Asking
from bot.approvals.beside import ALONE, Beside, open_beside
from bot.approvals.book import Launcher
from bot.approvals.confirming import Confirming
from bot.approvals.deciding import Deciding
from bot.approvals.drafting import AT_RISK, Wanted
from bot.approvals.ending import Ending
from bot.approvals.judging import GONE
from bot.approvals.keys import approval_key, request_key
from bot.approvals.unfollowing import Unfollowing
from bot.approvals.votes import approving, counting
from bot.cmdline.answers import Note
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
    "Launcher",
    "Wanted",
    "approval_key",
    "approving",
    "counting",
    "open_beside",
    "request_key",
]
