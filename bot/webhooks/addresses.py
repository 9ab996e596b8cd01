"""Which addresses may be connected to: those of the public Internet. Pure functions.

Whoever can choose a URL, or what its name resolves to, must not reach a private network or a cloud's
metadata server through the bot ("Server side request forgery" in Standard Webhooks). So addresses are looked
at, not names, and right before each connection.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_REFUSED_4 = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "a private network",
    IPv4Network("100.64.0.0/10"): "a carrier's network",
    IPv4Network("127.0.0.0/8"): "this machine",
    IPv4Network("169.254.0.0/16"): "link-local, where metadata servers are",
    IPv4Network("172.16.0.0/12"): "a private network",
    IPv4Network("192.0.0.0/24"): "reserved",
    IPv4Network("192.0.2.0/24"): "reserved for documentation",
    IPv4Network("192.88.99.0/24"): "reserved",
    IPv4Network("192.168.0.0/16"): "a private network",
    IPv4Network("198.18.0.0/15"): "reserved for benchmarks",
    IPv4Network("198.51.100.0/24"): "reserved for documentation",
    IPv4Network("203.0.113.0/24"): "reserved for documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
    # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
    IPv4Network("168.63.129.16/32"): "Azure's metadata server",
}
_PUBLIC_6 = IPv6Network("2000::/3")
"""All that is given out as global unicast: https://www.iana.org/assignments/ipv6-address-space"""
_REFUSED_6 = {
    IPv6Network("2001::/23"): "reserved for protocols",
    IPv6Network("2001:db8::/32"): "reserved for documentation",
    IPv6Network("2002::/16"): "6to4",
    IPv6Network("3fff::/20"): "reserved for documentation",
}
_NAT64 = IPv6Network("64:ff9b::/96")
"""Means the IPv4 address in its last 32 bits: https://www.rfc-editor.org/rfc/rfc6052"""
_MAPPED = IPv6Network("::ffff:0:0/96")


def refusal(address: str) -> str:
    """Why the address must not be connected to; empty if it may be. It may have a zone (`fe80::1%eth0`).

    Raises:
        ValueError: it is no address.
    """
    return _refusal(ip_address(address.partition("%")[0]))


def _refusal(address: Address) -> str:
    if isinstance(address, IPv6Address):
        return _refusal_6(address)
    return next((why for network, why in _REFUSED_4.items() if address in network), "")


def _refusal_6(address: IPv6Address) -> str:
    if address in _NAT64 or address in _MAPPED:
        return _refusal(IPv4Address(int(address) & 0xFFFF_FFFF))
    if address not in _PUBLIC_6:
        return "not an address of the public Internet"
    return next((why for network, why in _REFUSED_6.items() if address in network), "")
