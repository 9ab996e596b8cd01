"""The special jobs of the demo: with errors, of single engines, in rare phases and in passing states."""

from __future__ import annotations

from typing import Any

from sandbox.dms.demo_values import CENTRAL, DAY, HOUR, WEST, dumps
from sandbox.dms.scenario import add_job
from sandbox.dms.world import World

MYSQL_ON_RDS: dict[str, Any] = {
    "source_engine": "MYSQL",
    "source_provider": "RDS",
    "destination_engine": "MYSQL",
    "destination_provider": "CLOUDSQL",
}
SQL_SERVER: dict[str, Any] = {
    "source_engine": "SQLSERVER",
    "destination_engine": "SQLSERVER",
    "destination_provider": "CLOUDSQL",
}


def plant_special(world: World) -> None:
    for add in (_faulty, _engines, _failing_back, _passing, _rare):
        add(world)


def _backups(*databases: str, **more: Any) -> dict[str, Any]:
    """The settings that every SQL Server job to Cloud SQL has, for its `fields`."""
    return {
        "sqlserverHomogeneousMigrationJobConfig": {
            "backupFilePattern": "(?<database>.*)_(?<timestamp>\\d*).trn",
            "databaseBackups": [{"database": name} for name in databases],
            **more,
        }
    }


def _faulty(world: World) -> None:
    """A job that runs with an error, and one that failed in CDC and goes on once its cause is fixed."""
    add_job(
        world,
        "pricing-db",
        location=WEST,
        phase="CDC",
        display_name="Pricing (running with errors)",
        destination_provider="CLOUDSQL",
        databases=["pricing", "promotions"],
        labels={"env": "prod", "team": "shop"},
        error={
            "code": "UNAVAILABLE",
            "message": "could not receive data from WAL stream: SSL SYSCALL error: EOF detected",
        },
        # What is retried falls behind; the other database goes on.
        metrics={
            "max_replica_sec_lag": {"promotions": 2460},
            "max_replica_bytes_lag": {"promotions": 310 * 1024 * 1024},
        },
        created_ago=8 * DAY,
        in_phase_for=6 * DAY,
    )
    add_job(
        world,
        "shipping-db",
        location=WEST,
        state="FAILED",
        phase="CDC",
        display_name="Shipping (failed while replicating)",
        databases=["shipping", "carriers"],
        labels={"env": "prod", "team": "logistics"},
        error={"code": "PERMISSION_DENIED", "message": 'password authentication failed for user "dms"'},
        created_ago=7 * DAY,
        in_phase_for=2 * HOUR,
        replicated_for=4 * DAY,
    )


def _engines(world: World) -> None:
    """What single engines have: unsupported events, quick start, backup and log files, a pause of writes,
    demotion."""
    add_job(
        world,
        "warehouse-oracle",
        location=CENTRAL,
        phase="CDC",
        display_name="Warehouse (Oracle to Cloud SQL for PostgreSQL)",
        source_engine="ORACLE",
        destination_provider="CLOUDSQL",
        databases=["WAREHOUSE", "LOGISTICS"],
        labels={"env": "staging", "team": "logistics"},
        metrics={
            "unsupported_events_count": {"WAREHOUSE.STOCK.MOVES": 14, "LOGISTICS.ROUTES.STOPS": 3},
        },
        created_ago=3 * DAY,
        in_phase_for=DAY,
    )
    add_job(
        world,
        "reviews-db",
        location=WEST,
        phase="CDC",
        display_name="Reviews (PostgreSQL to Cloud SQL, quick start)",
        destination_provider="CLOUDSQL",
        databases=["reviews", "ratings"],
        labels={"env": "staging", "team": "shop"},
        fields={"postgresHomogeneousConfig": {"isNativeLogical": True}},
        created_ago=4 * DAY,
        in_phase_for=3 * DAY,
    )
    add_job(
        world,
        "hr-sqlserver",
        location=CENTRAL,
        state="NOT_STARTED",
        display_name="HR (SQL Server to Cloud SQL)",
        databases=dumps(("hr", 2), ("payroll", 3)),
        labels={"env": "prod", "team": "hr"},
        fields=_backups("hr", "payroll", promoteWhenReady=True),
        created_ago=6 * HOUR,
        **SQL_SERVER,
    )
    add_job(
        world,
        "loyalty-sqlserver",
        location=CENTRAL,
        phase="CDC",
        display_name="Loyalty (SQL Server to Cloud SQL)",
        databases=["loyalty", "vouchers"],
        labels={"env": "staging", "team": "crm"},
        fields=_backups("loyalty", "vouchers"),
        metrics={
            "sqlserver/unprocessed_files": {"loyalty": 2},
            "sqlserver/unprocessed_file_bytes": {"loyalty": 48 * 1024 * 1024},
        },
        created_ago=5 * DAY,
        in_phase_for=3 * DAY,
        **SQL_SERVER,
    )
    add_job(
        world,
        "coupons-mysql",
        location=CENTRAL,
        state="NOT_STARTED",
        display_name="Coupons (MySQL on RDS to Cloud SQL)",
        source_host="coupons.c9akciq32.us-east-1.rds.amazonaws.com",
        databases=dumps(("coupons", 2), ("campaigns", 1)),
        labels={"env": "staging", "team": "shop"},
        source_writes_pause=600.0,
        created_ago=3 * HOUR,
        **MYSQL_ON_RDS,
    )
    add_job(
        world,
        "geo-mysql",
        location=CENTRAL,
        state="NOT_STARTED",
        display_name="Geo (MySQL to an existing Cloud SQL instance)",
        source_engine="MYSQL",
        destination_engine="MYSQL",
        destination_provider="CLOUDSQL",
        existing_destination=True,
        databases=dumps(("geo", 2)),
        labels={"env": "staging", "team": "platform"},
        created_ago=5 * HOUR,
    )


def _failing_back(world: World) -> None:
    """A job from SQL Server, and the one that is to bring changes back to it once the first is promoted."""
    add_job(
        world,
        "crm-sqlserver",
        location=WEST,
        phase="CDC",
        display_name="CRM (SQL Server to AlloyDB)",
        source_engine="SQLSERVER",
        databases=["crm"],
        labels={"env": "prod", "team": "crm"},
        created_ago=6 * DAY,
        in_phase_for=4 * DAY,
    )
    original = f"projects/{world.project}/locations/{WEST}/migrationJobs/crm-sqlserver"
    add_job(
        world,
        "crm-failback",
        location=WEST,
        state="NOT_STARTED",
        display_name="CRM (failback to SQL Server)",
        source_provider="ALLOYDB",
        destination_engine="SQLSERVER",
        destination_provider="CLOUDSQL",
        databases=["crm"],
        labels={"env": "prod", "team": "crm"},
        fields={"purpose": "FAILBACK", "originalMigrationName": original},
        created_ago=DAY,
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
        _hold(world, name, CENTRAL, state, phase)


def _rare(world: World) -> None:
    _hold(world, "ledger-promoting", WEST, "RUNNING", "PROMOTE_IN_PROGRESS")
    # Only SQL Server has these two phases: its last log file, and its distributed availability groups.
    group = {"linkedServer": "ledger-source", "sourceAg": "ag-ledger"}
    for name, phase, fields in (
        ("ledger-ready", "READY_FOR_PROMOTE", _backups("ledger")),
        ("ledger-failback", "PHASE_FAILBACK", _backups("ledger", dagConfig=group)),
    ):
        _hold(world, name, WEST, "RUNNING", phase, fields=fields, **SQL_SERVER)
    for name, phase in (
        ("ledger-waiting", "WAITING_FOR_SOURCE_WRITES_TO_STOP"),
        ("ledger-preparing", "PREPARING_THE_DUMP"),
    ):
        _hold(world, name, CENTRAL, "RUNNING", phase, **MYSQL_ON_RDS)
    # The same ID in two locations: people must name the location.
    for location in (WEST, CENTRAL):
        add_job(
            world,
            "sandbox-db",
            location=location,
            phase="CDC",
            databases=["sandbox"],
            labels={"env": "staging", "team": "platform"},
            created_ago=2 * DAY,
            in_phase_for=DAY,
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
        created_ago=DAY,
        in_phase_for=600.0,
        frozen=True,
        **ends,
    )
