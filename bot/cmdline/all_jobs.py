"""The word `all` in the place of a job: `watch all`, `restart all jobs`.

It is no job by itself: one with that ID is named with its location, as in `europe-west1/all`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline import examples
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.cmdline.token_values import filters_typed
from bot.util.command import COMMAND

_ALL = frozenset({"all", "everything"})
_BESIDE = frozenset({"the", "job", "jobs", "migration", "migrations"})


def means_all(jobs: Sequence[str]) -> bool:
    """Whether what stands in the place of jobs says all of them, and nothing else."""
    words = _words(jobs)
    return not _ALL.isdisjoint(words) and (_ALL | _BESIDE).issuperset(words)


def names_all(jobs: Sequence[str]) -> bool:
    """Whether it says so beside other words, as in `restart all failed jobs`."""
    return means_all(jobs) or (len(jobs) > 1 and not _ALL.isdisjoint(jobs))


def refusal(asked: Invocation, syntax: Syntax) -> UsageError:
    """What is right, for a verb that takes its jobs by name or with `--all`."""
    flag = next((each for each in syntax.flags if each.name == "all"), None)
    if flag is None or syntax.jobs not in ("many", "optional"):
        takes = "takes one job" if syntax.jobs in ("one", "optional") else "takes jobs by name"
        right = examples.line(asked.verb, syntax)
        return UsageError(
            f"`{asked.verb}` {takes}, and `all` is none: write for example `{right}`.",
            choose=Invocation(asked.verb, (), asked.flags, asked.filters, asked.words),
        )
    if syntax.jobs == "optional":
        right = examples.with_flag(asked.verb, syntax, flag)
        text = f"`all` is not a job: for all jobs, write for example `{right}`."
    elif asked.filters:
        right = f"{COMMAND} {asked.verb} --all {filters_typed(asked.filters)}"
        text = f"`all` is not a job: for all jobs that match, write `{right}`."
    else:
        right = examples.with_flag(asked.verb, syntax, flag)
        return UsageError(
            "`all` is not a job: `--all` with a filter takes all jobs that match. Write for example "
            f"`{right}`."
        )
    first, *rest = _words(asked.jobs)
    alone = means_all(asked.jobs)
    return UsageError(text, corrections=[{first: "--all", **dict.fromkeys(rest, "")}] if alone else ())


def _words(jobs: Sequence[str]) -> list[str]:
    return [word for each in jobs for word in each.casefold().split()]
