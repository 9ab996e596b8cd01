"""Update masks of migration jobs: which paths can change, and how a change is applied to the job."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format

from sandbox.dms.enums import JobPb
from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.views import camel

# gcloud `update`: "display name, dump path, connectivity" of a job that is no draft. "Manage migration jobs"
# (Oracle): version of the conversion workspace, schemas and tables.
_ALWAYS = frozenset(
    {
        "display_name",
        "labels",
        "dump_path",
        "filter",
        "conversion_workspace",
        "reverse_ssh_connectivity",
        "vpc_peering_connectivity",
        "static_ip_connectivity",
    }
)
# gcloud `update` of SQL Server: encrypted databases, differential backups, promote when ready; of Oracle and
# SQL Server to PostgreSQL: connections for the full dump, CDC and the destination.
_ENGINE_CONFIGS = frozenset(
    {
        "mysql_homogeneous_config",
        "sqlserver_homogeneous_migration_job_config",
        "oracle_to_postgres_config",
        "sqlserver_to_postgres_config",
        "postgres_to_sqlserver_config",
    }
)
_LEVELS = frozenset(
    {"performance_config", "performance_config.dump_parallel_level", "performance_config.load_parallel_level"}
)
_OBJECTS = frozenset(
    {
        "objects_config",
        "objects_config.source_objects_config",
        "objects_config.source_objects_config.objects_selection_type",
        "objects_config.source_objects_config.object_configs",
        "objects_config.source_objects_config.excluded_object_configs",
    }
)
# These describe the setup of the migration and can change only while it does not run.
_SETUP = frozenset(
    {
        "type",
        "source",
        "destination",
        "dump_flags",
        "dump_type",
        "source_database",
        "destination_database",
        "postgres_homogeneous_config",
    }
)
_IMMUTABLE = frozenset(
    {
        "name",
        "create_time",
        "update_time",
        "end_time",
        "state",
        "phase",
        "duration",
        "error",
        "cmek_key_name",
        "purpose",
        "original_migration_name",
    }
)
_REST_ONLY = (
    _OBJECTS
    | _ENGINE_CONFIGS
    | {"dump_type", "performance_config.load_parallel_level", "postgres_homogeneous_config"}
)
_DUMP = re.compile(r"gs://[^/]+/.+")


def check_mask(paths: Iterable[str], *, rest: bool) -> list[str]:
    """The paths in snake case, each known and mutable. Raises INVALID_ARGUMENT."""
    wanted = list(dict.fromkeys(paths))
    if not wanted:
        raise invalid("update_mask is required and must name at least one field", "update_mask")
    for path in wanted:
        root = path.split(".")[0]
        if root in _IMMUTABLE:
            raise invalid(f"The field '{path}' of a migration job cannot be updated", "update_mask")
        known = path in _ALWAYS | _LEVELS | _OBJECTS | _SETUP or path.startswith("labels.")
        known = known or root in _ENGINE_CONFIGS
        if not known or (not rest and not _REST_ONLY.isdisjoint((path, root))):
            raise invalid(f"update_mask holds the unknown path '{path}'", "update_mask")
    return wanted


def touches_objects(paths: list[str]) -> bool:
    return any(path in _OBJECTS for path in paths)


def touches_levels(paths: list[str]) -> bool:
    return any(path in _LEVELS for path in paths)


def touches_setup(paths: list[str]) -> bool:
    return any(path in _SETUP for path in paths)


def check_values(pb: Any, paths: list[str], patch: Any) -> None:
    """Raises INVALID_ARGUMENT for a dump path that the reference of `MigrationJob` does not allow: it has the
    form `gs://BUCKET/OBJECT` and excludes dump flags."""
    path = patch.dump_path if "dump_path" in paths else pb.dump_path
    flags = (patch if "dump_flags" in paths else pb).HasField("dump_flags")
    if "dump_path" in paths and path and _DUMP.fullmatch(path) is None:
        raise invalid("dump_path must have the form gs://[BUCKET_NAME]/[OBJECT_NAME]", "dump_path")
    if path and flags and not {"dump_path", "dump_flags"}.isdisjoint(paths):
        raise invalid("dump_path and dump_flags are mutually exclusive", "dump_path")


def save(
    pb: Any, rest_only: dict[str, Any], paths: list[str], patch: Any, patch_rest: dict[str, Any]
) -> None:
    """Apply the masked fields of a patch (its gRPC part and its REST-only part) to a job."""
    for path in paths:
        if path in _OBJECTS:
            continue
        if path.startswith("labels."):
            _save_label(pb, patch, path.removeprefix("labels."))
            continue
        _save_field(pb, patch, [_attribute(part) for part in path.split(".")])
        _save_rest(rest_only, patch_rest, [camel(part) for part in path.split(".")])


def _attribute(name: str) -> str:
    return "type_" if name == "type" else name


def _save_label(pb: Any, patch: Any, key: str) -> None:
    if key in patch.labels:
        pb.labels[key] = patch.labels[key]
    else:
        pb.labels.pop(key, None)


def _save_field(target: Any, source: Any, path: list[str]) -> None:
    name, *rest = path
    descriptor = target.DESCRIPTOR.fields_by_name.get(name)
    if descriptor is None:
        return
    if rest:
        _save_field(getattr(target, name), getattr(source, name), rest)
        return
    target.ClearField(name)
    if descriptor.message_type is None:
        setattr(target, name, getattr(source, name))
    elif descriptor.message_type.GetOptions().map_entry:
        getattr(target, name).update(getattr(source, name))
    elif source.HasField(name):
        getattr(target, name).CopyFrom(getattr(source, name))


def _save_rest(target: dict[str, Any], source: dict[str, Any], path: list[str]) -> None:
    name, *rest = path
    if rest:
        below = source.get(name, {})
        _save_rest(target.setdefault(name, {}), below if isinstance(below, dict) else {}, rest)
        return
    target.pop(name, None)
    if name in source:
        target[name] = source[name]


def split_json(body: dict[str, Any], message: Any) -> tuple[Any, dict[str, Any]]:
    """A REST body as a gRPC message, and the fields and enum values that gRPC lacks.

    Raises INVALID_ARGUMENT if a value does not fit its field.
    """
    try:
        json_format.ParseDict(body, message, ignore_unknown_fields=True)
    except json_format.ParseError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from None
    return message, _lacking(body, type(message).DESCRIPTOR)


def _lacking(body: dict[str, Any], descriptor: Any) -> dict[str, Any]:
    fields = {f.json_name: f for f in descriptor.fields}
    lacking: dict[str, Any] = {}
    for key, value in body.items():
        field = fields.get(key)
        if field is None or _unknown_enum(field, value):
            lacking[key] = value
        elif isinstance(value, dict) and field.message_type and not field.message_type.GetOptions().map_entry:
            below = (
                _lacking(value, field.message_type) if field.message_type.file.package.endswith("v1") else {}
            )
            if below:
                lacking[key] = below
    return lacking


def _unknown_enum(field: Any, value: Any) -> bool:
    return (
        field.enum_type is not None and isinstance(value, str) and value not in field.enum_type.values_by_name
    )


def blank() -> Any:
    return JobPb()


def unsupported(what: str) -> ApiError:
    return ApiError("UNIMPLEMENTED", f"{what} is not implemented by this service")
