"""Runs the verb of an invocation, if the policy permits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.cmdline import examples
from bot.cmdline.answers import Answer, DatabasesPage, EditForm, JobCard, Note, Readers
from bot.cmdline.corrections import corrected
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.dms import answer_deadline
from bot.dms.model import short_name
from bot.policy.permissions import Permission
from bot.requests.job_names import by_id, disambiguate, in_commands
from bot.store.records import Person
from bot.util.command import COMMAND
from commands.support.base import Context, EarlyAnswer, Verb
from commands.support.readers import readers_of
from commands.support.visibility import is_hidden


class CommandService:
    """All verbs, and a factory for the context that they run in. An answer's reads take `answer_s` seconds at
    most."""

    def __init__(
        self,
        verbs: Mapping[str, Verb],
        context: Callable[[Person, str], Context],
        answer_s: float = answer_deadline.ANSWER_S,
    ) -> None:
        self._verbs = verbs
        self._context = context
        self._answer_s = answer_s
        self.syntaxes: Mapping[str, Syntax] = {name: verb.grammar for name, verb in verbs.items()}

    def answer(self, who: Person, invocation: Invocation, response_url: str, thread: str = "") -> Answer:
        """The verb's answer, or why this person may not use it. `thread` is the one that it was asked in.

        Verbs that change jobs or freezes are judged for each job, when it is found and when it is requested.

        Raises:
            UsageError: the invocation makes no sense to the verb.
            DmsError, StoreError: the service or the database did not answer.
        """
        verb = self._verbs[invocation.verb]
        if verb.permission is Permission.NOBODY:
            # Refused here and not at the start, so that the other verbs keep working.
            text = f"Nobody may use `{verb.name}`: it does not declare the permission that it needs."
            return Note(text, tone="warn")
        if verb.syntax.jobs == "one" and not invocation.jobs:
            example = examples.line(verb.name, verb.grammar)
            text = f"Name the job, for example `{example}`; `{COMMAND} list` shows all jobs."
            raise UsageError(text, choose=invocation)
        context = replace(self._context(who, response_url), found=[], thread=thread)
        if verb.read_only:
            verdict = context.access.verdict(who, verb.name)
            if not verdict.allowed:
                return Note(verdict.explanation, tone="warn")
        with answer_deadline.answer_within(self._answer_s):
            return _naming_the_job(context, verb.name, _run(verb, context, invocation))

    def readers(self, who: Person, invocation: Invocation, answer: Answer) -> Readers:
        """Who may read the answer in the channel where this person asked."""
        access = self._context(who, "").access
        return readers_of(access, who.channel, self._verbs[invocation.verb], answer)

    def changes(self, invocation: Invocation) -> bool:
        """Whether it changes jobs or freezes, or leaves a plan, a subscription or the like behind."""
        verb = self._verbs[invocation.verb]
        return not verb.read_only or verb.saves(invocation)

    def opens_view(self, invocation: Invocation) -> bool:
        return self._verbs[invocation.verb].form(invocation)

    def asks_service(self, invocation: Invocation) -> bool:
        return self._verbs[invocation.verb].asks_service(invocation)


def _run(verb: Verb, context: Context, invocation: Invocation) -> Answer:
    try:
        return verb.run(context, invocation)
    except EarlyAnswer as early:
        return early.answer
    except UsageError as error:
        found = (corrected(invocation, each) for each in error.corrections)
        raise UsageError(
            in_commands(str(error), _ambiguous(context, verb.name)),
            instead=[each for each in found if each is not None],
            choose=error.choose,
        ) from error


def _naming_the_job(context: Context, verb: str, answer: Answer) -> Answer:
    """The answer, in which each suggested command says which job it is for."""
    called = _ambiguous(context, verb)
    named = in_commands(answer, called)
    if isinstance(named, JobCard | DatabasesPage | EditForm) and named.job.name in called:
        return replace(named, called=called[named.job.name])
    return named


def _ambiguous(context: Context, verb: str) -> Mapping[str, str]:
    """Of the jobs that were found, those that their id alone does not name. Hidden jobs do not count: the id
    alone never means one of them, and nobody is told that there is one."""
    if not context.found:
        return {}
    ids = {short_name(name) for name in context.found}
    told = [name for name in context.store.known_twins(ids) if not is_hidden(context, verb, name)]
    calls = disambiguate((*context.found, *told), context.dms.projects)
    return by_id({name: calls(name) for name in context.found if calls(name) != short_name(name)})
