"""Lists of jobs that people wait for, from all places side by side: a part of `shared_reads`."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import partial

from bot.config.projects import ALL_LOCATIONS, Place
from bot.dms import answer_deadline
from bot.dms.answer_deadline import Patience
from bot.dms.errors import DmsError, Refused
from bot.dms.flights import Flight, Flights
from bot.dms.location_jobs import LocationJobs, merged, of_several_projects, raise_if_all_refused
from bot.dms.many_projects import ProjectGateways
from bot.dms.missing import called_by_project
from bot.dms.model import JobList
from bot.dms.reachability import JOB, JOBS, Gate


class SharedLists:
    """Implements the lists of `bot.dms.port.Reads`; thread-safe."""

    def __init__(self, dms: ProjectGateways, flights: Flights, patience: Patience) -> None:
        self._dms = dms
        self._flights = flights
        self._patience = patience

    def list_jobs(self, place: Place | None = None, filter: str = "", *, durations: bool = True) -> JobList:
        places = (place,) if place else self._dms.projects.places
        begun = {each: self._begin_list(each, filter, durations=durations) for each in places}
        return self._answer(self._parts(begun))

    def find(self, job_id: str, *, thorough: bool = True) -> JobList:
        begun = {each: self._begin_find(each, job_id) for each in self._dms.projects.places}
        until = float("inf") if thorough else _soon_after_the_first(begun, job_id, self._patience.others_s)
        found = self._answer(self._parts(begun, until))
        return replace(found, jobs=tuple(job for job in found.jobs if job.id == job_id))

    def _begin_list(self, place: Place, filter: str, *, durations: bool) -> Flight[LocationJobs] | DmsError:
        jobs = self._dms.of(place.project).jobs
        work = partial(jobs.in_place, place, filter, durations=durations)
        return self._begin(Gate.of(JOBS, place), (filter, durations), work)

    def _begin_find(self, place: Place, job_id: str) -> Flight[LocationJobs] | DmsError:
        if place.location == ALL_LOCATIONS:  # the same list for whoever looks for any job
            return self._begin_list(place, "", durations=True)
        jobs = self._dms.of(place.project).jobs
        return self._begin(Gate.of(JOB, place), job_id, partial(jobs.find_in, place, job_id))

    def _begin(
        self, gate: Gate, key: Hashable, work: Callable[[], LocationJobs]
    ) -> Flight[LocationJobs] | DmsError:
        try:
            return self._flights.begin(gate, key, work, lambda part: part.error is None)
        except DmsError as error:
            return error

    def _parts(
        self, begun: Mapping[Place, Flight[LocationJobs] | DmsError], until: float = float("inf")
    ) -> list[LocationJobs]:
        return [_part(place, each, self._flights, until) for place, each in begun.items()]

    def _answer(self, parts: Sequence[LocationJobs]) -> JobList:
        """The parts as one answer, which names the places that are missing.

        Raises:
            DmsError: there is one error for all places: the filter is not valid, or all that one project has
                did not answer.
        """
        if of_several_projects(parts):
            raise_if_all_refused(parts)
        else:
            _raise_if_all_failed(parts)
        found = merged(parts)
        return replace(found, missing=called_by_project(found.missing, self._dms.projects))


def _part(
    place: Place, begun: Flight[LocationJobs] | DmsError, flights: Flights, until: float
) -> LocationJobs:
    """What the place answered; what went wrong is in the part."""
    try:
        if isinstance(begun, DmsError):
            raise begun
        return flights.result(begun, until)
    except DmsError as error:
        part = LocationJobs(place)
        part.fail(error)
        return part


def _soon_after_the_first(
    begun: Mapping[Place, Flight[LocationJobs] | DmsError], job_id: str, seconds: float
) -> float:
    """When to leave, by `time.monotonic`: `seconds` after one place has the job; infinite if none has."""
    flights = [each for each in begun.values() if not isinstance(each, DmsError)]
    pending: set[Future[LocationJobs]] = {each.future for each in flights}
    last = min(answer_deadline.until(), max((each.limit for each in flights), default=0.0))
    while pending and (left := last - time.monotonic()) > 0:
        done, pending = wait(pending, left, FIRST_COMPLETED)
        if any(_has_job(each, job_id) for each in done):
            return time.monotonic() + seconds
    return float("inf")


def _has_job(done: Future[LocationJobs], job_id: str) -> bool:
    answered = not done.cancelled() and done.exception() is None
    return answered and any(job.id == job_id for job in done.result().jobs)


def _raise_if_all_failed(parts: Sequence[LocationJobs]) -> None:
    """Of one project.

    Raises:
        DmsError: there is one error for all locations: the filter or the credentials are not valid, or `-`
            did not answer.
    """
    errors = [each.error for each in parts if each.error is not None]
    concern_all = [each for each in errors if isinstance(each, Refused) or each.code == "UNAUTHENTICATED"]
    if len(errors) == len(parts) and (concern_all or parts[0].place.location == ALL_LOCATIONS):
        raise (concern_all or errors)[0]
