from __future__ import annotations

from bot.util.recent import Recent


def test_the_key_that_was_set_longest_ago_gives_way() -> None:
    recent = Recent[int](most=2)
    recent["a"] = 1
    recent["b"] = 2
    recent["a"] = 3
    recent["c"] = 4
    assert dict(recent) == {"a": 3, "c": 4}


def test_a_default_counts_as_set() -> None:
    recent = Recent[int](most=2)
    for key in "abc":
        recent.setdefault(key, 0)
    assert list(recent) == ["b", "c"]
    assert recent.setdefault("b", 1) == 0
    assert recent.pop("b") == 0
    assert recent.pop("b", None) is None
