"""Checks of Slack: tokens, scopes, channels and the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.config.settings import Settings
from bot.doctor import organisation, user_groups
from bot.doctor.finding import Finding, fail, ok, warn
from bot.policy.subscriptions import Membership
from bot.slack.api.client import slack_client
from bot.slack.api.lookups import ADD_THE_APP, NOT_GRANTED
from bot.slack.api.membership import membership_of
from bot.slack.api.outages import outage
from bot.slack.api.scopes import OPTIONAL, SCOPES

_SKEW_WARN_S = 30
_SKEW_FAIL_S = 240
"""Signed requests count as stale after 5 minutes."""
_NETWORK = (URLError, OSError, SlackClientError)

_TOKEN_PAGE = "in Slack: the app's page, OAuth & Permissions"  # noqa: S105 - a place, no token
_TOKEN_FIXES = {
    "invalid_auth": f"Copy the token again ({_TOKEN_PAGE}) into SLACK_BOT_TOKEN.",
    "not_authed": "Set SLACK_BOT_TOKEN.",
    "token_revoked": f"Install the app to the workspace again ({_TOKEN_PAGE}) and use the new token.",
    "token_expired": "Switch token rotation off for this app, install it again and use the new token.",
    "account_inactive": "The app was removed from the workspace: install it again and use the new token.",
    "not_allowed_token_type": f"Use the bot token, xoxb-… ({_TOKEN_PAGE}).",
}
_APP_MENDS = {
    "not_allowed_token_type": "Use an app-level token, xapp-…, in SLACK_APP_TOKEN.",
    "missing_scope": "Give the app-level token the scope connections:write.",
}
_UPDATE = (
    "Paste what `dms-bot manifest` prints into the app's manifest (in Slack: the app's page, App Manifest) "
    "and install the app again."
)
_APP_PAGE = (
    "Make an app-level token with the scope connections:write (in Slack: the app's page, Basic "
    "Information, App-Level Tokens), and set SLACK_APP_TOKEN to it."
)


@dataclass(frozen=True, slots=True)
class AuthTest:
    """The response of `auth.test`. Source: https://docs.slack.dev/reference/methods/auth.test"""

    data: Mapping[str, Any]
    headers: Mapping[str, str]
    """With names in lower case."""
    took_s: float
    at: float
    """This machine's Unix time at the end of the call."""


def run_checks(settings: Settings) -> Iterator[Finding]:
    """Check the token, then what it gives access to; a token that Slack refuses is the only finding."""
    web = slack_client(settings.slack_bot_token, settings.slack_api_url)
    auth_test = _auth_test(web)
    if isinstance(auth_test, Finding):
        yield auth_test
        return
    team, bot = auth_test.data.get("team", "?"), auth_test.data.get("user", "?")
    org_wide = organisation.is_org_wide(auth_test.data)
    kind = "organisation" if org_wide else "workspace"
    yield ok("bot token", f"The token belongs to {bot} in the {kind} {team}.")
    yield scopes(auth_test.headers)
    yield clock(auth_test)
    yield _connection(web, settings)
    if org_wide:
        yield from _asked(web, "workspaces", organisation.run_checks(web, settings))
    yield from _asked(web, user_groups.CHECK, user_groups.run_checks(web, auth_test.data, settings))
    yield from _channels(_Channels(web, f"/invite @{bot}", org_wide), settings)


def _asked(web: WebClient, check: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings, with one that says so where Slack does not list what it was asked for."""
    try:
        yield from findings
    except SlackApiError as error:
        passing = _passing(check, error)
        yield passing or fail(check, f"Slack does not list them: {_error_code(error)}.", _TOKEN_PAGE)
    except _NETWORK as error:
        yield fail(check, f"Slack could not be reached: {error}.", _reachable(web))


def _auth_test(web: WebClient) -> AuthTest | Finding:
    started = time.time()
    try:
        answer = web.auth_test()
    except SlackApiError as error:
        if passing := _passing("bot token", error):
            return passing
        word = _error_code(error)
        fix = _TOKEN_FIXES.get(word, f"Look up {word} on Slack's page about auth.test.")
        return fail("bot token", f"Slack refused it ({word}).", fix)
    except _NETWORK as error:
        return fail("bot token", f"Slack could not be reached: {error}.", _reachable(web))
    now = time.time()
    headers = {str(name).lower(): _header_value(value) for name, value in answer.headers.items()}
    data = answer.data if isinstance(answer.data, dict) else {}
    return AuthTest(data, headers, now - started, now)


def scopes(headers: Mapping[str, str]) -> Finding:
    """Check the scopes in the header `x-oauth-scopes` of the response."""
    given = {each.strip() for each in headers.get("x-oauth-scopes", "").split(",") if each.strip()}
    if not given:
        return warn(
            "scopes",
            "Slack did not say which scopes are granted.",
            "Compare the app's scopes to the manifest that `dms-bot manifest` prints.",
        )
    missing = sorted(set(SCOPES) - given)
    if missing:
        uses = "; ".join(f"{each}: {SCOPES[each]}" for each in missing)
        if set(missing) <= set(OPTIONAL):
            without = "; ".join(dict.fromkeys(OPTIONAL[each] for each in missing))
            return warn("scopes", f"Missing: {', '.join(missing)}. So {without}; all else works.", _UPDATE)
        return fail("scopes", f"Missing: {', '.join(missing)} ({uses}).", _UPDATE)
    more = sorted(given - set(SCOPES))
    if more:
        return warn(
            "scopes",
            f"All that are needed, and more: {', '.join(more)}.",
            "Remove what nothing else needs (in Slack: the app's page, OAuth & Permissions).",
        )
    return ok("scopes", f"All {len(SCOPES)} that are needed, and no more.")


def clock(auth_test: AuthTest) -> Finding:
    """Compare clocks by the header `date`, allowing for the time of the call and for whole seconds."""
    try:
        theirs = parsedate_to_datetime(auth_test.headers.get("date", "")).timestamp()
    except ValueError:
        return warn(
            "clock",
            "Slack did not say what time it is.",
            "Check that this machine's clock is synchronised with NTP.",
        )
    off = auth_test.at - theirs
    sure = max(0.0, abs(off) - auth_test.took_s - 1)
    fix = "Synchronise the clock of this machine with NTP (chrony or systemd-timesyncd)."
    words = f"This machine's clock is {abs(off):.0f} seconds {'ahead of' if off > 0 else 'behind'} Slack's"
    if sure > _SKEW_FAIL_S:
        return fail("clock", f"{words}; signed requests look stale.", fix)
    if sure > _SKEW_WARN_S:
        return warn("clock", f"{words}.", fix)
    return ok("clock", "This machine and Slack agree on the time.")


def _connection(web: WebClient, settings: Settings) -> Finding:
    if not settings.socket_mode:
        return ok("connection", "HTTP: Slack must reach /slack/events, and signs with the signing secret.")
    try:
        web.apps_connections_open(app_token=settings.slack_app_token)
    except SlackApiError as error:
        if passing := _passing("app token", error):
            return passing
        word = _error_code(error)
        return fail("app token", f"Slack refused it ({word}).", _APP_MENDS.get(word, _APP_PAGE))
    except _NETWORK as error:
        return fail("app token", f"Slack could not be reached: {error}.", _reachable(web))
    return ok("app token", "Socket Mode: Slack opens connections for the app-level token.")


@dataclass(frozen=True, slots=True)
class _Channels:
    """How channels are looked at."""

    web: WebClient
    invite: str
    """The command that invites the app."""
    org_wide: bool


def _channels(look: _Channels, settings: Settings) -> Iterator[Finding]:
    """The channels of the settings, and those of projects that have their own."""
    yield _channel(look, "notification channel", "DMS_NOTIFY_CHANNEL", settings.notify_channel)
    if settings.approval_channel:
        yield _channel(look, "approval channel", "DMS_APPROVAL_CHANNEL", settings.approval_channel)
    for project in settings.projects:
        own = {"notify_channel": project.notify_channel, "approval_channel": project.approval_channel}
        for key, channel in own.items():
            if channel:
                check = f"{key.removesuffix('_channel').replace('notify', 'notification')} channel"
                found = _channel(look, check, f"{key} of its [[project]]", channel)
                yield replace(found, project=project.shown)


def _channel(look: _Channels, check: str, setting: str, channel: str) -> Finding:
    if look.org_wide and not _is_id(channel):
        what = f"In an organisation, {channel} may be the name of several channels."
        return fail(check, what, f"Set {setting} to the channel's id.")
    try:
        found = _find(look.web, channel)
    except SlackApiError as error:
        if passing := _passing(check, error):
            return passing
        word = _error_code(error)
        fix = f"Set {setting} to the channel's id; a private channel must have the app as a member first."
        if word == NOT_GRANTED:
            fix = f"The app is not in the workspace of that channel: {ADD_THE_APP}."
        return fail(check, f"Slack does not show {channel}: {word}.", fix)
    except _NETWORK as error:
        return fail(check, f"Slack could not be reached: {error}.", _reachable(look.web))
    if found is None:
        fix = f"Invite the app there ({look.invite}), or set {setting} to the channel's id."
        return fail(check, f"The app is in no channel named {channel}.", fix)
    name = f"#{found.get('name', channel)}"
    membership = membership_of(found)
    if membership is Membership.ARCHIVED:
        return fail(check, f"{name} is archived.", f"Set {setting} to a channel that is in use.")
    if membership is not Membership.MEMBER:
        return fail(check, f"The app is not a member of {name}.", f"In {name}, type: {look.invite}")
    return ok(check, f"The app is a member of {name}.")


def _is_id(channel: str) -> bool:
    return channel[:1] in "CGD" and channel.isupper()


def _find(web: WebClient, channel: str) -> Mapping[str, Any] | None:
    if _is_id(channel):
        info: Mapping[str, Any] = web.conversations_info(channel=channel)["channel"]
        return info
    name, cursor = channel.removeprefix("#"), ""
    while True:
        page = web.users_conversations(types="public_channel,private_channel", limit=1000, cursor=cursor)
        for each in page["channels"]:
            if each.get("name") == name:
                return {**each, "is_member": True}
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return None


def _passing(check: str, error: SlackApiError) -> Finding | None:
    """What ends by itself says nothing of a token or a channel."""
    found = outage(error)
    if found is None:
        return None
    fix = "Wait, and run the doctor again; https://slack-status.com shows known outages."
    return fail(check, f"{found.reason}, so this could not be checked.", fix)


def _error_code(error: SlackApiError) -> str:
    response = error.response
    word = response.get("error") if hasattr(response, "get") else None
    return str(word or getattr(response, "status_code", error))


def _header_value(value: object) -> str:
    return str(value[0]) if isinstance(value, list | tuple) and value else str(value)


def _reachable(web: WebClient) -> str:
    return f"Check that this machine can reach {web.base_url} (DNS, firewall, HTTPS_PROXY)."
