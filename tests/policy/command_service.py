"""A context as the bot makes it: the real store, and the real gateway against the local DMS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.cmdline.answers import Answer, AnswerPage, Note, RichPart, RichText, User
from bot.cmdline.invocation import Invocation
from bot.cmdline.parser import parse
from bot.config.projects import Project
from bot.config.settings import Settings
from bot.cutover.service import Cutovers
from bot.dms.gateway import Gateway
from bot.dms.many_projects import ProjectGateways
from bot.policy.access import Access
from bot.policy.subscriptions import Membership
from bot.requests.approvals import Approvals
from bot.requests.base import RequestContext
from bot.requests.follower import Follower
from bot.requests.runner import Runner
from bot.store import Store, open_store
from bot.store.records import Person
from bot.util.command import DEFAULT, with_command
from commands import all_verbs
from commands.support.base import Context, EarlyAnswer
from sandbox.dms import DmsServer
from tests.cutover.quiet import NOTHING_SCHEDULED, no_checks

from .people import DANA, NOW, access

PROJECT = "demo-project"
PLACES = ("europe-west1", "us-central1")
SETTINGS = Settings(PROJECT, PLACES, "C0DBMIGRAT", "xoxb-sandbox")


@dataclass
class CommandService:
    """Answers commands as they are typed."""

    ctx: Context
    requests: RequestContext | None = None

    def type(self, line: str, who: Person = DANA, **fields: Any) -> Answer:
        """What `/dms LINE` answers to `who`.

        Raises:
            UsageError.
        """
        ctx = replace(self.ctx, who=who, **fields)
        invocation = parse(line, {name: verb.grammar for name, verb in ctx.verbs.items()})
        try:
            return ctx.verbs[invocation.verb].run(ctx, invocation)
        except EarlyAnswer as said:
            return said.answer

    def sure(self, line: str, who: Person = DANA) -> Answer:
        """The same, and press the one button of the question that it asks first."""
        question = self.type(line, who)
        assert isinstance(question, Note)
        (button,) = question.buttons
        token = self.ctx.store.ref(who.team, button.ref)
        assert token is not None
        invocation = Invocation.from_dict(token.data)
        return self.ctx.verbs[invocation.verb].run(replace(self.ctx, who=who), invocation)


def words(value: RichText | Answer) -> str:
    """All text of an answer in one line; people as `@id`, and the slash command as `/dms`."""
    return with_command(_words(value), DEFAULT)


def _words(value: RichText | Answer) -> str:
    match value:
        case Note(text=text):
            return _words(text)
        case AnswerPage(title=title, sections=sections, footer=footer):
            return "\n".join([title, *(_words(each.text) for each in sections), _words(footer)])
        case str():
            return value
        case tuple():
            return "".join(_word(part) for part in value)
    raise AssertionError(f"no text in {value!r}")


def _word(part: RichPart) -> str:
    match part:
        case str():
            return part
        case User(id=id):
            return f"@{id}"
        case _:
            return str(next(getattr(part, name) for name in ("text", "id", "at") if hasattr(part, name)))


def labels(answer: Answer) -> list[str]:
    """All buttons of a page or note."""
    assert isinstance(answer, AnswerPage | Note)
    inside = (
        [button for each in answer.sections for button in each.buttons]
        if isinstance(answer, AnswerPage)
        else []
    )
    return [button.label for button in (*inside, *answer.buttons)]


@contextmanager
def command_service(
    dms: DmsServer,
    path: Path,
    rights: Access | None = None,
    projects: tuple[Project, ...] = (),
    clock: Callable[[], datetime] = lambda: NOW,
) -> Iterator[CommandService]:
    """A desk with jobs `orders` and `billing` (env=prod), where the clock stands at `NOW`."""
    store: Store = open_store(str(path / "bot.db"))
    settings = replace(SETTINGS, project_tables=projects)
    gateway = (
        ProjectGateways.open(
            settings.projects, dms.grpc_host, dms.rest_host, deadline_s=5, write_deadline_s=5
        )
        if projects
        else Gateway(PROJECT, PLACES, dms.grpc_host, dms.rest_host, deadline_s=5)
    )
    allowed = rights or access()
    verbs = all_verbs()
    actions = {verb.action.action: verb.action for verb in verbs.values() if verb.action}

    with ThreadPoolExecutor(2) as pool:
        runner = Runner(
            gateway,
            store,
            allowed,
            actions,
            replica="one",
            parallel=2,
            pool_of=lambda _project: pool,
            clock=clock,
            wake=lambda: None,
            nudge=lambda _name: None,
            on_ended=lambda _action, _state, _project: None,
        )
        follower = Follower(runner, gateway, store, replica="one", clock=clock, wake=lambda: None)
        context = RequestContext(
            dms=gateway,
            store=store,
            access=allowed,
            actions=actions,
            runner=runner,
            follower=follower,
            confirm_expires_s=900,
            approval_expires_s=4 * 3600,
            approval_channel="",
            parallel=2,
            grace_s=SETTINGS.schedule_grace_s,
            max_open=SETTINGS.max_open_requests,
            clock=clock,
            wake=lambda: None,
        )
        approvals = Approvals(context)
        yield CommandService(
            Context(
                DANA,
                gateway,
                store,
                approvals,
                Cutovers(context, approvals, no_checks, NOTHING_SCHEDULED),
                allowed,
                settings,
                verbs,
                clock,
                # there is no Slack at this desk
                lambda _channel: Membership.UNKNOWN,
                lambda _channel, _user: True,
                lambda: "Europe/Amsterdam",
            ),
            context,
        )
    gateway.close()
    store.close()
