"""The people whom flags name: by a mention, a Slack ID, `me`, or what they are called in Slack."""

from __future__ import annotations

import re

from bot.cmdline.invocation import Invocation, UsageError
from bot.policy.principal import DirectoryUnavailable
from commands.support.base import Context

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{7,20}")


def person_named(ctx: Context, invocation: Invocation, flag: str, example: str) -> str:
    """The user ID behind a flag; empty if it is left out. `example` is a flag and its value that work.

    Raises:
        UsageError: it names nobody, or a group; or Slack does not say whom.
    """
    text = invocation.word(flag).strip()
    if text.lower() in ("me", "@me"):
        return ctx.who.user
    if not text or _USER.fullmatch(text):
        return text
    if _GROUP.fullmatch(text):
        raise UsageError(f"`--{flag}` takes one person, not a group: mention one, as in `{example}`.")
    pick = f"pick the person from the list that Slack offers behind `@`, as in `{example}`"
    try:
        found = ctx.access.user_id(f"@{text.removeprefix('@')}", ctx.who.workspace)
    except DirectoryUnavailable as error:
        raise UsageError(f"{error} A mention works: {pick}.") from None
    if not found:
        raise UsageError(f"There is nobody called `{text}` here: {pick}.")
    return found
