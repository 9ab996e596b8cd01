"""A job as a link to its page unfolds: two lines of facts, what is wrong, and Show.

Source: https://docs.slack.dev/reference/methods/chat.unfurl (an attachment with blocks).
"""

from __future__ import annotations

from typing import Any

from bot.cmdline.answers import Button
from bot.slack.render import job_title, labels, mrkdwn
from bot.slack.render import message as m
from bot.store.records import JobSnapshot
from bot.watch.transitions import status_since

_ERROR = 200


def link_card(known: JobSnapshot, where: str, show: Button) -> dict[str, Any]:
    """The attachment for one link, as the watcher last saw the job; `where` is its place for people.

    It gives no time of that: snapshots are saved when something changes, not at each poll.
    """
    job, since = known.job, status_since(known)
    lines = [
        job_title.job_title(job, known.listed_databases, with_errors=known.runs_with_errors)
        + (f" since {mrkdwn.date(since)}" if since else ""),
        labels.source_and_destination(job),
    ]
    if job.error is not None:
        text = " ".join(job.error.message.split()) or "The service gave no reason."
        lines.append(f"❗ {mrkdwn.clip(mrkdwn.verbatim(text), _ERROR)}")
    blocks = [
        m.section("\n".join(lines), m.button(show)),
        *m.context(f"{mrkdwn.verbatim(where)} · as I last saw it; *Show* asks DMS"),
    ]
    return {"blocks": [each.to_dict() for each in blocks]}
