"""`/dms list` while one of 25 locations hangs, against the same with all answering."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks import env
from benchmarks.figures import Figure, Scale, in_turn, median
from benchmarks.generator import Generator
from bot.app import Bot
from bot.cmdline.answers import JobsPage
from bot.cmdline.invocation import Invocation
from bot.slack.render.answer import render
from bot.store.records import Person

GOAL = 1.5
PROMISED_MS = 3_000.0
_LOCATIONS = 25
_HANGING, _HEALTHY = "region-x0", "region-y0"
_WHO = Person("T0BENCH001", "U0DANA0001", "C0DMS00001")


@dataclass
class _Side:
    """A bot of its own, with one location that the other has not."""

    bot: Bot
    missing: int
    """Locations that its list must name as missing."""
    ms: list[float] = field(default_factory=list)

    def timed(self) -> None:
        begun = time.perf_counter()
        answer = self.bot.commands.answer(_WHO, Invocation("list"), "")
        render(answer).to_deliver()
        self.ms.append(1e3 * (time.perf_counter() - begun))
        assert isinstance(answer, JobsPage)
        assert len(answer.missing) == self.missing, answer.missing


def measured(scale: Scale) -> list[Figure]:
    """The first list after a location fell silent, and those after it."""
    common = env.locations(_LOCATIONS - 1)
    with ExitStack() as stack:
        far = stack.enter_context(env.dms())
        each = max(1, scale.listed // _LOCATIONS)
        for place in (*common, _HANGING, _HEALTHY):
            env.plant(far, (place,), each)
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        healthy = _Side(stack.enter_context(env.parts(webapi, far, (*common, _HEALTHY))), 0)
        hanging = _Side(stack.enter_context(env.parts(webapi, far, (*common, _HANGING))), 0)
        for side in (healthy, hanging):
            side.bot.dms.list_jobs()  # its connections are there, and the profiles are known
            side.timed()
            side.ms.clear()
        far.control.fault("*", "HANG", times=None, match=f"locations/{_HANGING}")
        hanging.missing = 1
        hanging.timed()
        (first,) = hanging.ms
        hanging.ms.clear()
        in_turn(max(5, scale.repeats), hanging.timed, healthy.timed)
        far.control.clear_faults()
    what = f"`/dms list` of {each * _LOCATIONS:,} jobs with one of {_LOCATIONS} locations hanging"
    return [
        Figure(
            "silence", f"{what}, against all answering", "ms", median(hanging.ms), median(healthy.ms), GOAL
        ),
        Figure("silence", f"{what}, the first time", "ms", first, goal=PROMISED_MS),
        Figure("silence", f"{what}, the slowest afterwards", "ms", max(hanging.ms), goal=PROMISED_MS),
    ]
