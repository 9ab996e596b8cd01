"""Looking people and groups up in Slack: the real client against the local Slack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.policy.access import Access
from bot.policy.principal import DirectoryUnavailable
from bot.slack.api.directory import GROUPS_S, HANDLES_S, MAX_READERS, MEMBERS_S, Directory
from bot.slack.api.handles import MOST_PEOPLE
from bot.slack.api.installation import Installation
from bot.slack.api.lookups import RETRY_S
from bot.store.records import Person
from sandbox.slack import SlackServer
from sandbox.slack.world import User

from .people import parse

DANA, ALEX = "U0DANA0001", "U0ALEX0001"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


@pytest.fixture
def slack(server: SlackServer) -> Iterator[SlackServer]:
    server.control.do("reset")
    yield server
    server.control.clear_faults()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(slack: SlackServer, clock: Clock) -> Directory:
    return Directory(WebClient(slack.bot_token, base_url=slack.api_url, timeout=30), clock)


def calls(slack: SlackServer, method: str) -> int:
    return len(slack.control.calls(method))


def test_groups_are_known_by_id_and_handle(directory: Directory) -> None:
    assert directory.groups_of(DANA) == {"S0DBATEAM1", "@dba-team"}
    assert directory.groups_of("U0QUINN001") == frozenset()
    assert directory.group_id("@DBA-Team") == "S0DBATEAM1"
    assert directory.group_id("S0DBATEAM1") == "S0DBATEAM1"
    assert directory.group_id("@nobody") == ""


def test_members_and_names_are_told(directory: Directory, slack: SlackServer, clock: Clock) -> None:
    assert directory.members_of("S0DBATEAM1") == {DANA, "U0SAM00001"}
    assert directory.members_of("S0NOBODY01") == frozenset()
    assert directory.name_of(DANA) == "dana"
    assert directory.name_of("U0NOBODY01") == "U0NOBODY01"
    slack.control.fault("users.info", "503", times=None)
    assert directory.name_of(ALEX) == ALEX, "Slack does not say"
    clock.now += RETRY_S
    slack.control.clear_faults()
    assert directory.name_of(ALEX) == "alex"


def test_a_look_is_kept_for_a_while(directory: Directory, slack: SlackServer, clock: Clock) -> None:
    for user in (DANA, ALEX, DANA):
        directory.groups_of(user)
    assert calls(slack, "usergroups.list") == 1
    clock.now = GROUPS_S
    directory.groups_of(DANA)
    assert calls(slack, "usergroups.list") == 2


def test_a_missing_scope_is_logged_once_and_grants_nothing(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    slack.control.do("scopes", scopes=["users:read"])
    with capture_logs() as log:
        for _ in range(3):
            with pytest.raises(DirectoryUnavailable, match="usergroups:read"):
                directory.groups_of(DANA)
            clock.now += RETRY_S
    assert [each["event"] for each in log] == ["slack_lookup_refused"]
    policy = parse('[roles]\noperator = ["@dba-team"]\napprover = ["U0ALEX0001"]')
    access = Access(groups_of=directory.groups_of, policy=policy, group_id=directory.group_id)
    verdict = access.verdict(Person("T1", DANA), "freeze")
    assert not verdict.allowed
    assert "lacks the scope `usergroups:read`" in verdict.why


@pytest.mark.parametrize("fault", ["unknown_method", "503", "connection_reset", "timeout", "ratelimited"])
def test_slack_at_fault_is_said_and_asked_again_later(slack: SlackServer, clock: Clock, fault: str) -> None:
    patience_s = 2 if fault == "timeout" else 30
    directory = Directory(WebClient(slack.bot_token, base_url=slack.api_url, timeout=patience_s), clock)
    slack.control.fault("usergroups.list", fault, times=2)
    with pytest.raises(DirectoryUnavailable, match="Slack does not say which user groups there are"):
        directory.groups_of(DANA)
    asked = calls(slack, "usergroups.list")
    with pytest.raises(DirectoryUnavailable):
        directory.groups_of(DANA)
    assert calls(slack, "usergroups.list") == asked
    slack.control.clear_faults()
    clock.now += RETRY_S
    assert "@dba-team" in directory.groups_of(DANA)


def test_an_old_look_is_not_used_when_slack_is_silent(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    directory.groups_of(DANA)
    slack.control.fault("usergroups.list", "503", times=None)
    clock.now = GROUPS_S
    with pytest.raises(DirectoryUnavailable):
        directory.groups_of(DANA)


@pytest.mark.parametrize(
    ("text", "user"),
    [("@dana", DANA), ("@Dana", DANA), ("alex", ALEX), (DANA, DANA), ("@nobody", ""), ("U0NOBODY01", "")],
)
def test_people_are_found_by_handle_or_id(directory: Directory, text: str, user: str) -> None:
    assert directory.user_id(text) == user


def many_people(slack: SlackServer, count: int) -> str:
    """So many more; the name of the last."""
    names = [f"person-{number}" for number in range(count)]
    slack.workspace.world.users |= {
        f"U0{at:08}": User(f"U0{at:08}", name, name) for at, name in enumerate(names)
    }
    return names[-1]


def test_a_name_is_found_among_thousands(directory: Directory, slack: SlackServer) -> None:
    """With no more calls than Slack allows in a minute."""
    assert directory.user_id(f"@{many_people(slack, 6_500)}") == "U000006499"


def test_a_list_in_many_short_pages_is_read_on_after_a_limit(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    """The sandbox allows 30 calls a minute, as Slack does about 20."""
    last = many_people(slack, 7_000)
    slack.control.configure(people_per_page=200)
    with pytest.raises(DirectoryUnavailable, match="ratelimited") as limited:
        directory.user_id(f"@{last}")
    assert limited.value.way == ": try again later"
    slack.control.configure(rate_limits=False)
    clock.now += RETRY_S
    begun = calls(slack, "users.list")
    assert directory.user_id(f"@{last}") == "U000006999"
    assert directory.user_id("@person-0") == "U000000000", "from before the limit"
    assert calls(slack, "users.list") - begun < 10


def test_a_list_that_was_broken_off_long_ago_begins_anew(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    many_people(slack, 7_000)
    slack.control.configure(people_per_page=200)
    with pytest.raises(DirectoryUnavailable):
        directory.user_id("@alex")
    slack.control.configure(rate_limits=False)
    slack.workspace.world.users.pop("U000000000")
    clock.now += HANDLES_S
    assert directory.user_id("@person-0") == ""


def test_a_name_that_was_not_looked_for_everywhere_is_not_unknown(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    """Nor is it looked for again with each command: nobody else could be, for a minute."""
    last = many_people(slack, MOST_PEOPLE + 1_000)
    slack.control.configure(rate_limits=False, tier_limits=False)
    for _ in range(2):
        with pytest.raises(DirectoryUnavailable, match="too many people here to find one by a name") as told:
            directory.user_id(f"@{last}")
        assert told.value.lasts
        clock.now += RETRY_S
    assert calls(slack, "users.list") == 21


def test_an_id_is_taken_as_it_is_when_slack_will_not_say(directory: Directory, slack: SlackServer) -> None:
    slack.control.do("scopes", scopes=["chat:write"])
    assert directory.user_id("U0WHOEVER1") == "U0WHOEVER1"
    with pytest.raises(DirectoryUnavailable, match="users:read"):
        directory.user_id("@dana")


@pytest.mark.parametrize(
    ("team", "user", "member"),
    [
        ("T0SANDBOX1", DANA, True),
        ("", DANA, True),
        ("T0SANDBOX1", "U0QUINN001", False),
        ("T0SANDBOX1", "U0NOBODY01", False),
        ("T0ANOTHER1", DANA, False),
    ],
)
def test_guests_and_strangers_are_no_members(slack: SlackServer, team: str, user: str, member: bool) -> None:
    web = WebClient(slack.bot_token, base_url=slack.api_url, timeout=30)
    assert Directory(web, home=Installation(team)).is_member(user) is member


def test_the_deactivated_are_no_members(directory: Directory, slack: SlackServer, clock: Clock) -> None:
    assert directory.is_member(ALEX)
    slack.control.do("deactivate", user=ALEX)
    clock.now = MEMBERS_S
    assert not directory.is_member(ALEX)


@pytest.mark.parametrize(
    ("channel", "user", "inside"),
    [
        ("C0DMSAPPRV", ALEX, True),
        ("G0DBLEADS1", ALEX, True),
        ("G0DBLEADS1", "U0QUINN001", False),
        ("D0ALEX0001", ALEX, False),
        ("", ALEX, False),
    ],
)
def test_channels_have_members(directory: Directory, channel: str, user: str, inside: bool) -> None:
    assert directory.in_channel(channel, user) is inside


def test_nobody_is_in_a_channel_that_slack_does_not_show(directory: Directory, slack: SlackServer) -> None:
    slack.control.fault("conversations.members", "503", times=None)
    with pytest.raises(DirectoryUnavailable, match="Slack does not say who is in this channel"):
        directory.in_channel("C0DMSAPPRV", ALEX)


def test_membership_is_asked_for_once_in_a_while(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    for user in (DANA, ALEX, DANA):
        assert directory.is_member(user)
    assert calls(slack, "users.info") == 2
    clock.now = MEMBERS_S
    assert directory.is_member(DANA)
    assert calls(slack, "users.info") == 3


def test_nobody_is_a_member_while_slack_does_not_say(
    directory: Directory, slack: SlackServer, clock: Clock
) -> None:
    slack.control.fault("users.info", "503", times=2)
    with pytest.raises(DirectoryUnavailable, match="Slack does not say who is a member here"):
        directory.is_member(DANA)
    slack.control.clear_faults()
    clock.now += RETRY_S
    assert directory.is_member(DANA)
    slack.control.do("scopes", scopes=["chat:write"])
    with pytest.raises(DirectoryUnavailable, match="lacks the scope `users:read`"):
        directory.is_member(ALEX)


@pytest.mark.parametrize("fault", ["unknown_method", "404"])
def test_a_slack_that_does_not_know_the_method_makes_nobody_a_member(
    directory: Directory, slack: SlackServer, fault: str
) -> None:
    slack.control.fault("users.info", fault, times=None)
    with pytest.raises(DirectoryUnavailable, match="Slack does not say who is a member here"):
        directory.is_member(DANA)


@pytest.mark.parametrize("fault", ["unknown_method", "404"])
def test_a_stand_in_that_tells_of_nobody_has_no_guests(slack: SlackServer, fault: str) -> None:
    slack.control.fault("users.info", fault, times=None)
    web = WebClient(slack.bot_token, base_url=slack.api_url, timeout=30)
    assert Directory(web, local_server=True).is_member(DANA)


def test_a_channel_has_guests_if_one_of_its_members_is_no_full_member(
    slack: SlackServer, directory: Directory, clock: Clock
) -> None:
    staff = slack.control.add_channel("staff", members=["dana", "riley"])
    assert directory.has_guests("C0DMS00001")
    assert not directory.has_guests(staff)
    asked = calls(slack, "conversations.members")
    assert not directory.has_guests(staff)
    assert calls(slack, "conversations.members") == asked
    slack.control.do("deactivate", user="riley")
    clock.now += 2 * MEMBERS_S
    assert directory.has_guests(staff)


def test_a_channel_of_many_is_taken_to_have_guests_and_asks_for_none(
    slack: SlackServer, directory: Directory
) -> None:
    many = [slack.control.add_user(f"person{number}") for number in range(MAX_READERS + 1)]
    crowd = slack.control.add_channel("crowd", members=many)
    assert directory.has_guests(crowd)
    assert calls(slack, "users.info") == 0


def test_whether_a_channel_has_guests_is_not_known_while_slack_does_not_say(
    slack: SlackServer, directory: Directory
) -> None:
    slack.control.fault("conversations.members", "503", times=None)
    with pytest.raises(DirectoryUnavailable):
        directory.has_guests("C0DMS00001")
