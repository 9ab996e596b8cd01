"""`/dms promote`: disconnect the destination from its source and make it the primary database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.cmdline.answers import Answer
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.dms.advice import switch_over
from bot.dms.delay import MAX_AGE, is_measured
from bot.dms.display import kind_in
from bot.dms.engines import has_final_log, reads_backup_files
from bot.dms.likely_causes import recovery_of
from bot.dms.model import Database, Job, Operation, Options, State
from bot.dms.port import Dms
from bot.dms.rules import Action, check, is_promoted, offers_some_to_promote, some_not_named, unpromotable
from bot.dms.running_errors import errors_are_retried, runs_with_errors
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from bot.requests.drain import promise
from bot.store.facts import RequestFacts
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.text import first_few
from commands.support.actions import ALL, DATABASES, FILTERS, make_run, names_text, pick
from commands.support.asked import REASON, WHEN_DRAINED
from commands.support.base import Context, Verb
from commands.support.schedule import AT

_SHOWN = 10
_PLAIN = re.compile(r"[\w.-]+")
"""Database names that need no quotes in a command."""
_PICK = Flag("pick", "switch", "pick databases in a form")
_FAILBACK = Flag("failback", "switch", "back to the source (SQL Server)")


def _options(invocation: Invocation) -> Options:
    failback = invocation.is_set("failback")
    if failback and (invocation.items("databases") or invocation.is_set("pick")):
        raise UsageError(
            "`--failback` promotes the whole job back to its source: write "
            f"`{COMMAND} promote orders-db --failback`."
        )
    if failback and invocation.is_set(WHEN_DRAINED.name):
        raise UsageError(
            "`--when-drained` waits for changes of the source, so it does not go with `--failback`: write "
            f"`{COMMAND} promote orders-db --failback`."
        )
    return Options(databases=invocation.items("databases"), failback=failback)


def _confirmation(job: Job, options: Options) -> Confirmation:
    """The delay of a failed or stopped job is not measured, nor that of a failback: its id must be typed.

    So must that of a job with errors, of which the delay does not tell what is missing.
    """
    if options.failback or not is_measured(job) or runs_with_errors(job):
        return Confirmation.TYPE_TO_CONFIRM
    return Confirmation.CLICK


def _warning(job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    return _warned(job, options, _arriving(job))


def _warning_later(job: Job, options: Options, facts: RequestFacts) -> tuple[str, ...]:
    promised = (promise(facts),) if facts.when_drained else ()
    return (*_warned(job, options, _arriving_later(job, facts)), *promised)


def _warned(job: Job, options: Options, arriving: str) -> tuple[str, ...]:
    """Source: "Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle): Running with errors lists
    Promote."""
    if runs_with_errors(job) and not options.failback:
        clear = ": the errors then clear by themselves" if errors_are_retried(job) else ""
        errors = (
            f"*The job runs with errors*: {kind_in(job)}s with errors may be incomplete on the destination, "
            f"whatever the replication delay is. Fix the cause first and wait{clear}."
        )
        return (errors, *_consequences(options, arriving))
    return _consequences(options, arriving)


def _consequences(options: Options, arriving: str) -> tuple[str, ...]:
    if options.failback:
        # REST `PromoteMigrationJobRequest.failback`: "a failback promote from destination back to source".
        return (
            "*This cannot be undone.* The *source* becomes primary again, with the databases above, "
            "and the destination no longer is.",
            "Whatever is written to the destination from then on, or has not arrived at the source yet, is "
            "lost on the source: stop the writes to the destination first.",
            "DMS documents no metric for what has not arrived at the source yet.",
        )
    if options.databases:
        return (
            "*This cannot be undone.* Replication of the databases above stops; they become primary.",
            arriving,
        )
    return (
        "*This cannot be undone.* Replication stops; the destination becomes primary.",
        arriving,
    )


def _arriving(job: Job) -> str:
    if job.state == State.FAILED:
        recovery = recovery_of(job)
        way = f" and wait: {recovery}" if recovery else ", then restart"
        return (
            "*The job has failed*, so changes of the source no longer arrive. Promote it if the source is "
            f"lost for good: what has not arrived is lost on the destination. Otherwise fix the cause{way}."
        )
    if job.state == State.STOPPED and not has_final_log(job):
        return (
            "*The job is stopped*: changes on the source since then have not arrived and are lost on "
            f"the destination. To keep them, resume the job, {switch_over(job)}, then promote."
        )
    if has_final_log(job):
        # "Finalize a migration" (SQL Server): DMS stops loading at the final transaction log.
        return (
            "What was written to the source after the final transaction log never arrives and is lost on the "
            "destination: the writes must have stopped before that log was taken."
        )
    return (
        f"Changes that have not arrived by then are lost on the destination: {switch_over(job)}, "
        "then promote."
    )


def _arriving_later(job: Job, facts: RequestFacts) -> str:
    """What people have left to do where the bot waits, and sends it with nobody there."""
    if job.state in (State.FAILED, State.STOPPED) or has_final_log(job):
        return _arriving(job)
    if facts.cutover:  # whose card says who stops the writes, and for what it waits
        return "Changes that have not arrived by then are lost on the destination."
    lost = (
        "What is written to the source after the promote is sent is lost on the destination: *stop the "
        "writes to the source"
    )
    if not facts.when_drained:
        old = humanize(MAX_AGE)
        return (
            f"{lost} at least {old} before that time*, as the delay that decides may have been measured up "
            f"to {old} earlier."
        )
    before, after = "before it is confirmed and approved", "once it is"
    if facts.due is not None:
        before, after = "before that time", "after it"
    if not reads_backup_files(job):
        return f"{lost} {before}*."
    if job.source.provider == "CLOUDSQL":
        return f"{lost} {before}*. DMS takes the transaction logs of Cloud SQL by itself."
    return f"{lost} {before}, and upload a last transaction log backup {after}*."


def _effect(_job: Job, options: Options) -> str:
    if options.failback:
        return "When the job has COMPLETED, point the applications at the source again."
    if options.databases:
        return "Point the applications of these databases at the destination once they are PROMOTED."
    return "When the job has COMPLETED, point the applications at the destination."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.promote(job, databases=options.databases, failback=options.failback)


def _named(job: Job, databases: Sequence[Database], names: Sequence[str]) -> tuple[str, ...]:
    """What promoting these databases means for the others.

    Raises:
        UsageError: some of them cannot be promoted now.
    """
    if check(Action.PROMOTE, job) is not None:
        return ()  # the answer says why the job cannot be promoted
    by_name = {str(each.id): each for each in databases}
    wrong = {name: why for name in names if (why := unpromotable(by_name[name], job))}
    if wrong:
        raise UsageError(_cannot(job, wrong, [name for name in names if name not in wrong]))
    others = [str(each.id) for each in databases if not is_promoted(each) and str(each.id) not in names]
    if not others:
        return ("No other database of the job is left to promote.",)
    return (f"Not promoted and still in the job: {names_text(others)}.",)


def _cannot(job: Job, wrong: Mapping[str, str], rest: Sequence[str]) -> str:
    shown = first_few([f"`{name}` ({why})" for name, why in wrong.items()], _SHOWN)
    way = (
        f"`{COMMAND} promote {job.id} --databases {','.join(rest)}` promotes the others that you named."
        if rest and all(map(_PLAIN.fullmatch, rest)) and len(rest) <= _SHOWN
        else f"`{COMMAND} promote {job.id} --pick` lists those that can be promoted."
        if offers_some_to_promote(job)
        else f"`{COMMAND} databases {job.id}` shows them all."
    )
    if len(wrong) == 1:
        ((name, why),) = wrong.items()
        return f"`{name}` of `{job.id}` cannot be promoted now ({why}). Nothing was sent. {way}"
    return f"Of `{job.id}`, these cannot be promoted now: {shown}. Nothing was sent. {way}"


_ask = make_run(Action.PROMOTE, _options, _named)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    _options(invocation)
    if invocation.is_set("pick"):
        return pick(ctx, invocation, Action.PROMOTE, _fits, _not_offered)
    return _ask(ctx, invocation)


def _fits(job: Job, database: Database) -> bool:
    return not unpromotable(database, job)


def _not_offered(job: Job) -> str:
    why = some_not_named(job)
    if not why:
        return ""
    return (
        f"There is nothing to choose here: {why} `{COMMAND} promote {job.id}` promotes all of "
        f"them; `{COMMAND} promote {job.id} --databases a,b` sends it anyway, and the service "
        "decides."
    )


VERB = Verb(
    name="promote",
    permission=Permission.CHANGE,
    summary="make the destination primary",
    usage=(
        "promote JOB [JOB …]",
        "promote JOB --databases a,b | --pick",
        "promote JOB --failback",
        "promote --all phase=cdc label.env=…",
        'promote JOB --at "TIME"',
        "promote JOB --when-drained",
    ),
    syntax=Syntax("many", (ALL, DATABASES, _PICK, _FAILBACK, AT, WHEN_DRAINED, REASON), FILTERS),
    details=(
        "Stops replication and makes the destination primary. *Can't be undone.* Stop the writes to "
        "the source first, then wait until every change has arrived."
    ),
    more=(
        "Possible in CDC (running, stopped or failed) and when ready for promote. If the source is "
        "lost for good, promote a job that failed in CDC. Nothing is lost only if a delay measured "
        "after the writes stopped is zero. With SQL Server backup files: if no unprocessed bytes are "
        "left and the last log was taken after the writes stopped. For Oracle, and for SQL Server to "
        "PostgreSQL: if the delay is down to seconds and the last changes have arrived. You confirm "
        "it, by typing the job ID unless the delay is known to be zero and no unsupported changes "
        "were counted. `--when-drained` waits until three samples in a row of every database, measured "
        "after that, show that nothing is missing: for 30 minutes. `--failback` is for a SQL Server job in "
        "the phase PHASE_FAILBACK. Several jobs need the same status."
    ),
    begins="list phase=cdc,ready_for_promote",
    examples=(
        "promote orders-db",
        "promote orders-db --databases sales,billing",
        "promote --all phase=ready_for_promote label.env=staging",
    ),
    run=_run,
    form=lambda invocation: invocation.is_set("pick"),
    action=ActionVerb(Action.PROMOTE, _confirmation, _warning, _effect, _call, _warning_later),
)
