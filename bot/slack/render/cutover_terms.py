"""What a cutover's request says of its plan, for those who confirm and approve it; mrkdwn."""

from __future__ import annotations

from collections.abc import Callable

from bot.cutover.wording import allowed_text, missing_text
from bot.slack.render import mrkdwn
from bot.store.records import Request
from bot.store.terms import CutoverTerms
from bot.util.durations import humanize
from bot.util.text import first_few

_NOT_KNOWN = "🌙 It is part of a *cutover*, whose card says when it is sent and by whom."
"""Of requests that an older version made."""
_WRITERS = 10
_WRITERS_IN_LINE = 3


def terms_text(request: Request) -> str:
    """Who takes part, how it is sent, and what may be missing then."""
    terms = request.facts.terms
    if terms is None:
        return _NOT_KNOWN
    stands_in = f" {mrkdwn.mention('@', terms.deputy)} stands in." if terms.deputy else ""
    lines = (
        f"🌙 *Part of a cutover*: {mrkdwn.mention('@', terms.commander)} leads it, "
        f"{mrkdwn.mention('@', terms.app_owner)} stops the writes.{stands_in}",
        f"{_sent(terms)} Longest downtime: {humanize(terms.budget_s)}.",
        f"Writers: {mrkdwn.verbatim(first_few(terms.writers, _WRITERS))}." if terms.writers else "",
    )
    return "\n".join(filter(None, lines))


def terms_line(request: Request, called: Callable[[str], str]) -> str:
    """The same for a card in a channel, with names (`called`): it notifies nobody. Empty for no cutover."""
    if not request.facts.cutover:
        return ""
    terms = request.facts.terms
    if terms is None:
        return _NOT_KNOWN
    deputy = f", {mrkdwn.name(called(terms.deputy))} stands in" if terms.deputy else ""
    led = f"led by {mrkdwn.name(called(terms.commander))}{deputy}"
    writers = f" of {mrkdwn.verbatim(first_few(terms.writers, _WRITERS_IN_LINE))}" if terms.writers else ""
    stops = f"{mrkdwn.name(called(terms.app_owner))} stops the writes{writers}"
    longest = f"Longest downtime: {humanize(terms.budget_s)}."
    return f"🌙 *Part of a cutover*, {led}; {stops}. {_sent(terms)} {longest}"


def _sent(terms: CutoverTerms) -> str:
    once = f"once {missing_text(terms)}"
    sign = "⚠️ " if allowed_text(terms) or terms.by_itself else ""
    if terms.by_itself:
        return f"{sign}It is sent *by itself*, {once}: nobody is asked again."
    return f"{sign}Its last press sends it, {once}."
