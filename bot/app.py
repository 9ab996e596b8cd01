"""The composition root: builds the parts of the bot, starts them and stops them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import structlog
from slack_bolt import App

from bot.config.projects import Projects
from bot.config.settings import Settings
from bot.dms.answer_deadline import PATIENCE, Patience
from bot.dms.many_projects import ProjectGateways
from bot.dms.rules import Action
from bot.dms.shared_reads import SharedReads
from bot.outbox import requeue
from bot.outbox.limits import Limits
from bot.outbox.notifier import Notifier
from bot.policy import loader
from bot.policy.model import Policy
from bot.requests.action import ActionVerb
from bot.requests.presence import Presence
from bot.runtime import metrics
from bot.runtime.front import Front
from bot.runtime.health import Health
from bot.runtime.leader import Leader, LeaderTask, every
from bot.runtime.shutdown import Deadline, Pool, Pools, Stopped, finishes_within
from bot.runtime.startup import one_ahead
from bot.slack.api import membership
from bot.slack.api.client import slack_client
from bot.slack.api.directory import slack_access, time_zone
from bot.slack.api.layouts import Layouts
from bot.slack.api.permalinks import Permalinks
from bot.slack.api.proxy import is_bypassed, is_local
from bot.slack.api.replies import Replier
from bot.slack.api.user_groups import remarks
from bot.slack.inbound.after_ack import AfterAck
from bot.slack.inbound.app_events import AppEvents
from bot.slack.inbound.bolt_app import installation_of, make_bolt_app
from bot.slack.inbound.dispatcher import Dispatcher
from bot.slack.inbound.http_receiver import HttpReceiver
from bot.slack.inbound.listeners import listen
from bot.slack.inbound.socket_receiver import SocketReceiver
from bot.slack.inbound.unfurling import Unfurler
from bot.slack.render.home_view import HomeView
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store, open_store
from bot.store.records import Person
from bot.version import version
from bot.webhooks.webhooks import Webhooks
from bot.wiring.deciding import Deciding, make_deciding
from bot.wiring.maintenance import Maintenance
from bot.wiring.readiness import make_health
from bot.wiring.receiving import WorkPools, make_dispatcher
from bot.wiring.running import Running, make_running
from commands import all_verbs, permissions
from commands.support.base import Context
from commands.support.command_service import CommandService

log = structlog.get_logger(__name__)

_LIMITS = Limits()
_DISPATCH_THREADS = 8
_STORE_THREADS = 8
_RUNNERS = 16
"""For each project, so that one that hangs holds back no other."""
_FOLLOW_EVERY_S = 1.0
_MAINTENANCE_EVERY_S = 5.0
"""Upper bounds on the intervals, in seconds; lowered to the poll interval if that is shorter."""
_SOCKET_WORKERS = 10
_CLOSE_RESERVE_S = 3.0
"""Seconds of the shutdown time that are kept for closing connections."""


def now() -> datetime:
    return datetime.now(UTC)


class Bot:
    """The whole bot. `start` returns once it answers; `stop` drains or hands over its work.

    While Slack has a fault, both the constructor and `start` wait. `front`, if given, may be open already.

    Raises:
        PolicyError, StoreError: the policy or the database cannot be used.
        SlackError: Slack does not accept the bot token.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = now,
        limits: Limits = _LIMITS,
        patience: Patience = PATIENCE,
        front: Front | None = None,
    ) -> None:
        self.settings = settings
        self._limits = limits
        self._clock = clock
        self.replica = secrets.token_hex(8)
        self.verbs = all_verbs()
        self.policy = read_policy(settings.policy_file, settings.projects)
        self.store: Store = open_store(settings.db, only=True)
        self.client = slack_client(
            settings.slack_bot_token, settings.slack_api_url, limits.call_timeout_s, settings.command
        )
        self.home = installation_of(self.client, time.sleep)
        self.dms = self._gateways()
        self.shared_reads = SharedReads(self.dms, patience)
        self.wake = threading.Event()
        self.webhooks = Webhooks(settings, self.store, self.wake, clock)
        self.dms_pool = Pool(settings.workers, "dms-work", self.dms.wait)
        self.store_pool = Pool(_STORE_THREADS, "store-work")
        self.dispatch_pool = Pool(_DISPATCH_THREADS, "dispatch")
        self.after_ack = AfterAck(self.dispatch_pool)
        self.runners = Pools([each.id for each in settings.projects], _RUNNERS, "run")
        self.access = slack_access(
            self.client, self.home, self.policy, local_server=is_local(settings.slack_api_url)
        )
        actions = {verb.action.action: verb.action for verb in self.verbs.values() if verb.action}
        running = self._running(actions)
        self.watcher, self.runner, self.follower = running.watcher, running.runner, running.follower
        app = f"{self.home.team}/{self.home.bot_user}"
        self.presence = Presence(self.store, self.replica, app, self.follower.recover_own_calls)
        deciding = self._deciding(actions)
        self.approvals, self.cutovers = deciding.approvals, deciding.cutovers
        self.commands = CommandService(self.verbs, self._context, patience.answer_s)
        self.replier = Replier(self.client, Layouts(self.store, clock))
        self._home_view = HomeView(self.store, self.access, self._clock, self.dms.missing)
        self.dispatcher = self._dispatcher()
        links = Permalinks(self.client)
        self.renderer = OutboxRenderer(self.store, self.access, self.home.team, self._clock, links)
        self.health = self._health()
        self.leader = Leader(self.store, self._leader_tasks(), self.health, self._interrupt)
        self.bolt = self._bolt()
        self.server = front or Front(settings)
        self._socket = self._socket_receiver() if settings.socket_mode else None

    # ---- start and stop

    def start(self) -> None:
        """Answer Slack, and compete for leadership: the leader watches jobs and posts messages.

        Raises:
            Denied: there are no Google credentials. Commands that came meanwhile are answered with that.
            SlackError: Slack does not accept the app-level token.
            OSError: the HTTP server cannot listen.
            Stopped: `stop` was called before Slack answered.
        """
        for remark in (*loader.remarks(self.policy), *remarks(self.home, self.policy)):
            log.warning("policy_remark", remark=remark)
        self.presence.start()
        self.server.open()
        self.server.serve(self.health, self._http_receiver())
        # What is loaded would take the processor from the connection to Slack.
        one_ahead(self._socket.connect if self._socket else lambda: None, self._lead)
        metrics.begin(version(), (each.id for each in self.settings.projects))
        mode = "socket" if self.settings.socket_mode else "http"
        log.info("started", replica=self.replica, team=self.home.team, mode=mode, port=self.server.port)

    def _lead(self) -> None:
        if not self.dms.load():
            raise Stopped
        self.leader.start()

    def stop(self) -> None:
        """Accept nothing new and drain running work, for at most `DMS_BOT_SHUTDOWN` seconds.

        What is not done by then is in the store: the next start or another replica continues it.
        """
        log.info("stopping")
        total_s = Deadline(self.settings.shutdown_s)
        closing_s = min(_CLOSE_RESERVE_S, self.settings.shutdown_s / 4)
        work = Deadline(self.settings.shutdown_s - closing_s)
        self.health.stop()
        # Runs that wait here are queued in the store, too.
        self.runners.shutdown(cancel_futures=True)
        finishes_within(self._stop_receiving, work)
        # Drain in this order: each pool submits to the next.
        answers = sum(pool.drain(work) for pool in (self.dispatch_pool, self.dms_pool, self.store_pool))
        self.runners.drain(work)
        tasks = self.leader.stop(max(work.left(), closing_s / 2))
        runs = self.runner.in_progress()
        closed = finishes_within(self._close, total_s)
        if answers:
            # Closing cut off their calls, so they end now, each with an error message for its user.
            self.dms_pool.drain(total_s)
        if tasks and closed and not runs and not answers:
            log.info("stopped")
        else:
            log.warning(
                "stopped_with_work_left", runs=runs, answers=answers, tasks_ended=tasks, closed=closed
            )

    def _stop_receiving(self) -> None:
        """Stop receiving from Slack; requests already accepted are kept."""
        if self._socket is not None:
            self._socket.close()
        self.server.close()

    def _close(self) -> None:
        """Close the store first: work whose call is cut off must not save an outcome of it."""
        self.store.close()
        self.shared_reads.close()
        self.dms.close()
        self.presence.stop()

    # ---- parts

    def _gateways(self) -> ProjectGateways:
        return ProjectGateways.open(
            self.settings.projects,
            self.settings.dms_emulator_host or None,
            self.settings.dms_emulator_rest_host or None,
            deadline_s=self.settings.dms_deadline_s,
            write_deadline_s=self.settings.dms_write_deadline_s,
            observe=metrics.dms_call,
            now=False,
        )

    def _running(self, actions: Mapping[Action, ActionVerb]) -> Running:
        return make_running(
            self.settings,
            self.access,
            actions,
            dms=self.dms,
            store=self.store,
            replica=self.replica,
            pool_of=self.runners.of,
            on_events=self.webhooks.record_events,
            clock=self._clock,
            wake=self.wake,
        )

    def _deciding(self, actions: Mapping[Action, ActionVerb]) -> Deciding:
        return make_deciding(
            self.settings,
            self.access,
            actions,
            self.client,
            dms=self.shared_reads,
            store=self.store,
            runner=self.runner,
            follower=self.follower,
            clock=self._clock,
            wake=self.wake.set,
        )

    def _dispatcher(self) -> Dispatcher:
        late_s = self._limits.looking_after_s
        pools = WorkPools(self.dms_pool, self.store_pool, self.dispatch_pool, self.after_ack, late_s)
        return make_dispatcher(
            self.commands,
            self.approvals,
            self.cutovers,
            self.access,
            self.store,
            self.replier,
            self._home_view,
            pools,
            self.settings,
            self._clock,
        )

    def _context(self, who: Person, response_url: str) -> Context:
        places = self.access.workspaces_of if self.home.org_wide else None
        return Context(
            who=who,
            dms=self.shared_reads,
            store=self.store,
            approvals=self.approvals,
            cutovers=self.cutovers,
            access=self.access,
            settings=self.settings,
            verbs=self.verbs,
            now=self._clock,
            membership=lambda channel: membership.lookup_membership(self.client, channel),
            readable=lambda channel, user: membership.readable(self.client, channel, user, places),
            zone=lambda: time_zone(self.client, who.user),
            response_url=response_url,
        )

    def _bolt(self) -> App:
        app = make_bolt_app(self.client, time.sleep)
        events = AppEvents(self.replier, self._home_view.of, self._requeue, self.store_pool)
        unfurler = Unfurler(self.store, self.access, self.client, self.store_pool)
        listen(app, self.dispatcher, events, unfurler, self.home, self.settings.command)
        return app

    def _socket_receiver(self) -> SocketReceiver:
        socket = SocketReceiver(
            self.bolt,
            self.settings.slack_app_token,
            self.after_ack,
            self.health,
            web_client=self.client,
            concurrency=_SOCKET_WORKERS,
            ping_interval=self._limits.ping_every_s,
        )
        if is_bypassed(self.settings.slack_api_url):
            socket.bypass_proxy()
        return socket

    def _http_receiver(self) -> HttpReceiver | None:
        if self.settings.socket_mode:
            return None
        return HttpReceiver(self.bolt, self.settings.slack_signing_secret, self.after_ack)

    def _requeue(self, channel: str) -> None:
        """Queue messages again that could not be posted before the app was in a channel or workspace."""
        if requeue.requeue_missed(self.store, channel, self._clock(), self.watcher.subscriptions()):
            self.wake.set()

    def _health(self) -> Health:
        return make_health(
            self.store,
            self.dms,
            self.client,
            self._is_connected if self.settings.socket_mode else None,
            lambda: {"replica": self.replica, "leads": self.leader.is_leader, "jobs": self.watcher.jobs},
        )

    def _is_connected(self) -> bool:
        return self._socket is not None and self._socket.is_connected()

    # ---- tasks of the leader

    def _leader_tasks(self) -> dict[str, LeaderTask]:
        notifier = Notifier(
            self.client,
            self.store,
            self.renderer.render,
            wake=self.wake,
            on_error=metrics.count_slack_error,
            limits=self._limits,
            team=self.home.team,
        )
        maintenance = Maintenance(
            self.store,
            self.settings,
            self.policy,
            self.approvals,
            self.watcher.subscriptions,
            clock=self._clock,
            wake=self.wake,
        )
        follow_s = min(_FOLLOW_EVERY_S, self.settings.poll_fast_s)
        maintenance_s = min(_MAINTENANCE_EVERY_S, self.settings.poll_slow_s)
        return {
            "watcher": self._watch,
            "notifier": notifier.run,
            **self.webhooks.tasks(),
            "follower": every(follow_s, self.follower.follow),
            "maintenance": every(maintenance_s, maintenance.run),
            "cutovers": every(follow_s, lambda: self.cutovers.tick(self._clock())),
        }

    def _watch(self, stop: threading.Event) -> None:
        metrics.watching(self.settings.projects.places)
        self.watcher.run(stop)

    def _interrupt(self) -> None:
        self.wake.set()
        self.watcher.interrupt()
        self.webhooks.interrupt()


def read_policy(path: Path | Literal["open"] | None, projects: Projects) -> Policy:
    """The policy as the bot reads it: its rules can name every verb.

    Raises:
        PolicyError: the file cannot be read or used.
    """
    return loader.load(path, permissions(all_verbs()), projects)
