"""What a wrong command was probably meant to be: the buttons below the error run it."""

from __future__ import annotations

import pytest

from bot.cmdline.corrections import as_typed, corrected
from bot.cmdline.invocation import Invocation, UsageError
from bot.cmdline.parser import parse
from commands import all_verbs

SYNTAXES = {name: verb.grammar for name, verb in all_verbs().items()}


def error_of(line: str) -> UsageError:
    with pytest.raises(UsageError) as raised:
        parse(line, SYNTAXES)
    return raised.value


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("lst failed", ["list failed"]),
        ("shwo orders-db", ["show orders-db"]),
        ("restrat orders-db --failed-only", ["restart orders-db --failed-only"]),
        ("stop orders-db --reasn=month", ["stop orders-db --reason month"]),
        ('stp orders-db --reasn "month end"', ['stop orders-db --reason "month end"']),
        ("list stat=running,failed", ["list state=running,failed"]),
        ('list sate="with errors"', ['list state="with errors"']),
        ("edit orders-db --parallel=maxx", ["edit orders-db --parallel max"]),
        ("edit orders-db --parallel maxx", ["edit orders-db --parallel max"]),
        ("show orders-db,customers-db", ["show orders-db", "show customers-db"]),
        ("history orders-db please", ["history orders-db"]),
        ("stop --all=yes state=running", ["stop state=running --all"]),
        ("stop state=running", ["stop state=running --all"]),
        ("stop orders-db --reason month end", ['stop orders-db --reason "month end"']),
        ("stop orders-db --reason end of the end", ['stop orders-db --reason "end of the end"']),
        ("show orders_db", ["show orders-db"]),
        ("list env=prod", ["list label.env=prod"]),
        ("Orders database", ['show "orders database"']),
        ("list status=failed", ["list state=failed"]),
        ("list --state failed", ["list state=failed"]),
        ("list --label=env=prod", ["list label.env=prod"]),
        ('stop orders-db reason="month end"', ['stop orders-db --reason "month end"']),
        ("freeze orders-db until=2h reason=x", ["freeze orders-db --until 2h --reason x"]),
        (
            "freeze orders-db until tomorrow 9am reason month end",
            ['freeze orders-db --until "tomorrow 9am" --reason "month end"'],
        ),
        ("freeze project prod --until 2h --reason x", ["freeze --project prod --until 2h --reason x"]),
        ("stop orders-db at Sat 02:00", ['stop orders-db --at "Sat 02:00"']),
        ("promote orders-db --when drained", ["promote orders-db --when-drained"]),
        ("history since yesterday 14:00 UTC", ['history --since "yesterday 14:00 UTC"']),
        ("schedule --move orders-db --at Sun 02:00", ['schedule --move orders-db --at "Sun 02:00"']),
        # Whatever these words narrow, without them it is more than was asked.
        ("watch orders-db failed", []),
        ("unwatch orders-db failed", []),
        ("edit orders-db all", ["edit orders-db"]),
        ("delete orders-db --no-destination", []),
        ("delete orders-db --without-destination", []),
        ("delete orders-db --keep-destination", []),
        ("undelete orders-db", []),
        ("unstop orders-db", []),
        ("reboot orders-db", []),
        ("list state=", []),
    ],
)
def test_what_was_meant(line: str, meant: list[str]) -> None:
    instead = error_of(line).instead
    assert [as_typed(each) for each in instead] == meant
    assert [parse(each, SYNTAXES) for each in meant] == list(instead), "it can be typed as it is shown"


def test_a_job_that_is_missing_is_asked_for() -> None:
    error = error_of('stop --reason "month end"')
    assert error.choose == Invocation("stop", (), {"reason": "month end"})
    assert error.instead == ()


@pytest.mark.parametrize(
    ("invocation", "correction", "expected"),
    [
        (Invocation("list", filters={"state": "runing, failed"}), {"runing": "running"}, "running, failed"),
        (Invocation("list", filters={"state": "failed"}), {"runing": "running"}, None),
    ],
)
def test_one_item_of_a_list(invocation: Invocation, correction: dict[str, str], expected: str | None) -> None:
    found = corrected(invocation, correction)
    assert (found and found.filters["state"]) == expected


def test_names_in_flags() -> None:
    wrong = Invocation("restart", ("orders-db",), {"databases": ("salse", "billing")})
    found = corrected(wrong, {"salse": "sales"})
    assert found is not None
    assert as_typed(found) == "restart orders-db --databases sales,billing"
