"""Generated jobs, requests and answers; their texts are as nasty as the outside can be."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.cmdline.answers import (
    AlreadyQueued,
    AnswerPage,
    Button,
    Channel,
    CodeBlock,
    DatabasesPage,
    Group,
    JobCard,
    JobGroup,
    JobLine,
    JobsPage,
    Note,
    Section,
    TextLink,
    Time,
    Upload,
    User,
    Verbatim,
)
from bot.dms.delay import BackupFiles, MeasuredDelay
from bot.dms.dump_forecast import DumpForecast
from bot.dms.missing import MissingLocation, Why
from bot.dms.model import (
    Database,
    DelayPoint,
    Endpoint,
    Fault,
    Job,
    ObjectId,
    ObjectState,
    Operation,
    Options,
    Phase,
    State,
)
from bot.dms.rules import Action
from bot.dms.unsupported import UnsupportedEvents
from bot.store.facts import facts_from_json
from bot.store.records import (
    Decision,
    Event,
    Person,
    Request,
    RequestState,
    Run,
    RunState,
    Watch,
)
from tests.jobs import a_job

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
NASTY = (
    "<!channel> *bold* `code` ~gone~ _it_ :fire:",
    "<@U0123456789>",
    "</dms delete prod>",
    "&lt;!here&gt; & <https://example.com|click>",
    "> quoted\n> twice",
    "```\nblock\n```",
    "\u202egnp.exe \u2066x\u2069",
    "\x00\x07\r\nline",
    "🦄" * 90,
    "x" * 4000,
    "a|b|c",
    "   ",
)

nasty = st.sampled_from(NASTY)
texts = st.one_of(nasty, st.text(max_size=120), st.text("<>&*_~`|:!@#\n ", max_size=60))
longs = st.one_of(texts, st.text(min_size=500, max_size=4000), st.builds(lambda t: t * 60, texts))
ids = st.from_regex(r"[a-z][a-z0-9-]{0,58}[a-z0-9]", fullmatch=True)
refs = st.from_regex(r"[A-Za-z0-9_-]{8,40}", fullmatch=True)
users = st.from_regex(r"[UW][A-Z0-9]{6,10}", fullmatch=True)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
states = st.one_of(st.sampled_from([str(each) for each in State]), st.just("STATE_77"))
phases = st.one_of(st.sampled_from([str(each) for each in Phase]), st.just("SOMETHING_NEW"), st.just(""))
faults = st.none() | st.builds(Fault, st.integers(0, 16), longs)
verbs = st.sampled_from([str(each) for each in Action] + ["show", "list"])
labels = st.lists(st.tuples(texts, texts), max_size=30).map(tuple)
endpoints = st.builds(
    Endpoint,
    st.builds("projects/p/locations/l/connectionProfiles/{}".format, ids),
    st.sampled_from(["POSTGRESQL", "MYSQL", "SQLSERVER", "ORACLE", "", "NEWENGINE"]),
    st.sampled_from(["CLOUDSQL", "ALLOYDB", "RDS", "AURORA", "", "ELSEWHERE"]),
    texts,
)
missing_locations = st.builds(MissingLocation, ids, st.sampled_from(Why), texts)
names = st.builds("projects/p/locations/{}/migrationJobs/{}".format, ids, ids)
jobs = st.builds(
    Job,
    name=names,
    create_time=moments,
    state=states,
    phase=phases,
    type=st.sampled_from(["ONE_TIME", "CONTINUOUS", "OTHER"]),
    display_name=texts,
    labels=labels,
    source=endpoints,
    destination=endpoints,
    end_time=st.none() | moments,
    duration_s=st.floats(allow_nan=True, allow_infinity=True),
    error=faults,
    parallelism=st.sampled_from(["", "MIN", "OPTIMAL", "MAX"]),
)
databases = st.builds(
    Database,
    name=st.just("objects/1"),
    id=st.builds(ObjectId, texts),
    state=st.one_of(st.sampled_from([str(each) for each in ObjectState]), st.just("NEW")),
    phase=phases,
    error=faults,
)
buttons = st.builds(
    Button,
    label=texts,
    verb=verbs,
    step=st.sampled_from(["run", "turn", "chosen", "confirm"]),
    ref=refs,
    style=st.sampled_from(["", "primary"]),
)
rows = st.lists(buttons, max_size=30).map(tuple)
few = st.lists(buttons, max_size=3).map(tuple)
parts = st.one_of(
    texts,
    st.builds(User, users | texts),
    st.builds(Group, users | texts),
    st.builds(Channel, users | texts),
    st.builds(Time, moments),
    st.builds(TextLink, st.just("https://example.com/a?b=1&c=2") | texts, texts),
    st.builds(Verbatim, longs),
    st.builds(CodeBlock, longs),
)
riches = st.one_of(longs, st.lists(parts, max_size=6).map(tuple))
run_states = st.sampled_from(list(RunState))
runs = st.builds(
    Run,
    id=refs,
    request=refs,
    job=names,
    action=st.sampled_from(list(Action)),
    state=run_states,
    call_id=refs,
    operation=texts,
    created=st.none() | moments,
    called=st.none() | moments,
    ended=st.none() | moments,
    note=longs,
    by=users | st.just(""),
)
points = st.builds(DelayPoint, moments, st.floats(0, 1e15))
event_counts = st.builds(
    UnsupportedEvents,
    st.none() | st.integers(0, 10**9),
    st.lists(st.tuples(texts, st.integers(0, 10**9)), max_size=5).map(tuple),
    st.integers(0, 10**6),
    st.none() | moments,
    st.none() | moments,
    texts,
)
backups = st.builds(BackupFiles, st.none() | points, st.none() | points, st.none() | moments, texts)
dumps = st.builds(
    DumpForecast,
    st.none() | st.builds(DelayPoint, moments, st.floats(0, 100)),
    st.none() | st.floats(0, 1e9),
    texts,
)
delays = st.builds(
    MeasuredDelay,
    st.none() | moments,
    st.none() | points,
    st.none() | points,
    st.none() | points,
    texts,
    texts,
    texts,
    st.none() | event_counts,
    st.none() | backups,
)
operations = st.builds(
    Operation,
    name=texts,
    verb=texts,
    create_time=st.none() | moments,
    status_message=longs,
    cancelling=st.booleans(),
)


def _cards() -> st.SearchStrategy[JobCard]:
    return st.builds(
        JobCard,
        job=jobs,
        console_url=st.just("https://console.cloud.google.com/dbmigration?project=p"),
        databases=st.none() | st.lists(databases, max_size=40).map(tuple),
        databases_note=texts,
        unknown=st.lists(longs, max_size=4).map(tuple),
        read_at=st.none() | st.just(NOW),
        operation=st.none() | operations,
        run=st.none() | runs,
        delay=st.none() | delays,
        dump=st.none() | dumps,
        frozen=texts,
        next_step=longs,
        buttons=rows,
    )


def _groups(choosing: bool) -> st.SearchStrategy[JobGroup]:
    lines = st.lists(st.builds(JobLine, jobs, refs, st.none() | runs), min_size=1, max_size=25).map(tuple)
    return st.builds(
        JobGroup,
        status=st.builds("{}/{}".format, states, phases) | states,
        lines=lines,
        total=st.integers(1, 2000),
        bulk=few if choosing else st.just(()),
    )


@st.composite
def job_pages(draw: st.DrawFn) -> JobsPage:
    choosing = draw(st.booleans())
    return JobsPage(
        groups=tuple(draw(st.lists(_groups(choosing), max_size=5))),
        total=draw(st.integers(0, 5000)),
        page=1,
        pages=draw(st.integers(1, 9)),
        filters=draw(texts),
        missing=tuple(draw(st.lists(missing_locations, max_size=40))),
        choosing=choosing,
        buttons=draw(rows),
    )


def database_pages() -> st.SearchStrategy[DatabasesPage]:
    found = st.lists(databases, max_size=60).map(tuple)
    return st.builds(
        lambda job, each, filters, row: DatabasesPage(
            job, each, dict(Counter(one.state for one in each)), len(each), 1, 3, filters, row
        ),
        jobs,
        found,
        texts,
        rows,
    )


answers = st.one_of(
    st.builds(Note, riches, rows, st.sampled_from(["info", "good", "warn", "bad"])),
    st.builds(
        AnswerPage,
        title=texts,
        sections=st.lists(st.builds(Section, riches, few), max_size=70).map(tuple),
        buttons=rows,
        footer=riches,
    ),
    job_pages(),
    _cards(),
    database_pages(),
    st.builds(Upload, texts, st.just(b""), texts, riches),
    st.just(AlreadyQueued("k")),
)

_stamps = moments.map(lambda at: at.isoformat()) | texts
_delay = st.fixed_dictionaries(
    {
        "seconds": st.none() | st.floats(0, 1e9),
        "bytes": st.none() | st.floats(0, 1e15),
        "at": _stamps,
        "note": texts,
    },
    # Facts of older versions lack them.
    optional={
        "measured": _stamps,
        "measured_bytes": _stamps,
        "last": st.fixed_dictionaries({"seconds": st.floats(0, 1e9), "measured": _stamps}),
        "standing": texts,
        "partial": texts,
        "unsupported": st.fixed_dictionaries(
            {
                "note": texts,
                "tables": st.lists(st.tuples(texts, st.integers(0, 10**9)).map(list), max_size=5),
            },
            optional={"total": st.integers(0, 10**9), "until": _stamps, "since": _stamps},
        ),
        "backups": st.fixed_dictionaries(
            {"note": texts},
            optional={"bytes": st.floats(0, 1e15), "measured_bytes": _stamps, "last_log": _stamps},
        ),
    },
)


@st.composite
def requests(draw: st.DrawFn, state: RequestState | None = None, most_jobs: int = 40) -> Request:
    found = tuple(draw(st.lists(jobs, min_size=1, max_size=most_jobs, unique_by=lambda job: job.name)))
    touched = {job.name: tuple(draw(st.lists(texts, max_size=30))) for job in found}
    stored: dict[str, Any] = draw(
        st.just({})
        | st.just({"restart": "ref12345"})
        | _delay.map(lambda one: {"delay": {job.name: one for job in found}})
    )
    return Request(
        id=draw(refs),
        action=draw(st.sampled_from(list(Action))),
        options=Options(
            databases=tuple(draw(st.lists(texts, max_size=3))),
            failed_only=draw(st.booleans()),
            with_destination=draw(st.booleans()),
        ),
        jobs=found,
        databases=touched,
        by=Person("T1", draw(users), "C1"),
        state=state or draw(st.sampled_from(list(RequestState))),
        created=NOW,
        expires=draw(moments),
        needed=draw(st.integers(0, 3)),
        rule=draw(texts),
        ended_by=draw(users | st.just("")),
        note=draw(longs),
        ended=draw(st.none() | moments),
        warning=tuple(draw(st.lists(longs, max_size=6))),
        typed=draw(st.booleans()),
        self_approval=draw(st.booleans()),
        facts=facts_from_json(stored),
        parent=draw(refs | st.just("")),
    )


decisions = st.lists(st.builds(Decision, refs, users, st.booleans(), longs, moments), max_size=5).map(tuple)
statuses = st.builds("{}/{}".format, states, phases) | states | st.just("")
events = st.builds(
    Event,
    job=names,
    create_time=moments,
    at=moments,
    kind=st.sampled_from(
        [
            "created",
            "recreated",
            "changed",
            "error",
            "deleted",
            "stuck",
            "delayed",
            "database_failed",
            "cleared",
        ]
    )
    | texts,
    before=statuses | texts,
    after=statuses | texts,
    detail=longs,
    by=users | st.just("outside") | st.just(""),
)
watches = st.builds(
    Watch,
    id=refs,
    target=users | st.just("C0123456"),
    by=users,
    jobs=names | st.just("*") | texts.map("label:{}".format),
    only=st.lists(texts, max_size=3).map(tuple),
)


def job(job_id: str = "orders-db", state: str = "RUNNING", phase: str = "CDC", **more: Any) -> Job:
    """A believable job."""
    fields: dict[str, Any] = {
        "create_time": NOW - timedelta(days=3),
        "display_name": "Orders",
        "source": Endpoint(
            "projects/acme/locations/europe-west1/connectionProfiles/src",
            "POSTGRESQL",
            "RDS",
            "10.0.0.5:5432",
        ),
        "destination": Endpoint(
            "projects/acme/locations/europe-west1/connectionProfiles/dst",
            "POSTGRESQL",
            "ALLOYDB",
            "orders-cluster",
        ),
        "duration_s": 7500.0,
    }
    return a_job(job_id, state, phase, **(fields | more))


def request(
    action: Action = Action.PROMOTE, state: RequestState = RequestState.CONFIRMING, **more: Any
) -> Request:
    """A believable request for one job."""
    one = job()
    fields: dict[str, Any] = {
        "id": "req-1",
        "action": action,
        "options": Options(),
        "jobs": (one,),
        "databases": {one.name: ("orders", "customers")},
        "by": Person("T1", "U0ASKER", "C1"),
        "state": state,
        "created": NOW,
        "expires": NOW + timedelta(minutes=15),
    }
    return Request(**(fields | more))
