"""Names the jobs of open cutovers by the present aliases, as `bot.requests.renamed` does for requests."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.answers import Note
from bot.config.projects import Projects
from bot.cutover.ledger import card_key
from bot.requests.renamed import names_now
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store import Store
from bot.store.cutover import Cutover

_OTHER_NAMES = Note(
    "Nothing was done: the settings call the jobs of this cutover by other names since it was planned. Its "
    "card shows them now: press again to continue.",
    tone="warn",
)


def rename_jobs(store: Store, projects: Projects) -> None:
    """Have all open cutovers name their jobs as `projects` does; once after each start.

    Raises:
        StoreError.
    """
    found = store.cutovers(skip=pass_over)
    one_by_one(found, lambda each: _rename(store, each, projects), lambda each: f"cutover {each.id}")


def rename_shown(store: Store, shown: Cutover, projects: Projects) -> Note | None:
    """Why a press on `shown` does not count, as `bot.requests.renamed.rename_shown` says. It is renamed then.

    Raises:
        StoreError.
    """
    return _OTHER_NAMES if _rename(store, shown, projects) else None


def _rename(store: Store, read: Cutover, projects: Projects) -> bool:
    """Returns whether its jobs had other names."""
    shown = names_now(read.plan.shown, projects)
    if shown == dict(read.plan.shown):
        return False
    with store.transaction():
        if store.change_cutover(read, plan=replace(read.plan, shown=shown)) is not None:
            store.mark_dirty(card_key(read.id))
    return True
