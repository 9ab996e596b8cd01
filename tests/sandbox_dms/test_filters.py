"""The list filter language."""

from typing import Any

import pytest

from sandbox.dms.errors import ApiError
from sandbox.dms.filters import compile_filter
from sandbox.dms.views import lookup

JOB: dict[str, Any] = {
    "name": "projects/p/locations/l/migrationJobs/orders-db",
    "displayName": "Orders (main)",
    "state": "RUNNING",
    "phase": "CDC",
    "type": "CONTINUOUS",
    "labels": {"env": "prod", "team": "shop"},
    "createTime": "2026-03-04T05:06:07.000000Z",
    "duration": "3600s",
    "performanceConfig": {"dumpParallelLevel": "MAX"},
    "reverseSshConnectivity": {"vmPort": 22},
}
FIELDS = frozenset([*JOB, "error", "source"])


def matches(text: str) -> bool:
    predicate = compile_filter(text)
    return predicate is None or predicate(lambda path: lookup(JOB, path, FIELDS))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "state = RUNNING",
        'state="RUNNING"',
        "state='RUNNING'",
        "state != FAILED",
        'displayName = "Orders (main)"',
        'display_name : "orders"',
        "name : orders-db",
        'name = "*/migrationJobs/orders-*"',
        "labels.env = prod",
        "labels:env",
        "labels.env:*",
        "NOT labels:region",
        "-state = FAILED",
        "performanceConfig.dumpParallelLevel = MAX",
        "performance_config.dump_parallel_level = MAX",
        "reverseSshConnectivity.vmPort = 22",
        "reverseSshConnectivity.vmPort > 21",
        "createTime > 2026-01-01T00:00:00Z",
        'createTime <= "2026-03-04T05:06:07Z"',
        "create_time >= 2026-03-04",
        "duration >= 60s",
        "state = RUNNING AND phase = CDC",
        "state = RUNNING phase = CDC",
        "state = FAILED OR phase = CDC",
        "(state = FAILED OR state = RUNNING) AND NOT phase = FULL_DUMP",
        "NOT (state = FAILED OR state = STOPPED)",
        "orders",
        '"main"',
        "source = ''",
        "error.message != boom",
    ],
)
def test_a_filter_takes_the_job(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "state = FAILED",
        "state != RUNNING",
        "state = running",
        "labels.env = staging",
        "labels:region",
        "labels.region:*",
        "state = RUNNING AND phase = FULL_DUMP",
        "state = RUNNING phase = FULL_DUMP",
        "createTime < 2026-01-01T00:00:00Z",
        "duration < 60s",
        "nothing-like-it",
        "error.message = boom",
        "error:*",
        "source > a",
    ],
)
def test_a_filter_leaves_the_job_out(text: str) -> None:
    assert not matches(text)


def test_or_binds_tighter_than_and() -> None:
    # phase = CDC AND (state = RUNNING OR state = FAILED), and not (… AND …) OR ….
    assert not matches("phase = FULL_DUMP AND state = FAILED OR state = RUNNING")


def test_quotes_may_be_escaped() -> None:
    assert not matches(r'displayName = "a \"b\" c"')


@pytest.mark.parametrize(
    "text",
    [
        "state =",
        "= RUNNING",
        "(state = RUNNING",
        "state = RUNNING)",
        "AND",
        "state = ,",
        "NOT",
        '"open',
        "(" * 99,
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="Invalid filter") as caught:
        matches(text)
    assert caught.value.code == "INVALID_ARGUMENT"


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ApiError, match="unknown field 'colour'"):
        matches("colour = red")
