"""`/dms history`: pages, filters, files, and jobs that are gone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cmdline.answers import AnswerPage, Upload
from bot.cmdline.invocation import Invocation, UsageError
from bot.dms.model import Job, job_name
from bot.dms.rules import Action
from bot.policy.principal import DirectoryUnavailable
from bot.policy.subscriptions import Subscriptions
from bot.requests.run_ledger import RunLedger
from bot.slack.render.answer import render
from bot.store import open_store
from bot.store.records import AuditEntry, JobSnapshot, Run, RunState
from bot.util.command import COMMAND
from commands.history import PER_PAGE
from sandbox.dms import DmsServer
from tests.policy.command_service import PROJECT, CommandService, command_service, labels, words
from tests.policy.people import DANA, NOW, QUINN, access, job, request
from tests.store.raw import Raw

ORDERS = job_name(PROJECT, "europe-west1", "orders")
GONE = job_name(PROJECT, "us-central1", "gone")
OTHER = job_name(PROJECT, "us-central1", "other")
SAM = "U0SAM00001"


def people(text: str, _workspace: str) -> str:
    known = {"@sam": SAM, SAM: SAM}
    if text == "@offline":
        raise DirectoryUnavailable("Slack does not say who is who at the moment.")
    return known.get(text, "")


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer() as running:
        running.control.add_job("orders", location="europe-west1", phase="CDC", frozen=True)
        yield running


@pytest.fixture
def typing(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    with command_service(dms, tmp_path, access(user_id=people)) as ready:
        for number in range(40):
            day = timedelta(days=40 - number)
            user = SAM if number % 4 == 0 else DANA.user
            ready.ctx.store.append_audit(
                AuditEntry(
                    NOW - day,
                    "requested",
                    user,
                    "T1",
                    "C0DMS00001",
                    "stop",
                    GONE if number == 39 else ORDERS,
                    job_status="RUNNING/CDC",
                    detail=f"number {number}",
                )
            )
        yield ready


def numbers(answer: object) -> list[int]:
    assert isinstance(answer, AnswerPage)
    return [int(words(each.text).rpartition("number ")[2]) for each in answer.sections]


def test_the_newest_comes_first_and_says_who_did_what(typing: CommandService) -> None:
    page = typing.type("history")
    assert numbers(page) == list(range(39, 24, -1))
    assert isinstance(page, AnswerPage)
    first = words(page.sections[1].text)
    assert "@U0DANA0001 *requested* stop of `orders` (Running · CDC) in C0DMS00001\nnumber 38" in first


def test_pages_go_on_to_the_oldest(typing: CommandService) -> None:
    assert labels(typing.type("history")) == ["Older ›", "CSV", "JSON lines"]
    assert labels(typing.type("history --page 2"))[:2] == ["‹ Newer", "Older ›"]
    last = typing.type("history --page 3")
    assert numbers(last) == list(range(9, -1, -1))
    assert labels(last)[0] == "‹ Newer"
    assert "no older rows" in words(typing.type("history --page 9"))


def test_a_page_keeps_what_was_asked(typing: CommandService) -> None:
    page = typing.type("history orders --by @sam --since 39d")
    assert isinstance(page, AnswerPage)
    for button in page.buttons:
        ref = typing.ctx.store.ref("T1", button.ref)
        assert ref is not None
        kept = Invocation.from_dict(ref.data)
        assert (kept.jobs, kept.word("by"), kept.word("since")) == (("orders",), "@sam", "39d")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("history --by @sam", [36, 32, 28, 24, 20, 16, 12, 8, 4, 0]),
        ("history --by <@U0SAM00001|sam> --since 9d", [36, 32]),
        (f"history --by {SAM} --since 9d", [36, 32]),
        ("history --by sam --since 9d", [36, 32]),
        ("history --since 2d", [39, 38]),
        ("history --since 2026-02-27T00:00Z --by me", [39, 38]),
        ("history gone", [39]),
        ("history us-central1/gone", [39]),
        (f"history {GONE}", [39]),
        ("history orders --since 3d", [38, 37]),
        ("history --since yesterday 13:00", [39]),
        ("history --since yesterday 13:00 Europe/Amsterdam gone", [39]),
        ("history --since 2026-02-27 13:00 orders", [38]),
        ("history --since 2026-02-27 1 pm --by me", [39, 38]),
    ],
)
def test_it_is_narrowed_by_job_person_and_time(typing: CommandService, line: str, found: list[int]) -> None:
    assert numbers(typing.type(line)) == found


def test_a_job_that_never_was_is_said_to_be_so(typing: CommandService) -> None:
    assert "There is no migration job `ordres`" in words(typing.type("history ordres"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("history --since soon", "is not a time: write for example `2d`"),
        ("history --since 3 days", "`3` is not a time: write for example `2d`"),
        ("history --since 2099-01-01", "`2099-01-01` is in the future"),
        ("history --since today 23:59 Pacific/Pago_Pago", "is in the future: .* `2d`"),
        ("history --by @nobody", "nobody called `@nobody`"),
        ("history --by @offline", "A mention works: pick the person from the list"),
        ("history --export xml", "csv, jsonl"),
        ("history orders --since yesterday 13:00 or so", 'in quotes, as in `--since "yesterday 14:00 Europe'),
    ],
)
def test_what_is_wrong_is_said(typing: CommandService, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        typing.type(line)


def test_nothing_found_is_said(typing: CommandService) -> None:
    said = words(typing.type("history --by @sam --since 1m"))
    assert said.startswith(f"Nothing was done from here by @{SAM} since 2026-03-01 11:59")
    assert "`/dms history` shows everything" in said
    assert "nothing to export" in words(typing.type("history --since 1m --export csv"))


def test_the_csv_file_has_what_was_asked(typing: CommandService) -> None:
    file = typing.type("history orders --by @sam --export csv")
    assert isinstance(file, Upload)
    assert file.filename == "dms-audit-orders-20260301-1200.csv"
    read = list(csv.DictReader(io.StringIO(file.content.decode(), newline="")))
    assert [row["detail"] for row in read] == [f"number {n}" for n in range(0, 40, 4)]
    assert "10 rows" in words(file.comment)


def test_the_json_lines_file_has_everything(typing: CommandService) -> None:
    file = typing.type("history --export jsonl")
    assert isinstance(file, Upload)
    lines = [json.loads(line) for line in file.content.decode().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 41))


def test_freezes_and_watches_are_told_with_times_and_names(typing: CommandService) -> None:
    for line in (
        'freeze orders --until 2h --reason "month end"',
        "unfreeze orders",
        'freeze --all --until 2h --reason "audit"',
        "watch orders --only failed,completed",
        "watch label.env=prod --dm",
        "unwatch orders",
    ):
        (typing.sure if "--all" in line else typing.type)(line)
    page = typing.type("history")
    assert isinstance(page, AnswerPage)
    until, about = "2026-03-01 14:00:00+00:00", "`orders`, only `failed`, `completed`"
    assert [words(each.text).partition(" @")[2] for each in page.sections[:6]] == [
        f"{DANA.user} *unsubscribed* C0GENERAL1 from {about} (typed in C0GENERAL1)",
        f"{DANA.user} *subscribed* @{DANA.user} to jobs with the label `env=prod` (typed in C0GENERAL1)",
        f"{DANA.user} *subscribed* C0GENERAL1 to {about} (typed in C0GENERAL1)",
        f"{DANA.user} *froze* all jobs until {until} in C0GENERAL1\naudit",
        f"{DANA.user} *lifted the freeze* of `orders` in C0GENERAL1",
        f"{DANA.user} *froze* `orders` until {until} in C0GENERAL1\nmonth end",
    ]
    assert all("projects/" not in words(each.text) for each in page.sections)


def test_a_request_is_one_row_with_its_steps(typing: CommandService) -> None:
    store = typing.ctx.store
    for number in range(40):
        for event in ("requested", "calling", "accepted", "succeeded"):
            row = AuditEntry(NOW, event, DANA.user, action="stop", job=ORDERS, request=f"r{number}")
            store.append_audit(row)
    first, second = typing.type("history"), typing.type("history --page 2")
    assert isinstance(first, AnswerPage)
    assert isinstance(second, AnswerPage)
    assert [len(page.sections) for page in (first, second)] == [15, 15]
    (button,) = first.sections[0].buttons
    ref = store.ref("T1", button.ref)
    assert ref is not None
    assert Invocation.from_dict(ref.data) == Invocation("history", flags={"request": "r39"})
    steps = typing.type("history --request r39")
    assert isinstance(steps, AnswerPage)
    assert steps.title == "Steps of stop orders"
    assert [words(each.text).split("*")[1] for each in steps.sections] == [
        "requested",
        "calling",
        "accepted",
        "succeeded",
    ]
    assert "Nothing is known of that request" in words(typing.type("history --request r40"))


def test_a_filter_chooses_requests_and_their_rows_are_complete(typing: CommandService) -> None:
    for event, user in (("requested", DANA.user), ("approved", SAM), ("calling", DANA.user)):
        typing.ctx.store.append_audit(AuditEntry(NOW, event, user, action="stop", job=OTHER, request="r1"))
    newest = typing.type("history --by @sam --since 1h")
    assert isinstance(newest, AnswerPage)
    assert [words(each.text).partition(" *")[2] for each in newest.sections] == [
        f"stop* `other` · ⏳ running · @{DANA.user}, approved by @{SAM}"
    ]


def test_what_the_bot_did_is_not_told_as_if_a_person_had(typing: CommandService) -> None:
    for event in ("calling", "accepted", "succeeded", "refused", "unclear", "stopped"):
        typing.ctx.store.append_audit(AuditEntry(NOW, event, DANA.user, action="stop", job=ORDERS))
    typing.ctx.store.append_audit(
        AuditEntry(NOW, "expired", action="stop", job=ORDERS, detail="`orders` was late.")
    )
    page = typing.type("history")
    assert isinstance(page, AnswerPage)
    assert words(page.sections[0].text).endswith(" *expired*: stop of `orders`\norders was late.")
    assert words(page.sections[4].text).endswith(f" *succeeded*: stop of `orders`, requested by @{DANA.user}")


QUIET = """
default_role = "viewer"
[[rule]]
name = "quiet"
verbs = ["view"]
jobs = ["orders"]
allow = ["U0DANA0001"]
[[rule]]
name = "quieter"
verbs = ["view"]
labels = { env = "prod" }
allow = ["U0DANA0001"]
"""


def test_what_is_done_with_jobs_that_are_kept_from_a_person_is_too(dms: DmsServer, tmp_path: Path) -> None:
    prod = replace(job("gone", "us-central1", PROJECT), labels=(("env", "prod"),))
    with command_service(dms, tmp_path, access(QUIET, user_id=people)) as ruled:
        ruled.ctx.store.add_request(request(Action.STOP, DANA, prod))
        ruled.ctx.store.save_known([JobSnapshot(Job(OTHER, NOW, "RUNNING"), NOW, NOW)])
        for number in range(60):
            name = (ORDERS, GONE, OTHER)[number % 3]
            ruled.ctx.store.append_audit(AuditEntry(NOW, "requested", SAM, "T1", action="stop", job=name))
        mine, theirs = ruled.type("history"), ruled.type("history", QUINN)
        assert "`orders`" in words(mine)
        assert "`gone`" in words(mine)
        assert isinstance(theirs, AnswerPage)
        assert len(theirs.sections) == 15
        assert all("`other`" in words(each.text) for each in theirs.sections)
        assert labels(theirs)[0] == "Older ›"
        assert labels(ruled.type("history --page 2", QUINN))[0] == "‹ Newer"
        for line in ("history orders", "history orders --export csv"):
            assert "You may not use `history` on" in words(ruled.type(line, QUINN))
        assert "There is no migration job `gone`" in words(ruled.type("history gone", QUINN))
        hidden = AuditEntry(NOW, "requested", SAM, "T1", action="stop", job=ORDERS, request="r1")
        ruled.ctx.store.append_audit(hidden)
        assert "Steps of stop" in words(ruled.type("history --request r1"))
        told = words(ruled.type("history --request r1", QUINN))
        assert told.startswith("Nothing that you may see is known of that request.")
        file = ruled.type("history --export jsonl", QUINN)
        assert isinstance(file, Upload)
        assert {json.loads(line)["job"] for line in file.content.decode().splitlines()} == {OTHER}


def spoil(path: Path, where: str) -> None:
    """Change rows of the audit so that they cannot be read, as somebody with the file can."""
    with Raw(str(path / "bot.db")) as raw:
        raw.drop_triggers()
        raw.execute(f"UPDATE audit SET at = 'long ago' WHERE {where}")


def test_rows_that_cannot_be_read_are_passed_over_and_counted(typing: CommandService, tmp_path: Path) -> None:
    said = "2 audit rows that cannot be read from the database"
    spoil(tmp_path, "seq IN (38, 40)")
    page = typing.type("history")
    assert isinstance(page, AnswerPage)
    assert f"Not shown: {said}" in words(page.sections[0].text)
    assert len(page.sections) == PER_PAGE + 1
    older = typing.type("history --page 3")
    assert isinstance(older, AnswerPage)
    assert len(older.sections) == 40 - 2 - 2 * PER_PAGE + 1, "the rows before them are found"
    file = typing.type("history --export csv")
    assert isinstance(file, Upload)
    assert len(list(csv.DictReader(io.StringIO(file.content.decode(), newline="")))) == 38
    assert f"Not in it: {said}" in words(file.comment)


def test_a_history_of_which_nothing_can_be_read_is_not_said_to_be_empty(
    typing: CommandService, tmp_path: Path
) -> None:
    typing.ctx.store.append_audit(AuditEntry(NOW, "requested", SAM, action="stop", job=GONE, request="r1"))
    spoil(tmp_path, "seq > 0")
    for line in ("history", f"history {GONE}", "history --request r1", "history --export jsonl"):
        assert "cannot be read from the database" in words(typing.type(line)), line
    assert "is gone: the service no longer has it" in words(typing.type("show gone"))


def test_a_detail_is_left_out_where_the_jobs_of_its_request_cannot_be_read(
    dms: DmsServer, tmp_path: Path
) -> None:
    with command_service(dms, tmp_path, access(QUIET, user_id=people)) as ruled:
        ruled.ctx.store.save_known([JobSnapshot(Job(OTHER, NOW, "RUNNING"), NOW, NOW)])
        row = AuditEntry(NOW, "requested", SAM, "T1", action="stop", job=OTHER, request="r1", detail="beside")
        ruled.ctx.store.append_audit(row)
        ruled.ctx.store.append_audit(replace(row, job=GONE))
        assert "beside" in words(ruled.type("history --request r1", QUINN))
        spoil(tmp_path, f"job = '{GONE}'")
        told = words(ruled.type("history --request r1", QUINN))
        assert "beside" not in told
        assert "not shown: not all that this was about can be read" in told


def test_what_outsiders_wrote_is_shown_as_it_is(typing: CommandService) -> None:
    typing.ctx.store.append_audit(
        AuditEntry(NOW, "failed", job=ORDERS, detail="<!channel> *boo* " + "x" * 5000)
    )
    message = render(typing.type("history"))
    assert len(message.blocks) <= 50
    assert "<!channel>" not in str([block.to_dict() for block in message.blocks])


def test_looking_at_the_history_changes_nothing(typing: CommandService) -> None:
    typing.type("history orders --export csv")
    assert len(typing.ctx.store.audit()) == 40
    assert typing.ctx.store.verify_audit() == ""


def test_rows_name_the_command_of_the_bot(tmp_path: Path) -> None:
    """A row is exported as it is, so nothing in it may stand for something else."""
    store, asked = open_store(str(tmp_path / "bot.db")), request(Action.STOP, DANA)
    run = Run("r1", asked.id, asked.jobs[0].name, Action.STOP, RunState.QUEUED, "c1")
    ledger = RunLedger(
        store,
        clock=lambda: NOW,
        wake=lambda: None,
        nudge=lambda _job: None,
        on_ended=lambda _action, _state, _project: None,
        start_next=lambda _request: None,
        subscriptions=lambda: Subscriptions.of("C1", ()),
        command="/dms-staging",
    )
    told = f"frozen by @sam: “not with /dms”. `{COMMAND} unfreeze orders-db` lifts it."
    ledger.audit(run, asked, "refused", asked.jobs[0], told)
    assert [each.detail for each in store.audit()] == [
        "frozen by @sam: “not with /dms”. `/dms-staging unfreeze orders-db` lifts it."
    ]
    store.close()
