"""Calls the jobs of open cutovers as the settings of now do, as `bot.requests.renamed` does for requests."""

from __future__ import annotations

from dataclasses import replace

from bot.config.projects import Projects
from bot.cutover.ledger import card_key
from bot.requests.renamed import names_now
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store import Store
from bot.store.cutover import Cutover


def rename_jobs(store: Store, projects: Projects) -> None:
    """Have all open cutovers name their jobs as `projects` does; once after each start.

    Raises:
        StoreError.
    """
    found = store.cutovers(skip=pass_over)
    one_by_one(found, lambda each: _rename(store, each, projects), lambda each: f"cutover {each.id}")


def _rename(store: Store, read: Cutover, projects: Projects) -> None:
    shown = names_now(read.plan.shown, projects)
    if shown == dict(read.plan.shown):
        return
    with store.transaction():
        if store.change_cutover(read, plan=replace(read.plan, shown=shown)) is not None:
            store.mark_dirty(card_key(read.id))
