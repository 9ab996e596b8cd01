"""Calls for long-running operations, locations and permissions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.dms import names, regions
from sandbox.dms.errors import ApiError, invalid, make_status, not_found
from sandbox.dms.filters import Predicate, compile_filter
from sandbox.dms.model import Operation
from sandbox.dms.names import ANY_LOCATION, Parent
from sandbox.dms.paging import Page, cut, page_size
from sandbox.dms.schemas import SCHEMAS
from sandbox.dms.views import lookup, operation_json
from sandbox.dms.world import World

OPERATION_FIELDS = frozenset(SCHEMAS["Operation"])
LOCATION_FIELDS = frozenset({"name", "locationId", "displayName", "labels"})


class OperationCalls:
    """Operations, Locations and IAMPolicy. All calls raise ApiError."""

    world: World

    def list_operations(
        self, parent: str, size: int = 0, token: str = "", filter_text: str = ""
    ) -> Page[Operation]:
        where = names.parse_parent(parent, wildcard=True)
        predicate = compile_filter(filter_text)
        size = page_size(size, 100, 1000)
        with self.world.lock:
            self.world.settle()
            self.world.check_project(where.project)
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
            self.world.request_cancel(
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

    def list_locations(
        self, name: str, size: int = 0, token: str = "", filter_text: str = ""
    ) -> Page[dict[str, Any]]:
        """The locations of a project, as in REST. Source: `projects.locations.list` of the reference."""
        predicate = compile_filter(filter_text)
        project = name.removeprefix("projects/")
        with self.world.lock:
            self.world.check_project(project)
            found = [regions.location_json(project, each) for each in self.world.locations(project)]
        found = [each for each in found if predicate is None or predicate(_location_getter(each))]
        query = ("locations", name, filter_text)
        return cut(found, page_size(size, 100, 1000), token, query, lambda each: str(each["name"]))

    def get_location(self, name: str) -> dict[str, Any]:
        where = names.parse_parent(name)
        with self.world.lock:
            self.world.check_project(where.project)
            if (where.project, where.location) not in self.world.places:
                raise not_found(name)
        return regions.location_json(where.project, where.location)

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
                self.world.job(resource)
            return self.world.granted(where[0], wanted) if where else wanted


def _suits(world: World, operation: Operation, predicate: Predicate | None) -> bool:
    if predicate is None:
        return True
    return predicate(lambda path: lookup(operation_json(world, operation), path, OPERATION_FIELDS))


def _location_getter(location: dict[str, Any]) -> Callable[[str], Any]:
    return lambda path: lookup(location, path, LOCATION_FIELDS)
