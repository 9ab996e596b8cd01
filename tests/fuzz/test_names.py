"""Names that hold Slack's markup: whatever a job, a database or a profile is called, it is only shown."""

from __future__ import annotations

import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.answers import DatabasesPage, JobCard, JobGroup, JobLine, JobsPage, Note, Verbatim
from bot.dms.missing import MissingLocation, Why
from bot.dms.model import Database, Endpoint, Fault, Job, ObjectId
from bot.dms.rules import Action
from bot.slack.render import alerts, modals, mrkdwn, summary, timeline
from bot.slack.render.answer import render
from bot.slack.render.approval_card import Asking, approval_card
from bot.slack.render.home_tab import HomeContent, home
from bot.slack.render.message import Message
from bot.slack.render.request_card import request_card
from bot.store.records import Event
from sandbox.slack import pings
from tests.fuzz.profile import count, limits
from tests.slack import makers
from tests.slack.checks import accepted, accepted_view, speaks_alone
from tests.slack.makers import NOW

_MARKUP = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0DBATEAM1>", "<@U0ALEX0001>", "<#C0DMS00001>",
    "<https://example.com|click>", "<mailto:a@example.com>", "<!date^1^{date}|x>", "&lt;!here&gt;", "&",
    "*b*", "_i_", "~s~", "`c`", "```", ":boom:", "> q", "|", "\n", "\u202e", "\x00", "\ud800", "@here",
    "<", ">",
)  # fmt: skip
_markup = st.lists(st.one_of(st.sampled_from(_MARKUP), st.text(max_size=6)), min_size=1, max_size=6)
names = st.one_of(_markup.map("".join), makers.texts)
_path = names.map(lambda name: name.replace("/", "") or "x")
"""An id within a resource's name. The service gives none with markup, but this does not lean on it."""
_LIVE = re.compile(r"<(?!/)[!@#h]")


@limits(150, 20_000)
@given(names, st.integers(2, 60))
def test_a_name_is_text_in_a_line_in_code_in_a_link_and_cut(name: str, most: int) -> None:
    count("names with markup")
    shown = (
        mrkdwn.verbatim(name),
        mrkdwn.format_own(f"The job {name} is gone."),
        mrkdwn.code(name),
        mrkdwn.mention("@", name) if not name.isalnum() else "",
        mrkdwn.clip(mrkdwn.verbatim(name), most),
        mrkdwn.clip(mrkdwn.code(name), most),
    )
    for text in shown:
        speaks_alone(text)
        assert not _LIVE.search(text), text
    link = mrkdwn.link("https://console.example.com/x", name)
    assert link.count("<") == link.count(">") == link.count("|") == 1
    assert not set("*`~") & set(mrkdwn.verbatim(name))
    mrkdwn.code(name).encode()


@st.composite
def _jobs(draw: st.DrawFn) -> Job:
    """All that is named, and all that is said, by the service."""
    place = "projects/acme/locations/europe-west1"
    source, destination = (
        Endpoint(f"{place}/connectionProfiles/{draw(_path)}", "POSTGRESQL", "RDS", draw(names))
        for _ in range(2)
    )
    return makers.job(
        draw(_path),
        display_name=draw(names),
        labels=((draw(names), draw(names)),),
        source=source,
        destination=destination,
        error=Fault(3, draw(names)),
    )


@limits(20, 3_000)
@given(_jobs(), st.lists(names, min_size=1, max_size=4), names)
def test_every_message_and_view_shows_names_as_text(job: Job, databases: list[str], said: str) -> None:
    found = tuple(
        Database("objects/1", ObjectId(each), "RUNNING", "CDC", Fault(3, said)) for each in databases
    )
    request = makers.request(
        Action.RESTART, jobs=(job,), databases={job.name: tuple(databases)}, typed=True, note=said
    )
    event = Event(job.name, NOW, NOW, "error", "RUNNING/CDC", "FAILED", said, "outside")
    line = JobLine(job, "ref12345", None)
    missing = (MissingLocation(said, Why.QUOTA, said),)
    messages = [
        render(Note((Verbatim(said),))),
        render(JobsPage((JobGroup("RUNNING", (line,), 1, ()),), 1, 1, 1, said, missing, False, ())),
        render(DatabasesPage(job, found, {"RUNNING": len(found)}, len(found), 1, 1, said, ())),
        render(_card(job, found, said)),
        request_card(request, (), (), NOW),
        approval_card(request, Asking(), (), NOW),
        timeline.timeline(job, [event], (), said, current=True),
        alerts.alert(event, job, ()),
        timeline.event_detail(event, job),
        alerts.digest([event]),
        summary.summary("2026-11-20", {"RUNNING": 1}, [event]),
    ]
    for message in messages:
        _mentions_nobody(message)
    accepted_view(home(HomeContent([job], NOW - timedelta(minutes=1), [request], [request])), "home")
    accepted_view(modals.typed_confirmation(request, said, "REF"))
    accepted_view(modals.deny_reason(request, "R"))
    accepted_view(modals.all_names(request))
    count("sets of such names, each in 15 messages and views")


def _card(job: Job, databases: tuple[Database, ...], said: str) -> JobCard:
    return JobCard(
        job=job,
        console_url="https://console.cloud.google.com/dbmigration?project=p",
        databases=databases,
        databases_note=said,
        operation=None,
        run=None,
        delay=None,
        frozen=said,
        next_step=said,
        buttons=(),
    )


def _mentions_nobody(message: Message) -> None:
    payload = accepted(message)
    mrkdwn = [each for each in payload["blocks"] if each["type"] != "header"]
    assert set(pings({**payload, "blocks": mrkdwn})) <= {"@U0ASKER"}
