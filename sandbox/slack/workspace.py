"""The running workspace: the world, running deliveries, and settings."""

import copy
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.slack import apps
from sandbox.slack.changes import Changes
from sandbox.slack.content import Content
from sandbox.slack.errors import ControlError, SlackError
from sandbox.slack.faults import Faults
from sandbox.slack.limiter import Limiter
from sandbox.slack.manifest import Manifest, of_the_repository
from sandbox.slack.notifying import Notification, notified
from sandbox.slack.responseurls import ResponseUrls
from sandbox.slack.seed import seed
from sandbox.slack.seed_organisation import seed_organisation
from sandbox.slack.settings import Settings
from sandbox.slack.socketmode import Sockets
from sandbox.slack.triggers import Triggers
from sandbox.slack.views import Views
from sandbox.slack.violations import Violations
from sandbox.slack.world import JSON, Channel, Message, User, World

CALLS_KEPT = 20_000


@dataclass(frozen=True)
class Scheduled:
    """A message that is to be posted; times are Unix seconds."""

    id: str
    channel: str
    post_at: int
    content: Content
    thread_ts: str | None = None
    broadcast: bool = False
    created: int = field(default_factory=lambda: int(time.time()))


class Workspace:
    """The state of one server. Only one event loop uses it, so there are no locks."""

    def __init__(
        self, base_url: str, settings: Settings | None = None, manifest: Manifest | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.settings = settings or Settings()
        self._initial = self.settings
        self._installed = manifest or of_the_repository()
        self.changes = Changes()
        self._sockets: dict[str, Sockets] = {}
        self._begin()

    def _begin(self) -> None:
        self.world = seed_organisation(World()) if self.settings.org else seed(World())
        self._manifests: dict[str, Manifest] = {}
        self._scopes: dict[str, set[str]] = {}
        self._limiters: dict[str, Limiter] = {}
        self._request_urls: dict[str, str] = {}
        self.scheduled: dict[str, Scheduled] = {}
        self.notifications: deque[Notification] = deque(maxlen=CALLS_KEPT)
        self.violations = Violations()
        self.triggers = Triggers(self._acting)
        self.views = Views(self._acting)
        self.response_urls = ResponseUrls(self._acting)
        self.faults = Faults()
        self.calls: deque[JSON] = deque(maxlen=CALLS_KEPT)
        self.suggested: dict[tuple[str, str], list[JSON]] = {}
        self.deliveries: deque[JSON] = deque(maxlen=CALLS_KEPT)
        self.http: httpx.AsyncClient | None = None
        """Delivers over signed HTTP, once something has been."""

    # -- of the app that this request or task is about

    def _acting(self) -> str:
        return self.world.app.id

    def act_as(self, key: str) -> None:
        """From here on, this request or task is about an app: by ID, name, command, token or bot user."""
        app = self.world.apps.find(key)
        if app is None:
            raise ControlError(f"no app {key} is installed")
        apps.act_as(app)

    @property
    def sockets(self) -> Sockets:
        return self._sockets.setdefault(self._acting(), Sockets())

    @property
    def manifest(self) -> Manifest:
        return self._manifests.setdefault(self._acting(), self._installed)

    def install(self, manifest: Manifest) -> None:
        """Install the app anew: it has exactly the scopes of its manifest."""
        self._manifests[self._acting()] = manifest
        self.scopes = set(manifest.scopes)
        self.changes.note()

    @property
    def scopes(self) -> set[str]:
        return self._scopes.setdefault(self._acting(), set(self.manifest.scopes))

    @scopes.setter
    def scopes(self, granted: set[str]) -> None:
        self._scopes[self._acting()] = granted

    @property
    def limiter(self) -> Limiter:
        """Slack limits an app by itself: https://docs.slack.dev/apis/web-api/rate-limits"""
        return self._limiters.setdefault(self._acting(), Limiter())

    @property
    def request_url(self) -> str:
        if self.world.app is self.world.apps.first:
            return self.settings.request_url
        return self._request_urls.get(self._acting(), "")

    def set_request_url(self, url: str) -> None:
        if self.world.app is self.world.apps.first:
            self.settings = self.settings.changed(request_url=url)
        else:
            self._request_urls[self._acting()] = url

    # -- of all apps

    def reset(self) -> None:
        """Reset the workspace; connections stay."""
        self.settings = self._initial
        self._begin()
        self.changes.note()

    def need_user(self, key: str) -> User:
        user = self.world.user(key)
        if user is None:
            raise SlackError("user_not_found", detail=key)
        return user

    def need_channel(self, key: str) -> Channel:
        """Any channel, by id or name."""
        channel = self.world.channel(key)
        if channel is None:
            raise SlackError("channel_not_found", detail=key)
        return channel

    def add_message(self, message: Message) -> Message:
        channel = self.world.channels[message.channel]
        channel.add(message)
        self.notifications += notified(self.world, channel, message, time.time())
        self.changes.note()
        return message

    def edit_message(self, message: Message, *, mark: bool = True, **changes: Any) -> None:
        """Store the old version, then change the message."""
        message.versions.append(
            {
                "text": message.text,
                "blocks": copy.deepcopy(message.blocks),
                "attachments": copy.deepcopy(message.attachments),
                "replaced_at": time.time(),
            }
        )
        for name, value in changes.items():
            setattr(message, name, value)
        if mark:
            message.edited = self.world.clock.next()
        self.changes.note()

    def tell_privately(self, channel: Channel, user: User, text: str) -> Message:
        """Slack's own message to one person, for example if a command failed."""
        message = Message(self.world.clock.next(), channel.id, "USLACKBOT", text, ephemeral_for=user.id)
        return self.add_message(message)

    def replies(self, channel: Channel, ts: str) -> list[Message]:
        """Messages that everyone sees."""
        thread = channel.threads.get(ts, [])
        return [m for m in thread if not m.deleted and m.ephemeral_for is None]
