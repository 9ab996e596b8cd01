"""The gRPC API: jobs, operations, connection profiles and permissions.

Each method makes one RPC with the deadline `timeout` (seconds) and without retries, and raises what the
client library raises. It returns raw protobuf messages, not their proto-plus wrappers. Source: service
`google.cloud.clouddms.v1.DataMigrationService` and its operations and IAM mixins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import grpc
from google.api_core import gapic_v1
from google.cloud.clouddms_v1.services.data_migration_service import DataMigrationServiceClient
from google.cloud.clouddms_v1.services.data_migration_service.transports import (
    DataMigrationServiceGrpcTransport,
)
from google.cloud.clouddms_v1.services.data_migration_service.transports.base import DEFAULT_CLIENT_INFO
from google.cloud.clouddms_v1.types import clouddms
from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2
from google.protobuf import field_mask_pb2

from bot.dms.model import Vm

PAGE = 1000
"""The largest page size of the service."""

_LIST_JOBS = "/google.cloud.clouddms.v1.DataMigrationService/ListMigrationJobs"


def job_message(raw: bytes) -> Any:
    """Parse a `MigrationJob` message.

    Raises:
        google.protobuf.message.DecodeError: the bytes are not one.
    """
    return resources.MigrationJob.pb().FromString(raw)


class GrpcClient:
    """One method per RPC, on one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._client = DataMigrationServiceClient(
            transport=DataMigrationServiceGrpcTransport(channel=channel)
        )
        self._list_jobs = _raw_method(channel, _LIST_JOBS, clouddms.ListMigrationJobsRequest.serialize)

    def jobs_page(self, parent: str, filter: str, token: str, timeout: float) -> bytes:
        """`ListMigrationJobs`: up to 1,000 jobs, as the bytes of a `ListMigrationJobsResponse`.

        Not parsed, because `list_cache` skips pages that have not changed.
        """
        request = clouddms.ListMigrationJobsRequest(
            parent=parent, page_size=PAGE, filter=filter, page_token=token
        )
        metadata = (_routing_header("parent", parent),)
        return self._list_jobs(request, timeout=timeout, metadata=metadata)

    def job(self, name: str, timeout: float) -> Any:
        """`GetMigrationJob`."""
        request = clouddms.GetMigrationJobRequest(name=name)
        return _raw(self._client.get_migration_job(request, retry=None, timeout=timeout))

    def start(self, name: str, skip_validation: bool, timeout: float) -> Any:
        """`StartMigrationJob`: a raw `Operation`."""
        request = clouddms.StartMigrationJobRequest(name=name, skip_validation=skip_validation)
        return self._client.start_migration_job(request, retry=None, timeout=timeout).operation

    def stop(self, name: str, timeout: float) -> Any:
        """`StopMigrationJob`."""
        request = clouddms.StopMigrationJobRequest(name=name)
        return self._client.stop_migration_job(request, retry=None, timeout=timeout).operation

    def resume(self, name: str, timeout: float) -> Any:
        """`ResumeMigrationJob`; over gRPC it has no `skip_validation`."""
        request = clouddms.ResumeMigrationJobRequest(name=name)
        return self._client.resume_migration_job(request, retry=None, timeout=timeout).operation

    def restart(self, name: str, skip_validation: bool, timeout: float) -> Any:
        """`RestartMigrationJob`, the whole job."""
        request = clouddms.RestartMigrationJobRequest(name=name, skip_validation=skip_validation)
        return self._client.restart_migration_job(request, retry=None, timeout=timeout).operation

    def promote(self, name: str, timeout: float) -> Any:
        """`PromoteMigrationJob`, the whole job."""
        request = clouddms.PromoteMigrationJobRequest(name=name)
        return self._client.promote_migration_job(request, retry=None, timeout=timeout).operation

    def verify(self, name: str, timeout: float) -> Any:
        """`VerifyMigrationJob`."""
        request = clouddms.VerifyMigrationJobRequest(name=name)
        return self._client.verify_migration_job(request, retry=None, timeout=timeout).operation

    def delete(self, name: str, request_id: str, force: bool, timeout: float) -> Any:
        """`DeleteMigrationJob`; `force` deletes the destination, too."""
        request = clouddms.DeleteMigrationJobRequest(name=name, request_id=request_id, force=force)
        return self._client.delete_migration_job(request, retry=None, timeout=timeout).operation

    def set_parallelism(self, name: str, level: str, request_id: str, timeout: float) -> Any:
        """`UpdateMigrationJob` with only `performance_config.dump_parallel_level` in its mask."""
        config = resources.MigrationJob.PerformanceConfig(dump_parallel_level=level)
        request = clouddms.UpdateMigrationJobRequest(
            migration_job=resources.MigrationJob(name=name, performance_config=config),
            update_mask=field_mask_pb2.FieldMask(paths=["performance_config.dump_parallel_level"]),
            request_id=request_id,
        )
        return self._client.update_migration_job(request, retry=None, timeout=timeout).operation

    def ssh_script(self, name: str, vm: Vm, timeout: float) -> str:
        """`GenerateSshScript`: the script's text."""
        request = clouddms.GenerateSshScriptRequest(migration_job=name, vm=vm.name, vm_port=vm.port)
        if vm.machine_type:
            request.vm_creation_config = clouddms.VmCreationConfig(
                vm_machine_type=vm.machine_type, vm_zone=vm.zone, subnet=vm.subnet
            )
        else:
            request.vm_selection_config = clouddms.VmSelectionConfig(vm_zone=vm.zone)
        return str(self._client.generate_ssh_script(request, retry=None, timeout=timeout).script)

    def tcp_proxy_script(self, name: str, vm: Vm, timeout: float) -> str:
        """`GenerateTcpProxyScript`: the script's text."""
        request = clouddms.GenerateTcpProxyScriptRequest(
            migration_job=name,
            vm_name=vm.name,
            vm_machine_type=vm.machine_type,
            vm_zone=vm.zone,
            vm_subnet=vm.subnet,
        )
        return str(self._client.generate_tcp_proxy_script(request, retry=None, timeout=timeout).script)

    def operation(self, name: str, timeout: float) -> Any:
        """`google.longrunning.Operations.GetOperation`."""
        request = operations_pb2.GetOperationRequest(name=name)
        return self._client.get_operation(request, retry=None, timeout=timeout)

    def cancel(self, name: str, timeout: float) -> None:
        """`google.longrunning.Operations.CancelOperation`."""
        request = operations_pb2.CancelOperationRequest(name=name)
        self._client.cancel_operation(request, retry=None, timeout=timeout)

    def operations_page(self, parent: str, token: str, timeout: float) -> Any:
        """`google.longrunning.Operations.ListOperations`: one raw `ListOperationsResponse`."""
        request = operations_pb2.ListOperationsRequest(name=parent, page_size=PAGE, page_token=token)
        return self._client.list_operations(request, retry=None, timeout=timeout)

    def profiles_page(self, parent: str, token: str, timeout: float) -> Any:
        """`ListConnectionProfiles`: one raw `ListConnectionProfilesResponse`."""
        request = clouddms.ListConnectionProfilesRequest(parent=parent, page_size=PAGE, page_token=token)
        pager = self._client.list_connection_profiles(request, retry=None, timeout=timeout)
        return _raw(next(iter(pager.pages)))

    def permissions(self, name: str, names: Sequence[str], timeout: float) -> frozenset[str]:
        """`google.iam.v1.IAMPolicy.TestIamPermissions`."""
        request = iam_policy_pb2.TestIamPermissionsRequest(resource=name, permissions=list(names))
        response = self._client.test_iam_permissions(request, retry=None, timeout=timeout)
        return frozenset(response.permissions)


def _raw_method(channel: Any, method: str, serialize: Callable[[Any], bytes]) -> Callable[..., bytes]:
    """The RPC with the library's headers and errors, but with the response as bytes."""
    call = channel.unary_unary(method, request_serializer=serialize)
    wrapped: Callable[..., bytes] = gapic_v1.method.wrap_method(call, client_info=DEFAULT_CLIENT_INFO)  # type: ignore[no-untyped-call]
    return wrapped


def _routing_header(key: str, value: str) -> tuple[str, str]:
    header: tuple[str, str] = gapic_v1.routing_header.to_grpc_metadata(((key, value),))  # type: ignore[no-untyped-call]
    return header


def _raw(message: Any) -> Any:
    return type(message).pb(message)
