"""The service without its transports: calls check arguments, change the world and return its objects."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.dms import actions, masks, names, rules
from sandbox.dms.enums import JobPb
from sandbox.dms.errors import ApiError, invalid, make_status, not_found
from sandbox.dms.filters import Predicate, compile_filter
from sandbox.dms.model import Database, Job, Operation, Profile
from sandbox.dms.names import ANY_LOCATION, Parent
from sandbox.dms.paging import Page, cut, page_size, parse_order, sort_by
from sandbox.dms.schemas import SCHEMAS
from sandbox.dms.views import job_json, lookup, object_id, operation_json, profile_json
from sandbox.dms.world import World

JOB_FIELDS = frozenset(SCHEMAS["MigrationJob"])
PROFILE_FIELDS = frozenset(SCHEMAS["ConnectionProfile"])
OPERATION_FIELDS = frozenset(SCHEMAS["Operation"])


class Api:
    """Calls of DataMigrationService, Operations, Locations and IAMPolicy. All raise ApiError."""

    def __init__(self, world: World) -> None:
        self.world = world

    # Migration jobs

    def list_jobs(
        self, parent: str, size: int = 0, token: str = "", filter_text: str = "", order_by: str = ""
    ) -> Page[Job]:
        where = names.parse_parent(parent, wildcard=True)
        predicate = compile_filter(filter_text)
        orders = parse_order(order_by, lambda field: _known(field, JOB_FIELDS))
        size = page_size(size, 50, 1000)
        query = ("jobs", parent, filter_text, order_by)
        with self.world.lock:
            now = self.world.settle()
            jobs, unreachable = self._jobs_in(where)
            if predicate is not None:
                jobs = [job for job in jobs if predicate(self._getter(job, now))]
            jobs = self._ordered(jobs, orders, now)
            page = cut(jobs, size, token, query, lambda job: job.name)
            return Page(page.items, page.next_token, unreachable)

    def _jobs_in(self, where: Parent) -> tuple[list[Job], tuple[str, ...]]:
        if where.location != ANY_LOCATION:
            self.world.check_reachable(where)
            place = self.world.places.get((where.project, where.location))
            return ([place.jobs[name] for name in place.sorted_names()] if place else []), ()
        locations = self.world.locations(where.project)
        if not locations:
            self.world.check_reachable(where)
        jobs: list[Job] = []
        for location in locations:
            if location not in self.world.unreachable:
                place = self.world.places[(where.project, location)]
                jobs += [place.jobs[name] for name in place.sorted_names()]
        down = [loc for loc in locations if loc in self.world.unreachable]
        return jobs, tuple(Parent(where.project, location).name for location in down)

    def _ordered(self, jobs: list[Job], orders: list[tuple[str, bool]], now: float) -> list[Job]:
        if not orders or orders == [("name", False)]:
            return jobs
        if orders == [("name", True)]:
            return jobs[::-1]
        return sort_by(jobs, orders, lambda job, field: _plain(self._getter(job, now)(field)))

    def _getter(self, job: Job, now: float) -> Callable[[str], Any]:
        # Most filters use these fields; building the whole JSON of each job would be slow.
        quick = {"state": job.state, "name": job.name}

        def get(path: str) -> Any:
            if path in quick:
                return quick[path]
            if path == "phase":
                return job.phase
            if path.startswith("labels.") and path[7:] in job.pb.labels:
                return job.pb.labels[path[7:]]
            return lookup(job_json(self.world, job, now), path, JOB_FIELDS)

        return get

    def get_job(self, name: str) -> Job:
        with self.world.lock:
            self.world.settle()
            return self._job(name)

    def create_job(
        self, parent: str, job_id: str, pb: Any, rest_only: dict[str, Any], request_id: str = ""
    ) -> Operation:
        where = names.parse_parent(parent)
        names.check_request_id(request_id)
        names.check_id(job_id, "migration_job_id")
        world = self.world
        with world.lock:
            now = world.settle()
            earlier = world.remembered("CreateMigrationJob", request_id)
            if earlier is not None:
                return earlier
            world.check_reachable(where)
            name = f"{where.name}/migrationJobs/{job_id}"
            if world.find_job(name) is not None:
                raise ApiError("ALREADY_EXISTS", f"Resource '{name}' already exists")
            job = self._new_job(name, pb, rest_only, now)
            operation = self._creation(job)
            world.remember("CreateMigrationJob", request_id, operation)
            return operation

    def _new_job(self, name: str, asked: Any, rest_only: dict[str, Any], now: float) -> Job:
        draft = asked.state == JobPb.State.Value("DRAFT")
        for field in () if draft else ("source", "destination"):
            if not getattr(asked, field):
                raise invalid(f"The field '{field}' is required", f"migration_job.{field}")
        if not asked.type_:
            raise invalid("The field 'type' is required", "migration_job.type")
        for field in ("source", "destination"):
            profile = getattr(asked, field)
            if profile and profile not in self.world.profiles:
                raise not_found(profile)
        pb = JobPb()
        pb.CopyFrom(asked)
        for field in ("create_time", "update_time", "end_time", "duration", "error"):
            pb.ClearField(field)
        pb.name = name
        job = Job(pb, now)
        job.rest_only = {k: v for k, v in rest_only.items() if k not in ("objectsConfig", "purpose")}
        source = self.world.profiles.get(pb.source)
        job.known_source = list(source.databases) if source else []
        config = rest_only.get("objectsConfig")
        wanted = job.known_source
        if config:
            job.selection, wanted = actions.check_objects_config(job, config)
        for database in job.known_source:
            state = "NOT_STARTED" if database in wanted else "NOT_SELECTED"
            job.databases[database] = Database(database, state, created=now, updated=now)
        return job

    def _creation(self, job: Job) -> Operation:
        world = self.world
        final = "DRAFT" if job.pb.state == JobPb.State.Value("DRAFT") else "NOT_STARTED"
        job.put("CREATING", "PHASE_UNSPECIFIED", world.now())
        world.add_job(job)

        def finish(at: float) -> Job:
            job.active = None
            job.put(final, "PHASE_UNSPECIFIED", at)
            return job

        def revert(_: float) -> None:
            job.active = None
            world.drop_job(job)

        job.active = world.begin("create", job.name, finish, revert, error=world.take_outcome(job, "create"))
        return job.active

    def update_job(
        self,
        name: str,
        paths: Iterable[str],
        patch: Any,
        patch_rest: dict[str, Any],
        request_id: str = "",
        *,
        rest: bool = False,
    ) -> Operation:
        names.check_request_id(request_id)
        wanted = masks.check_mask(paths, rest=rest)
        world = self.world
        with world.lock:
            world.settle()
            earlier = world.remembered("UpdateMigrationJob", request_id)
            if earlier is not None:
                return earlier
            job = self._job(name)
            operation = self._update(job, wanted, patch, patch_rest)
            world.remember("UpdateMigrationJob", request_id, operation)
            return operation

    def _update(self, job: Job, paths: list[str], patch: Any, patch_rest: dict[str, Any]) -> Operation:
        if masks.touches_levels(paths):
            rules.check(job, "set dump parallelism of")
        if masks.touches_setup(paths):
            rules.check(job, "reconfigure")
        chosen: list[str] | None = None
        choice = job.selection
        if masks.touches_objects(paths):
            choice, chosen = actions.check_objects_config(job, patch_rest.get("objectsConfig", {}))

        def save() -> None:
            masks.save(job.pb, job.rest_only, paths, patch, patch_rest)
            job.selection = choice

        return actions.update(self.world, job, save, chosen)

    def delete_job(self, name: str, request_id: str = "", force: bool = False) -> Operation:
        names.check_request_id(request_id)
        world = self.world
        with world.lock:
            world.settle()
            earlier = world.remembered("DeleteMigrationJob", request_id)
            if earlier is not None:
                return earlier
            operation = actions.delete(world, self._job(name), force)
            world.remember("DeleteMigrationJob", request_id, operation)
            return operation

    def act(self, verb: str, name: str, body: dict[str, Any] | None = None) -> Operation:
        """start, stop, resume, restart, promote, verify or fetchSourceObjects; `body` as in REST."""
        body = body or {}
        with self.world.lock:
            self.world.settle()
            return self._act(verb, self._job(name), body)

    def _act(self, verb: str, job: Job, body: dict[str, Any]) -> Operation:
        world = self.world
        if verb == "restart":
            failed_only = bool(body.get("restartFailedObjects"))
            return actions.restart(world, job, body.get("objectsFilter"), failed_only)
        if verb == "promote":
            if body.get("failback") and job.phase != "PHASE_FAILBACK":
                raise rules.refused(job, "promote", "failback needs a job in the failback phase")
            return actions.promote(world, job, body.get("objectsFilter"))
        plain = {
            "start": actions.start,
            "stop": actions.stop,
            "resume": actions.resume,
            "verify": actions.verify,
            "fetchSourceObjects": actions.fetch_source,
        }
        return plain[verb](world, job)

    def _job(self, name: str) -> Job:
        child = names.parse_child(name, "migrationJobs")
        self.world.check_reachable(child.parent)
        return self.world.job(name)

    # Objects of a job

    def list_objects(self, parent: str, size: int = 0, token: str = "") -> tuple[Job, Page[Database]]:
        size = page_size(size, 50, 1000)
        with self.world.lock:
            self.world.settle()
            job = self._job(parent)
            found = sorted(job.databases.values(), key=lambda d: d.name)
            return job, cut(found, size, token, ("objects", parent), lambda d: d.name)

    def get_object(self, name: str) -> tuple[Job, Database]:
        job_name, wanted = names.parse_object(name)
        with self.world.lock:
            self.world.settle()
            job = self._job(job_name)
            for database in job.databases.values():
                if object_id(job, database) == wanted:
                    return job, database
            raise not_found(name)

    def lookup_object(self, parent: str, identifier: dict[str, Any]) -> tuple[Job, Database]:
        with self.world.lock:
            self.world.settle()
            job = self._job(parent)
            database = job.databases.get(identifier.get("database", ""))
            if database is None:
                raise not_found(f"{parent}/objects/{identifier.get('database', '')}")
            return job, database

    # Connection profiles

    def list_profiles(
        self, parent: str, size: int = 0, token: str = "", filter_text: str = "", order_by: str = ""
    ) -> Page[Profile]:
        where = names.parse_parent(parent, wildcard=True)
        predicate = compile_filter(filter_text)
        orders = parse_order(order_by, lambda field: _known(field, PROFILE_FIELDS))
        size = page_size(size, 50, 1000)
        query = ("profiles", parent, filter_text, order_by)
        with self.world.lock:
            self.world.settle()
            found, unreachable = self._profiles_in(where)
            found = [p for p in found if predicate is None or predicate(_profile_getter(p))]
            found = sort_by(found, orders, lambda p, field: _plain(_profile_getter(p)(field)))
            page = cut(found, size, token, query, lambda p: p.name)
            return Page(page.items, page.next_token, unreachable)

    def _profiles_in(self, where: Parent) -> tuple[list[Profile], tuple[str, ...]]:
        if where.location != ANY_LOCATION:
            self.world.check_reachable(where)
        down = [loc for loc in self.world.locations(where.project) if loc in self.world.unreachable]
        prefix = f"projects/{where.project}/locations/"
        if where.location != ANY_LOCATION:
            prefix, down = f"{where.name}/", []
        hidden = tuple(f"{prefix}{location}/" for location in down)
        found = [
            self.world.profiles[name]
            for name in sorted(self.world.profiles)
            if name.startswith(prefix) and not (hidden and name.startswith(hidden))
        ]
        return found, tuple(Parent(where.project, location).name for location in down)

    def get_profile(self, name: str) -> Profile:
        with self.world.lock:
            self.world.settle()
            return self._profile(name)

    def create_profile(
        self, parent: str, profile_id: str, pb: Any, rest_only: dict[str, Any], request_id: str = ""
    ) -> Operation:
        where = names.parse_parent(parent)
        names.check_request_id(request_id)
        names.check_id(profile_id, "connection_profile_id")
        world = self.world
        with world.lock:
            now = world.settle()
            earlier = world.remembered("CreateConnectionProfile", request_id)
            if earlier is not None:
                return earlier
            world.check_reachable(where)
            name = f"{where.name}/connectionProfiles/{profile_id}"
            if name in world.profiles:
                raise ApiError("ALREADY_EXISTS", f"Resource '{name}' already exists")
            operation = self._create_profile(name, pb, rest_only, now)
            world.remember("CreateConnectionProfile", request_id, operation)
            return operation

    def _create_profile(self, name: str, asked: Any, rest_only: dict[str, Any], now: float) -> Operation:
        world = self.world
        profile = Profile(type(asked)(), dict(rest_only), databases=["app", "postgres"])
        profile.pb.CopyFrom(asked)
        profile.pb.name = name
        profile.pb.state = profile.pb.State.Value("CREATING")
        profile.pb.create_time.FromJsonString(world.stamp(now))
        profile.pb.update_time.FromJsonString(world.stamp(now))
        world.profiles[name] = profile

        def finish(_: float) -> Profile:
            profile.pb.state = profile.pb.State.Value("READY")
            return profile

        def revert(_: float) -> None:
            world.profiles.pop(name, None)

        return world.begin("create", name, finish, revert)

    def delete_profile(self, name: str, request_id: str = "", force: bool = False) -> Operation:
        names.check_request_id(request_id)
        world = self.world
        with world.lock:
            world.settle()
            earlier = world.remembered("DeleteConnectionProfile", request_id)
            if earlier is not None:
                return earlier
            profile = self._profile(name)
            users = [j.id for j in world.all_jobs() if name in (j.pb.source, j.pb.destination)]
            if users and not force:
                raise ApiError(
                    "FAILED_PRECONDITION",
                    f"The connection profile '{name}' is used by migration jobs: {', '.join(users)}.",
                )
            profile.pb.state = profile.pb.State.Value("DELETING")
            operation = world.begin("delete", name, lambda _: self._forget(name), lambda _: None)
            world.remember("DeleteConnectionProfile", request_id, operation)
            return operation

    def _forget(self, name: str) -> None:
        self.world.profiles.pop(name, None)

    def _profile(self, name: str) -> Profile:
        child = names.parse_child(name, "connectionProfiles")
        self.world.check_reachable(child.parent)
        found = self.world.profiles.get(name)
        if found is None:
            raise not_found(name)
        return found

    # Operations

    def list_operations(
        self, parent: str, size: int = 0, token: str = "", filter_text: str = ""
    ) -> Page[Operation]:
        where = names.parse_parent(parent, wildcard=True)
        predicate = compile_filter(filter_text)
        size = page_size(size, 100, 1000)
        with self.world.lock:
            self.world.settle()
            if where.location != ANY_LOCATION:
                self.world.check_reachable(where)
            prefix = where.name.removesuffix(ANY_LOCATION)
            prefix = prefix if where.location == ANY_LOCATION else prefix + "/"
            found = [o for o in reversed(self.world.operations.values()) if o.name.startswith(prefix)]
            found = [o for o in found if _suits(self.world, o, predicate)]
            return cut(found, size, token, ("operations", parent, filter_text), lambda o: o.name)

    def get_operation(self, name: str) -> Operation:
        with self.world.lock:
            self.world.settle()
            return self._operation(name)

    def cancel_operation(self, name: str) -> None:
        with self.world.lock:
            self.world.settle()
            operation = self._operation(name)
            self.world.cancel(
                operation, make_status("CANCELLED", "The operation was cancelled by the caller.")
            )

    def delete_operation(self, name: str) -> None:
        with self.world.lock:
            self.world.settle()
            operation = self._operation(name)
            if not operation.done:
                raise ApiError("FAILED_PRECONDITION", f"The operation '{name}' has not finished.")
            del self.world.operations[name]

    def wait_operation(self, name: str, seconds: float, alive: Callable[[], bool]) -> Operation:
        """The operation as it is once done, or after `seconds` of real time."""
        deadline = time.monotonic() + seconds
        while True:
            operation = self.get_operation(name)
            if operation.done or time.monotonic() >= deadline or not alive():
                return operation
            time.sleep(0.02)

    def _operation(self, name: str) -> Operation:
        child = names.parse_child(name, "operations")
        self.world.check_reachable(child.parent)
        found = self.world.operations.get(name)
        if found is None:
            raise not_found(name)
        return found

    # Locations and IAM

    def list_locations(self, name: str, size: int = 0, token: str = "") -> Page[str]:
        project = name.removeprefix("projects/")
        with self.world.lock:
            self.world.settle()
            self.world.check_reachable(Parent(project, ""))
            found = self.world.locations(project)
            return cut(found, page_size(size, 100, 1000), token, ("locations", name), str)

    def get_location(self, name: str) -> str:
        where = names.parse_parent(name)
        with self.world.lock:
            if (where.project, where.location) not in self.world.places:
                raise not_found(name)
            return where.location

    def test_permissions(self, resource: str, asked: Iterable[str]) -> list[str]:
        """The requested permissions that the caller has; all, unless the sandbox is set otherwise."""
        where = names.location_of(resource)
        wanted = list(asked)
        for permission in wanted:
            if "*" in permission:
                raise invalid(f"Permission '{permission}' must not hold a wildcard", "permissions")
        with self.world.lock:
            self.world.settle()
            if where is not None:
                self.world.check_reachable(Parent(*where))
            if resource.split("/")[4:5] == ["migrationJobs"]:
                self._job(resource)
            granted = self.world.permissions
            return [p for p in wanted if granted is None or p in granted]


def _known(field: str, fields: frozenset[str]) -> bool:
    try:
        lookup({}, field, fields)
    except KeyError:
        return False
    return field != "*"


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool)) else None


def _profile_getter(profile: Profile) -> Callable[[str], Any]:
    return lambda path: lookup(profile_json(profile), path, PROFILE_FIELDS)


def _suits(world: World, operation: Operation, predicate: Predicate | None) -> bool:
    if predicate is None:
        return True
    return predicate(lambda path: lookup(operation_json(world, operation), path, OPERATION_FIELDS))
