"""The title of a job's card: what it is, its status, and what is wrong, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from bot.dms import display
from bot.dms.model import Database, Job, ObjectState, State
from bot.dms.running_errors import is_faulty, runs_with_errors, shown_status
from bot.slack.render import labels, mrkdwn


def job_title(job: Job, databases: Sequence[Database] = (), *, with_errors: bool = False) -> str:
    """`🔴 catalog-db · Running · CDC · 1 of 4 databases failed`; mrkdwn.

    The colour is that of the worst: of the job, or of one of its databases. `databases` are those that are
    known; without them, `with_errors` says whether the job runs with errors.
    """
    name = labels.display_name_beside(job)
    parts = [f"*{labels.job_code(job.name)}*{name}", status_text(job, databases, with_errors=with_errors)]
    return f"{labels.job_emoji(job, databases, with_errors=with_errors)} {' · '.join(parts)}"


def status_text(job: Job, databases: Sequence[Database] = (), *, with_errors: bool = False) -> str:
    """`Running · CDC · 1 of 4 databases failed`; mrkdwn."""
    trouble = databases_trouble(databases) if job.state == State.RUNNING else ""
    bad = with_errors or runs_with_errors(job, databases)
    status = job.status if trouble else shown_status(job, with_errors=bad)
    return " · ".join(filter(None, (mrkdwn.verbatim(display.status_text(status)), trouble)))


def databases_trouble(databases: Sequence[Database]) -> str:
    """`1 of 4 databases failed`, or `2 of 4 databases with errors`; empty if all are well."""
    migrated = [each for each in databases if each.state != ObjectState.NOT_SELECTED]
    failed = sum(each.state == ObjectState.FAILED for each in migrated)
    bad = failed or sum(map(is_faulty, migrated))
    if not bad:
        return ""
    many = f"{bad:,} of {display.counted_objects(len(migrated), migrated)}"
    of = many if len(migrated) > 1 else f"its {display.kind_of(migrated)}"
    return f"{of} {'failed' if failed else 'with errors'}"


def ends(job: Job, where: str) -> str:
    """Engines, the destination and the place: `PostgreSQL → AlloyDB orders-target · europe-west1`; mrkdwn."""
    to = job.destination.host or job.destination.profile_id
    destination = f" {mrkdwn.code(to)}" if to else ""
    engine = "AlloyDB" if job.destination.is_alloydb else labels.engine_text(job.destination)
    place = mrkdwn.verbatim(where or job.location)
    return f"{labels.engine_text(job.source)} → {engine}{destination} · {place}"


def in_words(job: Job, databases: Sequence[Database] = (), *, with_errors: bool = False) -> str:
    """The status for a notification: `🔴 catalog-db: Running · CDC`; mrkdwn."""
    bad = with_errors or runs_with_errors(job, databases)
    shown = mrkdwn.verbatim(display.status_text(shown_status(job, with_errors=bad)))
    emoji = labels.job_emoji(job, databases, with_errors=with_errors)
    return f"{emoji} {labels.job_code(job.name)} is {display.in_sentence(shown)}"
