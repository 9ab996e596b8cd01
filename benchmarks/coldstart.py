"""From the start of the process to its first acknowledgement."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import env
from benchmarks.figures import Figure, Scale, in_turn, median
from benchmarks.generator import Generator
from benchmarks.processes import Child

GOAL = 2.0
_PLAIN = "xapp-plain"


def measured(scale: Scale) -> list[Figure]:
    places = env.locations(2)
    with ExitStack() as stack:
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        far = stack.enter_context(env.dms())
        ours: list[float] = []
        bare: list[float] = []

        def start_bot() -> None:
            with tempfile.TemporaryDirectory() as folder:
                settings = env.bot_settings(webapi, far, places, Path(folder), over_socket=True)
                with Child("bot", env=settings | {"PORT": "0"}) as child:
                    ours.append(generator.first(env.BOT, "help") - child.began)
            generator.part(env.BOT)

        def start_bare() -> None:
            settings = env.slack_settings(webapi, _PLAIN, over_socket=True)
            with Child("benchmarks.bare", env=settings) as child:
                bare.append(generator.first(_PLAIN, "help") - child.began)
            generator.part(_PLAIN)

        for side in (start_bare, start_bot):
            side()  # compiles what an installed package has compiled, and does not count
        ours.clear()
        bare.clear()
        in_turn(scale.starts, start_bare, start_bot)
        what = "process to first acknowledgement, Socket Mode"
        return [Figure("cold start", what, "ms", 1e3 * median(ours), 1e3 * median(bare), GOAL)]
