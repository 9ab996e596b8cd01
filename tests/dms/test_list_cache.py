"""Jobs that only run on: their durations are told, and nothing else of them is read again."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dms.gateway import Gateway
from bot.dms.list_cache import durations, split_page
from bot.dms.model import Job
from bot.dms.new_job import with_duration
from tests.dms.fake_service import FakeService, JobPb, JobsPb
from tests.dms.test_reads import made, message

labels = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)


def running(job: str, seconds: int, nanos: int = 0, **fields: Any) -> Any:
    found = message(job, **fields)
    found.duration.seconds, found.duration.nanos = seconds, nanos
    return found


@given(st.builds(Job), st.floats(0, 1e9))
def test_all_but_the_duration_stays(job: Job, seconds: float) -> None:
    now = with_duration(job, seconds)
    assert now == replace(job, duration_s=seconds)
    assert hash(now) == hash(replace(job, duration_s=seconds))
    with pytest.raises(FrozenInstanceError):
        now.name = ""  # type: ignore[misc]


@given(st.lists(st.tuples(labels, st.integers(0, 10**6), st.integers(0, 999_999_999)), max_size=4))
def test_a_page_comes_apart_without_loss(jobs: list[tuple[dict[str, str], int, int]]) -> None:
    messages = [running("x", s, n, labels=each, display_name="é") for each, s, n in jobs]
    page = JobsPb(
        migration_jobs=messages, next_page_token="t", unreachable=["projects/p/locations/far"]
    ).SerializeToString()
    unread = split_page(page)
    assert (unread.token, unread.unreachable) == ("t", ("far",))
    lasted = tuple(s + n / 1e9 for _, s, n in jobs)
    assert durations(page) == lasted == split_page(page, durations=True).durations
    for content, whole in zip(unread.contents, messages, strict=True):
        whole.ClearField("duration")
        assert JobPb.FromString(content) == whole


class TestGateway:
    def test_durations_are_as_of_now(self, far: FakeService) -> None:
        seconds = {"a": 10, "b": 20}
        far.on("ListMigrationJobs", lambda *_: page_of(seconds))
        gateway = made(far, "l")
        assert lasted(gateway) == {"a": 10, "b": 20}
        seconds["a"] = 11
        assert lasted(gateway) == {"a": 11, "b": 20}
        assert lasted(gateway) == {"a": 11, "b": 20}
        seconds |= {"a": 12, "c": 1}
        assert lasted(gateway) == {"a": 12, "b": 20, "c": 1}
        gateway.close()

    def test_without_durations_a_job_that_only_ran_on_is_the_very_same(self, far: FakeService) -> None:
        seconds = {"a": 10, "b": 20}
        far.on("ListMigrationJobs", lambda *_: page_of(seconds))
        gateway = made(far, "l")
        first = gateway.list_jobs(durations=False).jobs
        assert [each.duration_s for each in first] == [10, 20]
        seconds |= {"a": 15, "b": 25}
        assert lasted(gateway) == {"a": 15, "b": 25}
        again = gateway.list_jobs(durations=False).jobs
        assert all(one is other for one, other in zip(first, again, strict=True))
        gateway.close()


def page_of(seconds: dict[str, int]) -> Any:
    return JobsPb(migration_jobs=[running(job, lasted) for job, lasted in seconds.items()])


def lasted(gateway: Gateway) -> dict[str, float]:
    return {each.id: each.duration_s for each in gateway.list_jobs().jobs}
