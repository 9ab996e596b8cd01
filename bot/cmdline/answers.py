"""What a verb answers, free of Slack: `bot.slack.render.render` turns each into blocks.

Text is plain but for `code` and *bold*; everything is escaped when rendered, so text from outside
(job names, error texts) can be put in as it is. People, times and links go in as parts of their
own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from bot.dms.model import Database, Job, ObjectsConfig, Operation
from bot.dms.rules import Action
from bot.store.records import Run

if TYPE_CHECKING:
    from bot.dms.delay import MeasuredDelay


@dataclass(frozen=True, slots=True)
class User:
    """A mention of a person by Slack user id."""

    id: str


@dataclass(frozen=True, slots=True)
class Group:
    """A mention of a user group by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Channel:
    id: str


@dataclass(frozen=True, slots=True)
class Time:
    """A moment, shown in each reader's own time zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TextLink:
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text from the service or a person: shown as it is, without any formatting."""

    text: str


RichPart = str | User | Group | Channel | Time | TextLink | Verbatim
RichText = str | tuple[RichPart, ...]
"""Text with mentions and times in it; plain where it has none."""
Tone = Literal["info", "good", "warn", "bad"]


def rich_parts(rich: RichText) -> tuple[RichPart, ...]:
    """The same with nothing but parts, so that more can be put to it."""
    return (rich,) if isinstance(rich, str) else rich


@dataclass(frozen=True, slots=True)
class Button:
    """A button; its `action_id` is `dms:<verb>:<step>` and its value the opaque `ref`."""

    label: str
    verb: str
    step: str
    ref: str
    style: Literal["", "primary", "danger"] = ""
    url: str = ""
    asks: str = ""
    """What Slack asks before the press counts; empty for no question."""


@dataclass(frozen=True, slots=True)
class Note:
    """A few sentences, and what can be pressed."""

    text: RichText
    buttons: tuple[Button, ...] = ()
    tone: Tone = "info"
    public: bool = False
    """Whether all in the channel see it."""


@dataclass(frozen=True, slots=True)
class Section:
    text: RichText
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """A titled list of sections: help, approvals, history, watches, policy …"""

    title: str
    sections: tuple[Section, ...]
    buttons: tuple[Button, ...] = ()
    footer: RichText = ""


@dataclass(frozen=True, slots=True)
class JobLine:
    job: Job
    ref: str
    """Stands for this job in `dms:show:run` and in the checkboxes of `list`."""
    run: Run | None = None
    """What is under way on it, started from here."""
    failed_databases: tuple[str, ...] = ()
    """Those that have failed while the job goes on."""


@dataclass(frozen=True, slots=True)
class JobGroup:
    """Jobs of one status on this page; `total` counts those on other pages too."""

    status: str
    lines: tuple[JobLine, ...]
    total: int
    bulk: tuple[Button, ...] = ()
    """Buttons (`dms:<verb>:chosen`) that act on the jobs ticked in this group."""


@dataclass(frozen=True, slots=True)
class JobsPage:
    """`/dms list`."""

    groups: tuple[JobGroup, ...]
    total: int
    page: int
    pages: int
    filters: str = ""
    unreachable: tuple[str, ...] = ()
    choosing: bool = False
    """Whether the lines carry checkboxes."""
    buttons: tuple[Button, ...] = ()
    """Paging, choosing, refreshing."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many jobs there are by status, on all pages; empty where the groups say so."""
    with_failed_databases: tuple[str, ...] = ()
    """Jobs that run with failed databases, where FAILED ones were asked for; as people say their names."""


@dataclass(frozen=True, slots=True)
class JobCard:
    """`/dms show`."""

    job: Job
    console_url: str
    databases: tuple[Database, ...] | None = None
    """None when they could not be had; `databases_note` says why."""
    databases_note: str = ""
    operation: Operation | None = None
    run: Run | None = None
    delay: MeasuredDelay | None = None
    """None where no delay is to be expected."""
    frozen: RichText = ""
    """Why nothing may be changed now, or empty."""
    next_step: str = ""
    """What people usually do next, in words."""
    withheld: tuple[Action, ...] = ()
    """What the state and phase allow, but the policy does not let this person do."""
    buttons: tuple[Button, ...] = ()
    """Only what the state and phase allow this person, and no freeze forbids."""


@dataclass(frozen=True, slots=True)
class DatabasesPage:
    """`/dms databases`."""

    job: Job
    databases: tuple[Database, ...]
    """Those on this page."""
    counts: Mapping[str, int]
    """How many databases there are by state, on all pages."""
    total: int
    page: int
    pages: int
    filters: str = ""
    buttons: tuple[Button, ...] = ()
    dumped: tuple[int, int] | None = None
    """How many databases are through the full dump, and of how many; None where that says nothing."""
    percent: Mapping[str, float] = field(default_factory=dict)
    """By resource name of a database in the full dump: how much of it is done, 0 to 100."""
    note: str = ""
    """Why the percentages are missing, or empty."""


@dataclass(frozen=True, slots=True)
class EditForm:
    """Open the view in which a job's databases and parallelism are chosen."""

    ref: str
    """Stands for the job (and what has been picked so far)."""
    job: Job
    config: ObjectsConfig
    source: tuple[str, ...]
    """What the source has."""
    note: str = ""
    """Why the list may be incomplete, or empty."""


@dataclass(frozen=True, slots=True)
class EditPreview:
    """What an edit changes, in a view whose submission (`dms:edit:save`) saves it."""

    ref: str
    """Stands for the edit as it was chosen."""
    job: Job
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    selection: tuple[str, str]
    """Before and after: ALL_OBJECTS or SPECIFIED_OBJECTS."""
    parallelism: tuple[str, str]
    """Before and after; the same where it stays."""
    warning: tuple[str, ...] = ()
    """What that means, and what takes effect only after a restart."""


@dataclass(frozen=True, slots=True)
class PickForm:
    """Open a view in which databases of a job are picked for restart or promote."""

    ref: str
    action: Action
    job: Job
    databases: tuple[Database, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for the channel."""

    filename: str
    content: bytes
    title: str
    comment: RichText = ""


@dataclass(frozen=True, slots=True)
class AlreadyQueued:
    """The answer is a message of its own that follows what happens; nothing more to say."""

    key: str


Form = EditForm | EditPreview | PickForm
"""Answers that are shown in a view."""

Answer = Note | AnswerPage | JobsPage | JobCard | DatabasesPage | Form | Upload | AlreadyQueued
