"""A client of the sandbox's control API, for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from sandbox.local_http import LocalClient


class ControlError(Exception):
    """The control API refused a call; the text says why."""


class DmsControl:
    """Controls a running sandbox. `base_url` is the REST side, for example `http://127.0.0.1:8086`.

    All methods raise ControlError if the sandbox refuses, and NoAnswer if it does not answer.
    Times are scaled seconds unless said otherwise.
    """

    def __init__(self, base_url: str, timeout: float = 60.0) -> None:
        self._http = LocalClient(base_url, timeout)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> DmsControl:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, name: str, **arguments: Any) -> Any:
        status, body = self._http.post(f"/sandbox/{name}", arguments)
        if status != 200:
            raise ControlError(body["error"]["message"])
        return body["result"]

    def status(self) -> dict[str, Any]:
        """The first project, all projects, number of jobs and clock factor."""
        return dict(self._call("status"))

    def reset(self, seed: str = "empty") -> dict[str, Any]:
        """Start again with a seed (`empty`, `demo` or `large`), without faults and logged calls."""
        return dict(self._call("reset", seed_name=seed))

    # Projects

    def add_project(self, project: str, *locations: str) -> dict[str, Any]:
        """A further project with these locations (else two), until the next reset. `add_job` and `add_many`
        take `project`, too, and every other call takes a job as `project/location/id`."""
        return dict(self._call("add_project", project=project, locations=list(locations) or None))

    def project_condition(self, project: str, kind: str | None, seconds: float = 0.0) -> None:
        """What calls about a project meet from now on; None: it is well again.

        `DENIED`: PERMISSION_DENIED with the permission that the caller lacks, and testIamPermissions grants
        nothing. `UNAUTHENTICATED`: the credentials fail, also with the other APIs. `SILENT`: DMS never
        answers. `SLOW`: it answers after `seconds` (real ones). `QUOTA`: RESOURCE_EXHAUSTED.
        """
        self._call("project_condition", project=project, kind=kind, seconds=seconds)

    def switch_service(self, project: str, on: bool, service: str = "datamigration.googleapis.com") -> None:
        """Enable or disable an API of a project: its calls then are PERMISSION_DENIED (SERVICE_DISABLED)."""
        self._call("switch_service", project=project, service=service, on=on)

    def quota(self, project: str, requests_per_minute: int) -> None:
        """How many API requests a minute Service Usage names for a project. Nobody counts them."""
        self._call("quota", project=project, requests_per_minute=requests_per_minute)

    # Jobs

    def add_job(self, id: str, **values: Any) -> dict[str, Any]:
        """Add a job (see `scenario.add_job` for the values) and return its full state.

        `databases` holds names or `{name, state, phase, error, dump_seconds}`; with `frozen=True` the job
        does not progress by itself; `created_ago` and `in_phase_for` give it a past, in seconds. A running
        job with an `error` runs with errors; `clears_after` fixes the error's cause by itself.
        """
        return dict(self._call("add_job", job_id=id, **values))

    def add_many(
        self,
        n: int,
        location: str = "europe-west1",
        prefix: str = "job",
        state: str = "RUNNING",
        phase: str | None = None,
        **values: Any,
    ) -> list[str]:
        """Add `n` similar jobs `prefix-0…`; returns their names."""
        values = {"location": location, "prefix": prefix, "state": state, "phase": phase, **values}
        return list(self._call("add_many", count=n, **values))

    def spread(self, jobs: int, locations: Sequence[str], projects: Sequence[str] = ()) -> list[str]:
        """Add so many jobs in all, in all usual states, over these locations of these projects (none: of the
        first one); returns the names of those that replicate. They do not progress by themselves."""
        return list(self._call("spread", jobs=jobs, locations=list(locations), projects=list(projects)))

    def set_job(self, name_or_id: str, **changes: Any) -> dict[str, Any]:
        """Change a job from outside: state, phase, error, labels, display_name, type, frozen, sec_lag,
        bytes_lag, dump_parallel_level, source_databases; source_writes=False stops the writes to the source,
        which a MySQL job on RDS or Aurora, or without SUPERUSER, waits for before its full dump, and after
        which the delay of any job in CDC comes down to zero, and no rows are written;
        error of a running job is that of Running with errors, and `clears_after` fixes its cause by itself;
        `sec_points`, `bytes_points`: samples of the delay in place of the service's own,
        `[[age in wall seconds, value], …]` or such lists by database, None for the service's own again.

        `metrics` sets values of any metric, and `points` samples of it, by its name below `migration_job/`,
        for example `metrics={"unsupported_events_count": {"ORCL.SALES.ORDERS": 12}}` and
        `points={"fulldump_progress_percentage": [[120, 60], [60, 61.5]]}` (see `scenario.set_job`)."""
        return dict(self._call("set_job", job=name_or_id, changes=changes))

    def set_database(self, job: str, db: str, **changes: Any) -> dict[str, Any]:
        """Change state, phase, error or dump_seconds of one database; returns the job's full state.

        With `clears_after`, the cause of its error is fixed by itself after that time.
        """
        return dict(self._call("set_database", job=job, database=db, changes=changes))

    def upload_final_log(self, name_or_id: str, *databases: str) -> dict[str, Any]:
        """Put the last log file (`….trn.final`) of these databases, or of all, into the bucket of a SQL
        Server job: it becomes ready for promote, and is promoted if it promotes when ready."""
        return dict(self._call("upload_final_log", job=name_or_id, databases=list(databases)))

    def fix(self, name_or_id: str) -> dict[str, Any]:
        """Fix the cause of the job's errors: faulty operations succeed when retried, and a failed job whose
        guide says that it resumes by itself goes on."""
        return dict(self._call("fix", job=name_or_id))

    def remove_job(self, name_or_id: str) -> None:
        """Remove the job at once, as if it was deleted elsewhere."""
        self._call("remove_job", job=name_or_id)

    def job(self, name_or_id: str) -> dict[str, Any]:
        """A job as REST shows it, plus `databases`, `history`, `activeOperation` and more."""
        return dict(self._call("job", job=name_or_id))

    def jobs(self) -> list[str]:
        """Names of all jobs."""
        return list(self._call("jobs"))

    def destinations(self) -> list[dict[str, Any]]:
        """All destinations: name, exists, role, databases, `wiped` (names, in order) and `loads` (counts)."""
        return list(self._call("destinations"))

    def set_destination(
        self,
        job: str,
        settings: dict[str, Any] | None = None,
        backups: list[dict[str, Any]] | None = None,
    ) -> None:
        """What the API of the job's destination shows otherwise: fields of its resource, and its backups."""
        self._call("set_destination", job=job, settings=settings, backups=backups)

    # Calls and time

    def calls(self, *methods: str, about: str = "") -> list[dict[str, Any]]:
        """Calls received, oldest first: transport, method, request, time, outcome, applied, seconds. Those of
        these methods (none: of all), and with these words in their request, as a whole: not `wave-10` for
        `wave-1`."""
        return list(self._call("calls", methods=methods, about=about))

    def clear_calls(self) -> None:
        self._call("clear_calls")

    def clock(self, factor: float | None = None, advance_seconds: float = 0.0) -> dict[str, Any]:
        """Change the speed and/or jump ahead; everything due in between has then happened."""
        return dict(self._call("clock", factor=factor, advance_seconds=advance_seconds))

    # Faults

    def fault(
        self,
        method: str = "*",
        kind: str = "UNAVAILABLE",
        times: int | None = 1,
        delay_seconds: float = 0.0,
        after_apply: bool = False,
        message: str = "",
        match: str = "",
        transport: str = "",
    ) -> None:
        """Make the next `times` calls of a method fail (None: all until `clear_faults`).

        `kind` is a status code name, `SLOW` (wait, then succeed), `HANG` (never answer), `DISCONNECT` (cut
        the connection), or what goes wrong with the pages of a list: `ENDLESS`, `REPEATED` or `SHORT`, or
        `EXPIRED` for calls with a page token (`sandbox.dms.paging.page_fault`). With `after_apply` the change
        is made first. `delay_seconds` are real seconds; `match` limits the fault to requests that
        mention it as a whole (not `wave-10` for `wave-1`), and `transport` (`grpc`, `rest`) to those that
        come over it.
        """
        self._call(
            "fault",
            method=method,
            kind=kind,
            times=times,
            delay_seconds=delay_seconds,
            after_apply=after_apply,
            message=message,
            match=match,
            transport=transport,
        )

    def clear_faults(self) -> None:
        """Remove all faults, conditions of projects, unreachable locations and planned outcomes, and enable
        all APIs; hanging calls end."""
        self._call("clear_faults")

    def location_unreachable(self, location: str, on: bool = True, project: str = "") -> None:
        """In one project, or in all of them."""
        self._call("location_unreachable", location=location, on=on, project=project)

    def operation_outcome(
        self,
        job: str,
        verb: str,
        error_code: str = "INTERNAL",
        message: str = "The operation failed.",
        verification_errors: Sequence[dict[str, str]] = (),
    ) -> None:
        """The next operation `verb` (start, stop, …, verify, update, delete) of a job fails.

        `verification_errors` are `{error_code, error_message, error_detail_message}` with the codes of
        MigrationJobVerificationError.
        """
        self._call(
            "operation_outcome",
            job=job,
            verb=verb,
            error_code=error_code,
            message=message,
            verification_errors=list(verification_errors),
        )

    def operation_seconds(self, seconds: float) -> None:
        """How long operations take from now on."""
        self._call("operation_seconds", seconds=seconds)

    def permissions(self, granted: Sequence[str] | None, project: str = "") -> None:
        """What testIamPermissions grants on jobs and projects, in one project or in all others; None grants
        everything."""
        self._call("permissions", granted=None if granted is None else list(granted), project=project)

    def monitoring(self, available: bool, visible_after: float = 0.0) -> None:
        """Whether Cloud Monitoring answers, else ListTimeSeries is refused with PERMISSION_DENIED; and how
        many wall seconds after its measurement a sample is visible (0 to 180 in the service)."""
        self._call("monitoring", available=available, visible_after=visible_after)

    def metrics_scope(self, project: str, *monitored: str) -> None:
        """The projects whose series ListTimeSeries of this one returns, too. Source: "Metrics scopes"."""
        self._call("metrics_scope", project=project, monitored=list(monitored))
