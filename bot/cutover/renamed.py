"""Names the jobs of open cutovers by the present aliases, as `bot.requests.renamed` does for requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.cmdline.answers import Note
from bot.config.projects import Projects
from bot.cutover.ledger import RENAMED, card_key
from bot.requests.renamed import names_now, unserved_note, with_names
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store import Store
from bot.store.cutover import Cutover, CutoverEntry, Progress

_RENAMED = re.compile("`([^`]+)` is now `([^`]+)`")
_OTHER_NAMES = Note(
    "Nothing was done: the settings call the jobs of this cutover by other names since it was planned. Its "
    "card will show them: press again to continue.",
    tone="warn",
)


def rename_jobs(store: Store, projects: Projects, now: datetime) -> None:
    """Have all open cutovers name their jobs as `projects` does; once after each start.

    Raises:
        StoreError.
    """
    found = store.cutovers(skip=pass_over)
    one_by_one(found, lambda each: _rename(store, each, projects, now), lambda each: f"cutover {each.id}")


def rename_shown(store: Store, shown: Cutover, projects: Projects, now: datetime) -> Note | None:
    """Why a press on `shown` does not count, as `bot.requests.renamed.rename_shown` says. It is renamed then.

    Raises:
        StoreError.
    """
    renamed = _rename(store, shown, projects, now)
    return unserved_note(shown.plan.jobs, projects) or (_OTHER_NAMES if renamed else None)


def with_present_names(log: Sequence[CutoverEntry]) -> tuple[CutoverEntry, ...]:
    """The log, in which the lines from before the jobs were renamed call them as those after it do: an alias
    may name another project by now."""
    found: list[CutoverEntry] = []
    renamed: dict[str, str] = {}
    for entry in reversed(log):
        if entry.event == RENAMED:
            renamed |= {old: renamed.get(new, new) for old, new in _RENAMED.findall(entry.text)}
            found.append(entry)
        else:
            found.append(replace(entry, text=with_names(entry.text, renamed)))
    return tuple(reversed(found))


def _rename(store: Store, read: Cutover, projects: Projects, now: datetime) -> bool:
    """Returns whether its jobs had other names."""
    before = read.plan.shown
    shown = names_now(before, projects)
    renamed = {before[name]: new for name, new in shown.items() if before[name] != new}
    if not renamed:
        return False
    with store.transaction():
        plan, progress = replace(read.plan, shown=shown), _progress(read.progress, renamed)
        if store.change_cutover(read, plan=plan, progress=progress) is not None:
            text = ", ".join(f"`{old}` is now `{new}`" for old, new in sorted(renamed.items()))
            store.add_cutover_entry(CutoverEntry(read.id, now, RENAMED, text=text))
            store.mark_dirty(card_key(read.id))
    return True


def _progress(progress: Progress, renamed: Mapping[str, str]) -> Progress:
    """The same, in which what the bot wrote calls the jobs by their new names."""

    def new(text: str) -> str:
        return with_names(text, renamed)

    return replace(
        progress,
        why=new(progress.why),
        not_measured=new(progress.not_measured),
        checks=tuple(replace(each, text=new(each.text)) for each in progress.checks),
        overrides=tuple(replace(each, text=new(each.text)) for each in progress.overrides),
        jobs=tuple(replace(each, text=new(each.text)) for each in progress.jobs),
        samples=tuple(replace(each, why=new(each.why)) for each in progress.samples),
        checklist=tuple(replace(each, text=new(each.text)) for each in progress.checklist),
    )
