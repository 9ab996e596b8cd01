"""All calls to DMS for one project: over gRPC where possible, over REST where gRPC lacks a field or a method.

Takes and returns values of `bot.dms.model`, and raises errors of `bot.dms.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from bot.config.projects import Place, Project, Projects
from bot.dms import convert
from bot.dms.actions import Actions
from bot.dms.calls import Calls, Observe
from bot.dms.connection_profiles import ProfileCache
from bot.dms.destination import Destination
from bot.dms.destinations import Destinations
from bot.dms.enum_names import EnumNames
from bot.dms.errors import Unavailable
from bot.dms.figures import Figures
from bot.dms.gateway_figures import GatewayFigures
from bot.dms.grpc_client import GrpcClient
from bot.dms.jobs import Jobs
from bot.dms.location_jobs import merged, raise_if_none_answered
from bot.dms.model import (
    Database,
    Job,
    JobList,
    ObjectsConfig,
    Operation,
    Vm,
    parse_name,
    short_name,
)
from bot.dms.monitoring import Monitoring
from bot.dms.operations import Operations
from bot.dms.project_apis import ProjectApis
from bot.dms.reachability import Reachability
from bot.dms.resource_names import with_project_id
from bot.dms.rest import RestClient, RestTransport, all_items
from bot.dms.rest_fields import RestFields, rest_fields
from bot.dms.transport import Transport
from bot.dms.unsupported import EventCounts

T = TypeVar("T")

_SPARE_THREADS = 8
_MAX_THREADS = 40


class Gateway(GatewayFigures, Actions):
    """Implements `bot.dms.port.Dms` for one project; thread-safe.

    With `emulator_host` (`host:port`), calls go there unencrypted and without credentials; REST calls go to
    `emulator_rest_host` (default: the same host, port + 1). Without `locations`, one call lists the jobs of
    all locations (`locations/-`). With `impersonate`, calls are made as the service account with this e-mail
    address. `reachability` is where it notes what answers: several gateways can share one.
    `called` says how errors name a place; by default, by its location.

    `deadline_s` and `write_deadline_s` limit each call, in seconds. `observe` gets the method, the canonical
    status name and the seconds of each RPC or REST request.

    Raises:
        Denied: there are no Google credentials. Those of `impersonate` are asked for by the first call, which
            fails if there are none.
    """

    def __init__(
        self,
        project: str,
        locations: Sequence[str] = (),
        emulator_host: str | None = None,
        emulator_rest_host: str | None = None,
        deadline_s: float = 20.0,
        write_deadline_s: float = 30.0,
        observe: Observe | None = None,
        profile_ttl_s: float = 600.0,
        fresh_profiles_s: float = 30.0,
        *,
        impersonate: str = "",
        reachability: Reachability | None = None,
        called: Callable[[Place], str] | None = None,
    ) -> None:
        self.project = Project(project, locations=tuple(locations), impersonate=impersonate)
        self.projects = Projects((self.project,))
        self._transport = Transport(emulator_host, emulator_rest_host, impersonate)
        self._calls = Calls(read_s=deadline_s, write_s=write_deadline_s, observe=observe)
        self._client = GrpcClient(self._transport.dms)
        self._rest_transport = RestTransport(self._transport)
        self._rest = RestClient(self._rest_transport)
        super().__init__(self._calls, self._client, self._rest)
        self.figures = Figures(self._calls, Monitoring(self._transport.monitoring), self._concurrently)
        enum_names = EnumNames()
        self.reachability = reachability or Reachability()
        self._profiles = ProfileCache(
            project, self._calls, self._client, self._rest, enum_names, profile_ttl_s
        )
        self.jobs = Jobs(
            self._calls,
            self._client,
            self._rest,
            enum_names,
            self._profiles,
            fresh_profiles_s,
            self.reachability,
            called or self.projects.called,
        )
        self._operations = Operations(self._calls, self._client)
        self._destinations = Destinations(self._transport, self._calls)
        threads = min(_MAX_THREADS, len(self.project.places) + _SPARE_THREADS)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dms")

    # Jobs

    def list_jobs(self, place: Place | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        places = (place,) if place else self.project.places
        parts = self._concurrently(
            [partial(self.jobs.in_place, each, filter, durations=durations) for each in places]
        )
        raise_if_none_answered(parts)
        return merged(parts)

    def find(self, job_id: str, *, thorough: bool = True) -> JobList:  # noqa: ARG002 - always thorough here
        parts = self._concurrently([partial(self.jobs.find_in, each, job_id) for each in self.project.places])
        raise_if_none_answered(parts)
        return merged(parts)

    def get_job(self, name: str, *, fresh: bool = False) -> Job:
        return self.jobs.get(name, fresh=fresh)

    # Databases of a job

    def databases(self, name: str) -> tuple[Database, ...]:
        action_text = f"list the databases of {short_name(name)}"

        def page(token: str) -> dict[str, Any]:
            return self._calls.read(
                "migrationJobs.objects.list",
                action_text,
                lambda t: self._rest.databases_page(name, token, t),
            )

        bodies = all_items(page, "migrationJobObjects", f"databases of {short_name(name)}")
        found = [convert.database(each) for each in bodies]
        return tuple(sorted(found, key=lambda each: (each.id.database, each.id.schema, each.id.table)))

    def objects_config(self, name: str) -> ObjectsConfig:
        return convert.objects_config(self._job_body(name))

    def rest_fields(self, name: str) -> RestFields:
        found = rest_fields(self._job_body(name))
        return replace(found, original=with_project_id(found.original, self.project.id))

    def _job_body(self, name: str) -> dict[str, Any]:
        return self._calls.read(
            "migrationJobs.get", f"read {short_name(name)}", lambda t: self._rest.job(name, t)
        )

    def fetch_source_objects(self, name: str) -> Operation:
        body = self._calls.read(
            "migrationJobs.fetchSourceObjects",
            f"look at the source of {short_name(name)}",
            lambda t: self._rest.fetch_source_objects(name, t),
            retry=False,
        )
        return convert.operation_from_json(body)

    # Connectivity scripts

    def ssh_script(self, job: Job, vm: Vm) -> str:
        return self._calls.read(
            "GenerateSshScript",
            f"write an SSH script for {job.id}",
            lambda t: self._client.ssh_script(job.name, vm, t),
        )

    def tcp_proxy_script(self, job: Job, vm: Vm) -> str:
        return self._calls.read(
            "GenerateTcpProxyScript",
            f"write a TCP proxy script for {job.id}",
            lambda t: self._client.tcp_proxy_script(job.name, vm, t),
        )

    # Operations

    def get_operation(self, name: str) -> Operation:
        return self._operations.get(name)

    def operations(self, job: Job, since: datetime) -> tuple[Operation, ...]:
        return self._operations.of_job(job, since)

    # Monitoring, permissions, links

    def event_counts(self, job: Job) -> EventCounts:
        return self.figures.event_counts(job, self.databases)

    def permissions(self, name: str, names: Sequence[str]) -> frozenset[str]:
        return self._calls.read(
            "TestIamPermissions",
            f"look up the bot's permissions on {short_name(name)}",
            lambda t: self._client.permissions(name, names, t),
        )

    def destination(self, job: Job) -> Destination | None:
        return self._destinations.of(job)

    def project_apis(self) -> ProjectApis:
        """What other APIs say of the project; to be closed by the caller."""
        return ProjectApis(self._transport, self._calls, self.project.id)

    def profiles_note(self, job: Job) -> str:
        return self._profiles.note((job.source.profile, job.destination.profile))

    def console_url(self, job: Job) -> str:
        project, location, job_id = (quote(part, safe="") for part in parse_name(job.name))
        return (
            "https://console.cloud.google.com/dbmigration/migrations/locations/"
            f"{location}/instances/{job_id}?project={project}"
        )

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._profiles.close()
        self._destinations.close()
        self._rest_transport.close()
        self._transport.close()

    def _concurrently(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """Run the tasks in parallel; returns their results in order."""
        if len(tasks) == 1:
            return [tasks[0]()]
        try:
            futures: list[Future[T]] = [self._pool.submit(each) for each in tasks]
        except RuntimeError as error:
            raise Unavailable(
                "The connection to DMS has been closed, as the bot is stopping.", code="UNAVAILABLE"
            ) from error
        return [each.result() for each in futures]
