"""Check of the user groups that the policy names: one that Slack does not know grants nothing and is
mentioned by no alert, without an error.

Source: https://docs.slack.dev/reference/methods/usergroups.list
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk import WebClient

from bot.config.settings import Settings
from bot.doctor.finding import Finding, ok, warn
from bot.policy import loader
from bot.policy.model import Policy, PolicyError
from bot.slack.api.installation import installation
from bot.slack.api.user_groups import UserGroups, group_places, groups_named

CHECK = "user groups"


def policy_of(settings: Settings) -> Policy:
    """The policy; one that grants nothing where it cannot be read, which the check of the policy says."""
    try:
        return loader.load(settings.policy_file, projects=settings.projects)
    except PolicyError:
        return Policy()


def run_checks(web: WebClient, auth_test: Mapping[str, Any], settings: Settings) -> Iterator[Finding]:
    """Nothing where the policy names no group, or where it is not known of which workspace they are.

    Raises what the client raises.
    """
    policy = policy_of(settings)
    named = groups_named(policy)
    if not named:
        return
    found = UserGroups(web, installation(auth_test), group_places(policy)).read()
    if found.unplaced:
        return
    unknown = sorted(each for each in named if not found.id(each))
    if unknown:
        yield warn(
            CHECK,
            f"Slack knows no {', '.join(unknown)}: it grants no role, and alerts mention nobody.",
            "Correct the handle in the policy (in Slack: More, People, User groups), or make the group.",
        )
        return
    yield ok(CHECK, f"Slack knows all that the policy names: {', '.join(sorted(named))}.")
