"""A request in one line, from the rows that the audit has of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.requests.job_names import disambiguate
from bot.store.records import AuditEntry
from commands.support.history_rows import keys_of, request_line
from tests.policy.command_service import words
from tests.policy.people import DANA, NOW

ORDERS, CARTS, SHOP = (
    f"projects/p/locations/west/migrationJobs/{each}" for each in ("orders", "carts", "shop")
)
SAM, ALEX = "U0SAM00001", "U0ALEX0001"
WHEN = "2026-03-01 12:00:00+00:00"


def rows(*events: str, job: str = ORDERS, detail: str = "", asked: str = "") -> list[AuditEntry]:
    """A row a minute; `detail` is that of the last one, `asked` that of the request."""
    made = [
        AuditEntry(NOW + timedelta(minutes=at), event, DANA.user, action="restart", job=job, request="r1")
        for at, event in enumerate(events)
    ]
    made = [replace(each, detail=asked) if each.event == "requested" else each for each in made]
    return [*made[:-1], replace(made[-1], detail=detail or made[-1].detail)]


def line(found: list[AuditEntry], *, named: bool = True) -> str:
    calls = disambiguate([ORDERS, CARTS, SHOP])
    return words(request_line(found, calls if named else None)).removeprefix(WHEN)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (rows("requested", "calling", "accepted", "succeeded"), "✅ 2 min"),
        (rows("requested", "succeeded"), "✅ done"),
        (
            rows("requested", "calling", "failed", detail="the disk\nis `full`"),
            "🔴 failed after 1 min: the disk is full",
        ),
        (rows("requested", "calling", "refused", detail="not allowed"), "🚫 refused: not allowed"),
        (rows("requested", "calling", "unclear", detail="nobody knows"), "❓ unclear: nobody knows"),
        (rows("requested", "confirmed", "calling", "accepted"), "⏳ running"),
        (rows("requested", "confirmed", "approved"), "⏳ waiting"),
        (rows("requested"), "⏳ waiting"),
        (rows("requested", "cancelled"), "🚫 cancelled"),
        (rows("requested", "expired"), "⌛ expired"),
        (rows("requested", "outdated", detail="the job has changed"), "🚫 out of date: the job has changed"),
    ],
)
def test_how_a_request_ended(found: list[AuditEntry], said: str) -> None:
    assert line(found).startswith(f" *restart* `orders` · {said}")


def test_who_asked_and_who_approved() -> None:
    found = rows("requested", "confirmed", "approved", "approved", "calling", "succeeded")
    found[2:4] = [replace(found[2], user=ALEX), replace(found[3], user=SAM)]
    assert line(found).endswith(f" · ✅ 1 min · @{DANA.user}, approved by @{ALEX}, @{SAM}")


def test_who_denied_it_and_why() -> None:
    found = rows("requested", "denied", detail="not tonight")
    found[1] = replace(found[1], user=ALEX)
    assert line(found).endswith(f" · 🚫 denied by @{ALEX}: not tonight · @{DANA.user}")


def test_the_reason_stands_last() -> None:
    found = rows("requested", "calling", "succeeded", asked="databases: a, b; reason: bad dump, CHG-12")
    assert line(found).endswith(f"@{DANA.user} · “bad dump, CHG-12”")
    again = replace(found[0], event="confirmed", detail="reason: CHG-13")
    assert line([found[0], again, *found[1:]]).endswith("“CHG-13”")


def test_several_jobs_are_counted() -> None:
    found = [
        *rows("requested", "calling", "succeeded"),
        *rows("requested", "calling", "failed", job=CARTS, detail="full"),
        *rows("requested", "calling", job=SHOP),
    ]
    said = " *restart* `orders`, `carts` and 1 more · ✅ 1 done, 🔴 1 failed, ⏳ 1 running: full"
    assert line(found).startswith(said)


def test_the_page_of_a_job_leaves_its_name_out() -> None:
    assert line(rows("requested", "calling", "succeeded"), named=False).startswith(" *restart* · ✅")


def test_rows_of_a_request_are_one_thing_and_others_each_their_own() -> None:
    freeze = AuditEntry(NOW, "frozen", DANA.user, seq=7)
    assert keys_of([*rows("requested", "calling"), freeze, replace(freeze, seq=8)]) == ["r1", "7", "8"]
