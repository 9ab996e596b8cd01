"""Several projects in the settings: lists, `[[project]]`, and one sentence for each fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config.loader import ConfigError, load, read
from bot.config.projects import Place, Projects

LEAST = {
    "DMS_NOTIFY_CHANNEL": "C0123ABCDEF",
    "SLACK_BOT_TOKEN": "xoxb-111",
    "SLACK_APP_TOKEN": "xapp-222",
}
THREE = """
[[project]]
id = "acme-prod"
alias = "prod"
locations = ["europe-west3", "us-central1"]
notify_channel = "C0PROD"
approval_channel = "C0LEADS"
impersonate = "dms-bot@acme-prod.iam.gserviceaccount.com"
labels = { team = "db" }

[[project]]
id = "acme-staging"
locations = "*"

[[project]]
id = "acme-test"
labels = { env = "production" }
"""


def environ(tmp_path: Path, text: str, **more: str) -> dict[str, str]:
    path = tmp_path / "dms-bot.toml"
    path.write_text(text, encoding="utf-8")
    return {**LEAST, "DMS_BOT_CONFIG": str(path), **more}


def projects(tmp_path: Path, text: str, **more: str) -> Projects:
    return load(environ(tmp_path, text, **more)).projects


def faults(tmp_path: Path, text: str, **more: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(environ(tmp_path, text, **more))
    return caught.value.faults


def test_one_project_as_before() -> None:
    found = load(
        {**LEAST, "GOOGLE_CLOUD_PROJECT": "acme-databases", "DMS_LOCATIONS": "europe-west3"}
    ).projects
    assert [each.id for each in found] == ["acme-databases"]
    assert not found.several
    assert found.places == (Place("acme-databases", "europe-west3"),)


def test_a_list_of_projects_and_all_locations() -> None:
    found = load({**LEAST, "GOOGLE_CLOUD_PROJECT": "acme-a, acme-b,acme-a", "DMS_LOCATIONS": "*"}).projects
    assert found.places == (Place("acme-a", "-"), Place("acme-b", "-"))
    assert found.places[0].parent == "projects/acme-a/locations/-"
    assert all(each.locations == () for each in found)


def test_tables(tmp_path: Path) -> None:
    found = projects(tmp_path, THREE, DMS_LOCATIONS="asia-south1")
    prod, staging, test = found
    assert (prod.shown, staging.shown) == ("prod", "acme-staging")
    assert prod.locations == ("europe-west3", "us-central1")
    assert staging.places == (Place("acme-staging", "-"),)
    assert test.locations == ("asia-south1",)
    assert (prod.notify_channel, prod.approval_channel) == ("C0PROD", "C0LEADS")
    assert prod.impersonate == "dms-bot@acme-prod.iam.gserviceaccount.com"
    assert [each.is_production for each in found] == [True, False, True]
    assert found.named("prod") == found.named("acme-prod") == prod
    assert found.named("europe-west3") is None


def test_the_host_may_name_one_of_them(tmp_path: Path) -> None:
    found = projects(tmp_path, THREE, DMS_LOCATIONS="*", GOOGLE_CLOUD_PROJECT="acme-test")
    assert len(found) == 3
    (fault,) = faults(tmp_path, THREE, DMS_LOCATIONS="*", GOOGLE_CLOUD_PROJECT="acme-dev")
    assert fault.startswith("GOOGLE_CLOUD_PROJECT names 'acme-dev', which has no [[project]]")


def test_locations_are_needed_of_each(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, THREE)
    assert fault.startswith("DMS_LOCATIONS is not set")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('alias = "prod"', "[[project]] 1 has no id"),
        ('id = "Acme DB"', "id in [[project]] 1 must be a Google Cloud project id, not 'Acme DB'"),
        ("id = 7", "id in [[project]] 1 must be a text that is not empty, not 7"),
        ('id = "acme"\nalias = "EU/1"', "alias in [[project]] 1 must be at most 40 lower-case letters"),
        ('id = "acme"\nalias = "us-central1"\nlocations = "us-central1"', "is also a location"),
        ('id = "acme"\nimpersonate = "dms-bot"', "must be a service account's e-mail address"),
        ('id = "acme"\nlabels = ["prod"]', "labels in [[project]] 1 must be a table of texts"),
        ('id = "acme"\nproduction = "yes"', "production in [[project]] 1 must be true or false, not 'yes'"),
        ('id = "acme"\nalais = "prod"', "Unknown setting alais in [[project]] 1. Did you mean alias?"),
        (
            'id = "acme"\nnotify_channel = "Ops Room"',
            "notify_channel in [[project]] 1 must be a channel",
        ),
        ('id = "acme"\n[[project]]\nid = "acme"', "'acme' names two projects"),
        ('id = "acme"\n[[project]]\nid = "other"\nalias = "acme"', "'acme' names two projects"),
    ],
)
def test_each_fault_is_one_sentence(tmp_path: Path, table: str, told: str) -> None:
    (fault,) = faults(tmp_path, f"[[project]]\n{table}", DMS_LOCATIONS="us-central1")
    assert told in fault
    assert fault.endswith((".", "?"))


def test_an_id_as_its_own_alias_is_no_clash(tmp_path: Path) -> None:
    found = projects(tmp_path, '[[project]]\nid = "acme"\nalias = "acme"\nlocations = "*"')
    assert found.named("acme") is not None


@pytest.mark.parametrize("locations", ["europe-west1", "*"])
def test_what_is_checked_has_the_locations_of_what_runs(tmp_path: Path, locations: str) -> None:
    """`dms-bot config check` warns of patterns in the policy that no job can match."""
    given = environ(tmp_path, THREE, DMS_LOCATIONS=locations)
    assert read(given).projects == load(given).projects
