"""Checks of the webhooks: which there are, and whether each can be reached. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator

from bot.config.settings import Settings
from bot.config.webhooks import Webhook
from bot.doctor.finding import Finding, fail, ok
from bot.util.text import count_of
from bot.webhooks.connection import NoAnswer, WebhookConnection


def run_checks(settings: Settings, *, offline: bool) -> Iterator[Finding]:
    """One finding for each webhook; with `offline`, only what it gets."""
    for webhook in settings.webhooks:
        yield _described(webhook) if offline else _reached(webhook)


def _described(webhook: Webhook) -> Finding:
    return ok(_check(webhook), f"{_gets(webhook)} to {webhook.host}.")


def _reached(webhook: Webhook) -> Finding:
    try:
        WebhookConnection(webhook).check()
    except NoAnswer as error:
        return fail(
            _check(webhook),
            f"{_gets(webhook)} to {webhook.host}, which cannot be reached: {error}.",
            "Check its url in the settings, and that this machine may connect to it; see docs/webhooks.md.",
        )
    found = f"{_gets(webhook)} to {webhook.host}, which can be reached; nothing was sent."
    return ok(_check(webhook), found)


def _check(webhook: Webhook) -> str:
    return f"webhook {webhook.name}"


def _gets(webhook: Webhook) -> str:
    words = ", ".join(webhook.events)
    events = f"events ({words})" if words else ""
    audit = "audit rows" if webhook.audit else ""
    keys = count_of(len(webhook.secrets), "key")
    return f"{' and '.join(filter(None, (events, audit)))} go as {webhook.format}, with {keys},"
