"""What goes out over REST, held against the discovery document."""

from __future__ import annotations

import itertools

import jsonschema
import pytest

from bot.dms.convert import objects_body, objects_config
from bot.dms.model import ObjectId, ObjectsConfig, Selection
from bot.dms.rest import patch_body, promote_body, restart_body
from tests.dms import discovery

JOB = "projects/p/locations/l/migrationJobs/orders-db"
CONFIGS = (
    ObjectsConfig(),
    ObjectsConfig(Selection.ALL, excluded=(ObjectId("scratch"),)),
    ObjectsConfig(Selection.SPECIFIED, (ObjectId("orders"), ObjectId("users"))),
    ObjectsConfig(
        Selection.SPECIFIED,
        (ObjectId("orders", "SCHEMA", "public"), ObjectId("orders", "TABLE", "public", "items")),
        (ObjectId("orders", "TABLE", "public", "audit"),),
    ),
)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_choice_of_databases_goes_out_and_comes_back(config: ObjectsConfig) -> None:
    body = objects_body(config)
    discovery.check("MigrationJobObjectsConfig", body)
    assert objects_config({"objectsConfig": body}) == config


@pytest.mark.parametrize("databases", [(), ("orders",), ("orders", "users")])
@pytest.mark.parametrize(("failed_only", "skip"), list(itertools.product((True, False), repeat=2)))
def test_restart(databases: tuple[str, ...], failed_only: bool, skip: bool) -> None:
    body = restart_body(databases, failed_only=failed_only, skip_validation=skip)
    discovery.check("RestartMigrationJobRequest", body)
    assert body.get("restartFailedObjects", False) is failed_only
    assert body.get("skipValidation", False) is skip
    assert ("objectsFilter" in body) is bool(databases)


def test_a_filter_names_whole_databases() -> None:
    body = promote_body(("orders", "users"))
    discovery.check("PromoteMigrationJobRequest", body)
    assert body == {
        "objectsFilter": {
            "sourceObjectsConfig": {
                "objectsSelectionType": "SPECIFIED_OBJECTS",
                "objectConfigs": [
                    {"objectIdentifier": {"type": "DATABASE", "database": "orders"}},
                    {"objectIdentifier": {"type": "DATABASE", "database": "users"}},
                ],
            }
        }
    }


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize(
    ("parallelism", "mask"),
    [("", "objectsConfig"), ("MAX", "objectsConfig,performanceConfig.dumpParallelLevel")],
)
def test_patch_sends_what_its_mask_names(config: ObjectsConfig, parallelism: str, mask: str) -> None:
    body, sent_mask = patch_body(JOB, config, parallelism)
    discovery.check("MigrationJob", body)
    assert sent_mask == mask
    assert set(body) - {"name"} == {path.split(".")[0] for path in mask.split(",")}


def test_the_check_itself_finds_what_is_wrong() -> None:
    with pytest.raises(jsonschema.ValidationError):
        discovery.check("RestartMigrationJobRequest", {"restartFailed": True})
    with pytest.raises(jsonschema.ValidationError):
        discovery.check(
            "MigrationJobObjectsConfig", {"sourceObjectsConfig": {"objectsSelectionType": "SOME"}}
        )
