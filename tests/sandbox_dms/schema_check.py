"""Checks JSON against the schemas of the REST discovery document, as JSON Schema."""

import re
from functools import cached_property
from typing import Any

import jsonschema

from sandbox.dms.schema_tool import load_discovery

_FORMATS = {
    "google-datetime": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
    "google-duration": r"^-?\d+(\.\d+)?s$",
    "int64": r"^-?\d+$",
}


class SchemaCheck:
    def __init__(self, document: str = "datamigration.v1") -> None:
        self._document = document

    def check(self, name: str, body: Any) -> None:
        """Raises ValidationError where the body has unknown fields or wrong values."""
        self._validator(name).validate(body)

    def fits(self, name: str, body: Any) -> bool:
        return bool(self._validator(name).is_valid(body))

    def _validator(self, name: str) -> jsonschema.Draft202012Validator:
        return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": self._definitions})

    @cached_property
    def _definitions(self) -> dict[str, Any]:
        return {name: _convert(schema) for name, schema in load_discovery(self._document)["schemas"].items()}


def _convert(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    kind = schema["type"]
    if kind == "any":
        return {}
    if kind == "array":
        return {"type": "array", "items": _convert(schema["items"])}
    if kind == "object":
        return _convert_object(schema)
    converted: dict[str, Any] = {key: schema[key] for key in ("type", "enum") if key in schema}
    if kind == "string" and schema.get("format") in _FORMATS:
        assert re.compile(_FORMATS[schema["format"]])
        converted["pattern"] = _FORMATS[schema["format"]]
    return converted


def _convert_object(schema: dict[str, Any]) -> dict[str, Any]:
    extra = schema.get("additionalProperties")
    return {
        "type": "object",
        "properties": {key: _convert(value) for key, value in schema.get("properties", {}).items()},
        "additionalProperties": _convert(extra) if extra else False,
    }
