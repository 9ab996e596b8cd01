"""The service without its transports: calls check arguments, change the world and return its objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.dms import actions, masks, names, promotion, scripts, updates
from sandbox.dms.api_operations import OperationCalls
from sandbox.dms.api_profiles import ProfileCalls
from sandbox.dms.enums import JobPb
from sandbox.dms.errors import ApiError, invalid, not_found
from sandbox.dms.filters import compile_filter
from sandbox.dms.model import Database, Job, Operation
from sandbox.dms.names import ANY_LOCATION, Parent
from sandbox.dms.paging import Page, cut, page_size, parse_order, sort_by
from sandbox.dms.schemas import SCHEMAS
from sandbox.dms.views import is_field, job_json, lookup, object_id, sortable
from sandbox.dms.world import World

JOB_FIELDS = frozenset(SCHEMAS["MigrationJob"])


class Api(ProfileCalls, OperationCalls):
    """Calls of DataMigrationService, Operations, Locations and IAMPolicy. All raise ApiError."""

    def __init__(self, world: World) -> None:
        self.world = world

    # Migration jobs

    def list_jobs(
        self, parent: str, size: int = 0, token: str = "", filter_text: str = "", order_by: str = ""
    ) -> Page[Job]:
        where = names.parse_parent(parent, wildcard=True)
        predicate = compile_filter(filter_text)
        orders = parse_order(order_by, lambda field: is_field(field, JOB_FIELDS))
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
        self.world.check_project(where.project)
        jobs: list[Job] = []
        for location in locations:
            if not self.world.is_down(where.project, location):
                place = self.world.places[(where.project, location)]
                jobs += [place.jobs[name] for name in place.sorted_names()]
        down = [loc for loc in locations if self.world.is_down(where.project, loc)]
        return jobs, tuple(Parent(where.project, location).name for location in down)

    def _ordered(self, jobs: list[Job], orders: list[tuple[str, bool]], now: float) -> list[Job]:
        if not orders or orders == [("name", False)]:
            return jobs
        if orders == [("name", True)]:
            return jobs[::-1]
        return sort_by(jobs, orders, lambda job, field: sortable(self._getter(job, now)(field)))

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
        original = rest_only.get("originalMigrationName")
        if original and self.world.find_job(original) is None:
            raise not_found(original)
        job = Job(pb, now)
        job.rest_only = {k: v for k, v in rest_only.items() if k not in ("objectsConfig", "purpose")}
        source = self.world.profiles.get(pb.source)
        job.known_source = list(source.databases) if source else []
        config = rest_only.get("objectsConfig")
        wanted = job.known_source
        if config:
            job.selection, wanted = updates.check_objects_config(job, config)
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
        updates.check(job, paths)
        masks.check_values(job.pb, paths, patch)
        chosen: list[str] | None = None
        choice = job.selection
        if masks.touches_objects(paths):
            choice, chosen = updates.check_objects_config(job, patch_rest.get("objectsConfig", {}))

        def save() -> None:
            masks.save(job.pb, job.rest_only, paths, patch, patch_rest)
            job.selection = choice

        return updates.update(self.world, job, save, chosen)

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
        """A verb of REST: start, stop, resume, restart, promote, demoteDestination, fetchSourceObjects."""
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
            if body.get("failback"):
                return promotion.fail_back(world, job)
            return promotion.promote(world, job, body.get("objectsFilter"))
        plain = {
            "start": actions.start,
            "stop": actions.stop,
            "resume": actions.resume,
            "demoteDestination": actions.demote,
            "fetchSourceObjects": actions.fetch_source,
        }
        return plain[verb](world, job)

    def verify_job(
        self, name: str, paths: Iterable[str], patch: Any, patch_rest: dict[str, Any], *, rest: bool = False
    ) -> Operation:
        """Verify a job, or with `paths` the change that `patch` would make; neither changes the job."""
        wanted = list(paths)
        if wanted:
            wanted = masks.check_mask(wanted, rest=rest)
        with self.world.lock:
            self.world.settle()
            job = self._job(name)
            updates.check(job, wanted)
            if masks.touches_objects(wanted):
                updates.check_objects_config(job, patch_rest.get("objectsConfig", {}))
            masks.check_values(job.pb, wanted, patch)
            return updates.verify(self.world, job)

    def ssh_script(self, name: str, body: dict[str, Any]) -> str:
        """The reverse SSH script; `body` as in REST."""
        return scripts.ssh_script(self.world, self.get_job(name), body)

    def tcp_proxy_script(self, name: str, body: dict[str, Any]) -> str:
        """The TCP proxy script; `body` as in REST."""
        return scripts.tcp_proxy_script(self.world, self.get_job(name), body)

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
