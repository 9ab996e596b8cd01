"""The verb that the guide adds is one, and it is closed as long as it does not say who may use it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.cmdline.answers import AnswerPage
from bot.cmdline.parser import parse
from bot.policy import loader
from bot.policy.model import PolicyError
from bot.policy.permissions import Permission
from commands import all_verbs, permissions
from commands.support.base import Context, Verb
from commands.support.command_service import CommandService as RealCommandService
from tests.policy.command_service import CommandService, words
from tests.policy.people import ADMIN, DANA, QUINN, ROLES, access

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
HIDDEN = '[[rule]]\nname = "hidden"\nverbs = ["{verb}"]\njobs = ["billing"]\nallow = ["operator"]\n'


@pytest.fixture(scope="module")
def age() -> Verb:
    (code,) = re.findall(
        r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    module: dict[str, Any] = {}
    exec(code, module)
    verb = module["VERB"]
    assert isinstance(verb, Verb)
    return verb


def with_verb(ctx: Context, verb: Verb, rules: str = "") -> Context:
    """The context of a bot that has this verb, too, with a policy file of these rules."""
    verbs = {**ctx.verbs, verb.name: verb}
    policy = loader.parse(ROLES + rules, permissions=permissions(verbs))
    return replace(ctx, verbs=verbs, access=access(policy=policy))


def test_the_guides_verb_answers_and_is_helped_with(typing: CommandService, age: Verb) -> None:
    at = CommandService(with_verb(typing.ctx, age))
    assert re.fullmatch(r"`orders` was created .+ ago\.", words(at.type("age orders")))
    helped = at.type("help age")
    assert isinstance(helped, AnswerPage)
    assert "/dms age orders-db" in words(helped)
    assert parse("age a", {age.name: age.grammar}).jobs == ("a",)


@pytest.mark.parametrize("verb", ["age", "view", "*"])
def test_it_does_not_answer_on_a_job_that_a_rule_hides(typing: CommandService, age: Verb, verb: str) -> None:
    at = CommandService(with_verb(typing.ctx, age, HIDDEN.format(verb=verb)))
    refused = words(at.type("age billing", QUINN))
    assert refused.startswith("You may not use `age` on `billing`: by the rule “hidden”")
    assert "ago" not in refused
    assert "billing" not in words(at.type("age bilinng", QUINN))
    assert "Did you mean `billing`?" in words(at.type("age bilinng", DANA))
    assert "`orders` was created" in words(at.type("age orders", QUINN))
    assert "`billing` was created" in words(at.type("age billing", DANA))


@pytest.mark.parametrize("who", [QUINN, DANA, ADMIN])
def test_one_that_declares_no_permission_can_be_used_by_nobody(
    typing: CommandService, age: Verb, who: Any
) -> None:
    undeclared = replace(age, permission=Permission.NOBODY)
    ctx = replace(with_verb(typing.ctx, undeclared), who=who)
    service = RealCommandService(ctx.verbs, lambda _who, _url: ctx)
    invocation = parse("age orders", service.syntaxes)
    said = words(service.answer(who, invocation, ""))
    assert said == "Nobody may use `age`: it does not declare the permission that it needs."
    assert "by default nobody may do that" in words(CommandService(ctx).type("age orders", who))
    assert "Did you mean" not in words(CommandService(ctx).type("age order", who))


def test_no_rule_opens_one_that_declares_no_permission(typing: CommandService, age: Verb) -> None:
    undeclared = replace(age, permission=Permission.NOBODY)
    rule = '[[rule]]\nverbs = ["age"]\nallow = ["viewer"]\n'
    with pytest.raises(PolicyError, match='names "age", which is no verb'):
        with_verb(typing.ctx, undeclared, rule)
    ctx = with_verb(typing.ctx, undeclared, rule.replace("age", "*"))
    assert "by default nobody may do that" in words(CommandService(ctx).type("age orders", ADMIN))


def test_a_declaration_forgets_nothing(age: Verb) -> None:
    assert replace(age, permission=Permission.VIEW).read_only
    assert not replace(age, permission=Permission.FREEZE).read_only
    with pytest.raises(ValueError, match="age needs both an action and"):
        replace(age, permission=Permission.CHANGE)
    assert Verb(name="age", summary="", usage=(), run=age.run).permission is Permission.NOBODY


def test_every_verb_of_the_bot_declares_its_permission() -> None:
    undeclared = [name for name, verb in all_verbs().items() if verb.permission is Permission.NOBODY]
    assert undeclared == []
