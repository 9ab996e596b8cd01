"""Example commands for error messages: one of the verb's own examples if it fits, else a generated one."""

from __future__ import annotations

import re

from bot.cmdline.invocation import Flag, Syntax
from bot.util.command import COMMAND

JOB = "orders-db"
"""The job in examples."""
_VALUES = {
    "page": "2",
    "label": "env=prod",
    "project": "prod",
    "channel": "#db-migrations",
    "by": "@dana",
    "since": "2d",
    "commander": "@sam",
    "apps": "@sam",
    "deputy": "@sam",
    "announce": "#shop",
    "max-downtime": "90m",
    "max-delay": "10s",
    "writers": "web,worker",
    "operation": "operation-1764",
    "dump-path": "gs://acme-dumps/orders.sql",
    "request": "Ab3d",
    "max-bytes": "64KiB",
    "move": "orders-db",
    "checklist": '"Tell the shop","Run ANALYZE"',
}
"""Values of flags whose kind does not suggest one."""
_TEXTS = {"at": "Sat 02:00", "name": "Orders database"}
_FILTERS = {
    "state": "state=running",
    "phase": "phase=cdc",
    "type": "type=continuous",
    "location": "location=europe-west1",
    "project": "project=prod",
    "label": "label.env=prod",
}


def line(verb: str, syntax: Syntax, job: str = "") -> str:
    """A command of the verb that works, for example `/dms show orders-db`; about `job` if one is given."""
    first = next((each for each in syntax.examples if not job or _names(each, JOB)), "")
    return _shown(first.replace(JOB, job or JOB) if first else _example(verb, syntax, job=job))


def with_flag(verb: str, syntax: Syntax, flag: Flag) -> str:
    """A command of the verb with this flag and a valid value."""
    first = next((each for each in syntax.examples if _names(each, f"--{flag.name}")), "")
    instead_of_job = flag.name == "all" and syntax.jobs in ("many", "optional")
    needed = f"--{flag.needs} " if flag.needs else ""
    return _shown(first or _example(verb, syntax, f"{needed}{flag_with_value(flag)}", alone=instead_of_job))


def with_filter(verb: str, syntax: Syntax, key: str) -> str:
    """A command of the verb with this filter and a valid value."""
    head = key.partition(".")[0]
    first = next((each for each in syntax.examples if re.search(rf"(?<!\S){re.escape(head)}[.=]", each)), "")
    selects = any(flag.name == "all" for flag in syntax.flags) and syntax.jobs == "many"
    sample = _FILTERS.get(head, f"{key}=…")
    more = f"--all {sample}" if selects else sample
    return _shown(first or _example(verb, syntax, more, alone=selects or syntax.jobs == "optional"))


def flag_with_value(flag: Flag) -> str:
    """The flag with a valid value, for example `--until 2026-12-01T08:00Z`."""
    name = f"--{flag.name}"
    match flag.kind:
        case "switch":
            return name
        case "choice":
            return f"{name} {flag.choices[0] if flag.choices else '…'}"
        case "number":
            return f"{name} {_VALUES.get(flag.name, '10')}"
        case "duration":
            return f"{name} {_VALUES.get(flag.name, '2h')}"
        case "time":
            return f"{name} 2026-12-01T08:00Z"
        case "list":
            return f"{name} {_VALUES.get(flag.name, 'orders,customers')}"
        case "text":
            return f'{name} "{_TEXTS.get(flag.name, "month end")}"'
        case "word" | "size" | "past":
            return f"{name} {_VALUES.get(flag.name, '…')}"


def _example(verb: str, syntax: Syntax, more: str = "", job: str = "", *, alone: bool = False) -> str:
    """A generated command. `--all` of a verb for several jobs gets a filter, which it needs."""
    named = "" if alone or syntax.jobs not in ("one", "many", "any") else JOB
    needs = more == "--all" and bool(syntax.filters) and syntax.jobs == "many"
    wider = _FILTERS.get(syntax.filters[0], "") if needs else ""
    return " ".join(part for part in (verb, job or named, more, wider) if part)


def _names(example: str, word: str) -> bool:
    return re.search(rf"(?<!\S){re.escape(word)}(?![\w-])", example) is not None


def _shown(example: str) -> str:
    return f"{COMMAND} {example}"
