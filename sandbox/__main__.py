"""`python -m sandbox -- COMMAND…`: a local Slack and a local DMS, and a bot that runs against them."""

from __future__ import annotations

import argparse
import sys

from sandbox.projects import MOST
from sandbox.run import CannotStart, Plan, run


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    plan = Plan(
        slack_port=options.slack_port,
        dms_port=options.dms_port,
        factor=options.factor,
        seed=options.seed,
        project=options.project,
        projects=options.projects,
        host=options.host,
        http_port=options.http,
    )
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        return run(plan, command)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    defaults = Plan()
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    add = parser.add_argument
    add("--slack-port", type=int, default=defaults.slack_port, help="local Slack (default: %(default)s)")
    add(
        "--dms-port",
        type=int,
        default=defaults.dms_port,
        help="local DMS: gRPC here, REST on the next (default: %(default)s)",
    )
    add(
        "--factor",
        type=float,
        default=defaults.factor,
        help="how many times faster than real time migrations go (default: %(default)g)",
    )
    add("--seed", default=defaults.seed, help="which jobs to begin with (default: %(default)s)")
    add("--project", default=defaults.project, help="the first project's ID (default: %(default)s)")
    add(
        "--projects",
        type=int,
        default=defaults.projects,
        metavar="N",
        help=f"how many projects there are, at most {MOST} (default: %(default)s)",
    )
    add(
        "--host",
        default=defaults.host,
        help="where the local Slack listens; 0.0.0.0 in a container (default: %(default)s)",
    )
    add(
        "--http",
        type=int,
        metavar="PORT",
        help="deliver over signed HTTP to the bot on this port, instead of Socket Mode",
    )
    add(
        "command",
        nargs=argparse.REMAINDER,
        metavar="-- COMMAND",
        help="the bot to run, such as python -m bot",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
