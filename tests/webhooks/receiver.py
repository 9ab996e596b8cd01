"""An HTTPS server that stands for every receiver, with a certificate that signs itself."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("localhost", "siem.example.com")


@dataclass(frozen=True)
class Got:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    asked_for: str
    """The name that TLS asked for; empty for an address."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


OK = Reply()
DRIP = ("X-Drip", "")
Respond = Callable[[Got], Reply | None]


class Receiver:
    """`respond` decides about each request, by path; None closes the connection without an answer.

    While `hang` is not set for a path, its requests are not answered at all.
    """

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "receiver.pem"
        _make_certificate(self.ca)
        self.got: list[Got] = []
        self.respond: dict[str, Respond] = {}
        self._names: dict[tuple[str, int], str] = {}
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.tls = self._context()
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = "/in", host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"

    def at(self, path: str) -> list[Got]:
        return [each for each in self.got if each.path == path]

    def hang(self, _: Got) -> Reply | None:
        """Answer nothing, until the receiver closes."""
        self.closing.wait(60)
        return None

    def drip(self, _: Got) -> Reply | None:
        """Begin an answer, and never end it."""
        return Reply(headers=(DRIP,))

    def take(self, got: Got) -> Reply | None:
        self.got.append(got)
        respond = self.respond.get(got.path)
        return OK if respond is None else respond(got)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca)

        def remember(tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            assert isinstance(tls, ssl.SSLSocket)
            tls.asked_for = name or ""  # type: ignore[attr-defined]

        context.sni_callback = remember
        return context


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, Any]:
        link, address = super().get_request()
        link.settimeout(30)
        return self.tls.wrap_socket(link, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked_for = getattr(self.connection, "asked_for", "")
        reply = self.receiver.take(Got(self.path, dict(self.headers), body, asked_for))
        with suppress(OSError):
            if reply is None:
                self.close_connection = True
                return
            if DRIP in reply.headers:
                self._drip()
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

    def _drip(self) -> None:
        while not self.receiver.closing.wait(0.05):
            self.wfile.write(b"H")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    made = Receiver(folder)
    try:
        yield made
    finally:
        made.close()


def _make_certificate(path: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a receiver")])
    hosts: list[x509.GeneralName] = [x509.DNSName(each) for each in NAMES]
    hosts.append(x509.IPAddress(ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    kind = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
