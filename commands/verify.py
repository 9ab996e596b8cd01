"""`/dms verify`: let the service test a job's configuration."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Syntax
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, FILTERS, make_run
from commands.support.base import Verb


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.NONE


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return ("The configuration is tested: connectivity, log settings, extensions, privileges.",)


def _effect(_job: Job, _options: Options) -> str:
    return "Only the configuration is tested, and nothing is changed."


def _call(dms: Dms, job: Job, _options: Options, _call_id: str) -> Operation:
    return dms.verify(job)


VERB = Verb(
    name="verify",
    permission=Permission.CHANGE,
    summary="test a job's configuration",
    usage=("verify JOB [JOB …]", "verify --all state=draft"),
    syntax=Syntax("many", (ALL,), FILTERS),
    details="Tests connectivity, log settings, extensions and privileges; changes nothing.",
    examples=("verify orders-db", "verify --all state=not_started"),
    run=make_run(Action.VERIFY),
    action=ActionVerb(Action.VERIFY, _confirmation, _warning, _effect, _call),
)
