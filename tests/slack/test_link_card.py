"""What the card of a link says. When a job came to the status it had at the first poll, nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.cmdline.answers import Button
from bot.slack.render.link_card import link_card
from bot.watch.transitions import diff, diff_first
from tests.jobs import a_job

STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = STARTED + timedelta(hours=2)
PLACE = "🏭 prod/europe-west1"


def card(*, baseline: bool, changes: bool) -> str:
    known = diff_first(a_job("orders-db", "RUNNING", "FULL_DUMP"), STARTED, baseline=baseline).snapshot
    if changes:
        job = a_job("orders-db", "RUNNING", "CDC")
        known = diff(known, job, LATER, stuck_after=timedelta(hours=1)).snapshot
    return str(link_card(known, PLACE, Button("Show", "show", "run", "ref")))


@pytest.mark.parametrize(
    ("baseline", "changes", "since"),
    [(True, False, None), (False, False, STARTED), (True, True, LATER), (False, True, LATER)],
)
def test_a_card_says_since_when_only_if_that_was_seen(
    baseline: bool, changes: bool, since: datetime | None
) -> None:
    said = card(baseline=baseline, changes=changes)
    dates = [f"<!date^{int(each.timestamp())}^" in said for each in (STARTED, LATER)]
    assert dates == [since == STARTED, since == LATER]
    assert (" since " in said) is (since is not None)


def test_a_card_names_the_place_as_other_cards_do_and_no_time_of_its_own() -> None:
    said = card(baseline=True, changes=False)
    assert f"{PLACE} · as I last saw it" in said
    assert "demo-project" not in said
    assert "as of" not in said
