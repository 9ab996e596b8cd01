"""What Slack sends, in the shapes of its pages, to the whole bot: in a workspace and org-wide, both ways.

`payloads/` has the payloads. The bot answers each, and nothing is raised, also where what may be missing is.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import plain
from tests.e2e.env import JSON, Env, open_env
from tests.faults.loglines import LogLines, log_lines
from tests.waiting import until

PAYLOADS = Path(__file__).parent / "payloads"
DANA = "U0DANA0001"
OLD = "too old"


@pytest.fixture(
    scope="module", params=[(org, http) for org in (False, True) for http in (False, True)], ids=str
)
def env(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    org, http = request.param
    with open_env(tmp_path_factory.mktemp("bot"), http=http, org=org) as made:
        made.slack.configure(response_url_uses=1000)
        yield made
        # The triggers in the samples were issued by Slack.
        broken = [each for each in made.slack.violations() if each["code"] != "invalid_trigger_id"]
        assert broken == []


@pytest.fixture
def log() -> Iterator[LogLines]:
    with log_lines() as lines:
        yield lines


def sample(env: Env, name: str) -> JSON:
    """A payload for this installation."""
    kind = "org-wide" if env.bot.home.org_wide else "workspace"
    text = (PAYLOADS / f"{name}.{kind}.json").read_text(encoding="utf-8")
    text = text.replace("DIRECT_MESSAGE", direct_message(env))
    return dict(json.loads(text.replace("RESPONSE_URL", response_url(env))))


def response_url(env: Env) -> str:
    return str(env.slack.command("help")["payload"]["response_url"])


def direct_message(env: Env) -> str:
    """ID of the conversation of the person in the payloads with the app."""
    return str(env.slack.command("help", channel="dm")["payload"]["channel_id"])


def kind_of(payload: JSON) -> str:
    if "command" in payload:
        return "slash_commands"
    return "events_api" if payload["type"] == "event_callback" else "interactive"


def deliver(env: Env, payload: JSON) -> JSON:
    """The outcome of the delivery; each is new to the bot, which answers a trigger or an event once."""
    deliver.count += 1  # type: ignore[attr-defined]
    fresh = copy.deepcopy(payload)
    for key in ("trigger_id", "event_id"):
        if key in fresh:
            fresh[key] = f"{fresh[key]}-{deliver.count}"  # type: ignore[attr-defined]
    if isinstance(fresh.get("event"), dict) and "ts" in fresh["event"]:
        fresh["event"]["ts"] = env.slack.say("one of these", channel="dms")["ts"]
    return dict(env.slack.raw_deliver(fresh, kind_of(fresh))[0])


deliver.count = 0  # type: ignore[attr-defined]


def test_a_slash_command_is_answered(env: Env) -> None:
    payload, before = sample(env, "slash-commands"), env.now()
    assert deliver(env, payload)["ok"]
    assert "`list`" in plain(env.slack.wait_message(channel="dms", user="dana", after=before))


@pytest.mark.parametrize(
    "name",
    [
        "block_actions-payload.message",
        "block_actions-payload.modal",
        "view-interactions-payload.view_submission",
    ],
)
def test_what_stands_for_nothing_here_is_answered_as_old(env: Env, name: str) -> None:
    """In its channel; where the payload names none, in the direct messages of the person."""
    payload = sample(env, name)
    newest = env.slack.messages(user="dana", limit=1)
    before = str(newest[0]["ts"]) if newest else "0"
    assert deliver(env, payload)["ok"]
    env.slack.wait_message(user="dana", contains=OLD, after=before)


@pytest.mark.parametrize("name", ["block_actions-payload.home", "app_home_opened"])
def test_home_is_published(env: Env, name: str) -> None:
    before = len(env.slack.calls("views.publish"))
    assert deliver(env, sample(env, name))["ok"]
    until(lambda: len(env.slack.calls("views.publish")) > before)
    assert env.slack.calls("views.publish")[-1]["args"]["user_id"] == DANA


def test_a_search_in_an_unknown_view_has_no_options(env: Env) -> None:
    assert deliver(env, sample(env, "block_suggestion-payload"))["ack"] == {"options": []}


def test_a_mention_is_answered_below_it(env: Env) -> None:
    before = env.slack.say("before", channel="dms")["ts"]
    assert deliver(env, sample(env, "app_mention"))["ok"]
    answer = env.slack.wait_message(channel="dms", contains="There is no migration job yet", after=before)
    assert answer["is_reply"]


def test_a_direct_message_is_answered(env: Env) -> None:
    payload = sample(env, "message.im")
    before = env.now("dm")
    assert deliver(env, payload)["ok"]
    assert env.slack.wait_message(channel="dm", contains="There is no migration job yet", after=before)


def test_a_message_shortcut_opens_a_view(env: Env) -> None:
    said = env.slack.say("one of these", channel="dms")
    for callback_id, message in (("dms:launcher:open", None), ("dms:show:message", said)):
        assert env.slack.shortcut(callback_id, message)["ok"]
        view = env.slack.wait_view("dana", "Job" if message is None else "I find no migration job")
        assert env.slack.suggest(view, "dms:show:find", "x") == []
        env.slack.close_view(view, everything=True)


def test_an_invitation_is_heard(env: Env) -> None:
    assert deliver(env, sample(env, "member_joined_channel"))["ok"]


@pytest.mark.parametrize("env", [(True, False), (True, True)], indirect=True, ids=str)
@pytest.mark.parametrize("kind", ["granted", "revoked"])
def test_access_that_changes_is_heard(env: Env, log: LogLines, kind: str) -> None:
    """Also as the pages of these events show them: with an envelope inside the envelope."""
    payload = sample(env, f"team_access_{kind}")
    assert deliver(env, payload)["ok"]
    assert deliver(env, payload | {"event": {"team_id": None, "event": payload["event"]}})["ok"]
    heard = until(lambda: log.named(f"workspace_access_{kind}"))
    assert [each["workspaces"] for each in heard] == [["T0SANDBOX2"]]
    assert log.traces() == []


@pytest.mark.parametrize("inner", [{"type": "message", "text": "hello", "user": DANA}, {"type": "new"}, {}])
def test_an_event_that_nobody_listens_to_is_acknowledged(env: Env, inner: JSON) -> None:
    """Slack would repeat it, and turn events off for an app that fails most of them."""
    assert deliver(env, sample(env, "app_home_opened") | {"event": inner})["ok"]


_EVENT = ("team_id", "enterprise_id", "context_team_id", "authorizations", "is_ext_shared_channel")
OPTIONAL: dict[str, Any] = {
    "slash-commands": [
        *("team_domain", "channel_name", "user_name", "token", "api_app_id", "is_enterprise_install"),
        *("enterprise_name", "channel_id", "trigger_id", "response_url", "text", "enterprise_id", "team_id"),
    ],
    "block_actions-payload.message": [
        *(
            "team",
            "enterprise",
            "is_enterprise_install",
            "user.team_id",
            "user.username",
            "user.name",
            "token",
        ),
        *(
            "channel",
            "channel.name",
            "message",
            "state",
            "response_url",
            "container",
            "container.is_ephemeral",
        ),
        *("container.channel_id", "trigger_id", "actions.0.value", "actions.0.text", "actions.0.block_id"),
    ],
    "block_actions-payload.modal": [
        *("team", "enterprise", "is_enterprise_install", "user.team_id", "container", "container.view_id"),
        *("view.team_id", "view.state", "view.state.values", "view.private_metadata", "view.callback_id"),
        *("view.app_installed_team_id", "view.hash", "trigger_id", "view.root_view_id"),
    ],
    "block_actions-payload.home": [
        *("team", "enterprise", "is_enterprise_install", "user.team_id", "container", "view", "view.team_id"),
        *("view.state", "view.hash"),
    ],
    "view-interactions-payload.view_submission": [
        *("team", "enterprise", "is_enterprise_install", "user.team_id", "trigger_id", "view.team_id"),
        *("view.state", "view.private_metadata", "view.hash", "view.app_installed_team_id"),
    ],
    "block_suggestion-payload": [
        *("team", "enterprise", "is_enterprise_install", "user.team_id", "container", "channel", "value"),
        *("view.team_id", "view.private_metadata", "view.state", "view.hash"),
    ],
    "app_home_opened": [
        *("team_id", "enterprise_id", "context_team_id", "context_enterprise_id", "authorizations"),
        *("is_ext_shared_channel", "event_context", "event.tab", "event.channel", "event.event_ts"),
    ],
    "app_mention": [*_EVENT, "event.event_ts", "event.thread_ts", "event.text", "event.user"],
    "message.im": [*_EVENT, "event.channel_type", "event.event_ts", "event.text", "event.user"],
    "link_shared": [
        *_EVENT,
        *("event.unfurl_id", "event.source", "event.thread_ts", "event.is_bot_user_member", "event.links"),
    ],
    "member_joined_channel": [
        *("team_id", "enterprise_id", "authorizations", "event.team", "event.inviter", "event.channel_type"),
    ],
}
"""Fields that Slack's pages call optional, that are null on a page, or that only some installations have."""


TOGETHER = ("team user.team_id", "team user.team_id enterprise", "team user.team_id enterprise view.team_id")
"""What is taken out at once: then nothing, or only the organisation, says where somebody acts."""


def without(payload: JSON, paths: str, *, null: bool) -> JSON:
    """The payload with these fields missing, or null, as far as it has them."""
    changed = copy.deepcopy(payload)
    for path in paths.split():
        *way, last = path.split(".")
        holder: Any = changed
        for step in way:
            holder = holder[int(step)] if isinstance(holder, list) else (holder or {}).get(step)
        if isinstance(holder, dict) and last in holder:
            holder |= {last: None}
            if not null:
                del holder[last]
    return changed


@pytest.mark.parametrize("env", [(False, False), (True, False)], indirect=True, ids=str)
@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_nothing_is_raised_where_something_is_missing(env: Env, log: LogLines, name: str) -> None:
    whole = sample(env, name)
    # A form has no nulls.
    nulls = (False,) if kind_of(whole) == "slash_commands" else (False, True)
    for path in (*OPTIONAL[name], *TOGETHER):
        for null in nulls:
            outcome = deliver(env, without(whole, path, null=null))
            assert outcome["ok"], (path, null, outcome)
    # The last of them has been worked off once this is answered.
    env.type("help")
    assert log.traces() == []
    assert log.named("request_malformed") == []


@pytest.mark.parametrize("flag", [True, False, "true", "false", None])
def test_the_flag_of_an_organisation_may_be_a_text(env: Env, log: LogLines, flag: object) -> None:
    for name in (
        "slash-commands",
        "block_actions-payload.message",
        "view-interactions-payload.view_submission",
    ):
        payload = sample(env, name) | {"is_enterprise_install": flag}
        if kind_of(payload) == "slash_commands" and flag is None:
            continue
        assert deliver(env, payload)["ok"]
    assert log.traces() == []
    assert log.named("request_malformed") == []
