"""Stacks of modals, and Home tabs."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.apps import SlackApp
from sandbox.slack.ids import new_id, secret
from sandbox.slack.inputs import fill_ids, values_for
from sandbox.slack.world import JSON, StateValues, Team

STACK_LIMIT = 3


@dataclass
class View:
    """One modal or Home tab as the app last sent it, with what the person has filled in."""

    id: str
    user: str
    body: JSON
    hash: str
    root_id: str
    app: str
    previous_id: str | None = None
    values: StateValues = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str = ""

    @property
    def kind(self) -> str:
        return str(self.body["type"])

    def replace(self, body: JSON) -> None:
        self.body = prepared(body)
        self.values = values_for(self.body["blocks"], self.values)
        self.hash = new_hash()
        self.errors = {}
        self.trouble = ""

    def payload(self, team: Team, app: SlackApp, installed_in: str) -> JSON:
        """The view in payloads and API responses. `installed_in` is a workspace or an organisation."""
        modal = self.kind == "modal"
        shown: dict[str, Any] = {
            "id": self.id,
            "team_id": team.id,
            "type": self.kind,
            "blocks": copy.deepcopy(self.body["blocks"]),
            "private_metadata": self.body.get("private_metadata") or "",
            "callback_id": self.body.get("callback_id") or "",
            "state": {"values": copy.deepcopy(self.values)},
            "hash": self.hash,
            "title": self.body.get("title") if modal else {"type": "plain_text", "text": "View Title"},
            "clear_on_close": bool(self.body.get("clear_on_close")),
            "notify_on_close": bool(self.body.get("notify_on_close")),
            "close": self.body.get("close"),
            "submit": self.body.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": app.id,
            "external_id": self.body.get("external_id") or "",
            "app_installed_team_id": installed_in,
            "bot_id": app.bot_id,
        }
        return shown


def new_hash() -> str:
    return f"{secret(10)}.{secret(8)}"


def prepared(body: JSON) -> JSON:
    body = copy.deepcopy(body)
    body["blocks"] = fill_ids(body.get("blocks") or [])
    return body


class Views:
    def __init__(self, app: Callable[[], str]) -> None:
        """`app` names the app that acts."""
        self._app = app
        self.by_id: dict[str, View] = {}
        self.stacks: dict[str, list[View]] = {}
        self._homes: dict[tuple[str, str], View] = {}

    def stack(self, user: str) -> list[View]:
        return self.stacks.setdefault(user, [])

    def open(self, user: str, body: JSON) -> View:
        """A new stack with one modal; it replaces the person's open modals."""
        view = self._create(user, body, root_id=None)
        self.stacks[user] = [view]
        return view

    def push(self, user: str, body: JSON) -> View:
        stack = self.stack(user)
        root = stack[0].id if stack else None
        view = self._create(user, body, root_id=root)
        view.previous_id = stack[-1].id if stack else None
        stack.append(view)
        return view

    def publish(self, user: str, body: JSON) -> View:
        home = self.home(user)
        if home is None:
            home = self._create(user, body, root_id=None)
            self._homes[self._app(), user] = home
        else:
            home.replace(body)
        return home

    def home(self, user: str) -> View | None:
        """A person's Home tab of the app."""
        return self._homes.get((self._app(), user))

    def find(self, view_id: str | None, external_id: str | None) -> View | None:
        """An open modal or a Home tab of the app."""
        shown = [*(v for stack in self.stacks.values() for v in stack), *self._homes.values()]
        for view in (each for each in shown if each.app == self._app()):
            if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
                return view
        return None

    def external_id_taken(self, external_id: str, besides: str = "") -> bool:
        found = self.find(None, external_id)
        return found is not None and found.id != besides

    def pop(self, view: View) -> None:
        stack = self.stack(view.user)
        if view in stack:
            stack.remove(view)

    def clear(self, user: str) -> None:
        self.stacks[user] = []

    def _create(self, user: str, body: JSON, root_id: str | None) -> View:
        view_id = new_id("V", 10)
        tidy = prepared(body)
        view = View(view_id, user, tidy, new_hash(), root_id or view_id, self._app())
        view.values = values_for(tidy["blocks"])
        self.by_id[view_id] = view
        return view
