"""Structured logs: one JSON object per line on stderr, or plain lines on a terminal.

Log with `structlog.get_logger()` or `logging.getLogger(__name__)`: both have the same format, carry the ID of
the current request, and contain no secrets.
"""

from __future__ import annotations

import contextvars
import logging
import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TextIO, TypeVar

import structlog
from structlog.types import EventDict, Processor

from bot.util.command import DEFAULT, with_command
from bot.util.redact import redact

P = ParamSpec("P")
T = TypeVar("T")

HIDDEN = "[secret]"
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without letters and digits that look alike, because people read reference IDs to each other."""
_ID_LENGTH = 8
_NOISY = ("urllib3", "google.auth", "slack_sdk", "slack_bolt", "asyncio", "tornado", "matplotlib", "PIL")
"""Libraries of which only warnings and errors are logged (INFO too, with the level DEBUG)."""


def configure(
    level: str = "INFO",
    log_format: str = "auto",
    hide: Iterable[str] = (),
    stream: TextIO | None = None,
    command: str = DEFAULT,
) -> None:
    """Send all logs to `stream` (default: stderr). The values in `hide` are redacted, and sentences name the
    slash `command`."""
    out = stream or sys.stderr
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redactor(tuple(hide), command),
                _renderer(log_format, out),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    handler.addFilter(_LibraryFilter(logging.INFO if level == "DEBUG" else logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


@contextmanager
def request_context(id: str = "", **fields: Any) -> Iterator[str]:
    """Add a request ID and `fields` to all log lines inside; yields the ID."""
    id = id or new_id()
    with structlog.contextvars.bound_contextvars(request=id, **fields):
        yield id


def reference() -> str:
    """The ID of the current request, which people see with an error.

    Outside of a request, a new ID, which later log lines of this thread carry.
    """
    id = structlog.contextvars.get_contextvars().get("request")
    if id is None:
        id = new_id()
        structlog.contextvars.bind_contextvars(request=id)
    return str(id)


def new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def with_request_id(work: Callable[P, T]) -> Callable[P, T]:
    """`work` as a function that keeps the current request ID when another thread calls it."""
    context = contextvars.copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # Only one thread at a time can enter a context, so each call enters a copy.
        return context.copy().run(work, *args, **kwargs)

    return run


_IGNORED_WARNING = "As you gave `client` as well"
"""Bolt warns so if SLACK_BOT_TOKEN is in the environment, which is always the case here."""


class _LibraryFilter(logging.Filter):
    """Drops most lines of libraries. Levels on their loggers do not work: some libraries reset them."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self._least = least

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_NOISY):
            return True
        return record.levelno >= self._least and not str(record.msg).startswith(_IGNORED_WARNING)


def _renderer(log_format: str, out: TextIO) -> Processor:
    human = log_format == "console" or (log_format == "auto" and out.isatty())
    if human:
        return structlog.dev.ConsoleRenderer(colors=out.isatty())
    return _json


def _json(logger: Any, method: str, event: EventDict) -> str | bytes:
    # Cloud Logging and most log collectors read `message` and `severity`.
    event = {"severity": str(event.pop("level", method)).upper(), "message": event.pop("event", ""), **event}
    return structlog.processors.JSONRenderer(ensure_ascii=False)(logger, method, event)


def _redactor(values: tuple[str, ...], command: str) -> Processor:
    longest_first = sorted((value for value in values if value), key=len, reverse=True)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in longest_first:
                value = value.replace(secret, HIDDEN)
            return redact(with_command(value, command))
        if isinstance(value, dict):
            return {clean(key): clean(each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [clean(each) for each in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return clean(repr(value))

    def hide(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {key: clean(value) for key, value in event.items()}

    return hide


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("bot").critical("Stopped by an uncaught error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread else "unknown"
    logging.getLogger("bot").critical(
        "Thread %s ended by an uncaught error",
        name,
        exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
    )
