"""`/dms verify`: have the service test a job's configuration."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Syntax
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.requests.action import ActionVerb, Danger
from commands.support.actions import ALL, FILTERS, runner
from commands.support.base import Verb


def _danger(_job: Job, _options: Options) -> Danger:
    return Danger.NONE


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return ("The configuration is tested: connectivity, log settings, extensions, privileges.",)


def _effect(_job: Job, _options: Options) -> str:
    return "Only the configuration is tested, and nothing is changed."


def _call(dms: Dms, job: Job, _options: Options, _call_id: str) -> Operation:
    return dms.verify(job)


VERB = Verb(
    looks=False,
    name="verify",
    summary="test a job's configuration",
    usage=("verify JOB [JOB …]", "verify --all state=draft"),
    syntax=Syntax("many", (ALL,), FILTERS),
    details="Tests connectivity, log settings, extensions and privileges; changes nothing.",
    examples=("verify orders-db", "verify --all state=not_started"),
    run=runner(Action.VERIFY),
    action=ActionVerb(Action.VERIFY, _danger, _warning, _effect, _call),
)
