"""Whose links unfold. Shape: page link_shared of docs.slack.dev."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.api.installation import Installation
from bot.slack.inbound.payloads import Malformed
from bot.slack.inbound.unfurling import SharedLinks, parse_links

URL = "https://example.com/12345"
EVENT: dict[str, Any] = {
    "type": "link_shared",
    "channel": "C123ABC456",
    "is_bot_user_member": True,
    "user": "U123ABC456",
    "message_ts": "123456789.9875",
    "unfurl_id": "C123456.123456789.987501.1b90fa1278528ce6e2f6c5c2bfa1abc9a41d57d02b29d173f40399c9ffdecf4b",
    "source": "conversations_history",
    "links": [{"domain": "example.com", "url": URL}, {"domain": "example.com", "url": URL}],
}


def parsed(changes: dict[str, Any], **wrapper: Any) -> SharedLinks | None:
    return parse_links({"team_id": "T1", "event": EVENT | changes, **wrapper}, Installation("T1"))


def test_each_link_once() -> None:
    found = parsed({})
    assert found is not None
    assert (found.who.user, found.who.channel, found.ts) == ("U123ABC456", "C123ABC456", "123456789.9875")
    assert found.urls == (URL,)


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "D123ABC456"},
        {"channel": "COMPOSER", "message_ts": "Uxxxxxxx-909b5454", "source": "composer"},
        {"source": "composer"},
        {"user": None},
    ],
    ids=str,
)
def test_elsewhere_links_stay_links(changes: dict[str, Any]) -> None:
    assert parsed(changes) is None


def test_where_other_organisations_read_links_stay_links() -> None:
    assert parsed({}, is_ext_shared_channel=True) is None


@pytest.mark.parametrize("links", ["x", ["x"], [{"url": 1}]], ids=str)
def test_malformed(links: Any) -> None:
    with pytest.raises(Malformed):
        parsed({"links": links})
