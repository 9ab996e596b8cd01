"""What the samples show: whether they are too old, and what speaks against them. Pure functions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.cmdline.answers import Note
from bot.cutover.states import EVIDENCE_LASTS
from bot.cutover.wave import open_jobs
from bot.dms.delay import CLOCKS_DIFFER
from bot.store.cutover import Cutover, Sample

WRITTEN_SINCE = Note(
    "Nothing was sent: the source has counted rows written after the stop that this dialog did not show. "
    "Look at the card, and press again.",
    tone="warn",
)


def is_stale(cutover: Cutover, now: datetime) -> bool:
    """Whether the samples show nothing any more: they are too old, or from the future."""
    return bool(why_stale(cutover, now))


def why_stale(cutover: Cutover, now: datetime) -> str:
    """Why the samples show nothing any more, in sentences; empty if they do. After the clock went back, it is
    not known how old they are."""
    left = open_jobs(cutover)
    samples = [each for each in cutover.progress.samples if each.job in left]
    times = [each.at for each in samples]
    if times and max(times) - now > CLOCKS_DIFFER:
        return "the last samples are from the future: the clock of dms-bot went back."
    if {each.job for each in samples} != set(left):
        # It was being promoted elsewhere while the others drained, and no longer is.
        return "a job has no samples that count. It is measured again."
    if not times or now - min(times) > EVIDENCE_LASTS:
        return "the last samples are too old. It is measured again."
    return ""


def written_at_source(cutover: Cutover) -> tuple[Sample, ...]:
    """The samples of the databases to which rows were written on the source after its writes were stopped, as
    the source counts them. Whoever promotes is shown them, and nothing is sent by itself: see
    `bot.dms.source_counters` for why they hold nothing back."""
    left = open_jobs(cutover)
    return tuple(each for each in cutover.progress.samples if each.source_rows > 0 and each.job in left)


def databases_written(cutover: Cutover) -> tuple[str, ...]:
    """The databases of `written_at_source`, for a dialog to keep: what it does not show, nobody has judged.
    How many rows is not in it, as the server itself may write some every minute."""
    return tuple(f"{each.job}/{each.database}" for each in written_at_source(cutover))


def shows_all(seen: Collection[str], now: Cutover) -> bool:
    """Whether rows were written to no other databases than `seen`, which `databases_written` gave."""
    return set(databases_written(now)) <= set(seen)
