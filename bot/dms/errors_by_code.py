"""Known errors by a code alone, for servers that speak another language; looked through last.

Sources: "PostgreSQL Error Codes" (PostgreSQL manual), of which Go's driver adds `(SQLSTATE 28P01)` to each
error; "Server Error Message Reference" (MySQL), whose texts follow `lc_messages`; "Database engine events and
errors" (SQL Server). Only codes that have one cause: most of them have several, which a text tells apart.
"""

from __future__ import annotations

from bot.dms.error_causes import (
    CANNOT_REACH,
    CONNECTION_BROKE,
    DESTINATION_WRITTEN,
    END_LOCK_HOLDER,
    MAKE_ROOM,
    MAKE_ROOM_BY_FAMILY,
    NETWORK,
    RAISE_MAX_CONNECTIONS,
    RAISE_PACKET_SIZE,
    SCHEMA_DIFFERS,
    SCHEMA_DIFFERS_BY_FAMILY,
    WRONG_LOGIN,
    Cause,
    KnownError,
    known,
    mysql,
    sql_server,
)


def _sqlstate(*codes: str) -> str:
    """Signs by SQLSTATE, in the form of Go's driver of PostgreSQL: those of others look different."""
    return rf"\(SQLSTATE (?:{'|'.join(codes)})\)"


CODE_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.PASSWORD,
        _sqlstate("28P01") + "|" + mysql(1045, 1698) + "|" + sql_server(18456),
        WRONG_LOGIN,
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
        RAISE_MAX_CONNECTIONS,
        documented=False,
    ),
    known(
        Cause.DISK_FULL,
        _sqlstate("53100"),
        MAKE_ROOM,
        documented=False,
        by_family=MAKE_ROOM_BY_FAMILY,
    ),
    known(
        Cause.LOCK_CONFLICT,
        _sqlstate("40P01", "55P03"),
        END_LOCK_HOLDER,
        documented=False,
    ),
    known(
        Cause.DUPLICATE,
        _sqlstate("23503", "23505") + "|" + mysql(1216, 1217, 1451, 1452),
        DESTINATION_WRITTEN,
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
        RAISE_PACKET_SIZE,
        documented=False,
    ),
    known(
        Cause.CONNECTION_LOST,
        _sqlstate("08006", "57P01") + "|" + mysql(1053, 1158, 1159, 1160, 1161),
        CONNECTION_BROKE,
        page=NETWORK,
        documented=False,
    ),
    known(
        Cause.UNREACHABLE,
        _sqlstate("57P03"),
        CANNOT_REACH,
        page=NETWORK,
    ),
)
"""Looked through last, after all signs in texts."""
