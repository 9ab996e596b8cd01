"""Connection profiles: engine, provider and host of a migration's source and destination.

Source: proto `google.cloud.clouddms.v1.ConnectionProfile`, and the REST schema of the same name.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog
from google.protobuf.unknown_fields import UnknownFieldSet

from bot.dms import answer_deadline
from bot.dms.calls import Calls
from bot.dms.convert import specified_name
from bot.dms.enum_names import EnumNames
from bot.dms.errors import DmsError
from bot.dms.grpc_client import GrpcClient
from bot.dms.model import Endpoint
from bot.dms.paging import read_all
from bot.dms.resource_names import project_of, with_project_id
from bot.dms.rest import RestClient, all_items

_VARIANTS = ("mysql", "postgresql", "oracle", "sqlserver", "cloudsql", "alloydb")
_ENGINES = {"mysql": "MYSQL", "postgresql": "POSTGRESQL", "oracle": "ORACLE", "sqlserver": "SQLSERVER"}


def from_message(profile: Any, enum_names: EnumNames) -> Endpoint | None:
    """A raw `ConnectionProfile` message as an endpoint.

    None if the gRPC API lacks its kind (SQL Server profiles, newer providers): read it over REST then.
    """
    variant = profile.WhichOneof("connection_profile")
    provider = enum_names.names["provider"].get(profile.provider)
    if variant is None or provider is None:
        return None
    details = getattr(profile, variant)
    return _endpoint(
        profile.name,
        variant,
        specified_name(provider),
        {
            "host": getattr(details, "host", ""),
            "port": getattr(details, "port", 0),
            "service": getattr(details, "database_service", ""),
            "sql": getattr(details, "cloud_sql_id", ""),
            "cluster": getattr(details, "cluster_id", ""),
            "version": _version(details) if variant == "cloudsql" else "",
        },
    )


def lacks_fields(profile: Any) -> bool:
    """Whether a raw `ConnectionProfile` message may be of an AlloyDB cluster, which REST alone names
    (`PostgreSqlConnectionProfile.alloydbClusterId`): it has fields that the gRPC client does not know."""
    of_postgresql = profile.WhichOneof("connection_profile") == "postgresql"
    return of_postgresql and not profile.postgresql.cloud_sql_id and bool(UnknownFieldSet(profile.postgresql))


def from_json(profile: Mapping[str, Any]) -> Endpoint:
    """A REST `ConnectionProfile` as an endpoint."""
    variant = next((each for each in _VARIANTS if each in profile), "")
    details = profile.get(variant) or {}
    return _endpoint(
        str(profile.get("name", "")),
        variant,
        specified_name(str(profile.get("provider", ""))),
        {
            "host": details.get("host", ""),
            "port": details.get("port", 0),
            "service": details.get("databaseService", ""),
            "sql": _instance(str(profile.get("name", "")), details),
            "cluster": details.get("clusterId") or details.get("alloydbClusterId", ""),
            "version": (details.get("settings") or {}).get("databaseVersion", ""),
        },
    )


def _instance(profile: str, details: Mapping[str, Any]) -> str:
    """The Cloud SQL instance, after its project if that is not the profile's (`cloudSqlProjectId`)."""
    id, project = details.get("cloudSqlId", ""), details.get("cloudSqlProjectId", "")
    return f"{project}:{id}" if id and project not in ("", project_of(profile)) else id


def _version(cloudsql: Any) -> str:
    value = cloudsql.settings.DESCRIPTOR.fields_by_name["database_version"].enum_type.values_by_number
    known = value.get(cloudsql.settings.database_version)
    return str(known.name) if known else ""


def _endpoint(name: str, variant: str, provider: str, details: Mapping[str, Any]) -> Endpoint:
    sql, cluster = str(details["sql"]), str(details["cluster"])
    if variant == "cloudsql" or sql:
        provider = provider or "CLOUDSQL"
    if variant == "alloydb" or cluster:
        provider = provider or "ALLOYDB"
    engine = _ENGINES.get(variant, "") or _engine_of(variant, str(details["version"]))
    return Endpoint(name, engine, provider, sql or cluster or _address(details))


def _engine_of(variant: str, version: str) -> str:
    if variant == "alloydb":
        return "POSTGRESQL"
    for prefix, engine in (("POSTGRES", "POSTGRESQL"), ("MYSQL", "MYSQL"), ("SQLSERVER", "SQLSERVER")):
        if version.startswith(prefix):
            return engine
    return ""


def _address(details: Mapping[str, Any]) -> str:
    host = str(details["host"])
    if not host:
        return ""
    with_port = f"{host}:{details['port']}" if details["port"] else host
    return f"{with_port}/{details['service']}" if details["service"] else with_port


log = structlog.get_logger(__name__)
_RETRY_S = 60.0
"""Seconds before a failed listing is tried again."""

_REFRESH_TIMEOUT_S = 5.0
"""Deadline, in seconds, of a list call. Short, because answers are useful without engine and host."""

_WAIT_S = 10.0
"""Seconds that one call of `ensure` may spend on all locations together."""

_SHARE = 0.4
"""The share of the time left for an answer that it may spend: the job matters more than its host."""

_THREADS = 32
_MOST_ABSENT = 1000
"""Number of missing profiles to remember in each location: those of deleted jobs would add up. One that
was forgotten is looked for again when a job names it."""


@dataclass
class _LocationCache:
    """The profiles of one location. `fetched` and `failed` are times of `time.monotonic`."""

    profiles: dict[str, Endpoint] = field(default_factory=dict)
    absent: Mapping[str, None] = field(default_factory=dict)
    """Profiles that were asked for and do not exist, in the order of the questions."""
    fetched: float = float("-inf")
    failed: float = float("-inf")
    version: int = 0
    error: str = ""
    """Why the last list call failed; empty if it did not."""


class ProfileCache:
    """Endpoints by profile name; each location is listed once every `ttl_s` seconds. Thread-safe.

    A profile that is not in the cache makes its location be listed again. If a list call fails, callers get
    endpoints with what the job itself says, and the call is made again after a minute.
    """

    def __init__(
        self,
        project: str,
        calls: Calls,
        client: GrpcClient,
        rest: RestClient,
        enum_names: EnumNames,
        ttl_s: float,
    ) -> None:
        self.project = project
        self._calls = calls
        self._client = client
        self._rest = rest
        self._enum_names = enum_names
        self._ttl_s = ttl_s
        self._locations: dict[str, _LocationCache] = {}
        self._endpoints: dict[tuple[str, str, str], Endpoint] = {}
        self._lock = threading.RLock()
        self._listings: dict[str, Future[None]] = {}
        """By location, the list call that runs."""
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="profiles")

    def ensure(self, names: Iterable[str], max_age_s: float | None = None) -> None:
        """List the locations of these profiles, if their cache is missing or too old: older than `ttl_s`, or
        than `max_age_s` seconds."""
        by_location: dict[str, set[str]] = {}
        for name in names:
            location = _location(name)
            if location:
                by_location.setdefault(location, set()).add(with_project_id(name, self.project))
        until = time.monotonic() + min(_WAIT_S, answer_deadline.left() * _SHARE)
        for location, requested in by_location.items():
            self._ensure(location, requested, max_age_s, until)

    def _ensure(self, location: str, requested: set[str], max_age_s: float | None, until: float) -> None:
        """Wait for a list call of somebody else only if a profile is missing or its age matters; otherwise
        use the cache."""
        age_s = self._ttl_s if max_age_s is None else min(self._ttl_s, max_age_s)
        with self._lock:
            matters = self._missing(location, requested) or max_age_s is not None
            others = self._listings.get(location)
            listing = others or self._begin(location, requested, age_s)
        if listing is not None and (matters or others is None):
            wait([listing], max(0.0, until - time.monotonic()))

    def _begin(self, location: str, requested: set[str], age_s: float) -> Future[None] | None:
        """List a location in the background if it is due; None if not. Once at a time for each location."""
        if not self._due(location, requested, age_s):
            return None
        try:
            listing = self._pool.submit(self._list, location, requested)
        except RuntimeError:  # the bot is stopping
            return None
        self._listings[location] = listing
        listing.add_done_callback(lambda _: self._listings.pop(location, None))
        return listing

    def note(self, names: Iterable[str]) -> str:
        """Why some of these profiles are not known; empty if they are, or do not exist."""
        for name in names:
            with self._lock:
                cache = self._locations.get(_location(name))
                if _location(name) and self._missing(_location(name), {name}):
                    return cache.error if cache and cache.error else "they have not been read yet"
        return ""

    def close(self) -> None:
        """Begin no more list calls."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def expired(self) -> bool:
        """Whether a location's cache is too old and may be listed again."""
        now = time.monotonic()
        with self._lock:
            return any(
                now - cache.fetched >= self._ttl_s and now - cache.failed >= _RETRY_S
                for cache in self._locations.values()
            )

    def version(self, location: str) -> int:
        """A number that grows when the endpoints of a location (`-`: of any location) change."""
        with self._lock:
            if location == "-":
                return sum(cache.version for cache in self._locations.values())
            cache = self._locations.get(location)
            return cache.version if cache else 0

    def endpoint(self, profile: str, engine: str, provider: str) -> Endpoint:
        """The profile's endpoint; `engine` and `provider` of the job's `DatabaseType` fill its gaps."""
        key = (profile, engine, provider)
        # `_list` replaces the dict. A local reference keeps an endpoint of old profiles out of the new one.
        cache = self._endpoints
        found = cache.get(key)
        if found is None:
            found = cache[key] = self._merged(with_project_id(profile, self.project), engine, provider)
        return found

    def _merged(self, profile: str, engine: str, provider: str) -> Endpoint:
        engine, provider = specified_name(engine), specified_name(provider)
        cache = self._locations.get(_location(profile))
        known = cache.profiles.get(profile) if cache else None
        if known is None:
            return Endpoint(profile, engine, provider)
        if known.engine and known.provider:
            return known
        return Endpoint(profile, known.engine or engine, known.provider or provider, known.host)

    def _due(self, location: str, requested: set[str], age_s: float) -> bool:
        now = time.monotonic()
        with self._lock:
            cache = self._locations.setdefault(location, _LocationCache())
            if now - cache.failed < _RETRY_S:
                return False
            due = self._missing(location, requested) or now - cache.fetched >= age_s
            if due:
                cache.failed = now
            return due

    def _missing(self, location: str, requested: set[str]) -> bool:
        cache = self._locations.get(location)
        return cache is None or not requested <= (cache.profiles.keys() | cache.absent.keys())

    def _list(self, location: str, requested: set[str]) -> None:
        try:
            found, unreachable = self._fetch(location)
        except DmsError as error:
            log.warning("connection_profiles_not_listed", location=location, error=str(error))
            self._note_failure(location, str(error))
            return
        except Exception as error:  # Nobody reads the result of this thread.
            log.exception("connection_profiles_error", location=location)
            self._note_failure(location, f"an error in the bot ({type(error).__name__})")
            return
        profiles = {each.profile: each for each in found}
        with self._lock:
            old = self._locations.get(location, _LocationCache())
            if unreachable:
                why = f"DMS listed the connection profiles of {location} in part only."
                log.warning("connection_profiles_not_listed", location=location, error=why)
                # What is not listed may be there, so nothing is forgotten, and the list stays due.
                cache = replace(old, profiles=old.profiles | profiles, error=why)
            else:
                asked = dict.fromkeys((*list(old.absent)[-_MOST_ABSENT:], *requested))
                absent = {each: None for each in asked if each not in profiles}
                cache = _LocationCache(profiles, absent, fetched=time.monotonic(), version=old.version)
            self._locations[location] = cache
            if cache.profiles != old.profiles:
                self._endpoints = {}
                cache.version = old.version + 1
            elif old.absent.keys() - cache.absent.keys():  # what is forgotten there must not be kept here
                self._endpoints = {}

    def _note_failure(self, location: str, why: str) -> None:
        with self._lock:
            self._locations[location].error = why

    def _fetch(self, location: str) -> tuple[list[Endpoint], bool]:
        """The profiles, and whether some may be missing (`ListConnectionProfilesResponse.unreachable`)."""
        parent = f"projects/{self.project}/locations/{location}"
        action_text = f"list the connection profiles of {location}"

        def read(token: str) -> Any:
            call = partial(self._profiles_page, parent, token)
            return self._calls.read("ListConnectionProfiles", action_text, call, retry=False)

        pages: list[Any] = []
        read_all(pages, read, lambda page: str(page.next_page_token), f"connection profiles of {location}")
        listed = [each for page in pages for each in page.connection_profiles]
        found = {each.name: from_message(each, self._enum_names) for each in listed}
        lacking = {each.name for each in listed if found[each.name] is None or lacks_fields(each)}
        if lacking:
            found |= self._profiles_over_rest(location, action_text, lacking)
        return [each for each in found.values() if each is not None], any(page.unreachable for page in pages)

    def _profiles_page(self, parent: str, token: str, timeout: float) -> Any:
        return self._client.profiles_page(parent, token, min(timeout, _REFRESH_TIMEOUT_S))

    def _profiles_over_rest(self, location: str, action_text: str, names: set[str]) -> dict[str, Endpoint]:
        """These profiles from REST. As they were read last, if it does not answer."""
        parent = f"projects/{self.project}/locations/{location}"

        def page(token: str) -> dict[str, Any]:
            return self._calls.read(
                "connectionProfiles.list",
                action_text,
                lambda t: self._rest.profiles_page(parent, token, min(t, _REFRESH_TIMEOUT_S)),
                retry=False,
            )

        try:
            what = f"connection profiles of {location}"
            listed = [from_json(each) for each in all_items(page, "connectionProfiles", what)]
        except DmsError as error:
            log.warning("connection_profiles_not_listed", location=location, error=str(error))
            with self._lock:
                listed = list(self._locations[location].profiles.values())
        return {each.profile: each for each in listed if each.profile in names}


def _location(profile: str) -> str:
    parts = profile.split("/")
    return parts[3] if len(parts) == 6 and parts[2] == "locations" else ""
