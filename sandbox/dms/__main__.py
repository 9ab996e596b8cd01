"""`python -m sandbox.dms`: run the local Database Migration Service until interrupted."""

from __future__ import annotations

import signal
import sys
import threading

import click

from sandbox.dms.seed import SEEDS
from sandbox.dms.server import DmsServer
from sandbox.projects import MOST, demo_projects


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option(
    "--port",
    default=8085,
    type=click.IntRange(0, 65534),
    help="Port of the gRPC side; REST listens on the next one.",
)
@click.option("--project", default="demo-project", help="Project that the jobs belong to.")
@click.option("--projects", default=1, type=click.IntRange(1, MOST), help="How many projects there are.")
@click.option("--clock-factor", default=60.0, help="How many times faster than real time migrations go.")
@click.option("--seed", type=click.Choice(sorted(SEEDS)), default="demo", help="Jobs to begin with.")
def main(host: str, port: int, project: str, projects: int, clock_factor: float, seed: str) -> None:
    """A local Database Migration Service: gRPC, REST and a control API, with jobs that migrate."""
    served = demo_projects(projects, project)
    further = {each.id: each.locations for each in served[1:]}
    try:
        server = DmsServer(
            port, host=host, project=project, more_projects=further, seed=seed, clock_factor=clock_factor
        )
        server.start()
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port} and {port + 1}: {error}") from error
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # before it says that it runs
        signal.signal(number, lambda *_: over.set())
    click.echo(f"DMS sandbox: gRPC on {server.grpc_host}, REST and control on http://{server.rest_host}")
    ids = ",".join(each.id for each in served)
    click.echo(f"export DMS_EMULATOR_HOST={server.grpc_host} GOOGLE_CLOUD_PROJECT={ids}")
    sys.stdout.flush()
    over.wait()
    server.stop()


if __name__ == "__main__":
    main()
