"""A scripted far end over real sockets: each gRPC method and each REST path is a function.

It says exactly what a test tells it to say, also what no well-behaved server would: numbers that no
enum knows, answers that never come, connections that break in mid-air.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
from google.cloud.clouddms_v1.types import clouddms
from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.cloud.monitoring_v3.types import metric_service
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2

DMS = "/google.cloud.clouddms.v1.DataMigrationService/"

REQUESTS: dict[str, Any] = {
    f"{DMS}{name}": getattr(clouddms, f"{name}Request").pb()
    for name in (
        "ListMigrationJobs",
        "GetMigrationJob",
        "StartMigrationJob",
        "StopMigrationJob",
        "ResumeMigrationJob",
        "RestartMigrationJob",
        "PromoteMigrationJob",
        "VerifyMigrationJob",
        "DeleteMigrationJob",
        "UpdateMigrationJob",
        "ListConnectionProfiles",
    )
}
REQUESTS["/google.longrunning.Operations/GetOperation"] = operations_pb2.GetOperationRequest
REQUESTS["/google.longrunning.Operations/CancelOperation"] = operations_pb2.CancelOperationRequest
REQUESTS["/google.longrunning.Operations/ListOperations"] = operations_pb2.ListOperationsRequest
REQUESTS["/google.iam.v1.IAMPolicy/TestIamPermissions"] = iam_policy_pb2.TestIamPermissionsRequest
REQUESTS["/google.monitoring.v3.MetricService/ListTimeSeries"] = metric_service.ListTimeSeriesRequest.pb()

JobPb = resources.MigrationJob.pb()
ProfilePb = resources.ConnectionProfile.pb()
JobsPb = clouddms.ListMigrationJobsResponse.pb()
ProfilesPb = clouddms.ListConnectionProfilesResponse.pb()
MetadataPb = clouddms.OperationMetadata.pb()

Answer = Callable[[Any, grpc.ServicerContext], Any]


@dataclass
class RestRequest:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    drop: Callable[[], None]
    """Break the connection instead of answering."""
    peer: tuple[str, int]
    """The address that the connection came from: another port is another connection."""


RestAnswer = Callable[[RestRequest], tuple[int, Any]]


@dataclass
class FakeService:
    host: str
    rest_host: str
    grpc: dict[str, Answer] = field(default_factory=dict)
    rest: dict[str, RestAnswer] = field(default_factory=dict)
    """By `METHOD path`, the path below `/v1/`."""
    grpc_calls: list[tuple[str, Any]] = field(default_factory=list)
    rest_calls: list[RestRequest] = field(default_factory=list)

    def on(self, method: str, answer: Answer) -> None:
        full = next(each for each in REQUESTS if each.endswith(f"/{method}"))
        self.grpc[full] = answer

    def asked(self, method: str) -> list[Any]:
        return [request for name, request in self.grpc_calls if name.endswith(f"/{method}")]


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    def __init__(self, far: FakeService) -> None:
        self._far = far

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        request = REQUESTS.get(details.method)
        if request is None:
            return None

        def answer(message: Any, context: grpc.ServicerContext) -> Any:
            self._far.grpc_calls.append((details.method, message))
            scripted = self._far.grpc.get(details.method)
            if scripted is None:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, "not in the script")
            assert scripted is not None
            return scripted(message, context)

        return grpc.unary_unary_rpc_method_handler(
            answer, request.FromString, lambda reply: reply.SerializeToString()
        )


def _handler(far: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            url = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = RestRequest(
                self.command,
                url.path.removeprefix("/v1/"),
                {key: values[0] for key, values in parse_qs(url.query).items()},
                json.loads(raw) if raw else None,
                self._drop,
                self.client_address,
            )
            far.rest_calls.append(request)
            scripted = far.rest.get(f"{request.method} {request.path}")
            status, body = (
                scripted(request) if scripted else (404, {"error": {"message": "not in the script"}})
            )
            if status:
                self._answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _any

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _drop(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, format: str, *args: Any) -> None:
            return None

    return Handler


@contextmanager
def fake_service() -> Iterator[FakeService]:
    far = FakeService("", "")
    server = grpc.server(ThreadPoolExecutor(8), handlers=[_Handlers(far)])
    far.host = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    rest = ThreadingHTTPServer(("127.0.0.1", 0), _handler(far))
    rest.daemon_threads = True
    far.rest_host = f"127.0.0.1:{rest.server_address[1]}"
    thread = threading.Thread(target=rest.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    server.start()
    thread.start()
    try:
        yield far
    finally:
        server.stop(None).wait(60)
        rest.shutdown()
        rest.server_close()
        thread.join(60)
