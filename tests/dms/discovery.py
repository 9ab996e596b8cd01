"""The discovery document of DMS as JSON schemas, strict about unknown properties."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema


@cache
def document() -> dict[str, Any]:
    path = files("googleapiclient") / "discovery_cache" / "documents" / "datamigration.v1.json"
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def check(schema: str, body: Any) -> None:
    """Raise `jsonschema.ValidationError` where `body` is not a `schema` of the document."""
    _validator(schema).validate(body)


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    """Made once, as checking the schemas themselves takes longer than a call may."""
    definitions = {name: _strict(each) for name, each in document()["schemas"].items()}
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": definitions})


def method(name: str) -> dict[str, Any]:
    """A method such as `migrationJobs.objects.list`, below `projects.locations`."""
    *resources, last = name.split(".")
    here = document()["resources"]["projects"]["resources"]["locations"]
    for each in resources:
        here = here["resources"][each]
    found: dict[str, Any] = here["methods"][last]
    return found


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        key: schema[key] for key in ("type", "enum") if key in schema and schema[key] != "any"
    }
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    if "items" in schema:
        kept["items"] = _strict(schema["items"])
    if "properties" in schema:
        kept["properties"] = {key: _strict(each) for key, each in schema["properties"].items()}
        kept["additionalProperties"] = False
    if "additionalProperties" in schema:
        kept["additionalProperties"] = _strict(schema["additionalProperties"])
    return kept
