"""The dialogs of a cutover: the typed promote, reasons, boxes to tick, another time, and all details.

`ref` is always the callback token with the cutover and what was shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
)

from bot.cmdline.answers import Button
from bot.cutover.guards import override_of
from bot.cutover.states import lacks_request, not_promoted, objections, participants
from bot.cutover.wave import open_jobs, shown_name
from bot.cutover.wording import VERB, missing_text
from bot.slack.render import choices, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.consequence import databases_count, destinations
from bot.slack.render.cutover_card import cutover_card
from bot.slack.render.cutover_text import delay_text, guard_text, headline, limit_text, source_text
from bot.slack.render.view import modal
from bot.store.cutover import CheckLine, CheckResult, Cutover, Tick
from bot.store.records import Request

WHY_BLOCK, TYPED_BLOCK, TIME_BLOCK, TICKS_BLOCK = "why", "typed", "time", "ticks"
_MAX_WHY = 500
_BOXES = 10
"""Options of a checkbox group. Source: https://docs.slack.dev/reference/block-kit/block-elements"""
_MAX_OPTION = 75
_SHOWN_JOBS = 20
_SHOWN_DATABASES = 5
_SIGNS = {
    CheckResult.GO: "✅",
    CheckResult.NO_GO: "⛔",
    CheckResult.WARN: "⚠️",
    CheckResult.NOT_CHECKED: "❔",
}
_WORST_FIRST = (CheckResult.NO_GO, CheckResult.WARN, CheckResult.NOT_CHECKED, CheckResult.GO)
_ASKS: dict[str, tuple[str, str, str]] = {
    "hold": ("Hold", "Why?", "Measuring stops until somebody resumes; the downtime continues."),
    "without": ("Go on without it", "Why?", "The checklist of what is promoted begins."),
    "abort": ("Abort", "Why?", "Nothing is promoted. The source has to be opened for writes again."),
    "cancel": ("Cancel the plan", "Why?", "Its approvals end with it. Nothing has been sent."),
}
"""By step: the title, the label of the reason, and what it means."""
_MEANS_UNKNOWN = (
    "Abort only if the jobs show that nothing was promoted. The source has to be opened for writes again."
)
"""What an abort means where the bot cannot tell what was sent."""
_MEANS_REHEARSED = {"abort": "The rehearsal ends. Nothing was sent, and no writes were stopped."}
"""What it means in a rehearsal, where that is not the same."""


def why(cutover: Cutover, step: str, ref: str) -> dict[str, Any]:
    """Asks for the reason of a hold, an abort or a cancellation."""
    title, label, means = _ASKS[step]
    means = _MEANS_REHEARSED.get(step, means) if cutover.rehearsal else means
    if step == "abort" and lacks_request(cutover):
        means = _MEANS_UNKNOWN
    if step == "without":
        means = f"Not promoted, and left out: {_names(cutover, not_promoted(cutover))}. {means}"
    field = _text(WHY_BLOCK, label, "For those who take part, and for the report.", focus=True)
    return _dialog(title, [m.section(f"*{headline(cutover)}*\n{means}"), field], title, f"say_{step}", ref)


def _dialog(title: str, blocks: Sequence[Block], submit: str, step: str, ref: str) -> dict[str, Any]:
    return modal(
        title, list(blocks), submit=submit, callback_id=m.action_id(VERB, step), ref=ref, close="Back"
    )


def _names(cutover: Cutover, jobs: Sequence[str]) -> str:
    return ", ".join(mrkdwn.code(shown_name(cutover, each)) for each in jobs[:_SHOWN_JOBS])


_STILL_WRITES = (
    "The server may have written them itself. If an application still writes, what it writes after the "
    "promote is *lost*: look at the source first."
)


def _becomes(cutover: Cutover, request: Request | None) -> str:
    """What becomes primary, with which databases, by the request of the cutover."""
    left = open_jobs(cutover)
    if request is None:
        return f"Replication of {_names(cutover, left)} stops, and what it copies to becomes primary."
    rest = replace(request, jobs=tuple(job for job in request.jobs if job.name in left))
    named = [each for job in rest.jobs for each in request.databases.get(job.name, ())]
    databases = databases_count(rest) + (f": {labels.names(named, _SHOWN_DATABASES)}" if named else "")
    one = len(rest.jobs) == 1
    return (
        f"Replication stops; {destinations(rest.jobs)} {'becomes' if one else 'become'} primary, with "
        f"{databases}."
    )


def promote(cutover: Cutover, phrase: str, ref: str, request: Request | None = None) -> dict[str, Any]:
    """Asks to type what confirms the promotion."""
    names = _names(cutover, open_jobs(cutover))
    if cutover.rehearsal:
        head = f"🎭 *This is a rehearsal: nothing is sent.*\nOn the night, this would promote {names}."
    else:
        head = f"🚨 *This cannot be undone.*\n{names}: {_becomes(cutover, request)}"
    field = _text(TYPED_BLOCK, mrkdwn.clip_plain(f"Type {phrase} to confirm", 150), "", focus=True)
    return _dialog(
        "Promote", [m.section(f"{head}\n{_delay(cutover)}"), field], "Promote", "promote_typed", ref
    )


def _delay(cutover: Cutover) -> str:
    """What is missing now, and what may be."""
    late = source_text(cutover)
    lines = (delay_text(cutover), limit_text(cutover), late, _STILL_WRITES if late else "")
    return "\n".join(filter(None, lines))


def second(cutover: Cutover, ref: str, request: Request | None = None) -> dict[str, Any]:
    """Asks a second person to confirm the promotion."""
    names = _names(cutover, open_jobs(cutover))
    first = mrkdwn.mention("@", cutover.progress.asked_by)
    text = (
        f"🚨 *This cannot be undone.*\n{first} asks to promote {names}. {_becomes(cutover, request)}\n"
        f"{_delay(cutover)}"
    )
    return _dialog("Confirm the promote", [m.section(text)], "Promote", "second_sure", ref)


def ticks(cutover: Cutover, step: str, pages: Mapping[str, str], ref: str) -> dict[str, Any]:
    """All lines with a box each; `pages` names by text the page of DMS's documentation that asks for it."""
    shown = lines_of(cutover, step)
    title = "Writers that stopped" if step == "writer" else "Checklist"
    if not shown:
        return modal(title, [m.section("There is nothing to tick.")])
    tick = "Change nothing: tick as if it were done" if cutover.rehearsal else "Tick what is done"
    blocks: list[Block] = [m.section(f"*{headline(cutover)}*\n{tick}; who and when is kept.")]
    for at in range(0, len(shown), _BOXES):
        group = [(at + number, each) for number, each in enumerate(shown[at : at + _BOXES])]
        blocks.append(_group(cutover, group, pages, at // _BOXES + 1))
    return _dialog(title, blocks, "Save", f"tick_{step}", ref)


def lines_of(cutover: Cutover, step: str) -> tuple[Tick, ...]:
    """What is ticked by the step `writer` or `item`."""
    return cutover.progress.writers if step == "writer" else cutover.progress.checklist


def _group(
    cutover: Cutover, lines: Sequence[tuple[int, Tick]], pages: Mapping[str, str], number: int
) -> InputBlock:
    options = [(line, _box(cutover, index, line, pages)) for index, line in lines]
    ticked = [option for line, option in options if line.by]
    return InputBlock(
        block_id=f"{TICKS_BLOCK}:{number}",
        label=PlainTextObject(text="Done" if number == 1 else "Further"),
        element=CheckboxesElement(
            action_id=m.action_id(VERB, "boxes", number),
            options=[option for _, option in options],
            initial_options=ticked or None,
        ),
        optional=True,
    )


def _box(cutover: Cutover, index: int, line: Tick, pages: Mapping[str, str]) -> Option:
    job = f" ({shown_name(cutover, line.job)})" if line.job and len(cutover.plan.jobs) > 1 else ""
    notes = [
        "" if line.blocking else "may wait until after the writes",
        f"DMS: {pages[line.text]}" if line.text in pages else "",
        "seen by the bot" if line.by == "bot" else "",
    ]
    note = " · ".join(filter(None, notes))
    return Option(
        value=str(index),
        text=PlainTextObject(text=mrkdwn.clip_plain(f"{line.text}{job}", _MAX_OPTION), emoji=False),
        description=PlainTextObject(text=mrkdwn.clip_plain(note, _MAX_OPTION)) if note else None,
    )


def read_ticks(values: Mapping[str, Any]) -> frozenset[int]:
    """The numbers (from 0) of the lines that are ticked in a submitted view."""
    found: set[int] = set()
    for block, elements in values.items():
        if not block.startswith(f"{TICKS_BLOCK}:") or not isinstance(elements, Mapping):
            continue
        for element in elements.values():
            options = element.get("selected_options") or () if isinstance(element, Mapping) else ()
            numbers = (str(each.get("value")) for each in options if isinstance(each, Mapping))
            found.update(int(each) for each in numbers if each.isascii() and each.isdigit() and len(each) < 4)
    return frozenset(found)


def move(cutover: Cutover, ref: str) -> dict[str, Any]:
    """Asks for another time."""
    at = cutover.plan.at
    means = (
        "A rehearsal is moved at once: it takes no confirmation and no approvals."
        if cutover.rehearsal
        else "Once moved, it needs a new confirmation and new approvals. The present plan stays until then."
    )
    text = f"*{headline(cutover)}*\n{means}"
    field = InputBlock(
        block_id=TIME_BLOCK,
        label=PlainTextObject(text="Day and time, in your time zone"),
        element=DateTimePickerElement(
            action_id=m.action_id(VERB, "time"), initial_date_time=int(at.timestamp()) if at else None
        ),
    )
    return _dialog("Move the cutover", [m.section(text), field], "Move it", "move_to", ref)


def read_time(values: Mapping[str, Any]) -> datetime | None:
    """The time that was picked in `move`."""
    found = values.get(TIME_BLOCK)
    for element in found.values() if isinstance(found, Mapping) else ():
        seconds = element.get("selected_date_time") if isinstance(element, Mapping) else None
        if isinstance(seconds, int) and not isinstance(seconds, bool):
            return datetime.fromtimestamp(seconds, UTC)
    return None


def override(cutover: Cutover, guards: Sequence[CheckLine], ref: str) -> dict[str, Any]:
    """Asks an approver why the cutover may go on although a check objects."""
    lines = "\n".join(_check_line(cutover, each) for each in guards)
    field = _text(WHY_BLOCK, "Why may it continue?", "For the log, the audit and the report.", focus=True)
    return _dialog(
        "Override a check",
        [m.section(f"*{headline(cutover)}*\n{lines}"), field],
        "Override",
        "override_why",
        ref,
    )


def given_why(values: Mapping[str, Any]) -> str:
    return choices.typed(values, WHY_BLOCK, _MAX_WHY)


def typed_phrase(values: Mapping[str, Any]) -> str:
    return choices.typed_as_is(values, TYPED_BLOCK)


# ---- all details


def details(cutover: Cutover, now: datetime, can_override: bool = False) -> dict[str, Any]:
    """The card with what it has no room for: the jobs, every check, writers and checklist. `can_override`
    is whether a check objects that somebody can override."""
    card = cutover_card(cutover, now).for_modal()
    head = [each for each in card.blocks if each.type != "actions"]
    blocks: list[Block] = [*head, *m.sections(_people_text(cutover)), *m.sections(_jobs_text(cutover))]
    if cutover.progress.checks:
        against = objections(cutover)
        worst = sorted(
            cutover.progress.checks, key=lambda each: (each not in against, _WORST_FIRST.index(each.result))
        )
        lines = [_check_line(cutover, each) for each in worst]
        since = cutover.progress.checked
        when = f" {mrkdwn.date(since)}" if since is not None else ""
        blocks.extend(m.sections("\n".join([f"*Checks*{when}", *lines])))
    blocks.extend(_ticks_text("Writers", _shown_ticks(cutover, "writer")))
    blocks.extend(_ticks_text("Checklist", _shown_ticks(cutover, "item")))
    blocks.extend(m.buttons([Button("Override…", VERB, "override", cutover.id)] if can_override else []))
    return modal("Cutover", blocks)


def _shown_ticks(cutover: Cutover, step: str) -> tuple[Tick, ...]:
    """As they stand; those of the plan before the night."""
    plan = cutover.plan
    planned = tuple(Tick(each) for each in plan.writers) if step == "writer" else plan.checklist
    return lines_of(cutover, step) or planned


def _people_text(cutover: Cutover) -> str:
    plan = cutover.plan
    lines = [
        f"{role.capitalize()}: {mrkdwn.mention('@', user)}" for role, user in participants(cutover).items()
    ]
    how = "by itself: nobody is asked again" if plan.by_itself else "by a last press"
    lines.append("Sends nothing" if cutover.rehearsal else f"Promotes once {missing_text(plan)}, {how}")
    if plan.announce and not cutover.rehearsal:
        lines.append(f"Tells {mrkdwn.mention('#', plan.announce)}")
    if plan.reason:
        lines.append(f"Reason: {mrkdwn.verbatim(plan.reason)}")
    return "\n".join(lines)


def _jobs_text(cutover: Cutover) -> str:
    names = [mrkdwn.code(shown_name(cutover, each)) for each in cutover.plan.jobs]
    return f"*Jobs*: {', '.join(names)}"


def _check_line(cutover: Cutover, line: CheckLine) -> str:
    job = f" {mrkdwn.code(shown_name(cutover, line.job))}" if line.job and len(cutover.plan.jobs) > 1 else ""
    over = override_of(line, cutover.progress.overrides)
    said = f" · overridden by {mrkdwn.mention('@', over.by)}: {mrkdwn.verbatim(over.reason)}" if over else ""
    sign = _SIGNS[line.result]
    if line.result is not CheckResult.NO_GO and line in objections(cutover):
        sign = f"{_SIGNS[CheckResult.NO_GO]} {sign}"  # it must be known, and is not
    return f"{sign}{job} {guard_text(line)}{said}"


def _ticks_text(title: str, lines: Sequence[Tick]) -> list[Block]:
    if not lines:
        return []
    shown = [
        f"{'☑️' if each.by else '⬜'} {mrkdwn.verbatim(each.text)}"
        + (f" · {mrkdwn.mention('@', each.by)}" if each.by and each.by != "bot" else "")
        for each in lines
    ]
    return m.sections("\n".join([f"*{title}*", *shown]))


def _text(block: str, label: str, hint: str, *, focus: bool = False) -> InputBlock:
    return InputBlock(
        block_id=block,
        label=PlainTextObject(text=label),
        element=PlainTextInputElement(
            action_id=m.action_id(VERB, block), max_length=_MAX_WHY, focus_on_load=focus
        ),
        hint=PlainTextObject(text=hint) if hint else None,
    )
