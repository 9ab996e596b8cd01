"""Whose a delivery is, by the shapes on docs.slack.dev for workspaces and for org-wide installations."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.api.installation import Installation, installation
from bot.slack.inbound import payloads

ALONE = Installation("T1")
IN_GRID = Installation("T1", "E1")
ORG = Installation("E1", "E1", org_wide=True)
_ENTERPRISE = {"id": "E1", "name": "Org"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"team_id": "T1"}, ALONE),
        ({"team_id": "T1", "enterprise_id": None, "is_enterprise_install": False}, ALONE),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": False}, IN_GRID),
        ({"team_id": None, "enterprise_id": "E1", "is_enterprise_install": True}, ORG),
        ({"team_id": "E1", "enterprise_id": "E1", "is_enterprise_install": True}, ORG),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"}, ORG),
    ],
)
def test_what_a_token_belongs_to(answer: dict[str, Any], expected: Installation) -> None:
    assert installation(answer) == expected


@pytest.mark.parametrize(
    "answer", [{}, {"team_id": None}, {"team_id": "T1", "is_enterprise_install": True, "enterprise_id": None}]
)
def test_a_token_of_nothing_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="neither a workspace nor an organisation"):
        installation(answer)


@pytest.mark.parametrize(
    ("home", "body", "team", "workspace"),
    [
        # A workspace of its own, and a person of another workspace (Slack Connect).
        (ALONE, {"team": {"id": "T1"}, "user": {"team_id": "T1"}, "enterprise": None}, "T1", "T1"),
        (ALONE, {"team": {"id": "T2"}, "user": {"team_id": "T2"}}, "T2", "T2"),
        (ALONE, {"team": None, "user": {"team_id": "T2"}}, "T2", "T2"),
        (ALONE, {"team": None, "user": {"team_id": "E2"}}, "E2", ""),
        (ALONE, {"team": None, "user": {}}, "T1", ""),
        # A workspace of an organisation: the other workspaces are no homes of the app.
        (IN_GRID, {"team": {"id": "T1", "enterprise_id": "E1"}, "user": {"team_id": "E1"}}, "T1", "T1"),
        (IN_GRID, {"team": {"id": "T2"}, "enterprise": _ENTERPRISE}, "T2", "T2"),
        (IN_GRID, {"team": None, "user": {"team_id": "E1"}, "enterprise": _ENTERPRISE}, "T1", ""),
        # Org-wide: block_actions, view_submission (team is null), block_suggestion (user.team_id is E…).
        (ORG, {"team": None, "user": {"team_id": "T2"}, "enterprise": _ENTERPRISE}, "E1", "T2"),
        (ORG, {"team": None, "user": {}, "enterprise": _ENTERPRISE, "view": {"team_id": "T2"}}, "E1", "T2"),
        (ORG, {"team": {"id": "T2", "enterprise_id": "E1"}, "user": {"team_id": "E1"}}, "E1", "T2"),
        (ORG, {"team": None, "user": {"team_id": "E1"}}, "E1", ""),
        # Org-wide: slash commands and events.
        (ORG, {"team_id": "T2", "enterprise_id": "E1", "is_enterprise_install": "true"}, "E1", "T2"),
        (ORG, {"team_id": "T2", "context_enterprise_id": "E1"}, "E1", "T2"),
        # Org-wide, from elsewhere, or from nobody knows where.
        (ORG, {"team": None, "user": {"team_id": "E2"}, "enterprise": _ENTERPRISE}, "E2", ""),
        (ORG, {"team": {"id": "T9"}, "user": {"team_id": "T9"}, "enterprise": None}, "T9", "T9"),
        (ORG, {"team": None, "user": {}, "enterprise": None}, "", ""),
    ],
)
def test_whose_a_delivery_is(home: Installation, body: dict[str, Any], team: str, workspace: str) -> None:
    who = payloads.person(body, "U1", home)
    assert (who.team, who.workspace) == (team, workspace)
