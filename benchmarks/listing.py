"""`list` of one location's jobs, against the raw client's pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks import env
from benchmarks.figures import Figure, Scale, in_turn, median
from benchmarks.generator import Generator
from benchmarks.rawclient import RawClient, raw_client
from bot.app import Bot
from bot.cmdline.invocation import Invocation
from bot.dms.gateway import Gateway
from bot.slack.render.answer import render
from bot.store.records import Person

GOAL = 1.5
FIRST_GOAL = 2.0
MESSAGE_GOAL = 1.8
_PLACE = "region-a0"


_TICK_S = 1.05
"""After so long, the durations of all running jobs have grown."""


@dataclass
class _Side:
    work: Callable[[], object]
    seconds: list[float] = field(default_factory=list)

    def timed(self) -> None:
        begun = time.perf_counter()
        self.work()
        self.seconds.append(time.perf_counter() - begun)

    @property
    def ms(self) -> float:
        return 1e3 * median(self.seconds)


def measured(scale: Scale) -> list[Figure]:
    with ExitStack() as stack:
        far = stack.enter_context(env.dms())
        env.plant(far, (_PLACE,), scale.listed)
        raw = stack.enter_context(raw_client(far.grpc))
        gateway = Gateway(env.PROJECT, (_PLACE,), far.grpc, far.rest)
        stack.callback(gateway.close)
        other = Gateway(env.PROJECT, (_PLACE,), far.grpc, far.rest)
        stack.callback(other.close)
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        bot = stack.enter_context(env.parts(webapi, far, (_PLACE,)))
        assert raw.jobs(_PLACE) == scale.listed
        assert len(gateway.list_jobs().jobs) == scale.listed
        count = f"{scale.listed:,}"
        return [
            _figure(
                f"{count} jobs as values, running ones ticking", *_ticking(scale, raw, gateway, other), GOAL
            ),
            _figure(f"{count} jobs as values, nothing changed", *_again(scale, raw, gateway), GOAL),
            _figure(
                f"{count} jobs and their profiles as values, never seen before",
                *_first(scale, raw, far),
                FIRST_GOAL,
            ),
            _figure(
                f"{count} jobs, the whole verb to a message, running ones ticking",
                *_verb(scale, raw, bot, other),
                MESSAGE_GOAL,
            ),
        ]


def _figure(what: str, ours: _Side, bare: _Side, goal: float | None = None) -> Figure:
    return Figure("list", what, "ms", ours.ms, bare.ms, goal)


def _ticking(scale: Scale, raw: RawClient, gateway: Gateway, other: Gateway) -> tuple[_Side, _Side]:
    """Each look finds every running job changed, as it has run on for a second since the last look."""
    ours, bare = _Side(gateway.list_jobs), _Side(lambda: raw.jobs(_PLACE))
    _alternate(scale, ours, bare, lambda: other.list_jobs())
    return ours, bare


def _again(scale: Scale, raw: RawClient, gateway: Gateway) -> tuple[_Side, _Side]:
    """Within the same second, in which (almost always) no duration grows."""
    ours, bare = _Side(gateway.list_jobs), _Side(lambda: raw.jobs(_PLACE))
    in_turn(scale.repeats, ours.timed, bare.timed)
    return ours, bare


def _first(scale: Scale, raw: RawClient, far: env.LocalDms) -> tuple[_Side, _Side]:
    """A gateway that has seen nothing yet lists the profiles, too; so does the raw client here."""
    fresh: list[Gateway] = []

    def first_look() -> object:
        return fresh[-1].list_jobs()

    def calls() -> object:
        return raw.jobs(_PLACE), raw.profiles(_PLACE)

    ours, bare = _Side(first_look), _Side(calls)
    for _ in range(max(3, scale.repeats // 4)):
        fresh.append(Gateway(env.PROJECT, (_PLACE,), far.grpc, far.rest))
        # Both have their connection before the clock starts.
        fresh[-1].find("no-such-job")
        in_turn(1, bare.timed, ours.timed)
        fresh[-1].close()
    return ours, bare


def _verb(scale: Scale, raw: RawClient, bot: Bot, other: Gateway) -> tuple[_Side, _Side]:
    """Policy, list, filter, order, a page of it with its buttons' ids from the store, and its JSON."""
    who = Person("T0BENCH001", "U0DANA0001", "C0DMS00001")

    def whole() -> object:
        return render(bot.commands.answer(who, Invocation("list"), "")).to_deliver()

    whole()
    ours, bare = _Side(whole), _Side(lambda: raw.jobs(_PLACE))
    _alternate(scale, ours, bare, lambda: other.list_jobs())
    return ours, bare


def _alternate(scale: Scale, ours: _Side, bare: _Side, warm_up: Callable[[], object]) -> None:
    for number in range(max(2, scale.repeats // 2)):
        time.sleep(_TICK_S)
        # The pause has left the processor cold: each side has a call that does not count.
        bare.work()
        warm_up()
        for side in (ours, bare) if number % 2 else (bare, ours):
            side.timed()
