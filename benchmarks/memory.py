"""Resident memory of the bot that follows all jobs."""

from __future__ import annotations

import time
from contextlib import ExitStack

from benchmarks import env
from benchmarks.commands import mix
from benchmarks.figures import Figure, Scale
from benchmarks.generator import Generator

GOAL_MB = 150.0
_WATCHED_S = 20.0
_EVERY_S = 0.25


def measured(scale: Scale) -> list[Figure]:
    places = env.locations(scale.locations)
    with ExitStack() as stack:
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        far = stack.enter_context(env.dms())
        names = env.plant(far, places, scale.jobs)
        bot = stack.enter_context(env.bot(webapi, far, places, scale))
        generator.joined(bot.token)
        watched_s = min(_WATCHED_S, 10 * scale.warm_up_s)
        watching = most_mb(bot, watched_s)
        generator.over_sockets(bot.token, mix(names), scale.per_s, scale.round_s * 2)
        answering = max(watching, most_mb(bot, scale.warm_up_s))
        what = f"{scale.jobs:,} jobs followed"
        return [
            Figure("memory", f"{what}, most of {watched_s:.0f} s", "MB", watching, goal=GOAL_MB),
            Figure("memory", f"{what}, after {scale.per_s} commands a second", "MB", answering, goal=GOAL_MB),
        ]


def most_mb(bot: env.Running, seconds: float) -> float:
    """The largest of its resident sizes during so many seconds, in MB."""
    most = 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        most = max(most, bot.child.rss_mb())
        time.sleep(_EVERY_S)
    return most
