"""The verbs behind `/dms`, one file each. A new verb is a new file and its test."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from bot.policy.permissions import BUILT_IN, Permissions
from commands.support.base import Verb

_ORDER = (
    *("help", "list", "show", "databases", "delay", "approvals", "history", "policy"),
    *("watch", "unwatch", "watches"),
    *("start", "stop", "resume", "restart", "promote", "verify", "edit", "delete"),
)


def all_verbs() -> dict[str, Verb]:
    """Every module of this package that declares a `VERB`, by name, as people come to need them."""
    modules = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    verbs = {module.VERB.name: module.VERB for module in modules if hasattr(module, "VERB")}
    rank = {name: place for place, name in enumerate(_ORDER)}
    return {name: verbs[name] for name in sorted(verbs, key=lambda name: (rank.get(name, len(rank)), name))}


def permissions(verbs: Mapping[str, Verb]) -> Permissions:
    """What each verb declares that it takes to use it, for the policy."""
    return {**BUILT_IN, **{name: verb.permission for name, verb in verbs.items()}}
