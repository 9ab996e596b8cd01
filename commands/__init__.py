"""The verbs of `/dms`, one file each. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from bot.policy.permissions import BUILT_IN, Permissions
from commands.support.base import Verb

VERBS = (
    *("help", "list", "show", "databases", "delay", "approvals", "history", "policy"),
    "script",
    *("watch", "unwatch", "watches", "acknowledge"),
    *("start", "stop", "resume", "restart", "promote", "demote", "verify", "edit", "delete", "cancel"),
    *("schedule", "cutover", "freeze", "unfreeze"),
)
"""The modules of this package with a verb.

Named here, and not looked for: an upgrade may leave the file of a verb behind that is no longer one.
"""


def all_verbs() -> dict[str, Verb]:
    """The `VERB` of each module of `VERBS`, by name."""
    modules = (importlib.import_module(f"{__name__}.{name}") for name in VERBS)
    return {module.VERB.name: module.VERB for module in modules}


def permissions(verbs: Mapping[str, Verb]) -> Permissions:
    """The permission that each verb declares, for the policy."""
    return {**BUILT_IN, **{name: verb.permission for name, verb in verbs.items()}}
