"""The sandbox as a whole: gRPC on one port, REST and control on the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent import futures
from types import TracebackType

import grpc

from sandbox.dms import seed as seeds
from sandbox.dms.api import Api
from sandbox.dms.calls import CallLog, Door
from sandbox.dms.clock import ScaledClock
from sandbox.dms.control import DmsControl
from sandbox.dms.control_service import ControlService
from sandbox.dms.faults import Faults
from sandbox.dms.grpc_monitoring import Monitoring
from sandbox.dms.grpc_service import GrpcService, handlers
from sandbox.dms.http_server import HttpServer
from sandbox.dms.rest_service import RestService
from sandbox.dms.world import World

_TRIES = 50
_WORKERS = 64


class DmsServer:
    """A local Database Migration Service. Use it as a context manager, or call `start` and `stop`.

    It serves `project` and `more_projects` (with their locations); `control.add_project` adds further ones.
    With `port=0`, it takes two free neighbouring ports; `grpc_host` and `rest_host` are `host:port`. Raises
    OSError if the ports are in use, KeyError for an unknown seed.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        project: str = "demo-project",
        more_projects: Mapping[str, Sequence[str]] | None = None,
        seed: str = "empty",
        clock_factor: float = 60.0,
        operation_seconds: float = 5.0,
    ) -> None:
        self.project = project
        self._host = host
        self._asked_port = port
        self._faults = Faults()
        log = CallLog()
        self._world = World(project, ScaledClock(clock_factor), operation_seconds, more_projects)
        self._door = Door(log, self._faults, self._world.conditions)
        seeds.plant(self._world, seed)
        api = Api(self._world)
        self._methods = [*GrpcService(api).methods(), *Monitoring(self._world).methods()]
        self._rest = RestService(api)
        self._control_service = ControlService(self._world, log, self._faults)
        self._grpc: grpc.Server | None = None
        self._http: HttpServer | None = None
        self._control: DmsControl | None = None
        self.port = port

    @property
    def grpc_host(self) -> str:
        return f"{self._host}:{self.port}"

    @property
    def rest_host(self) -> str:
        return f"{self._host}:{self.port + 1}"

    @property
    def control(self) -> DmsControl:
        if self._control is None:
            raise RuntimeError("the sandbox has not been started")
        return self._control

    def start(self) -> DmsServer:
        if self._asked_port:
            self._listen(self._asked_port)
        else:
            self._listen_anywhere()
        self._control = DmsControl(f"http://{self.rest_host}")
        return self

    def stop(self) -> None:
        self._faults.clear()
        self._world.conditions.clear()
        if self._control is not None:
            self._control.close()
        if self._http is not None:
            self._http.stop()
        if self._grpc is not None:
            self._grpc.stop(0).wait(5)

    def wait(self) -> None:
        """Block until the gRPC server stops."""
        if self._grpc is not None:
            self._grpc.wait_for_termination()

    def __enter__(self) -> DmsServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listen_anywhere(self) -> None:
        # The system cannot reserve two neighbouring ports at once, so try until both are free.
        for attempt in range(_TRIES):
            try:
                self._listen(0)
                return
            except OSError:
                if attempt == _TRIES - 1:
                    raise

    def _listen(self, port: int) -> None:
        server = grpc.server(
            futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="dms-grpc"),
            handlers=handlers(self._methods, self._door),
            options=[("grpc.so_reuseport", 0), ("grpc.max_send_message_length", -1)],
        )
        try:
            taken = server.add_insecure_port(f"{self._host}:{port}")
        except RuntimeError as error:
            raise OSError(f"port {port} is taken") from error
        try:
            self._http = HttpServer(self._host, taken + 1, self._rest, self._control_service, self._door)
        except (OSError, OverflowError) as error:
            server.stop(0)
            raise OSError(f"port {taken + 1} is taken") from error
        self._grpc, self.port = server, taken
        server.start()
        self._http.start()
