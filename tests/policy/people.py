"""People, jobs and requests that the policy tests speak of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from bot.dms.model import Job, Options
from bot.dms.rules import Action
from bot.policy import loader, model
from bot.policy.access import Access
from bot.policy.principal import DirectoryUnavailable
from bot.store.records import Person, Request, RequestState
from commands import all_verbs, permissions
from tests.jobs import a_job

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DBAS = "S0DBATEAM1"
MEMBERS = {
    "U0DANA0001": frozenset({DBAS, "@dba-team"}),
    "U0ALEX0001": frozenset({"S0LEADS001", "@leads"}),
}
GROUP_IDS = {"@dba-team": DBAS, "@leads": "S0LEADS001"}

ROLES = """
default_role = "viewer"
[roles]
operator = ["@dba-team", "C0DMS00001"]
approver = ["@leads", "U0RILEY001"]
admin = ["U0ADMIN001"]
"""


VIEWS = frozenset(
    {"acknowledge", "approvals", "cutover", "databases", "delay", "history", "home", "list"}
    | {"policy", "schedule", "show", "unwatch", "watch", "watches"}
)
OPERATES = frozenset({"script"})
FREEZES = frozenset({"freeze", "unfreeze"})
CHANGES = frozenset(
    {"start", "stop", "resume", "restart", "promote", "demote", "delete", "edit", "verify", "cancel"}
)
DESTROYS = frozenset({"restart", "promote", "demote", "delete"})
"""The verbs as docs/policy.md sorts them, written out so that no verb changes sides unnoticed."""

DECLARED = permissions(all_verbs())
NO_POLICY = model.Policy(permissions=DECLARED)
OPEN = replace(model.OPEN, permissions=DECLARED)


def parse(text: str) -> model.Policy:
    """A policy file as the bot reads it.

    Raises:
        PolicyError.
    """
    return loader.parse(text, permissions=DECLARED)


def person(user: str, channel: str = "C0GENERAL1") -> Person:
    return Person("T1", user, channel)


RILEY = person("U0RILEY001")
DANA = person("U0DANA0001")
ALEX = person("U0ALEX0001")
ADMIN = person("U0ADMIN001")
QUINN = person("U0QUINN001")


def job(id: str = "orders", location: str = "europe-west1", project: str = "acme", **labels: str) -> Job:
    place = {"project": project, "location": location}
    return a_job(id, phase="CDC", create_time=NOW, labels=tuple(labels.items()), **place)


def groups_of(user: str) -> frozenset[str]:
    return MEMBERS.get(user, frozenset())


def silent(_user: str) -> NoReturn:
    raise DirectoryUnavailable("Slack does not say which user groups there are at the moment.")


def access(text: str = ROLES, **fields: Any) -> Access:
    given: dict[str, Any] = {
        "groups_of": groups_of,
        "policy": parse(text),
        "group_id": lambda group: GROUP_IDS.get(group, group),
        "clock": lambda: NOW,
    }
    return Access(**{**given, **fields})


def request(action: Action = Action.PROMOTE, by: Person = DANA, *jobs: Job, **changes: Any) -> Request:
    given: dict[str, Any] = {
        "id": "q1",
        "action": action,
        "options": Options(),
        "jobs": jobs or (job(),),
        "databases": {},
        "by": by,
        "state": RequestState.APPROVING,
        "created": NOW,
        "expires": NOW + timedelta(hours=2),
        "needed": 1,
        "self_approval": False,
    }
    return Request(**{**given, **changes})
