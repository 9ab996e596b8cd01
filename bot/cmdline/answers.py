"""What a verb answers, free of Slack: `bot.slack.render.answer` turns each into blocks.

Text is plain except for `code` and *bold*. Everything is escaped when it is rendered, so text from outside
(job names, error texts) can be used as it is. People, times and links are parts of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from bot.dms.missing import MissingLocation
from bot.dms.model import Database, DelayPoint, Job, ObjectsConfig, Operation
from bot.dms.rules import Action
from bot.store.records import Run

if TYPE_CHECKING:
    from bot.cmdline.delay_points import LineChart
    from bot.dms.delay import MeasuredDelay
    from bot.dms.dump_forecast import DumpForecast


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
    """A time, shown in each reader's own time zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TextLink:
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text from the service or a person: shown as it is, without any formatting."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines of code, shown exactly as they are. Must fit one section, and hold no three backticks."""

    text: str


RichPart = CodeBlock | str | User | Group | Channel | Time | TextLink | Verbatim
RichText = str | tuple[RichPart, ...]
"""Text with mentions and times; a plain string if there are none."""
Tone = Literal["info", "good", "warn", "bad"]


def rich_parts(rich: RichText) -> tuple[RichPart, ...]:
    """The same as a tuple, so that more parts can be added."""
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
    """The question of Slack's confirmation dialog; empty for none."""


@dataclass(frozen=True, slots=True)
class Note:
    """A few sentences and buttons."""

    text: RichText
    buttons: tuple[Button, ...] = ()
    tone: Tone = "info"
    public: bool = False
    """Whether everybody in the channel sees it."""


class Readers(StrEnum):
    """Who may read an answer to what was asked where many read."""

    EVERYBODY = "everybody"
    ASKER = "asker"
    """It is about the person who asked, or about what they typed."""
    SOME = "some"
    """It shows a job that not everybody there may see."""


@dataclass(frozen=True, slots=True)
class Section:
    text: RichText
    buttons: tuple[Button, ...] = ()
    fold: str = ""
    """The title under which it is folded away; in classic blocks, it is above the text."""


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
    """Token of this job for `dms:show:run` and for the checkboxes of `list`."""
    run: Run | None = None
    """The bot's action in progress on it."""
    faulty_databases: tuple[Database, ...] = ()
    """Databases that have failed or have an error while the job continues."""
    frozen: bool = False
    """Whether the job is frozen on its own; `JobsPage.freezes` has the freezes of more jobs."""
    where: str = ""
    """The place as people call it; empty: its location."""
    called: str = ""
    """Its ID, or `location/id` where that is in two places, behind the mark of production; empty: its ID."""


@dataclass(frozen=True, slots=True)
class JobGroup:
    """Jobs of one status on this page; `total` counts those on other pages too."""

    status: str
    """The status as people see it (`running_errors.shown_status`)."""
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
    missing: tuple[MissingLocation, ...] = ()
    choosing: bool = False
    """Whether the lines carry checkboxes."""
    buttons: tuple[Button, ...] = ()
    """Paging, filtering, choosing, refreshing."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of jobs by status on all pages; empty if the groups show it."""
    with_errors: tuple[str, ...] = ()
    """Display names of jobs that run with errors, if FAILED jobs were asked for."""
    freezes: tuple[RichText, ...] = ()
    """Freezes of more than one job that hold now, a line each."""
    may_hide: bool = False
    """Whether the policy has rules by which jobs can be left out: there may be others."""


@dataclass(frozen=True, slots=True)
class JobCard:
    """`/dms show`."""

    job: Job
    console_url: str
    databases: tuple[Database, ...] | None = None
    """None if they could not be read; `databases_note` says why."""
    databases_note: str = ""
    operation: Operation | None = None
    run: Run | None = None
    delay: MeasuredDelay | None = None
    """None if the job has no delay in its state."""
    dump: DumpForecast | None = None
    """None if the job is not in its full dump."""
    since: datetime | None = None
    """Since when the job has been in its state and phase, if the watcher saw that begin."""
    unknown: tuple[RichText, ...] = ()
    """What else is not known, and why: a clause each."""
    read_at: datetime | None = None
    frozen: RichText = ""
    """The freeze that holds now, or empty."""
    failed_run: Run | None = None
    """The last action, if it did not succeed."""
    next_step: str = ""
    """Advice: what people usually do next."""
    withheld: tuple[Action, ...] = ()
    """What the state and phase allow, but the policy does not let this person do."""
    buttons: tuple[Button, ...] = ()
    """Only what the state, the phase, the policy and freezes allow: the recommended one first."""
    menu: tuple[Button, ...] = ()
    """Further ones, for the menu (⋯) behind the buttons."""
    more: tuple[Section, ...] | None = None
    """In the modal with all details: each action with what it does. None: the slim card."""
    where: str = ""
    """The place as people call it, if it has to be told; else empty."""
    called: str = ""
    """What to type for the job, if its ID alone does not name it; else empty."""


@dataclass(frozen=True, slots=True)
class DatabasesPage:
    """`/dms databases`."""

    job: Job
    databases: tuple[Database, ...]
    """Those on this page."""
    counts: Mapping[str, int]
    """Number of databases by state on all pages."""
    total: int
    page: int
    pages: int
    filters: str = ""
    buttons: tuple[Button, ...] = ()
    with_errors: bool = False
    """Whether the job runs with errors."""
    dumped: tuple[int, int] | None = None
    """Databases that have finished the full dump, and all databases; None before and after the dump."""
    dump: DumpForecast | None = None
    """Progress of the whole dump; None if the job is not in its full dump."""
    percent: Mapping[str, DelayPoint] = field(default_factory=dict)
    """Progress of the full dump, 0 to 100, by the resource name of the database."""
    note: str = ""
    """Why the percentages are missing, or empty."""
    called: str = ""
    """What to type for the job, if its ID alone does not name it; else empty."""


@dataclass(frozen=True, slots=True)
class EditForm:
    """Opens the view in which a job's databases and parallelism are chosen."""

    ref: str
    """Token of the job and of what has been picked so far."""
    job: Job
    config: ObjectsConfig
    source: tuple[str, ...]
    """The databases on the source."""
    note: str = ""
    """Why the list may be incomplete or the databases cannot be changed now, or empty."""
    closed: bool = False
    """Whether the databases cannot be changed now, only the other fields."""
    called: str = ""
    """What to type for the job, if its ID alone does not name it; else empty."""


@dataclass(frozen=True, slots=True)
class EditPreview:
    """What an edit changes, in a view whose submission (`dms:edit:save`) saves it."""

    ref: str
    """Token of the edit as it was chosen."""
    job: Job
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    selection: tuple[str, str]
    """Before and after: ALL_OBJECTS or SPECIFIED_OBJECTS."""
    parallelism: tuple[str, str]
    """Before and after; twice the same if it does not change."""
    warning: tuple[str, ...] = ()
    """What that means, and what takes effect only after a restart."""
    fields: tuple[str, ...] = ()
    """How display name, labels and dump path change, one line each."""


@dataclass(frozen=True, slots=True)
class PickForm:
    """Opens a view in which databases of a job are picked for restart or promote."""

    ref: str
    action: Action
    job: Job
    databases: tuple[Database, ...]


@dataclass(frozen=True, slots=True)
class CutoverForm:
    """Opens the view in which a cutover is planned."""

    ref: str
    """Token of the jobs and of the channel that the card is posted to."""
    jobs: tuple[str, ...]
    """Display names."""
    at: datetime
    """The time that is offered first."""
    person: str
    """The commander who is offered first; the app owner, too, without another one."""
    apps: str = ""
    deputy: str = ""
    downtime: str = ""
    """The longest downtime as it was typed, for example `90m`; empty for the usual one."""
    delay: str = ""
    """The delay that is low enough, in the same way."""
    size: str = ""
    """The bytes that may be left, in the same way."""
    by_itself: bool = False
    announce: str = ""
    """Channel ID; empty for none."""
    reason: str = ""
    checklist: tuple[str, ...] = ()
    """Items that people tick after the promotion."""
    writers: tuple[str, ...] = ()
    threshold: bool = False
    """Whether a delay above zero has to be chosen, as a guide names no zero."""
    sizes: bool = False
    """Whether bytes may be left, as a PostgreSQL server writes to its log by itself."""
    reason_needed: bool = False


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """One filter in a form: its key, its label, and the values to choose from with their labels."""

    key: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterForm:
    """Opens the view in which the filters of a list are chosen."""

    ref: str
    choices: tuple[FilterChoice, ...]
    text: str = ""
    """What the jobs' IDs, names, labels, engines or hosts have to contain."""
    kept: str = ""
    """Filters that the form has no field for, and that stay."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for the channel, or for the person who asked."""

    filename: str
    content: bytes
    title: str
    comment: RichText = ""
    private: bool = False
    """Whether it goes to the person alone, as a direct message."""
    job: Job | None = None
    """The job that it is about, if it is about one."""
    comment_answers: bool = False
    """Whether the comment is an answer without the file."""


@dataclass(frozen=True, slots=True)
class ChartPage:
    """Text and line charts that Slack draws, two at most."""

    text: RichText
    charts: tuple[LineChart, ...]
    picture: Callable[[], Upload | Note]
    """Draws what is sent instead where Slack draws no charts; that takes a second."""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class AlreadyQueued:
    """The answer is a message in the outbox, which is kept up to date; nothing else is posted."""

    key: str


Form = EditForm | EditPreview | PickForm | CutoverForm | FilterForm
"""Answers that are shown in a view."""

Answer = Note | AnswerPage | JobsPage | JobCard | DatabasesPage | Form | Upload | ChartPage | AlreadyQueued
