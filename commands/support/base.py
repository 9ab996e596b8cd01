"""What a verb is, and what it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.cmdline.answers import Answer
from bot.cmdline.invocation import Invocation, Syntax
from bot.config.settings import Settings
from bot.dms.port import Dms
from bot.policy.permissions import Permission
from bot.policy.subscriptions import Membership
from bot.requests.action import ActionVerb
from bot.store import Store
from bot.store.records import Person

if TYPE_CHECKING:
    from bot.policy.access import Access
    from bot.requests.approvals import Approvals


class EarlyAnswer(Exception):
    """Ends a verb early with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(repr(answer))
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Context:
    """What a verb may use while it answers one person."""

    who: Person
    dms: Dms
    store: Store
    approvals: Approvals
    access: Access
    settings: Settings
    verbs: Mapping[str, Verb]
    now: Callable[[], datetime]
    membership: Callable[[str], Membership]
    """How the app stands to the channel with this id; asks Slack."""
    readable: Callable[[str, str], bool | None]
    """Whether a channel is public or has this person in it; asks Slack. None: Slack does not say."""
    response_url: str = ""

    def ref(self, invocation: Invocation) -> str:
        """An opaque id for a button that does what `invocation` says."""
        return self.refs([invocation])[0]

    def refs(self, invocations: Sequence[Invocation]) -> tuple[str, ...]:
        """An opaque id for each."""
        return self.store.put_refs(self.who.team, "invocation", [each.to_dict() for each in invocations])

    def form_ref(self, invocation: Invocation, more: Mapping[str, Any] | None = None) -> str:
        """An opaque id for a view: its submission does what `invocation` says, with what was filled in.

        A submission does not say where the view was opened from, so that is kept with it.
        """
        place = {"channel": self.who.channel, "response_url": self.response_url}
        data = invocation.to_dict() | place | dict(more or {})
        return self.store.put_ref(self.who.team, "form", data)


@dataclass(frozen=True, slots=True)
class Verb:
    """One word behind `/dms`."""

    name: str
    summary: str
    usage: tuple[str, ...]
    run: Callable[[Context, Invocation], Answer]
    syntax: Syntax = field(default_factory=Syntax)
    details: str = ""
    examples: tuple[str, ...] = ()
    permission: Permission = Permission.NOBODY
    """What it takes to use the verb. A verb that does not declare it can be used by nobody."""
    action: ActionVerb | None = None
    """What a verb with `Permission.CHANGE` does to a job."""
    form: Callable[[Invocation], bool] = lambda _invocation: False
    """Whether this invocation answers with a view, which must be opened within 3 seconds."""
    asks_service: Callable[[Invocation], bool] = lambda _invocation: True
    """Whether the service may be asked, which may take its time. What the store alone answers does not
    queue behind that."""

    def __post_init__(self) -> None:
        if (self.action is not None) != (self.permission is Permission.CHANGE):
            raise ValueError(f"The verb {self.name} needs both an action and Permission.CHANGE, or neither.")

    @property
    def read_only(self) -> bool:
        """Whether it changes neither jobs nor what may be changed."""
        return self.permission not in (Permission.CHANGE, Permission.FREEZE)

    @property
    def grammar(self) -> Syntax:
        """What the parser must know: the syntax, and lines to show beside what was wrong."""
        return replace(self.syntax, examples=self.examples)


def only_of_a_job(invocation: Invocation) -> bool:
    """For verbs that ask the service where a job is named, and the store otherwise."""
    return bool(invocation.jobs)


def no_service_call(_invocation: Invocation) -> bool:
    """For verbs that the store alone answers."""
    return False
