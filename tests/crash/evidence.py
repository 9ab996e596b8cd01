"""Everything that is left when the bots have settled: what they believe, and what really happened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.dms.rules import Action
from bot.store import Store
from bot.store.cutover import Cutover, CutoverEntry, CutoverState
from bot.store.records import AuditEntry, Event, JobSnapshot, Request, Run
from sandbox.dms.control import DmsControl
from sandbox.slack import SlackServer
from sandbox.slack.plaintext import plain
from sandbox.slack.violations import Violation
from tests.crash.fleet import Life
from tests.crash.killer import Kill
from tests.crash.raw import RawReader, Row
from tests.methods import METHODS, PATCH

_MOST = 1_000_000
_NAME = re.compile(r"projects/[^/'\"]+/locations/[^/'\"]+/migrationJobs/[a-z0-9-]+")
_REQUEST_ID = re.compile(r"request_?[iI]d'?: '([^']+)'")
_VERBS = {method: verb for verb, method in METHODS.items()} | {PATCH: "edit"}


@dataclass(frozen=True, slots=True)
class Call:
    """A write that the service received. `at` is in Unix seconds by the same clock as the audit's."""

    verb: str
    job: str
    at: float
    applied: bool
    outcome: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A message in Slack."""

    key: str
    ts: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    requests: Mapping[str, Request]
    runs: Sequence[Run]
    audit: Sequence[AuditEntry]
    chain: str
    """What is wrong with the audit's chain; empty when nothing is."""
    events: Sequence[Event]
    known: Mapping[str, JobSnapshot]
    outbox: Sequence[Row]
    calls: Sequence[Call]
    posted: Sequence[Posted]
    jobs: Mapping[str, Mapping[str, Any]]
    """The service's own jobs, with their histories."""
    violations: Sequence[Violation]
    kills: Sequence[Kill]
    lives: Sequence[Life]
    cutovers: Sequence[Cutover]
    cutover_logs: Mapping[str, Sequence[CutoverEntry]]
    """By the cutover's ID, oldest first."""


def collect(
    store: Store,
    behind: RawReader,
    dms: DmsControl,
    slack: SlackServer,
    kills: Sequence[Kill],
    lives: Sequence[Life],
) -> Evidence:
    cutovers = store.cutovers(tuple(CutoverState), limit=_MOST)
    return Evidence(
        requests={each.id: each for each in store.requests(limit=_MOST)},
        runs=store.runs(limit=_MOST),
        audit=store.audit(limit=_MOST),
        chain=store.verify_audit(),
        events=store.events(limit=_MOST),
        known=store.known_jobs(),
        outbox=behind.outbox(),
        calls=tuple(sorted(_writes(dms), key=lambda call: call.at)),
        posted=tuple(_posted(slack)),
        jobs={name: dms.job(name) for name in dms.jobs()},
        violations=slack.workspace.violations.breaches(),
        kills=tuple(kills),
        lives=tuple(lives),
        cutovers=cutovers,
        cutover_logs={each.id: store.cutover_log(each.id) for each in cutovers},
    )


def _writes(dms: DmsControl) -> Iterator[Call]:
    for call in dms.calls():
        verb = _VERBS.get(call["method"])
        if verb is None:
            continue
        request = str(call["request"])
        name, id = _NAME.search(request), _REQUEST_ID.search(request)
        yield Call(
            verb=str(Action(verb)),
            job=name.group() if name else "",
            at=datetime.fromisoformat(call["time"]).timestamp(),
            applied=call["applied"],
            outcome=call["outcome"],
            request_id=id.group(1) if id else "",
        )


def _posted(slack: SlackServer) -> Iterator[Posted]:
    for channel in slack.workspace.world.channels.values():
        for message in channel.messages:
            metadata = message.metadata or {}
            key = metadata.get("event_payload", {}).get("key", "")
            if key and not message.deleted:
                shown = {"text": message.text, "blocks": message.blocks}
                yield Posted(key, message.ts, plain(shown))
