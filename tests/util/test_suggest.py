"""Which word is thought to be meant by one that is not known."""

from __future__ import annotations

import pytest

from bot.util.suggest import did_you_mean, nearest, or_similar

VERBS = ("delete", "help", "history", "list", "promote", "restart", "resume", "show", "start", "stop")
STATES = ("CREATING", "FAILED", "NOT_STARTED", "RUNNING", "STOPPED", "STOPPING")


@pytest.mark.parametrize(
    ("typed", "among", "meant"),
    [
        ("restrat", VERBS, "restart"),
        ("hist", VERBS, "history"),
        ("Promot", VERBS, "promote"),
        ("stpo", VERBS, "stop"),
        ("re", VERBS, ""),
        ("res", ("restart", "resume", "rest"), "rest"),
        ("reboot", VERBS, ""),
        ("restore", VERBS, ""),
        ("remove", VERBS, ""),
        ("runing", STATES, "RUNNING"),
        ("faild", STATES, "FAILED"),
        ("stop", STATES, ""),
        ("cdd", ("full_dump", "cdc"), "cdc"),
        ("mx", ("min", "optimal", "max"), "max"),
        ("b", ("a", "c"), ""),
        ("", ("only",), ""),
        ("x" * 200, ("x" * 199,), ""),
        ("orders", (), ""),
    ],
)
def test_what_was_meant(typed: str, among: tuple[str, ...], meant: str) -> None:
    assert nearest(typed, among) == meant


def test_hints_stand_behind_what_was_said() -> None:
    assert did_you_mean("restrat", VERBS) == " Did you mean `restart`?"
    assert did_you_mean("restrat", VERBS, "/dms help {}") == " Did you mean `/dms help restart`?"
    assert or_similar("restrat", VERBS) == " (did you mean `restart`?)"


def test_no_hint_where_no_word_is_near() -> None:
    assert did_you_mean("reboot", VERBS) == ""
    assert or_similar("reboot", VERBS) == ""
