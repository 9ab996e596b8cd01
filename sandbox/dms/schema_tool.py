"""Makes `schemas.py` from the REST discovery document that google-api-python-client ships.

Run `python -m sandbox.dms.schema_tool > sandbox/dms/schemas.py` when the document has changed.
"""

from __future__ import annotations

import json
import pprint
from importlib import resources
from typing import Any

ROOTS = (
    "MigrationJob",
    "MigrationJobObject",
    "ConnectionProfile",
    "Operation",
    "StartMigrationJobRequest",
    "StopMigrationJobRequest",
    "ResumeMigrationJobRequest",
    "RestartMigrationJobRequest",
    "PromoteMigrationJobRequest",
    "VerifyMigrationJobRequest",
    "LookupMigrationJobObjectRequest",
    "DemoteDestinationRequest",
    "GenerateSshScriptRequest",
    "GenerateTcpProxyScriptRequest",
    "TestIamPermissionsRequest",
    "CancelOperationRequest",
)
Schemas = dict[str, dict[str, Any]]


def load_discovery(name: str = "datamigration.v1") -> dict[str, Any]:
    """A discovery document. Raises ModuleNotFoundError without the package."""
    folder = resources.files("googleapiclient.discovery_cache.documents")
    document: dict[str, Any] = json.loads(folder.joinpath(f"{name}.json").read_text("utf-8"))
    return document


def extract(document: dict[str, Any]) -> Schemas:
    """Field kinds of all schemas that the served requests and responses use.

    A kind is a type name, a list of enum values, `{"ref": schema}`, `{"list": kind}` or `{"map": kind}`.
    """
    found: Schemas = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        properties = document["schemas"][name].get("properties", {})
        found[name] = {key: _kind(value, waiting) for key, value in sorted(properties.items())}
    return dict(sorted(found.items()))


def _kind(schema: dict[str, Any], waiting: list[str]) -> Any:
    if "$ref" in schema:
        waiting.append(schema["$ref"])
        return {"ref": schema["$ref"]}
    if "enum" in schema:
        return list(schema["enum"])
    if schema["type"] == "array":
        return {"list": _kind(schema["items"], waiting)}
    if schema["type"] == "object":
        return {"map": _kind(schema["additionalProperties"], waiting)}
    return schema.get("format", schema["type"])


def main() -> None:
    print('"""Fields of the REST schemas, made by schema_tool.py from the discovery document."""\n')
    print("from typing import Any\n")
    print("SCHEMAS: dict[str, dict[str, Any]] =", pprint.pformat(extract(load_discovery()), width=100))


if __name__ == "__main__":
    main()
