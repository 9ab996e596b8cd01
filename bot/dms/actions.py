"""The calls that change a job: a part of `bot.dms.gateway`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.dms import convert
from bot.dms.calls import Calls
from bot.dms.grpc_client import GrpcClient
from bot.dms.model import Job, Operation, Options, short_name
from bot.dms.rest import RestClient


class Actions:
    """Implements the calls of `bot.dms.port.Dms` that change a job. None is repeated without a request ID."""

    def __init__(self, calls: Calls, client: GrpcClient, rest: RestClient) -> None:
        self._calls = calls
        self._client = client
        self._rest = rest

    def start(self, job: Job, *, skip_validation: bool = False) -> Operation:
        return self._act(
            "StartMigrationJob", f"start {job.id}", lambda t: self._client.start(job.name, skip_validation, t)
        )

    def stop(self, job: Job) -> Operation:
        return self._act("StopMigrationJob", f"stop {job.id}", lambda t: self._client.stop(job.name, t))

    def resume(self, job: Job, *, skip_validation: bool = False) -> Operation:
        action_text = f"resume {job.id}"
        if skip_validation:
            body = self._calls.write(
                "migrationJobs.resume", action_text, lambda t: self._rest.resume_unvalidated(job.name, t)
            )
            return convert.operation_from_json(body)
        return self._act("ResumeMigrationJob", action_text, lambda t: self._client.resume(job.name, t))

    def restart(
        self,
        job: Job,
        *,
        databases: Sequence[str] = (),
        failed_only: bool = False,
        skip_validation: bool = False,
    ) -> Operation:
        if databases or failed_only:
            body = self._calls.write(
                "migrationJobs.restart",
                f"restart databases of {job.id}",
                lambda t: self._rest.restart(job.name, databases, failed_only, skip_validation, t),
            )
            return convert.operation_from_json(body)
        return self._act(
            "RestartMigrationJob",
            f"restart {job.id}",
            lambda t: self._client.restart(job.name, skip_validation, t),
        )

    def promote(self, job: Job, *, databases: Sequence[str] = (), failback: bool = False) -> Operation:
        if databases or failback:
            what = f"promote {job.id} back to its source" if failback else f"promote databases of {job.id}"
            body = self._calls.write(
                "migrationJobs.promote",
                what,
                lambda t: self._rest.promote(job.name, databases, failback, t),
            )
            return convert.operation_from_json(body)
        return self._act(
            "PromoteMigrationJob", f"promote {job.id}", lambda t: self._client.promote(job.name, t)
        )

    def demote(self, job: Job) -> Operation:
        body = self._calls.write(
            "migrationJobs.demoteDestination",
            f"demote the destination of {job.id}",
            lambda t: self._rest.demote(job.name, t),
        )
        return convert.operation_from_json(body)

    def verify(self, job: Job, change: Options | None = None) -> Operation:
        if change is not None:
            body = self._calls.write(
                "migrationJobs.verify",
                f"verify {job.id} with other settings",
                lambda t: self._rest.verify_with(job, change, t),
            )
            return convert.operation_from_json(body)
        return self._act("VerifyMigrationJob", f"verify {job.id}", lambda t: self._client.verify(job.name, t))

    def delete(self, job: Job, *, request_id: str, force: bool) -> Operation:
        message = self._calls.write_with_id(
            "DeleteMigrationJob",
            f"delete {job.id}",
            lambda t: self._client.delete(job.name, request_id, force, t),
        )
        return convert.operation(message)

    def update(self, job: Job, change: Options, *, request_id: str) -> Operation:
        action_text = f"save the settings of {job.id}"
        if change.objects is not None or not change.fields.empty:
            body = self._calls.write_with_id(
                "migrationJobs.patch",
                action_text,
                lambda t: self._rest.patch(job, change, request_id, t),
            )
            return convert.operation_from_json(body)
        if not change.parallelism:
            raise ValueError("an update needs something that changes")
        message = self._calls.write_with_id(
            "UpdateMigrationJob",
            action_text,
            lambda t: self._client.set_parallelism(job.name, change.parallelism, request_id, t),
        )
        return convert.operation(message)

    def _act(self, method: str, action_text: str, call: Callable[[float], Any]) -> Operation:
        return convert.operation(self._calls.write(method, action_text, call))

    def cancel(self, job: Job, operation: str) -> Operation:
        self._calls.write(
            "CancelOperation",
            f"cancel {short_name(operation)} of {job.id}",
            lambda t: self._client.cancel(operation, t),
        )
        return Operation(operation, target=job.name, cancelling=True)
