"""Calls for connection profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.dms import names
from sandbox.dms.errors import ApiError, not_found
from sandbox.dms.filters import compile_filter
from sandbox.dms.model import Operation, Profile
from sandbox.dms.names import ANY_LOCATION, Parent
from sandbox.dms.paging import Page, cut, page_size, parse_order, sort_by
from sandbox.dms.schemas import SCHEMAS
from sandbox.dms.views import is_field, lookup, profile_json, sortable
from sandbox.dms.world import World

PROFILE_FIELDS = frozenset(SCHEMAS["ConnectionProfile"])


class ProfileCalls:
    """Connection profiles of DataMigrationService. All calls raise ApiError."""

    world: World

    def list_profiles(
        self, parent: str, size: int = 0, token: str = "", filter_text: str = "", order_by: str = ""
    ) -> Page[Profile]:
        where = names.parse_parent(parent, wildcard=True)
        predicate = compile_filter(filter_text)
        orders = parse_order(order_by, lambda field: is_field(field, PROFILE_FIELDS))
        size = page_size(size, 50, 1000)
        query = ("profiles", parent, filter_text, order_by)
        with self.world.lock:
            self.world.settle()
            found, unreachable = self._profiles_in(where)
            found = [p for p in found if predicate is None or predicate(_profile_getter(p))]
            found = sort_by(found, orders, lambda p, field: sortable(_profile_getter(p)(field)))
            page = cut(found, size, token, query, lambda p: p.name)
            return Page(page.items, page.next_token, unreachable)

    def _profiles_in(self, where: Parent) -> tuple[list[Profile], tuple[str, ...]]:
        self.world.check_project(where.project)
        if where.location != ANY_LOCATION:
            self.world.check_reachable(where)
        down = [loc for loc in self.world.locations(where.project) if self.world.is_down(where.project, loc)]
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


def _profile_getter(profile: Profile) -> Callable[[str], Any]:
    return lambda path: lookup(profile_json(profile), path, PROFILE_FIELDS)
