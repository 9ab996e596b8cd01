"""Display name, labels and dump path through the whole chain, and an edit that is only tested."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import (
    calls,
    card_after,
    job_with,
    no_views,
    only_call,
    opened,
    patched,
    submitted,
)
from tests.e2e.env import Env
from tests.e2e.helpers import audit, ended

NAME, LABELS, DUMP_PATH = (f"dms:edit:{name}" for name in ("name", "labels", "dump_path"))


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


def test_all_three_in_the_view(env: Env) -> None:
    labels = {"env": "dev", "team": "db"}
    job = job_with(env, state="NOT_STARTED", phase=None, source_engine="MYSQL", labels=labels)
    before = env.now()
    view = opened(env, f"edit {job}", f"Edit {job}", "Display name", "Dump path")
    written = {NAME: "Orders, shard 3", LABELS: "env=prod\n\ntier = gold", DUMP_PATH: "gs://b/o.sql"}
    submitted(env, view, written)
    preview = env.slack.wait_view(contains=[f"Save {job}?"])
    text = plain(preview)
    for line in (
        "→ `Orders, shard 3`",
        "*Label* `env`: `dev` → `prod`",
        "➕ *Label* `tier`: `gold`",
        "➖ *Label* `team`, which was `db`",
        "*Dump path*: not set → `gs://b/o.sql`",
        "at the job's start, or at its next restart",
    ):
        assert line in text, text
    assert calls(env, job) == [], "a preview saves nothing"
    submitted(env, preview, {})
    card = card_after(env, before, "✅", "Saved", job)
    assert "➖ *Label* `team`" in plain(card)
    mask, body = patched(env, job)
    assert mask == "displayName,labels,dumpPath"
    assert body == {
        "displayName": "Orders, shard 3",
        "labels": {"env": "prod", "tier": "gold"},
        "dumpPath": "gs://b/o.sql",
    }
    assert "label env=prod" in audit(env, job)[0].detail
    assert "without label team" in audit(env, job)[0].detail


def test_an_untouched_view_saves_nothing(env: Env) -> None:
    job = job_with(env, labels={"env": "dev", "empty": ""})
    view = opened(env, f"edit {job}", f"Edit {job}", "(sales)")
    submitted(env, view, {})
    env.slack.wait_view(contains=["Nothing to save"])
    assert calls(env, job) == []


def test_a_line_that_is_no_label_is_said_at_once(env: Env) -> None:
    job = job_with(env)
    view = opened(env, f"edit {job}", f"Edit {job}", "(sales)")
    answer = env.slack.submit(view, {LABELS: "env=dev\nprod"})
    assert answer["errors"] == {"labels": "Write each label as key=value, such as env=prod, not prod."}
    env.slack.close_view(view)


@pytest.mark.parametrize(("state", "phase"), [("RUNNING", "CDC"), ("COMPLETED", None)])
def test_the_name_in_any_state_of_a_mysql_job(env: Env, state: str, phase: str | None) -> None:
    """Its databases cannot be changed then, and the view says so and leaves them out."""
    job = job_with(env, state=state, phase=phase, source_engine="MYSQL", destination_engine="MYSQL")
    before = env.now()
    view = opened(env, f"edit {job}", "can be changed only in NOT_STARTED, STOPPED or FAILED", "Display name")
    assert "(sales)" not in plain(view)
    submitted(env, view, {NAME: "Orders"})
    submitted(env, env.slack.wait_view(contains=[f"Save {job}?", "→ `Orders`"]), {})
    card_after(env, before, "✅", "Saved", job)
    assert patched(env, job) == ("displayName", {"displayName": "Orders"})


def test_labels_that_somebody_else_changed_meanwhile_are_not_overwritten(env: Env) -> None:
    """The mask `labels` replaces all labels: those that the card has not shown would be lost."""
    job = job_with(env, labels={"env": "dev"})
    card = env.type(f"edit {job} --label env=prod")
    env.dms.set_job(job, labels={"env": "dev", "team": "db"})
    env.confirm(card, "confirm")
    env.shows(card, "was edited meanwhile: label `team`: none → `db`", "nothing was sent")
    assert calls(env, job) == []


def test_a_lost_answer_saves_once(env: Env) -> None:
    job = job_with(env, labels={"env": "dev"})
    env.dms.fault("UpdateMigrationJob", "UNAVAILABLE", after_apply=True, match=job)
    card = env.type(f"edit {job} --label env=prod")
    env.confirm(card, "confirm")
    env.shows(card, "✅", "Saved", "`dev` → `prod`")
    assert len({each["request"]["request_id"] for each in calls(env, job)}) == 1


def test_an_edit_is_tested_without_being_saved(env: Env) -> None:
    job = job_with(env, labels={"env": "dev"})
    card = env.type(f"verify {job} --with --remove legacy --label env=prod")
    shown = env.shows_done(card, "verify", "`dev` → `prod`", "➖ *Removed*: 1 database: `legacy`")
    assert "nothing is saved" in plain(shown)
    assert ended(env, job) == ["succeeded"]
    request = only_call(env, job, "VerifyMigrationJob", "rest")
    assert request["body"]["updateMask"] == "labels,objectsConfig"
    assert request["body"]["migrationJob"]["labels"] == {"env": "prod"}
    assert env.dms.job(job)["labels"] == {"env": "dev"}
    assert "excludedObjectConfigs" not in str(env.dms.job(job)["objectsConfig"])


def test_what_is_wrong_with_an_edit_is_shown(env: Env) -> None:
    job = job_with(env)
    env.dms.operation_outcome(job, "verify", "FAILED_PRECONDITION", "max_wal_senders is too low")
    card = env.type(f"verify {job} --with --parallel max")
    env.shows(card, "🔴", "max_wal_senders", "→ *MAX*")
