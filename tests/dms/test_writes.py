"""What a write promises: sent once, or as often as its id allows; and never a wrong "nothing changed"."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from bot.dms.errors import Denied, DmsError, NotFound, Refused, Unavailable, Unclear
from bot.dms.gateway import Gateway
from bot.dms.model import FieldChange, Job, ObjectsConfig, Options
from tests.dms import discovery
from tests.dms.fake_service import Answer, FakeService, RestRequest
from tests.ports import closed_port

NAME = "projects/p/locations/l/migrationJobs/orders-db"
JOB = Job(name=NAME, create_time=datetime(2026, 1, 2, tzinfo=UTC), state="RUNNING", phase="CDC")
Act = Callable[[Gateway], Any]

ONCE: dict[str, tuple[str, Act]] = {
    "StartMigrationJob": ("start", lambda g: g.start(JOB)),
    "StopMigrationJob": ("stop", lambda g: g.stop(JOB)),
    "ResumeMigrationJob": ("resume", lambda g: g.resume(JOB)),
    "RestartMigrationJob": ("restart", lambda g: g.restart(JOB)),
    "PromoteMigrationJob": ("promote", lambda g: g.promote(JOB)),
    "VerifyMigrationJob": ("verify", lambda g: g.verify(JOB)),
}
WITH_ID: dict[str, Act] = {
    "DeleteMigrationJob": lambda g: g.delete(JOB, request_id="id-1", force=True),
    "UpdateMigrationJob": lambda g: g.update(JOB, Options(parallelism="MAX"), request_id="id-1"),
}
PARTS: dict[str, Act] = {
    f"{NAME}:restart": lambda g: g.restart(JOB, databases=("a", "b"), skip_validation=True),
    f"{NAME}:promote": lambda g: g.promote(JOB, databases=("a",)),
    f"{NAME}:demoteDestination": lambda g: g.demote(JOB),
    f"{NAME}:resume": lambda g: g.resume(JOB, skip_validation=True),
    f"{NAME}:verify": lambda g: g.verify(JOB, Options(parallelism="MAX")),
}


def failing(code: grpc.StatusCode, text: str = "because of this.") -> Callable[[Any, Any], Any]:
    def answer(_request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(code, text)

    return answer


def an_operation(name: str = "projects/p/locations/l/operations/op-1") -> operations_pb2.Operation:
    return operations_pb2.Operation(name=name)


CODES = {
    "INVALID_ARGUMENT": Refused,
    "FAILED_PRECONDITION": Refused,
    "OUT_OF_RANGE": Refused,
    "ALREADY_EXISTS": Refused,
    "ABORTED": Refused,
    "UNIMPLEMENTED": Refused,
    "NOT_FOUND": NotFound,
    "PERMISSION_DENIED": Denied,
    "UNAUTHENTICATED": Denied,
    "RESOURCE_EXHAUSTED": Unavailable,
    "UNAVAILABLE": Unclear,
    "DEADLINE_EXCEEDED": Unclear,
    "INTERNAL": Unclear,
    "UNKNOWN": Unclear,
    "CANCELLED": Unclear,
    "DATA_LOSS": Unclear,
}


@pytest.mark.parametrize("method", ONCE)
def test_an_answer_is_an_operation_and_one_call(
    gateway: Gateway, far: FakeService, seen: list[tuple[str, str]], method: str
) -> None:
    far.on(method, lambda request, context: an_operation())
    operation = ONCE[method][1](gateway)
    assert operation.name.endswith("/op-1")
    assert [each.name for each in far.asked(method)] == [NAME]
    assert seen == [(method, "OK")]


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_each_status_means_what_it_says_and_nothing_is_repeated(
    gateway: Gateway, far: FakeService, seen: list[tuple[str, str]], code: str, kind: type[DmsError]
) -> None:
    far.on("StopMigrationJob", failing(grpc.StatusCode[code]))
    with pytest.raises(DmsError) as caught:
        gateway.stop(JOB)
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert "because of this" in str(caught.value)
    assert "stop orders-db" in str(caught.value)
    assert ".." not in str(caught.value)
    assert len(far.asked("StopMigrationJob")) == 1
    assert seen == [("StopMigrationJob", code)]


@pytest.mark.parametrize("method", ONCE)
def test_no_write_without_an_id_is_ever_repeated(gateway: Gateway, far: FakeService, method: str) -> None:
    far.on(method, failing(grpc.StatusCode.UNAVAILABLE))
    with pytest.raises(Unclear):
        ONCE[method][1](gateway)
    assert len(far.asked(method)) == 1


OPERATION = "projects/p/locations/l/operations/op-7"


def test_a_cancel_names_the_operation_and_leaves_it_to_be_followed(
    gateway: Gateway, far: FakeService, seen: list[tuple[str, str]]
) -> None:
    far.on("CancelOperation", lambda request, context: empty_pb2.Empty())
    operation = gateway.cancel(JOB, OPERATION)
    assert (operation.name, operation.done, operation.cancelling) == (OPERATION, False, True)
    assert [each.name for each in far.asked("CancelOperation")] == [OPERATION]
    assert seen == [("CancelOperation", "OK")]


@pytest.mark.parametrize(("code", "kind"), [("UNAVAILABLE", Unclear), ("UNIMPLEMENTED", Refused)])
def test_a_cancel_is_never_repeated(
    gateway: Gateway, far: FakeService, code: str, kind: type[DmsError]
) -> None:
    far.on("CancelOperation", failing(grpc.StatusCode[code]))
    with pytest.raises(kind):
        gateway.cancel(JOB, OPERATION)
    assert len(far.asked("CancelOperation")) == 1


def test_an_answer_that_never_comes_is_unclear(hasty: Gateway, far: FakeService) -> None:
    enough = threading.Event()

    def silent(_request: Any, _context: Any) -> Any:
        enough.wait(20)
        return an_operation()

    far.on("StopMigrationJob", silent)
    with pytest.raises(Unclear) as caught:
        hasty.stop(JOB)
    enough.set()
    assert caught.value.code == "DEADLINE_EXCEEDED"
    assert "did not confirm" in str(caught.value)
    assert len(far.asked("StopMigrationJob")) == 1


def nowhere(port: int) -> Gateway:
    return Gateway("p", ("l",), f"127.0.0.1:{port}", f"127.0.0.1:{port}")


def test_nobody_listening_means_nothing_was_changed() -> None:
    with closed_port() as port, closing(nowhere(port)) as gateway:
        for act in (*(act for _, act in ONCE.values()), *PARTS.values(), *WITH_ID.values()):
            with pytest.raises(Unavailable) as caught:
                act(gateway)
            assert caught.value.code == "UNAVAILABLE"


def test_a_host_that_nobody_knows_means_nothing_was_changed() -> None:
    gateway = Gateway("p", ("l",), "nowhere.invalid:1", "nowhere.invalid:2")
    for act in (ONCE["StopMigrationJob"][1], *PARTS.values(), *WITH_ID.values()):
        with pytest.raises(Unavailable):
            act(gateway)
    gateway.close()


@pytest.mark.parametrize("act", [ONCE["StopMigrationJob"][1], PARTS[f"{NAME}:promote"]])
def test_a_closed_gateway_says_so(gateway: Gateway, act: Act) -> None:
    gateway.close()
    with pytest.raises(DmsError):
        gateway.stop(JOB)
    with pytest.raises(Unavailable, match="stopping"):
        gateway.stop(JOB)


@pytest.mark.parametrize(
    ("method", "act", "kind"),
    [
        ("StopMigrationJob", lambda gateway: gateway.stop(JOB), Unclear),
        ("GetMigrationJob", lambda gateway: gateway.get_job(JOB.name), Unavailable),
    ],
)
def test_closing_in_mid_call_ends_it(
    gateway: Gateway, far: FakeService, method: str, act: Callable[[Gateway], object], kind: type[DmsError]
) -> None:
    arrived, enough = threading.Event(), threading.Event()

    def silent(_request: Any, _context: Any) -> Any:
        arrived.set()
        enough.wait(20)
        return an_operation()

    far.on(method, silent)
    caught: list[Exception] = []

    def call() -> None:
        try:
            act(gateway)
        except DmsError as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert arrived.wait(60)
    gateway.close()
    thread.join(60)
    enough.set()
    assert [type(each) for each in caught] == [kind]
    assert "as the bot is stopping" in str(caught[0])


class TestWithId:
    @pytest.mark.parametrize("method", WITH_ID)
    def test_repeats_with_the_same_id_until_it_is_answered(
        self, gateway: Gateway, far: FakeService, seen: list[tuple[str, str]], method: str
    ) -> None:
        answers: list[Answer] = [
            failing(grpc.StatusCode.UNAVAILABLE),
            lambda request, context: an_operation(),
        ]
        script = iter(answers)
        far.on(method, lambda request, context: next(script)(request, context))
        assert WITH_ID[method](gateway).name.endswith("op-1")
        assert [each.request_id for each in far.asked(method)] == ["id-1", "id-1"]
        assert seen == [(method, "UNAVAILABLE"), (method, "OK")]

    @pytest.mark.parametrize("method", WITH_ID)
    def test_gives_up_after_a_few(self, gateway: Gateway, far: FakeService, method: str) -> None:
        far.on(method, failing(grpc.StatusCode.UNAVAILABLE))
        with pytest.raises(Unclear):
            WITH_ID[method](gateway)
        assert 2 <= len(far.asked(method)) <= 3

    def test_a_refusal_at_once_is_a_refusal(self, gateway: Gateway, far: FakeService) -> None:
        far.on("DeleteMigrationJob", failing(grpc.StatusCode.FAILED_PRECONDITION))
        with pytest.raises(Refused):
            WITH_ID["DeleteMigrationJob"](gateway)
        assert len(far.asked("DeleteMigrationJob")) == 1

    def test_a_refusal_after_silence_proves_nothing(self, gateway: Gateway, far: FakeService) -> None:
        script = iter([failing(grpc.StatusCode.UNAVAILABLE), failing(grpc.StatusCode.NOT_FOUND, "gone")])
        far.on("DeleteMigrationJob", lambda request, context: next(script)(request, context))
        with pytest.raises(Unclear, match="gone") as caught:
            WITH_ID["DeleteMigrationJob"](gateway)
        assert caught.value.code == "NOT_FOUND"

    def test_delete_says_whether_the_destination_goes(self, gateway: Gateway, far: FakeService) -> None:
        far.on("DeleteMigrationJob", lambda request, context: an_operation())
        gateway.delete(JOB, request_id="id-1", force=True)
        gateway.delete(JOB, request_id="id-2", force=False)
        sent = [(each.request_id, each.force) for each in far.asked("DeleteMigrationJob")]
        assert sent == [("id-1", True), ("id-2", False)]

    def test_parallelism_alone_goes_over_grpc_with_its_mask_and_nothing_else(
        self, gateway: Gateway, far: FakeService
    ) -> None:
        far.on("UpdateMigrationJob", lambda request, context: an_operation())
        gateway.update(JOB, Options(parallelism="MAX"), request_id="id-1")
        (request,) = far.asked("UpdateMigrationJob")
        assert list(request.update_mask.paths) == ["performance_config.dump_parallel_level"]
        assert request.migration_job.performance_config.dump_parallel_level == 3
        set_fields = {descriptor.name for descriptor, _value in request.migration_job.ListFields()}
        assert set_fields == {"name", "performance_config"}

    def test_an_update_of_nothing_is_a_mistake(self, gateway: Gateway) -> None:
        with pytest.raises(ValueError, match="update needs"):
            gateway.update(JOB, Options(), request_id="id-1")


def rest_operation(_request: RestRequest) -> tuple[int, Any]:
    return 200, {"name": "projects/p/locations/l/operations/op-1", "metadata": {"verb": "restart"}}


class TestRest:
    def test_restart_of_some_databases(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:restart"] = rest_operation
        operation = gateway.restart(JOB, databases=("a", "b"), skip_validation=True)
        assert operation.verb == "restart"
        (request,) = far.rest_calls
        discovery.check("RestartMigrationJobRequest", request.body)
        assert request.body["skipValidation"] is True
        chosen = request.body["objectsFilter"]["sourceObjectsConfig"]["objectConfigs"]
        assert [each["objectIdentifier"]["database"] for each in chosen] == ["a", "b"]

    def test_resume_without_validation(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:resume"] = rest_operation
        gateway.resume(JOB, skip_validation=True)
        discovery.check("ResumeMigrationJobRequest", far.rest_calls[0].body)
        assert far.rest_calls[0].body == {"skipValidation": True}

    def test_restart_of_what_failed(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:restart"] = rest_operation
        gateway.restart(JOB, failed_only=True)
        assert [each.body for each in far.rest_calls] == [{"restartFailedObjects": True}]

    def test_promote_of_some_databases(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:promote"] = rest_operation
        gateway.promote(JOB, databases=("a",))
        discovery.check("PromoteMigrationJobRequest", far.rest_calls[0].body)

    def test_promote_back_to_the_source(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:promote"] = rest_operation
        gateway.promote(JOB, failback=True)
        discovery.check("PromoteMigrationJobRequest", far.rest_calls[0].body)
        assert [each.body for each in far.rest_calls] == [{"failback": True}]

    def test_demote(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:demoteDestination"] = rest_operation
        gateway.demote(JOB)
        discovery.check("DemoteDestinationRequest", far.rest_calls[0].body)
        assert len(far.rest_calls) == 1

    @pytest.mark.parametrize("parallelism", ["", "MIN"])
    def test_patch(self, gateway: Gateway, far: FakeService, parallelism: str) -> None:
        far.rest[f"PATCH {NAME}"] = rest_operation
        change = Options(objects=ObjectsConfig(), parallelism=parallelism)
        gateway.update(JOB, change, request_id="id-1")
        (request,) = far.rest_calls
        discovery.check("MigrationJob", request.body)
        assert set(request.query) <= set(discovery.method("migrationJobs.patch")["parameters"])
        mask = "objectsConfig,performanceConfig.dumpParallelLevel" if parallelism else "objectsConfig"
        assert request.query == {"updateMask": mask, "requestId": "id-1"}

    def test_fields_alone_are_a_patch(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"PATCH {NAME}"] = rest_operation
        gateway.update(JOB, Options(fields=FieldChange(name="Orders")), request_id="id-1")
        (request,) = far.rest_calls
        assert request.body == {"name": NAME, "displayName": "Orders"}
        assert request.query == {"updateMask": "displayName", "requestId": "id-1"}

    def test_verify_of_a_change(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:verify"] = rest_operation
        gateway.verify(JOB, Options(parallelism="MAX", fields=FieldChange(dump_path="gs://b/o")))
        (request,) = far.rest_calls
        discovery.check("VerifyMigrationJobRequest", request.body)
        assert request.body == {
            "updateMask": "dumpPath,performanceConfig.dumpParallelLevel",
            "migrationJob": {
                "name": NAME,
                "dumpPath": "gs://b/o",
                "performanceConfig": {"dumpParallelLevel": "MAX"},
            },
        }

    @pytest.mark.parametrize(
        ("status", "error", "kind", "code"),
        [
            (400, {"status": "FAILED_PRECONDITION", "message": "why"}, Refused, "FAILED_PRECONDITION"),
            (400, {"message": "why"}, Refused, "INVALID_ARGUMENT"),
            (401, {"message": "why"}, Denied, "UNAUTHENTICATED"),
            (403, {"message": "why"}, Denied, "PERMISSION_DENIED"),
            (404, {"message": "why"}, NotFound, "NOT_FOUND"),
            (409, {"message": "why"}, Refused, "ABORTED"),
            (429, {"message": "why"}, Unavailable, "RESOURCE_EXHAUSTED"),
            (408, {"message": "why"}, Unclear, "DEADLINE_EXCEEDED"),
            (499, {"message": "why"}, Unclear, "CANCELLED"),
            (500, {"message": "why"}, Unclear, "INTERNAL"),
            (502, {"message": "why"}, Unclear, "UNAVAILABLE"),
            (503, {"message": "why"}, Unclear, "UNAVAILABLE"),
            (504, {"message": "why"}, Unclear, "DEADLINE_EXCEEDED"),
            (307, {"message": "why"}, Unclear, "UNKNOWN"),
        ],
    )
    @pytest.mark.parametrize("path", PARTS)
    def test_each_http_status_and_no_repeats(
        self,
        gateway: Gateway,
        far: FakeService,
        seen: list[tuple[str, str]],
        path: str,
        status: int,
        error: dict[str, Any],
        kind: type[DmsError],
        code: str,
    ) -> None:
        far.rest[f"POST {path}"] = lambda request: (status, {"error": error})
        with pytest.raises(DmsError, match="why") as caught:
            PARTS[path](gateway)
        assert (type(caught.value), caught.value.code) == (kind, code)
        assert len(far.rest_calls) == 1
        assert [each for _, each in seen] == [code]

    def test_an_error_page_that_is_no_json(self, gateway: Gateway, far: FakeService) -> None:
        far.rest[f"POST {NAME}:promote"] = lambda request: (502, b"<html>Bad Gateway</html>")
        with pytest.raises(Unclear, match="HTTP 502"):
            gateway.promote(JOB, databases=("a",))

    @pytest.mark.parametrize("body", [b"<html>", b"[1]", b""])
    def test_a_success_that_cannot_be_read_is_unclear(
        self, gateway: Gateway, far: FakeService, body: bytes
    ) -> None:
        far.rest[f"POST {NAME}:promote"] = lambda request: (200, body)
        with pytest.raises(Unclear):
            gateway.promote(JOB, databases=("a",))

    @pytest.mark.parametrize("path", PARTS)
    def test_a_connection_that_breaks_is_unclear(self, gateway: Gateway, far: FakeService, path: str) -> None:
        def drop(request: RestRequest) -> tuple[int, Any]:
            request.drop()
            return 0, None

        far.rest[f"POST {path}"] = drop
        with pytest.raises(Unclear) as caught:
            PARTS[path](gateway)
        assert caught.value.code == "UNAVAILABLE"
        assert len(far.rest_calls) == 1

    def test_a_slow_answer_is_unclear(self, hasty: Gateway, far: FakeService) -> None:
        enough = threading.Event()

        def silent(_request: RestRequest) -> tuple[int, Any]:
            enough.wait(20)
            return 0, None

        far.rest[f"POST {NAME}:promote"] = silent
        with pytest.raises(Unclear) as caught:
            hasty.promote(JOB, databases=("a",))
        enough.set()
        assert caught.value.code == "DEADLINE_EXCEEDED"
        assert len(far.rest_calls) == 1

    def test_a_broken_patch_is_repeated_with_its_id(self, gateway: Gateway, far: FakeService) -> None:
        def drop(request: RestRequest) -> tuple[int, Any]:
            request.drop()
            return 0, None

        script: list[Callable[[RestRequest], tuple[int, Any]]] = [
            drop,
            lambda request: (503, {}),
            rest_operation,
        ]
        far.rest[f"PATCH {NAME}"] = lambda request: script.pop(0)(request)
        assert gateway.update(JOB, Options(objects=ObjectsConfig()), request_id="id-1").verb == "restart"
        assert [each.query["requestId"] for each in far.rest_calls] == ["id-1"] * 3


def test_no_write_rides_on_a_connection_that_was_kept_open(gateway: Gateway, far: FakeService) -> None:
    """The far end may close it just as the request leaves, and then nobody knows what came of it."""
    far.rest[f"GET {NAME}"] = lambda request: (200, {"name": NAME})
    far.rest[f"POST {NAME}:promote"] = rest_operation
    gateway.objects_config(NAME)
    gateway.objects_config(NAME)
    gateway.promote(JOB, databases=("a",))
    gateway.promote(JOB, databases=("a",))
    first, second, third, fourth = (each.peer for each in far.rest_calls)
    assert first == second
    assert len({first, third, fourth}) == 3


def test_skip_validation_goes_along(gateway: Gateway, far: FakeService) -> None:
    for method, act in (
        ("StartMigrationJob", gateway.start),
        ("RestartMigrationJob", gateway.restart),
    ):
        far.on(method, lambda request, context: an_operation())
        act(JOB, skip_validation=True)
        act(JOB)
        assert [each.skip_validation for each in far.asked(method)] == [True, False]
