"""Whatever comes in, the answer is a proper one, never a crash."""

import base64
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.dms.api import Api
from sandbox.dms.clock import ScaledClock
from sandbox.dms.errors import ApiError
from sandbox.dms.rest_routes import RestRequest
from sandbox.dms.rest_service import RestService
from sandbox.dms.scenario import add_job
from sandbox.dms.schemas import SCHEMAS
from sandbox.dms.validation import check_body
from sandbox.dms.world import World

from .conftest import PARENT
from .schema_check import SchemaCheck

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        "state",
        "labels.env",
        "=",
        "!=",
        ":",
        "<",
        "(",
        ")",
        "AND",
        "OR",
        "NOT",
        "-",
        '"a b"',
        "RUNNING",
        "*",
        "1",
        ",",
    ]
)
TAME = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def small_world() -> World:
    world = World("demo-project", ScaledClock(1.0), 0.0)
    add_job(world, "shop", phase="CDC", databases=["a", "b"], labels={"env": "prod"})
    return world


API = Api(small_world())


def refused_or_done(call: Any) -> None:
    code = ""
    try:
        call()
    except ApiError as error:
        code = error.to_json()["error"]["status"]
    assert code in (
        "",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "FAILED_PRECONDITION",
        "PERMISSION_DENIED",
        "ABORTED",
    )


@TAME
@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=40))
def test_any_filter_is_read_or_refused(text: str) -> None:
    refused_or_done(lambda: API.list_jobs(PARENT, filter_text=text))


@TAME
@given(
    st.text(max_size=40)
    | JSON.map(lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode())
)
def test_any_page_token_is_read_or_refused(token: str) -> None:
    refused_or_done(lambda: API.list_jobs(PARENT, token=token))


@TAME
@given(
    st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    st.sampled_from(
        ["", "/objects", ":restart", ":promote", ":verify", ":testIamPermissions", "/objects:lookup"]
    ),
    JSON,
    st.dictionaries(
        st.sampled_from(["updateMask", "pageSize", "force", "filter", "requestId"]), st.text(max_size=12)
    ),
)
def test_any_rest_request_is_answered(verb: str, tail: str, body: Any, query: dict[str, str]) -> None:
    service = RestService(Api(small_world()))
    request = RestRequest(verb, f"{PARENT}/migrationJobs/shop{tail}", query, body, lambda: True)
    refused_or_done(lambda: service.match(request).run())


def bodies(schema: str, depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies near to a schema: its own field names, with values that fit or do not."""

    def value(kind: Any) -> st.SearchStrategy[Any]:
        if isinstance(kind, list):
            return st.sampled_from([*kind, "DANCING"])
        if isinstance(kind, dict) and depth:
            if "ref" in kind:
                return bodies(kind["ref"], depth - 1)
            if "list" in kind:
                return st.lists(value(kind["list"]), max_size=2)
            return st.dictionaries(st.sampled_from(["env", "team"]), value(kind["map"]), max_size=2)
        return st.sampled_from(["a", True, "5s", "2026-01-01T00:00:00Z", {}, []])

    fields = {key: value(kind) for key, kind in SCHEMAS[schema].items()}
    return st.fixed_dictionaries({}, optional=dict(list(fields.items())[:12]))


@TAME
@given(bodies("MigrationJob"))
def test_bodies_are_judged_as_the_document_judges_them(schemas: SchemaCheck, body: dict[str, Any]) -> None:
    refused = False
    try:
        check_body(body, "MigrationJob")
    except ApiError:
        refused = True
    assert refused != schemas.fits("MigrationJob", body)


@TAME
@given(bodies("RestartMigrationJobRequest", 6), st.booleans())
def test_restart_bodies_are_taken_or_refused(body: dict[str, Any], nulls: bool) -> None:
    if nulls:
        body = {**body, "objectsFilter": {"sourceObjectsConfig": {"objectConfigs": None, **body}}}
    service = RestService(Api(small_world()))
    request = RestRequest("POST", f"{PARENT}/migrationJobs/shop:restart", {}, body, lambda: True)
    refused_or_done(lambda: service.match(request).run())


def test_nulls_mean_not_set() -> None:
    service = RestService(Api(small_world()))
    config = {"objectsSelectionType": "ALL_OBJECTS", "objectConfigs": None, "excludedObjectConfigs": None}
    body = {"objectsFilter": {"sourceObjectsConfig": config}}
    request = RestRequest("POST", f"{PARENT}/migrationJobs/shop:promote", {}, body, lambda: True)
    assert service.match(request).run()["metadata"]["verb"] == "promote"
