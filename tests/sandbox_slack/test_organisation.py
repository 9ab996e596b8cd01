"""The local Slack as an organisation: the pages of docs.slack.dev on Enterprise orgs and on payloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import Settings, SlackServer
from sandbox.slack.seed_organisation import SHARED_CHANNEL, WEST, WEST_CHANNEL, WEST_GROUP

HOME = "T0SANDBOX1"


@pytest.fixture(scope="module")
def server() -> Iterator[SlackServer]:
    with SlackServer(settings=Settings(org=True, rate_limits=False, tier_limits=False)) as running:
        yield running


@pytest.fixture
def web(server: SlackServer) -> WebClient:
    server.control.do("reset")
    return WebClient(server.bot_token, base_url=server.api_url)


def test_the_token_belongs_to_the_organisation(web: WebClient) -> None:
    told = web.auth_test()
    assert (told["team_id"], told["enterprise_id"], told["is_enterprise_install"]) == (
        None,
        "E0SANDBOX1",
        True,
    )
    assert [each["id"] for each in web.auth_teams_list()["teams"]] == [HOME, WEST.id]


@pytest.mark.parametrize(
    "call",
    [
        lambda web, **more: web.usergroups_list(**more),
        lambda web, **more: web.usergroups_users_list(usergroup=WEST_GROUP, **more),
        lambda web, **more: web.users_list(**more),
        lambda web, **more: web.users_conversations(**more),
        lambda web, **more: web.conversations_list(**more),
    ],
)
def test_some_methods_need_the_workspace(
    web: WebClient, server: SlackServer, call: Callable[..., object]
) -> None:
    with pytest.raises(SlackApiError, match="missing_argument"):
        call(web)
    call(web, team_id=WEST.id)
    server.control.do("change_access", team=WEST.id, granted=False)
    with pytest.raises(SlackApiError, match="team_access_not_granted"):
        call(web, team_id=WEST.id)


def test_handles_are_unique_in_their_workspace_alone(web: WebClient) -> None:
    found = [web.usergroups_list(team_id=each)["usergroups"] for each in (HOME, WEST.id)]
    ids = [[group["id"] for group in groups if group["handle"] == "dba-team"] for groups in found]
    assert ids == [["S0DBATEAM1"], [WEST_GROUP]]


@pytest.mark.parametrize(
    ("user", "organisation", "teams"),
    [
        ("U0DANA0001", "E0SANDBOX1", [HOME]),
        ("W0WESTDBA1", "E0SANDBOX1", [WEST.id]),
        ("W0BOTHDBA1", "E0SANDBOX1", [HOME, WEST.id]),
        ("U0PARTNER1", "E0ELSEWHER", ["T0ELSEWHER"]),
    ],
)
def test_people_are_of_an_organisation(
    web: WebClient, user: str, organisation: str, teams: list[str]
) -> None:
    person = web.users_info(user=user)["user"]
    assert person["enterprise_user"]["enterprise_id"] == organisation
    assert person["enterprise_user"]["teams"] == teams
    assert person["team_id"] == teams[0]


def test_a_channel_without_the_app_is_not_written_to(web: WebClient, server: SlackServer) -> None:
    web.chat_postMessage(channel=WEST_CHANNEL, text="before")
    server.control.do("change_access", team=WEST.id, granted=False)
    with pytest.raises(SlackApiError, match="team_access_not_granted"):
        web.chat_postMessage(channel=WEST_CHANNEL, text="after")
    web.chat_postMessage(channel=SHARED_CHANNEL, text="also in the other workspace")
    web.chat_postMessage(channel="C0DMS00001", text="in the other workspace")


def test_payloads_name_both(web: WebClient, server: SlackServer) -> None:
    sent = server.control.command("list", user="west-dba", channel="west-dms")["payload"]
    assert sent["team_id"] == WEST.id
    assert (sent["enterprise_id"], sent["is_enterprise_install"]) == ("E0SANDBOX1", "true")
    blocks = [{"type": "actions", "elements": [_BUTTON]}]
    ts = web.chat_postMessage(channel=SHARED_CHANNEL, text="x", blocks=blocks)["ts"]
    message = next(m for m in server.control.messages(SHARED_CHANNEL) if m["ts"] == ts)
    press = server.control.press(message, "go", user="west-dba")["payload"]
    assert press["team"] is None
    assert press["user"]["team_id"] == WEST.id
    assert press["enterprise"]["id"] == "E0SANDBOX1"
    assert press["is_enterprise_install"] is True
    stranger = server.control.press(message, "go", user="partner")["payload"]
    assert stranger["user"]["team_id"] == "T0ELSEWHER"
    assert stranger["enterprise"]["id"] == "E0SANDBOX1"


def test_events_name_the_workspace_and_the_installation(web: WebClient, server: SlackServer) -> None:
    server.control.add_to_manifest(events=["team_access_revoked"])
    server.control.open_home("west-dba")
    server.control.do("change_access", team=WEST.id, granted=False)
    sent = {d["payload"]["event"]["type"]: d["payload"] for d in server.control.deliveries("events_api")}
    opened, revoked = sent["app_home_opened"], sent["team_access_revoked"]
    assert (opened["team_id"], opened["enterprise_id"]) == (WEST.id, "E0SANDBOX1")
    assert opened["authorizations"][0] == {
        "enterprise_id": "E0SANDBOX1",
        "team_id": None,
        "user_id": "U0DMSBOT01",
        "is_bot": True,
        "is_enterprise_install": True,
    }
    assert revoked["event"]["team_ids"] == [WEST.id]
    assert "authorizations" not in revoked


_BUTTON = {"type": "button", "action_id": "go", "value": "x", "text": {"type": "plain_text", "text": "Go"}}
