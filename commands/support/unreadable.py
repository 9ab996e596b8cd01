"""What an answer says of rows of the store that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.cmdline.answers import AnswerPage, Note, Section
from bot.cmdline.unreadable_text import unreadable_text


def with_unreadable(answer: Note | AnswerPage, counts: Mapping[str, int]) -> Note | AnswerPage:
    """The list, or the note that there is nothing, with how many of what are missing: a note must not say
    then that there is nothing. `counts` is as `unreadable_text` takes it."""
    text = unreadable_text(counts)
    if not text:
        return answer
    if isinstance(answer, Note):
        return Note(f"There is nothing else to show. Not shown: {text}", answer.buttons, tone="warn")
    return replace(answer, sections=(Section(f"⚠️ Not shown: {text}"), *answer.sections))
