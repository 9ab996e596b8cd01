"""What client libraries raise, and what it means."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.api_core import exceptions as api_exceptions
from google.auth import exceptions as auth_exceptions
from google.rpc import error_details_pb2

from bot.dms.error_mapping import (
    REASON_LIMIT,
    CallFailure,
    RestError,
    code_of,
    failure_of,
    one_line,
    translate,
)
from bot.dms.errors import Denied, DmsError, Refused, Unavailable, Unclear

# Their constructors carry no types.
api: Any = api_exceptions
auth: Any = auth_exceptions


def translated_error(error: Exception, *, write: bool = True) -> DmsError:
    return translate(error, "stop orders-db", write=write)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("failed to connect to all addresses; last error: … Connection refused", Unavailable),
        ("DNS resolution failed for nowhere:443", Unavailable),
        ("errors resolving nowhere: [Domain name not found]", Unavailable),
        ("a proxy says: failed to connect to all addresses", Unclear),
        ("upstream connect error or disconnect/reset before headers", Unclear),
        ("Socket closed", Unclear),
        ("GOAWAY received", Unclear),
    ],
)
def test_only_what_never_left_is_sure_to_have_changed_nothing(text: str, kind: type[DmsError]) -> None:
    assert type(translated_error(api.ServiceUnavailable(text))) is kind
    assert type(translated_error(api.ServiceUnavailable(text), write=False)) is Unavailable


def test_a_token_that_cannot_be_had_is_about_credentials() -> None:
    text = "Getting metadata from plugin failed with error: Reauthentication is needed."
    error = translated_error(api.ServiceUnavailable(text))
    assert isinstance(error, Denied)
    assert "Reauthentication is needed" in str(error)
    assert "gcloud auth application-default login" in str(error)
    assert "plugin" not in str(error)


def test_a_token_server_that_is_away_is_not_about_credentials() -> None:
    text = "Getting metadata from plugin failed with error: HTTPSConnectionPool(): Max retries exceeded"
    error = translated_error(api.ServiceUnavailable(text))
    assert isinstance(error, Unavailable)
    assert "token server" in str(error)


def test_a_service_account_that_cannot_be_impersonated_is_not_about_a_login() -> None:
    text = "Getting metadata from plugin failed with error: the bot may not act as robot@acme: denied"
    error = translated_error(api.ServiceUnavailable(text))
    assert (type(error), error.code) == (Denied, "UNAUTHENTICATED")
    assert "roles/iam.serviceAccountTokenCreator" in str(error)
    assert "gcloud" not in str(error)


@pytest.mark.parametrize("error", [auth.RefreshError("token expired"), auth.DefaultCredentialsError("none")])
def test_credentials_that_fail(error: Exception) -> None:
    assert isinstance(translated_error(error), Denied)
    assert code_of(error) == "UNAUTHENTICATED"


def test_a_token_server_that_is_away_means_nothing_was_sent() -> None:
    assert isinstance(translated_error(auth.TransportError("no route")), Unavailable)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (requests.ConnectTimeout("x"), Unavailable),
        (requests.ReadTimeout("x"), Unclear),
        (requests.ConnectionError("reset by peer"), Unclear),
        (requests.exceptions.ChunkedEncodingError("cut"), Unclear),
        (requests.exceptions.SSLError("x"), Unclear),
    ],
)
def test_requests(error: Exception, kind: type[DmsError]) -> None:
    assert type(translated_error(error)) is kind
    assert type(translated_error(error, write=False)) is Unavailable


def test_violations_add_what_the_message_leaves_out() -> None:
    violation = error_details_pb2.PreconditionFailure.Violation(description="The job is RUNNING.")
    details = [
        error_details_pb2.PreconditionFailure(violations=[violation]),
        error_details_pb2.LocalizedMessage(locale="en", message="Stop it first."),
    ]
    error = translated_error(api.FailedPrecondition("Cannot start", details=details))
    assert isinstance(error, Refused)
    assert str(error) == ("DMS cannot stop orders-db now: Cannot start; The job is RUNNING; Stop it first.")


def test_violations_over_rest() -> None:
    violations: list[dict[str, Any]] = [
        {"@type": "…BadRequest", "fieldViolations": [{"field": "f", "description": "f is empty"}]},
        {"@type": "…PreconditionFailure", "violations": [{"description": "it runs"}]},
        {"@type": "…LocalizedMessage", "locale": "en", "message": "stop it"},
    ]
    cause = failure_of(RestError(400, {"message": "No.", "details": [*violations, "odd"]}))
    assert cause == CallFailure("INVALID_ARGUMENT", "No; f is empty; it runs; stop it")


def test_the_same_is_not_said_twice() -> None:
    violation = error_details_pb2.PreconditionFailure.Violation(description="it runs")
    details = [error_details_pb2.PreconditionFailure(violations=[violation])]
    assert failure_of(api.FailedPrecondition("Refused: it runs", details=details)) == CallFailure(
        "FAILED_PRECONDITION", "Refused: it runs"
    )


def test_no_reason_given() -> None:
    assert "no reason was given (FAILED_PRECONDITION)" in str(translated_error(api.FailedPrecondition("")))


def test_a_fault_in_the_program_stays_one() -> None:
    assert failure_of(KeyError("x")) is None
    assert code_of(KeyError("x")) == "UNKNOWN"
    with pytest.raises(KeyError):
        translated_error(KeyError("x"))


def test_a_reason_is_one_line_of_bearable_length() -> None:
    assert one_line("  two\n lines.  ") == "two lines"
    assert len(one_line("x" * 5000)) == REASON_LIMIT
