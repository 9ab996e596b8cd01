"""The user groups of a workspace, or of several where the app is installed org-wide.

Handles are unique in one workspace only: whoever may make user groups in another one can make a group of the
same handle there. So where the app is installed org-wide, a group is meant together with its workspace.

Methods: https://docs.slack.dev/reference/methods/usergroups.list (`usergroups:read`), `usergroups.users.list`
and `auth.teams.list`. With an org-wide token, the first two need `team_id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.policy.model import Policy
from bot.policy.principal import DirectoryUnavailable
from bot.slack.api.installation import Installation
from bot.slack.api.lookups import ADD_THE_APP, NOT_GRANTED

_MAX_PAGES = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GroupPlaces:
    """Of which workspaces the policy means user groups. It counts where the app is installed org-wide."""

    main: str = ""
    """The workspace of the groups that do not name theirs, if the policy says it."""
    named: frozenset[str] = frozenset()
    """The workspaces of the groups that name theirs."""
    unplaced: bool = True
    """Whether there are groups that do not name theirs."""


def groups_named(policy: Policy) -> frozenset[str]:
    """The user groups that a policy names, as it writes them."""
    subjects = {group for subjects in policy.subjects for group in subjects.groups}
    return frozenset(subjects | {each.group for each in policy.escalations})


def group_places(policy: Policy) -> GroupPlaces:
    """Those of a policy."""
    groups = groups_named(policy)
    named = frozenset(each.partition("/")[0] for each in groups if "/" in each)
    return GroupPlaces(policy.workspace, named, any("/" not in each for each in groups))


def remarks(home: Installation, policy: Policy) -> Iterator[str]:
    """What is logged at start-up about the policy of an org-wide installation, one sentence each."""
    if not home.org_wide:
        return
    if policy.open:
        yield "The app is installed org-wide: every member of the whole organisation may change everything."
    if group_places(policy).unplaced and not policy.workspace:
        yield (
            "The policy names user groups and no workspace: they grant nothing once the app is in several. "
            'Set workspace = "T0123ABCD" in it.'
        )


@dataclass(frozen=True, slots=True)
class Groups:
    """The active user groups: members by group id, and group ids by each other name that the group has."""

    members: Mapping[str, frozenset[str]]
    names: Mapping[str, str]
    unplaced: str = ""
    """Why the groups that do not name their workspace are not among them: a sentence, or empty."""

    def of(self, user: str) -> frozenset[str]:
        """The groups that `user` is in, by each of their names."""
        mine = {group for group, users in self.members.items() if user in users}
        return frozenset({name for name, group in self.names.items() if group in mine})

    def id(self, name: str) -> str:
        """The id of a group by a name of it; empty where there is none. An id needs no workspace."""
        place, mark, group = name.rpartition("/")
        if self.unplaced and not mark and not group.startswith("@"):
            return group
        return self.names.get(f"{place}{mark}{group.lower() if group.startswith('@') else group}", "")


def workspaces(client: WebClient) -> Iterator[str]:
    """The ids of the organisation's workspaces to which the app was added. Raises what the client raises."""
    cursor = ""
    for _ in range(_MAX_PAGES):
        answer = client.auth_teams_list(limit=1000, cursor=cursor or None)
        yield from (str(each["id"]) for each in answer.get("teams") or [])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return


class UserGroups:
    """Reads user groups. Raises what the client raises."""

    def __init__(self, client: WebClient, home: Installation, places: GroupPlaces) -> None:
        self._client = client
        self._home = home
        self._places = places
        self._logged: set[str] = set()

    def read(self) -> Groups:
        """All that the policy can mean."""
        if not self._home.org_wide:
            found = self._groups("")
            return Groups(_members(found), _names(found, ""))
        main, unplaced = self._main_or_why()
        members: dict[str, frozenset[str]] = {}
        names: dict[str, str] = {}
        for place in sorted({main, *self._places.named} - {""}):
            found = self._granted(place)
            members |= _members(found)
            names |= _names(found, f"{place}/") | (_names(found, "") if place == main else {})
        return Groups(members, names, unplaced)

    def _main_or_why(self) -> tuple[str, str]:
        """The workspace of the groups that do not name theirs, and why there is none."""
        if not self._places.unplaced:
            return self._places.main, ""
        try:
            return self.main(), ""
        except DirectoryUnavailable as error:
            return "", str(error)

    def main(self) -> str:
        """The workspace that is meant where none is named: what the policy says, or the only one.

        Raises:
            DirectoryUnavailable: there are several.
        """
        if self._places.main:
            return self._places.main
        known = list(workspaces(self._client))
        if len(known) != 1:
            raise DirectoryUnavailable(
                "The policy does not say in which workspace its user groups are, and the app serves several: "
                'it has to name it, as in `workspace = "T0123ABCD"` or `"T0123ABCD/@dba-team"`.',
                lasts=True,
            )
        return known[0]

    def _granted(self, place: str) -> list[Mapping[str, Any]]:
        """The groups of a workspace; none if the app is not there, which must not stop the others."""
        try:
            found = self._groups(place)
        except SlackApiError as error:
            if error.response.get("error") != NOT_GRANTED:
                raise
            if place not in self._logged:
                self._logged.add(place)
                log.warning("workspace_without_app", workspace=place, remedy=ADD_THE_APP)
            return []
        self._logged.discard(place)
        return found

    def _groups(self, place: str) -> list[Mapping[str, Any]]:
        answer = self._client.usergroups_list(include_users=True, team_id=place or None)
        found = [each for each in answer.get("usergroups") or [] if not each.get("date_delete")]
        return [{**each, "users": self._users(each, place)} for each in found]

    def _users(self, group: Mapping[str, Any], place: str) -> list[str]:
        if group.get("users") is not None:
            return list(group["users"])
        answer = self._client.usergroups_users_list(usergroup=group["id"], team_id=place or None)
        return list(answer.get("users") or [])


def _members(groups: list[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    return {each["id"]: frozenset(each["users"]) for each in groups}


def _names(groups: list[Mapping[str, Any]], prefix: str) -> dict[str, str]:
    """Ids by id and by `@handle`, each after the prefix."""
    handles = {f"{prefix}@{str(each.get('handle') or '').lower()}": each["id"] for each in groups}
    return handles | {f"{prefix}{each['id']}": each["id"] for each in groups}
