"""The schemas that the server checks with are those of the discovery document."""

import pytest

from sandbox.dms.errors import ApiError
from sandbox.dms.schema_tool import extract, load_discovery
from sandbox.dms.schemas import SCHEMAS
from sandbox.dms.validation import check_body

from .schema_check import SchemaCheck

GOOD = [
    ("MigrationJob", {"displayName": "a", "labels": {"env": "prod"}, "type": "ONE_TIME"}),
    ("MigrationJob", {"performanceConfig": {"dumpParallelLevel": "MAX", "loadParallelLevel": "LOAD_MIN"}}),
    ("MigrationJob", {"reverseSshConnectivity": {"vmPort": 22}}),
    ("RestartMigrationJobRequest", {"restartFailedObjects": True, "skipValidation": False}),
    (
        "PromoteMigrationJobRequest",
        {
            "objectsFilter": {
                "sourceObjectsConfig": {
                    "objectsSelectionType": "SPECIFIED_OBJECTS",
                    "objectConfigs": [{"objectIdentifier": {"type": "DATABASE", "database": "a"}}],
                }
            }
        },
    ),
]
BAD = [
    ("MigrationJob", {"colour": "red"}),
    ("MigrationJob", {"display_name": "snake"}),
    ("MigrationJob", {"labels": {"env": 3}}),
    ("MigrationJob", {"state": "DANCING"}),
    ("MigrationJob", {"duration": "5 minutes"}),
    ("MigrationJob", {"performanceConfig": "MAX"}),
    ("MigrationJob", {"dumpFlags": {"dumpFlags": {}}}),
    ("RestartMigrationJobRequest", {"restartFailedObjects": "yes"}),
    ("RestartMigrationJobRequest", {"objectsFilter": {"objectConfigs": []}}),
    ("StopMigrationJobRequest", {"force": True}),
]


def test_the_schemas_are_those_of_the_installed_discovery_document() -> None:
    assert extract(load_discovery()) == SCHEMAS, (
        "run python -m sandbox.dms.schema_tool > sandbox/dms/schemas.py"
    )


@pytest.mark.parametrize(("schema", "body"), GOOD)
def test_a_good_body_passes_here_and_by_the_document(schemas: SchemaCheck, schema: str, body: object) -> None:
    assert check_body(body, schema) == body
    assert schemas.fits(schema, body)


@pytest.mark.parametrize(("schema", "body"), BAD)
def test_a_bad_body_fails_here_and_by_the_document(schemas: SchemaCheck, schema: str, body: object) -> None:
    assert not schemas.fits(schema, body)
    with pytest.raises(ApiError, match="Invalid JSON payload received") as caught:
        check_body(body, schema)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(ApiError, match="Expected an object"):
        check_body([1], "MigrationJob")
