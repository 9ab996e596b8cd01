"""How a cutover went, in a message: the figures, the timeline, and the buttons to the files of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.cmdline.answers import Button, RichPart, Time, User, Verbatim
from bot.cmdline.invocation import Invocation
from bot.cmdline.quoted import quoted
from bot.cutover.ledger import SAMPLE
from bot.cutover.renamed import with_present_names
from bot.cutover.states import downtime_runs, downtime_s
from bot.cutover.wave import jobs_text, left_out_names
from bot.cutover.wording import GOES_ON, VERB, event_text, state_text
from bot.requests.buttons import MakeRef
from bot.store.cutover import Cutover, CutoverEntry
from bot.util.durations import humanize
from bot.util.text import first_few

_OPEN_NAMED = 3
"""Open items that a message names; the files have all."""


def title(cutover: Cutover) -> str:
    """`Cutover of orders-db and 2 more is done`; plain text."""
    what = "Rehearsal" if cutover.rehearsal else "Cutover"
    return f"{what} of {jobs_text(cutover)} {state_text(cutover.state)}"


def figures(cutover: Cutover) -> tuple[RichPart, ...]:
    """When it ended, the downtime to the second, how long each part took, and what is still open."""
    progress = cutover.progress
    parts: list[RichPart] = []
    if cutover.ended is not None:
        parts += ["Ended ", Time(cutover.ended)]
    seconds = downtime_s(cutover)
    if seconds is not None:
        word = "Rehearsed downtime" if cutover.rehearsal else "Downtime"
        within = "within" if seconds <= cutover.plan.budget_s else "*over*"
        parts.append(
            f"\n*{word} {humanize(seconds)}*{f' ({seconds} s)' if seconds >= 60 else ''}, {within} the "
            f"longest planned, {humanize(cutover.plan.budget_s)}"
        )
    if downtime_runs(cutover):
        parts.append(f"\n*{GOES_ON}*")
    for word, begin, end in _spans(cutover):
        parts.append(f"\n{word} took {humanize(end - begin)}")
    if progress.why:
        parts += ["\nWhy: ", *quoted(progress.why)]
    left = [each.text for each in progress.checklist if not each.by]
    if progress.checklist and progress.promoted is not None:
        parts.append(f"\nChecklist {len(progress.checklist) - len(left)} of {len(progress.checklist)}")
        parts += [Verbatim(f"; open: {first_few(left, _OPEN_NAMED)}")] if left else []
    without = left_out_names(cutover)
    if without:
        parts += ["\n*Left out, not promoted*: ", Verbatim(without)]
    for each in progress.overrides:
        parts += [f"\nOverridden: {each.guard}, by ", User(each.by), ": ", Verbatim(each.reason)]
    return tuple(parts)


def timeline(log: Sequence[CutoverEntry], *, rehearsal: bool) -> tuple[RichPart, ...]:
    """A line for each step, with who did it; measurements are left out."""
    parts: list[RichPart] = []
    for entry in with_present_names(log):
        if entry.event == SAMPLE:
            continue
        parts += ["\n" if parts else "", Time(entry.at), " "]
        parts += [User(entry.user), " "] if entry.user and entry.user != "bot" else []
        said = event_text(entry.event, rehearsal=rehearsal)
        parts.append(f"{said}{f': {entry.text}' if entry.text else ''}")
    return tuple(parts)


def report_button(cutover: Cutover, ref: MakeRef) -> Button:
    """The report of this very cutover, for whoever presses."""
    last = Invocation(VERB, (cutover.plan.jobs[0],), {"last": True, "id": cutover.id})
    return Button("Report", VERB, "run", ref(last))


def file_buttons(cutover: Cutover, ref: MakeRef) -> tuple[Button, ...]:
    """The report as files, for whoever presses."""
    job = cutover.plan.jobs[0]
    flags = {kind: {"last": True, "file": kind, "id": cutover.id} for kind in ("markdown", "json")}
    labels = {"markdown": "Markdown file", "json": "JSON file"}
    return tuple(
        Button(labels[kind], VERB, "run", ref(Invocation(VERB, (job,), flags[kind]))) for kind in labels
    )


def _spans(cutover: Cutover) -> Iterator[tuple[str, datetime, datetime]]:
    progress = cutover.progress
    stop = "Rehearsing the stop" if cutover.rehearsal else "Stopping the writes"
    for word, begin, end in (
        (stop, progress.stopping, progress.stopped),
        ("Draining", progress.stopped, progress.drained),
        ("The promotion", progress.promote_intended, progress.promoted),
        ("The checklist", progress.promoted, progress.opened),
    ):
        if begin is not None and end is not None and end >= begin:
            yield word, begin, end
