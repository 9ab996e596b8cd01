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


@pytest.mark.parametrize(
    ("word", "opposite"),
    [
        ("undelete", "delete"),
        ("unstop", "stop"),
        ("unpromote", "promote"),
        ("no-destination", "with-destination"),
        ("without-destination", "with-destination"),
        ("witout-destination", "with-destination"),
        ("keep-destination", "with-destination"),
        ("with-no-destination", "with-destination"),
        ("validation", "skip-validation"),
        ("unwatchs", "watches"),
        ("started", "not_started"),
    ],
)
def test_nobody_is_offered_the_opposite(word: str, opposite: str) -> None:
    assert nearest(word, [opposite, "history"]) == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("unfreze", "unfreeze"),
        ("freze", "freeze"),
        ("exclud", "exclude"),
        ("skip-validaton", "skip-validation"),
        ("wiht-destinaton", "with-destination"),
        ("eurpoe-wset1", "europe-west1"),
    ],
)
def test_a_word_that_denies_has_its_own_slips(typed: str, meant: str) -> None:
    among = ["freeze", "unfreeze", "include", "exclude", "skip-validation", "not_started", "starting"]
    among += ["with-destination", "europe-west1"]
    assert nearest(typed, among) == meant
