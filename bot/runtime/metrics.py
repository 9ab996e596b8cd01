"""Prometheus metrics: one registry, and a function for each thing that is measured.

docs/operations.md lists them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from bot.config.projects import Place
from bot.dms.rules import Action
from bot.store.records import ACTIVE_RUNS, RunState

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

CONTENT_TYPE = CONTENT_TYPE_LATEST
_ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
"""Seconds, up to the 3 that Slack waits for an acknowledgement."""
_CALL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)

_commands = Counter(
    "dms_bot_commands", "Commands and buttons answered", ["verb", "outcome"], registry=REGISTRY
)
_ack = Histogram(
    "dms_bot_ack_seconds",
    "From the arrival of a command, press, view or event to its acknowledgement",
    buckets=_ACK_BUCKETS,
    registry=REGISTRY,
)
_calls = Counter(
    "dms_bot_dms_calls", "Calls to Google's services", ["project", "method", "code"], registry=REGISTRY
)
_call_seconds = Histogram(
    "dms_bot_dms_call_seconds",
    "How long calls to Google's services took",
    ["project", "method"],
    buckets=_CALL_BUCKETS,
    registry=REGISTRY,
)
_lag = Gauge(
    "dms_bot_watcher_lag_seconds",
    "Since this location's changes were last saved by this replica, or since it watches, if none were",
    ["project", "location"],
    registry=REGISTRY,
)
_depth = Gauge("dms_bot_outbox_depth", "Messages that wait to be posted or updated", registry=REGISTRY)
_oldest = Gauge(
    "dms_bot_outbox_age_seconds",
    "Age of the oldest message that was not posted yet; 0 where this replica does not post",
    registry=REGISTRY,
)
_approvals = Gauge("dms_bot_open_approvals", "Requests that wait for approval", registry=REGISTRY)
_runs = Counter(
    "dms_bot_runs", "Actions on jobs that ended", ["project", "action", "outcome"], registry=REGISTRY
)
_leader = Gauge("dms_bot_leader", "1 on the replica that watches jobs and posts messages", registry=REGISTRY)
_slack_errors = Counter(
    "dms_bot_slack_errors", "Slack calls that failed", ["method", "error"], registry=REGISTRY
)
_errors = Counter(
    "dms_bot_errors", "Errors in the bot itself, which nothing in it expects", registry=REGISTRY
)
_webhook_attempts = Counter(
    "dms_bot_webhook_attempts",
    "Requests to webhooks, and deliveries that were given up",
    ["webhook", "outcome"],
    registry=REGISTRY,
)
_webhook_depth = Gauge(
    "dms_bot_webhook_queue_depth",
    "Events and audit rows that wait for a webhook",
    ["webhook"],
    registry=REGISTRY,
)
_webhook_age = Gauge(
    "dms_bot_webhook_queue_age_seconds",
    "Age of the oldest event or audit row that waits for a webhook",
    ["webhook"],
    registry=REGISTRY,
)
_healthy = Gauge(
    "dms_bot_healthy",
    "1 while every loop of this replica runs and, in Socket Mode, it is connected to Slack",
    registry=REGISTRY,
)
_build = Gauge("dms_bot_build_info", "The version that runs", ["version"], registry=REGISTRY)

_watched: set[Place] = set()
_watched_lock = threading.Lock()


def command(verb: str, outcome: str) -> None:
    """Count a command. `outcome`: answered, refused, failed …; pass an unknown verb as `unknown`."""
    _commands.labels(verb, outcome).inc()


def acknowledged(seconds: float) -> None:
    _ack.observe(seconds)


def dms_call(project: str, method: str, code: str, seconds: float) -> None:
    """Count a call to DMS or Monitoring for a project; `code` is the canonical status name."""
    _calls.labels(project, method, code).inc()
    _call_seconds.labels(project, method).observe(seconds)


def watching(places: Iterable[Place]) -> None:
    """This replica watches these places from now on, if it does not already. Without this, a place that
    never answers would have no lag."""
    for place in places:
        if place not in _watched:
            place_polled(place)


def place_polled(place: Place) -> None:
    """Record that the jobs of this place were just listed, and what has changed is saved."""
    seen = time.monotonic()
    with _watched_lock:
        _watched.add(place)
        # Computed on each scrape, so that it also grows while the watcher hangs.
        _lag.labels(place.project, place.location).set_function(lambda: time.monotonic() - seen)


def poll_ended(place: Place, error: str) -> None:
    """Record the end of a poll; `error` is empty if the jobs were listed and what has changed is saved."""
    if not error:
        place_polled(place)


def polling_stopped() -> None:
    """This replica no longer watches jobs; another one reports the lag."""
    with _watched_lock:
        for place in _watched:
            _lag.remove(place.project, place.location)
        _watched.clear()


def outbox(count: int, age_s: float) -> None:
    """`age_s`: of the oldest message that was not posted yet, in seconds; 0 where there is none."""
    _depth.set(count)
    _oldest.set(age_s)


def open_approvals(count: int) -> None:
    _approvals.set(count)


def begin(version: str, projects: Iterable[str]) -> None:
    """The counts of these projects (IDs) begin at 0, as `increase` does not see a series begin."""
    _build.labels(version).set(1)
    for project, action, outcome in product(projects, Action, RunState):
        if outcome not in ACTIVE_RUNS:
            _runs.labels(project, action, outcome)


def show_health(is_healthy: Callable[[], bool]) -> None:
    """`is_healthy` is called on each scrape, and must not wait for anything."""
    _healthy.set_function(is_healthy)


def run_ended(action: str, outcome: str, project: str) -> None:
    """Count a run. `outcome`: its final state (succeeded, failed, refused, unclear)."""
    _runs.labels(project, action, outcome).inc()


def set_leader(is_leader: bool) -> None:
    _leader.set(1 if is_leader else 0)
    if not is_leader:
        polling_stopped()
        # Another replica reports them now; the last values of this one would never change again.
        outbox(0, 0)
        open_approvals(0)


def count_slack_error(method: str, error: str) -> None:
    """`error`: Slack's error code (`channel_not_found`), `ratelimited`, an HTTP status, or `unreachable`."""
    _slack_errors.labels(method, error).inc()


def webhook_attempt(webhook: str, outcome: str) -> None:
    """Count what became of an attempt. `outcome`: sent, failed, given_up."""
    _webhook_attempts.labels(webhook, outcome).inc()


def webhook_queue(webhook: str, depth: int, age_s: float) -> None:
    """`age_s`: of the oldest that waits, in seconds; 0 where nothing does."""
    _webhook_depth.labels(webhook).set(depth)
    _webhook_age.labels(webhook).set(age_s)


def webhook_stopped(webhook: str) -> None:
    """This replica no longer sends to the webhook; another one reports its queue."""
    with suppress(KeyError):
        _webhook_depth.remove(webhook)
        _webhook_age.remove(webhook)


def count_error() -> None:
    _errors.inc()


def exposition() -> bytes:
    """All metrics in Prometheus' text format; its media type is `CONTENT_TYPE`."""
    return generate_latest(REGISTRY)
