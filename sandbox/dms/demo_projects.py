"""The jobs of the demo's further projects. Some have IDs that exist elsewhere, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dms.demo_values import DAY, HOUR, dumps
from sandbox.dms.scenario import add_job
from sandbox.dms.world import World


def plant_further(world: World) -> None:
    """Fill every project but the first."""
    for project in world.more_projects:
        _PLANTS.get(project, _few)(world, project)


def _staging(world: World, project: str) -> None:
    _add(
        world,
        project,
        "orders-db",
        "europe-west1",
        phase="CDC",
        display_name="Orders, staging",
        databases=["orders", "order_events", "invoices"],
        labels={"env": "staging", "team": "shop"},
        in_phase_for=3 * DAY,
    )
    _add(
        world,
        project,
        "orders-db",
        "europe-west3",
        state="STOPPED",
        phase="FULL_DUMP",
        display_name="Orders, a second try in Frankfurt",
        databases=["orders"],
        labels={"env": "staging", "team": "shop"},
        in_phase_for=6 * HOUR,
    )
    _add(
        world,
        project,
        "billing-mysql",
        "europe-west3",
        phase="CDC",
        display_name="Billing, staging",
        source_engine="MYSQL",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        databases=["billing", "tax"],
        labels={"env": "staging", "team": "finance"},
        in_phase_for=DAY,
    )
    _add(
        world,
        project,
        "search-db",
        "europe-west1",
        state="FAILED",
        phase="CDC",
        display_name="Search (failed while replicating)",
        databases=["search"],
        labels={"env": "staging", "team": "shop"},
        error={
            "code": "FAILED_PRECONDITION",
            "message": "ERROR: requested WAL segment 00000001000000A50000004B has already been removed",
        },
        in_phase_for=2 * HOUR,
    )


def _dev(world: World, project: str) -> None:
    _add(
        world,
        project,
        "orders-db",
        "us-central1",
        state="NOT_STARTED",
        display_name="Orders, dev",
        databases=["orders"],
        labels={"env": "dev", "team": "shop"},
    )
    _add(
        world,
        project,
        "customers-db",
        "asia-southeast1",
        phase="FULL_DUMP",
        display_name="Customers, dev",
        databases=dumps(("customers", 4), ("consents", 2)),
        labels={"env": "dev", "team": "crm"},
        in_phase_for=HOUR,
    )
    _add(
        world,
        project,
        "playground-db",
        "us-central1",
        state="COMPLETED",
        display_name="Playground (promoted)",
        databases=["playground"],
        labels={"env": "dev", "team": "platform"},
        in_phase_for=4 * DAY,
    )


def _few(world: World, project: str) -> None:
    """Two jobs in the project's first location."""
    location = world.locations(project)[0]
    labels = {"env": "staging", "team": project.removeprefix("demo-")}
    _add(world, project, "warehouse-db", location, phase="CDC", labels=labels, in_phase_for=2 * DAY)
    _add(world, project, "exports-db", location, state="NOT_STARTED", labels=labels)


def _add(world: World, project: str, job_id: str, location: str, **values: Any) -> None:
    created = values.get("in_phase_for", 0.0) + 4 * HOUR
    add_job(world, job_id, project=project, location=location, created_ago=created, **values)


_PLANTS: Mapping[str, Callable[[World, str], None]] = {"demo-staging": _staging, "demo-dev": _dev}
