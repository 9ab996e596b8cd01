"""Checks of an org-wide installation: the workspaces that the app is in, and the policy's user groups.

Source: https://docs.slack.dev/reference/methods/auth.teams.list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk import WebClient

from bot.config.settings import Settings
from bot.doctor.finding import Finding, fail, ok, warn
from bot.doctor.user_groups import CHECK, policy_of
from bot.policy.model import Policy
from bot.slack.api.installation import is_true
from bot.slack.api.user_groups import group_places, workspaces


def is_org_wide(auth_test: Mapping[str, Any]) -> bool:
    return is_true(auth_test.get("is_enterprise_install"))


def run_checks(web: WebClient, settings: Settings) -> Iterator[Finding]:
    """Raises what the client raises."""
    found = sorted(workspaces(web))
    if not found:
        fix = "Have an admin of the organisation add the app to workspaces (Manage, Apps)."
        yield fail("workspaces", "The app was added to no workspace of the organisation.", fix)
        return
    yield ok("workspaces", f"The app is in {len(found)} of the organisation: {', '.join(found)}.")
    if len(found) > 1 and _needs_workspace(policy_of(settings)):
        yield warn(
            CHECK,
            "The policy does not say of which workspace its user groups are, so they grant nothing.",
            f'Set workspace = "{found[0]}" in the policy, or write "{found[0]}/@dba-team".',
        )


def _needs_workspace(policy: Policy) -> bool:
    return group_places(policy).unplaced and not policy.workspace
