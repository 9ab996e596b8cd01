"""Connects to a webhook over TLS, and posts one request.

The address that is connected to is the one that was looked at: a name that resolves to another address a
moment later changes nothing. TLS still asks for the name, and checks its certificate.

Through a proxy (`HTTPS_PROXY`, unless `NO_PROXY` names the host), the proxy resolves the name once more, so
that its own rules decide as well.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from bot.config.webhooks import Webhook
from bot.util.redact import redact
from bot.webhooks.addresses import refusal

TIMEOUT_S = 15.0
"""Of one request, from the name's look-up to the answer. Source: "Request timeouts" in Standard Webhooks."""
_EXCERPT_BYTES = 300
_PROXY_PORT = 8080
_NO_PROXY = "HTTPS_PROXY is not the http:// URL of a proxy"


class NoAnswer(Exception):
    """There was no HTTP answer. `str()` says why, without a full stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    retry_after_s: float = 0.0
    """How long the receiver asks to wait, in seconds."""
    excerpt: str = ""
    """The beginning of the body, for the log; empty after a success."""


class WebhookConnection:
    """Connections to one webhook, one after the other. `abort` may be called from any thread."""

    def __init__(self, webhook: Webhook, timeout_s: float = TIMEOUT_S) -> None:
        self._webhook = webhook
        self._timeout_s = timeout_s
        self._context = ssl.create_default_context()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._aborted = False

    def check(self) -> None:
        """Connect, and send nothing. Raises: NoAnswer."""
        with self._connected():
            pass

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post the body; a redirect is an answer like any other. Raises: NoAnswer."""
        with self._connected() as tls:
            webhook = self._webhook
            client = http.client.HTTPSConnection(webhook.host, webhook.port, timeout=self._timeout_s)
            client.sock = tls
            client.auto_open = 0
            client.request("POST", webhook.path, body, {**headers, "Connection": "close"})
            with client.getresponse() as response:
                is_success = 200 <= response.status < 300
                excerpt = b"" if is_success else response.read(_EXCERPT_BYTES)
                after = response.getheader("Retry-After", "")
                return Answer(response.status, retry_after_s(after, datetime.now(UTC)), _readable(excerpt))

    def abort(self) -> None:
        """End the request that is under way, if there is one."""
        with self._lock:
            self._aborted = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not that of the TLS socket, which would take its state away from the thread that reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    @contextmanager
    def _connected(self) -> Iterator[ssl.SSLSocket]:
        """A TLS connection, ended after the time-out whatever the other side does."""
        deadline = time.monotonic() + self._timeout_s
        with self._lock:
            self._aborted = False
        watchdog = threading.Timer(self._timeout_s, self.abort)
        watchdog.daemon = True
        watchdog.start()
        try:
            with self._open(deadline) as raw:
                self._keep(raw)
                with self._context.wrap_socket(raw, server_hostname=self._webhook.host) as tls:
                    self._keep(tls)
                    yield tls
        except ssl.SSLCertVerificationError as error:
            raise NoAnswer(f"its certificate cannot be trusted: {error.verify_message}") from error
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(self._reason(error)) from error
        finally:
            watchdog.cancel()
            with self._lock:
                self._socket = None

    def _keep(self, open_socket: socket.socket) -> None:
        with self._lock:
            if self._aborted:
                raise TimeoutError
            self._socket = open_socket

    def _reason(self, error: Exception) -> str:
        if self._aborted or isinstance(error, TimeoutError):
            return f"no answer within {self._timeout_s:g} seconds"
        if isinstance(error, http.client.HTTPException):
            return f"the answer is not HTTP ({type(error).__name__})"
        return redact(str(getattr(error, "strerror", None) or error or type(error).__name__))

    def _open(self, deadline: float) -> socket.socket:
        proxy = _proxy_for(self._webhook.host)
        if proxy is None:
            return _connect_to_any(_checked(self._webhook), deadline)
        with suppress(_NotResolved):
            _checked(self._webhook)
        try:
            return _through(proxy, self._webhook, deadline)
        except ValueError as error:  # a port that is no number, a host that is no name
            raise NoAnswer(_NO_PROXY) from error


class _NotResolved(NoAnswer):
    pass


def _checked(webhook: Webhook) -> list[tuple[str, int]]:
    """The addresses of the webhook that may be connected to, with its port.

    Raises:
        NoAnswer: there is none.
    """
    try:
        found = socket.getaddrinfo(webhook.host, webhook.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise _NotResolved(f"{webhook.host} cannot be resolved: {why}") from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    refused = {} if webhook.allow_private else {each: refusal(each) for each in addresses}
    allowed = [each for each in addresses if not refused.get(each)]
    if not allowed:
        first = addresses[0]
        is_name = "" if first == webhook.host else f"{webhook.host} resolves to "
        raise NoAnswer(
            f"{is_name}{first}, which is {refused[first]}; set allow_private = true if it is meant to be"
        )
    return [(each, webhook.port) for each in allowed]


def _connect_to_any(addresses: list[tuple[str, int]], deadline: float) -> socket.socket:
    """A connection to the first of them that takes one. Raises: OSError."""
    for number, address in enumerate(addresses, start=1):
        left = max(0.1, deadline - time.monotonic()) / (len(addresses) - number + 1)
        try:
            return socket.create_connection(address, timeout=left)
        except OSError:
            if number == len(addresses):
                raise
    raise OSError("there is no address")


def _proxy_for(host: str) -> SplitResult | None:
    """The proxy of the environment, unless the environment leaves the host out. Raises: NoAnswer."""
    url = getproxies().get("https", "")
    if not url or proxy_bypass(host):
        return None
    try:
        return urlsplit(url if "://" in url else f"http://{url}")
    except ValueError as error:
        raise NoAnswer(_NO_PROXY) from error


def _through(proxy: SplitResult, webhook: Webhook, deadline: float) -> socket.socket:
    """A tunnel through an HTTP proxy. Raises: OSError, http.client.HTTPException."""
    if proxy.scheme != "http" or not proxy.hostname:
        raise NoAnswer(_NO_PROXY)
    left = max(0.1, deadline - time.monotonic())
    client = http.client.HTTPConnection(proxy.hostname, proxy.port or _PROXY_PORT, timeout=left)
    headers = {}
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    client.set_tunnel(webhook.host, webhook.port, headers)
    client.connect()
    return client.sock


def retry_after_s(text: str, now: datetime) -> float:
    """Seconds from a `Retry-After` header: a number, or a time; 0 if it is neither.

    Source: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    if text.strip().isascii() and text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _readable(excerpt: bytes) -> str:
    """The excerpt in one line, without secrets."""
    return redact(" ".join(excerpt.decode("utf-8", "replace").split()))
