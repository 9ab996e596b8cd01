"""Things that somebody does just before a bot is killed, up to the last press."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from bot.requests.rules import needs_typed_confirmation
from bot.store import Store
from bot.store.records import Request, RequestState
from tests.crash.env import APPROVED, REQUESTERS
from tests.crash.simulated_jobs import (
    CDC,
    DUMP,
    FAILED,
    NEW,
    STOPPED_CDC,
    STOPPED_DUMP,
    SimulatedJobs,
    Status,
)
from tests.crash.simulated_users import approver
from tests.crash.slack_driver import Card, SlackDriver
from tests.waiting import until

_CARD_S = 8.0


_AT_ONCE: tuple[tuple[str, Status], ...] = (
    ("verify", CDC),
    ("verify", CDC),
    ("stop", CDC),
    ("resume", STOPPED_CDC),
    ("start", NEW),
)
_ASKS: tuple[tuple[str, Status], ...] = (
    ("stop", DUMP),
    ("edit", CDC),
    ("restart", FAILED),
    ("restart", STOPPED_DUMP),
    ("promote", CDC),
    ("demote", NEW),
    ("delete", STOPPED_DUMP),
)
_NEEDS_APPROVAL = tuple(each for each in _ASKS if each[0] in APPROVED)


class NotReached(Exception):
    """The bot did not get as far as was wanted; `str()` says how far."""


@dataclass(frozen=True, slots=True)
class PreKillAction:
    """One more press, and the bot acts."""

    verb: str
    job: str
    go: Callable[[], None]
    """Presses, and does not wait for anything."""


class PreKillActions:
    """Prepares them. The jobs are reserved, so that nobody else presses first."""

    def __init__(self, driver: SlackDriver, jobs: SimulatedJobs, store: Store, rng: random.Random) -> None:
        self._driver = driver
        self._herd = jobs
        self._store = store
        self._random = rng

    def command(self) -> PreKillAction:
        """Somebody is about to type something."""
        if self._random.random() < 0.5:
            return self._typing("list", "list", "")
        return self.at_once()

    def at_once(self) -> PreKillAction:
        """An action that runs as soon as it is typed."""
        verb, status = self._random.choice(_AT_ONCE)
        job = self._job(status)
        return self._typing(verb, f"{verb} {job}", job)

    def confirmation(self) -> PreKillAction:
        """A request that waits for its requester."""
        verb, status = self._random.choice(_ASKS)
        card, request = self._asked(verb, self._job(status))
        user = REQUESTERS[request.by.user]
        if not needs_typed_confirmation(request):
            return PreKillAction(verb, request.jobs[0].id, self._pressing(card, "confirm", user))
        return PreKillAction(verb, request.jobs[0].id, self._filling(card, request, user))

    def approval(self) -> PreKillAction:
        """A request that waits for its approval."""
        verb, status = self._random.choice(_NEEDS_APPROVAL)
        card, request = self._asked(verb, self._job(status))
        user = REQUESTERS[request.by.user]
        if needs_typed_confirmation(request):
            self._filling(card, request, user)()
        else:
            self._driver.press(card, "confirm", user)
        card = self._card(lambda card: card.request == request.id and "approve" in card.steps)
        return PreKillAction(verb, request.jobs[0].id, self._pressing(card, "approve", approver(request)))

    def action(self) -> PreKillAction:
        """Any of those after which the service is called."""
        kind = self._random.choice((self.at_once, self.at_once, self.approval, self._free_confirmation))
        return kind()

    def _free_confirmation(self) -> PreKillAction:
        verb, status = self._random.choice([each for each in _ASKS if each[0] not in APPROVED])
        card, request = self._asked(verb, self._job(status))
        user = REQUESTERS[request.by.user]
        return PreKillAction(verb, request.jobs[0].id, self._pressing(card, "confirm", user))

    # ---- steps

    def _job(self, status: Status) -> str:
        job = self._herd.some(status)
        self._herd.reserve(job)
        return job

    def _asked(self, verb: str, job: str) -> tuple[Card, Request]:
        level = self._random.choice(("min", "max"))
        text = f"{verb} {job}" + (f" --parallel {level}" if verb == "edit" else "")
        self._driver.type(text, self._random.choice(list(REQUESTERS.values())))
        found: list[Request] = []

        def fits(card: Card) -> bool:
            if "confirm" not in card.steps:
                return False
            request = self._store.request(card.request)
            if request is None or request.state is not RequestState.CONFIRMING or request.jobs[0].id != job:
                return False
            found.append(request)
            return True

        return self._card(fits), found[-1]

    def _card(self, fits: Callable[[Card], bool]) -> Card:
        try:
            return until(lambda: next(filter(fits, self._driver.cards()), None), timeout=_CARD_S)
        except TimeoutError:
            raise NotReached("no card") from None

    def _typing(self, verb: str, text: str, job: str) -> PreKillAction:
        user = self._random.choice(list(REQUESTERS.values()))
        return PreKillAction(verb, job, lambda: _ignore(self._driver.type(text, user, wait=False)))

    def _pressing(self, card: Card, step: str, user: str) -> Callable[[], None]:
        return lambda: _ignore(self._driver.press(card, step, user, wait=False))

    def _filling(self, card: Card, request: Request, user: str) -> Callable[[], None]:
        """The view is open already; what is left is to submit it."""
        phrase = request.jobs[0].id
        self._driver.close_views(user)
        self._driver.press(card, "confirm", user)
        view = self._driver.view(user, phrase)
        if view is None:
            raise NotReached("no view")
        fill = threading.Thread(target=self._driver.fill, args=(view, phrase, user), daemon=True)
        return fill.start


def _ignore(_done: bool) -> None:
    return None
