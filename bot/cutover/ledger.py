"""Records the steps of cutovers: each in one transaction with its log, audit and messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cutover.calls import Call, News, news_due
from bot.cutover.states import downtime_runs, is_promoted_in_part, not_promoted
from bot.cutover.wording import REHEARSAL_NOTE
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.cutover import ENDED_CUTOVERS, Cutover, CutoverEntry, CutoverState, Progress
from bot.store.records import AuditEntry, OutMessage, Person
from bot.util.command import DEFAULT, with_command
from bot.util.redact import redact

SAMPLE = "sample"
"""Event of a measurement: kept for the report and the chart, and not said in the thread."""
RENAMED = "renamed"
"""Event of other names of its jobs."""
_CALL = "cutover_call"
"""Kind of a call in the outbox."""
_REPORTED = (CutoverState.DONE, CutoverState.ABORTED)
_UNSAID = frozenset({SAMPLE})
_UNAUDITED = frozenset({SAMPLE, RENAMED, "checked", "item", "writer", "here"})


def card_key(id: str) -> str:
    """Key of a cutover's card in the outbox."""
    return f"cutover:{id}"


def _report_key(cutover: Cutover) -> str:
    return f"{card_key(cutover.id)}:report"


def _calls_key(cutover: Cutover) -> str:
    """What the keys of all its calls begin with."""
    return f"{card_key(cutover.id)}:call:"


class CutoverLedger:
    """Changes cutovers if they are as they were read, so that each step happens once, whoever races."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        command: str = DEFAULT,
    ) -> None:
        self._store = store
        self.clock = clock
        self.wake = wake
        self._command = command

    def enter(
        self,
        read: Cutover,
        to: CutoverState,
        event: str,
        who: Person | None = None,
        text: str = "",
        **progress: Any,
    ) -> Cutover | None:
        """Move it to a state, with fields of its `Progress`; None where somebody was first.

        Raises:
            StoreError.
        """
        now = self.clock()
        ended = now if to in ENDED_CUTOVERS else None
        changes: dict[str, Any] = {"state": to, "since": now, "ended": ended}
        if to in (CutoverState.HELD, CutoverState.UNKNOWN, *ENDED_CUTOVERS):
            progress = {"why": text, **progress}
        return self._change(read, event, who, text, changes, progress)

    def note(
        self,
        read: Cutover,
        event: str,
        who: Person | None = None,
        text: str = "",
        job: str = "",
        **progress: Any,
    ) -> Cutover | None:
        """Change fields of its `Progress`, with a line in its log; None where somebody was first.

        Raises:
            StoreError.
        """
        return self._change(read, event, who, text, {}, progress, job)

    def update(self, read: Cutover, *, shown: bool = True, **progress: Any) -> Cutover | None:
        """Change fields of its `Progress` that the log need not have; `shown` where the card shows them.

        Raises:
            StoreError.
        """
        with self._store.transaction():
            moved = self._store.change_cutover(read, progress=replace(read.progress, **progress))
            if moved is not None and shown:
                self._store.mark_dirty(card_key(read.id))
            if moved is not None and ("checks" in progress or _ways_back(read) != _ways_back(moved)):
                self._refresh_calls(read, moved)
        if shown:
            self.wake()
        return moved

    def log(self, cutover: Cutover, event: str, text: str = "", job: str = "", user: str = "") -> None:
        """Add a line to its log, inside a transaction; in the thread of the card, if there is one, unless
        it is a measurement."""
        now = self.clock()
        entry = self._store.add_cutover_entry(
            CutoverEntry(cutover.id, now, event, user, job, redact(with_command(text, self._command)))
        )
        if event not in _UNSAID and self._store.message(card_key(cutover.id)) is not None:
            self._store.enqueue(
                OutMessage(
                    key=f"{card_key(cutover.id)}:log:{entry.id}",
                    channel=cutover.plan.channel,
                    kind="cutover_log",
                    subject={"entry": entry.id},
                    thread_of=card_key(cutover.id),
                    created=now,
                )
            )

    def post_card(self, cutover: Cutover) -> None:
        """Post its card, if that has not been done; inside a transaction."""
        self._store.enqueue(
            OutMessage(
                key=card_key(cutover.id),
                channel=cutover.plan.channel,
                kind="cutover",
                subject={"cutover": cutover.id},
                created=self.clock(),
            )
        )

    def post_news(self, cutover: Cutover, news: News) -> None:
        """Tell the stakeholders' channel, once; inside a transaction."""
        self._store.enqueue(
            OutMessage(
                key=f"{card_key(cutover.id)}:news:{news.what}",
                channel=cutover.plan.announce,
                kind="cutover_news",
                subject={"cutover": cutover.id, "what": str(news.what)},
                created=self.clock(),
            )
        )

    def post_call(self, cutover: Cutover, call: Call) -> None:
        """Call somebody for a press, once; inside a transaction."""
        log = self._store.cutover_log(cutover.id)
        self._store.enqueue(
            OutMessage(
                key=f"{_calls_key(cutover)}{call.key}",
                channel=call.channel or call.person,
                kind=_CALL,
                subject={
                    "cutover": cutover.id,
                    "person": call.person,
                    "what": call.what,
                    "after": max((each.id for each in log), default=0),
                },
                created=max(self.clock(), cutover.since),
            )
        )

    def _refresh_calls(self, read: Cutover, moved: Cutover) -> None:
        """Have the calls of the state that was read, and those about a downtime that ends, show what became
        of them, or what they still wait for; inside a transaction."""
        ended = downtime_runs(read) and not downtime_runs(moved)
        since = read.progress.stopped if ended else read.since
        for each in self._store.messages(_calls_key(read), _CALL, since or read.since, skip=pass_over):
            self._store.mark_dirty(each.key)

    def _change(
        self,
        read: Cutover,
        event: str,
        who: Person | None,
        text: str,
        changes: dict[str, Any],
        progress: dict[str, Any],
        job: str = "",
    ) -> Cutover | None:
        if changes:
            progress = {**progress, "entered_by": who.user if who else ""}
        new: Progress = replace(read.progress, **progress)
        with self._store.transaction():
            moved = self._store.change_cutover(read, progress=new, **changes)
            if moved is None:
                return None
            unseen = read.state is CutoverState.DRAFT and moved.state in ENDED_CUTOVERS
            if moved.state is not CutoverState.DRAFT and changes and not unseen:
                self.post_card(moved)
            self.log(moved, event, text, job, who.user if who else "")
            self._audit(moved, event, who, text, job)
            for key in (card_key(moved.id), _report_key(moved)):
                self._store.mark_dirty(key)
            self._refresh_calls(read, moved)
            if changes and moved.state in _REPORTED and moved.progress.stopping is not None:
                self._post_report(moved)
            if moved.state in ENDED_CUTOVERS:
                for each in news_due(moved, self.clock()):
                    self.post_news(moved, each)
        self.wake()
        return moved

    def _post_report(self, cutover: Cutover) -> None:
        self._store.enqueue(
            OutMessage(
                key=_report_key(cutover),
                channel=cutover.plan.channel,
                kind="cutover_report",
                subject={"cutover": cutover.id},
                thread_of=card_key(cutover.id),
                created=self.clock(),
            )
        )

    def _audit(self, cutover: Cutover, event: str, who: Person | None, text: str, job: str) -> None:
        if event in _UNAUDITED:
            return
        by = who or cutover.by
        said = f"{REHEARSAL_NOTE} {text}".rstrip() if cutover.rehearsal else text
        for name in (job,) if job else cutover.plan.jobs:
            self._store.append_audit(
                AuditEntry(
                    at=self.clock(),
                    event=event,
                    user=who.user if who else "",
                    team=by.audit_team,
                    channel=who.channel if who else "",
                    action="cutover",
                    job=name,
                    request=cutover.request,
                    detail=redact(with_command(said, self._command)),
                )
            )


def _ways_back(cutover: Cutover) -> tuple[bool, bool]:
    """What of its jobs decides which presses are there, and so what its calls ask for."""
    return is_promoted_in_part(cutover), bool(not_promoted(cutover))
