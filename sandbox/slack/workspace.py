"""The running workspace: the world, running deliveries, and settings."""

import copy
import time
from collections import deque
from typing import Any

from sandbox.slack.changes import Changes
from sandbox.slack.errors import SlackError
from sandbox.slack.faults import Faults
from sandbox.slack.limiter import Limiter
from sandbox.slack.responseurls import ResponseUrls
from sandbox.slack.seed import GRANTED_SCOPES, seed
from sandbox.slack.seed_organisation import seed_organisation
from sandbox.slack.settings import Settings
from sandbox.slack.socketmode import Sockets
from sandbox.slack.triggers import Triggers
from sandbox.slack.views import Views
from sandbox.slack.violations import Violations
from sandbox.slack.world import JSON, Channel, Message, User, World

CALLS_KEPT = 20_000


class Workspace:
    """The state of one server. Only one event loop uses it, so there are no locks."""

    def __init__(self, base_url: str, settings: Settings | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.settings = settings or Settings()
        self._initial = self.settings
        self.changes = Changes()
        self.sockets = Sockets()
        self._begin()

    def _begin(self) -> None:
        self.world = seed_organisation(World()) if self.settings.org else seed(World())
        self.scopes: set[str] = set(GRANTED_SCOPES)
        self.violations = Violations()
        self.triggers = Triggers()
        self.views = Views()
        self.response_urls = ResponseUrls()
        self.faults = Faults()
        self.limiter = Limiter()
        self.calls: deque[JSON] = deque(maxlen=CALLS_KEPT)
        self.suggested: dict[tuple[str, str], list[JSON]] = {}
        self.deliveries: deque[JSON] = deque(maxlen=CALLS_KEPT)

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
        self.world.channels[message.channel].add(message)
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
