"""The REST API: the paths of the discovery document `datamigration.v1`, on top of the same service."""

from __future__ import annotations

import re
from typing import Any

from sandbox.dms import masks, views
from sandbox.dms.api import Api
from sandbox.dms.databases_apis import DatabaseApis
from sandbox.dms.enums import JobPb, ProfilePb
from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.neighbours import Neighbours
from sandbox.dms.paging import Page
from sandbox.dms.rest_routes import Answer, Match, RestRequest, Route, described, route, snake

_LIST_QUERY = frozenset({"pageSize", "pageToken", "filter", "orderBy"})

_LOCATION = r"(projects/[^/:]+/locations/[^/:]+)"
_JOB = r"(projects/[^/:]+/locations/[^/:]+/migrationJobs/[^/:]+)"
_PROFILE = r"(projects/[^/:]+/locations/[^/:]+/connectionProfiles/[^/:]+)"
_OPERATION = r"(projects/[^/:]+/locations/[^/:]+/operations/[^/:]+)"
_ANY = r"(projects/[^/:]+/locations/[^/:]+/(?:migrationJobs|connectionProfiles)/[^:]+)"


class RestService:
    """Routes and answers. Method names are those of the RPCs."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._world = api.world
        self._routes = [
            *self._job_routes(),
            *self._object_routes(),
            *self._other_routes(),
            *Neighbours(api.world).routes(),
            *DatabaseApis(api.world).routes(),
        ]

    def match(self, request: RestRequest) -> Match:
        """The route of a request. Raises NOT_FOUND for an unknown path."""
        for each in self._routes:
            found = each.pattern.fullmatch(request.path)
            if found is not None and (each.verb, each.version) == (request.verb, request.version):
                return Match(each, found[1], request, described(request, found[1]))
        raise ApiError(
            "NOT_FOUND", f"The requested URL /{request.version}/{request.path} was not found on this server."
        )

    def _job_routes(self) -> list[Route]:
        jobs = _LOCATION + "/migrationJobs"
        routes = [
            route("ListMigrationJobs", "GET", jobs, self._list_jobs, _LIST_QUERY),
            route("GetMigrationJob", "GET", _JOB, self._get_job),
            route(
                "CreateMigrationJob",
                "POST",
                jobs,
                self._create_job,
                frozenset({"migrationJobId", "requestId"}),
                "MigrationJob",
            ),
            route(
                "UpdateMigrationJob",
                "PATCH",
                _JOB,
                self._update_job,
                frozenset({"updateMask", "requestId"}),
                "MigrationJob",
            ),
            route("DeleteMigrationJob", "DELETE", _JOB, self._delete_job, frozenset({"force", "requestId"})),
            route(
                "FetchSourceObjects", "GET", _JOB + ":fetchSourceObjects", self._action("fetchSourceObjects")
            ),
        ]
        for verb in ("start", "stop", "resume", "restart", "promote"):
            name = f"{verb.capitalize()}MigrationJob"
            routes.append(_job_post(name, verb, self._action(verb)))
        return [
            *routes,
            _job_post("VerifyMigrationJob", "verify", self._verify_job),
            _job_post("DemoteDestination", "demoteDestination", self._action("demoteDestination")),
            _job_post("GenerateSshScript", "generateSshScript", self._ssh_script),
            _job_post("GenerateTcpProxyScript", "generateTcpProxyScript", self._tcp_proxy_script),
        ]

    def _object_routes(self) -> list[Route]:
        objects = _JOB + "/objects"
        one = r"(projects/[^/:]+/locations/[^/:]+/migrationJobs/[^/:]+/objects/[^/:]+)"
        pages = frozenset({"pageSize", "pageToken"})
        return [
            route("ListMigrationJobObjects", "GET", objects, self._list_objects, pages),
            route("GetMigrationJobObject", "GET", one, self._get_object),
            route(
                "LookupMigrationJobObject",
                "POST",
                objects + ":lookup",
                self._lookup_object,
                schema="LookupMigrationJobObjectRequest",
            ),
        ]

    def _other_routes(self) -> list[Route]:
        operations = _LOCATION + "/operations"
        profiles = _LOCATION + "/connectionProfiles"
        pages = frozenset({"pageSize", "pageToken", "filter"})
        of_locations = pages | {"extraLocationTypes"}
        creating = frozenset({"connectionProfileId", "requestId", "skipValidation", "validateOnly"})
        return [
            route(
                "ListOperations", "GET", operations, self._list_operations, pages | {"returnPartialSuccess"}
            ),
            route("GetOperation", "GET", _OPERATION, self._get_operation),
            route("DeleteOperation", "DELETE", _OPERATION, self._delete_operation),
            route(
                "CancelOperation",
                "POST",
                _OPERATION + ":cancel",
                self._cancel_operation,
                schema="CancelOperationRequest",
            ),
            route(
                "WaitOperation", "POST", _OPERATION + ":wait", self._wait_operation, frozenset({"timeout"})
            ),
            route("ListConnectionProfiles", "GET", profiles, self._list_profiles, _LIST_QUERY),
            route("GetConnectionProfile", "GET", _PROFILE, self._get_profile),
            route(
                "CreateConnectionProfile",
                "POST",
                profiles,
                self._create_profile,
                creating,
                "ConnectionProfile",
            ),
            route(
                "DeleteConnectionProfile",
                "DELETE",
                _PROFILE,
                self._delete_profile,
                frozenset({"force", "requestId"}),
            ),
            route("ListLocations", "GET", r"(projects/[^/:]+)/locations", self._list_locations, of_locations),
            route("GetLocation", "GET", _LOCATION, self._get_location),
            route(
                "TestIamPermissions",
                "POST",
                _ANY + ":testIamPermissions",
                self._test_permissions,
                schema="TestIamPermissionsRequest",
            ),
        ]

    # Migration jobs

    def _list_jobs(self, request: RestRequest, parent: str) -> dict[str, Any]:
        page = self._api.list_jobs(
            parent,
            request.number("pageSize"),
            request.text("pageToken"),
            request.text("filter"),
            request.text("orderBy"),
        )
        with self._world.lock:
            now = self._world.now()
            found = [views.job_json(self._world, job, now) for job in page.items]
        return _listing("migrationJobs", found, page)

    def _get_job(self, _: RestRequest, name: str) -> dict[str, Any]:
        with self._world.lock:
            return views.job_json(self._world, self._api.get_job(name), self._world.now())

    def _create_job(self, request: RestRequest, parent: str) -> dict[str, Any]:
        pb, rest_only = masks.split_json(request.body or {}, JobPb())
        return self._operation(
            self._api.create_job(
                parent, request.text("migrationJobId"), pb, rest_only, request.text("requestId")
            )
        )

    def _update_job(self, request: RestRequest, name: str) -> dict[str, Any]:
        paths = _paths(request.text("updateMask"))
        pb, rest_only = masks.split_json(request.body or {}, JobPb())
        return self._operation(
            self._api.update_job(name, paths, pb, rest_only, request.text("requestId"), rest=True)
        )

    def _delete_job(self, request: RestRequest, name: str) -> dict[str, Any]:
        return self._operation(self._api.delete_job(name, request.text("requestId"), request.flag("force")))

    def _verify_job(self, request: RestRequest, name: str) -> dict[str, Any]:
        body = request.body or {}
        pb, rest_only = masks.split_json(body.get("migrationJob", {}), JobPb())
        paths = _paths(body.get("updateMask", ""))
        return self._operation(self._api.verify_job(name, paths, pb, rest_only, rest=True))

    def _ssh_script(self, request: RestRequest, name: str) -> dict[str, Any]:
        return {"script": self._api.ssh_script(name, request.body or {})}

    def _tcp_proxy_script(self, request: RestRequest, name: str) -> dict[str, Any]:
        return {"script": self._api.tcp_proxy_script(name, request.body or {})}

    def _action(self, verb: str) -> Answer:
        return lambda request, name: self._operation(self._api.act(verb, name, request.body))

    # Objects

    def _list_objects(self, request: RestRequest, parent: str) -> dict[str, Any]:
        with self._world.lock:
            job, page = self._api.list_objects(parent, request.number("pageSize"), request.text("pageToken"))
            found = [views.object_json(self._world, job, database) for database in page.items]
        return _listing("migrationJobObjects", found, page)

    def _get_object(self, _: RestRequest, name: str) -> dict[str, Any]:
        with self._world.lock:
            return views.object_json(self._world, *self._api.get_object(name))

    def _lookup_object(self, request: RestRequest, parent: str) -> dict[str, Any]:
        identifier = (request.body or {}).get("sourceObjectIdentifier", {})
        with self._world.lock:
            return views.object_json(self._world, *self._api.lookup_object(parent, identifier))

    # Operations

    def _operation(self, operation: Any) -> dict[str, Any]:
        with self._world.lock:
            return views.operation_json(self._world, operation)

    def _list_operations(self, request: RestRequest, parent: str) -> dict[str, Any]:
        page = self._api.list_operations(
            parent, request.number("pageSize"), request.text("pageToken"), request.text("filter")
        )
        return _listing("operations", [self._operation(o) for o in page.items], page)

    def _get_operation(self, _: RestRequest, name: str) -> dict[str, Any]:
        return self._operation(self._api.get_operation(name))

    def _delete_operation(self, _: RestRequest, name: str) -> dict[str, Any]:
        self._api.delete_operation(name)
        return {}

    def _cancel_operation(self, _: RestRequest, name: str) -> dict[str, Any]:
        self._api.cancel_operation(name)
        return {}

    def _wait_operation(self, request: RestRequest, name: str) -> dict[str, Any]:
        text = request.query.get("timeout", "60s")
        if not re.fullmatch(r"\d+(\.\d+)?s", text):
            raise invalid(f"Invalid value at 'timeout' (Duration), \"{text}\"", "timeout")
        return self._operation(self._api.wait_operation(name, float(text[:-1]), request.alive))

    # Connection profiles, locations, permissions

    def _list_profiles(self, request: RestRequest, parent: str) -> dict[str, Any]:
        page = self._api.list_profiles(
            parent,
            request.number("pageSize"),
            request.text("pageToken"),
            request.text("filter"),
            request.text("orderBy"),
        )
        return _listing("connectionProfiles", [views.profile_json(p) for p in page.items], page)

    def _get_profile(self, _: RestRequest, name: str) -> dict[str, Any]:
        return views.profile_json(self._api.get_profile(name))

    def _create_profile(self, request: RestRequest, parent: str) -> dict[str, Any]:
        pb, rest_only = masks.split_json(request.body or {}, ProfilePb())
        profile_id, request_id = request.text("connectionProfileId"), request.text("requestId")
        return self._operation(self._api.create_profile(parent, profile_id, pb, rest_only, request_id))

    def _delete_profile(self, request: RestRequest, name: str) -> dict[str, Any]:
        return self._operation(
            self._api.delete_profile(name, request.text("requestId"), request.flag("force"))
        )

    def _list_locations(self, request: RestRequest, name: str) -> dict[str, Any]:
        page = self._api.list_locations(
            name, request.number("pageSize"), request.text("pageToken"), request.text("filter")
        )
        return _listing("locations", list(page.items), page)

    def _get_location(self, _: RestRequest, name: str) -> dict[str, Any]:
        return self._api.get_location(name)

    def _test_permissions(self, request: RestRequest, resource: str) -> dict[str, Any]:
        asked = (request.body or {}).get("permissions", [])
        return {"permissions": self._api.test_permissions(resource, asked)}


def _job_post(method: str, verb: str, answer: Answer) -> Route:
    return route(method, "POST", f"{_JOB}:{verb}", answer, schema=f"{method}Request")


def _paths(mask: str) -> list[str]:
    """The paths of a field mask in JSON, in snake case."""
    return [snake(path.strip()) for path in mask.split(",") if path.strip()]


def _listing(key: str, items: list[dict[str, Any]], page: Page[Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {key: items} if items else {}
    if page.next_token:
        answer["nextPageToken"] = page.next_token
    if page.unreachable:
        answer["unreachable"] = list(page.unreachable)
    return answer
