"""All projects of a bot as one service: every call goes to the gateway of its project.

Google's clients take longer to load than all else. So this module imports none of them: `load` does, once the
bot has a connection to Slack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.config.projects import Place, Projects
from bot.dms.errors import Refused, Unavailable
from bot.dms.location_jobs import LocationJobs, merged, raise_if_all_refused
from bot.dms.missing import MissingLocation, called_by_project
from bot.dms.model import JobList
from bot.dms.reachability import JOBS, Reachability
from bot.dms.resource_names import project_of, unserved_reason
from bot.dms.routed import RoutedActions, RoutedReads
from bot.util.loading import loading

if TYPE_CHECKING:
    from bot.dms.gateway import Gateway

_MAX_THREADS = 64


class ProjectGateways(RoutedReads, RoutedActions):
    """Implements `bot.dms.port.Dms` over the gateways of all projects; thread-safe.

    The gateways note in the same `reachability` what answers. A call that comes before the end of `load`
    waits for it. A project that is not served gets no call, however few are, and neither does a location:
    open requests and old buttons may be about one that was taken out of the settings.
    """

    def __init__(
        self, projects: Projects, reachability: Reachability, make: Callable[[], Sequence[Gateway]]
    ) -> None:
        """`make` makes one gateway for each project, in the order of `projects`."""
        self.projects = projects
        self.reachability = reachability
        self._make = make
        self._gateways: Future[Mapping[str, Gateway]] = Future()
        threads = min(_MAX_THREADS, len(projects.places))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="projects")

    @classmethod
    def over(cls, gateway: Gateway) -> ProjectGateways:
        """One project."""
        made = cls(gateway.projects, gateway.reachability, lambda: (gateway,))
        made.load()
        return made

    @classmethod
    def open(
        cls,
        projects: Projects,
        emulator_host: str | None = None,
        emulator_rest_host: str | None = None,
        *,
        deadline_s: float,
        write_deadline_s: float,
        observe: Callable[[str, str, str, float], None] | None = None,
        now: bool = True,
    ) -> ProjectGateways:
        """A gateway for each project, with connections and credentials of its own; see `Gateway`.

        `observe` gets the project's ID before what `bot.dms.calls.Observe` gets. Unless `now`, the caller has
        to `load` them.

        Raises:
            Denied: as `load`.
        """
        reachability = Reachability()

        def make() -> list[Gateway]:
            from bot.dms.gateway import Gateway  # loads Google's clients

            return [
                Gateway(
                    each.id,
                    each.locations,
                    emulator_host,
                    emulator_rest_host,
                    deadline_s=deadline_s,
                    write_deadline_s=write_deadline_s,
                    observe=partial(observe, each.id) if observe else None,
                    impersonate=each.impersonate,
                    reachability=reachability,
                    called=projects.called,
                )
                for each in projects
            ]

        made = cls(projects, reachability, make)
        if now:
            made.load()
        return made

    def load(self) -> bool:
        """Load Google's clients and make the gateways; False if they have been closed meanwhile.

        Raises:
            Denied: there are no Google credentials at all. Calls that wait raise it, too.
        """
        try:
            with loading():
                made = self._make()
        except BaseException as error:
            with suppress(InvalidStateError):
                self._gateways.set_exception(error)
            raise
        try:
            self._gateways.set_result({each.id: it for each, it in zip(self.projects, made, strict=True)})
        except InvalidStateError:
            for gateway in made:
                gateway.close()
            return False
        return True

    def wait(self) -> None:
        """Return at the end of `load`, whatever has come of it."""
        with suppress(CancelledError):
            self._gateways.exception()

    def loading_fault(self) -> str:
        """Why no call can be made yet; empty once it can."""
        return "" if self._gateways.done() else "the clients of Google are being loaded"

    def of(self, name: str) -> Gateway:
        """The gateway of a resource name, `projects/PROJECT/…`, or of a project by its ID.

        Raises:
            Refused: its project is not served, or its location of the project.
        """
        reason = unserved_reason(name, self.projects)
        if reason:
            raise Refused(reason, code="INVALID_ARGUMENT")
        return self._loaded()[project_of(name) or name]

    def _loaded(self) -> Mapping[str, Gateway]:
        try:
            return self._gateways.result()
        except CancelledError as error:
            raise _stopping() from error

    def missing(self) -> tuple[MissingLocation, ...]:
        """The places whose jobs could not be listed when they were last asked for."""
        return called_by_project(self.reachability.missing(JOBS), self.projects)

    # Jobs

    def list_jobs(self, place: Place | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        if place is not None or not self.projects.several:
            gateway = self.of(place.project if place else self.projects.all[0].id)
            found = gateway.list_jobs(place, filter, durations=durations)
            return self._called(found)
        return self._everywhere(
            lambda gateway, each: gateway.jobs.in_place(each, filter, durations=durations)
        )

    def find(self, job_id: str, *, thorough: bool = True) -> JobList:
        if not self.projects.several:
            return self.of(self.projects.all[0].id).find(job_id, thorough=thorough)
        return self._everywhere(lambda gateway, each: gateway.jobs.find_in(each, job_id))

    def _everywhere(self, read: Callable[[Gateway, Place], LocationJobs]) -> JobList:
        """The answers of all places of all projects, read side by side."""
        reads = [partial(read, self.of(each.project), each) for each in self.projects.places]
        try:
            futures: list[Future[LocationJobs]] = [self._pool.submit(each) for each in reads]
        except RuntimeError as error:
            raise _stopping() from error
        parts = [each.result() for each in futures]
        raise_if_all_refused(parts)
        return self._called(merged(parts))

    def _called(self, found: JobList) -> JobList:
        return replace(found, missing=called_by_project(found.missing, self.projects))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._gateways.cancel() or self._gateways.exception() is not None:
            return
        for each in self._gateways.result().values():
            each.close()


def _stopping() -> Unavailable:
    return Unavailable("The connection to DMS has been closed, as the bot is stopping.", code="UNAVAILABLE")
