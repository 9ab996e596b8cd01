"""Time to acknowledge and answers a second, against a bare Bolt app that only acknowledges."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks import env
from benchmarks.commands import mix
from benchmarks.env import SECRET, Running
from benchmarks.figures import Figure, Scale, in_turn, median, percentile
from benchmarks.generator import PATIENCE_S, Generator, Round

_ANSWERS_S = 30.0
"""How long the bot's answers of one round may take before the next round begins."""
MEDIAN_GOAL = 1.2
TAIL_GOAL = 1.5
"""Both against Bolt set as in the bot. Bolt as it comes waits 10 ms by design, so that ratio says little."""
ANSWER_GOAL_MS = 10.0
BURST_GOAL_MS = 3000.0
"""As long as Slack waits. Source: https://docs.slack.dev/interactivity/implementing-slash-commands"""

Turn = Callable[[Iterator[str], int, float], Round]


@dataclass
class Side:
    """One app under load."""

    turn: Turn
    app: Running
    rounds: list[Round] = field(default_factory=list)
    to_answer: list[float] = field(default_factory=list)
    """Seconds from sending to the arrival of the answer, where the app answers; "Looking…" is none."""
    burst_to_answer: list[float] = field(default_factory=list)
    """The same for the commands of the burst."""
    cpu_s: float = 0.0
    burst: Round = field(default_factory=Round)
    """Many commands within one second, as after an incident."""

    @property
    def latencies(self) -> list[float]:
        return [each for round in self.rounds for each in round.latencies]

    @property
    def sent(self) -> int:
        return sum(len(round.sent) for round in self.rounds)

    @property
    def acknowledged_per_s(self) -> float:
        return len(self.latencies) / sum(round.seconds for round in self.rounds)


def over_sockets(scale: Scale) -> list[Figure]:
    """Over Socket Mode."""
    return _measured(scale, over_socket=True)


def over_http(scale: Scale) -> list[Figure]:
    """Over signed HTTP, all sides on the HTTP server of the bot."""
    return _measured(scale, over_socket=False)


def _measured(scale: Scale, *, over_socket: bool) -> list[Figure]:
    places = env.locations(scale.locations)
    with ExitStack() as stack:
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        far = stack.enter_context(env.dms())
        names = env.plant(far, places, scale.jobs)
        plain = stack.enter_context(env.bare(webapi, "xapp-plain", over_socket=over_socket))
        equal = stack.enter_context(env.bare(webapi, "xapp-equal", over_socket=over_socket, at_once=True))
        bot = stack.enter_context(env.bot(webapi, far, places, scale, over_socket=over_socket))
        sides = [Side(_turn(generator, app, over_socket), app) for app in (plain, equal, bot)]
        texts = mix(names)
        for side in sides:
            side.turn(texts, scale.per_s, scale.warm_up_s)
            _let_answers_arrive(webapi, side, None)
        in_turn(scale.rounds, *(lambda side=side: _round(side, texts, scale, webapi) for side in sides))
        for side in sides[1:]:
            side.burst = side.turn(texts, scale.burst, 1.0)
            side.burst_to_answer += _let_answers_arrive(webapi, side, side.burst)
        return _figures("socket mode" if over_socket else "signed HTTP", scale, *sides)


def _turn(generator: Generator, app: Running, over_socket: bool) -> Turn:
    if over_socket:
        generator.joined(app.token)
        return lambda texts, per_s, seconds: generator.over_sockets(app.token, texts, per_s, seconds)
    return lambda texts, per_s, seconds: generator.over_http(app.port, SECRET, texts, per_s, seconds)


def _round(side: Side, texts: Iterator[str], scale: Scale, webapi: str) -> None:
    begun = side.app.child.cpu_s()
    round = side.turn(texts, scale.per_s, scale.round_s)
    side.rounds.append(round)
    side.to_answer += _let_answers_arrive(webapi, side, round)
    side.cpu_s += side.app.child.cpu_s() - begun


def _let_answers_arrive(webapi: str, side: Side, round: Round | None) -> list[float]:
    """Nothing of one turn may weigh on the next one. Returns how long each answer took, in seconds."""
    found: list[float] = []
    if side.app.token != env.BOT:
        return found
    deadline = time.monotonic() + _ANSWERS_S
    while round is not None and time.monotonic() < deadline:
        arrived = env.answered(webapi)
        if len(arrived) >= len(round.sent):
            break
        time.sleep(0.2)
    if round is None:
        time.sleep(1.0)
    else:
        arrived = env.answered(webapi)
        found = [at - round.sent[id] for id, at in arrived.items() if id in round.sent]
    env.forget_answers(webapi)
    return found


def _figures(how: str, scale: Scale, plain: Side, equal: Side, bot: Side) -> list[Figure]:
    def figure(what: str, unit: str, ours: float, bare: float | None, goal: float | None = None) -> Figure:
        return Figure(f"acknowledge, {how}", what, unit, ours, bare, goal)

    def ms(side: Side, share: float) -> float:
        times = side.latencies
        return 1e3 * (median(times) if share == 0.5 else percentile(times, share))

    found = [
        figure("median, against Bolt set as in the bot", "ms", ms(bot, 0.5), ms(equal, 0.5), MEDIAN_GOAL),
        figure(
            "99th percentile, against Bolt set as in the bot", "ms", ms(bot, 0.99), ms(equal, 0.99), TAIL_GOAL
        ),
        figure("median, against Bolt as it comes", "ms", ms(bot, 0.5), ms(plain, 0.5)),
        figure("99th percentile, against Bolt as it comes", "ms", ms(bot, 0.99), ms(plain, 0.99)),
        figure(
            f"acknowledged at {scale.per_s} commands a second",
            "1/s",
            bot.acknowledged_per_s,
            plain.acknowledged_per_s,
        ),
    ]
    answered = len(bot.to_answer)
    note = f"{answered} of {bot.sent} commands answered in full"
    found.append(
        Figure(
            f"acknowledge, {how}",
            "command to its whole answer, median",
            "ms",
            1e3 * median(bot.to_answer) if bot.to_answer else float("nan"),
            goal=ANSWER_GOAL_MS,
            note=note,
        )
    )
    return [*found, *_of_burst(how, scale, equal, bot)]


def _of_burst(how: str, scale: Scale, equal: Side, bot: Side) -> list[Figure]:
    what = f"{scale.burst:,} commands within a second"
    acknowledged = f"{len(bot.burst.latencies):,} of {scale.burst:,} acknowledged"
    answered = f"{len(bot.burst_to_answer):,} of {scale.burst:,} answered in full"
    return [
        Figure(
            f"acknowledge, {how}",
            f"{what}, the slowest acknowledgement",
            "ms",
            _slowest_ms(bot.burst),
            goal=BURST_GOAL_MS,
            note=f"{acknowledged}; Bolt set as in the bot: {_slowest_ms(equal.burst):,.0f} ms",
        ),
        Figure(
            f"acknowledge, {how}",
            f"{what}, the slowest answer",
            "ms",
            1e3 * max(bot.burst_to_answer, default=float("nan")),
            note=answered,
        ),
    ]


def _slowest_ms(round: Round) -> float:
    """One that never came took as long as it was waited for."""
    return 1e3 * (PATIENCE_S if round.lost else max(round.latencies))
