"""One bot for an organisation of two workspaces: commands, presses, forms and approvals from each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import plain
from sandbox.slack.seed_organisation import SHARED_CHANNEL, WEST, WEST_CHANNEL
from tests.e2e.env import Env, open_env, steps
from tests.waiting import until

HOME = "T0SANDBOX1"
POLICY = f"""
workspace = "{HOME}"
approval_channel = "{SHARED_CHANNEL}"
[roles]
operator = ["@dba-team", "{WEST.id}/@dba-team", "W0BOTHDBA1"]
approver = ["U0ALEX0001", "W0WESTLOOK", "U0PARTNER1"]
[[rule]]
name = "west's own"
verbs = ["stop"]
jobs = ["west-*"]
workspaces = ["{WEST.id}"]
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("org")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    with open_env(folder, org=True, policy_file=folder / "policy.toml") as made:
        yield made
        assert made.slack.violations() == []


def test_a_request_and_its_approval_from_two_workspaces(env: Env) -> None:
    job = env.add_job("shared", state="STOPPED", phase="FULL_DUMP", databases=["sales"])
    card = env.type(f"restart {job}", user="west-dba", channel="west-dms")
    env.confirm(card, typed=job, user="west-dba")
    asked = env.slack.wait_message(
        channel="shared", contains=job, where=lambda each: "approve" in steps(each)
    )
    env.slack.press(asked, **env.found_by(asked, "approve"), user="partner")
    env.answer_to("partner", "shared", "people of other organisations", asked["ts"])
    env.press(asked, "approve", user="alex")
    env.shows_as(card, "done", job)
    assert len(env.writes("restart", job)) == 1
    rows = env.bot.store.audit(
        job=f"projects/{env.bot.settings.project}/locations/europe-west1/migrationJobs/{job}"
    )
    teams = {(row.event, row.team) for row in rows}
    assert {("requested", WEST.id), ("confirmed", WEST.id), ("approved", HOME)} <= teams
    listed, before = env.type(f"history {job}", user="alex"), env.now()
    env.press(listed, "Steps", user="alex")
    env.answer_to("alex", "dms", f"from `{HOME}`", before)
    env.answer_to("alex", "dms", f"from `{WEST.id}`", before)
    assert env.bot.store.verify_audit() == ""


def test_a_rule_for_a_workspace_in_a_channel_of_both(env: Env) -> None:
    job = env.add_job("west", state="RUNNING", phase="CDC")
    assert f"from the workspace `{WEST.id}`" in plain(env.type(f"stop {job}", user="dana", channel="shared"))
    assert f"Stop {job}" in plain(env.type(f"stop {job}", user="west-dba", channel="shared"))


def test_guests_of_each_workspace_may_not(env: Env) -> None:
    job = env.add_job("guest", state="STOPPED", phase="FULL_DUMP", databases=["sales"])
    refused = plain(env.type(f"restart {job}", user="west-guest", channel="west-dms"))
    assert "people of other organisations" in refused
    assert env.writes("restart", job) == []


def test_home_and_its_buttons_in_the_second_workspace(env: Env) -> None:
    env.add_job("home", state="RUNNING", phase="CDC")
    env.slack.open_home("west-dba")
    home = env.slack.wait_home("west-dba")
    published = len(env.slack.calls("views.publish"))
    env.press(home, "refresh", user="west-dba")
    until(lambda: len(env.slack.calls("views.publish")) > published)


def test_a_form_with_a_search_in_the_second_workspace(env: Env) -> None:
    job = env.add_job("form", state="NOT_STARTED", databases=["sales", "stock"])
    env.slack.command(f"edit {job}", user="west-dba", channel="west-dms")
    view = env.slack.wait_view("west-dba", job)
    searches = [b["element"] for b in view["blocks"] if "external" in str(b.get("element", {}).get("type"))]
    for element in searches:
        found = env.slack.suggest(view, element["action_id"], "sto", user="west-dba")
        assert [each["text"]["text"] for each in found] == ["stock"]
    env.slack.close_view(view, user="west-dba")


def test_people_are_named_in_their_own_workspace(env: Env) -> None:
    assert "nobody called" in plain(env.type("history --by @west-dba", user="dana"))
    own = plain(env.type("history --by @west-dba", user="west-dba", channel="west-dms"))
    assert "nobody called" not in own


def test_a_public_channel_is_public_in_its_workspace(env: Env) -> None:
    channel = f"--channel <#{WEST_CHANNEL}|west-dms>"
    assert "you are not in it" in plain(env.type(f"watch {channel}", user="dana"))
    assert "you are not in it" not in plain(env.type(f"watch {channel}", user="west-dba", channel="west-dms"))
    env.type(f"unwatch {channel}", user="west-dba", channel="west-dms")


def test_one_workspace_without_the_app_stops_no_other(env: Env) -> None:
    """What waits for it is sent once the app is there again; nothing else waits."""
    env.type(f"watch --channel <#{WEST_CHANNEL}|west-dms>", user="west-dba", channel="west-dms")
    env.slack.do("change_access", team=WEST.id, granted=False)
    before, job = env.now("west-dms", "west-dba"), env.add_job("gone", state="RUNNING", phase="CDC")
    env.slack.wait_message(channel="db-migrations", contains=job)
    assert f"Stop {job}" in plain(env.type(f"stop {job}", user="dana"))
    until(
        lambda: any(
            each["error"] == "team_access_not_granted" for each in env.slack.calls("chat.postMessage")
        )
    )
    still = env.add_job("still", state="RUNNING", phase="CDC")
    env.slack.wait_message(channel="db-migrations", contains=still)
    env.slack.do("change_access", team=WEST.id, granted=True)
    env.slack.wait_message(channel="west-dms", contains=still, after=before)


def test_an_installation_in_a_workspace_becomes_org_wide(tmp_path: Path) -> None:
    """Its database stays: what was frozen is frozen, what was done is known, and old buttons say it."""
    with open_env(tmp_path) as before:
        job = before.add_job("kept", state="RUNNING", phase="CDC")
        assert "frozen" in plain(before.type(f'freeze {job} --until 2d --reason "audit week"'))
        card = before.type(f"show {job}")
        old = before.slack.press(card, action_id="dms:databases:run")["payload"]
    with open_env(tmp_path, org=True) as after:
        after.dms.add_job(job, frozen=True, state="RUNNING", phase="CDC")
        assert "audit week" in plain(after.type(f"stop {job}"))
        history = plain(after.type("history")).replace("`", "")
        assert "froze" in history
        assert f"from {HOME}" in history
        assert after.bot.store.verify_audit() == ""
        url = after.slack.command("help")["payload"]["response_url"]
        now = after.now()
        org = {"team": None, "enterprise": {"id": "E0SANDBOX1", "name": "x"}, "is_enterprise_install": True}
        pressed = after.slack.raw_deliver(old | org | {"response_url": url, "trigger_id": "1.1.x"})
        assert pressed[0]["ok"]
        after.slack.wait_message(channel="dms", user="dana", contains="too old", after=now)
