"""Connection profiles, from gRPC and from REST, as endpoints of a migration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.dms.convert import named
from bot.dms.enum_names import Numbers
from bot.dms.model import Endpoint

_VARIANTS = ("mysql", "postgresql", "oracle", "sqlserver", "cloudsql", "alloydb")
_ENGINES = {"mysql": "MYSQL", "postgresql": "POSTGRESQL", "oracle": "ORACLE", "sqlserver": "SQLSERVER"}
_PORTLESS = ("cloudsql", "alloydb")


def from_message(profile: Any, numbers: Numbers) -> Endpoint | None:
    """A raw `ConnectionProfile` message as an endpoint; None where REST alone knows what it is
    (SQL Server profiles, newer providers)."""
    variant = profile.WhichOneof("connection_profile")
    provider = numbers.names["provider"].get(profile.provider)
    if variant is None or provider is None:
        return None
    details = getattr(profile, variant)
    return _endpoint(
        profile.name,
        variant,
        named(provider),
        {
            "host": getattr(details, "host", ""),
            "port": getattr(details, "port", 0),
            "service": getattr(details, "database_service", ""),
            "sql": getattr(details, "cloud_sql_id", ""),
            "cluster": getattr(details, "cluster_id", ""),
            "version": _version(details) if variant == "cloudsql" else "",
        },
    )


def from_json(profile: Mapping[str, Any]) -> Endpoint:
    """A REST `ConnectionProfile` as an endpoint."""
    variant = next((each for each in _VARIANTS if each in profile), "")
    details = profile.get(variant) or {}
    return _endpoint(
        str(profile.get("name", "")),
        variant,
        named(str(profile.get("provider", ""))),
        {
            "host": details.get("host", ""),
            "port": details.get("port", 0),
            "service": details.get("databaseService", ""),
            "sql": details.get("cloudSqlId", ""),
            "cluster": details.get("clusterId") or details.get("alloydbClusterId", ""),
            "version": (details.get("settings") or {}).get("databaseVersion", ""),
        },
    )


def _version(cloudsql: Any) -> str:
    value = cloudsql.settings.DESCRIPTOR.fields_by_name["database_version"].enum_type.values_by_number
    known = value.get(cloudsql.settings.database_version)
    return str(known.name) if known else ""


def _endpoint(name: str, variant: str, provider: str, details: Mapping[str, Any]) -> Endpoint:
    sql, cluster = str(details["sql"]), str(details["cluster"])
    if variant == "cloudsql" or sql:
        provider = provider or "CLOUDSQL"
    if variant == "alloydb" or cluster:
        provider = provider or "ALLOYDB"
    engine = _ENGINES.get(variant, "") or _engine_of(variant, str(details["version"]))
    return Endpoint(name, engine, provider, sql or cluster or _address(details))


def _engine_of(variant: str, version: str) -> str:
    if variant == "alloydb":
        return "POSTGRESQL"
    for prefix, engine in (("POSTGRES", "POSTGRESQL"), ("MYSQL", "MYSQL"), ("SQLSERVER", "SQLSERVER")):
        if version.startswith(prefix):
            return engine
    return ""


def _address(details: Mapping[str, Any]) -> str:
    host = str(details["host"])
    if not host:
        return ""
    with_port = f"{host}:{details['port']}" if details["port"] else host
    return f"{with_port}/{details['service']}" if details["service"] else with_port
