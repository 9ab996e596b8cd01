"""The message of a job that flaps, and the one that says in what trouble it was left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.dms.advice import next_step
from bot.dms.model import Database, Job, short_name
from bot.requests.job_names import JobNamer
from bot.slack.render import event_labels, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.message import Message
from bot.store.records import Event
from bot.util.durations import humanize
from bot.watch.flapping import signature

_MAX_DETAIL = 500


def flapping(
    events: Sequence[Event],
    job: Job | None,
    buttons: Sequence[Button] = (),
    databases: Sequence[Database] = (),
    calls: JobNamer = short_name,
) -> Message:
    """How often a job has flapped, since when, between what, and its status. `events` are its alerts;
    `calls` names it."""
    counts = Counter(map(signature, events))
    times = max(counts.values())
    kinds = {signature(each): event_labels.headline(each, job) for each in events}
    span = humanize(events[-1].at - events[0].at)
    head = f"🔁 *Flapped {times} times* in {span}: {mrkdwn.code(calls(events[0].job))}"
    lines = [f"{counts[kind]} × {headline}" for kind, headline in kinds.items()]
    blocks: list[Block] = [m.section(head), *m.sections("\n".join(lines)), *m.sections(_now(job, databases))]
    error = _last_error(events)
    blocks.extend(m.sections(error) if error else [])
    blocks.extend(m.buttons(buttons))
    blocks.extend(m.context("This message keeps counting. Repeats are not posted until it has been quiet."))
    return m.message(head, blocks)


def settled(
    events: Sequence[Event],
    job: Job | None,
    buttons: Sequence[Button] = (),
    databases: Sequence[Database] = (),
    calls: JobNamer = short_name,
    *,
    over: bool = False,
) -> Message:
    """That a job has stopped flapping and is left in a bad state, with the next step; `calls` names it. With
    `over`, the job has moved on since."""
    code = mrkdwn.code(calls(events[0].job))
    if over or job is None:
        head = f"▫️ {code} had stopped flapping in trouble"
        past = [m.section(head), *m.sections(f"➡️ {_now(job, databases)}"), *m.buttons(buttons)]
        return m.message(head, past)
    head = f"{labels.job_status(job, databases)} {code} has stopped flapping"
    blocks: list[Block] = [m.section(head)]
    error = _last_error(events)
    blocks.extend(m.sections(error) if error else [])
    step = next_step(job, databases)
    blocks.extend([m.section(f"👉 *Next*: {mrkdwn.format_own(step)}")] if step else [])
    blocks.extend(m.buttons(buttons))
    return m.message(head, blocks)


def _now(job: Job | None, databases: Sequence[Database]) -> str:
    if job is None:
        return "Now: 🗑️ *Deleted*"
    return f"Now: {labels.job_status(job, databases)}"


def _last_error(events: Sequence[Event]) -> str:
    last = next((each.detail for each in reversed(events) if each.detail), "")
    return f"*Last error*: {mrkdwn.clip(mrkdwn.verbatim(last), _MAX_DETAIL)}" if last else ""
