"""The Google Cloud projects that one bot serves, and how people name them.

Source of `[[project]]`: `docs/projects.md`. Of resource names (`projects/…/locations/…`):
https://cloud.google.com/database-migration/docs/reference/rest/v1/projects.locations.migrationJobs
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

ALL_LOCATIONS = "-"
"""Means every location in a list call: `projects/PROJECT/locations/-`."""
PRODUCTION = "🏭"
"""Marks production wherever a project is named."""
_PRODUCTION = frozenset({"prod", "production", "live"})
_ENVIRONMENT_LABELS = ("env", "environment", "stage")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A location of a project: what one list call covers, and what can be away on its own."""

    project: str
    """The project's ID."""
    location: str
    """A region, or `-` for all of the project."""

    @property
    def parent(self) -> str:
        """The resource name that list calls take."""
        return f"projects/{self.project}/locations/{self.location}"


@dataclass(frozen=True, slots=True)
class Project:
    """One project as the settings describe it."""

    id: str
    alias: str = ""
    """How people name it; empty: by its ID."""
    locations: tuple[str, ...] = ()
    """Empty, or `-` alone: every location that the service offers."""
    notify_channel: str = ""
    """Empty: `DMS_NOTIFY_CHANNEL`."""
    approval_channel: str = ""
    """Empty: the one of the policy or of the settings."""
    impersonate: str = ""
    """E-mail address of the service account that calls are made as; empty: the bot's own credentials."""
    labels: tuple[tuple[str, str], ...] = ()
    production: bool | None = None
    """None: by its labels and its alias."""

    @property
    def shown(self) -> str:
        """The name for people."""
        return self.alias or self.id

    @property
    def is_production(self) -> bool:
        """Whether cards mark its jobs as production."""
        if self.production is not None:
            return self.production
        labelled = (value for key, value in self.labels if key in _ENVIRONMENT_LABELS)
        return self.alias in _PRODUCTION or any(each in _PRODUCTION for each in labelled)

    @property
    def places(self) -> tuple[Place, ...]:
        """What has to be listed to see all of its jobs."""
        return tuple(Place(self.id, each) for each in self.locations or (ALL_LOCATIONS,))

    def with_locations(self, default: tuple[str, ...]) -> Project:
        """This project with the locations to use where it names none; `-` is not kept."""
        locations = self.locations or default
        return replace(self, locations=() if locations == (ALL_LOCATIONS,) else locations)


@dataclass(frozen=True, slots=True)
class Projects:
    """All projects of a bot, in the order of the settings; never empty."""

    all: tuple[Project, ...]

    def __iter__(self) -> Iterator[Project]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def several(self) -> bool:
        """Whether a name has to say its project."""
        return len(self.all) > 1

    @property
    def places(self) -> tuple[Place, ...]:
        """The places of all projects."""
        return tuple(place for each in self.all for place in each.places)

    def get(self, project_id: str) -> Project | None:
        """The project with this ID; None if this bot does not serve it."""
        return next((each for each in self.all if each.id == project_id), None)

    def has(self, place: Place) -> bool:
        """Whether the bot serves the project, and this location of it."""
        found = self.get(place.project)
        return found is not None and (not found.locations or place.location in found.locations)

    def named(self, text: str) -> Project | None:
        """The project with this alias or ID; None if there is none."""
        by_alias = next((each for each in self.all if each.alias == text), None)
        return by_alias or self.get(text)

    def shown(self, project_id: str) -> str:
        """How people name the project: its alias, or its ID."""
        found = self.get(project_id)
        return found.shown if found else project_id

    def called(self, place: Place) -> str:
        """How people call the place: `alias/location` where there are several projects, else the location.
        One of a project that was taken out of the settings always says its own: the location alone would mean
        the project that is left."""
        if not self.several and (not self.all or self.get(place.project) is not None):
            return "all locations" if place.location == ALL_LOCATIONS else place.location
        alias = self.shown(place.project)
        return alias if place.location in ("", ALL_LOCATIONS) else f"{alias}/{place.location}"

    def where(self, place: Place) -> str:
        """The place for people, marked where it is production: `🏭 prod/europe-west1`."""
        mark = f"{PRODUCTION} " if self.is_production(place.project) else ""
        return f"{mark}{self.called(place)}"

    def is_production(self, project_id: str) -> bool:
        """Whether the settings mark the project as production."""
        found = self.get(project_id)
        return found is not None and found.is_production
