"""The buttons of a job's card: the recommended one, those beside it, and a menu (⋯) of the rest.

A menu holds five entries (page overflow-menu-element); its last, *More…*, opens the modal that has them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.cmdline.answers import Button
from bot.cmdline.invocation import FlagValue, Invocation
from bot.dms.model import Database, Job
from bot.dms.recommended import recommended_action, recommended_look
from bot.dms.rules import Action, allowed
from bot.requests.buttons import MakeRef, action_button, action_entry, show_button

MORE = "more"
"""The flag of `/dms show` that opens the modal."""
MENU_ENTRIES = 5
ORDER = (
    Action.START,
    Action.RESUME,
    Action.STOP,
    Action.RESTART,
    Action.PROMOTE,
    Action.VERIFY,
    Action.EDIT,
    Action.DEMOTE,
    Action.DELETE,
)
"""Actions as people look for them: a job's way from start to promote, and at the end what removes it."""
_FIRST_ACTIONS = 3
"""So many actions come before the refresh in a menu."""
_LOOKS: Mapping[str, tuple[str, Mapping[str, FlagValue]]] = {
    "show": ("Refresh", {}),
    "databases": ("Databases", {}),
    "cutover": ("Plan cutover…", {}),
    "delay": ("Delay", {}),
    "history": ("History", {}),
    "watch": ("Notify me", {"dm": True}),
}
"""Label and flags of the verbs that change nothing."""


@dataclass(frozen=True, slots=True)
class JobButtons:
    """The buttons below a card."""

    shown: tuple[Button, ...]
    menu: tuple[Button, ...] = ()


def look_button(ref: MakeRef, job: Job, verb: str) -> Button:
    """A button of a verb that changes nothing."""
    label, flags = _LOOKS[verb]
    return Button(label, verb, "run", ref(Invocation(verb, (job.name,), flags)))


def card_buttons(
    ref: MakeRef,
    job: Job,
    databases: Sequence[Database],
    actions: Sequence[Action],
    looks: Sequence[str],
    *,
    first: str,
    beside: Sequence[Button],
) -> JobButtons:
    """`first` is the recommended verb, or empty; `beside` follows it. The menu has what else the job allows
    of `actions`, and `looks`, verbs that change nothing."""
    offered = [action for action in allowed(job, databases) if action in actions and action != first]
    others = _in_order([each for each in ORDER if each in offered], [verb for verb in looks if verb != first])
    lead = (replace(_button(ref, job, first, databases), style="primary"),) if first else ()
    more = Button("More…", "show", "run", ref(Invocation("show", (job.name,), {MORE: True})))
    if not others:
        return JobButtons((*lead, *beside, more))
    entries = [_entry(ref, job, verb, databases) for verb in others[: MENU_ENTRIES - 1]]
    return JobButtons((*lead, *beside), (*entries, more))


def _in_order(actions: Sequence[Action], looks: Sequence[str]) -> list[str]:
    return [*actions[:_FIRST_ACTIONS], *looks[:1], *actions[_FIRST_ACTIONS:], *looks[1:]]


def _button(ref: MakeRef, job: Job, verb: str, databases: Sequence[Database]) -> Button:
    return look_button(ref, job, verb) if verb in _LOOKS else action_button(ref, job, Action(verb), databases)


def _entry(ref: MakeRef, job: Job, verb: str, databases: Sequence[Database]) -> Button:
    return look_button(ref, job, verb) if verb in _LOOKS else action_entry(ref, job, Action(verb), databases)


def channel_buttons(
    ref: MakeRef,
    job: Job,
    databases: Sequence[Database],
    actions: Sequence[Action],
    looks: Sequence[str] = (),
) -> JobButtons:
    """Below a message that many read: what some of them may do, with Show. The recommended button is an
    action, or one of `looks`."""
    action, look = recommended_action(job, databases), recommended_look(job, databases)
    first = action if action in actions else look if look in looks else ""
    others = ("databases", "history")
    return card_buttons(
        ref, job, databases, actions, others, first=first or "", beside=(show_button(ref, job),)
    )
