"""The gRPC API: DataMigrationService, Operations, Locations and IAMPolicy, served from raw messages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import grpc
from google.cloud import clouddms_v1
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, json_format
from grpc_status import rpc_status

from sandbox.dms import views
from sandbox.dms.api import Api
from sandbox.dms.calls import Door
from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.faults import Disconnected

_LOG = logging.getLogger(__name__)
_DMS = "google.cloud.clouddms.v1.DataMigrationService"
_VERBS = ("Start", "Stop", "Resume", "Restart", "Promote")


def _raw(name: str) -> Any:
    wrapper = getattr(clouddms_v1, name)
    return type(wrapper.pb(wrapper()))


@dataclass(frozen=True)
class Method:
    """A unary call: its request type and its handler (bytes are sent unchanged)."""

    service: str
    name: str
    request: Any
    answer: Callable[[Any, grpc.ServicerContext], Any]


class GrpcService:
    """The calls of the four services on top of the API."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._world = api.world

    def methods(self) -> list[Method]:
        found = [
            Method(_DMS, "ListMigrationJobs", _raw("ListMigrationJobsRequest"), self._list_jobs),
            Method(_DMS, "GetMigrationJob", _raw("GetMigrationJobRequest"), self._get_job),
            Method(_DMS, "CreateMigrationJob", _raw("CreateMigrationJobRequest"), self._create_job),
            Method(_DMS, "UpdateMigrationJob", _raw("UpdateMigrationJobRequest"), self._update_job),
            Method(_DMS, "DeleteMigrationJob", _raw("DeleteMigrationJobRequest"), self._delete_job),
            Method(_DMS, "VerifyMigrationJob", _raw("VerifyMigrationJobRequest"), self._verify_job),
            Method(_DMS, "GenerateSshScript", _raw("GenerateSshScriptRequest"), self._ssh_script),
            Method(
                _DMS, "GenerateTcpProxyScript", _raw("GenerateTcpProxyScriptRequest"), self._tcp_proxy_script
            ),
            Method(
                _DMS, "ListConnectionProfiles", _raw("ListConnectionProfilesRequest"), self._list_profiles
            ),
            Method(_DMS, "GetConnectionProfile", _raw("GetConnectionProfileRequest"), self._get_profile),
            Method(
                _DMS, "CreateConnectionProfile", _raw("CreateConnectionProfileRequest"), self._create_profile
            ),
            Method(
                _DMS, "DeleteConnectionProfile", _raw("DeleteConnectionProfileRequest"), self._delete_profile
            ),
        ]
        for verb in _VERBS:
            name = f"{verb}MigrationJob"
            found.append(Method(_DMS, name, _raw(f"{name}Request"), self._action(verb.lower())))
        return found + self._mixins()

    def _mixins(self) -> list[Method]:
        operations = "google.longrunning.Operations"
        locations = "google.cloud.location.Locations"
        ops, loc, iam = operations_pb2, locations_pb2, iam_policy_pb2
        return [
            Method(operations, "GetOperation", ops.GetOperationRequest, self._get_operation),
            Method(operations, "ListOperations", ops.ListOperationsRequest, self._list_operations),
            Method(operations, "CancelOperation", ops.CancelOperationRequest, self._cancel_operation),
            Method(operations, "DeleteOperation", ops.DeleteOperationRequest, self._delete_operation),
            Method(operations, "WaitOperation", ops.WaitOperationRequest, self._wait_operation),
            Method(locations, "ListLocations", loc.ListLocationsRequest, self._list_locations),
            Method(locations, "GetLocation", loc.GetLocationRequest, self._get_location),
            Method(
                "google.iam.v1.IAMPolicy",
                "TestIamPermissions",
                iam.TestIamPermissionsRequest,
                self._test_permissions,
            ),
        ]

    # Migration jobs

    def _list_jobs(self, request: Any, _: grpc.ServicerContext) -> bytes:
        world = self._world
        page = self._api.list_jobs(
            request.parent, request.page_size, request.page_token, request.filter, request.order_by
        )
        with world.lock:
            now = world.now()
            encoded = [views.job_bytes(world, job, now) for job in page.items]
        return views.list_bytes(encoded, page.next_token, page.unreachable)

    def _get_job(self, request: Any, _: grpc.ServicerContext) -> bytes:
        with self._world.lock:
            job = self._api.get_job(request.name)
            return views.job_bytes(self._world, job, self._world.now())

    def _create_job(self, request: Any, _: grpc.ServicerContext) -> Any:
        job = request.migration_job
        return self._operation(
            self._api.create_job(request.parent, request.migration_job_id, job, {}, request.request_id)
        )

    def _update_job(self, request: Any, _: grpc.ServicerContext) -> Any:
        paths = _paths(request.update_mask)
        job = request.migration_job
        return self._operation(self._api.update_job(job.name, paths, job, {}, request.request_id))

    def _verify_job(self, request: Any, _: grpc.ServicerContext) -> Any:
        paths = _paths(request.update_mask)
        return self._operation(self._api.verify_job(request.name, paths, request.migration_job, {}))

    def _ssh_script(self, request: Any, _: grpc.ServicerContext) -> Any:
        script = self._api.ssh_script(request.migration_job, json_format.MessageToDict(request))
        return _raw("SshScript")(script=script)

    def _tcp_proxy_script(self, request: Any, _: grpc.ServicerContext) -> Any:
        script = self._api.tcp_proxy_script(request.migration_job, json_format.MessageToDict(request))
        return _raw("TcpProxyScript")(script=script)

    def _delete_job(self, request: Any, _: grpc.ServicerContext) -> Any:
        return self._operation(self._api.delete_job(request.name, request.request_id, request.force))

    def _action(self, verb: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        return lambda request, _: self._operation(self._api.act(verb, request.name))

    # Connection profiles

    def _list_profiles(self, request: Any, _: grpc.ServicerContext) -> Any:
        page = self._api.list_profiles(
            request.parent, request.page_size, request.page_token, request.filter, request.order_by
        )
        return _raw("ListConnectionProfilesResponse")(
            connection_profiles=[p.pb for p in page.items],
            next_page_token=page.next_token,
            unreachable=page.unreachable,
        )

    def _get_profile(self, request: Any, _: grpc.ServicerContext) -> Any:
        return self._api.get_profile(request.name).pb

    def _create_profile(self, request: Any, _: grpc.ServicerContext) -> Any:
        profile = request.connection_profile
        return self._operation(
            self._api.create_profile(
                request.parent, request.connection_profile_id, profile, {}, request.request_id
            )
        )

    def _delete_profile(self, request: Any, _: grpc.ServicerContext) -> Any:
        return self._operation(self._api.delete_profile(request.name, request.request_id, request.force))

    # Operations, locations, permissions

    def _operation(self, operation: Any) -> Any:
        with self._world.lock:
            return views.operation_pb(self._world, operation)

    def _get_operation(self, request: Any, _: grpc.ServicerContext) -> Any:
        return self._operation(self._api.get_operation(request.name))

    def _list_operations(self, request: Any, _: grpc.ServicerContext) -> Any:
        parent = request.name.removesuffix("/operations")
        page = self._api.list_operations(parent, request.page_size, request.page_token, request.filter)
        return operations_pb2.ListOperationsResponse(
            operations=[self._operation(o) for o in page.items], next_page_token=page.next_token
        )

    def _cancel_operation(self, request: Any, _: grpc.ServicerContext) -> Any:
        self._api.cancel_operation(request.name)
        return empty_pb2.Empty()

    def _delete_operation(self, request: Any, _: grpc.ServicerContext) -> Any:
        self._api.delete_operation(request.name)
        return empty_pb2.Empty()

    def _wait_operation(self, request: Any, context: grpc.ServicerContext) -> Any:
        seconds = request.timeout.ToTimedelta().total_seconds() if request.HasField("timeout") else 60.0
        return self._operation(self._api.wait_operation(request.name, seconds, context.is_active))

    def _list_locations(self, request: Any, _: grpc.ServicerContext) -> Any:
        page = self._api.list_locations(request.name, request.page_size, request.page_token, request.filter)
        found = [_location(each) for each in page.items]
        return locations_pb2.ListLocationsResponse(locations=found, next_page_token=page.next_token)

    def _get_location(self, request: Any, _: grpc.ServicerContext) -> Any:
        return _location(self._api.get_location(request.name))

    def _test_permissions(self, request: Any, _: grpc.ServicerContext) -> Any:
        granted = self._api.test_permissions(request.resource, request.permissions)
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=granted)


def _location(found: dict[str, Any]) -> Any:
    return json_format.ParseDict(found, locations_pb2.Location())


def _paths(mask: Any) -> list[str]:
    """The paths of a field mask; the generated client calls the field `type` `type_`."""
    return ["type" if path == "type_" else path for path in mask.paths]


def handlers(methods: list[Method], door: Door) -> list[grpc.GenericRpcHandler[Any, Any]]:
    """Generic handlers, one per service; all calls pass the gate."""
    by_service: dict[str, dict[str, grpc.RpcMethodHandler[Any, Any]]] = {}
    for method in methods:
        by_service.setdefault(method.service, {})[method.name] = grpc.unary_unary_rpc_method_handler(
            _guarded(method, door),
            request_deserializer=method.request.FromString,
            response_serializer=_serialize,
        )
    return [grpc.method_handlers_generic_handler(name, found) for name, found in by_service.items()]


def _serialize(message: Any) -> bytes:
    return message if isinstance(message, bytes) else bytes(message.SerializeToString())


def _guarded(method: Method, door: Door) -> Callable[[Any, grpc.ServicerContext], Any]:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        as_dict = json_format.MessageToDict(request, preserving_proto_field_name=True)
        try:
            _check_routing(request, context)
            return door.through(
                "grpc", method.name, as_dict, lambda: method.answer(request, context), context.is_active
            )
        except ApiError as error:
            context.abort_with_status(rpc_status.to_status(error.to_status()))
        except Disconnected:
            context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        except Exception:
            _LOG.exception("%s failed", method.name)
            context.abort(grpc.StatusCode.INTERNAL, "Internal error encountered.")

    return call


def _check_routing(request: Any, context: grpc.ServicerContext) -> None:
    """A routing header, if sent, must name the resource of the request, as at Google's front end."""
    header = dict(context.invocation_metadata()).get("x-goog-request-params", "")
    text = header.decode() if isinstance(header, bytes) else header
    for key, value in parse_qsl(text):
        target: Any = request
        for part in key.split("."):
            target = getattr(target, part, None)
        if target is not None and str(target) != value:
            raise invalid(f"The routing header's {key} '{value}' is not the request's '{target}'")
