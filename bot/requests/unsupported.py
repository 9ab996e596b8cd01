"""The words for changes that DMS did not support, wherever a replication delay is said."""

from __future__ import annotations

from bot.cmdline.answers import RichPart, Time, Verbatim
from bot.dms.unsupported import UnsupportedEvents
from bot.util.text import count_of


def unsupported_text(found: UnsupportedEvents) -> tuple[RichPart, ...]:
    """How many changes the destination may lack whatever the delay, or why it is not known: a sentence."""
    if found.total is None and found.note:
        return ("Whether changes were not supported is *not known*: ", Verbatim(found.note), ".")
    if found.total is None:
        return ("Cloud Monitoring has no count of unsupported changes for this job.",)
    if not found.total:
        # The totals of a job's objects have no time (REST `heterogeneousMetadata.unsupportedEventsCount`).
        counted = _counted(found) or (" (the service does not say until when it counted)",)
        return ("No unsupported changes", *counted, ".")
    were = "was" if found.total == 1 else "were"
    head = f"*{count_of(found.total, 'change')} {were} not supported and may be missing on the destination*"
    return (head, *_tables(found), *_counted(found), ".")


def unsupported_clause(found: UnsupportedEvents) -> tuple[RichPart, ...]:
    """The same in short, to follow “it is zero, but”."""
    if found.total is None:
        return ("it is *not known* whether changes were not supported (", Verbatim(found.note), ")")
    were = "was" if found.total == 1 else "were"
    return (f"*{count_of(found.total, 'change')} {were} not supported*",)


def _tables(found: UnsupportedEvents) -> tuple[RichPart, ...]:
    if not found.tables:
        return ()
    most = "most in " if found.more_tables or len(found.tables) > 1 else "all in "
    parts: list[RichPart] = [f": {most}"]
    for at, (name, count) in enumerate(found.tables):
        parts += [", " if at else "", Verbatim(name), f" ({count:,})"]
    more = f" and {count_of(found.more_tables, 'more table', 'more tables')}" if found.more_tables else ""
    return (*parts, more)


def _counted(found: UnsupportedEvents) -> tuple[RichPart, ...]:
    """` (counted until …)`, and from when on if that is not the job's whole life."""
    if found.until is None:
        return ()
    since = (" from ", Time(found.since)) if found.since is not None else ()
    return (" (counted", *since, " until ", Time(found.until), ")")
