"""Secrets are taken out of text, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.util.redact import HIDDEN, redact

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0B\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token xoxb-123-abcDEF leaked", "123-abcDEF"),
        ("xapp-1-A0-99-fff", "1-A0-99-fff"),
        ("xoxe.xoxp-1-Mi0yLTEy", "Mi0yLTEy"),
        ("https://hooks.slack.com/services/T0/B0/zzzz", "zzzz"),
        ("Authorization: Bearer abcdefgh.ijkl", "abcdefgh"),
        ("authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz"),
        ("got ya29.a0AfH6SMBx", "a0AfH6SMBx"),
        ("key AIzaSyA1234567890abcdefghijkl", "SyA1234567890"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0xyz.c2ln", "eyJpc3MiOiJ4In0xyz"),
        ("GOCSPX-abcdefghijkl", "abcdefghijkl"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
        ("postgresql://bot:hunter2@db/x", "hunter2"),
        ("postgresql://bot:hun@ter2@db/x", "ter2"),
        ("mysql://:hunter2@db", "hunter2"),
        ("host=db password=hunter2 user=bot", "hunter2"),
        ("host=db password='hunter 2' user=bot", "hunter 2"),
        ("PGPASSWORD=hunter2", "hunter2"),
        ('{"password": "hunter 2"}', "hunter 2"),
        ('{"password": "hun\\"ter2"}', "ter2"),
        ('{"db_password":"hunter2","a":1}', "hunter2"),
        ("{'client_secret': 'hunter2'}", "hunter2"),
        ("api_key: hunter2", "hunter2"),
        (f"key: {KEY} end", "MIIEvQIBADANBgkq"),
        (json.dumps({"private_key": KEY}), "MIIEvQIBADANBgkq"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkq", "MIIEvQIBADANBgkq"),
    ],
)
def test_secrets_go(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    assert HIDDEN in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "promote of `orders-db` failed: FATAL: password authentication failed for user bot",
        "projects/acme/locations/europe-west1/migrationJobs/orders",
        "until 2026-03-01T14:00:00+00:00: month end",
        "databases: sales, billing; validation skipped",
        "see https://cloud.google.com/database-migration/docs#x for more",
        "ask U0DANA0001 or dana@example.com",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["host=db password=hunter2 user=bot", '{"password": "hunter 2", "user": "bot"}']
)
def test_what_stands_around_a_secret_stays(text: str) -> None:
    assert "bot" in redact(text)
    assert "password" in redact(text)


@given(st.text())
def test_any_text_can_be_redacted_twice(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet="abcDEF0123456789", min_size=8), st.sampled_from(["xoxb-", "password=", "://u:"]))
def test_no_secret_survives_behind_its_mark(secret: str, mark: str) -> None:
    assert secret not in redact(f"a {mark}{secret}@host b").replace(mark, "")


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "password" * 20_000, "x:y" * 50_000, '"' * 100_000, "-" * 100_000]
)
def test_long_texts_are_no_trouble(text: str) -> None:
    assert redact(text)
