"""Checks of Google Cloud: credentials, locations, permissions and Monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from bot.config.projects import ALL_LOCATIONS, Place, Projects
from bot.config.settings import Settings
from bot.dms.errors import Denied, DmsError
from bot.dms.gateway import Gateway
from bot.dms.model import Job
from bot.doctor.finding import Finding, fail, ok, warn

_READ = "datamigration.migrationjobs.get"
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "show": (_READ,),
    "databases": ("datamigration.migrationjobs.fetchSourceObjects",),
    **{
        verb: (f"datamigration.migrationjobs.{verb}",)
        for verb in ("start", "stop", "resume", "restart", "promote", "verify", "delete")
    },
    "script": (
        "datamigration.migrationjobs.generateSshScript",
        "datamigration.migrationjobs.generateTcpProxyScript",
    ),
    "demote": ("datamigration.migrationjobs.demoteDestination",),
    "edit": ("datamigration.migrationjobs.update", "datamigration.migrationjobs.fetchSourceObjects"),
}
"""By verb: the IAM permissions on a job. Source: the IAM page on Database Migration Service's roles."""

_ROLE = "Grant the bot's service account roles/datamigration.admin on the project, or a custom role with"


def run_checks(settings: Settings) -> Iterator[Finding]:
    projects = settings.projects
    for project in projects:
        try:
            gateway = Gateway(
                project.id,
                project.locations,
                settings.dms_emulator_host or None,
                settings.dms_emulator_rest_host or None,
                deadline_s=min(settings.dms_deadline_s, 10.0),
                impersonate=project.impersonate,
            )
        except Denied as error:
            yield fail("Google credentials", str(error), _credentials())
            return
        try:
            if project is projects.all[0]:
                yield _where(settings)
            yield from _services(projects, gateway)
        finally:
            gateway.close()


def _where(settings: Settings) -> Finding:
    if settings.dms_emulator_host:
        text = f"None are needed: DMS_EMULATOR_HOST points at {settings.dms_emulator_host}."
        return ok("Google credentials", text)
    return ok("Google credentials", "Application Default Credentials were found.")


def _services(projects: Projects, gateway: Gateway) -> Iterator[Finding]:
    jobs: list[Job] = []
    for place in gateway.project.places:
        yield _place(gateway, place, projects.called(place), jobs)
    if not jobs:
        fix = "Run the doctor again once there is a migration job; none is needed for anything else."
        yield warn("IAM permissions", "There is no migration job to test permissions on.", fix)
        return
    yield _permissions(gateway, jobs[0])
    yield _databases(gateway, jobs[0])
    yield _monitoring(gateway, jobs[0])


def _place(gateway: Gateway, place: Place, called: str, jobs: list[Job]) -> Finding:
    check = f"DMS in {'all locations' if called == ALL_LOCATIONS else called}"
    try:
        listed = gateway.list_jobs(place)
    except DmsError as error:
        return fail(check, str(error), _remedy(error, gateway.project.id))
    if listed.unreachable:
        away = "; ".join(f"{each.location}: {each.reason or 'no answer'}" for each in listed.missing)
        where = f"the region's name in DMS_LOCATIONS ({place.location})"
        fix = f"Check {where} and Google's status page, and try again."
        return fail(check, f"Its jobs could not be listed ({away}).", fix)
    jobs.extend(listed.jobs)
    return ok(check, f"It answers, with {_count(len(listed.jobs), 'migration job')}.")


def _permissions(gateway: Gateway, job: Job) -> Finding:
    wanted = tuple(dict.fromkeys(each for needed in PERMISSIONS.values() for each in needed))
    try:
        granted = gateway.permissions(job.name, wanted)
    except DmsError as error:
        return warn("IAM permissions", str(error), _remedy(error, gateway.project.id))
    lacking = {verb: needed for verb, needed in PERMISSIONS.items() if not set(needed) <= granted}
    if not lacking:
        return ok("IAM permissions", f"All {len(wanted)} that the verbs need are granted on {job.id}.")
    missing = [each for each in wanted if each not in granted]
    fix = f"{_ROLE} {', '.join(missing)}."
    found = f"On {job.id}, these verbs lack permissions: {', '.join(lacking)}."
    return fail("IAM permissions", found, fix) if _READ in missing else warn("IAM permissions", found, fix)


def _databases(gateway: Gateway, job: Job) -> Finding:
    try:
        count = len(gateway.databases(job.name))
    except DmsError as error:
        return warn("databases of a job", str(error), f"{_ROLE} datamigration.objects.list.")
    return ok("databases of a job", f"{job.id} has {_count(count, 'database')} (asked over REST).")


def _monitoring(gateway: Gateway, job: Job) -> Finding:
    try:
        gateway.delay(job, 1.0)
    except DmsError as error:
        fix = (
            "For replication delays, grant roles/monitoring.viewer on the project and enable "
            "monitoring.googleapis.com; the rest works without."
        )
        return warn("Cloud Monitoring", str(error), fix)
    return ok("Cloud Monitoring", "The replication delay can be read.")


def _remedy(error: DmsError, project: str) -> str:
    if error.code == "UNAUTHENTICATED":
        return _credentials()
    if isinstance(error, Denied):
        return (
            f"Enable datamigration.googleapis.com in {project}, and grant the bot's service account "
            "roles/datamigration.admin (or a custom role, see docs/install.md)."
        )
    return "Check the way to datamigration.googleapis.com (firewall, Private Google Access, proxy)."


def _credentials() -> str:
    return (
        "On Google Cloud, attach a service account; elsewhere, run `gcloud auth application-default login` "
        "or set GOOGLE_APPLICATION_CREDENTIALS."
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
