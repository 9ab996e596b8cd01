"""Pages of the list: never more than a message holds."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dms.model import Job
from commands.list import _pages, _pages_to_choose_from
from tests.jobs import a_job


def jobs(states: list[str]) -> list[Job]:
    return [a_job(f"j{n}", state) for n, state in enumerate(states)]


@given(st.lists(st.integers(0, 60).map(lambda n: f"S{n}"), max_size=300).map(sorted))
def test_all_jobs_in_order_and_no_page_too_full(states: list[str]) -> None:
    found = jobs(states)
    pages = _pages_to_choose_from(found, {job.name: job.status for job in found})
    assert [job for page in pages for job in page] == found
    assert len(pages) >= 1
    assert all(len(page) <= 50 for page in pages)
    assert all(len(Counter(job.status for job in page)) <= 20 for page in pages)


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (50, 1), (51, 2), (1000, 20)])
def test_full_pages_where_all_are_alike(count: int, pages: int) -> None:
    found = jobs(["RUNNING"] * count)
    for cut in (_pages(found), _pages_to_choose_from(found, {job.name: job.status for job in found})):
        assert len(cut) == pages
        assert [job for page in cut for job in page] == found
