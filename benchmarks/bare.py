"""`python -m benchmarks.bare`: a Bolt app that acknowledges `/dms` and does nothing else.

Settings come from the environment, as the bot's do; `BARE_AT_ONCE=1` gives Bolt the setting that
the bot has (`process_before_response`), without it Bolt's defaults hold.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

CONCURRENCY = 10
PING_S = 2
"""Both as the bot has them."""


def main() -> None:
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    app = _app()
    if os.environ.get("SLACK_APP_TOKEN"):
        _over_socket(app)
    else:
        _over_http(app)
    over.wait()
    # There is nothing to finish, and Bolt's own way to close takes seconds.
    os._exit(0)


def _app() -> App:
    client = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(
        client=client,
        signing_secret=os.environ.get("SLACK_SIGNING_SECRET"),
        token_verification_enabled=False,
        process_before_response=os.environ.get("BARE_AT_ONCE") == "1",
    )

    @app.command("/dms")
    def command(ack: Callable[[], Any]) -> None:
        ack()

    return app


def _over_socket(app: App) -> None:
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    handler = SocketModeHandler(
        app, os.environ["SLACK_APP_TOKEN"], concurrency=CONCURRENCY, ping_interval=PING_S
    )
    handler.connect()  # type: ignore[no-untyped-call]


def _over_http(app: App) -> None:
    from slack_bolt.adapter.wsgi import SlackRequestHandler

    from bot.runtime.http_server import Server

    server = Server(SlackRequestHandler(app), "127.0.0.1", int(os.environ["PORT"]))
    server.start()


if __name__ == "__main__":
    main()
