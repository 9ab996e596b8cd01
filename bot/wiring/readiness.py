"""What has to be well for the bot to be ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient

from bot.dms.many_projects import ProjectGateways
from bot.runtime import metrics
from bot.runtime.health import Health, Probe, unless_raised
from bot.store import Store


def make_health(
    store: Store,
    dms: ProjectGateways,
    client: WebClient,
    is_connected: Callable[[], bool] | None,
    details: Callable[[], Mapping[str, Any]],
) -> Health:
    """`is_connected` says so of Socket Mode; None: it is not used. `details` are those of `Health`."""

    def connection_fault() -> str:
        is_up = is_connected is None or is_connected()
        return "" if is_up else "the Socket Mode connection is down"

    probes = {
        "store": Probe(unless_raised(store.ping)),
        "google": Probe(dms.loading_fault),
        "slack": Probe(unless_raised(client.auth_test), every_s=30, timeout_s=5),
    }
    if is_connected is not None:
        probes["socket_mode"] = Probe(connection_fault, every_s=0)
    health = Health(probes, details)
    metrics.show_health(lambda: health.alive().ok and not connection_fault())
    return health
