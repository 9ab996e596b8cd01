"""A job as a link to its page unfolds: two lines of facts, what is wrong, and Show.

Source: https://docs.slack.dev/reference/methods/chat.unfurl (an attachment with blocks).
"""

from __future__ import annotations

from typing import Any

from bot.cmdline.answers import Button
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.store.records import JobSnapshot

_ERROR = 200


def link_card(known: JobSnapshot, show: Button) -> dict[str, Any]:
    """The attachment for one link, as the watcher last saw the job."""
    job = known.job
    lines = [
        f"{labels.job_code(job.name)} {labels.job_status(job, with_errors=known.runs_with_errors)} "
        f"since {mrkdwn.date(known.changed)}",
        labels.source_and_destination(job),
    ]
    if job.error is not None:
        text = " ".join(job.error.message.split()) or "The service gave no reason."
        lines.append(f"🔴 {mrkdwn.clip(mrkdwn.verbatim(text), _ERROR)}")
    about = f"{mrkdwn.verbatim(job.project)} / {mrkdwn.verbatim(job.location)}"
    blocks = [
        m.section("\n".join(lines), m.button(show)),
        *m.context(f"{about} · as of {mrkdwn.date(known.seen)}"),
    ]
    return {"blocks": [each.to_dict() for each in blocks]}
