"""Slack events about the app itself: its Home tab was opened, it was invited to a channel, or it was added
to a workspace of its organisation or removed from one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import structlog

from bot.runtime import logs, metrics
from bot.slack.api.replies import Replier
from bot.store import StoreError
from bot.store.records import Person

log = structlog.get_logger(__name__)


class AppEvents:
    """Handles these events in a pool; each method returns at once."""

    def __init__(
        self,
        replier: Replier,
        home_view: Callable[[Person], dict[str, Any]],
        requeue: Callable[[str], None],
        pool: Executor,
    ) -> None:
        """`home_view` renders a person's Home tab; `requeue` queues what a channel has missed, or without one
        what all channels have that Slack refused because the app was not in their workspace."""
        self._replier = replier
        self._home_view = home_view
        self._requeue = requeue
        self._pool = pool

    def home_opened(self, who: Person) -> None:
        """Publish the Home tab of this person."""
        self._pool.submit(self._publish_home, who)

    def invited(self, channel: str) -> None:
        """The app was invited to this channel."""
        self._pool.submit(self._requeue_channel, channel)

    def access_granted(self, workspaces: object) -> None:
        """The app was added to workspaces of its organisation.

        Source: https://docs.slack.dev/reference/events/team_access_granted.
        """
        log.info("workspace_access_granted", workspaces=workspaces)
        self._pool.submit(self._requeue_channel, "")

    def access_revoked(self, workspaces: object) -> None:
        """The app was removed from workspaces of its organisation. The others are not affected: it is logged.

        Source: https://docs.slack.dev/reference/events/team_access_revoked.
        """
        log.warning("workspace_access_revoked", workspaces=workspaces)

    def _publish_home(self, who: Person) -> None:
        with logs.request_context():
            try:
                self._replier.publish_home(who, self._home_view(who))
            except StoreError as error:
                log.warning("home_not_rendered", error=str(error))
            except Exception:
                metrics.count_error()
                log.exception("home_error")

    def _requeue_channel(self, channel: str) -> None:
        with logs.request_context():
            try:
                self._requeue(channel)
            except StoreError as error:
                log.warning("requeue_failed", channel=channel, error=str(error))
            except Exception:
                metrics.count_error()
                log.exception("requeue_error")
