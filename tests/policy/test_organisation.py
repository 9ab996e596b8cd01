"""An org-wide installation: who is a member, which groups are meant, and rules for a workspace: the real
client against the local Slack as an organisation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.policy.access import Access
from bot.policy.describe import overview
from bot.policy.model import PolicyError
from bot.policy.principal import DirectoryUnavailable
from bot.slack.api.directory import GROUPS_S, Directory
from bot.slack.api.installation import Installation
from bot.slack.api.user_groups import group_places, remarks
from bot.store.records import Person
from sandbox.slack import Settings, SlackServer
from sandbox.slack.seed_organisation import WEST, WEST_GROUP

from .people import OPEN, job, parse, request
from .test_directory import Clock

HOME = "T0SANDBOX1"
ORG = Installation("E0SANDBOX1", "E0SANDBOX1", org_wide=True)
DANA, WEST_DBA, BOTH = "U0DANA0001", "W0WESTDBA1", "W0BOTHDBA1"


@pytest.fixture(scope="module")
def server() -> Iterator[SlackServer]:
    with SlackServer(settings=Settings(org=True, rate_limits=False, tier_limits=False)) as running:
        yield running


@pytest.fixture
def slack(server: SlackServer) -> SlackServer:
    server.control.do("reset")
    return server


def directory(slack: SlackServer, policy: str = "", clock: Clock | None = None) -> Directory:
    web = WebClient(slack.bot_token, base_url=slack.api_url, timeout=30)
    return Directory(web, clock or Clock(), ORG, places=group_places(parse(policy)))


def access(slack: SlackServer, policy: str) -> Access:
    known = directory(slack, policy)
    return Access(
        groups_of=known.groups_of,
        policy=parse(policy),
        group_id=known.group_id,
        is_member=known.is_member,
        workspaces_of=known.workspaces_of,
    )


def acting(user: str, workspace: str) -> Person:
    return Person(ORG.team, user, "C0GENERAL1", workspace)


@pytest.mark.parametrize(
    ("user", "member"),
    [
        (DANA, True),
        (WEST_DBA, True),
        (BOTH, True),
        ("W0WESTGUES", False),
        ("U0QUINN001", False),
        ("U0PARTNER1", False),
        ("U0NOBODY01", False),
    ],
)
def test_members_are_the_people_of_the_organisation(slack: SlackServer, user: str, member: bool) -> None:
    assert directory(slack).is_member(user) is member


def test_an_outsider_is_told_of_organisations(slack: SlackServer) -> None:
    known = directory(slack)
    ruled = Access(policy=parse(RULED), is_member=known.is_member, home=ORG.kind)
    partner = Person("E0ELSEWHER", "U0PARTNER1", "C0SHARED01", "T0ELSEWHER")
    assert "people of other organisations" in ruled.verdict(partner, "start", job()).why


def test_what_is_unsafe_in_an_organisation_is_said_at_the_start() -> None:
    assert list(remarks(ORG, parse(NAMED + APPROVER))) != []
    assert list(remarks(ORG, parse(f'workspace = "{HOME}"\n{NAMED}{APPROVER}'))) == []
    assert "whole organisation" in " ".join(remarks(ORG, OPEN))
    assert list(remarks(Installation(HOME), OPEN)) == []


def test_every_member_of_the_organisation_is_meant() -> None:
    free = Access(policy=OPEN, home=ORG.kind)
    assert "Every member of this organisation may" in free.verdict(acting(DANA, HOME), "stop", job()).why
    told = str(overview(OPEN, ORG.kind))
    assert "every member of the organisation may" in told
    assert "people of other organisations" in told


def test_nobody_is_a_member_whose_organisation_slack_does_not_name(slack: SlackServer) -> None:
    slack.workspace.world.enterprise = None
    assert not directory(slack).is_member(DANA)


def test_a_workspace_of_an_organisation_has_its_own_people_as_members(slack: SlackServer) -> None:
    web = WebClient(slack.bot_token, base_url=slack.api_url, timeout=30)
    alone = Directory(web, home=Installation(HOME, "E0SANDBOX1"))
    members = {user for user in (DANA, WEST_DBA, BOTH, "U0PARTNER1") if alone.is_member(user)}
    assert members == {DANA, BOTH}


NAMED = '[roles]\noperator = ["@dba-team"]'
APPROVER = '\napprover = ["U0ALEX0001"]'


@pytest.mark.parametrize(
    ("policy", "operators"),
    [
        (f'workspace = "{HOME}"\n{NAMED}', {DANA}),
        (f'workspace = "{WEST.id}"\n{NAMED}', {WEST_DBA}),
        (f'[roles]\noperator = ["{WEST.id}/@DBA-Team"]', {WEST_DBA}),
        (f'[roles]\noperator = ["{WEST.id}/{WEST_GROUP}"]', {WEST_DBA}),
        (f'[roles]\noperator = ["{HOME}/{WEST_GROUP}"]', set()),
        (f'workspace = "{HOME}"\n[roles]\noperator = ["@dba-team", "{WEST.id}/@dba-team"]', {DANA, WEST_DBA}),
        (f'workspace = "{HOME}"\n[roles]\noperator = ["{WEST_GROUP}"]', set()),
        (NAMED, set()),
    ],
)
def test_a_group_is_meant_in_its_workspace(slack: SlackServer, policy: str, operators: set[str]) -> None:
    ruled = access(slack, policy + APPROVER)
    people = [acting(user, place) for user in (DANA, WEST_DBA) for place in (HOME, WEST.id)]
    may = {who.user for who in people if ruled.verdict(who, "stop", job()).allowed}
    assert may == operators


def test_a_refusal_says_that_the_workspace_is_missing(slack: SlackServer) -> None:
    why = access(slack, NAMED + APPROVER).verdict(acting(DANA, HOME), "stop", job()).why
    assert "does not say in which workspace its user groups are" in why
    assert f'workspace = "{HOME[:1]}' in why


def test_a_group_without_a_workspace_is_still_mentioned_by_its_id(slack: SlackServer) -> None:
    known = directory(slack, f'{NAMED}{APPROVER}\nadmin = ["{WEST.id}/@dba-team"]')
    assert known.group_id("@dba-team") == ""
    assert known.group_id("S0DBATEAM1") == "S0DBATEAM1"
    assert known.group_id(f"{WEST.id}/@dba-team") == WEST_GROUP
    assert f"{WEST.id}/@dba-team" in known.groups_of(WEST_DBA)
    with pytest.raises(DirectoryUnavailable, match="in which workspace"):
        known.groups_of(DANA)


def test_the_group_of_an_escalation_is_read(slack: SlackServer) -> None:
    escalated = '[[escalate]]\nname = "nights"\nevents = ["failed"]\ngroup = "{}"\n'
    placed = directory(slack, escalated.format(f"{WEST.id}/@dba-team"))
    assert placed.group_id(f"{WEST.id}/@dba-team") == WEST_GROUP
    named = directory(slack, f'workspace = "{HOME}"\n{escalated.format("@dba-team")}')
    assert named.group_id("@dba-team") == "S0DBATEAM1"


def test_the_only_workspace_is_meant(slack: SlackServer) -> None:
    slack.control.do("change_access", team=WEST.id, granted=False)
    assert access(slack, NAMED + APPROVER).verdict(acting(DANA, HOME), "stop", job()).allowed


def test_a_workspace_without_the_app_stops_no_other(slack: SlackServer) -> None:
    slack.control.do("change_access", team=WEST.id, granted=False)
    clock = Clock()
    policy = f'workspace = "{HOME}"\n[roles]\noperator = ["@dba-team", "{WEST.id}/@dba-team"]'
    known = directory(slack, policy + APPROVER, clock)
    with capture_logs() as log:
        for _ in range(2):
            assert "@dba-team" in known.groups_of(DANA)
            assert known.groups_of(WEST_DBA) == frozenset()
            clock.now += GROUPS_S
    assert [(each["event"], each["workspace"]) for each in log] == [("workspace_without_app", WEST.id)]
    slack.control.do("change_access", team=WEST.id, granted=True)
    assert f"{WEST.id}/@dba-team" in known.groups_of(WEST_DBA)


def test_people_are_found_in_the_workspace_of_who_asks(slack: SlackServer) -> None:
    known = directory(slack)
    assert known.user_id("@west-dba", WEST.id) == WEST_DBA
    assert known.user_id("@west-dba", HOME) == ""
    assert known.user_id("@dana", HOME) == DANA
    assert known.user_id(WEST_DBA, HOME) == WEST_DBA
    with pytest.raises(DirectoryUnavailable, match="in which workspace"):
        known.user_id("@dana")


RULED = f"""
[roles]
operator = ["{DANA}", "{WEST_DBA}", "{BOTH}"]
approver = ["{DANA}", "{WEST_DBA}"]
[[rule]]
name = "west"
verbs = ["stop", "promote"]
workspaces = ["{WEST.id}"]
approvals = 1
"""


@pytest.mark.parametrize(
    ("user", "workspace", "may"),
    [
        (WEST_DBA, WEST.id, True),
        (DANA, HOME, False),
        (BOTH, WEST.id, True),
        (BOTH, HOME, False),
        # The delivery did not say from where: what Slack says of the person counts.
        (WEST_DBA, "", True),
        (BOTH, "", True),
        (DANA, "", False),
    ],
)
def test_a_rule_can_be_for_a_workspace(slack: SlackServer, user: str, workspace: str, may: bool) -> None:
    ruled = access(slack, RULED)
    verdict = ruled.verdict(acting(user, workspace), "stop", job())
    assert verdict.allowed is may
    assert may or f"from the workspace `{WEST.id}`" in verdict.why
    assert ruled.permissions(acting(user, workspace)).may("stop", job()) is may
    assert ruled.verdict(acting(user, workspace), "start", job()).allowed


def test_its_approvers_are_of_that_workspace_too(slack: SlackServer) -> None:
    ruled, asked = access(slack, RULED), request(by=acting(BOTH, WEST.id))
    assert ruled.may_approve(acting(WEST_DBA, WEST.id), asked).allowed
    assert not ruled.may_approve(acting(DANA, HOME), asked).allowed


def test_a_rule_for_a_workspace_grants_nothing_while_slack_does_not_say(slack: SlackServer) -> None:
    slack.control.fault("users.info", "503", times=None)
    verdict = access(slack, RULED).verdict(acting(WEST_DBA, ""), "stop", job())
    assert not verdict.allowed
    assert "Slack does not say" in verdict.why


def test_what_only_a_workspace_may_see_is_not_for_a_channel(slack: SlackServer) -> None:
    seen = access(slack, f'[roles]{APPROVER}\n[[rule]]\nverbs = ["view"]\nworkspaces = ["{WEST.id}"]')
    assert not seen.is_open_to("C0SHARED01", job())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('workspace = "dba"', "must be a workspace's id"),
        ('[[rule]]\nverbs = ["stop"]\nworkspaces = []', "is empty: leave it out"),
        ('[[rule]]\nverbs = ["stop"]\nworkspaces = ["west"]', "which is no workspace's id"),
        ('[roles]\noperator = ["west/@dba-team"]', "is not a user's id"),
        ('[roles]\noperator = ["T0123ABCD/U0123ABCD"]', "is not a user's id"),
    ],
)
def test_what_is_no_workspace_is_said(text: str, fault: str) -> None:
    with pytest.raises(PolicyError, match=fault):
        parse(text)
