"""What asks for an acknowledgement: in the alert itself, and as messages of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cmdline.answers import Button, RichPart
from bot.dms.model import short_name
from bot.requests.job_names import JobNamer
from bot.slack.render import event_labels, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.message import Message
from bot.store.records import Escalation, Event
from bot.util.durations import humanize

_NAMED = 10


def with_request(
    message: Message, escalation: Escalation, group: RichPart, button: Button, *, unwatched: str = ""
) -> Message:
    """The message that shows the event, with the mention and the button behind its first block. `unwatched`
    says in a clause why it ended without being known to be over; empty if it was not so."""
    state = _state(escalation, unwatched)
    if state:
        return m.message(message.text, [*message.blocks[:1], *m.context(state), *message.blocks[1:]])
    text = mrkdwn.rich_text((group, _asked(escalation)))
    asked = [m.section(f"🔔 {text}"), *m.buttons((button,))]
    return m.message(
        f"{mrkdwn.rich_text((group,))} {message.text}", [*message.blocks[:1], *asked, *message.blocks[1:]]
    )


def own_message(
    escalation: Escalation,
    number: int,
    events: Sequence[Event],
    group: RichPart,
    button: Button,
    sent: datetime,
    calls: JobNamer = short_name,
    *,
    unwatched: str = "",
) -> Message:
    """A message of its own: the first where no other shows the event, or a repeat. `calls` names the jobs."""
    since = humanize(max(0.0, (sent - escalation.started).total_seconds()))
    head = f"🔔 Not acknowledged for {since}: " if number and sent > escalation.started else "🔔 "
    told = f"{head}{_events(events, calls)}"
    state = _state(escalation, unwatched)
    if state:
        return m.message(told, [m.section(told), *m.context(state)])
    mention = mrkdwn.rich_text((group,))
    asked = m.section(f"{told}\n{mention}{_asked(escalation)}")
    return m.message(f"{mention} {told}", [asked, *m.buttons((button,))])


def _asked(escalation: Escalation) -> str:
    if not escalation.repeat_s:
        return ", please acknowledge."
    return (
        f", please acknowledge. This is repeated every {humanize(escalation.repeat_s)} until somebody does."
    )


def _state(escalation: Escalation, unwatched: str) -> str:
    """How it ended; empty while it is open."""
    if escalation.ended is None:
        return ""
    if not escalation.acknowledged_by and unwatched:
        why = f"{unwatched}, so I do not know whether it is over"
        return f"🔕 No more reminders: {why} · {mrkdwn.date(escalation.ended)}"
    if not escalation.acknowledged_by:
        return f"🔕 Resolved before anybody acknowledged it · {mrkdwn.date(escalation.ended)}"
    who = mrkdwn.mention("@", escalation.acknowledged_by)
    return f"✔️ Acknowledged by {who} · {mrkdwn.date(escalation.ended)}"


def _events(events: Sequence[Event], calls: JobNamer) -> str:
    """What happened, and to which jobs."""
    groups: dict[str, list[str]] = {}
    for event in events:
        groups.setdefault(event_labels.headline(event), []).append(calls(event.job))
    return " · ".join(f"{headline}: {labels.names(names, _NAMED)}" for headline, names in groups.items())
