"""Answers commands: what stands between Slack's deliveries and the verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.cmdline.answers import Answer, Note
from bot.cmdline.invocation import Invocation, Syntax
from bot.policy.permissions import Permission
from bot.store.records import Person
from commands.support.base import Context, EarlyAnswer, Verb


class CommandService:
    """The verbs, with what they need to answer somebody."""

    def __init__(self, verbs: Mapping[str, Verb], context: Callable[[Person, str], Context]) -> None:
        self._verbs = verbs
        self._context = context
        self.syntaxes: Mapping[str, Syntax] = {name: verb.grammar for name, verb in verbs.items()}

    def answer(self, who: Person, invocation: Invocation, response_url: str) -> Answer:
        """What the verb answers, or why this person may not use it.

        Raises:
            UsageError, DmsError, StoreError.
        """
        verb = self._verbs[invocation.verb]
        if verb.permission is Permission.NOBODY:
            # Not at the start: a verb that was added carelessly must not keep the others from working.
            text = f"Nobody may use `{verb.name}`: it does not declare the permission that it needs."
            return Note(text, tone="warn")
        context = self._context(who, response_url)
        if verb.read_only:
            verdict = context.access.verdict(who, verb.name)
            if not verdict.allowed:
                return Note(verdict.explanation, tone="warn")
        try:
            return verb.run(context, invocation)
        except EarlyAnswer as said:
            return said.answer

    def opens_view(self, invocation: Invocation) -> bool:
        return self._verbs[invocation.verb].form(invocation)

    def asks_service(self, invocation: Invocation) -> bool:
        return self._verbs[invocation.verb].asks_service(invocation)
