"""What it takes to use a verb. Each verb declares it; a verb that declares nothing can be used by nobody."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.dms.model import Options
from bot.dms.rules import DESTRUCTIVE, Action

HOME = "home"
"""The Home tab, which a rule can name as if it were a verb."""


class Permission(StrEnum):
    """What a person needs to use a verb, where no rule of the policy says otherwise."""

    NOBODY = "nobody"
    """Nobody may use it, and no rule can name it: the verb has not been declared."""
    PUBLIC = "public"
    """No role. Only for a verb that shows nothing of a job."""
    VIEW = "view"
    """The role viewer, for a verb that changes no job. It is judged again for each job that it shows."""
    OPERATE = "operate"
    """The role operator, for a verb that changes nothing and shows more than viewers may see."""
    FREEZE = "freeze"
    """The role operator, for a verb that forbids or allows changes."""
    CHANGE = "change"
    """The role operator, for a verb with an `Action`."""


Permissions = Mapping[str, Permission]
"""The permission of each verb, by its name."""

CHANGES = frozenset(str(action) for action in Action)
"""Verbs that change a job at the service."""
DESTROYS = frozenset(str(action) for action in DESTRUCTIVE)
FULL_DUMPS = frozenset({str(Action.RESTART), str(Action.DEMOTE)})
"""Verbs that put a database back to its full dump, all of it or some of its databases."""
WITH_DESTINATION = "delete-with-destination"
PARTS: Mapping[str, str] = {WITH_DESTINATION: str(Action.DELETE)}
"""What a rule calls a verb with an option, and that verb. No word for several verbs stands for one of these.
A rule that names one adds to the rule for the verb, so the stricter of the two holds."""
BUILT_IN: Permissions = {HOME: Permission.VIEW, **dict.fromkeys(sorted(CHANGES), Permission.CHANGE)}
"""What needs no declaration. All other verbs are declared by the application."""


def verbs_with(permissions: Permissions, *wanted: Permission) -> frozenset[str]:
    """The verbs that declare one of the permissions."""
    return frozenset(verb for verb, permission in permissions.items() if permission in wanted)


def verb_sets(permissions: Permissions) -> Mapping[str, frozenset[str]]:
    """The words of a rule that mean several verbs."""
    views = verbs_with(permissions, Permission.VIEW)
    others = verbs_with(permissions, Permission.FREEZE, Permission.OPERATE)
    return {
        "*": views | CHANGES | others,
        "view": views,
        "change": CHANGES,
        "destroy": DESTROYS,
        "full-dump": FULL_DUMPS,
    }


def ruled_as(action: Action, options: Options) -> str:
    """What rules call an action with these options."""
    return WITH_DESTINATION if action is Action.DELETE and options.with_destination else str(action)
