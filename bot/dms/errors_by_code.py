"""Known errors by a code alone, for servers that speak another language; looked through last.

Sources: "PostgreSQL Error Codes" (PostgreSQL manual), of which Go's driver adds `(SQLSTATE 28P01)` to each
error; "Server Error Message Reference" (MySQL), whose texts follow `lc_messages`; "Database engine events and
errors" (SQL Server). Only codes that have one cause: most of them have several, which a text tells apart.
"""

from __future__ import annotations

from bot.dms.engines import Family
from bot.dms.error_causes import (
    NETWORK,
    SCHEMA_DIFFERS,
    SCHEMA_DIFFERS_BY_FAMILY,
    Cause,
    KnownError,
    known,
    mysql,
    sql_server,
)


def _sqlstate(*codes: str) -> str:
    """Signs by SQLSTATE, in the form of Go's driver of PostgreSQL: other databases are told otherwise."""
    return rf"\(SQLSTATE (?:{'|'.join(codes)})\)"


CODE_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.PASSWORD,
        _sqlstate("28P01") + "|" + mysql(1045, 1698) + "|" + sql_server(18456),
        "The user or password in the connection profile is wrong. Correct the profile.",
    ),
    known(
        Cause.DATABASE_MISSING,
        _sqlstate("3D000"),
        "There is no such database: check the name in the connection profile and in the job's databases.",
        documented=False,
    ),
    known(
        Cause.HOST_BLOCKED,
        mysql(1129, 1130),
        "The database does not let DMS's address in: allow it for the migration user, and unblock it "
        "(`FLUSH HOSTS`).",
        documented=False,
    ),
    known(
        Cause.TOO_MANY_CONNECTIONS,
        _sqlstate("53300"),
        "The database takes no more connections: end some, or raise `max_connections`.",
        documented=False,
    ),
    known(
        Cause.DISK_FULL,
        _sqlstate("53100"),
        "A disk is full, on the source or on the destination. Make room first.",
        documented=False,
        by_family={
            Family.POSTGRESQL: (
                "A disk is full, on the source (piled-up WAL) or on the destination. Make room first."
            )
        },
    ),
    known(
        Cause.LOCK_CONFLICT,
        _sqlstate("40P01", "55P03"),
        "Another session holds a lock, or two wait for each other: end the one that holds it, such as a long "
        "transaction or DDL, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.DUPLICATE,
        _sqlstate("23503", "23505") + "|" + mysql(1216, 1217, 1451, 1452),
        "Somebody wrote to the destination during the migration, or the source's data conflicts. Leave the "
        "destination alone until the migration is over.",
        documented=False,
    ),
    known(
        Cause.SCHEMA_DRIFT,
        _sqlstate("42703", "42P01") + "|" + mysql(1406),
        SCHEMA_DIFFERS,
        documented=False,
        by_family=SCHEMA_DIFFERS_BY_FAMILY,
    ),
    known(
        Cause.PACKET,
        mysql(1153),
        "A row is larger than `max_allowed_packet` allows: raise it on source and destination, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.CONNECTION_LOST,
        _sqlstate("08006", "57P01") + "|" + mysql(1053, 1158, 1159, 1160, 1161),
        "The connection to the database broke while it was in use: "
        "check that it is up and stays up, the network between, and its time-outs.",
        page=NETWORK,
        documented=False,
    ),
    known(
        Cause.UNREACHABLE,
        _sqlstate("57P03"),
        "DMS cannot reach the database: "
        "check that it is up, then firewall, allowlist, VPC peering or tunnel.",
        page=NETWORK,
    ),
)
"""Behind all that a text tells."""
