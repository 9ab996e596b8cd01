"""Google's own client, as its documentation shows it, on a connection to the local DMS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.cloud.clouddms_v1 import DataMigrationServiceClient
from google.cloud.clouddms_v1.services.data_migration_service.transports import (
    DataMigrationServiceGrpcTransport,
)

from benchmarks.env import PROJECT
from bot.config.projects import Place

PAGE = 1000


class RawClient:
    """The calls that the bot makes, and nothing around them."""

    def __init__(self, client: DataMigrationServiceClient) -> None:
        self._client = client

    def jobs(self, location: str) -> int:
        """List a location's jobs, page by page; how many there are."""
        return self.jobs_of(Place(PROJECT, location))

    def jobs_of(self, place: Place) -> int:
        """The same for a location of any project."""
        pager = self._client.list_migration_jobs(request={"parent": place.parent, "page_size": PAGE})
        return sum(len(page.migration_jobs) for page in pager.pages)

    def profiles(self, location: str) -> int:
        """List a location's connection profiles, page by page; how many there are."""
        parent = f"projects/{PROJECT}/locations/{location}"
        pager = self._client.list_connection_profiles(request={"parent": parent, "page_size": PAGE})
        return sum(len(page.connection_profiles) for page in pager.pages)


@contextmanager
def raw_client(host: str) -> Iterator[RawClient]:
    with grpc.insecure_channel(host, options=[("grpc.max_receive_message_length", -1)]) as channel:
        yield RawClient(
            DataMigrationServiceClient(transport=DataMigrationServiceGrpcTransport(channel=channel))
        )
