"""The manifest of the Slack app: what an app for this bot has to be like, with the reason for each scope.

Source: https://docs.slack.dev/reference/app-manifest
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from bot.slack.api.scopes import SCOPES
from bot.util.command import COMMAND, DEFAULT, with_command

MAX_NAME = 35
"""Characters of an app's name."""
_HOST = re.compile(r"(?:https://)?(?P<host>[\w.-]+(?::\d{1,5})?)/?", re.ASCII)
_NOT_IN_A_USER = re.compile(r"[^a-z0-9_.-]+")
"""What the name of a bot user may not have."""
_TEXT = f"""\
# The Slack app. In Slack: https://api.slack.com/apps → Create New App → From a manifest.
#
# Printed by `dms-bot manifest`, which has options for another slash command, for signed HTTP in place of
# Socket Mode, and for an organisation of several workspaces: see docs/install.md.
_metadata:
  major_version: 2
  minor_version: 1

display_information:
  name: <name>
  description: Run Google Cloud Database Migration Service from Slack
  long_description: >-
    List, start, stop, resume, restart, promote, demote, verify, edit, cancel and delete the migration jobs of
    Google Cloud Database Migration Service with {COMMAND}. What destroys data runs only once you have
    confirmed it, and once others have approved it where your policy says so; every action is in an audit.
    Status changes come to a channel, each job as one message that is kept up to date.
  background_color: "#1a3a5c"

features:
  app_home:
    home_tab_enabled: true # the overview of jobs, open approvals and watches
    messages_tab_enabled: true # where messages for `{COMMAND} watch --dm` arrive
    messages_tab_read_only_enabled: false # so that people can ask there, with {COMMAND} or without it
  bot_user:
    display_name: <user>
    always_online: true
  unfurl_domains:
    - console.cloud.google.com # the pages of migration jobs; links to other pages stay as they are
  shortcuts:
    - name: Open the migration job
      type: message
      callback_id: "dms:show:message"
      description: The job whose ID or page the message names
    - name: Migrations
      type: global
      callback_id: "dms:launcher:open"
      description: Find a migration job
  slash_commands:
    - command: {COMMAND}
      description: Migration jobs of Database Migration Service
      usage_hint: "help | list | show JOB | start JOB | stop JOB | restart JOB | promote JOB …"
      # Mentions arrive as <@U…> and <#C…>, which `--by @name` and `--channel #name` need: names
      # alone are neither unique nor stable.
      should_escape: true
<url of commands>
oauth_config:
  scopes:
    bot:
<scopes>

settings:
  event_subscriptions:
<url of events>
    bot_events:
      - app_home_opened # to draw the Home tab when someone looks at it
      - app_mention # to answer a command behind a mention of the app, as in `@dms show orders-db`
      - message.im # to answer what people write to the app directly
      - link_shared # to unfold links to jobs in the console
      - member_joined_channel # when the app itself is invited: to post what waited for that
<events of an organisation>
  interactivity: # buttons, menus and views
    is_enabled: true
<url of interactions>
<url of menus>
  org_deploy_enabled: <org>
  socket_mode_enabled: <socket>
  token_rotation_enabled: false # the bot token is a setting, and must not expire
"""


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    command: str = DEFAULT
    name: str = "DMS"
    host: str = ""
    """The public host, for signed HTTP; empty: Socket Mode."""
    org: bool = False
    """Whether an organisation installs it for several of its workspaces."""


def manifest(options: ManifestOptions) -> str:
    """The manifest as YAML."""
    parts = _parts(options)
    lines = (parts.get(line, line) for line in _TEXT.splitlines())
    text = "\n".join(line for line in lines if line is not None)
    for mark, value in _values(options).items():
        text = text.replace(mark, value)
    return with_command(text, options.command) + "\n"


def host_of(text: str) -> str:
    """The host of an address.

    Raises:
        ValueError: it is no host; `str()` says what would be right.
    """
    found = _HOST.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text[:100]!r} is no public HTTPS host; give the host alone, for example: dms-bot.example.com"
        )
    return found["host"]


def checked_name(text: str) -> str:
    """An app's name.

    Raises:
        ValueError: Slack would not take it; `str()` says what would be right.
    """
    if not 1 <= len(text) <= MAX_NAME or not text.isprintable() or not text.strip():
        raise ValueError(f"a name has 1 to {MAX_NAME} characters; for example: DMS staging")
    return text


def _parts(options: ManifestOptions) -> dict[str, str | None]:
    """Text for placeholders that are whole lines; None removes the line."""
    org = "      - team_access_granted # when the app is added to a workspace of the organisation\n"
    org += "      - team_access_revoked # when it is removed from one"
    return {
        "<scopes>": "\n".join(f"      - {scope} # {reason}" for scope, reason in SCOPES.items()),
        "<url of commands>": f"      url: {_url(options)}\n" if options.host else "",
        "<url of events>": f"    request_url: {_url(options)}" if options.host else None,
        "<url of interactions>": f"    request_url: {_url(options)}" if options.host else None,
        "<url of menus>": f"    message_menu_options_url: {_url(options)} # the databases in `{COMMAND} edit`"
        if options.host
        else None,
        "<events of an organisation>": org if options.org else None,
    }


def _values(options: ManifestOptions) -> dict[str, str]:
    """Text for placeholders within lines."""
    user = _NOT_IN_A_USER.sub("-", options.name.casefold()).strip("-") or DEFAULT[1:]
    return {
        "<user>": _scalar(user),
        "<org>": "true" if options.org else "false",
        "<socket>": "false" if options.host else "true",
        "<name>": _scalar(options.name),
    }


def _url(options: ManifestOptions) -> str:
    return f"https://{options.host}/slack/events"


def _scalar(text: str) -> str:
    """A string of YAML, of which JSON is a part: in quotes whatever is in it."""
    return json.dumps(text, ensure_ascii=False)
