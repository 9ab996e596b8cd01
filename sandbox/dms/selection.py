"""Selection of databases: `objectsConfig` of a job, `objectsFilter` of restart and promote (REST only)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.dms.errors import invalid
from sandbox.dms.model import Job

ALL = "ALL_OBJECTS"
SPECIFIED = "SPECIFIED_OBJECTS"


def parse_config(config: dict[str, Any], field: str) -> tuple[str, frozenset[str]]:
    """Kind of selection, and the names it lists (chosen ones, or excluded ones for ALL_OBJECTS).

    Raises INVALID_ARGUMENT for a config that is empty or contradictory.
    """
    source = config.get("sourceObjectsConfig") or {}
    kind = source.get("objectsSelectionType", "OBJECTS_SELECTION_TYPE_UNSPECIFIED")
    chosen = _names(source.get("objectConfigs", ()), f"{field}.source_objects_config.object_configs")
    excluded = _names(source.get("excludedObjectConfigs", ()), f"{field}.excluded_object_configs")
    if kind == ALL:
        if chosen:
            raise invalid("object_configs must be empty when all objects are selected", field)
        return ALL, frozenset(excluded)
    if kind == SPECIFIED:
        if not chosen:
            raise invalid("object_configs must name at least one object when objects are specified", field)
        return SPECIFIED, frozenset(n for n in chosen if n not in excluded)
    raise invalid("objects_selection_type must be ALL_OBJECTS or SPECIFIED_OBJECTS", field)


def wanted(selection: tuple[str, frozenset[str]], known: Iterable[str]) -> list[str]:
    """The databases of the source that are selected, in the source's order."""
    kind, names = selection
    if kind == ALL:
        return [name for name in known if name not in names]
    return [name for name in known if name in names]


def check_known(selection: tuple[str, frozenset[str]], known: Iterable[str], field: str) -> None:
    """Raises INVALID_ARGUMENT if the source lacks one of the names."""
    missing = sorted(selection[1] - set(known))
    if missing:
        raise invalid(f"The following objects do not exist in the source: {', '.join(missing)}", field)


def filtered(job: Job, objects_filter: dict[str, Any]) -> list[str]:
    """The selected databases that match the filter of a restart or promote. Raises INVALID_ARGUMENT."""
    field = "objects_filter"
    selection = parse_config(objects_filter, field)
    names = [d.name for d in job.selected()]
    check_known(selection, names, field)
    return wanted(selection, names)


def to_config(selection: tuple[str, frozenset[str]]) -> dict[str, Any]:
    """The `objectsConfig` JSON of a selection."""
    kind, names = selection
    source: dict[str, Any] = {"objectsSelectionType": kind}
    key = "excludedObjectConfigs" if kind == ALL else "objectConfigs"
    if names:
        source[key] = [{"objectIdentifier": {"type": "DATABASE", "database": name}} for name in sorted(names)]
    return {"sourceObjectsConfig": source}


def _names(configs: Iterable[dict[str, Any]], field: str) -> list[str]:
    names = []
    for config in configs:
        identifier = config.get("objectIdentifier") or {}
        if identifier.get("type", "DATABASE") != "DATABASE" or not identifier.get("database"):
            raise invalid("an object identifier must have type DATABASE and a database name", field)
        names.append(identifier["database"])
    return names
