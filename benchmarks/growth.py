"""`python -m benchmarks.growth`: how what the bot costs grows with the jobs that it follows.

A full run keeps its figures in `growth.json`, draws `growth.svg` and writes a table into `README.md`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click

from benchmarks import env, growth_chart, machine, report, watching
from benchmarks.commands import mix
from benchmarks.figures import FULL, QUICK, Figure, Scale, in_turn, median
from benchmarks.generator import Generator
from benchmarks.memory import most_mb
from benchmarks.rawclient import raw_client
from bot.cmdline.invocation import Invocation
from bot.dms.gateway import Gateway
from bot.slack.render.answer import render
from bot.store.records import Person

JOBS = (1_000, 10_000, 50_000)
RESULTS = report.HERE / "growth.json"
CHART = report.HERE / "growth.svg"
BEGIN = "<!-- growth: written by `python -m benchmarks.growth` -->"
END = "<!-- end of growth -->"
_FULL = replace(FULL, round_s=3.0, warm_up_s=1.0, repeats=5, per_s=50)
_QUICK = replace(QUICK, repeats=2)
_WHO = Person("T0BENCH001", "U0DANA0001", "C0DMS00001")


def of(scale: Scale) -> list[Figure]:
    """The figures of a bot that follows `scale.jobs` jobs."""
    places = env.locations(scale.locations)
    with ExitStack() as stack:
        far = stack.enter_context(env.dms())
        names = env.plant(far, places, scale.jobs)
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        return [
            *_running(scale, webapi, far, places, names, generator),
            *_looking(scale, webapi, far, places),
            _cycle(scale, far, names),
        ]


def _running(
    scale: Scale,
    webapi: str,
    far: env.LocalDms,
    places: tuple[str, ...],
    names: Sequence[str],
    generator: Generator,
) -> list[Figure]:
    """Of the bot as a process: acknowledgements beside bare Bolt, and memory."""
    with ExitStack() as stack:
        bare = stack.enter_context(env.bare(webapi, "xapp-equal", at_once=True)).token
        bot = stack.enter_context(env.bot(webapi, far, places, scale))
        texts = mix(names)
        found: dict[str, list[float]] = {bot.token: [], bare: []}

        def turn(app: str) -> None:
            found[app] += generator.over_sockets(app, texts, scale.per_s, scale.round_s).latencies
            time.sleep(scale.warm_up_s)

        following = most_mb(bot, 5 * scale.warm_up_s)
        for each in found:
            generator.joined(each)
            turn(each)
            found[each].clear()
        in_turn(2, *(partial(turn, each) for each in found))
        ours, theirs = (1e3 * median(each) for each in found.values())
        return [
            _figure("acknowledgement, median", "ms", ours, theirs),
            _figure("memory, all jobs followed", "MB", following),
            _figure("memory, after commands as well", "MB", most_mb(bot, scale.warm_up_s)),
        ]


def _looking(scale: Scale, webapi: str, far: env.LocalDms, places: tuple[str, ...]) -> list[Figure]:
    """Of lists of all jobs."""
    with ExitStack() as stack:
        raw = stack.enter_context(raw_client(far.grpc))
        bot = stack.enter_context(env.parts(webapi, far, places))

        def calls() -> int:
            return sum(raw.jobs(each) for each in places)

        def first() -> float:
            gateway = Gateway(env.PROJECT, places, far.grpc, far.rest)
            try:
                gateway.find("no-such-job")  # its connection is there before the clock starts
                return _timed(gateway.list_jobs)
            finally:
                gateway.close()

        def message() -> object:
            return render(bot.commands.answer(_WHO, Invocation("list"), "")).to_deliver()

        def with_profiles() -> object:
            return calls(), [raw.profiles(each) for each in places]

        bot.dms.list_jobs()
        assert calls() == scale.jobs
        times: dict[str, list[float]] = {"first": [], "all": [], "list": [], "calls": []}
        in_turn(
            min(3, scale.repeats),
            lambda: times["first"].append(first()),
            lambda: times["all"].append(_timed(with_profiles)),
        )
        in_turn(
            scale.repeats,
            lambda: times["list"].append(_timed(message)),
            lambda: times["calls"].append(_timed(calls)),
        )
        return [
            _figure("first look at all jobs", "ms", 1e3 * median(times["first"]), 1e3 * median(times["all"])),
            _figure(
                "list of all jobs, to its message",
                "ms",
                1e3 * median(times["list"]),
                1e3 * median(times["calls"]),
            ),
        ]


def _cycle(scale: Scale, far: env.LocalDms, names: list[str]) -> Figure:
    """Of the watcher: a look at all places, in which the running jobs have grown older."""
    projects = env.projects(1, scale.locations)
    with ExitStack() as stack:
        raw = stack.enter_context(raw_client(far.grpc))
        pool = stack.enter_context(ThreadPoolExecutor(watching.THREADS))
        cycle = stack.enter_context(watching.watched(far, projects, names))
        cycle.once()
        ours: list[float] = []
        bare: list[float] = []

        def calls() -> None:
            bare.append(_timed(lambda: sum(pool.map(raw.jobs_of, projects.places))))

        def look() -> None:
            ours.append(cycle.once())

        for number in range(scale.repeats):
            time.sleep(watching.TICK_S)
            calls()
            bare.pop()  # the pause has left the processor cold
            in_turn(1, *((look, calls) if number % 2 else (calls, look)))
        return _figure("watcher cycle", "ms", 1e3 * median(ours), 1e3 * median(bare))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _figure(what: str, unit: str, ours: float, bare: float | None = None) -> Figure:
    return Figure("growth", what, unit, ours, bare)


def measured(quick: bool) -> dict[str, Any]:
    """What goes into `growth.json`."""
    base, sizes = (_QUICK, tuple(each // 250 for each in JOBS)) if quick else (_FULL, JOBS)
    found = []
    for jobs in sizes:
        click.echo(f"{jobs:,} jobs …", err=True)
        figures = of(replace(base, jobs=jobs))
        found.append({"jobs": jobs, "figures": [asdict(each) for each in figures]})
    return {
        "command": "python -m benchmarks.growth",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine.described(),
        "sizes": found,
    }


def table(found: dict[str, Any]) -> str:
    """A Markdown table: what is measured in the rows, how many jobs in the columns."""
    sizes = found["sizes"]
    heads = ["", *(f"{each['jobs']:,} jobs" for each in sizes)]
    rows = [heads, ["---"] * len(heads)]
    for number, first in enumerate(sizes[0]["figures"]):
        cells = [_cell(each["figures"][number]) for each in sizes]
        rows.append([first["what"], *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(figure: dict[str, Any]) -> str:
    ours = f"{report.number(figure['ours'])} {figure['unit']}"
    if figure["bare"] is None:
        return ours
    ratio = figure["ours"] / figure["bare"]
    return f"{ours} (bare {report.number(figure['bare'])}, ratio {ratio:.2f})"


def save(found: dict[str, Any]) -> None:
    """Write `growth.json`, `growth.svg`, and the table into README.md."""
    RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    CHART.write_text(growth_chart.drawn(found), encoding="utf-8")
    text = report.README.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    about = f"Made with `{found['command']}` on {found['date']}: {found['machine']}."
    whole = (
        f"{text[:begin]}\n\n{about}\n\n{table(found)}\n\n![The same as a chart]({CHART.name})\n\n{text[end:]}"
    )
    report.README.write_text(whole, encoding="utf-8")


@click.command()
@click.option("--quick", is_flag=True, help="See whether all of it works; nothing is kept.")
@click.option("--draw", is_flag=True, help="Measure nothing: table and chart from growth.json.")
def main(quick: bool, draw: bool) -> None:
    """Measure how what the bot costs grows with the jobs that it follows."""
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if draw else measured(quick)
    click.echo(table(found))
    if not quick:
        save(found)


if __name__ == "__main__":
    main()
