"""The request of a delivery: its body and its headers, signed anew for each attempt. Pure functions.

Source: "Signature scheme" and "Webhook headers" in
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

from bot.config.webhooks import Format, Webhook
from bot.store.records import WebhookDelivery
from bot.webhooks import cloud_events, pagerduty


@dataclass(frozen=True, slots=True)
class Outgoing:
    body: bytes
    headers: dict[str, str]


def outgoing(webhook: Webhook, delivery: WebhookDelivery, now: datetime) -> Outgoing:
    """The request of an attempt that is made now."""
    if webhook.format is Format.PAGERDUTY:
        text = json.dumps({"routing_key": webhook.secrets[0], **delivery.body})
        return Outgoing(text.encode(), {"Content-Type": pagerduty.CONTENT_TYPE})
    text = json.dumps(delivery.body)
    # In whole seconds, as in the header, and in UTC, as the library assumes.
    at = now.astimezone(UTC).replace(microsecond=0)
    signatures = (Signer(key).sign(delivery.event, at, text) for key in webhook.secrets)
    headers = {
        "Content-Type": cloud_events.CONTENT_TYPE,
        "webhook-id": delivery.event,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return Outgoing(text.encode(), headers)
