"""The verbs of `/dms`, one file each. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from bot.policy.permissions import BUILT_IN, Permissions
from commands.support.base import Verb

_ORDER = (
    *("help", "list", "show", "databases", "delay", "approvals", "history", "policy"),
    *("watch", "unwatch", "watches"),
    *("start", "stop", "resume", "restart", "promote", "demote", "verify", "edit", "delete"),
)


def all_verbs() -> dict[str, Verb]:
    """The `VERB` of every module of this package, by name, in the order of the help page."""
    modules = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    verbs = {module.VERB.name: module.VERB for module in modules if hasattr(module, "VERB")}
    rank = {name: place for place, name in enumerate(_ORDER)}
    return {name: verbs[name] for name in sorted(verbs, key=lambda name: (rank.get(name, len(rank)), name))}


def permissions(verbs: Mapping[str, Verb]) -> Permissions:
    """The permission that each verb declares, for the policy."""
    return {**BUILT_IN, **{name: verb.permission for name, verb in verbs.items()}}
