"""The initial jobs: `empty`, and `demo` with realistic jobs in every state and phase."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.dms.scenario import add_job
from sandbox.dms.world import World

_HOUR = 3600.0
_DAY = 24 * _HOUR
_WEST = "europe-west1"
_CENTRAL = "us-central1"
_MYSQL_ON_RDS = {
    "source_engine": "MYSQL",
    "source_provider": "RDS",
    "destination_engine": "MYSQL",
    "destination_provider": "CLOUDSQL",
}


def empty(_: World) -> None:
    """No jobs at all."""


def demo(world: World) -> None:
    """Jobs of a small shop that migrates its databases; some have problems."""
    # As at Google: about four minutes, which are four seconds with the default clock.
    world.operation_seconds = 240.0
    for add in (_dumping, _replicating, _halted, _waiting, _ended, _passing, _rare):
        add(world)


def _dumps(*sizes: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"name": name, "dump_seconds": hours * _HOUR} for name, hours in sizes]


def _dumping(world: World) -> None:
    add_job(
        world,
        "orders-db",
        location=_WEST,
        phase="FULL_DUMP",
        display_name="Orders (PostgreSQL to AlloyDB)",
        source_provider="RDS",
        source_host="orders.c9akciq32.eu-west-1.rds.amazonaws.com",
        databases=_dumps(
            ("orders", 9), ("order_events", 8), ("invoices", 5), ("carts", 3), ("coupons", 2), ("returns", 4)
        ),
        source_databases=["orders", "order_events", "invoices", "carts", "coupons", "returns", "scratch"],
        labels={"env": "prod", "team": "shop"},
        dump_parallel_level="OPTIMAL",
        created_ago=2 * _HOUR,
        in_phase_for=0.5 * _HOUR,
    )
    add_job(
        world,
        "warehouse-oracle",
        location=_CENTRAL,
        phase="FULL_DUMP",
        display_name="Warehouse (Oracle to Cloud SQL for PostgreSQL)",
        source_engine="ORACLE",
        destination_provider="CLOUDSQL",
        databases=_dumps(("WAREHOUSE", 30), ("LOGISTICS", 20)),
        labels={"env": "staging", "team": "logistics"},
        created_ago=_DAY,
        in_phase_for=6 * _HOUR,
    )


def _replicating(world: World) -> None:
    add_job(
        world,
        "customers-db",
        location=_WEST,
        phase="CDC",
        display_name="Customers (PostgreSQL to AlloyDB)",
        databases=["customers", "consents", "loyalty"],
        labels={"env": "prod", "team": "crm"},
        created_ago=12 * _DAY,
        in_phase_for=11 * _DAY,
    )
    add_job(
        world,
        "billing-mysql",
        location=_CENTRAL,
        phase="CDC",
        display_name="Billing (MySQL to Cloud SQL)",
        source_engine="MYSQL",
        source_provider="AURORA",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        databases=["billing", "ledger", "tax"],
        labels={"env": "prod", "team": "finance"},
        created_ago=5 * _DAY,
        in_phase_for=4 * _DAY,
    )
    add_job(
        world,
        "catalog-db",
        location=_WEST,
        phase="CDC",
        display_name="Catalog (one database failed)",
        databases=[
            "catalog",
            "prices",
            {
                "name": "search_index",
                "state": "FAILED",
                "phase": "FULL_DUMP",
                "error": {
                    "code": "FAILED_PRECONDITION",
                    "message": (
                        'pg_restore: error: could not execute query: extension "zhparser" is not available '
                        "on the destination"
                    ),
                },
            },
            "media",
        ],
        labels={"env": "staging", "team": "shop"},
        created_ago=3 * _DAY,
        in_phase_for=2 * _DAY,
    )
    add_job(
        world,
        "tenants-db",
        location=_CENTRAL,
        phase="CDC",
        display_name="Tenants (150 databases)",
        databases=[f"tenant_{n:03d}" for n in range(1, 151)],
        labels={"env": "prod", "team": "platform"},
        created_ago=20 * _DAY,
        in_phase_for=18 * _DAY,
    )


def _halted(world: World) -> None:
    add_job(
        world,
        "payments-db",
        location=_WEST,
        state="STOPPED",
        phase="CDC",
        display_name="Payments (stopped while replicating)",
        databases=["payments", "payouts"],
        labels={"env": "prod", "team": "finance"},
        created_ago=9 * _DAY,
        in_phase_for=2 * _HOUR,
    )
    add_job(
        world,
        "reporting-db",
        location=_CENTRAL,
        state="STOPPED",
        phase="FULL_DUMP",
        display_name="Reporting (stopped in full dump)",
        destination_provider="CLOUDSQL",
        databases=["reporting", "cubes"],
        labels={"env": "staging", "team": "data"},
        created_ago=2 * _DAY,
        in_phase_for=5 * _HOUR,
    )
    add_job(
        world,
        "inventory-db",
        location=_CENTRAL,
        state="FAILED",
        phase="FULL_DUMP",
        display_name="Inventory (failed)",
        databases=["inventory", "suppliers"],
        labels={"env": "prod", "team": "logistics"},
        error={
            "code": "FAILED_PRECONDITION",
            "message": (
                "Unable to replicate: the source has no free replication slots "
                "(all replication slots are in use). Free one or raise max_replication_slots on the source."
            ),
        },
        created_ago=_DAY,
        in_phase_for=3 * _HOUR,
    )


def _waiting(world: World) -> None:
    for name, team in (("sessions-db", "shop"), ("notifications-db", "crm"), ("audit-db", "platform")):
        add_job(
            world,
            name,
            location=_WEST,
            state="NOT_STARTED",
            display_name=f"{name.removesuffix('-db').capitalize()} (not started)",
            databases=_dumps((name.removesuffix("-db"), 3), ("archive", 2)),
            labels={"env": "staging", "team": team},
            created_ago=4 * _HOUR,
        )
    add_job(
        world,
        "hr-sqlserver",
        location=_CENTRAL,
        state="NOT_STARTED",
        display_name="HR (SQL Server to Cloud SQL)",
        source_engine="SQLSERVER",
        destination_engine="SQLSERVER",
        destination_provider="CLOUDSQL",
        databases=_dumps(("hr", 2), ("payroll", 3)),
        labels={"env": "prod", "team": "hr"},
        created_ago=6 * _HOUR,
    )
    add_job(
        world,
        "analytics-draft",
        location=_CENTRAL,
        state="DRAFT",
        display_name="Analytics (draft)",
        databases=["analytics"],
        labels={"env": "staging", "team": "data"},
        created_ago=2 * _HOUR,
    )


def _ended(world: World) -> None:
    add_job(
        world,
        "blog-db",
        location=_WEST,
        state="COMPLETED",
        display_name="Blog (promoted)",
        source_engine="MYSQL",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        databases=["blog", "comments"],
        labels={"env": "prod", "team": "web"},
        created_ago=30 * _DAY,
        in_phase_for=10 * _DAY,
    )
    add_job(
        world,
        "archive-once",
        location=_CENTRAL,
        phase="FULL_DUMP",
        type="ONE_TIME",
        display_name="Archive (one time)",
        destination_provider="CLOUDSQL",
        databases=_dumps(("archive_2023", 7), ("archive_2024", 9)),
        labels={"env": "staging", "team": "data"},
        created_ago=_DAY,
        in_phase_for=_HOUR,
    )


def _passing(world: World) -> None:
    """Jobs that stay in states which otherwise last for seconds."""
    held = (
        ("stock-creating", "CREATING", None),
        ("stock-starting", "STARTING", None),
        ("stock-stopping", "STOPPING", "FULL_DUMP"),
        ("stock-resuming", "RESUMING", "CDC"),
        ("stock-restarting", "RESTARTING", "FULL_DUMP"),
        ("stock-updating", "UPDATING", "CDC"),
        ("stock-deleting", "DELETING", "CDC"),
        ("stock-maintenance", "MAINTENANCE", "CDC"),
        ("stock-deleted", "DELETED", "CDC"),
    )
    for name, state, phase in held:
        _hold(world, name, _CENTRAL, state, phase)


def _rare(world: World) -> None:
    held = (
        ("ledger-ready", _WEST, "READY_FOR_PROMOTE"),
        ("ledger-promoting", _WEST, "PROMOTE_IN_PROGRESS"),
        ("ledger-failback", _WEST, "PHASE_FAILBACK"),
    )
    for name, location, phase in held:
        _hold(world, name, location, "RUNNING", phase)
    for name, phase in (
        ("ledger-waiting", "WAITING_FOR_SOURCE_WRITES_TO_STOP"),
        ("ledger-preparing", "PREPARING_THE_DUMP"),
    ):
        _hold(world, name, _CENTRAL, "RUNNING", phase, **_MYSQL_ON_RDS)
    # The same ID in two locations: people must name the location.
    for location in (_WEST, _CENTRAL):
        add_job(
            world,
            "sandbox-db",
            location=location,
            phase="CDC",
            databases=["sandbox"],
            labels={"env": "staging", "team": "platform"},
            created_ago=2 * _DAY,
            in_phase_for=_DAY,
        )


def _hold(world: World, name: str, location: str, state: str, phase: str | None, **ends: Any) -> None:
    family, stage = name.split("-")
    add_job(
        world,
        name,
        location=location,
        state=state,
        phase=phase,
        display_name=f"{family.capitalize()} ({stage})",
        databases=[family],
        labels={"env": "staging", "team": "platform"},
        created_ago=_DAY,
        in_phase_for=600.0,
        frozen=True,
        **ends,
    )


SEEDS: dict[str, Callable[[World], None]] = {"empty": empty, "demo": demo}


def plant(world: World, name: str) -> None:
    """Forget everything and start with this seed. Raises KeyError for an unknown seed."""
    grow = SEEDS[name]
    with world.lock:
        world.clear()
        grow(world)
