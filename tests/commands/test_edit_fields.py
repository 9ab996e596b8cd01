"""Display name, labels and dump path of `/dms edit`, and `/dms verify --with`: what is typed and answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cmdline.answers import AlreadyQueued, Answer, EditPreview
from bot.cmdline.invocation import FlagValue, Invocation, UsageError
from bot.dms.rules import Action
from bot.store.records import Request, RequestState
from bot.util.command import DEFAULT, with_command
from sandbox.dms import DmsServer
from tests.policy.command_service import CommandService, command_service, words
from tests.policy.people import ADMIN, DANA, ROLES, access

GUARD = '[[rule]]\nname = "guard"\nverbs = ["promote"]\nlabels = ["env=prod"]\napprovals = 2\n'
FREEZE = '[[freeze]]\nfrom = 2026-12-20\nuntil = 2027-01-04\nreason = "x"\nlabels = { tier = "gold" }\n'


def asked(at: CommandService, answer: Answer) -> Request:
    """The request that a command has made."""
    assert isinstance(answer, AlreadyQueued), words(answer)
    return at.ctx.store.requests(limit=1)[0]


def test_an_edit_shows_from_what_to_what(typing: CommandService) -> None:
    line = 'edit orders --name "Orders, shard 3" --label env=test --label team=db,tier=gold'
    request = asked(typing, typing.type(line))
    assert request.state is RequestState.CONFIRMING
    assert request.facts.changes == (
        "*Display name*: `orders` → `Orders, shard 3`",
        "*Label* `env`: `prod` → `test`",
        "➕ *Label* `team`: `db`",
        "➕ *Label* `tier`: `gold`",
    )
    assert request.options.objects is None
    assert request.facts.config is None


def test_an_empty_value_removes_a_label(typing: CommandService) -> None:
    request = asked(typing, typing.type("edit orders --label env="))
    assert request.facts.changes == ("➖ *Label* `env`, which was `prod`",)
    assert request.options.fields.labels == (("env", ""),)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--label env", "A label has a key and a value, as in `--label env=prod`"),
        ("--label =prod", "A label has a key and a value"),
        # "Requirements for labels" (Resource Manager): lower-case letters, digits, `_`, `-`; 63 characters;
        # a key starts with a letter; at most 64 labels.
        ("--label Env=prod", "starts with a lower-case letter"),
        ("--label 1env=prod", "starts with a lower-case letter"),
        ("--label en.v=prod", "starts with a lower-case letter"),
        ("--label env=Prod", "lower-case letters, digits"),
        ('--label "env=a b"', "lower-case letters, digits"),
        (f"--label {'k' * 64}=v", "at most 63 characters"),
        (f"--label k={'v' * 64}", "at most 63 characters"),
        ("--label " + ",".join(f"k{n}=v" for n in range(64)), "at most 64 labels, and these would be 65"),
        ("--label env=a --label env=b", "`env` is given twice"),
        ("--label envv=", "has no label `envv` to remove (did you mean `env`?)"),
        # REST `MigrationJob.dumpPath`: gs://[BUCKET_NAME]/[OBJECT_NAME].
        ("--dump-path s3://bucket/o", "A dump path names a bucket and an object"),
        ("--dump-path gs://bucket", "A dump path names a bucket and an object"),
    ],
)
def test_what_cannot_be_is_refused_with_an_example(typing: CommandService, flags: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        typing.type(f"edit orders {flags}")
    assert says in str(refused.value)
    assert typing.ctx.store.requests(limit=1) == ()


@pytest.mark.parametrize("label", ["größe=groß", "k=1.3kg", f"{'k' * 63}={'v' * 63}", "a_b-1=c_d-2"])
def test_labels_that_the_pages_allow(typing: CommandService, label: str) -> None:
    assert asked(typing, typing.type(f"edit orders --label {label}")).action is Action.EDIT


@pytest.mark.parametrize("flags", ["--label env=prod", "--label env=prod --label env=prod"])
def test_what_is_set_already_is_not_saved(typing: CommandService, flags: str) -> None:
    assert "Nothing to save" in words(typing.type(f"edit orders {flags}"))


def test_what_pages_do_not_say_is_for_the_service_to_decide(typing: CommandService) -> None:
    dump = asked(typing, typing.type("edit orders --dump-path gs://b/o.sql"))
    assert "for MySQL only" in " ".join(dump.warning)
    labels = asked(typing, typing.type("edit billing --label team=db"))
    assert "no change of labels once a job is no longer a draft" in " ".join(labels.warning)


class TestPolicyLabels:
    """Whoever could relabel a job could take it out of a rule, so that takes an admin."""

    @pytest.mark.parametrize(("line", "key"), [("env=test", "env"), ("env=", "env"), ("tier=gold", "tier")])
    def test_labels_of_rules_and_planned_freezes(
        self, dms: DmsServer, tmp_path: Path, line: str, key: str
    ) -> None:
        with command_service(dms, tmp_path, access(ROLES + GUARD + FREEZE)) as ruled:
            refused = words(ruled.type(f"edit orders --label {line}", DANA))
            assert f"You may not change the label `{key}` of `orders`" in refused
            assert "the role admin; your role is operator" in refused
            assert "@U0ADMIN001" in refused
            assert asked(ruled, ruled.type(f"edit orders --label {line}", ADMIN)).by == ADMIN
            assert asked(ruled, ruled.type("edit billing --label team=db", DANA)).by == DANA

    def test_a_test_of_it_changes_nothing(self, dms: DmsServer, tmp_path: Path) -> None:
        with command_service(dms, tmp_path, access(ROLES + GUARD)) as ruled:
            tested = asked(ruled, ruled.type("verify orders --with --label env=test", DANA))
            assert tested.action is Action.VERIFY


class TestVerifyWith:
    def test_it_shows_what_it_tests_and_saves_nothing(self, typing: CommandService) -> None:
        request = asked(typing, typing.type("verify orders --with --parallel max --label env=test"))
        assert request.facts.changes == (
            "*Dump parallelism*: not set → *MAX*",
            "*Label* `env`: `prod` → `test`",
        )
        assert "`/dms edit orders` with the same flags saves it" in with_command(
            request.facts.effect, DEFAULT
        )
        assert request.options.parallelism == "MAX"

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("verify orders --label env=test", "is tested and not saved if `--with` stands before it"),
            ("verify orders billing --with --parallel max", "`--with` takes one job"),
            ("verify --all state=running --with --parallel max", "`--with` takes one job"),
            ("verify orders --with", "Say what to test"),
        ],
    )
    def test_what_does_not_go_together(self, typing: CommandService, line: str, says: str) -> None:
        with pytest.raises(UsageError) as refused:
            typing.type(line)
        said = with_command(str(refused.value), DEFAULT)
        assert says in said
        assert "`/dms verify orders-db --with --parallel max`" in said

    def test_nothing_that_differs(self, typing: CommandService) -> None:
        said = words(typing.type("verify orders --with --label env=prod"))
        assert "`orders` already has these settings" in said


def test_a_preview_names_each_field(typing: CommandService) -> None:
    flags: dict[str, FlagValue] = {"preview": True, "name": "Orders", "label": ("env=",)}
    preview = typing.ctx.verbs["edit"].run(typing.ctx, Invocation("edit", ("orders",), flags))
    assert isinstance(preview, EditPreview)
    assert preview.fields == (
        "*Display name*: `orders` → `Orders`",
        "➖ *Label* `env`, which was `prod`",
    )
