"""Who may read an answer where many read: what a mention is answered with stands in the channel."""

from __future__ import annotations

from bot.cmdline.answers import Answer, AnswerPage, DatabasesPage, JobCard, JobsPage, Note, Readers, Upload
from bot.policy.access import Access
from bot.policy.channel_readers import all_may_see, all_may_see_all
from bot.policy.permissions import Permission
from commands.support.base import Verb


def readers_of(access: Access, channel: str, verb: Verb, answer: Answer) -> Readers:
    """Who of those who read this channel may read the verb's answer: as the least of them may.

    A list counts jobs that it does not name, so it is for everybody only where all jobs are.
    """
    match answer:
        case JobCard() | DatabasesPage():
            return _everybody(all_may_see(access, channel, verb.name, answer.job))
        case JobsPage():
            return _everybody(all_may_see_all(access, channel, verb.name))
        case AnswerPage() if verb.permission is Permission.PUBLIC:
            return Readers.EVERYBODY
        case AnswerPage() if verb.same_for_all:
            return _everybody(all_may_see_all(access, channel, verb.name))
        case Upload():
            if answer.private or answer.job is None:
                return Readers.ASKER
            return _everybody(all_may_see(access, channel, verb.name, answer.job))
        case Note():
            return Readers.EVERYBODY if answer.public else Readers.ASKER
        case _:
            return Readers.ASKER


def _everybody(is_open: bool) -> Readers:
    return Readers.EVERYBODY if is_open else Readers.SOME
