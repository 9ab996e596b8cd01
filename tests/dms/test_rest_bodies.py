"""What goes out over REST, held against the discovery document."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import jsonschema
import pytest

from bot.dms.convert import objects_body, objects_config
from bot.dms.model import FieldChange, Job, ObjectId, ObjectsConfig, Options, Selection
from bot.dms.rest import patch_body, promote_body, restart_body
from tests.dms import discovery

JOB = Job(
    "projects/p/locations/l/migrationJobs/orders-db",
    datetime(2026, 1, 2, tzinfo=UTC),
    "RUNNING",
    labels=(("empty", ""), ("env", "dev"), ("team", "db")),
)
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
    body, sent_mask = patch_body(JOB, Options(objects=config, parallelism=parallelism))
    discovery.check("MigrationJob", body)
    assert sent_mask == mask
    assert set(body) - {"name"} == {path.split(".")[0] for path in mask.split(",")}


@pytest.mark.parametrize(
    ("change", "mask", "sent"),
    [
        (FieldChange(name="Orders, shard 3"), "displayName", {"displayName": "Orders, shard 3"}),
        (FieldChange(name=""), "displayName", {"displayName": ""}),
        # The mask `labels` replaces all of them, so those that stay are sent as well.
        (
            FieldChange(labels=(("env", "prod"), ("team", ""))),
            "labels",
            {"labels": {"empty": "", "env": "prod"}},
        ),
        (FieldChange(dump_path="gs://b/o.sql"), "dumpPath", {"dumpPath": "gs://b/o.sql"}),
        (
            FieldChange("n", (("a", "b"),), "gs://b/o"),
            "displayName,labels,dumpPath",
            {
                "displayName": "n",
                "labels": {"a": "b", "empty": "", "env": "dev", "team": "db"},
                "dumpPath": "gs://b/o",
            },
        ),
    ],
)
def test_fields_are_sent_with_one_path_each(change: FieldChange, mask: str, sent: dict[str, object]) -> None:
    body, sent_mask = patch_body(JOB, Options(fields=change))
    discovery.check("MigrationJob", body)
    assert (sent_mask, body) == (mask, {"name": JOB.name, **sent})


def test_the_last_labels_are_removed_by_an_empty_map() -> None:
    job = replace(JOB, labels=(("env", "dev"),))
    body, mask = patch_body(job, Options(fields=FieldChange(labels=(("env", ""),))))
    assert (mask, body["labels"]) == ("labels", {})


def test_everything_at_once() -> None:
    change = Options(objects=ObjectsConfig(), parallelism="MIN", fields=FieldChange(name="n"))
    body, mask = patch_body(JOB, change)
    discovery.check("MigrationJob", body)
    assert mask == "displayName,objectsConfig,performanceConfig.dumpParallelLevel"


def test_the_check_itself_finds_what_is_wrong() -> None:
    with pytest.raises(jsonschema.ValidationError):
        discovery.check("RestartMigrationJobRequest", {"restartFailed": True})
    with pytest.raises(jsonschema.ValidationError):
        discovery.check(
            "MigrationJobObjectsConfig", {"sourceObjectsConfig": {"objectsSelectionType": "SOME"}}
        )
