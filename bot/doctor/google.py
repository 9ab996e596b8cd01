"""Checks of Google Cloud by project: credentials, APIs, locations, permissions, Monitoring and quota."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial

from bot.config.projects import ALL_LOCATIONS, Place, Project
from bot.config.settings import Settings
from bot.dms.errors import Denied, DmsError, NotFound, Refused
from bot.dms.gateway import Gateway
from bot.dms.grpc_client import PAGE
from bot.dms.missing import Why
from bot.dms.model import Job, State
from bot.dms.project_apis import RESOURCE_MANAGER_HOST, ProjectApis
from bot.dms.transport import DMS_HOST, MONITORING_HOST
from bot.doctor.finding import Finding, fail, ok, warn
from bot.watch.detail_queues import most_database_reads

_JOBS = "datamigration.migrationjobs"
_LIST, _READ = f"{_JOBS}.list", f"{_JOBS}.get"
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "list": (_LIST,),
    "show": (_READ, "datamigration.connectionprofiles.list"),
    "databases": (f"{_JOBS}.fetchSourceObjects", "datamigration.objects.list"),
    "delay": ("monitoring.timeSeries.list",),
    **{
        verb: (f"{_JOBS}.{verb}", "datamigration.operations.get", "datamigration.operations.list")
        for verb in ("start", "stop", "resume", "restart", "promote", "verify", "delete")
    },
    "cancel": ("datamigration.operations.cancel", "datamigration.operations.list"),
    "script": (f"{_JOBS}.generateSshScript", f"{_JOBS}.generateTcpProxyScript"),
    "demote": (f"{_JOBS}.demoteDestination",),
    "edit": (f"{_JOBS}.update", f"{_JOBS}.fetchSourceObjects"),
    "cutover": (
        *("alloydb.clusters.get", "alloydb.instances.list", "alloydb.backups.list"),
        *("cloudsql.instances.get", "cloudsql.backupRuns.list"),
    ),
}
"""By verb: the IAM permissions that it needs. Source: "Database Migration Service roles and permissions", and
the permissions of Cloud Monitoring, AlloyDB and Cloud SQL. Those of a cutover are for the checks of the
destination, which say *not checked* without them."""

_ROLE = "Grant the bot's service account a custom role on the project (deploy/google/role.yaml) with"
_CREDENTIALS = "Google credentials"
_IAM = "IAM permissions"
_MORE_QUOTA = "Raise DMS_BOT_POLL_FAST, name fewer locations, or ask Google for more quota."
_SIDE_BY_SIDE = 8
_SHARE_OF_QUOTA = 0.5
"""Above this part of the quota, the watcher leaves little for people and for others."""


def run_checks(settings: Settings) -> Iterator[Finding]:
    """All checks of all projects; those of one project do not wait for another that is silent."""
    projects = settings.projects
    with ExitStack() as stack:
        try:
            opened = [stack.enter_context(closing(_gateway(settings, each))) for each in projects]
        except Denied as error:
            yield fail(_CREDENTIALS, str(error), _credentials())
            return
        yield _where(settings)
        pool = stack.enter_context(ThreadPoolExecutor(_SIDE_BY_SIDE))
        for project, found in zip(projects, pool.map(partial(_project, settings), opened), strict=True):
            named = project.shown if projects.several else ""
            yield from (replace(each, project=named) for each in found)


def _gateway(settings: Settings, project: Project) -> Gateway:
    return Gateway(
        project.id,
        project.locations,
        settings.dms_emulator_host or None,
        settings.dms_emulator_rest_host or None,
        deadline_s=min(settings.dms_deadline_s, 10.0),
        impersonate=project.impersonate,
    )


def _where(settings: Settings) -> Finding:
    if settings.dms_emulator_host:
        text = f"None are needed: DMS_EMULATOR_HOST points at {settings.dms_emulator_host}."
        return ok(_CREDENTIALS, text)
    return ok(_CREDENTIALS, "Application Default Credentials were found.")


@dataclass(frozen=True, slots=True)
class _Look:
    """What listing the jobs of one place gave."""

    finding: Finding
    jobs: Sequence[Job] = ()
    error: DmsError | None = None


def _project(settings: Settings, gateway: Gateway) -> list[Finding]:
    places = gateway.project.places
    with closing(gateway.project_apis()) as apis, ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        looks = list(pool.map(partial(_place, gateway), places))
        jobs = [job for look in looks for job in look.jobs]
        return [
            *_impersonation(gateway.project, looks),
            _apis(apis, gateway.project),
            *(look.finding for look in looks),
            _permissions(gateway, apis, jobs),
            *_about_a_job(gateway, jobs, listed=not any(look.finding.failed for look in looks)),
            _quota(apis, settings, looks),
        ]


def _impersonation(project: Project, looks: Iterable[_Look]) -> Iterator[Finding]:
    """Whether the service account answers that calls are made as."""
    if not project.impersonate:
        return
    refused = [each.error for each in looks if each.error and each.error.code == "UNAUTHENTICATED"]
    if refused:
        yield fail("impersonation", str(refused[0]), _remedy(refused[0], project))
    else:
        yield ok("impersonation", f"Calls are made as {project.impersonate}.")


def _apis(apis: ProjectApis, project: Project) -> Finding:
    try:
        off = [each for each in (DMS_HOST, MONITORING_HOST) if not apis.is_enabled(each)]
    except DmsError as error:
        return ok(
            "APIs",
            f"Service Usage does not say which are enabled ({_reason(error)}); the calls will show it.",
        )
    if not off:
        return ok("APIs", f"{DMS_HOST} and {MONITORING_HOST} are enabled.")
    fix = f"gcloud services enable {' '.join(off)} --project={project.id}"
    found = f"Not enabled: {', '.join(off)}."
    return fail("APIs", found, fix) if DMS_HOST in off else warn("APIs", found, fix)


def _place(gateway: Gateway, place: Place) -> _Look:
    check = f"DMS in {'all locations' if place.location == ALL_LOCATIONS else place.location}"
    try:
        listed = gateway.list_jobs(place)
    except DmsError as error:
        return _Look(fail(check, str(error), _mend_place(error, place, gateway.project)), error=error)
    if listed.unreachable:
        away = "; ".join(f"{each.location}: {each.reason or 'no answer'}" for each in listed.missing)
        used_up = any(each.why is Why.QUOTA for each in listed.missing)
        fix = _MORE_QUOTA if used_up else _where_it_is(place)
        return _Look(fail(check, f"Its jobs could not be listed ({away}).", fix))
    count = _count(len(listed.jobs), "migration job")
    return _Look(ok(check, f"It answers, with {count}."), listed.jobs)


def _mend_place(error: DmsError, place: Place, project: Project) -> str:
    if isinstance(error, NotFound | Refused):
        return _where_it_is(place)
    return _remedy(error, project)


def _where_it_is(place: Place) -> str:
    """The service was reached and knows no such place, or it does not answer for it."""
    every = place.location == ALL_LOCATIONS
    name = "the project's ID" if every else f"the region's name in DMS_LOCATIONS ({place.location})"
    return f"Check {name}, the way to {DMS_HOST} and Google's status page, and try again."


def _permissions(gateway: Gateway, apis: ProjectApis, jobs: Sequence[Job]) -> Finding:
    """By the project, and by a job where one has a policy of its own."""
    wanted = tuple(dict.fromkeys(each for needed in PERMISSIONS.values() for each in needed))
    try:
        granted, where = apis.permissions(wanted), gateway.project.id
        of_job = bool(set(wanted) - granted)
    except DmsError as error:
        if not jobs:
            return warn(_IAM, str(error), _remedy(error, gateway.project, RESOURCE_MANAGER_HOST))
        granted, where, of_job = frozenset(), jobs[0].id, True
        wanted = tuple(each for each in wanted if _is_of_a_job(each))
    if of_job and jobs:
        asked = tuple(each for each in wanted if _is_of_a_job(each))
        try:
            granted |= gateway.permissions(jobs[0].name, asked)
        except DmsError as error:
            if where != gateway.project.id:
                return warn(_IAM, str(error), _remedy(error, gateway.project))
    return _judged(granted, wanted, where)


def _is_of_a_job(permission: str) -> bool:
    """Whether it can be asked for on a job."""
    return permission.startswith(f"{_JOBS}.") and permission != _LIST


def _judged(granted: frozenset[str], wanted: Sequence[str], where: str) -> Finding:
    missing = [each for each in wanted if each not in granted]
    if not missing:
        return ok(_IAM, f"All {len(wanted)} that were asked for are granted on {where}.")
    lacking = [verb for verb, needed in PERMISSIONS.items() if set(needed) & set(missing)]
    found = f"On {where}, these verbs lack permissions: {', '.join(lacking)}."
    fix = f"{_ROLE} {', '.join(missing)}."
    return fail(_IAM, found, fix) if {_READ, _LIST} & set(missing) else warn(_IAM, found, fix)


def _about_a_job(gateway: Gateway, jobs: Sequence[Job], *, listed: bool) -> Iterator[Finding]:
    if jobs:
        yield _databases(gateway, jobs[0])
        yield _monitoring(gateway, jobs[0])
        return
    found = "There is no migration job to read databases and a delay of."
    fix = "Run the doctor again once there is a migration job; none is needed for anything else."
    if not listed:
        found = "No migration job could be listed to read databases and a delay of."
        fix = "Run the doctor again once jobs can be listed, as said above."
    yield warn("databases of a job", found, fix)


def _databases(gateway: Gateway, job: Job) -> Finding:
    try:
        count = len(gateway.databases(job.name))
    except DmsError as error:
        role = f"{_ROLE} datamigration.objects.list."
        return warn("databases of a job", str(error), _grant_or_remedy(role, error, gateway.project))
    return ok("databases of a job", f"{job.id} has {_count(count, 'database')} (asked over REST).")


def _monitoring(gateway: Gateway, job: Job) -> Finding:
    try:
        gateway.delay(job, 1.0)
    except DmsError as error:
        fix = (
            "For replication delays, grant roles/monitoring.viewer on the project and enable "
            "monitoring.googleapis.com; everything else works without it."
        )
        fix = _grant_or_remedy(fix, error, gateway.project, MONITORING_HOST)
        return warn("Cloud Monitoring", str(error), fix)
    return ok("Cloud Monitoring", "The replication delay can be read.")


def _quota(apis: ProjectApis, settings: Settings, looks: Sequence[_Look]) -> Finding:
    """The watcher's calls beside the quota. It lists each place once in `DMS_BOT_POLL_FAST` at most, page by
    page, and reads the databases of single jobs."""
    pages = sum(max(1, math.ceil(len(look.jobs) / PAGE)) for look in looks)
    lists = pages * math.ceil(60 / settings.poll_fast_s)
    databases = most_database_reads(sum(job.state == State.RUNNING for look in looks for job in look.jobs))
    calls = lists + databases
    kinds = f"{lists:,} for lists of jobs, {databases:,} for databases"
    makes = f"the watcher makes up to {calls:,} a minute ({kinds})"
    try:
        limit = apis.rate_limit()
    except DmsError as error:
        return ok("quota", f"Service Usage does not say it ({_reason(error)}); {makes}.")
    if limit is None:
        return ok("quota", f"Service Usage names no limit of requests a minute; {makes}.")
    found = f"DMS takes {limit.per_minute:,} requests a minute ({limit.what}); {makes}."
    if calls <= limit.per_minute * _SHARE_OF_QUOTA:
        return ok("quota", found)
    return warn("quota", found, _MORE_QUOTA)


def _reason(error: DmsError) -> str:
    return error.reason or str(error).rstrip(".")


def _grant_or_remedy(role: str, error: DmsError, project: Project, host: str = DMS_HOST) -> str:
    """`role`, which says what to grant, if that is what is missing; else what helps against the error."""
    lacks = isinstance(error, Denied) and error.code != "UNAUTHENTICATED"
    return role if lacks else _remedy(error, project, host)


def _remedy(error: DmsError, project: Project, host: str = DMS_HOST) -> str:
    if error.code == "UNAUTHENTICATED":
        return _impersonate(project.impersonate) if project.impersonate else _credentials()
    if isinstance(error, Denied):
        return (
            f"Enable datamigration.googleapis.com in {project.id}, and grant the bot's service account "
            "the custom role of deploy/google/role.yaml (or roles/datamigration.admin)."
        )
    if error.code == "RESOURCE_EXHAUSTED":
        other = f"Run the doctor again in a minute, or ask Google for more quota of {host}."
        return _MORE_QUOTA if host == DMS_HOST else other
    if isinstance(error, NotFound | Refused):
        return f"{host} answers, so no firewall is in the way: see what it says, and run the doctor again."
    return f"Check the way to {host} (firewall, Private Google Access, proxy)."


def _impersonate(account: str) -> str:
    """Source: https://cloud.google.com/iam/docs/service-account-impersonation"""
    return (
        f"Grant the bot's own account roles/iam.serviceAccountTokenCreator on {account}, and enable "
        "iamcredentials.googleapis.com."
    )


def _credentials() -> str:
    return (
        "On Google Cloud, attach a service account; elsewhere, run `gcloud auth application-default login` "
        "or set GOOGLE_APPLICATION_CREDENTIALS."
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
