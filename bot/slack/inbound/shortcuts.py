"""Shortcuts: "Open the migration job", and the global one, which opens the launcher.

Source: https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload. A global shortcut
knows no channel: what is asked for in its modal is answered in the person's direct message.
"""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.cmdline.job_refs import read
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.job_search import JobSearch
from bot.slack.inbound.payloads import BlockAction, Shortcut, ViewSubmission
from bot.slack.inbound.places import Places
from bot.slack.inbound.workers import Workers
from bot.slack.render import modals
from bot.slack.render.home_view import HomeView
from bot.slack.render.job_picker import FIND_BLOCK, VERB, job_picker, picked
from bot.store import Store
from bot.store.records import Person

log = structlog.get_logger(__name__)

_MOST_FOUND = 10


class Shortcuts:
    """Opens modals from shortcuts, and goes on in them as in the channel that they were opened from."""

    def __init__(
        self,
        workers: Workers,
        store: Store,
        replier: Replier,
        search: JobSearch,
        home: HomeView,
    ) -> None:
        """`home` has what the launcher shows below the menu of jobs."""
        self._workers = workers
        self._store = store
        self._replier = replier
        self.search = search
        self._places = Places(store)
        self._home = home

    def open_job(self, used: Shortcut, target: ReplyTarget) -> None:
        """Show the job that the message is about. The view is opened first: a trigger lasts 3 seconds."""
        log.info("message_shortcut", user=used.who.user)
        view_id = self._workers.open_view(target, used.trigger, modals.loading())
        if view_id:
            shown = replace(target, view_id=view_id, place=self._places.keep(target))
            self._workers.run_later(shown, VERB, lambda: self._show(used, shown), store_only=True)

    def launch(self, used: Shortcut, target: ReplyTarget) -> None:
        """Open the launcher."""
        log.info("global_shortcut", user=used.who.user)
        # A global shortcut knows no channel.
        self.launch_in(replace(used.who, channel=used.who.user), target, used.trigger)

    def launch_in(self, who: Person, target: ReplyTarget, trigger: str) -> None:
        """Open the launcher for the person's channel. The view is opened first: a trigger lasts 3 seconds."""
        target = replace(target, who=who)
        place = self._places.keep(target)
        view_id = self._workers.open_view(target, trigger, job_picker(place))
        if view_id:
            opened = replace(target, view_id=view_id, place=place)
            self._workers.run_later(opened, "help", lambda: self._fill(who, opened, place), store_only=True)

    def _fill(self, who: Person, opened: ReplyTarget, place: str) -> None:
        self._replier.update(opened, job_picker(place, below=self._home.dashboard_of(who)))

    def greet(self, target: ReplyTarget) -> None:
        """Answer a greeting with what the launcher shows, for the person alone."""
        self._workers.run_later(
            target,
            "help",
            lambda: self._replier.show(target, self._home.message_for(target.who)),
            store_only=True,
        )

    def objections(self, submission: ViewSubmission) -> dict[str, str]:
        """What is wrong with a submitted picker."""
        return {} if picked(submission.values) else {FIND_BLOCK: "Choose a job first."}

    def chosen(self, submission: ViewSubmission) -> None:
        """Show the job that was picked, in the same view."""
        target = ReplyTarget(submission.who, view_id=submission.view_id, view_hash=submission.view_hash)
        wanted = self._places.lacking_job(target, submission.ref)
        target = self._places.kept(target, submission.ref)
        self._run_picked(picked(submission.values), target, wanted or Invocation(VERB))

    def choose(self, wanted: Invocation, press: BlockAction, target: ReplyTarget) -> None:
        """Ask for the job of a command that lacks it."""
        place = self._places.keep(target, wanted)
        view = job_picker(place, f"Which job do you want to {wanted.verb}?", verb=wanted.verb)
        self._workers.open_view(target, press.trigger, view)

    def found(self, press: BlockAction, target: ReplyTarget) -> None:
        """Show the job that was picked in a message or on the Home tab."""
        if press.value:
            target = self._workers.from_home(target, press.trigger)
            self._run_picked(press.value, target, Invocation(VERB))

    def _run_picked(self, value: str, target: ReplyTarget, wanted: Invocation) -> None:
        """What was picked is treated as if it had been typed."""
        job = read(value, f"{wanted.verb} orders-db")
        self._workers.answer_later(replace(wanted, jobs=(job,)), target)

    def _show(self, used: Shortcut, target: ReplyTarget) -> None:
        found = self.search.mentioned(used.who, used.text)
        if len(found) == 1:
            self._workers.answer_later(Invocation(VERB, (found[0],)), target)
            return
        note = (
            f"The message names {len(found)} jobs. Which one?"
            if found
            else "I find no migration job in this message that you may see. Which one do you mean?"
        )
        self._replier.update(
            target, job_picker(target.place, note, self._buttons(used.who, found)), awaited=True
        )

    def _buttons(self, who: Person, names: list[str]) -> list[Button]:
        invocations = [Invocation(VERB, (name,)).to_dict() for name in names[:_MOST_FOUND]]
        refs = self._store.put_refs(who.team, "invocation", invocations)
        calls = self.search.namer(names)
        return [Button(calls(name), VERB, "run", ref) for name, ref in zip(names, refs, strict=False)]
