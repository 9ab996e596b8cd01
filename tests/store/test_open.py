"""What `DMS_BOT_DB` may be, and what is said of everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.store import StoreError, open_store


def test_a_path_and_an_address_of_the_same_file(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "bot.db"))
    store.put_value("a", "1")
    store.close()
    again = open_store(f"sqlite:///{tmp_path}/bot.db")
    assert again.value("a") == "1"
    again.close()


def test_a_path_with_unusual_characters(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20ü.db"
    open_store(str(path)).close()
    assert path.exists()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://host/db", "not mysql://"),
        ("", "must name a file"),
        ("sqlite:///", "must name a file"),
        (":memory:", "in memory"),
        ("/no/such/folder/bot.db", "folder does not exist"),
        ("~nobody-here/bot.db", "folder does not exist"),
        ("postgresql://dms:s3cret@127.0.0.1:1/bot", "at 127.0.0.1:1 cannot be reached"),
        ("postgresql://dms:s3cret@127.0.0.1:1/bot?no_such_option=1", "no valid postgresql:// address"),
        ("postgresql://dms:s3cret@127.0.0.1:notaport/bot", "127.0.0.1"),
        ("postgresql://dms:p@s3cret@127.0.0.1:1/bot", "no valid postgresql:// address"),
        ("dms:s3cret://127.0.0.1", "not what is there"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(url: str, says: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(url)
    sentence = str(refused.value)
    assert says in sentence
    assert "s3cret" not in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
