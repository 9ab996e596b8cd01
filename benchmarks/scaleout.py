"""Commands a second that are answered in full, by 1, 2 and 4 replicas on one PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import psutil

from benchmarks import env
from benchmarks.commands import mix
from benchmarks.env import SECRET, Running
from benchmarks.figures import Figure, Scale, in_turn, median
from benchmarks.generator import Generator, Round
from tests.store.pg_server import PostgresServer, postgres_server

_NAME = "scale out"
_PEOPLE = 32
"""Who wait for an answer at any time: enough to keep four replicas busy, and few enough that hardly anybody
waits for a second, after which the bot says that it looks: one more call, and no answer."""
_MOST_ROUNDS = 3
_ROUND_S = 4.0


@dataclass
class _Side:
    """Some of the replicas, between which the commands go in turn; the others only wait."""

    replicas: Sequence[Running]
    postgres: PostgresServer
    rounds: list[Round] = field(default_factory=list)
    cpu_s: float = 0.0
    """Of the replicas."""
    postgres_cpu_s: float = 0.0

    @property
    def answered(self) -> int:
        return sum(len(round.latencies) for round in self.rounds)

    @property
    def per_s(self) -> float:
        return self.answered / sum(round.seconds for round in self.rounds)

    @property
    def median_ms(self) -> float:
        return 1e3 * median([each for round in self.rounds for each in round.latencies])

    def run(self, generator: Generator, texts: Iterator[str], seconds: float) -> None:
        cpu_s, postgres_s = _cpu_s(self.replicas), _postgres_cpu_s(self.postgres)
        ports = [each.port for each in self.replicas]
        self.rounds.append(generator.in_turns(ports, SECRET, texts, _PEOPLE, seconds))
        self.cpu_s += _cpu_s(self.replicas) - cpu_s
        self.postgres_cpu_s += _postgres_cpu_s(self.postgres) - postgres_s


def measured(scale: Scale) -> list[Figure]:
    """All sides have the same database, jobs and commands, and take turns. Needs PostgreSQL's programs."""
    places = env.locations(scale.locations)
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server(fsync="on"))
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        far = stack.enter_context(env.dms())
        texts = mix(env.plant(far, places, scale.listed))
        url = postgres.new_database()
        running = stack.enter_context(env.replicas(webapi, far, places, scale, url, max(scale.replicas)))
        sides = [_Side(running[:count], postgres) for count in scale.replicas]
        _Side(running, postgres).run(generator, texts, scale.warm_up_s)
        seconds = min(scale.round_s, _ROUND_S)
        rounds = min(scale.rounds, _MOST_ROUNDS)
        in_turn(rounds, *(lambda side=side: side.run(generator, texts, seconds) for side in sides))
    return _figures(sides)


def _figures(sides: Sequence[_Side]) -> list[Figure]:
    one, *more = sides
    found = [
        Figure(_NAME, "commands answered in full, 1 replica", "1/s", one.per_s),
        *(
            Figure(_NAME, f"the same, {len(each.replicas)} replicas against 1", "1/s", each.per_s, one.per_s)
            for each in more
        ),
        Figure(_NAME, f"command to its whole answer, {_PEOPLE} people, 1 replica", "ms", one.median_ms),
    ]
    for each in (one, sides[-1]):
        many = "1 replica" if len(each.replicas) == 1 else f"{len(each.replicas)} replicas"
        bot, database = (1e3 * cpu_s / each.answered for cpu_s in (each.cpu_s, each.postgres_cpu_s))
        found.append(Figure(_NAME, f"time on a processor for a command, {many}: bot", "ms", bot))
        found.append(Figure(_NAME, f"time on a processor for a command, {many}: PostgreSQL", "ms", database))
    return found


def _cpu_s(replicas: Sequence[Running]) -> float:
    return sum(each.child.cpu_s() for each in replicas)


def _postgres_cpu_s(postgres: PostgresServer) -> float:
    """Of the server and its connections, of which none ends in a round."""
    server = psutil.Process(postgres.pid)
    times = [each.cpu_times() for each in (server, *server.children())]
    return float(sum(each.user + each.system for each in times))
