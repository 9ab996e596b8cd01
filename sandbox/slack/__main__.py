"""`python -m sandbox.slack`: the local Slack in the foreground."""

import argparse
import logging
import sys
from pathlib import Path

from sandbox.slack.errors import ControlError
from sandbox.slack.manifest import parse
from sandbox.slack.server import PortTaken, SlackServer
from sandbox.slack.settings import Settings


def main() -> int:
    options = _parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings(
        request_url=options.request_url, rate_limits=not options.no_rate_limits, org=options.org
    )
    try:
        manifest = parse(options.manifest.read_text(encoding="utf-8")) if options.manifest else None
        server = SlackServer(options.host, options.port, settings, manifest)
    except (PortTaken, ControlError, OSError, OverflowError) as reason:
        print(reason, file=sys.stderr)
        return 2
    print(f"Local Slack: open {server.page_url}", flush=True)
    print(f"  SLACK_API_URL={server.api_url}")
    print(f"  SLACK_BOT_TOKEN={server.bot_token}")
    print(f"  SLACK_APP_TOKEN={server.app_token}    (Socket Mode)")
    print(f"  SLACK_SIGNING_SECRET={server.signing_secret}    (HTTP, with --request-url)", flush=True)
    server.run_forever()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=3000, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--request-url", default="", help="deliver here over signed HTTP while no socket is connected"
    )
    parser.add_argument("--no-rate-limits", action="store_true", help="let the app post as fast as it likes")
    parser.add_argument(
        "--manifest", type=Path, help="the app's manifest (default: manifest.yml of the repository)"
    )
    parser.add_argument("--org", action="store_true", help="an organisation of two workspaces")
    return parser


if __name__ == "__main__":
    sys.exit(main())
