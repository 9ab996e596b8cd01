"""One running sandbox for a test module, emptied before each test, and the unchanged Google clients."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import clouddms_v1, monitoring_v3
from google.cloud.clouddms_v1.services.data_migration_service.transports import (
    DataMigrationServiceGrpcTransport,
)
from google.cloud.monitoring_v3.services.metric_service.transports import MetricServiceGrpcTransport

from sandbox.dms import DmsControl, DmsServer

from .schema_check import SchemaCheck

PARENT = "projects/demo-project/locations/europe-west1"


@dataclass(frozen=True)
class Rest:
    """REST through AuthorizedSession; every good answer is checked against the discovery document."""

    session: AuthorizedSession
    base: str
    schemas: SchemaCheck

    def raw(self, verb: str, path: str, **kwargs: Any) -> Any:
        return self.session.request(verb, f"{self.base}/v1/{path}", timeout=20, **kwargs)

    def call(self, verb: str, path: str, schema: str, **kwargs: Any) -> dict[str, Any]:
        response = self.raw(verb, path, **kwargs)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        self.schemas.check(schema, body)
        return body

    def refused(self, verb: str, path: str, **kwargs: Any) -> dict[str, Any]:
        response = self.raw(verb, path, **kwargs)
        error: dict[str, Any] = response.json()["error"]
        assert response.status_code == error["code"] >= 400
        return error


@pytest.fixture(scope="session")
def server() -> Iterator[DmsServer]:
    with DmsServer(seed="empty", clock_factor=1.0, operation_seconds=0.0) as running:
        yield running


@pytest.fixture
def control(server: DmsServer) -> Iterator[DmsControl]:
    server.control.reset("empty")
    server.control.clock(factor=1.0)
    server.control.clock(factor=1.0)
    yield server.control
    server.control.clear_faults()


@pytest.fixture(scope="session")
def channel(server: DmsServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc_host) as opened:
        yield opened


@pytest.fixture
def client(control: DmsControl, channel: grpc.Channel) -> clouddms_v1.DataMigrationServiceClient:
    return clouddms_v1.DataMigrationServiceClient(
        transport=DataMigrationServiceGrpcTransport(channel=channel)
    )


@pytest.fixture
def metrics(control: DmsControl, channel: grpc.Channel) -> monitoring_v3.MetricServiceClient:
    return monitoring_v3.MetricServiceClient(transport=MetricServiceGrpcTransport(channel=channel))


@pytest.fixture(scope="session")
def schemas() -> SchemaCheck:
    return SchemaCheck()


@pytest.fixture
def rest(control: DmsControl, server: DmsServer, schemas: SchemaCheck) -> Iterator[Rest]:
    session = AuthorizedSession(AnonymousCredentials())
    session.trust_env = False
    yield Rest(session, f"http://{server.rest_host}", schemas)
    session.close()
