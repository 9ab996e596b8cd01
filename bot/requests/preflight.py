"""The checks right before a call to the service.

A request may wait for hours between its confirmation and its turn, so everything is checked again: the job,
its databases, the policy, the approvals, freezes and the replication delay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.dms.errors import NotFound
from bot.dms.model import Database, Job, State, short_name
from bot.dms.port import Dms
from bot.dms.rules import DESTRUCTIVE, HARMLESS, Action, affected, at_risk, by_databases, check
from bot.policy.access import Access
from bot.policy.permissions import ruled_as
from bot.requests import delay
from bot.requests.fingerprint import edits, has_listed, unlisted, unread
from bot.requests.job_names import ambiguous_names, disambiguate, in_commands
from bot.requests.queries import departed, valid_approvers
from bot.requests.rules import as_planned
from bot.requests.seen import selection_changes
from bot.requests.wording import describe_change, describe_edits, describe_errors
from bot.store import Store
from bot.store.records import Freeze, Request, Run
from bot.util.lookalikes import visible
from bot.util.utc_times import utc_text

_MAX_QUEUED = timedelta(days=1)
"""Runs queued longer than this are refused."""


class PreconditionFailed(Exception):
    """Why a run may not call the service. `str()` is one sentence."""


class PermanentRefusal(PreconditionFailed):
    """A permanent refusal; retrying cannot help."""


class Preflight:
    """Decides whether a run may call the service now. Writes nothing."""

    def __init__(self, dms: Dms, store: Store, access: Access, clock: Callable[[], datetime]) -> None:
        self._dms = dms
        self._store = store
        self._access = access
        self._clock = clock

    def check(self, run: Run, request: Request) -> Job:
        """Check everything. Returns the job as it is now.

        Raises:
            PreconditionFailed, DmsError, StoreError.
        """
        confirmed = request.job(run.job)
        waiting_since = run.called or run.created
        if waiting_since is not None and self._clock() - waiting_since > _MAX_QUEUED:
            raise PreconditionFailed("It waited too long to be sent; request it again.")
        try:
            job = self._dms.get_job(run.job, fresh=True)
        except NotFound:
            raise PermanentRefusal(f"`{confirmed.id}` no longer exists.") from None
        self._check_unchanged(run, request, confirmed, job)
        _check_seen(request, job)
        partial = by_databases(run.action, job, request.options)
        databases = self._dms.databases(job.name) if partial or names_databases(request, job) else ()
        check_no_new_databases(request, job, databases)
        self.check_permitted(request, job)
        refusal = check(run.action, job, request.options, databases if partial else ())
        if refusal is not None:
            called = ambiguous_names((job,), self._store.known_twins((job.id,)), self._dms.projects)
            text = in_commands(str(refusal), called)
            raise (PermanentRefusal if refusal.over else PreconditionFailed)(text)
        self._check_still_caught_up(request, job)
        self._check_under_way(request)
        return job

    def check_permitted(self, request: Request, job: Job) -> None:
        """Check that the present policy allows the request for this job, with the approvals that still count.

        Raises:
            PreconditionFailed, StoreError.
        """
        left = departed(self._store, self._access, request)
        if left:
            raise PreconditionFailed(f"{left[0]} Nothing was sent.")
        verdict = self._access.verdict(request.by, ruled_as(request.action, request.options), job)
        if not verdict.allowed:
            raise PreconditionFailed(verdict.why)
        labels = self._access.labels_verdict(request.by, job, dict(request.options.fields.labels))
        if request.action is Action.EDIT and not labels.allowed:
            raise PreconditionFailed(labels.why)
        if not verdict.approvals:
            return
        approvers = valid_approvers(self._store, self._access, replace(request, jobs=(job,)))
        if len(approvers) < verdict.approvals:
            raise PreconditionFailed(
                f"The policy now needs more approvals: {len(approvers)} of {verdict.approvals} count."
            )

    def check_not_frozen(self, run: Run, job: Job) -> None:
        """Check that no freeze forbids the run.

        Raises:
            PreconditionFailed, StoreError.
        """
        if run.action in HARMLESS:
            return
        for freeze in self._store.freezes(self._clock(), run.job):
            raise PreconditionFailed(frozen_text(self._store, self._access, job, freeze))

    def check_not_edited(self, request: Request, job: Job) -> None:
        """For an edit that may have arrived, check that the selection is that before or after it.

        Raises:
            PreconditionFailed, DmsError.
        """
        before, after = request.facts.config, request.options.objects
        if before is None or after is None:
            return
        if self._dms.objects_config(job.name).snapshot() not in (before, after.snapshot()):
            raise PreconditionFailed(f"The databases of `{job.id}` were edited in the meantime.")

    def _check_unchanged(self, run: Run, request: Request, confirmed: Job, now: Job) -> None:
        then = as_planned(request, confirmed, now)
        change = describe_change(then, now, request.options) or describe_errors(request, confirmed, now)
        if is_half_done(run) and now.create_time == confirmed.create_time:
            running = f"`{confirmed.id}` is running again." if now.state == State.RUNNING else ""
            change = running or describe_edits(confirmed, edits(confirmed, now, request.options))
        if change:
            raise PreconditionFailed(f"{change} Nothing was sent; request it again.")
        self.check_selection(request, now)

    def check_selection(self, request: Request, job: Job) -> None:
        """Check that the job's selection of databases is the one that people saw.

        Raises:
            PreconditionFailed, DmsError.
        """
        changed = selection_changes(self._dms, request, job)
        if changed:
            raise PreconditionFailed(f"{describe_edits(job, changed)} Nothing was sent; request it again.")

    def _check_under_way(self, request: Request) -> None:
        """Refuse to cancel what has ended."""
        name = request.options.operation
        if name and self._dms.get_operation(name).done:
            raise PreconditionFailed(f"The operation `{short_name(name)}` has ended. Nothing was sent.")

    def _check_still_caught_up(self, request: Request, job: Job) -> None:
        """Refuse a promote whose delay of zero is out of date and no longer true, or hides more missing
        changes than were shown. A delay that was shown as above zero or unknown does not stop it: it was
        confirmed all the same."""
        shown = request.facts.delays.get(job.name)
        if shown is None or not shown.was_shown_as_zero:
            return
        if not delay.is_stale(request.facts.delays, (job,), self._clock()):
            return
        found = delay.measure(self._dms, self._store, (job,), self._clock, request.databases)
        trouble = delay.plain_text(delay.data_loss_reason(found, request.facts.delays))
        if trouble:
            raise PreconditionFailed(
                f"The replication delay was zero before. It was measured again, and {trouble}. Nothing "
                "was sent; request it again."
            )


def _check_seen(request: Request, job: Job) -> None:
    """Refuse what nobody has seen: databases or a selection that could not be read."""
    if job.name not in {each.name for each in (*unlisted(request), *unread(request))}:
        return
    raise PreconditionFailed(
        f"The databases of `{job.id}` that this affects could not be read when it was requested, "
        "so nobody has seen them. Nothing was sent; request it again."
    )


def names_databases(request: Request, job: Job) -> bool:
    """Whether a destructive request showed the databases of the job, or that it affects none."""
    return request.action in DESTRUCTIVE and has_listed(request, job)


def check_no_new_databases(request: Request, job: Job, databases: Sequence[Database]) -> None:
    """A destructive action must not touch databases that were not shown at confirmation, or that were not
    shown as at risk.

    Raises:
        PreconditionFailed.
    """
    if not names_databases(request, job):
        return
    shown = request.databases.get(job.name, ())
    more = [each for each in affected(request.action, request.options, databases) if each not in shown]
    if more:
        names = ", ".join(f"`{visible(each)}`" for each in more)
        raise PreconditionFailed(
            f"It would affect {names}, too, which the request did not show. Nothing was sent; request "
            "it again."
        )
    if request.action is not Action.DELETE or request.options.with_destination:
        _check_no_new_risk(request, job, databases)


def _check_no_new_risk(request: Request, job: Job, databases: Sequence[Database]) -> None:
    shown = request.facts.at_risk.get(job.name, ())
    found = [str(each.id) for each in at_risk(request.action, request.options, databases)]
    more = ", ".join(f"`{visible(each)}`" for each in found if each not in shown)
    if not more:
        return
    why = (
        f"The data of {more} is incomplete now"
        if request.action is Action.PROMOTE
        else f"Promoted in the meantime, and perhaps in use on the destination: {more}"
    )
    raise PreconditionFailed(f"{why}, which the request did not show. Nothing was sent; request it again.")


def is_half_done(run: Run) -> bool:
    """Whether a queued run has already stopped its job and has yet to restart it."""
    return run.called is not None


def frozen_text(store: Store, access: Access, job: Job, freeze: Freeze) -> str:
    """That a freeze forbids changes of the job, in a sentence; plain text.

    Raises:
        StoreError.
    """
    shown = disambiguate(store.known_twins((job.id,)), access.policy.projects)(job.name)
    return f"`{shown}` is frozen until {utc_text(freeze.until)}: {freeze.reason}."
