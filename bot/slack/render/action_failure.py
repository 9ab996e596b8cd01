"""An action that failed, for the channels that follow its jobs."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Button
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.message import Message
from bot.slack.render.progress import failed_lines, outcome
from bot.slack.render.request_card import findings
from bot.store.records import Request, Run
from bot.util.text import count_of

_NAMED = 10


def failure_message(request: Request, runs: Sequence[Run], buttons: Sequence[Button] = ()) -> Message:
    """What failed, why, and who had requested it. `runs` are those to tell of."""
    by = f"requested by {mrkdwn.mention('@', request.by.user)}"
    if len(request.jobs) == 1:
        text, more = f"{outcome(request, runs)} · {by}", findings(request, runs)
    else:
        jobs = count_of(len(runs), "job")
        text = f"🔴 *{str(request.action).capitalize()}* did not succeed for *{jobs}* · {by}"
        more = m.sections("\n".join(failed_lines(request, runs, _NAMED)))
    return m.message(text, [*m.sections(text), *more, *m.buttons(buttons)])
