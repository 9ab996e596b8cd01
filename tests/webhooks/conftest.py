"""A receiver that the process trusts, and a store in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import Store, open_store
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving(tmp_path) as made:
        # As docs/install.md says for own certificates.
        monkeypatch.setenv("SSL_CERT_FILE", str(made.ca))
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "bot.db"))
    yield opened
    opened.close()
