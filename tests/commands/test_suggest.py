"""Which word is thought to be meant by one that is not known."""

from __future__ import annotations

import pytest

from bot.util.suggest import nearest

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
