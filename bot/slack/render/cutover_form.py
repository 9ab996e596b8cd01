"""The view in which a cutover is planned, and what is read back from it.

A submitted view becomes the flags of `/dms cutover`, so planning here and typing it are the same. What is
wrong is said below the field that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    ChannelSelectElement,
    CheckboxesElement,
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticSelectElement,
    UserSelectElement,
)

from bot.cmdline.answers import CutoverForm
from bot.cmdline.invocation import FlagValue
from bot.cutover.checklist import MAX_LINE, MAX_LINES
from bot.cutover.wording import VERB, WHEN_READY
from bot.slack.render import choices, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.edit_inputs import InputError
from bot.slack.render.view import modal
from bot.util.durations import bytes_text, humanize, parse_bytes, parse_duration
from bot.util.text import first_few
from bot.util.wall_time import LONGEST, Moment, TwoTimes, parse_moment

STEP = "plan"
DOWNTIMES = ("15m", "30m", "1h", "2h", "4h", "8h")
DELAYS = ("1s", "5s", "10s", "30s", "1m", "5m")
SIZES = ("64KiB", "1MiB", "16MiB")
_ZERO = "0"
_AT_TIME = "time"
_LAST_PRESS, _BY_ITSELF = "press", "itself"
_REHEARSE = "rehearse"
_MAX_REASON = 500
_NAMED = 5
_SOON = timedelta(minutes=1)


def plan_form(form: CutoverForm) -> dict[str, Any]:
    """The view, with what most people will want already chosen."""
    named = first_few([mrkdwn.code(each) for each in form.jobs], _NAMED)
    blocks: list[Block] = [m.section(f"Cutover of {named}. Planning it changes nothing yet.")]
    blocks.extend((_when(), _time(form.at), *_people(form)))
    blocks.extend(_threshold(form.delay) if form.threshold else ())
    blocks.extend(_sizes(form.size) if form.sizes else ())
    blocks.extend((_downtime(form.downtime), _promote(by_itself=form.by_itself), *_lists(form)))
    blocks.extend((_announce(form.announce), _reason(form), _rehearsal()))
    return modal(
        "Plan a cutover",
        blocks,
        submit="Plan it",
        callback_id=m.action_id(VERB, STEP),
        ref=form.ref,
        close="Cancel",
    )


def read_plan(values: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, FlagValue]:
    """The submitted view as the flags of the verb; `data` is what is stored for the form.

    There is a flag for each field, an empty one where nothing is chosen: it takes back what was typed.

    Raises:
        InputError: what is wrong, and in which field.
    """
    flags: dict[str, FlagValue] = {"at": _read_at(values, str(data.get("zone", "UTC")))}
    for block, flag in (("commander", "commander"), ("apps", "apps"), ("deputy", "deputy")):
        flags[flag] = _selected(values, block, "selected_user")
    flags["max-downtime"] = _chosen(values, "max-downtime", _with(DOWNTIMES, data, "downtime"), "1h")
    if "max-delay" in values:
        flags["max-delay"] = _chosen(values, "max-delay", _with(DELAYS, data, "delay"), "10s")
    if "max-bytes" in values:
        size = _chosen(values, "max-bytes", (_ZERO, *_with(SIZES, data, "size")), _ZERO)
        flags["max-bytes"] = "" if size == _ZERO else size
    flags["announce"] = _selected(values, "announce", "selected_channel")
    flags["writers"] = lines(values, "writers")
    flags["checklist"] = lines(values, "checklist")
    flags["reason"] = choices.typed(values, "reason", _MAX_REASON)
    flags["by-itself"] = _chosen(values, "promote", (_LAST_PRESS, _BY_ITSELF), _LAST_PRESS) == _BY_ITSELF
    flags["rehearse"] = _REHEARSE in _ticked(values, "rehearse")
    _check_people(flags)
    return flags


def _with(usual: Sequence[str], data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """What is offered: the usual ones, and the one that was typed with the command."""
    return (*usual, str(data.get(name, "")))


def plan_objections(values: Mapping[str, Any], data: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """What is wrong with the submitted view at `now`, by `block_id`; empty if nothing is."""
    try:
        flags = read_plan(values, data)
        if flags["at"] != WHEN_READY:
            _check_time(_picked_time(values), now)
    except InputError as error:
        return {error.block: str(error)}
    return {}


def _check_time(at: datetime | None, now: datetime) -> None:
    if at is not None and at <= now + _SOON:
        raise InputError(
            "time", "This time is in the past: choose a later one, or “When the commander starts it”."
        )
    if at is not None and at - now > LONGEST:
        raise InputError(
            "time", f"Choose a time in the next {LONGEST.days} days: plans do not lie further ahead."
        )


def _check_people(flags: Mapping[str, FlagValue]) -> None:
    if not flags["commander"]:
        raise InputError("commander", "Choose who leads the cutover, for example yourself.")
    if not flags["apps"]:
        raise InputError("apps", "Choose who stops the writes to the source, for example yourself.")
    if flags["deputy"] and flags["deputy"] == flags["commander"]:
        raise InputError(
            "deputy", "The deputy stands in for the commander: choose another person, or nobody."
        )


def _read_at(values: Mapping[str, Any], zone: str) -> str:
    """The time as it can be typed, in the zone of who plans it."""
    if _chosen(values, "when", (_AT_TIME, WHEN_READY), _AT_TIME) == WHEN_READY:
        return WHEN_READY
    at = _picked_time(values)
    if at is None:
        raise InputError("time", "Choose the day and the time, or “When the commander starts it” above.")
    moment = Moment(at, zone)
    typed = f"{moment.local:%Y-%m-%d %H:%M} {zone}"
    try:
        parse_moment(typed, at - _SOON, zone)
    except TwoTimes:
        return moment.iso
    return typed


def _picked_time(values: Mapping[str, Any]) -> datetime | None:
    for element in _elements(values, "time"):
        seconds = element.get("selected_date_time")
        if isinstance(seconds, int) and not isinstance(seconds, bool):
            return datetime.fromtimestamp(seconds, UTC)
    return None


def lines(values: Mapping[str, Any], block: str) -> tuple[str, ...]:
    """The lines of a text, each once.

    Raises:
        InputError: there are too many, or one is too long to be a box to tick.
    """
    text = choices.written(values, block) or ""
    found = tuple(dict.fromkeys(" ".join(mrkdwn.clean(each).split()) for each in text.splitlines()))
    kept = tuple(each.removeprefix("- ") for each in found if each)
    if len(kept) > MAX_LINES:
        raise InputError(
            block, f"These are {len(kept)} lines: at most {MAX_LINES} can be ticked, so join some."
        )
    long = next((each for each in kept if mrkdwn.utf16_length(each) > MAX_LINE), "")
    if long:
        raise InputError(block, f"Shorten “{long[:30]}…”: a line has at most {MAX_LINE} characters.")
    return kept


def _when() -> InputBlock:
    options = [_option(_AT_TIME, "At the time below"), _option(WHEN_READY, "When the commander starts it")]
    return _input("when", "When?", RadioButtonsElement(options=options, initial_option=options[0]))


def _time(at: datetime) -> InputBlock:
    picker = DateTimePickerElement(initial_date_time=int(at.timestamp()))
    return _input("time", "Day and time, in your time zone", picker, optional=True)


def _people(form: CutoverForm) -> list[InputBlock]:
    return [
        _input(
            "commander",
            "Commander",
            UserSelectElement(initial_user=form.person),
            "Starts, promotes, and can hold.",
        ),
        _input(
            "apps",
            "App owner",
            UserSelectElement(initial_user=form.apps or form.person),
            "Stops the writes to the source, and opens them on the destination.",
        ),
        _input(
            "deputy",
            "Deputy",
            UserSelectElement(initial_user=form.deputy or None),
            "Is called if the commander is silent.",
            optional=True,
        ),
    ]


def _downtime(typed: str) -> InputBlock:
    select = _durations(DOWNTIMES, typed or "1h")
    return _input(
        "max-downtime", "Longest downtime", select, "From the stop of the writes until they are open again."
    )


def _durations(usual: Sequence[str], chosen: str) -> StaticSelectElement:
    """The usual ones, and the chosen one if it is another."""
    offered = usual if chosen in usual else (*usual, chosen)
    options = {each: _option(each, humanize(parse_duration(each))) for each in offered}
    return StaticSelectElement(options=list(options.values()), initial_option=options[chosen])


def _threshold(typed: str) -> list[InputBlock]:
    select = _durations(DELAYS, typed or "10s")
    hint = "So much may be missing when it is promoted. With these engines, DMS says minutes or seconds."
    return [_input("max-delay", "Delay that is low enough", select, hint)]


def _sizes(typed: str) -> list[InputBlock]:
    offered = SIZES if typed in ("", *SIZES) else (*SIZES, typed)
    options = {
        _ZERO: _option(_ZERO, "0: wait until none is left"),
        **{each: _option(each, bytes_text(parse_bytes(each))) for each in offered},
    }
    select = StaticSelectElement(options=list(options.values()), initial_option=options[typed or _ZERO])
    hint = "At a delay of 0 s. PostgreSQL writes to its log by itself, so an idle source may keep some."
    return [_input("max-bytes", "Bytes that may be left", select, hint)]


def _promote(*, by_itself: bool) -> InputBlock:
    options = [
        _option(_LAST_PRESS, "By a last press, once it has drained"),
        _option(_BY_ITSELF, "By itself, as soon as it has drained"),
    ]
    return _input(
        "promote", "Promote", RadioButtonsElement(options=options, initial_option=options[by_itself])
    )


def _lists(form: CutoverForm) -> list[InputBlock]:
    return [
        _input(
            "writers",
            "What writes to the source?",
            _text(
                "\n".join(form.writers), multiline=True, example="checkout-web\norder-worker\nnightly cron"
            ),
            "One line each: every one is ticked when it is stopped. Think of workers and cron jobs.",
            optional=True,
        ),
        _input(
            "checklist",
            "Checklist after the promotion",
            _text("\n".join(form.checklist), multiline=True),
            "One line each, from DMS's documentation or your policy: change it as you like.",
            optional=True,
        ),
    ]


def _announce(channel: str) -> InputBlock:
    hint = "At most six short messages, for those who only have to know."
    return _input(
        "announce",
        "Tell another channel",
        ChannelSelectElement(initial_channel=channel or None),
        hint,
        optional=True,
    )


def _reason(form: CutoverForm) -> InputBlock:
    return _input(
        "reason",
        "Reason",
        _text(form.reason),
        "For approvers and the audit.",
        optional=not form.reason_needed,
    )


def _rehearsal() -> InputBlock:
    option = _option(_REHEARSE, "Rehearse it: everything happens, but nothing is sent to DMS")
    return _input("rehearse", "Rehearsal", CheckboxesElement(options=[option]), optional=True)


def _text(value: str, *, multiline: bool = False, example: str = "") -> PlainTextInputElement:
    return PlainTextInputElement(
        initial_value=value or None,
        multiline=multiline,
        placeholder=PlainTextObject(text=example) if example else None,
        max_length=3000 if multiline else _MAX_REASON,
    )


def _option(value: str, text: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=text))


def _input(block: str, label: str, element: Any, hint: str = "", *, optional: bool = False) -> InputBlock:
    element.action_id = m.action_id(VERB, block)
    return InputBlock(
        block_id=block,
        label=PlainTextObject(text=label),
        element=element,
        hint=PlainTextObject(text=hint) if hint else None,
        optional=optional,
    )


def _chosen(values: Mapping[str, Any], block: str, allowed: Sequence[str], default: str) -> str:
    return choices.chosen_option(values, block, allowed, default)


def _selected(values: Mapping[str, Any], block: str, key: str) -> str:
    found = (element.get(key) for element in _elements(values, block))
    return next((each for each in found if isinstance(each, str)), "")


def _ticked(values: Mapping[str, Any], block: str) -> list[str]:
    options = [
        each
        for element in _elements(values, block)
        for each in element.get("selected_options") or ()
        if isinstance(each, Mapping)
    ]
    return [str(each.get("value")) for each in options]


def _elements(values: Mapping[str, Any], block: str) -> list[Mapping[str, Any]]:
    found = values.get(block)
    return (
        [each for each in found.values() if isinstance(each, Mapping)] if isinstance(found, Mapping) else []
    )
