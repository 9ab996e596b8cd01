"""Whatever there is to show, Slack takes it, and nobody from outside speaks in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.answers import Answer, Button, EditForm, EditPreview, PickForm, User
from bot.dms.missing import MissingLocation
from bot.dms.model import Database, Job, ObjectId, ObjectsConfig, ObjectState
from bot.dms.rules import Action
from bot.policy.approver_list import ApproverList
from bot.slack.render import alerts, modals, summary, timeline
from bot.slack.render.action_failure import failure_message
from bot.slack.render.answer import render
from bot.slack.render.approval_card import Asking, approval_card, approval_details, reminder_text
from bot.slack.render.flapping import flapping, settled
from bot.slack.render.home_tab import (
    SHOWN_JOBS,
    HomeContent,
    ShownJob,
    Upcoming,
    dashboard,
    dashboard_message,
    home,
)
from bot.slack.render.job_picker import job_options, job_picker
from bot.slack.render.link_card import link_card
from bot.slack.render.mass_failure import FailedJob, mass_failure, mass_list
from bot.slack.render.outcome_message import begun_message, outcome_message
from bot.slack.render.request_card import request_card
from bot.store.records import Decision, Event, JobSnapshot, Request, RequestState, Run, Watch
from sandbox.slack.rules import check_message_blocks
from tests.fuzz.profile import limits
from tests.slack import makers
from tests.slack.checks import accepted, accepted_view, mrkdwn, speaks_alone
from tests.slack.makers import NOW

tried = limits(7, 200)
_names = st.lists(makers.texts, max_size=250, unique=True)


@tried
@given(makers.answers)
def test_answers(answer: Answer) -> None:
    accepted(render(answer))


@tried
@given(makers.requests(), st.lists(makers.runs, max_size=50), makers.decisions)
def test_request_cards(request: Request, runs: list[Run], decisions: tuple[Decision, ...]) -> None:
    accepted(request_card(request, runs, decisions, NOW))


@tried
@given(
    makers.requests(),
    st.lists(makers.users, max_size=30),
    makers.decisions,
    st.lists(makers.runs, max_size=5),
    makers.texts,
)
def test_approval_cards(
    request: Request, approvers: list[str], decisions: tuple[Decision, ...], runs: list[Run], text: str
) -> None:
    people = ApproverList(tuple(User(each) for each in approvers), len(approvers))
    asking = Asking(people, text, "🏭 *production*", "https://dms.slack.com/archives/C1/p1")
    accepted(approval_card(request, asking, decisions, NOW, runs))
    accepted(reminder_text(request, asking, decisions, NOW))
    accepted_view(modals.review(approval_details(request, people, decisions, may_decide=True), "REF"))


@tried
@given(makers.requests(), st.lists(makers.runs, max_size=50), makers.decisions, st.booleans())
def test_outcomes(
    request: Request, runs: list[Run], decisions: tuple[Decision, ...], approving: bool
) -> None:
    told = outcome_message(request, runs, decisions, was_approving=approving)
    if told is not None:
        accepted(told)
    begun = begun_message(request, decisions)
    if begun is not None:
        accepted(begun)
    accepted(failure_message(request, runs))


@tried
@given(
    st.lists(st.tuples(makers.events, st.none() | makers.jobs, st.booleans()), min_size=1, max_size=80),
    makers.few,
)
def test_messages_about_many_failures(
    found: list[tuple[Event, Job | None, bool]], buttons: tuple[Button, ...]
) -> None:
    failed = [FailedJob(event, job, over) for event, job, over in found]
    accepted(mass_failure(failed, buttons))
    accepted(mass_list(failed))
    events = [event for event, _, _ in found]
    accepted(flapping(events, found[0][1], buttons))
    if found[0][1] is not None:
        accepted(settled(events, found[0][1], buttons))


@tried
@given(
    makers.jobs,
    st.lists(makers.events, max_size=30),
    makers.rows,
    makers.longs,
    st.booleans(),
)
def test_timelines(
    job: Job, events: list[Event], buttons: tuple[Button, ...], next_step: str, current: bool
) -> None:
    accepted(timeline.timeline(job, events, buttons, next_step, current=current))


@tried
@given(makers.events, st.none() | makers.jobs, makers.rows)
def test_events(event: Event, job: Job | None, buttons: tuple[Button, ...]) -> None:
    accepted(alerts.alert(event, job, buttons))
    accepted(timeline.event_detail(event, job))


@tried
@given(
    st.lists(makers.events, max_size=80), st.dictionaries(makers.statuses, st.integers(0, 999), max_size=20)
)
def test_digests_and_summaries(events: list[Event], counts: dict[str, int]) -> None:
    accepted(alerts.digest(events))
    accepted(summary.summary("2026-11-20", counts, events))


@tried
@given(
    st.lists(makers.jobs, max_size=60),
    st.lists(makers.requests(RequestState.APPROVING, most_jobs=2), max_size=14),
    st.lists(makers.watches, max_size=20),
    st.lists(st.lists(makers.texts, min_size=1, max_size=9), max_size=4),
    makers.few,
    st.lists(makers.missing_locations, max_size=40),
    st.lists(makers.longs, max_size=12),
)
def test_home(
    jobs: list[Job],
    requests: list[Request],
    watches: list[Watch],
    ailing: list[list[str]],
    buttons: tuple[Button, ...],
    missing: list[MissingLocation],
    texts: list[str],
) -> None:
    failed = {
        job.name: [Database("", ObjectId(name), ObjectState.FAILED, "") for name in names]
        for job, names in zip(jobs, ailing, strict=False)
    }
    content = HomeContent(
        jobs,
        NOW - timedelta(minutes=1),
        requests,
        requests,
        watches,
        failed,
        buttons,
        missing,
        attention=[ShownJob(job, "ref", note) for job, note in zip(jobs, texts, strict=False)][:SHOWN_JOBS],
        recent=[ShownJob(job, "ref", note) for job, note in zip(jobs, texts, strict=False)],
        coming_up=[Upcoming(NOW, text, Button(text, "schedule", "run", "ref")) for text in texts],
        freezes=texts,
    )
    accepted_view(home(content), "home")
    accepted_view(job_picker("ref", below=dashboard(content)))
    accepted(dashboard_message(content))


@tried
@given(makers.jobs, _names, st.lists(st.integers(0, 249), max_size=240), st.booleans(), makers.longs)
def test_edit_forms(job: Job, source: list[str], picks: list[int], everything: bool, note: str) -> None:
    some = tuple(ObjectId(source[at]) for at in picks if at < len(source))
    config = ObjectsConfig("ALL_OBJECTS" if everything else "SPECIFIED_OBJECTS", some, some)
    form = EditForm("ref-1", job, config, tuple(source), note)
    accepted_view(modals.form(form))
    accepted_view(modals.form(replace(form, source=(), closed=True)))


@tried
@given(makers.jobs, _names, _names, _names, st.lists(makers.longs, max_size=5))
def test_edit_previews(
    job: Job, added: list[str], removed: list[str], kept: list[str], lines: list[str]
) -> None:
    preview = EditPreview(
        "ref-1",
        job,
        tuple(added),
        tuple(removed),
        tuple(kept),
        ("ALL_OBJECTS", "SPECIFIED_OBJECTS"),
        ("", "MAX"),
        tuple(lines),
        tuple(lines),
    )
    accepted_view(modals.form(preview))


@tried
@given(
    makers.jobs, st.lists(makers.databases, max_size=150), st.sampled_from([Action.RESTART, Action.PROMOTE])
)
def test_pick_forms(job: Job, databases: list[Database], action: Action) -> None:
    accepted_view(modals.form(PickForm("ref-1", action, job, tuple(databases))))


@tried
@given(makers.requests(), makers.texts)
def test_request_views(request: Request, text: str) -> None:
    accepted_view(modals.typed_confirmation(request, text, "REF"))
    accepted_view(modals.approval_confirmation(request, (), "REF"))
    accepted_view(modals.deny_reason(request, "REF"))
    accepted_view(modals.all_names(request))
    accepted_view(modals.error_view(text))
    accepted_view(modals.loading())


@tried
@given(makers.answers)
def test_messages_in_views(answer: Answer) -> None:
    accepted_view(modals.message_view(render(answer)))


@tried
@given(makers.texts, st.lists(makers.texts, max_size=10))
def test_pickers_of_jobs(note: str, found: list[str]) -> None:
    accepted_view(job_picker("ref", note, [Button(each, "show", "run", "ref") for each in found]))


@tried
@given(st.lists(makers.jobs, max_size=3))
def test_options_and_cards_of_jobs(jobs: list[Job]) -> None:
    for option in job_options(jobs, lambda name: name):
        shown = (option["text"]["text"], option["description"]["text"])
        assert all(0 < len(text) <= 75 for text in shown)
        assert len(option["value"]) <= 150
    for job in jobs:
        known = JobSnapshot(job, NOW, NOW)
        blocks = link_card(known, "🏭 prod/europe-west1", Button("Show", "show", "run", "ref"))["blocks"]
        assert check_message_blocks(blocks) == []
        for text in mrkdwn(blocks):
            speaks_alone(text)
