"""What a request does and what is lost by it, in one sentence or two; `request_details` has all of it.

Sources of what is wiped: `bot.dms.wiped`; of the rest: the verbs in `commands`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dms import display
from bot.dms.model import Endpoint, Job, State
from bot.dms.rules import Action
from bot.dms.wiped import wiped_of
from bot.slack.render import mrkdwn
from bot.store.records import Request
from bot.util.text import count_of, first_few

_UNDONE = "*Can't be undone.*"
_NAMED = 3
_MAX_LINE = 500


def consequence(request: Request) -> str:
    """For example `Replication stops; Cloud SQL `orders` (prod, europe-west1) becomes primary.`; mrkdwn."""
    match request.action:
        case Action.RESTART:
            return _restart(request)
        case Action.PROMOTE:
            return _promote(request)
        case Action.DELETE:
            return _delete(request)
        case Action.DEMOTE:
            return (
                f"{destinations(request.jobs)} becomes a read replica of {sources(request.jobs)}; what it "
                f"holds may be lost. {_UNDONE}"
            )
        case _:
            return _in_own_words(request)


def destinations(jobs: Sequence[Job]) -> str:
    """`AlloyDB `orders-target` (acme, europe-west1)`, or the first few of several; mrkdwn."""
    return _several(tuple(dict.fromkeys(_destination(job) for job in jobs)), "destination")


def sources(jobs: Sequence[Job]) -> str:
    """The host or connection profile of the source, or the first few of several; mrkdwn."""
    return _several(tuple(dict.fromkeys(_code(job.source) for job in jobs)), "source")


def databases_count(request: Request) -> str:
    """How many databases it is for, or objects of jobs that load tables: `3 databases`; plain text."""
    kind = display.kind_in(*request.jobs)
    listed = [job for job in request.jobs if request.databases.get(job.name)]
    unlisted = [
        job for job in request.jobs if job not in listed and job.name not in request.facts.none_affected
    ]
    total = sum(len(request.databases[job.name]) for job in listed)
    if not unlisted:
        return count_of(total, kind) if total else f"no {kind}s"
    if not listed:
        return f"all {kind}s (not listed)"
    return f"{count_of(total, kind)} and all of {count_of(len(unlisted), 'job')} (not listed)"


def _restart(request: Request) -> str:
    whole = not request.options.databases and not request.options.failed_only
    count = databases_count(request)
    if not whole:
        least, most = count, ""
    else:
        said = dict.fromkeys(
            wiped_of(job, "_", stop_first=request.options.stop_first) for job in request.jobs
        )
        its = f"its {count}" if len(request.jobs) == 1 and count[0].isdigit() else count
        named = (each.replace("_", its) if "_" in each else f"{each} ({count})" for each in said)
        least = " or ".join(named)
        most = ", at most the whole destination" if len(request.jobs) == 1 else ", at most whole destinations"
    return (
        f"*Wipes at least {least}* on {destinations(request.jobs)}{most}. "
        f"Then copies again from {sources(request.jobs)}."
    )


def _promote(request: Request) -> str:
    where, one = destinations(request.jobs), len(request.jobs) == 1
    if request.options.failback:
        return (
            f"The source {sources(request.jobs)} becomes primary again, with {databases_count(request)}, "
            f"and {where} no longer is. {_UNDONE}"
        )
    if request.options.databases:
        return f"Replication of {databases_count(request)} stops; they become primary on {where}. {_UNDONE}"
    return f"Replication stops; {where} {'becomes' if one else 'become'} primary. {_UNDONE}"


def _delete(request: Request) -> str:
    where, count = destinations(request.jobs), databases_count(request)
    one = len(request.jobs) == 1
    if request.options.with_destination:
        return f"*Deletes {where} with all its data*, {count}, and the migration. {_UNDONE}"
    stays = "stays" if one else "stay"
    if all(job.state == State.COMPLETED for job in request.jobs):
        return f"Deletes the record of the job; {where} {stays}, with its data ({count})."
    return f"*Ends the migration for good.* {where} {stays}, with what was migrated of {count}."


def _in_own_words(request: Request) -> str:
    """What an edit changes; else the first of what the verb warns of, or says will happen."""
    lines = request.facts.changes or request.warning[:2] or request.facts.effect.splitlines()[:1]
    shown = " ".join(mrkdwn.format_own(line) for line in lines if line.strip())
    return mrkdwn.clip(shown, _MAX_LINE)


def _several(found: Sequence[str], noun: str) -> str:
    if len(found) == 1:
        return found[0]
    return f"{count_of(len(found), noun)}: {first_few(list(found), _NAMED)}"


def _destination(job: Job) -> str:
    called = display.provider_text(job.destination) or display.engine_text(job.destination)
    place = f"({mrkdwn.verbatim(job.project)}, {mrkdwn.verbatim(job.location)})"
    return " ".join(filter(None, (mrkdwn.verbatim(called), _code(job.destination), place)))


def _code(endpoint: Endpoint) -> str:
    name = endpoint.host or endpoint.profile_id
    return mrkdwn.code(name) if name else "a place that is not known"
