"""Ports for what cannot choose one itself, ports at which nobody answers, and the ports of a started bot."""

from __future__ import annotations

import json
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_LOOPBACK = "127.0.0.1"
_RANGE = range(20_000, 30_000)
"""Below the ports that Linux gives to connections and to whoever asks for any: another process would soon be
given a port of those. `ip_local_port_range` begins at 32,768."""


def free_port(after: int = 0) -> int:
    """A port that nobody listens on, and the next `after` ones neither."""
    while True:
        port = secrets.choice(_RANGE)
        if all(_is_free(port + each) for each in range(after + 1)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: connections of an earlier one that are still closing are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections; nobody else can take it meanwhile."""
    with socket.socket() as holder:
        holder.bind((_LOOPBACK, 0))
        yield int(holder.getsockname()[1])


def ports_of(log: str) -> list[int]:
    """Those that the servers of a bot say they listen on, in this order, where its log is JSON."""
    return [
        json.loads(each)["port"] for each in re.findall(r'^.*"http_server_listening".*\n', log, re.MULTILINE)
    ]
