"""Where a modal was opened from, which it keeps in the callback token that is its `private_metadata`.

A press or a submission in a modal has no channel of its own, so it is answered, and counts, where the modal
was opened from. Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.cmdline.invocation import Invocation
from bot.slack.api.replies import ReplyTarget
from bot.slack.inbound.payloads import BlockAction
from bot.store import Store

_LACKS_JOB = "lacks_job"
PLACE = "place"
"""Kind of the callback token of a view that keeps nothing else."""


def place_of(target: ReplyTarget) -> dict[str, Any]:
    """What a callback token keeps of a place."""
    return {"channel": target.who.channel, "thread": target.thread, "response_url": target.response_url}


def at_place(target: ReplyTarget, data: Mapping[str, Any]) -> ReplyTarget:
    """The target at the place that a callback token keeps. Older tokens keep only a channel, or nothing."""
    if "channel" not in data:
        return target
    return replace(
        target,
        who=replace(target.who, channel=str(data["channel"])),
        thread=str(data.get("thread", "")),
        response_url=str(data.get("response_url", "")),
    )


class Places:
    """Keeps places in the store and finds them again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, target: ReplyTarget, lacks_job: Invocation | None = None) -> str:
        """A callback token for a view that is opened from there; `lacks_job` is the command that the view
        asks for the job of.

        Raises:
            StoreError.
        """
        more = {_LACKS_JOB: lacks_job.to_dict()} if lacks_job else {}
        return self._store.put_ref(target.who.team, PLACE, place_of(target) | more)

    def lacking_job(self, target: ReplyTarget, ref: str) -> Invocation | None:
        """The command that the view with this `private_metadata` asks for the job of; None for none.

        Raises:
            StoreError.
        """
        token = self._store.ref(target.who.team, ref) if ref else None
        kept = token.data.get(_LACKS_JOB) if token is not None and token.kind == PLACE else None
        return Invocation.from_dict(kept) if kept else None

    def kept(self, target: ReplyTarget, ref: str) -> ReplyTarget:
        """The target at the place that the view with this `private_metadata` was opened from.

        Raises:
            StoreError.
        """
        token = self._store.ref(target.who.team, ref) if ref else None
        if token is None:
            return target
        placed = at_place(target, token.data)
        return replace(placed, place=ref) if token.kind == PLACE else placed

    def pressed(self, press: BlockAction, target: ReplyTarget) -> tuple[BlockAction, ReplyTarget]:
        """The press as if it were made where its modal was opened from, and answered in the modal. One on
        the Home tab counts as made in the direct message with the app.

        Raises:
            StoreError.
        """
        if press.home:
            target = replace(target, who=replace(target.who, channel=press.who.user), home=True)
        elif press.view_id:
            target = self.kept(replace(target, view_id=press.view_id, depth=press.depth), press.ref)
        return replace(press, who=target.who), target
