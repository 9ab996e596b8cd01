"""The usual jobs of the demo: in their dump, replicating, halted, not started, ended."""

from __future__ import annotations

from sandbox.dms.demo_values import CENTRAL, DAY, HOUR, WEST, dumps
from sandbox.dms.scenario import add_job
from sandbox.dms.world import World


def plant_usual(world: World) -> None:
    for add in (_dumping, _replicating, _halted, _waiting, _ended):
        add(world)


def _dumping(world: World) -> None:
    add_job(
        world,
        "orders-db",
        location=WEST,
        phase="FULL_DUMP",
        display_name="Orders (PostgreSQL to AlloyDB)",
        source_provider="RDS",
        source_host="orders.c9akciq32.eu-west-1.rds.amazonaws.com",
        databases=dumps(
            ("orders", 9), ("order_events", 8), ("invoices", 5), ("carts", 3), ("coupons", 2), ("returns", 4)
        ),
        source_databases=["orders", "order_events", "invoices", "carts", "coupons", "returns", "scratch"],
        labels={"env": "prod", "team": "shop"},
        dump_parallel_level="OPTIMAL",
        created_ago=2 * HOUR,
        in_phase_for=0.5 * HOUR,
    )


def _replicating(world: World) -> None:
    add_job(
        world,
        "customers-db",
        location=WEST,
        phase="CDC",
        display_name="Customers (PostgreSQL to AlloyDB)",
        databases=["customers", "consents", "loyalty"],
        labels={"env": "prod", "team": "crm"},
        created_ago=12 * DAY,
        in_phase_for=11 * DAY,
    )
    add_job(
        world,
        "billing-mysql",
        location=CENTRAL,
        phase="CDC",
        display_name="Billing (MySQL to Cloud SQL)",
        source_engine="MYSQL",
        source_provider="AURORA",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        existing_destination=True,
        databases=["billing", "ledger", "tax"],
        labels={"env": "prod", "team": "finance"},
        created_ago=5 * DAY,
        in_phase_for=4 * DAY,
    )
    add_job(
        world,
        "catalog-db",
        location=WEST,
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
        created_ago=3 * DAY,
        in_phase_for=2 * DAY,
    )
    add_job(
        world,
        "tenants-db",
        location=CENTRAL,
        phase="CDC",
        display_name="Tenants (150 databases)",
        databases=[f"tenant_{n:03d}" for n in range(1, 151)],
        labels={"env": "prod", "team": "platform"},
        created_ago=20 * DAY,
        in_phase_for=18 * DAY,
    )


def _halted(world: World) -> None:
    add_job(
        world,
        "payments-db",
        location=WEST,
        state="STOPPED",
        phase="CDC",
        display_name="Payments (stopped while replicating)",
        databases=["payments", "payouts"],
        labels={"env": "prod", "team": "finance"},
        created_ago=9 * DAY,
        in_phase_for=2 * HOUR,
        replicated_for=4 * DAY,
    )
    add_job(
        world,
        "reporting-db",
        location=CENTRAL,
        state="STOPPED",
        phase="FULL_DUMP",
        display_name="Reporting (stopped in full dump)",
        destination_provider="CLOUDSQL",
        databases=["reporting", "cubes"],
        labels={"env": "staging", "team": "data"},
        created_ago=2 * DAY,
        in_phase_for=5 * HOUR,
    )
    add_job(
        world,
        "inventory-db",
        location=CENTRAL,
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
        created_ago=DAY,
        in_phase_for=3 * HOUR,
    )


def _waiting(world: World) -> None:
    for name, team in (("sessions-db", "shop"), ("notifications-db", "crm"), ("audit-db", "platform")):
        add_job(
            world,
            name,
            location=WEST,
            state="NOT_STARTED",
            display_name=f"{name.removesuffix('-db').capitalize()} (not started)",
            databases=dumps((name.removesuffix("-db"), 3), ("archive", 2)),
            labels={"env": "staging", "team": team},
            created_ago=4 * HOUR,
        )
    add_job(
        world,
        "analytics-draft",
        location=CENTRAL,
        state="DRAFT",
        display_name="Analytics (draft)",
        databases=["analytics"],
        labels={"env": "staging", "team": "data"},
        created_ago=2 * HOUR,
    )


def _ended(world: World) -> None:
    add_job(
        world,
        "blog-db",
        location=WEST,
        state="COMPLETED",
        display_name="Blog (promoted)",
        source_engine="MYSQL",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        databases=["blog", "comments"],
        labels={"env": "prod", "team": "web"},
        created_ago=30 * DAY,
        in_phase_for=10 * DAY,
    )
    add_job(
        world,
        "archive-once",
        location=CENTRAL,
        phase="FULL_DUMP",
        type="ONE_TIME",
        display_name="Archive (one time)",
        destination_provider="CLOUDSQL",
        databases=dumps(("archive_2023", 7), ("archive_2024", 9)),
        labels={"env": "staging", "team": "data"},
        created_ago=DAY,
        in_phase_for=HOUR,
    )
