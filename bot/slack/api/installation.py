"""Where the app is installed: in one workspace, or in a whole organisation (Enterprise Grid).

Sources: https://docs.slack.dev/reference/methods/auth.test and
https://docs.slack.dev/enterprise/developing-for-enterprise-orgs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Installation:
    """What the bot token belongs to."""

    team: str = ""
    """ID of the workspace, or of the organisation where the installation is org-wide: the `team` of people
    whom the installation serves."""
    enterprise: str = ""
    """ID of the organisation; empty where the workspace belongs to none."""
    org_wide: bool = False
    bot_user: str = ""
    """ID of the app's bot user: another app in the same workspace has another one."""

    @property
    def kind(self) -> str:
        """What it is, for a sentence."""
        return "organisation" if self.org_wide else "workspace"

    def team_of(self, workspace: str, enterprise: str) -> str:
        """The `team` of somebody who acts in this workspace and belongs to this organisation; each may be
        empty. It is `self.team` for those whom the installation serves."""
        if self.org_wide:
            return self.team if enterprise == self.enterprise else enterprise or workspace
        if workspace:
            return workspace
        return self.team if enterprise in ("", self.enterprise) else enterprise


def installation(auth_test: Mapping[str, Any]) -> Installation:
    """From the answer of `auth.test`, in which `team_id` may be null for an org-wide token.

    Raises:
        ValueError: the answer lacks the ID of what the token belongs to.
    """
    enterprise = str(auth_test.get("enterprise_id") or "")
    org_wide = is_true(auth_test.get("is_enterprise_install"))
    team = enterprise if org_wide else str(auth_test.get("team_id") or "")
    if not team:
        raise ValueError("auth.test names neither a workspace nor an organisation")
    return Installation(team, enterprise, org_wide, str(auth_test.get("user_id") or ""))


def is_true(value: object) -> bool:
    """A flag of a payload: slash commands carry form fields, so that theirs is the text "true" or "false"."""
    return value is True or value == "true"


def is_workspace(id: str) -> bool:
    """Whether this is the ID of a workspace: Slack also puts IDs of organisations (`E…`) into `team_id`."""
    return bool(id) and not is_organisation(id)


def is_organisation(id: str) -> bool:
    return id.startswith("E")
