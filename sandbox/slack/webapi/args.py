"""The arguments of a call, whether they came as a form, as JSON or in the query."""

import json
from typing import Any

from starlette.requests import Request

from sandbox.slack.errors import SlackError

_STRUCTURED = {"blocks", "attachments", "metadata", "view", "files", "message", "unfurls"}


class Args:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values = {name: _decoded(name, value) for name, value in values.items()}

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        return default if value is None else str(value)

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        """Raises SlackError with this error when the argument is missing."""
        value = self.text(name)
        if not value:
            raise SlackError(error, breach=True, detail=f"missing argument: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        return value is True or str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        value = self.values.get(name)
        try:
            return default if value in (None, "") else int(str(value))
        except ValueError:
            raise SlackError("invalid_arguments", detail=f"{name} must be a number") from None

    def listed(self, name: str) -> list[str]:
        """A comma-separated list."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]


def _decoded(name: str, value: Any) -> Any:
    if name not in _STRUCTURED or not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


async def read_args(request: Request) -> Args:
    """Raises SlackError `invalid_json` or `invalid_form_data`."""
    values: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if request.method == "GET":
        return Args(values)
    if kind == "application/json":
        return Args(values | await _json_body(request))
    form = await request.form()
    values |= {name: value for name, value in form.items() if isinstance(value, str)}
    return Args(values)


async def _json_body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise SlackError("invalid_json", breach=True, detail="body is not JSON") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object", breach=True, detail="body is not an object")
    return body
