"""No request gets into a private network, whatever a name resolves to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.store import Store
from bot.webhooks.addresses import refusal
from bot.webhooks.connection import NoAnswer, WebhookConnection
from tests.waiting import until
from tests.webhooks.receiver import Receiver
from tests.webhooks.world import a_webhook, enqueue, sender, sending, waiting

# https://www.iana.org/assignments/iana-ipv4-special-registry and its sibling for IPv6; metadata servers as
# their clouds document them.
REFUSED = """
    0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.8.8.8 169.254.169.254
    169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1
    198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    168.63.129.16 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:10::1 2001:20::1 2001:db8::1
    2002:7f00:1::1 2002:0a00:0001::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fd20:ce::254 fe80::1
    fe80::1%eth0 fec0::1 ff02::1
"""
ALLOWED = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
    172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 223.255.255.255
    169.253.255.255 2606:4700:4700::1111 2a00:1450:4001:80f::200e ::ffff:8.8.8.8 64:ff9b::808:808
"""


@pytest.mark.parametrize("address", REFUSED.split())
def test_no_address_but_those_of_the_internet(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize("address", ALLOWED.split())
def test_the_internet_can_be_reached(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f000001", "2130706433"]
)
def test_this_machine_is_refused_however_it_is_written(receiver: Receiver, host: str) -> None:
    webhook = replace(a_webhook(receiver.url(host=host)), allow_private=False)
    with pytest.raises(NoAnswer, match="set allow_private = true if it is meant to be"):
        WebhookConnection(webhook, 5).post(b"{}", {})
    assert receiver.got == []


def test_what_is_refused_waits(receiver: Receiver, store: Store) -> None:
    enqueue(store, "event-1")
    webhook = replace(a_webhook(receiver.url()), allow_private=False)
    with sending(sender(store, webhook)):
        until(lambda: waiting(store), lambda first: first is not None and first.attempts == 1)
    assert receiver.got == []


Resolve = Callable[..., list[Any]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server: the answers for each name, one after the other; the last one stays."""
    found: dict[str, list[list[str]]] = {}
    real: Resolve = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        if host not in found:
            return real(host, port, *args, **more)
        answers = found[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [each for address in addresses for each in real(address, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return found


def test_the_address_that_was_looked_at_is_connected_to(
    receiver: Receiver, names: dict[str, list[list[str]]]
) -> None:
    """A name that resolves to another address a moment later, as an attacker's may."""
    names["siem.example.com"] = [["127.0.0.1"], ["192.0.2.1"]]
    webhook = a_webhook(receiver.url(host="siem.example.com"))
    assert WebhookConnection(webhook, 5).post(b"{}", {}).status == 200
    (got,) = receiver.got
    assert (got.asked_for, got.headers["Host"]) == ("siem.example.com", f"siem.example.com:{receiver.port}")
    assert len(names["siem.example.com"]) == 1, "it was resolved once"


def test_a_name_with_private_addresses_alone_is_refused(
    receiver: Receiver, names: dict[str, list[list[str]]]
) -> None:
    names["siem.example.com"] = [["127.0.0.1", "10.0.0.1"]]
    webhook = replace(a_webhook(receiver.url(host="siem.example.com")), allow_private=False)
    with pytest.raises(NoAnswer, match=r"siem.example.com resolves to 127.0.0.1, which is this machine"):
        WebhookConnection(webhook, 5).check()
    assert receiver.got == []


def test_another_names_certificate_is_refused(receiver: Receiver, names: dict[str, list[list[str]]]) -> None:
    names["other.example.com"] = [["127.0.0.1"]]
    with pytest.raises(NoAnswer, match="certificate cannot be trusted"):
        WebhookConnection(a_webhook(receiver.url(host="other.example.com")), 5).post(b"{}", {})
    assert receiver.got == []


def test_a_name_that_does_not_exist(receiver: Receiver) -> None:
    with pytest.raises(NoAnswer, match=r"no-such-host.invalid cannot be resolved"):
        WebhookConnection(a_webhook("https://no-such-host.invalid/"), 5).check()


def test_through_a_proxy(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets the name, and resolves it; what the bot itself finds private is refused before."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://bot:pass%40word@127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        private = replace(a_webhook(receiver.url()), allow_private=False)
        with pytest.raises(NoAnswer, match="allow_private"):
            WebhookConnection(private, 5).check()
        asked = _tunnel(proxy, receiver.port)
        assert (
            WebhookConnection(a_webhook(receiver.url(host="siem.example.com")), 5).post(b"{}", {}).status
            == 200
        )
        head = until(lambda: asked)[0]
        monkeypatch.setenv("no_proxy", "localhost")
        assert WebhookConnection(a_webhook(receiver.url()), 5).post(b"{}", {}).status == 200
    assert head.startswith(f"CONNECT siem.example.com:{receiver.port} HTTP/1.")
    assert "Proxy-Authorization: Basic Ym90OnBhc3NAd29yZA==" in head  # bot:pass@word
    assert len(asked) == 1


def _tunnel(proxy: socket.socket, port: int) -> list[str]:
    """Connects one client to the receiver, whatever it asks for."""
    asked: list[str] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve() -> None:
        client, _ = proxy.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            asked.append(head.decode())
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            pump(client, server)
            back.join(60)

    threading.Thread(target=serve, daemon=True).start()
    return asked
