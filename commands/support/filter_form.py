"""The form in which the filters of `/dms list` are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import FilterChoice, FilterForm
from bot.cmdline.invocation import Invocation
from bot.config.projects import ALL_LOCATIONS
from bot.dms import display
from bot.dms.model import Phase, State
from commands.support.base import Context
from commands.support.filters import one_of
from commands.support.typed_jobs import known_places

_STATES = (
    ("failed", State.FAILED),
    ("with-errors", "Running with errors"),
    ("running", State.RUNNING),
    ("stopped", State.STOPPED),
    ("starting", State.STARTING),
    ("stopping", State.STOPPING),
    ("resuming", State.RESUMING),
    ("restarting", State.RESTARTING),
    ("updating", State.UPDATING),
    ("creating", State.CREATING),
    ("deleting", State.DELETING),
    ("maintenance", State.MAINTENANCE),
    ("not-started", State.NOT_STARTED),
    ("draft", State.DRAFT),
    ("completed", State.COMPLETED),
    ("deleted", State.DELETED),
)


def filter_form(ctx: Context, invocation: Invocation) -> FilterForm:
    """Asks neither the service nor for what the service knows: a view has to open at once."""
    choices = [
        _choice(invocation, "state", "State", [(value, display.state_text(name)) for value, name in _STATES]),
        _choice(
            invocation, "phase", "Phase", [(_typed(each), display.phase_text(each)) for each in _phases()]
        ),
    ]
    if ctx.dms.projects.several:
        projects = [(each.shown, each.shown) for each in ctx.dms.projects]
        choices.append(_choice(invocation, "project", "Project", projects))
    locations = sorted({each.location for each in known_places(ctx)} - {ALL_LOCATIONS, ""})
    if len(locations) > 1:
        choices.append(_choice(invocation, "location", "Location", [(each, each) for each in locations]))
    fields = {each.key for each in choices}
    kept = {key: value for key, value in invocation.filters.items() if key not in fields}
    return FilterForm(
        ctx.form_ref(replace(invocation, flags={"filter": True})),
        tuple(choices),
        " ".join(invocation.words),
        " ".join(f"{key}={value}" for key, value in kept.items()),
    )


def _phases() -> list[str]:
    return [each for each in Phase if each != Phase.UNSPECIFIED]


def _typed(phase: str) -> str:
    return phase.removeprefix("PHASE_").replace("_", "-").lower()


def _choice(invocation: Invocation, key: str, label: str, options: Sequence[tuple[str, str]]) -> FilterChoice:
    now = invocation.filters.get(key, "")
    chosen = tuple(value for value, _ in options if now and one_of(now, value))
    return FilterChoice(key, label, tuple(options), chosen)
