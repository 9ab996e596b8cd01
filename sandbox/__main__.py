"""`python -m sandbox -- COMMAND…`: a local Slack and a local DMS, and a bot that runs against them."""

from __future__ import annotations

import argparse
import math
import sys

from sandbox.dms.seed import SEEDS
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
    add("--slack-port", type=_port, default=defaults.slack_port, help="local Slack (default: %(default)s)")
    add(
        "--dms-port",
        type=_port,
        default=defaults.dms_port,
        help="local DMS: gRPC here, REST on the next (default: %(default)s)",
    )
    add(
        "--factor",
        type=_factor,
        default=defaults.factor,
        help="how many times faster than real time migrations go (default: %(default)g)",
    )
    add(
        "--seed", choices=SEEDS, default=defaults.seed, help="which jobs to begin with (default: %(default)s)"
    )
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
        type=_port,
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


def _port(text: str) -> int:
    """The local DMS takes the next port, too."""
    if not text.isdecimal() or not 0 <= int(text) < 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 (any free one) to 65534")
    return int(text)


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return factor


if __name__ == "__main__":
    sys.exit(main())
