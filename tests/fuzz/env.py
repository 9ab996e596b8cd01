"""A bot with everything in it that a stranger could reach for, and what must be true after any delivery."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.app import Bot
from bot.cmdline.invocation import Invocation
from bot.slack.inbound.bolt_errors import dispatch
from bot.store.records import PENDING_REQUESTS, RequestState
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from sandbox.slack.world import Message
from tests.e2e.env import CAUGHT_UP, CHANNEL, JSON, Env, input_of, mode, running, settings
from tests.e2e.helpers import ROLES, full, policy
from tests.faults.loglines import LogLines, log_lines
from tests.methods import CHANGING
from tests.outbox import all_sent
from tests.slack.checks import mrkdwn, speaks_alone
from tests.waiting import until

TEAM, OTHER = "T0SANDBOX1", "T0OTHER999"
TRIGGER, FORGED, RESPONSE_URL = "(a trigger)", "(a forged trigger)", "(a response url)"
"""Stand in what is drawn for what must be new in each delivery, so that a case can be tried again."""
FORBIDDEN = (
    "Something went wrong",
    "Traceback",
    "Error:",
    "Exception",
    "object at 0x",
    "<class",
    "NoneType",
    "dict_keys",
)
"""Nothing like this may ever be shown to people."""
UNREACHED = (
    "invalid_trigger_id",
    "exchanged_trigger_id",
    "expired_trigger_id",
    "invalid_url",
    "used_url",
    "channel_not_found",
    "user_not_found",
    "user_not_in_channel",
    "invalid_arguments",
    "view_not_found",
    "not_found",
    "message_not_found",
    "missing_trigger_id",
)
"""What Slack says to ids that a forged delivery made up."""
_HARMLESS = ("watched", "unwatched")
"""What who looks may do, too."""
_QUIET: dict[str, Any] = {
    "workers": 4,
    "poll_fast_s": 60.0,
    "poll_slow_s": 60.0,
    "audit_anchor_at": "",
}
_numbers = itertools.count(1)


@dataclass(repr=False)
class FuzzEnv:
    """The running bot, and the ids of all that it keeps."""

    slack: SlackServer
    dms: DmsServer
    bot: Bot
    log: LogLines
    refs: list[str] = field(default_factory=list)
    """Of our team: invocations, forms and denials of every kind."""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """Verb and id of every invocation of our team."""
    forms: list[tuple[str, str, str]] = field(default_factory=list)
    """Verb, step and id of every form of our team."""
    foreign: list[str] = field(default_factory=list)
    """Of the other team."""
    requests: list[str] = field(default_factory=list)
    """In every state."""
    reviews: list[str] = field(default_factory=list)
    """Of the views that show these requests whole."""
    views: list[str] = field(default_factory=list)
    before: Any = None
    seen: str = ""
    """A time stamp: what everybody sees has been looked at until then."""
    looked: dict[str, str] = field(default_factory=dict)
    """The hash of each view when it was looked at."""

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """In what Hypothesis tells of a case."""
        printer.text("made")

    def filled(self, drawn: Any) -> Any:
        """With what has to be new in each delivery in the places that were drawn for it."""
        if isinstance(drawn, dict):
            return {key: self.filled(value) for key, value in drawn.items()}
        if isinstance(drawn, list):
            return [self.filled(each) for each in drawn]
        if drawn == FORGED:
            return f"{next(_numbers)}.forged"
        if drawn == TRIGGER:
            return self.slack.workspace.triggers.issue("U0RILEY001", "C0DMS00001")
        if drawn == RESPONSE_URL:
            issued = self.slack.workspace.response_urls.issue("actions", TEAM, "U0RILEY001", "C0DMS00001")
            return f"{self.slack.base_url}{issued.path}"
        return drawn

    # ---- delivering

    def deliver(self, body: Any) -> str:
        """As Socket Mode does it. Returns the acknowledgement."""
        with self.bot.after_ack.acknowledged():
            answer = dispatch(self.bot.bolt, body, None, "socket_mode")
        assert answer.status in (200, 404), (answer.status, answer.body, body)
        return str(answer.body or "")

    def deliver_all(self, drawn: Sequence[Any]) -> None:
        bodies = [self.filled(each) for each in drawn]
        acknowledged = [self.deliver(each) for each in bodies]
        self.settle()
        self.is_sound(bodies, acknowledged)

    def settle(self) -> None:
        """Until all that the deliveries began is done: work passes from pool to pool in one direction."""
        for pool in (self.bot.dispatch_pool, self.bot.store_pool, self.bot.dms_pool):
            _drain(pool)

    # ---- what must be true

    def is_sound(self, bodies: object, acknowledged: Sequence[str]) -> None:
        """No exception, no sentence but ours, and nobody spoken to by what was delivered."""
        traces, broken = self.log.traces(), self._broken()
        messages, views = self.taken() + self._posted(), self._shown()
        self.log.forget()
        assert traces == [], (bodies, traces)
        assert broken == [], (bodies, broken)
        for text in acknowledged:
            assert not any(word in text for word in FORBIDDEN), (bodies, text)
        for message in messages:
            self._is_ours(bodies, {"text": message.text, "blocks": message.blocks})
        for view in views:
            self._is_ours(bodies, view)

    def _broken(self) -> list[JSON]:
        """Rules of Slack that the bot has broken, but for those that a made-up id breaks."""
        found = [each for each in self.slack.control.violations() if each["code"] not in UNREACHED]
        self.slack.control.clear_violations()
        return found

    def taken(self) -> list[Message]:
        """The messages to single people since the last look, taken away so that looking stays quick."""
        found = []
        for channel in list(self.slack.workspace.world.channels.values()):
            mine = [each for each in list(channel.messages) if each.ephemeral_for or channel.is_im]
            for each in mine:
                channel.messages.remove(each)
                channel.by_ts.pop(each.ts, None)
            found += mine
        return found

    def _posted(self) -> list[Message]:
        """The messages to everybody since the last look: what the watcher sees goes on meanwhile."""
        channels = list(self.slack.workspace.world.channels.values())
        found = [each for channel in channels for each in list(channel.messages) if each.ts > self.seen]
        self.seen = max([self.seen, *(each.ts for each in found)])
        return found

    def _shown(self) -> list[JSON]:
        """Modals and Home tabs that are new or have changed since the last look."""
        views = list(self.slack.workspace.views.by_id.values())
        new = [each for each in views if self.looked.get(each.id) != each.hash]
        self.looked.update({each.id: each.hash for each in new})
        return [each.body for each in new]

    def _is_ours(self, bodies: object, shown: JSON) -> None:
        said = plain(shown)
        assert said.strip(), bodies
        assert not any(word in said for word in FORBIDDEN), (bodies, said)
        for text in (shown.get("text", ""), *mrkdwn(shown["blocks"])):
            speaks_alone(text)

    def nothing_was_done(self) -> None:
        """The service was asked to change nothing, and every request, run and freeze is as it was."""
        control = self.dms.control
        assert control.calls(*CHANGING) == []
        for now, before in zip(self._standing(), self.before, strict=True):
            assert now == before
        assert self.bot.store.verify_audit() == ""

    def remember(self) -> None:
        self.before = self._standing()
        self.seen = self.slack.workspace.world.clock.next()

    def _standing(self) -> Any:
        store = self.bot.store
        requests = store.requests(limit=1000)
        decisions = [store.decisions(each.id) for each in requests]
        states = sorted((each.id, each.state, each.options, each.typed) for each in requests)
        told = [each.seq for each in store.audit(limit=1_000_000) if each.event not in _HARMLESS]
        return states, decisions, store.runs(), store.freezes(self.bot._clock()), told


def _drain(pool: ThreadPoolExecutor) -> None:
    """All workers meet, so none of them is at work any more."""
    workers = pool._max_workers
    meeting = threading.Barrier(workers)
    for each in [pool.submit(meeting.wait, 60) for _ in range(workers)]:
        each.result()


@contextmanager
def open_fuzz_env(folder: Path, *, http: bool = False) -> Iterator[FuzzEnv]:
    """All of it started, in Socket Mode or with `http` over signed HTTP."""
    rules = policy(folder, f'{ROLES}\n[[rule]]\nverbs = ["delete", "restart"]\napprovals = 0\n')
    with (
        log_lines() as log,
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="demo", clock_factor=1.0) as dms,
        running(settings(slack, dms, folder, policy_file=rules, **mode(slack, http), **_QUIET)) as bot,
    ):
        slack.control.configure(
            rate_limits=False,
            ack_seconds=10,
            response_url_uses=10**9,
            response_url_seconds=1e9,
            trigger_seconds=1e9,
        )
        if http:
            assert slack.control.set_request_url(f"http://127.0.0.1:{bot.server.port}/slack/events")
        else:
            slack.control.wait_connections()
        made = FuzzEnv(slack, dms, bot, log)
        _furnish(made)
        made.remember()
        dms.control.clear_calls()
        log.forget()
        yield made


def _furnish(made: FuzzEnv) -> None:
    """Requests in every state that waits or is over, and ids of every kind; no run is ever begun."""
    scene = Env(made.slack.control, made.dms.control, made.bot)
    for number, state in enumerate(("confirming", "approving", "cancelled", "denied", "expired", "outdated")):
        job = f"house-{number}"
        made.dms.control.add_job(
            job, state="RUNNING", phase="CDC", databases=["sales", "b&w <!channel>"], **CAUGHT_UP
        )
        card = scene.shows(scene.type(f"promote {job}"), step="confirm")
        if state == "cancelled":
            scene.press(card, "cancel")
        elif state != "confirming":
            scene.press(card, "confirm")
            until(partial(made.bot.store.requests, [RequestState.APPROVING], job=full(job)))
        request = made.bot.store.requests(job=full(job))[0]
        if state in ("denied", "expired", "outdated"):
            made.bot.store.move_request(request.id, [RequestState.APPROVING], RequestState(state))
        made.requests.append(request.id)
    for verb in ("restart", "delete"):
        job = f"house-{verb}"
        made.dms.control.add_job(job, state="FAILED", phase="CDC", databases=["sales"])
        card = scene.shows(scene.type(f"{verb} {job}"), step="cancel")
        made.requests.append(made.bot.store.requests(job=full(job))[0].id)
        if verb == "restart":
            scene.press(card, "confirm")
            view = scene.slack.wait_view("dana")
            assert input_of(view)
            made.views.append(view["id"])
    later = datetime.now(UTC) + timedelta(days=1)  # A long run takes longer than a confirmation waits.
    for open_one in made.bot.store.requests(PENDING_REQUESTS):
        made.bot.store.move_request(open_one.id, [open_one.state], open_one.state, expires=later)
    _ids(made)
    until(lambda: all_sent(made.bot.store))


def _ids(made: FuzzEnv) -> None:
    store, jobs = made.bot.store, [full("house-0"), full("house-restart")]
    for verb in made.bot.verbs:
        for words in ((), tuple(jobs[:1]), tuple(jobs)):
            made.buttons.append((verb, store.put_ref(TEAM, "invocation", Invocation(verb, words).to_dict())))
        form = Invocation(verb, (jobs[0],)).to_dict() | {"channel": CHANNEL}
        for step, more in (
            ("submit", {"source": ["sales", "b&w <!channel>", "x" * 200]}),
            ("pick", {"source": [f"db_{n}" for n in range(300)]}),
            ("save", {"flags": {"save": True, "seen": "x", "only": ["sales"]}}),
        ):
            made.forms.append((verb, step, store.put_ref(TEAM, "form", form | more)))
    choosing = Invocation("list", (), {"choose": True})
    made.buttons.append(("list", store.put_ref(TEAM, "invocation", choosing.to_dict())))
    made.refs += [each[-1] for each in (*made.buttons, *made.forms)]
    for request in made.requests:
        review = {"request": request, "channel": "C0DMS00001"}
        made.reviews.append(store.put_ref(TEAM, "review", review))
    made.refs += made.reviews
    made.refs.append(store.put_ref(TEAM, "denial", {"request": made.requests[1], "channel": CHANNEL}))
    made.refs.append(store.put_ref(TEAM, "denial", {"request": "nobody's", "channel": ""}))
    for verb in ("list", "show", "help", "databases"):
        made.foreign.append(store.put_ref(OTHER, "invocation", Invocation(verb, tuple(jobs[:1])).to_dict()))
        made.foreign.append(store.put_ref(OTHER, "form", Invocation(verb, ()).to_dict() | {"source": ["a"]}))
