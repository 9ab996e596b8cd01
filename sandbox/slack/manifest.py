"""What the app's manifest says: its scopes, events, shortcuts and the domains whose links it unfurls.

Source: https://docs.slack.dev/reference/app-manifest
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from sandbox.slack.errors import ControlError

FILE = Path(__file__).resolve().parents[2] / "manifest.yml"

_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The one in C takes a tenth of the time."""

EVERYTHING: dict[str, Any] = {
    "oauth_config": {
        "scopes": {
            "bot": [
                "app_mentions:read",
                "channels:history",
                "channels:join",
                "channels:read",
                "chat:write",
                "chat:write.public",
                "commands",
                "dnd:read",
                "files:write",
                "groups:history",
                "groups:read",
                "im:history",
                "im:read",
                "im:write",
                "links:read",
                "links:write",
                "reactions:write",
                "team:read",
                "usergroups:read",
                "users:read",
                "users:read.email",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "app_home_opened",
                "app_mention",
                "channel_left",
                "link_shared",
                "member_joined_channel",
                "message.channels",
                "message.groups",
                "message.im",
                "team_access_granted",
                "team_access_revoked",
            ]
        }
    },
}
"""For where there is no manifest: an app that may do all that the sandbox knows."""


@dataclass(frozen=True)
class Shortcut:
    """`kind` is "global" or "message"."""

    name: str
    kind: str
    callback_id: str
    description: str = ""


@dataclass(frozen=True)
class Manifest:
    scopes: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    shortcuts: tuple[Shortcut, ...] = ()
    domains: tuple[str, ...] = ()
    """Domains whose links the app unfurls, with those below them."""
    writable: bool = True
    """Whether people can write in their conversation with the app."""
    source: dict[str, Any] = field(default_factory=dict, compare=False)

    def shortcut(self, callback_id: str, kind: str) -> Shortcut:
        """Raises ControlError for one that the manifest does not have."""
        for each in self.shortcuts:
            if (each.callback_id, each.kind) == (callback_id, kind):
                return each
        there = ", ".join(each.callback_id for each in self.shortcuts if each.kind == kind)
        raise ControlError(
            f"the manifest has no {kind} shortcut {callback_id!r}; there is: {there or 'none'}"
        )

    def unfurls(self, host: str) -> bool:
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


def parse(given: str | dict[str, Any]) -> Manifest:
    """A manifest as YAML, JSON or an object. Raises ControlError for what is none."""
    try:
        whole = yaml.load(given, _LOADER) if isinstance(given, str) else given  # noqa: S506 - both are safe
        return _parsed(whole)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as wrong:
        words = "a manifest is an object with `features`, `oauth_config` and `settings`"
        raise ControlError(f"{words}: {wrong}") from wrong


def _parsed(whole: dict[str, Any]) -> Manifest:
    features, home = whole.get("features") or {}, (whole.get("features") or {}).get("app_home") or {}
    subscribed = (whole.get("settings") or {}).get("event_subscriptions") or {}
    return Manifest(
        scopes=frozenset(((whole.get("oauth_config") or {}).get("scopes") or {}).get("bot") or []),
        events=frozenset(subscribed.get("bot_events") or []),
        shortcuts=tuple(_shortcut(each) for each in features.get("shortcuts") or []),
        domains=tuple(features.get("unfurl_domains") or []),
        writable=home.get("messages_tab_enabled", True)
        and not home.get("messages_tab_read_only_enabled", False),
        source=whole,
    )


def _shortcut(given: dict[str, Any]) -> Shortcut:
    return Shortcut(given["name"], given["type"], given["callback_id"], given.get("description", ""))


def amended(manifest: Manifest, added: dict[str, Any]) -> Manifest:
    """The same with more `scopes`, `events`, `shortcuts` (as in a manifest) and `domains`."""
    return replace(
        manifest,
        scopes=manifest.scopes | set(added.get("scopes") or []),
        events=manifest.events | set(added.get("events") or []),
        shortcuts=manifest.shortcuts + tuple(_shortcut(each) for each in added.get("shortcuts") or []),
        domains=manifest.domains + tuple(added.get("domains") or []),
    )


def of_the_repository() -> Manifest:
    """The manifest that the app is installed from, or where it is not at hand, one that allows all."""
    return parse(FILE.read_text(encoding="utf-8") if FILE.exists() else EVERYTHING)
