"""Ends a plan whose place another one has taken."""

from __future__ import annotations

from bot.cutover.ledger import CutoverLedger
from bot.cutover.wording import MOVED
from bot.requests.base import RequestContext
from bot.store.cutover import Cutover, CutoverState
from bot.store.records import RequestState

S = CutoverState
GIVES_WAY = (S.DRAFT, S.AWAITING_APPROVAL, S.SCHEDULED, S.READY)
"""States in which a plan can still be replaced: nobody has started it."""


def end_moved(context: RequestContext, ledger: CutoverLedger, cutover: Cutover) -> None:
    """End the plan that this one takes the place of, inside the transaction that puts it there.

    Raises:
        StoreError.
    """
    old = context.store.cutover(cutover.plan.moves) if cutover.plan.moves else None
    if old is None or old.state not in GIVES_WAY:
        return
    ledger.enter(old, S.ABORTED, "moved", None, MOVED)
    request = context.store.request(old.request) if old.request else None
    if request is not None:
        context.end(request, RequestState.CANCELLED, "cancelled", cutover.by, MOVED)
