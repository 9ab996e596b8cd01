"""The two ends of a job: its connection profiles and its destination."""

from __future__ import annotations

from sandbox.dms.enums import ENGINES, PROVIDERS, ProfilePb
from sandbox.dms.metrics import is_from_cloud_sql, source_instance
from sandbox.dms.model import Destination, Job, Profile
from sandbox.dms.world import World

_PORTS = {"POSTGRESQL": 5432, "MYSQL": 3306, "SQLSERVER": 1433, "ORACLE": 1521}
_CLUSTER = b"\x9a\x06"
"""The tag of a text that gRPC clients do not know: they lack `alloydbClusterId`, of unknown number."""


def add_profiles(world: World, job: Job, source_host: str | None, *, existing: bool) -> None:
    """Add the job's connection profiles and its destination, which may be an existing one."""
    engines = {number: name for name, number in ENGINES.items()}
    source_engine = engines[job.pb.source_database.engine]
    source = _profile(world, job, job.pb.source, f"{job.id} source")
    source.databases = list(job.known_source)
    source.rest_only["role"] = "SOURCE"
    source.pb.provider = job.pb.source_database.provider
    _set_endpoint(source, source_engine, source_host or f"{job.id}.db.internal")
    if is_from_cloud_sql(job) and source_engine in ("POSTGRESQL", "MYSQL"):
        # `PostgreSqlConnectionProfile.cloud_sql_id`: of a source that is a Cloud SQL database.
        getattr(source.pb, source_engine.lower()).cloud_sql_id = source_instance(job)
    destination = _profile(world, job, job.pb.destination, f"{job.id} destination")
    destination.rest_only["role"] = "DESTINATION"
    destination.pb.provider = job.pb.destination_database.provider
    engine = engines[job.pb.destination_database.engine]
    target = _set_target(job, destination, engine, existing=existing)
    target.existing = existing
    world.destinations[target.name] = target
    for profile in (source, destination):
        world.profiles[profile.name] = profile


def _profile(world: World, job: Job, name: str, display_name: str) -> Profile:
    pb = ProfilePb(name=name, display_name=display_name, state=ProfilePb.State.Value("READY"))
    pb.create_time.FromJsonString(world.stamp(job.created))
    pb.update_time.FromJsonString(world.stamp(job.created))
    return Profile(pb)


def _set_endpoint(profile: Profile, engine: str, host: str) -> None:
    if engine == "SQLSERVER":
        # gRPC has no SQL Server profile; REST shows it.
        profile.rest_only["sqlserver"] = {"host": host, "port": _PORTS[engine], "username": "dms"}
        return
    endpoint = getattr(profile.pb, engine.lower())
    endpoint.host, endpoint.port, endpoint.username = host, _PORTS[engine], "dms"
    endpoint.password_set = True
    if engine == "ORACLE":
        endpoint.database_service = "ORCL"


def _set_target(job: Job, profile: Profile, engine: str, *, existing: bool) -> Destination:
    provider = "ALLOYDB" if job.pb.destination_database.provider == PROVIDERS["ALLOYDB"] else "CLOUDSQL"
    target = f"{job.id}-target"
    if provider == "ALLOYDB":
        if existing:
            _name_cluster(profile, target)
        else:
            profile.pb.alloydb.cluster_id = target
        key = f"projects/{job.project}/locations/{job.location}/clusters/{target}"
    elif engine == "SQLSERVER":
        profile.rest_only["sqlserver"] = {"cloudSqlId": target, "cloudSqlProjectId": job.project}
        key = f"projects/{job.project}/instances/{target}"
    else:
        profile.pb.cloudsql.cloud_sql_id = target
        profile.pb.cloudsql.private_ip = "10.20.0.5"
        key = f"projects/{job.project}/instances/{target}"
    profile.destination = key
    return Destination(key, engine, provider)


def _name_cluster(profile: Profile, cluster: str) -> None:
    """A cluster that was there before the job.

    Source: `PostgreSqlConnectionProfile.alloydbClusterId`: "If the destination is an AlloyDB database".
    """
    text = cluster.encode()
    profile.pb.postgresql.MergeFromString(_CLUSTER + bytes([len(text)]) + text)
    profile.rest_only["postgresql"] = {"alloydbClusterId": cluster}
