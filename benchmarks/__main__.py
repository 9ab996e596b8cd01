"""`python -m benchmarks [NAME…] [--quick]`: measure, print and keep the figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from benchmarks import (
    acknowledge,
    coldstart,
    listing,
    machine,
    memory,
    quota,
    report,
    scaleout,
    silence,
    watching,
)
from benchmarks.figures import FULL, QUICK, Figure, Scale

BENCHMARKS: Mapping[str, Callable[[Scale], list[Figure]]] = {
    "acknowledge-socket": acknowledge.over_sockets,
    "acknowledge-http": acknowledge.over_http,
    "list": listing.measured,
    "silence": silence.measured,
    "watch": watching.measured,
    "watch-projects": watching.of_many_projects,
    "memory": memory.measured,
    "projects": quota.measured,
    "scale-out": scaleout.measured,
    "cold-start": coldstart.measured,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--quick", is_flag=True, help="See whether all of it works; the figures mean nothing.")
def main(names: tuple[str, ...], quick: bool) -> None:
    """Measure the bot side by side with the least that could do the same.

    All benchmarks, or those that are named. A full run is kept in benchmarks/results.json and
    benchmarks/README.md.
    """
    load = machine.load()
    figures: list[Figure] = []
    for name in names or BENCHMARKS:
        click.echo(f"{name} …", err=True)
        figures += BENCHMARKS[name](QUICK if quick else FULL)
    click.echo(report.table(figures))
    if not names and not quick:
        report.save(figures, load)


if __name__ == "__main__":
    main()
