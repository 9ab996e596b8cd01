"""What the bots run against: a local DMS, a local Slack, a database and a policy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL
from tests.store.pg_server import PostgresServer, postgres_server

LOCATIONS = ("europe-west1", "us-central1")
COMMAND_CHANNEL = "dms"
REQUESTERS = {"U0DANA0001": "dana", "U0SAM00001": "sam"}
APPROVERS = {"U0SAM00001": "sam", "U0ALEX0001": "alex"}
APPROVED = ("restart", "promote", "demote", "delete")
"""Actions that one other person must approve."""

_POLICY = f"""
default_role = "viewer"
approval_channel = "{APPROVAL_CHANNEL}"

[roles]
operator = ["U0DANA0001"]
approver = {list(APPROVERS)}

[[rule]]
name = "a second person for what cannot be undone"
verbs = {list(APPROVED)}
approvals = 1
expires = "1m"
"""


@dataclass(frozen=True, slots=True)
class Env:
    """Running servers, and the environment in which a bot finds them."""

    slack: SlackServer
    dms: DmsServer
    url: str
    folder: Path
    environ: Mapping[str, str]
    postgres: PostgresServer | None = None


@contextmanager
def open_env(folder: Path, database: str) -> Iterator[Env]:
    """Everything but the bots. Jobs live sixty times as fast as real ones.

    Raises:
        RuntimeError: PostgreSQL's programs are missing.
    """
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server()) if database == "postgresql" else None
        url = postgres.new_database() if postgres else str(folder / "bot.db")
        slack = stack.enter_context(SlackServer(port=0))
        dms = stack.enter_context(DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=30.0))
        yield Env(slack, dms, url, folder, _environ(slack, dms, url, folder), postgres)


def _environ(slack: SlackServer, dms: DmsServer, url: str, folder: Path) -> dict[str, str]:
    """As `make run` sets it, with quick polling and short-lived requests."""
    policy = folder / "policy.toml"
    policy.write_text(_POLICY, encoding="utf-8")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("DMS_", "SLACK_"))}
    return ours | {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "GOOGLE_CLOUD_PROJECT": dms.project,
        "DMS_LOCATIONS": ",".join(LOCATIONS),
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
        "DMS_NOTIFY_CHANNEL": NOTIFY_CHANNEL,
        "DMS_APPROVAL_CHANNEL": APPROVAL_CHANNEL,
        "DMS_BOT_DB": url,
        "DMS_BOT_POLICY": str(policy),
        "DMS_BOT_CONFIRM_EXPIRES": "60s",
        "DMS_BOT_POLL_FAST": "0.3s",
        "DMS_BOT_POLL_SLOW": "1s",
        "DMS_BOT_HOST": "127.0.0.1",
        "DMS_BOT_COMMANDS_PER_MINUTE": "100000",
        "DMS_BOT_AUDIT_ANCHOR_AT": "off",
        "DMS_BOT_LOG_FORMAT": "json",
        "PORT": "0",
    }
