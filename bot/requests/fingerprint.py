"""What a request is bound to: the job as it was when people were asked. Pure functions.

A request keeps its jobs as they were (`Request.jobs`), and their selections of databases, which REST alone
knows (`RequestFacts.selections`). Whatever differs later makes it out of date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from bot.dms.model import ConfigSnapshot, Endpoint, Job, Options, Selection
from bot.dms.resource_names import project_of, with_project_id
from bot.dms.rules import DESTRUCTIVE, Action
from bot.store.facts import UNREAD
from bot.store.records import Request
from bot.util.lookalikes import visible
from bot.util.text import first_few

_ENOUGH_WITHOUT = frozenset({Action.STOP, Action.VERIFY, Action.DELETE, Action.CANCEL})
"""Actions that can be judged without the job's selection of databases."""
_NAMED = 10
"""Maximum number of databases that a change names."""
_PLAIN: tuple[tuple[str, Callable[[Job], str]], ...] = (
    ("type", lambda job: job.type),
    ("display name", lambda job: job.display_name),
    ("dump parallelism", lambda job: job.parallelism),
    ("dump path", lambda job: job.dump_path),
)
"""Fields that are compared as they are."""


def edits(then: Job, now: Job, own: Options | None = None) -> tuple[str, ...]:
    """What differs besides state and phase, for example `destination: `alloydb-a` → `alloydb-b``.

    `own` are the options of the request: what it changes itself does not count.
    """
    return tuple(_edits(then, now, own or Options()))


def _edits(then: Job, now: Job, own: Options) -> Iterator[str]:
    for name, before, after in (
        ("source", then.source, now.source),
        ("destination", then.destination, now.destination),
    ):
        yield from _endpoint_edits(name, before, after)
    sets = {
        "display name": own.fields.name,
        "dump parallelism": own.parallelism or None,
        "dump path": own.fields.dump_path,
    }
    for name, read in _PLAIN:
        if read(now) not in (read(then), sets.get(name)):
            yield _changed(name, read(then), read(now))
    if dict(now.labels) != own.fields.labels_on(then):
        yield from _label_edits(dict(then.labels), dict(now.labels))


def _endpoint_edits(name: str, then: Endpoint, now: Endpoint) -> Iterator[str]:
    """Another connection profile, or the same with another engine or address; what is not known is skipped,
    as profiles cannot always be read."""
    # Older versions kept the number of its project where the job has that.
    if with_project_id(then.profile, project_of(now.profile)) != now.profile:
        same = then.profile_id == now.profile_id
        yield _changed(
            name, then.profile if same else then.profile_id, now.profile if same else now.profile_id
        )
        return
    for before, after in (
        (then.engine, now.engine),
        (then.provider, now.provider),
        ("" if _is_cluster_by_address(then, now) else then.host, now.host),
    ):
        if before and after and before != after:
            yield _changed(name, before, after)


def _is_cluster_by_address(then: Endpoint, now: Endpoint) -> bool:
    """Whether one is an AlloyDB cluster by its ID, and the other by an address, which says nothing of the ID:
    so older versions knew it, and so does gRPC alone (`bot.dms.connection_profiles.lacks_fields`)."""
    return (then.is_alloydb or now.is_alloydb) and (":" in then.host) != (":" in now.host)


def _label_edits(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for key in sorted({*then, *now}):
        if then.get(key) != now.get(key):
            yield _changed(f"label {_code(key)}", then.get(key, ""), now.get(key, ""))


def _changed(name: str, before: str, after: str) -> str:
    return f"{name}: {_code(before)} → {_code(after)}"


def _code(text: str) -> str:
    return f"`{visible(text).replace('`', chr(0x2CB))}`" if text else "none"


# ---- the selection of databases


def selection_matters(action: Action) -> bool:
    """Whether the action must not run as long as the job's selection of databases cannot be read."""
    return action not in _ENOUGH_WITHOUT


def shown_selection(request: Request, name: str) -> ConfigSnapshot | None:
    """The selection of the job called `name` that people saw; None in requests of older versions."""
    return request.facts.config or request.facts.selections.get(name)


def selection_edits(then: ConfigSnapshot, now: ConfigSnapshot) -> tuple[str, ...]:
    """How the selection differs; empty if it does not."""
    if then == now:
        return ()
    return (f"databases: {selection_text(then)} → {selection_text(now)}",)


def selection_text(selection: ConfigSnapshot) -> str:
    """Which databases are migrated, for example `all databases but `legacy``."""
    if selection == UNREAD:
        return "not known"
    excluded = f" but {_list(selection.excluded)}" if selection.excluded else ""
    if selection.selection == Selection.ALL:
        return f"all databases{excluded}"
    chosen = _list(selection.chosen) if selection.chosen else "none"
    return f"{chosen}{excluded}"


def _list(names: Sequence[str]) -> str:
    return first_few([_code(each) for each in names], _NAMED)


# ---- what a view shows


def shown_digest(request: Request) -> str:
    """A digest of what people are shown of a request besides its delay: it differs as soon as that does."""
    facts = request.facts
    selections = sorted((name, asdict(each)) for name, each in facts.selections.items())
    databases = sorted((name, list(each)) for name, each in request.databases.items())
    shown = [repr(request.options), databases, selections, list(request.warning), list(facts.changes)]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


# ---- what nobody has seen yet


def unlisted(request: Request) -> tuple[Job, ...]:
    """The jobs whose databases nobody has seen, of an action that destroys something in them."""
    if request.action not in DESTRUCTIVE:
        return ()
    if request.action is Action.DELETE and not request.options.with_destination:
        return ()
    return tuple(job for job in request.jobs if not has_listed(request, job))


def has_listed(request: Request, job: Job) -> bool:
    """Whether the request shows the job's databases, or that it affects none."""
    return bool(request.databases.get(job.name)) or job.name in request.facts.none_affected


def unread(request: Request) -> tuple[Job, ...]:
    """The jobs whose selection of databases could not be read, of an action for which it matters."""
    if not selection_matters(request.action) or request.facts.config is not None:
        return ()
    return tuple(job for job in request.jobs if shown_selection(request, job.name) == UNREAD)
