"""Which way to a Slack on this machine is kept out of the proxy."""

from __future__ import annotations

# typeshed leaves it out.
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import httpx
import pytest

from bot.slack.api.proxy import bypass_proxy


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_urllib_goes_there_without_it(host: str) -> None:
    environ = {"no_proxy": "internal.example"}
    bypass_proxy(f"http://{host}:3000/api/", environ)
    proxies = {"no": environ["no_proxy"]}
    assert proxy_bypass_environment(f"{host}:3000", proxies)
    assert proxy_bypass_environment("internal.example", proxies)
    assert not proxy_bypass_environment("slack.com", proxies)


def test_a_client_that_reads_no_ipv6_names_is_not_spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    bypass_proxy("http://127.0.0.1:3000/api/")
    httpx.Client().close()


def test_a_slack_elsewhere_leaves_all_as_it_is() -> None:
    environ: dict[str, str] = {}
    bypass_proxy("https://slack.com/api/", environ)
    assert environ == {}
