"""The declaration of a verb, and the context that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.cmdline.answers import Answer
from bot.cmdline.invocation import Invocation, Syntax
from bot.config.settings import Settings
from bot.dms.port import Reads
from bot.policy.permissions import Permission
from bot.policy.subscriptions import Membership
from bot.requests.action import ActionVerb
from bot.store import Store
from bot.store.records import Person

if TYPE_CHECKING:
    from bot.cutover.service import Cutovers
    from bot.policy.access import Access
    from bot.requests.approvals import Approvals


class EarlyAnswer(Exception):
    """Ends a verb early; `answer` is what the person gets."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(repr(answer))
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Context:
    """What a verb can use while it answers one person."""

    who: Person
    dms: Reads
    store: Store
    approvals: Approvals
    cutovers: Cutovers
    access: Access
    settings: Settings
    verbs: Mapping[str, Verb]
    now: Callable[[], datetime]
    membership: Callable[[str], Membership]
    """The app's membership in the channel with this id; asks Slack."""
    readable: Callable[[str, str], bool | None]
    """Whether a channel is public or has this person as a member; asks Slack. None: Slack does not say."""
    zone: Callable[[], str]
    """The person's time zone, an IANA name; asks Slack."""
    response_url: str = ""
    thread: str = ""
    """The thread that it was asked in; empty for none."""
    found: list[str] = field(default_factory=list)
    """Full names of the jobs that this answer is about, as they are found."""

    def ref(self, invocation: Invocation) -> str:
        """A token for a button that runs the invocation."""
        return self.refs([invocation])[0]

    def refs(self, invocations: Sequence[Invocation]) -> tuple[str, ...]:
        """A token for each invocation, saved in one transaction."""
        return self.store.put_refs(self.who.team, "invocation", [each.to_dict() for each in invocations])

    def form_ref(self, invocation: Invocation, more: Mapping[str, Any] | None = None) -> str:
        """A token for a view whose submission runs the invocation with the values of the form.

        A submission does not say where the view was opened, so that is saved with the token.
        """
        place = {"channel": self.who.channel, "response_url": self.response_url, "thread": self.thread}
        data = invocation.to_dict() | place | dict(more or {})
        return self.store.put_ref(self.who.team, "form", data)


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of `/dms`: how it is typed, who may use it, and what it runs."""

    name: str
    summary: str
    usage: tuple[str, ...]
    run: Callable[[Context, Invocation], Answer]
    syntax: Syntax = field(default_factory=Syntax)
    details: str = ""
    """What it does, in a few short sentences: help begins with it, and has to fit the screen of a phone."""
    more: str = ""
    """What else people may have to know; folded away in the help."""
    begins: str = ""
    """The command of a button in its help, such as a list of jobs to choose from. It changes nothing."""
    examples: tuple[str, ...] = ()
    """Lines that work, without the slash command. The first is the title of the help."""
    permission: Permission = Permission.NOBODY
    """What people need to use the verb. Nobody can use a verb that does not declare it."""
    action: ActionVerb | None = None
    """What a verb with `Permission.CHANGE` does to a job."""
    form: Callable[[Invocation], bool] = lambda _invocation: False
    """Whether the invocation opens a view, which Slack allows within 3 seconds only.

    Source: https://docs.slack.dev/interactivity/handling-user-interaction
    """
    saves: Callable[[Invocation], bool] = lambda _invocation: False
    """Whether the invocation leaves something behind although it changes neither jobs nor freezes, such as a
    plan or a subscription. It must not be carried out because a sentence happened to contain it."""
    same_for_all: bool = False
    """Whether its page is the same for all who may see the jobs on it, so that a channel can read it."""
    asks_service: Callable[[Invocation], bool] = lambda _invocation: True
    """Whether the invocation may call the service, which can be slow. Other invocations use another pool."""

    def __post_init__(self) -> None:
        if (self.action is not None) != (self.permission is Permission.CHANGE):
            raise ValueError(f"The verb {self.name} needs both an action and Permission.CHANGE, or neither.")

    @property
    def read_only(self) -> bool:
        """Whether the verb changes neither jobs nor freezes."""
        return self.permission not in (Permission.CHANGE, Permission.FREEZE)

    @property
    def grammar(self) -> Syntax:
        """The syntax with the examples, for the parser and its error messages."""
        return replace(self.syntax, examples=self.examples)


def only_of_a_job(invocation: Invocation) -> bool:
    """`asks_service` of verbs that call the service only if a job is named."""
    return bool(invocation.jobs)


def always(_invocation: Invocation) -> bool:
    """`saves` of verbs that do so whatever is typed."""
    return True


def no_service_call(_invocation: Invocation) -> bool:
    """`asks_service` of verbs that need only the store."""
    return False
