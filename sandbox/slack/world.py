"""People, conversations and messages of the workspace: records and lookups without rules."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.apps import Apps, SlackApp
from sandbox.slack.ids import Timestamps, new_id

JSON = dict[str, Any]
StateValues = dict[str, dict[str, JSON]]


@dataclass(frozen=True)
class Team:
    id: str = "T0SANDBOX1"
    name: str = "Sandbox"
    domain: str = "sandbox"


@dataclass(frozen=True)
class Enterprise:
    """An organisation, whose workspaces share the app's one installation."""

    id: str = "E0SANDBOX1"
    name: str = "Sandbox Organisation"


@dataclass
class User:
    id: str
    name: str
    real_name: str
    title: str = ""
    is_bot: bool = False
    is_guest: bool = False
    deleted: bool = False
    tz: str = "Europe/Amsterdam"
    tz_offset: int = 3600
    color: str = "4a154b"
    quiet: tuple[int, int] | None = None
    """From when until when (Unix seconds) nothing notifies: do not disturb."""
    teams: tuple[str, ...] = ()
    """Workspaces that the account is in, its own first; empty: the only one."""
    enterprise: str = ""
    """The organisation, where it is another one than the app's (Slack Connect)."""

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"


@dataclass
class UserGroup:
    id: str
    handle: str
    name: str
    users: list[str]
    team: str = ""
    """The workspace; empty: the only one."""


@dataclass
class Message:
    """One message. `versions` holds its content before each edit, oldest first.
    `state` holds what each person has chosen in its inputs."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JSON] = field(default_factory=list)
    attachments: list[JSON] = field(default_factory=list)
    from_app: bool = False
    thread_ts: str | None = None
    broadcast: bool = False
    ephemeral_for: str | None = None
    metadata: JSON | None = None
    edited: str | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    deleted: bool = False
    subtype: str | None = None
    versions: list[JSON] = field(default_factory=list)
    state: dict[str, StateValues] = field(default_factory=dict)

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Channel:
    id: str
    name: str
    members: list[str] = field(default_factory=list)
    is_private: bool = False
    im_user: str | None = None
    topic: str = ""
    created: int = 1_700_000_000
    messages: list[Message] = field(default_factory=list)
    by_ts: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[Message]] = field(default_factory=dict)
    followers: dict[str, set[str]] = field(default_factory=dict)
    """Who follows each thread, by its first message."""
    teams: tuple[str, ...] = ()
    """Workspaces that it is in; empty: the only one."""

    @property
    def is_im(self) -> bool:
        return self.im_user is not None

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self.by_ts[message.ts] = message
        if message.thread_ts is not None and message.is_reply:
            self.threads.setdefault(message.thread_ts, []).append(message)

    def find(self, ts: str) -> Message | None:
        message = self.by_ts.get(ts)
        return None if message is None or message.deleted else message


@dataclass
class File:
    id: str
    name: str
    length: int
    title: str = ""
    mimetype: str = "application/octet-stream"
    content: bytes = b""
    user: str = ""
    uploaded: bool = False
    channels: list[str] = field(default_factory=list)
    alt_text: str = ""


class World:
    """Everything in the workspace, by ID or by the name that people type."""

    def __init__(self) -> None:
        self.team = Team()
        self.apps = Apps()
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self.files: dict[str, File] = {}
        self.clock = Timestamps()
        self.enterprise: Enterprise | None = None
        """Set where the app is installed org-wide."""
        self.teams = {self.team.id: self.team}
        self.granted = {self.team.id}
        """Workspaces that the app was added to."""

    @property
    def app(self) -> SlackApp:
        """The app that this request or task is about."""
        return self.apps.current

    @property
    def installed_in(self) -> str:
        """ID of what the installation belongs to."""
        return self.enterprise.id if self.enterprise else self.team.id

    def teams_of(self, holder: User | Channel) -> tuple[str, ...]:
        """The workspaces of a person or a channel. A direct message is where its person is."""
        if isinstance(holder, Channel) and holder.im_user is not None:
            return self.teams_of(self.users[holder.im_user])
        return holder.teams or (self.team.id,)

    def acting_team(self, user: User, channel: Channel | None = None) -> Team:
        """The workspace in which a person acts: their own, or another of theirs if the channel is there."""
        own = self.teams_of(user)
        there = self.teams_of(channel) if channel is not None else own
        id = next((each for each in own if each in there), own[0])
        return self.teams.get(id) or Team(id, "Elsewhere", "elsewhere")

    def add_user(self, user: User) -> User:
        self.users[user.id] = user
        return user

    def add_channel(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        return channel

    def user(self, key: str) -> User | None:
        """By id, or by handle with or without the `@`."""
        if key in self.users:
            return self.users[key]
        handle = key.removeprefix("@")
        return next((user for user in self.users.values() if user.name == handle), None)

    def channel(self, key: str) -> Channel | None:
        """By id, or by name with or without the `#`."""
        if key in self.channels:
            return self.channels[key]
        name = key.removeprefix("#")
        return next((c for c in self.channels.values() if not c.is_im and c.name == name), None)

    def direct_message(self, user_id: str) -> Channel:
        """The app's conversation with a person, opened if necessary."""
        for channel in self.channels.values():
            if channel.im_user == user_id and self.bot_is_in(channel):
                return channel
        members = [user_id, self.app.bot_user]
        name = f"dm-{self.users[user_id].name}"
        return self.add_channel(Channel(new_id("D"), name, members, is_private=True, im_user=user_id))

    def bot_is_in(self, channel: Channel) -> bool:
        return self.app.bot_user in channel.members
