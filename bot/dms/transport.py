"""Connections to Google's services, or to an emulator.

Automatic retries are off: gRPC's own, retry policies from DNS, HTTP redirects, and the retry of a write after
a token refresh. Only `bot.dms.calls` decides what is retried.
"""

from __future__ import annotations

import json
from typing import Any

import google.auth
import grpc
import requests
from google.api_core import grpc_helpers
from google.auth import impersonated_credentials
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter

from bot.dms.error_mapping import IAM_FAILED, LOGIN_HINT, MAY_NOT_ACT, one_line
from bot.dms.errors import Denied

DMS_HOST = "datamigration.googleapis.com"
MONITORING_HOST = "monitoring.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    # Detects a dead peer well before the deadline of the calls that wait for it.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Reconnect within seconds after an outage; by default, gRPC waits up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)
_POOL = 32
_TRANSIENT = frozenset({"UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"})


class Transport:
    """Channels and sessions, with Application Default Credentials, or without credentials for an emulator.

    With `impersonate`, these credentials are used to act as the service account with this e-mail address.

    Raises:
        Denied: there are no credentials; the message says how to get some.
    """

    def __init__(
        self, emulator_host: str | None, emulator_rest_host: str | None, impersonate: str = ""
    ) -> None:
        self._emulator = _host_only(emulator_host) if emulator_host else None
        self._credentials = _anonymous() if self._emulator else _credentials(impersonate)
        self.rest_url = f"https://{DMS_HOST}"
        if self._emulator:
            self.rest_url = _rest_url(emulator_rest_host or _rest_port(self._emulator))
        self.dms = self._channel(DMS_HOST)
        # An emulator serves both APIs on one port.
        self.monitoring = self.dms if self._emulator else self._channel(MONITORING_HOST)

    def url_of(self, host: str) -> str:
        """Where the REST API of a Google host is; an emulator has all of them in one place."""
        return self.rest_url if self._emulator else f"https://{host}"

    def session(self, *, write: bool, host: str = DMS_HOST) -> requests.Session:
        """A session that sends each request once. For reads, a 401 refreshes the token and retries."""
        refreshes = 0 if write or self._emulator else 1
        session = AuthorizedSession(self._credentials, max_refresh_attempts=refreshes, default_host=host)  # type: ignore[no-untyped-call]
        session.trust_env = self._emulator is None
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL, max_retries=0))
        return session

    def close(self) -> None:
        self.dms.close()
        self.monitoring.close()

    def _channel(self, host: str) -> grpc.Channel:
        if self._emulator:
            # Ignore a proxy in the environment: the emulator is local.
            return grpc.insecure_channel(self._emulator, options=[*_OPTIONS, ("grpc.enable_http_proxy", 0)])
        channel: grpc.Channel = grpc_helpers.create_channel(
            host, credentials=self._credentials, default_host=host, options=list(_OPTIONS)
        )
        return channel


def _anonymous() -> Any:
    return AnonymousCredentials()  # type: ignore[no-untyped-call]


def _credentials(impersonate: str) -> Any:
    return Impersonated(_adc(), impersonate) if impersonate else _adc()


class Impersonated(Credentials):
    """Tokens of a service account, got with the `source` credentials.

    The library's own class may ask the metadata server already when it is made. This one makes it with the
    first token, so that what fails there fails a call of one project, and not the start of the bot.

    Source: https://cloud.google.com/iam/docs/service-account-impersonation
    """

    def __init__(self, source: Any, account: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._source = source
        self._account = account
        self._made: Any = None

    @property
    def service_account_email(self) -> str:
        return self._account

    def refresh(self, request: Any) -> None:
        if self._made is None:
            self._made = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
                self._source, self._account, [SCOPE]
            )
        try:
            self._made.refresh(request)
        except RefreshError as error:
            raise _explained(error, self._account) from error
        self.token, self.expiry = self._made.token, self._made.expiry


def _explained(error: RefreshError, account: str) -> GoogleAuthError:
    """The library's error with what IAM says, and without the JSON around it.

    Source: google.auth.impersonated_credentials, `_make_iam_token_request`.
    """
    title, body = (*error.args, "", "")[:2]
    if not str(title).startswith("Unable to acquire impersonated credentials"):
        return error  # those of the bot itself cannot be used
    try:
        said = json.loads(body)["error"]
        message, status = str(said["message"]), said.get("status", "")
    except (ValueError, TypeError, KeyError, AttributeError):
        message, status = str(body or title), ""
    if status in _TRANSIENT:
        return TransportError(f"{IAM_FAILED}: {message}")  # type: ignore[no-untyped-call]
    return RefreshError(f"{MAY_NOT_ACT} {account}: {message}")  # type: ignore[no-untyped-call]


def _adc() -> Any:
    try:
        credentials, _project = google.auth.default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise Denied(
            f"The bot has no usable Google credentials ({one_line(str(error))}): {LOGIN_HINT}.",
            code="UNAUTHENTICATED",
        ) from error
    return credentials


def _host_only(host: str) -> str:
    return host.partition("://")[2] if "://" in host else host


def _rest_url(host: str) -> str:
    return (host if "://" in host else f"http://{host}").rstrip("/")


def _rest_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return f"{name}:{int(port) + 1}"
