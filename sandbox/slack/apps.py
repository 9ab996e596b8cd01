"""The apps of the workspace, and which of them a call, a delivery or an interaction is about.

Each request to this server, and each task that it starts, has its own: the app whose token was used, whose
message or view was acted on, or whose command was typed. Where nothing says otherwise, it is the first app.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_current: ContextVar[str] = ContextVar("app", default="")


@dataclass(frozen=True)
class SlackApp:
    """An installed app. The tokens and the signing secret are the sandbox's own, and public."""

    id: str = "A0DMSBOT01"
    name: str = "dms"
    bot_id: str = "B0DMSBOT01"
    bot_user: str = "U0DMSBOT01"
    command: str = "/dms"
    usage_hint: str = "help | list | show JOB | stop JOB | restart JOB …"
    bot_token: str = "xoxb-sandbox-bot-token"  # noqa: S105
    app_token: str = "xapp-1-A0DMSBOT01-sandbox-app-token"  # noqa: S105
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105
    verification_token: str = "sandbox-verification-token"  # noqa: S105


class Apps:
    """Installed apps, the first of which is always there."""

    def __init__(self) -> None:
        self.first = SlackApp()
        self._by_id = {self.first.id: self.first}

    @property
    def current(self) -> SlackApp:
        return self._by_id.get(_current.get(), self.first)

    def add(self, app: SlackApp) -> SlackApp:
        self._by_id[app.id] = app
        return app

    def all(self) -> tuple[SlackApp, ...]:
        return tuple(self._by_id.values())

    def find(self, key: str) -> SlackApp | None:
        """By ID, name, command, token or bot user."""
        return next((app for app in self.all() if key in _keys(app)), None)


def act_as(app: SlackApp) -> None:
    """From here on, this request or task is about `app`."""
    _current.set(app.id)


@contextmanager
def acting_as(app: SlackApp) -> Iterator[None]:
    token = _current.set(app.id)
    try:
        yield
    finally:
        _current.reset(token)


def _keys(app: SlackApp) -> tuple[str, ...]:
    return app.id, app.name, app.command, app.bot_token, app.app_token, app.bot_user, app.bot_id
