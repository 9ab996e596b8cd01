"""Freezes in the channels that follow jobs: set, lifted, about to end."""

from __future__ import annotations

from datetime import datetime

from bot.cmdline.answers import RichText, Time, User, Verbatim, rich_parts
from bot.config.projects import Projects
from bot.policy.model import PlannedFreeze
from bot.requests.freezes import freeze_line, planned_freeze_line
from bot.requests.job_names import JobNamer
from bot.requests.wording import frozen_jobs
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.message import Message
from bot.store.records import Freeze


def freeze_message(
    freeze: Freeze, what: str, projects: Projects, calls: JobNamer, now: datetime, *, free: bool
) -> Message | None:
    """What happened to the freeze; None if it is not true any more. `calls` names a job; `free`: no other
    freeze holds for its jobs."""
    jobs = frozen_jobs(freeze, projects, calls)
    if what == "lifted":
        end = f" lifted the freeze of {jobs}.{' Changes are possible again.' if free else ''}"
        return _message(("🌤️ ", User(freeze.lifted_by), end))
    if freeze.lifted is not None or freeze.until <= now:
        return None
    if what == "ending":
        return _message((f"⏰ The freeze of {jobs} ends ", Time(freeze.until), ": ", Verbatim(freeze.reason)))
    return _message(("❄️ ", *rich_parts(freeze_line(freeze, projects, calls))))


def planned_freeze_message(
    window: PlannedFreeze, what: str, projects: Projects, now: datetime
) -> Message | None:
    """The same of a freeze that the policy plans."""
    if window.until <= now:
        return None
    sign, end = ("⏰", " It ends soon.") if what == "ending" else ("❄️", "")
    return _message((f"{sign} ", *rich_parts(planned_freeze_line(window, projects)), f".{end}"))


def _message(text: RichText) -> Message:
    shown = mrkdwn.rich_text(text)
    return m.message(shown, m.sections(shown))
