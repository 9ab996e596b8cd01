"""Reads a list of the service to its end, page by page.

Source: AIP-158 (pagination). The list has ended when a page has no next token; a page may hold less than was
asked for, or nothing; a service may let its tokens expire, and answers INVALID_ARGUMENT to a token that it
does not take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.dms.errors import Refused, Unavailable

P = TypeVar("P")

MAX_PAGES = 200
"""The most pages of one list: 200,000 entries, as the bot asks for 1,000 a page."""


def read_all(
    pages: list[P],
    read: Callable[[str], P],
    token_of: Callable[[P], str],
    what: str,
    *,
    enough: Callable[[P], bool] = lambda _page: False,
    most: int = MAX_PAGES,
) -> None:
    """Fill `pages` with all pages of a list, or up to the first that is `enough`.

    `read` gets the token of a page, empty for the first. If the service does not take a token that it has
    just given, the list is read once more from its start. After an error, `pages` holds what was read before.
    `what` names the list in a sentence, for example `jobs of europe-west1`.

    Raises:
        Unavailable: the list does not end, repeats itself, or could not be read on twice.
        DmsError: what `read` raises.
    """
    for may_repeat in (True, False):
        try:
            _follow(pages, read, token_of, what, enough, most)
        except Refused as error:
            if not _is_about_token(error, pages):
                raise
            if not may_repeat:
                raise _rejected_twice(what, error) from error
            pages.clear()
        else:
            return


def _rejected_twice(what: str, error: Refused) -> Unavailable:
    text = "could not be read to its end: twice, DMS did not accept the page token that it had just given."
    return Unavailable(f"The list of the {what} {text}", code=error.code)


def _follow(
    pages: list[P],
    read: Callable[[str], P],
    token_of: Callable[[P], str],
    what: str,
    enough: Callable[[P], bool],
    most: int,
) -> None:
    token, used = "", {""}
    while True:
        page = read(token)
        pages.append(page)
        token = token_of(page)
        if not token or enough(page):
            return
        if token in used:
            raise Unavailable(
                f"The list of the {what} could not be read to its end: DMS gave the same page token again.",
                code="INTERNAL",
            )
        if len(pages) >= most:
            raise Unavailable(
                f"The list of the {what} has no end: DMS gave a next page {most} times.",
                code="INTERNAL",
            )
        used.add(token)


def _is_about_token(error: Refused, pages: list[P]) -> bool:
    """Whether the call had a token: the first page has none."""
    return bool(pages) and error.code == "INVALID_ARGUMENT"
