"""The buttons that turn the pages of an answer."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from commands.support.base import Context


def page_buttons(ctx: Context, invocation: Invocation, page: int, pages: int) -> tuple[Button, ...]:
    """Back, onward and refresh. Each repeats the invocation with another `--page` and no other flag."""

    def turn(label: str, to: int) -> Button:
        ref = ctx.ref(replace(invocation, flags={"page": str(to)}))
        return Button(label, invocation.verb, "turn", ref)

    back = (turn("‹ Previous", page - 1),) if page > 1 else ()
    onward = (turn("Next ›", page + 1),) if page < pages else ()
    return (*back, *onward, turn("Refresh", page))
