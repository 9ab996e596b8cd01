"""The variables that docs/install.md names for proxies and for own certificates, with the real clients.

A proxy takes every connection and stands for each server itself, as one that inspects TLS does.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from bot.slack.api.proxy import is_bypassed

ROOT = Path(__file__).resolve().parents[2]
SLACK, WEBSOCKET = "slack.com", "wss-primary.slack.com"
DMS, TOKENS = "datamigration.googleapis.com", "oauth2.googleapis.com"
IAM = "iamcredentials.googleapis.com"
ROBOT, STRANGER = "robot@acme.iam.gserviceaccount.com", "stranger@acme.iam.gserviceaccount.com"
ANSWERS: dict[str, Any] = {
    "/api/auth.test": {"ok": True, "team_id": "T1"},
    "/api/apps.connections.open": {"ok": True, "url": f"wss://{WEBSOCKET}/link/?ticket=1"},
    "/token": {"access_token": "ya29.test", "expires_in": 3600, "token_type": "Bearer"},
    "/v1/projects": {},
    f"/v1/projects/-/serviceAccounts/{ROBOT}:generateAccessToken": {
        "accessToken": "ya29.robot",
        "expireTime": "2099-01-01T00:00:00Z",
    },
    f"/v1/projects/-/serviceAccounts/{STRANGER}:generateAccessToken": {
        "error": {
            "code": 403,
            "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource "
            "(or it may not exist).",
            "status": "PERMISSION_DENIED",
        }
    },
}
"""By path; an `error` comes with its code. IAM's: "Create short-lived credentials for a service account"."""
CODE = """
from bot.runtime import logs; logs.configure("CRITICAL", "json", [])  # to stderr
import contextlib, grpc
from bot.dms.transport import Transport
from bot.slack.api.client import slack_client
from bot.slack.inbound.socket_receiver import SocketClient

web = slack_client("xoxb-1", "https://slack.com/api/", 60)
print(web.auth_test()["team_id"])
client = SocketClient("xapp-1", web_client=web)
client.connect()
google = Transport(None, None)
print(google.session(write=False).get(google.rest_url + "/v1/projects", timeout=60).status_code)
with contextlib.suppress(grpc.RpcError):
    google.dms.unary_unary("/any/Method")(b"", timeout=5)
import os; os._exit(0)
"""
IMPERSONATING = """
from bot.runtime import logs; logs.configure("CRITICAL", "json", [])  # to stderr
import os, sys
from bot.dms.errors import DmsError
from bot.dms.gateway import Gateway

gateways = [Gateway("acme", ("europe-west1",), deadline_s=5, impersonate=each) for each in sys.argv[1:]]
print("made")
for gateway in gateways:
    for read in (gateway.rest_fields, gateway.get_job):
        try:
            read("projects/acme/locations/europe-west1/migrationJobs/shop")
        except DmsError as error:
            print(error.code, error)
os._exit(0)
"""


def key_of() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


def certificate(folder: Path) -> tuple[Path, Path]:
    """One that signs itself, for all the servers: its file, and that of its key."""
    key, now = key_of(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the company")])
    hosts = x509.SubjectAlternativeName([x509.DNSName(each) for each in (SLACK, WEBSOCKET, DMS, TOKENS, IAM)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.key").write_bytes(pem(key))
    return folder / "ca.pem", folder / "ca.key"


class Proxy:
    """Answers for each host that it is asked to connect to; `seen` has the host and the first line."""

    def __init__(self, folder: Path) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*certificate(folder))
        self._tls.set_alpn_protocols(["h2", "http/1.1"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.seen: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        """With which DMS was asked over REST."""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with suppress(OSError), link:
            link.settimeout(60)
            asked = re.match(rb"CONNECT ([\w.-]+):443 ", _head(link))
            if asked is None:
                return
            link.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with self._tls.wrap_socket(link, server_side=True) as inner:
                read = _head(inner).decode(errors="replace")
                line = read.partition("\r\n")[0]
                self.seen.append((asked[1].decode(), line))
                if asked[1].decode() == DMS:
                    self.tokens |= set(re.findall(r"(?i)^authorization: Bearer (\S+)", read, re.MULTILINE))
                answer: dict[str, Any] = ANSWERS.get(line.split(" ")[1].partition("?")[0], {})
                body = json.dumps(answer).encode()
                status = answer["error"]["code"] if "error" in answer else 200
                kind = "Content-Type: application/json\r\n"
                head = f"HTTP/1.1 {status} OK\r\n{kind}Content-Length: {len(body)}\r\n"
                inner.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
                while inner.recv(4096):
                    pass  # closed with something unread, it would reset the connection


def _head(link: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read and (more := link.recv(4096)):
        read += more
    return read


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    made = Proxy(tmp_path)
    yield made
    made.close()


def documented() -> dict[str, str]:
    """The variables of the example, without their values."""
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8").partition("## 6.")[2]
    (block,) = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"^export (\w+)=(\S+)", block, re.MULTILINE))


def test_every_client_goes_through_the_proxy_and_trusts_the_companys_certificate(
    proxy: Proxy, tmp_path: Path
) -> None:
    done = run(proxy, tmp_path, CODE)
    assert {"T1", "200"} <= set(done.stdout.splitlines()), done.stderr
    assert {
        (SLACK, "POST /api/auth.test HTTP/1.1"),
        (WEBSOCKET, "GET /link/?ticket=1 HTTP/1.1"),
        (TOKENS, "POST /token HTTP/1.1"),
        (DMS, "GET /v1/projects HTTP/1.1"),
        (DMS, "PRI * HTTP/2.0"),
    } <= set(proxy.seen)


def test_a_project_is_asked_in_the_name_of_its_service_account(proxy: Proxy, tmp_path: Path) -> None:
    """Over REST; over gRPC, the token is sent only to a server that speaks HTTP/2."""
    done = run(proxy, tmp_path, IMPERSONATING, ROBOT)
    assert done.stdout.startswith("made"), done.stderr
    assert (IAM, f"POST /v1/projects/-/serviceAccounts/{ROBOT}:generateAccessToken HTTP/1.1") in proxy.seen
    assert proxy.tokens == {"ya29.robot"}


def test_an_account_that_the_bot_may_not_act_as_fails_the_calls_of_its_project_alone(
    proxy: Proxy, tmp_path: Path
) -> None:
    done = run(proxy, tmp_path, IMPERSONATING, STRANGER)
    made, *errors = done.stdout.splitlines()
    assert (made, len(errors)) == ("made", 2), done.stderr
    assert errors[0].startswith("UNAUTHENTICATED The bot could not read shop (the bot may not act as ")
    assert "Permission 'iam.serviceAccounts.getAccessToken' denied on resource" in errors[0]
    assert "roles/iam.serviceAccountTokenCreator" in errors[0]
    assert DMS not in {host for host, line in proxy.seen if "HTTP/1.1" in line}


def run(proxy: Proxy, tmp_path: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the code with a service account, and with the variables that the docs name."""
    account = {
        "type": "service_account",
        "client_email": "dms-bot@acme.iam.gserviceaccount.com",
        "token_uri": f"https://{TOKENS}/token",
        "private_key": pem(key_of()).decode(),
    }
    (tmp_path / "account.json").write_text(json.dumps(account))
    given = {
        name: proxy.url if value.startswith("http") else str(tmp_path / "ca.pem")
        for name, value in documented().items()
        if name.lower() != "no_proxy"
    }
    assert len(given) == 5
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environ = {**kept, **given, "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "account.json")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize(
    ("no_proxy", "bypassed"),
    [("", False), ("example.com", False), ("slack.com", True), (".slack.com", True), ("*", True)],
)
def test_slack_can_be_left_out_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, bypassed: bool
) -> None:
    monkeypatch.setenv("no_proxy", no_proxy)
    assert is_bypassed("https://slack.com/api/") is bypassed
    assert is_bypassed("http://localhost:3000/api/")
