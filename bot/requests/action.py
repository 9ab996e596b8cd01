"""How a verb changes a job: declared in `commands/`, carried out by `bot.requests.runner`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.store.facts import RequestFacts


class Confirmation(StrEnum):
    """What the requester has to do before an action runs."""

    NONE = "none"
    CLICK = "ask"
    """Confirm or cancel."""
    TYPE_TO_CONFIRM = "type"
    """Confirm, then type the job ID."""


@dataclass(frozen=True, slots=True)
class ActionVerb:
    """How a verb changes a job; `bot.requests.runner` carries it out."""

    action: Action
    confirmation: Callable[[Job, Options], Confirmation]
    warning: Callable[[Job, Options, Sequence[str]], tuple[str, ...]]
    """What will be lost or happen. Arguments: job, options, names of the affected destination databases."""
    effect: Callable[[Job, Options], str]
    """What happens from now on, said once the action has been sent."""
    call: Callable[[Dms, Job, Options, str], Operation]
    """Makes the call. The last argument is the UUID for methods that take a `request_id`.

    Raises: DmsError."""
    warning_later: Callable[[Job, Options, RequestFacts], tuple[str, ...]] | None = None
    """The same where the bot sends it later: it waits for its time, or for the last changes. None if that
    makes no difference."""
