"""The whole chain for tests: local Slack, the real bot, local DMS, and what people do with it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.app import Bot, now
from bot.config.settings import Settings
from bot.dms.answer_deadline import Patience
from bot.outbox.limits import Limits
from bot.watch.baselines import baseline_key
from sandbox.dms import DmsServer
from sandbox.dms.control import DmsControl
from sandbox.slack import Settings as SlackSettings
from sandbox.slack import SlackControl, SlackServer, plain
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL
from tests.methods import methods_of
from tests.waiting import PATIENCE_S, until

LOCATIONS = ("europe-west1", "us-central1")
CHANNEL = "dms"
LIMITS = Limits(
    posts_per_s=20,
    updates_per_s=20,
    updates_burst=20,
    call_timeout_s=20,
    ping_every_s=5,
    in_flight_timeout_s=1,
    looking_after_s=3600,
)
"""The local Slack of these tests has no rate limits; nothing is given up because the machine is busy, and no
test but its own expects that an answer is announced."""
PATIENT = Patience(answer_s=20, read_s=18, silent_s=18, others_s=18)
"""The same for the local DMS. Tests about what does not answer bring limits of their own."""
_HOME_S = 5.0
"""How long the Home tab is waited for before it is opened again."""
UNHURRIED: dict[str, Any] = {"rate_limits": False, "ack_seconds": 10, "trigger_seconds": 10}
"""How the local Slack is set for this."""
CAUGHT_UP: dict[str, Any] = {"sec_lag": 0, "bytes_lag": 0, "in_phase_for": 60.0}
"""A job whose replication delay is known to be zero from the start: one press confirms its promotion."""
DONE = {
    "start": "✅ *Started*",
    "stop": "✅ *Stopped*",
    "resume": "✅ *Resumed*",
    "restart": "✅ *Restarted*",
    "promote": "✅ *Promoted*",
    "demote": "✅ *Demoted*",
    "verify": "✅ *Verified*",
    "delete": "✅ *Deleted*",
    "cancel": "✅ *Cancelled*",
}
"""How a request's message says that its action has succeeded."""
SHOWN = {
    "approving": "Waiting for approval",
    "behind": "NOT ZERO",
    "cancelled": "Cancelled",
    "denied": "Denied",
    "done": "✅",
    "expired": "Expired",
    "failed": "🔴",
    "outdated": "Out of date",
    "unclear": "unclear",
}
"""How a request's message says how it stands: the one place of the tests for these words."""
_numbers = itertools.count(1)
_given: set[str] = set()

JSON = dict[str, Any]


def unique_id(prefix: str = "job") -> str:
    """An id that no other test of this process uses."""
    name = f"{prefix}-{next(_numbers)}"
    _given.add(name)
    return name


@dataclass
class Env:
    """What a test sees and does."""

    slack: SlackControl
    dms: DmsControl
    bot: Bot
    command: str = ""
    """The slash command, where it is not the one of the workspace's first app."""

    def add_job(self, prefix: str = "job", **values: Any) -> str:
        """The id of a new job, which stays as it is until it is told to change."""
        job = unique_id(prefix)
        self.dms.add_job(job, **{"frozen": True, **values})
        return job

    def type(self, text: str, user: str = "dana", channel: str = CHANNEL) -> JSON:
        """Type `/dms text` and wait for the answer: the newest message that this person sees after it,
        outside of threads, where earlier requests have their outcomes; not one about jobs of other tests."""
        before = self._last(channel, user)
        delivery = self.slack.command(f"{self.command} {text}".strip(), user=user, channel=channel)
        assert delivery["ok"], delivery
        jobs = _ids(text)

        def answers(message: JSON) -> bool:
            about = _ids(plain(message)) if jobs else set()
            return _is_answer(message) and (not about or not jobs.isdisjoint(about))

        return self.slack.wait_message(channel=channel, user=user, after=before, where=answers)

    def press(self, message: JSON, button: str, user: str = "dana", *, stale: bool = False) -> JSON:
        """Press a button of a message or a view: see `found_by`, and `SlackControl.press` for `stale`."""
        delivery = self.slack.press(message, **self.found_by(message, button), user=user, stale=stale)
        assert delivery["ok"], delivery
        if button == "approve" and asks_first(message if stale else self._shown(message, button)):
            self.approve_surely(user)
        return delivery

    def approve_surely(self, user: str) -> JSON:
        """Press Approve in the dialog that asks an approver first; the answer."""
        view = self.slack.wait_view(user, "you confirm too")
        return self.slack.submit(view, user=user)

    def _shown(self, message: JSON, button: str) -> JSON:
        """The message as it was given, or as it is now where it has got the button since."""
        return message if button in steps(message) or "ts" not in message else self.current(message)

    def shows(
        self, message: JSON, *words: str, step: str = "", without: str = "", timeout: float = PATIENCE_S
    ) -> JSON:
        """The same message, once it shows all these words, a button of this step, and none of that one."""

        def fits(same: JSON) -> bool:
            found = steps(same)
            return (
                all(word in plain(same) for word in words)
                and (not step or step in found)
                and without not in found
            )

        def look(messages: list[JSON]) -> JSON | None:
            same = messages[0] if messages and messages[0]["ts"] == message["ts"] else None
            return same if same is not None and fits(same) else None

        after = _just_before(message)
        try:
            found: JSON = self.slack.wait_for(look, timeout, channel=message["channel"], after=after)
        except TimeoutError:
            wanted = [*words, step] if step else words
            now = plain(self.current(message))
            raise TimeoutError(f"{wanted} not within {timeout:g} s: {now}") from None
        return found

    def shows_done(self, message: JSON, verb: str, *words: str, timeout: float = PATIENCE_S) -> JSON:
        """The same message, once it says that what was asked for has been done."""
        return self.shows(message, DONE[verb], *words, timeout=timeout)

    def shows_as(self, message: JSON, stands: str, *words: str, **more: Any) -> JSON:
        """The same message, once it says that the request stands like this: a key of `SHOWN`."""
        # A card that asks shows the state of its job, with a sign that may be the same.
        return self.shows(
            message, SHOWN[stands], *words, without="confirm" if stands == "done" else "", **more
        )

    def found_by(self, message: JSON, button: str) -> dict[str, Any]:
        """How `SlackControl.press` finds a button: by its step, or by its label where that is given instead.

        The message may have got the button since.
        """
        shown = self._shown(message, button)
        fitting = [each for each in action_ids(shown) if each.split(":")[2:3] == [button]]
        assert len(fitting) <= 1, f"{button} stands for several buttons: {fitting}"
        return {"action_id": fitting[0]} if fitting else {"text": button}

    def current(self, message: JSON) -> JSON:
        """The same message, as it is now."""
        found = self.slack.messages(channel=message["channel"], after=_just_before(message))
        return next(each for each in found if each["ts"] == message["ts"])

    def confirm(self, card: JSON, button: str = "confirm", typed: str = "", user: str = "dana") -> None:
        """Press a confirm button, and type what has to be typed."""
        self.press(card, button, user)
        if typed:
            view = self.slack.wait_view(user)
            answer = self.slack.submit(view, {input_of(view): typed}, user=user)
            assert not answer.get("errors"), answer

    def home(self, user: str, *contains: str) -> JSON:
        """The Home tab, once it contains these words. It shows what was known when it was opened, so it
        is opened again until the watcher has come to know."""

        def opened() -> JSON | None:
            self.slack.open_home(user)
            try:
                return self.slack.wait_home(user, contains, timeout=_HOME_S)
            except TimeoutError:
                return None

        return until(opened)

    def answer_to(self, user: str, channel: str, contains: str, after: str) -> JSON:
        return self.slack.wait_message(channel=channel, user=user, contains=contains, after=after)

    def writes(self, verb: str, job: str) -> list[JSON]:
        """The calls of a verb's method that named this job and were applied or tried."""
        return self.dms.calls(*methods_of(verb), about=f"migrationJobs/{job}")

    def _last(self, channel: str, user: str) -> str:
        newest = self.slack.messages(channel=channel, user=user, limit=1)
        return str(newest[0]["ts"]) if newest else "0"

    def now(self, channel: str = CHANNEL, user: str = "dana") -> str:
        """A time stamp that later messages come after."""
        return self._last(channel, user)


def _just_before(message: JSON) -> str:
    """A time stamp that the message is the first after."""
    return str(Decimal(message["ts"]) - Decimal("0.000001"))


def _ids(text: str) -> set[str]:
    """Those of `unique_id` in a text."""
    return _given.intersection(re.findall(r"[a-z][a-z0-9-]*-\d+\b", text))


def _is_answer(message: JSON) -> bool:
    """Not what stands there until the answer comes, on a busy machine."""
    return not message.get("is_reply") and not plain(message).startswith(("⏳ Looking", "⏳ This takes"))


def asks_first(message: JSON) -> bool:
    """Whether the Approve button of a message says with its dots that a dialog asks first."""
    elements = [each for block in message.get("blocks") or () for each in block.get("elements", ())]
    return any(each["text"]["text"] == "Approve…" for each in elements if each["type"] == "button")


def action_ids(message: JSON) -> list[str]:
    """Those of a message's buttons and menus: `dms:<verb>:<step>`, numbered from the second of a kind."""
    blocks = message.get("blocks") or ()
    parts = [part for block in blocks for part in (*block.get("elements", ()), block.get("accessory") or {})]
    return [str(part["action_id"]) for part in parts if "action_id" in part]


def steps(message: JSON) -> list[str]:
    """What can be done about a message: `confirm`, `cancel`, `approve` …"""
    return [each.split(":")[2] for each in action_ids(message) if each.count(":") >= 2]


def input_of(view: JSON) -> str:
    """The action id of a view's first input."""
    for block in view["blocks"]:
        if block["type"] == "input":
            return str(block["element"]["action_id"])
    raise AssertionError(f"no input in {view}")


def settings(slack: SlackServer, dms: DmsServer, folder: Path, **more: Any) -> Settings:
    """What `make run` would set, with quick polling, and open to every member where no policy is given."""
    values: dict[str, Any] = {
        "project": dms.project,
        "locations": LOCATIONS,
        "notify_channel": NOTIFY_CHANNEL,
        "approval_channel": APPROVAL_CHANNEL,
        "policy_file": "open",
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_api_url": slack.api_url,
        "dms_emulator_host": dms.grpc_host,
        "dms_emulator_rest_host": dms.rest_host,
        "db": str(folder / "bot.db"),
        "host": "127.0.0.1",
        "port": 0,
        "poll_fast_s": 0.3,
        "poll_slow_s": 1.0,
        "shutdown_s": 5.0,
        "commands_per_minute": 100_000,
        "audit_anchor_at": "",
    }
    return Settings(**(values | more))


@contextmanager
def open_env(
    folder: Path,
    *,
    http: bool = False,
    org: bool = False,
    more_projects: Mapping[str, Sequence[str]] | None = None,
    clock: Callable[[], datetime] = now,
    limits: Limits = LIMITS,
    patience: Patience = PATIENT,
    **more: Any,
) -> Iterator[Env]:
    """Everything started; the bot listens in Socket Mode, or with `http` over signed HTTP. With `org`, it is
    installed in an organisation of two workspaces. DMS serves
    `more_projects` as well, each with its locations."""
    with (
        SlackServer(port=0, settings=SlackSettings(org=org)) as slack,
        DmsServer(
            port=0,
            seed="empty",
            clock_factor=60.0,
            operation_seconds=6.0,
            more_projects=more_projects or {},
        ) as dms,
        running(settings(slack, dms, folder, **mode(slack, http), **more), clock, limits, patience) as bot,
    ):
        slack.control.configure(**UNHURRIED)
        if org:
            slack.control.add_to_manifest(events=["team_access_granted", "team_access_revoked"])
        if bot.settings.socket_mode:
            slack.control.wait_connections()
        else:
            assert slack.control.set_request_url(f"http://127.0.0.1:{bot.server.port}/slack/events")
        # What the first look finds is not announced: tests add their jobs after it.
        until(lambda: has_looked(bot))
        yield Env(slack.control, dms.control, bot)


def has_looked(bot: Bot) -> bool:
    """Whether the bot has listed the jobs of each place for the first time."""
    places = bot.settings.projects.places
    return all(bot.store.value(baseline_key(each)) is not None for each in places)


def mode(slack: SlackServer, http: bool) -> dict[str, str]:
    """What is set otherwise for signed HTTP than for Socket Mode."""
    return {"slack_app_token": "", "slack_signing_secret": slack.signing_secret} if http else {}


@contextmanager
def running(
    wanted: Settings,
    clock: Callable[[], datetime] = now,
    limits: Limits = LIMITS,
    patience: Patience = PATIENT,
) -> Iterator[Bot]:
    bot = Bot(wanted, clock, limits, patience)
    bot.start()
    try:
        yield bot
    finally:
        bot.stop()
