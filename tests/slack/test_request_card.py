"""What the card of a request says and offers in each state."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.cmdline.answers import Group, User
from bot.dms.delay import MAX_AGE
from bot.dms.model import Endpoint, Options
from bot.dms.rules import Action, caution
from bot.policy.approver_list import ApproverList
from bot.requests.drain import promise
from bot.slack.api.messages import NOT_A_MEMBER
from bot.slack.render.approval_card import Asking, approval_card, approval_details, reminder_text
from bot.slack.render.outcome_message import begun_message, outcome_message
from bot.slack.render.progress import bar
from bot.slack.render.request_card import request_card
from bot.slack.render.request_modals import all_names, typed_confirmation
from bot.store.facts import RequestFacts, facts_from_json
from bot.store.records import Decision, OutMessage, Request, RequestState, Run, RunState
from bot.util.durations import humanize
from commands.delete import VERB as delete
from commands.promote import VERB as promote
from commands.restart import VERB as restart
from commands.support.base import Verb
from tests.slack.checks import accepted, accepted_view, all_text, buttons
from tests.slack.makers import NOW, job, request


def shown(
    request: Request, runs: list[Run] | None = None, decisions: list[Decision] | None = None
) -> dict[str, Any]:
    return accepted(request_card(request, runs or [], decisions or [], NOW))


def run(state: RunState, job_name: str = job().name, **more: Any) -> Run:
    fields: dict[str, Any] = {
        "called": NOW - timedelta(minutes=5),
        "operation": "projects/a/locations/b/operations/op-7",
    }
    return Run("r1", "req-1", job_name, Action.STOP, state, "c1", **(fields | more))


ONE_AGO = NOW - timedelta(minutes=1)
MEASURED = {"measured": ONE_AGO.isoformat(), "measured_bytes": ONE_AGO.isoformat()}
"""A fact's times of measurement, one minute before the look."""
ASKING = Asking(ApproverList((User("U2"),)), "sam")
APPROVED = Decision("req-1", "U0BOSS", True, "", NOW)


def test_a_promote_that_would_lose_data_says_so_in_red_words() -> None:
    delay = {"seconds": 42.0, "bytes": 12e6, "at": NOW.isoformat(), "note": "", **MEASURED}
    payload = shown(request(facts=facts_from_json({"delay": {job().name: delay}})))
    text = all_text(payload)
    assert ":rotating_light:" in text
    assert "NOT ZERO: 42 s · 11.4 MiB" in text
    assert set(buttons(payload)) == {"dms:promote:confirm", "dms:promote:recheck", "dms:promote:cancel"}
    assert "style" not in buttons(payload)["dms:promote:confirm"], "the job ID is typed next"
    assert {each["value"] for each in buttons(payload).values()} == {"req-1"}


def test_that_undelivered_changes_are_lost_is_said_once() -> None:
    late = {"seconds": 42.0, "bytes": 12e6, "at": NOW.isoformat(), "note": "", **MEASURED}
    warning = promote.action.warning(job(), Options(), ()) if promote.action else ()
    for jobs in ((job(),), tuple(job(f"job-{number}") for number in range(12))):
        facts = facts_from_json({"delay": {each.name: late for each in jobs}})
        text = all_text(shown(request(jobs=jobs, facts=facts, warning=warning)))
        assert "Changes that have not arrived by then are lost on the destination" in text
        assert len(re.findall(r"\b(?:lost|loses?)\b", text)) == 1, text


@pytest.mark.parametrize(
    "source", [Endpoint("s", "POSTGRESQL"), Endpoint("s", "SQLSERVER"), Endpoint("s", "ORACLE")]
)
def test_to_stop_the_writes_is_said_once(source: Endpoint) -> None:
    one = replace(job(), source=source)
    warning = promote.action.warning(one, Options(), ()) if promote.action else ()
    text = all_text(shown(request(jobs=(one,), warning=warning)))
    assert text.lower().count("stop the writes") == 1, text


@pytest.mark.parametrize(
    "source",
    [
        Endpoint("s", "POSTGRESQL"),
        Endpoint("s", "MYSQL"),
        Endpoint("s", "SQLSERVER"),
        Endpoint("s", "SQLSERVER", "CLOUDSQL"),
    ],
)
@pytest.mark.parametrize("due", [None, NOW + timedelta(days=1)])
@pytest.mark.parametrize("when_drained", [True, False])
def test_what_the_bot_waits_for_is_said_once_and_nobody_is_told_to_do_it(
    source: Endpoint, due: datetime | None, when_drained: bool
) -> None:
    one = replace(job(), source=source, destination=Endpoint("d", source.engine, "CLOUDSQL"))
    facts = RequestFacts(due=due, zone="UTC", when_drained=when_drained)
    if due is None and not when_drained:
        return
    assert promote.action is not None
    assert promote.action.warning_later is not None
    asked = request(jobs=(one,), warning=promote.action.warning_later(one, Options(), facts), facts=facts)
    text = all_text(shown(asked)).lower()
    assert text.count("stop the writes") == 1, text
    assert "then promote" not in text
    assert "wait until" not in text
    assert text.count("nothing is missing") == when_drained, text
    assert text.count("30 min") == when_drained, text
    assert text.count("known to be zero") == (not when_drained), text
    before = "that time" if due else "it is confirmed and approved"
    assert f"before {before}" in text
    # The bot's own rule (`bot.dms.drained`): the last log is one that was uploaded after that time.
    files = source.engine == "SQLSERVER" and source.provider != "CLOUDSQL" and when_drained
    after = "after it" if due else "once it is"
    assert (f"{before}, and upload a last transaction log backup {after}" in text) is files


def test_the_writes_stop_as_long_before_a_set_time_as_a_figure_may_be_old() -> None:
    """A figure of up to five minutes ago decides, so one from before the writes stopped must be older."""
    facts = RequestFacts(due=NOW + timedelta(days=1), zone="UTC")
    assert promote.action is not None
    assert promote.action.warning_later is not None
    text = " ".join(promote.action.warning_later(job(), Options(), facts))
    assert f"stop the writes to the source at least {humanize(MAX_AGE)} before that time" in text


def test_nobody_confirms_now_by_a_figure_that_is_measured_again_then() -> None:
    zero = {"at": NOW.isoformat(), "seconds": 0.0, "bytes": 0.0, **MEASURED}
    unknown = {"at": NOW.isoformat(), "note": "no access"}
    for fact, advice in ((zero, "Confirm only with a figure"), (unknown, "before you promote")):
        for jobs in ((job(),), tuple(job(f"job-{number}") for number in range(12))):
            stored = {"delay": {each.name: fact for each in jobs}}
            at_once = request(jobs=jobs, facts=facts_from_json(stored))
            later = facts_from_json(stored | {"due": (NOW + timedelta(days=1)).isoformat(), "zone": "UTC"})
            assert advice in all_text(shown(at_once))
            assert advice not in all_text(shown(replace(at_once, facts=later)))


def test_what_waits_since_its_approval_is_not_said_to_be_scheduled() -> None:
    facts = RequestFacts(due=NOW, when_drained=True)
    waiting = request(state=RequestState.SCHEDULED, facts=facts, warning=(promise(RequestFacts()),))
    payload = shown(waiting)
    said = f"{payload['text']} {all_text(payload)}"
    begun = begun_message(waiting, [])
    assert begun is not None
    for text in (said, all_text(accepted(begun))):
        assert "cheduled for" not in text
        assert f"<!date^{int(waiting.expires.timestamp())}^" in text
    assert "Waiting since" in said


def test_approvers_read_on_what_condition_it_is_sent() -> None:
    def says(**facts: Any) -> str:
        asked = request(state=RequestState.APPROVING, needed=1, facts=RequestFacts(**facts))
        mine, theirs = shown(asked), accepted(approval_card(asked, ASKING, [], NOW))
        assert ("It is sent" in all_text(mine)) is ("It is sent" in all_text(theirs))
        return all_text(theirs)

    at_night = {"due": NOW + timedelta(days=1), "zone": "UTC"}
    assert "sent only if the replication delay is known to be zero then" in says(**at_night)
    drained = says(**at_night, when_drained=True)
    assert "sent *once nothing is missing*, up to 30 min after that time" in drained
    drained = says(when_drained=True)
    assert "up to 30 min after it is confirmed and approved: the writes to the source have to" in drained
    assert "It is sent" not in says()


@pytest.mark.parametrize(("failed", "sign"), [(True, "🔴"), (False, "🟠")])
def test_a_job_whose_database_failed_is_nowhere_shown_as_well(failed: bool, sign: str) -> None:
    one, many = job(), tuple(job(f"job-{number}") for number in range(12))
    asked = request(facts=RequestFacts(faulty={one.name: failed}))
    waiting = replace(asked, state=RequestState.APPROVING)
    several = request(jobs=many, facts=RequestFacts(faulty={each.name: failed for each in many}))
    shown_in = (
        shown(asked),
        shown(waiting),
        accepted(approval_card(waiting, ASKING, [], NOW)),
        accepted(approval_details(waiting, ApproverList(), [], may_decide=True)),
        accepted_view(typed_confirmation(asked, "orders-db", "ref")),
        accepted_view(all_names(asked)),
        shown(several),
    )
    for payload in shown_in:
        text = all_text(payload)
        assert "🟢" not in text, text
        assert sign in text, text
    assert all("*Running with errors* · CDC" in all_text(payload) for payload in shown_in[:-1])
    assert "🟢 Orders — *Running* · CDC" in all_text(shown(request()))


def test_a_time_is_said_once_where_it_is_scheduled() -> None:
    facts = RequestFacts(due=NOW + timedelta(days=1), zone="Europe/Berlin")
    for state in (RequestState.CONFIRMING, RequestState.SCHEDULED):
        said = accepted(request_card(request(Action.STOP, state, facts=facts), (), (), NOW))
        body = all_text({"blocks": said["blocks"]})
        assert body.count(f"<!date^{int(facts.due.timestamp())}^" if facts.due else "?") == 1
        assert "Berlin" not in body
        assert "UTC)" not in body


def test_a_promote_for_later_says_that_it_needs_a_delay_of_zero_then() -> None:
    late = {"seconds": 42.0, "bytes": 12e6, "at": NOW.isoformat(), "note": "", **MEASURED}
    stored = {"delay": {job().name: late}, "due": (NOW + timedelta(days=1)).isoformat(), "zone": "UTC"}
    text = all_text(shown(request(facts=facts_from_json(stored))))
    assert "NOT ZERO: 42 s" in text
    assert "sent only if the replication delay is known to be zero then" in text


def test_whoever_confirms_is_told_of_the_approvals_to_come() -> None:
    needy = request(Action.RESTART, needed=2, rule="prod")
    assert "then it waits for *2 approvals*, rule “prod”" in all_text(shown(needy))
    assert "then it waits" not in all_text(shown(request(Action.RESTART)))


@pytest.mark.parametrize(
    ("error", "way"),
    [
        ("not_in_channel", "It is posted once the app is invited there. Until then, approvers find it"),
        ("channel_not_found", "It is posted once the app is invited there. Until then, approvers find it"),
        ("is_archived", "once that channel is unarchived and the app is invited there."),
        ("team_access_not_granted", "once an admin of the organisation adds the app to its workspace."),
        ("restricted_action", "It is not tried again. Approvers find it with "),
    ],
)
def test_what_has_a_refused_request_posted(error: str, way: str) -> None:
    assert way in refused_card(error)


@pytest.mark.parametrize("error", sorted(NOT_A_MEMBER))
def test_what_is_posted_after_an_invitation_is_not_called_given_up(error: str) -> None:
    assert "It is posted once " in refused_card(error)


def refused_card(error: str) -> str:
    """The card of a request that Slack did not take in the channel of its approvers."""
    refused = OutMessage("approval:r1", "C0APPROVE1", "approval", {}, error=error, created=NOW)
    asked = request(Action.PROMOTE, RequestState.APPROVING, needed=1)
    return all_text(accepted(request_card(asked, (), (), NOW, refused)))


def card_of(**fact: Any) -> str:
    """The card of a promote whose delay was looked at now."""
    stored = {"delay": {job().name: {"at": NOW.isoformat(), **fact}}}
    return all_text(shown(request(facts=facts_from_json(stored))))


@pytest.mark.parametrize("facts", [{"seconds": 0.0, "bytes": 0.0}, {"seconds": 0, "bytes": None}])
def test_a_delay_of_zero_is_no_alarm_and_says_when_it_was_measured(facts: dict[str, Any]) -> None:
    text = card_of(**facts, **MEASURED)
    assert "Replication delay: 0 s" in text
    assert f"(measured <!date^{int(ONE_AGO.timestamp())}^" in text
    assert "measured after the writes to the source stopped" in text, (
        "a zero from before the writes stopped says nothing"
    )
    assert ":rotating_light:" not in text


def test_seconds_and_bytes_each_say_when_they_were_measured() -> None:
    earlier = NOW - timedelta(minutes=4)
    text = card_of(
        seconds=30.0, bytes=1000.0, measured=ONE_AGO.isoformat(), measured_bytes=earlier.isoformat()
    )
    stamps = [f"(measured <!date^{int(at.timestamp())}^" for at in (ONE_AGO, earlier)]
    assert text.index("30 s") < text.index(stamps[0]) < text.index("1000 B") < text.index(stamps[1])


def test_seconds_decide_and_bytes_are_a_warning() -> None:
    text = card_of(seconds=0.0, bytes=5.0, **MEASURED)
    assert "✅ *Replication delay: 0 s · 5 B*" in text
    assert "bytes are above zero" in text
    assert "not known" in card_of(seconds=None, bytes=1.0, **MEASURED)


@pytest.mark.parametrize("seconds", [0.0, 42.0])
@pytest.mark.parametrize(
    "measured",
    [{}, {"measured": None}, {"measured": "?"}, {"measured": (NOW - timedelta(hours=1)).isoformat()}],
)
def test_a_figure_that_was_measured_nobody_knows_when_is_not_known(
    seconds: float, measured: dict[str, Any]
) -> None:
    """As in requests that an older version stored."""
    text = card_of(seconds=seconds, bytes=0.0, note="", **measured)
    assert "The replication delay is not known" in text
    assert "✅" not in text


def test_an_old_figure_is_named_with_its_time() -> None:
    hour_ago = NOW - timedelta(minutes=50)
    text = card_of(seconds=None, bytes=None, last={"seconds": 0.0, "measured": hour_ago.isoformat()})
    stamp = f"(measured <!date^{int(hour_ago.timestamp())}^"
    assert "The replication delay is not known" in text
    assert text.index("the newest figure is 0 s") < text.index(stamp)


def test_of_a_failed_job_it_says_from_when_on_something_may_be_missing() -> None:
    last = {"seconds": 240.0, "measured": ONE_AGO.isoformat()}
    text = card_of(seconds=None, bytes=None, last=last, standing="failed · CDC")
    arrived = int((ONE_AGO - timedelta(seconds=240)).timestamp())
    assert f"The destination may miss changes on the source since <!date^{arrived}^" in text
    assert "(last known delay 4 min, measured <!date^" in text
    assert "not known" in card_of(seconds=None, bytes=None, standing="failed · CDC", note="no access")


def test_of_many_failed_jobs_each_says_from_when_on_something_may_be_missing() -> None:
    last = {"seconds": 240.0, "measured": ONE_AGO.isoformat()}
    fact = {"at": NOW.isoformat(), "seconds": None, "bytes": None, "last": last, "standing": "failed · CDC"}
    jobs = tuple(job(f"job-{number}") for number in range(12))
    facts = facts_from_json({"delay": {each.name: fact for each in jobs}})
    text = all_text(shown(request(jobs=jobs, facts=facts)))
    arrived = int((ONE_AGO - timedelta(seconds=240)).timestamp())
    for each in jobs:
        assert f"`{each.id}` <!date^{arrived}^" in text
    assert text.count("(last known delay 4 min)") == 12


def test_a_zero_that_leaves_changes_out_is_none() -> None:
    """Oracle: from the moment that DMS begins to read a change."""
    text = card_of(seconds=0.0, bytes=None, partial="changes that DMS has not begun to read", **MEASURED)
    assert "*The replication delay is not known* to be zero: 0 s (measured " in text
    assert "changes that DMS has not begun to read" in text


def test_an_unknown_delay_is_not_zero() -> None:
    fact = {"seconds": None, "bytes": None, "at": "?", "note": "No access to Monitoring <!here>"}
    text = all_text(shown(request(facts=facts_from_json({"delay": {job().name: fact}}))))
    assert "not known" in text
    assert "No access to Monitoring &lt;!here&gt;" in text


def unsupported(**fact: Any) -> str:
    """The card of a promote whose delay is zero, with these unsupported changes."""
    return card_of(seconds=0.0, bytes=0.0, unsupported=fact, **MEASURED)


def test_changes_that_are_missing_are_said_beside_a_zero() -> None:
    tables = [["app.public.audit", 1200], ["app.*x*", 4]]
    text = unsupported(total=1206, tables=tables, more_tables=1, until=ONE_AGO.isoformat())
    assert "✅ *Replication delay: 0 s · 0 B*" in text
    assert ":rotating_light: *1,206 changes were not supported and may be missing on the destination*" in text
    assert f": most in app.public.audit (1,200), app.{chr(0x2217)}x{chr(0x2217)} (4) and 1 more table" in text
    assert f"(counted until <!date^{int(ONE_AGO.timestamp())}^" in text
    assert "You'll type the job ID next, as changes may be missing on the destination" in text
    one = unsupported(total=1, tables=[["app.public.audit", 1]])
    assert (
        "*1 change was not supported and may be missing on the destination*: all in app.public.audit (1)."
        in one
    )


def test_no_missing_changes_no_count_and_no_access_are_told_apart() -> None:
    none = unsupported(total=0, until=ONE_AGO.isoformat())
    assert "ℹ️ No unsupported changes (counted until <!date^" in none
    assert "type" not in none
    no_count = unsupported()
    assert "ℹ️ Cloud Monitoring has no count of unsupported changes for this job." in no_count
    assert "No unsupported changes" not in no_count
    unread = unsupported(note="no access")
    assert ":rotating_light: Whether changes were not supported is *not known*: no access." in unread
    assert "You'll type the job ID next" in unread
    assert "nsupported" not in card_of(seconds=0.0, bytes=0.0, **MEASURED), "an older version did not look"
    since = unsupported(total=0, until=NOW.isoformat(), since=ONE_AGO.isoformat())
    assert f"(counted from <!date^{int(ONE_AGO.timestamp())}^" in since


def test_of_many_jobs_those_with_missing_changes_are_named() -> None:
    jobs = tuple(job(f"job-{number}") for number in range(12))
    found = [{"total": 3}, {"note": "no access"}, {}, *({"total": 0} for _ in range(9))]
    zero = {"at": NOW.isoformat(), "seconds": 0.0, "bytes": 0.0, **MEASURED}
    facts = {each.name: zero | {"unsupported": one} for each, one in zip(jobs, found, strict=True)}
    text = all_text(shown(request(jobs=jobs, facts=facts_from_json({"delay": facts}))))
    assert "✅ *Replication delay: 0 s for 12 jobs*" in text
    assert "*Changes were not supported in 1 job* and may be missing on the destinations: `job-0` 3." in text
    assert "*Whether changes were not supported is not known for 1 job*: `job-1`." in text
    assert "Cloud Monitoring has no count for 1 job: `job-2`." in text


def test_what_changes_nothing_warns_of_nothing() -> None:
    text = all_text(shown(request(Action.VERIFY, warning=("The configuration is tested.",), needed=1)))
    assert "ℹ️ The configuration is tested." in text
    assert "⚠️" not in text


def test_what_is_asked_stands_on_the_card() -> None:
    text = all_text(shown(request(Action.RESTART, warning=("*Wipes* `orders`.",), typed=True)))
    for part in (
        "Restart orders-db?",
        "*Running* · CDC",
        "AlloyDB) `orders-cluster`",
        "`orders`, `customers`",
        "⚠️ *Wipes* `orders`.",
        "You'll type the job ID next · Only <@U0ASKER> can confirm · expires <!date^",
        "<!date^",
    ):
        assert part in text


_ZERO = facts_from_json({"delay": {job().name: {"seconds": 0.0, "bytes": 0.0, "at": "?", **MEASURED}}})


@pytest.mark.parametrize(
    ("verb", "state", "most", "lost"),
    [
        (restart, "STOPPED", 13, "at most in the whole destination"),
        (promote, "RUNNING", 16, "Replication stops; the destination becomes primary"),
        (delete, "RUNNING", 18, "the destination is deleted with all its data. This cannot be undone"),
    ],
)
def test_a_confirmation_fits_a_phone_and_says_what_is_lost(
    verb: Verb, state: str, most: int, lost: str
) -> None:
    """A phone shows about 40 characters in a line. The databases, each by its name, and the buttons come on
    top of that."""
    one, names = job(state=state), ("carts", "coupons", "orders", "returns")
    assert verb.action is not None
    warning = verb.action.warning(one, Options(), names)
    asked = request(
        verb.action.action,
        jobs=(one,),
        databases={one.name: names},
        warning=warning,
        facts=_ZERO if verb is promote else RequestFacts(),
    )
    texts = [each["text"]["text"] for each in shown(asked)["blocks"] if "text" in each]
    text = re.sub(r"<!date\^[^>]*>|[*`]", "", "\n".join(texts))
    listed = f"4 databases: {', '.join(names)}"
    for part in (listed, lost, "PostgreSQL (AlloyDB) orders-cluster (acme, europe-west1)", "10.0.0.5:5432"):
        assert part in text
    wrapped = [piece for line in text.replace(listed, "").split("\n") for piece in textwrap.wrap(line, 40)]
    assert len(wrapped) <= most, "\n".join(wrapped)


def test_whoever_promoted_reads_what_comes_next() -> None:
    """In the new message, which is what notifies them."""
    facts = RequestFacts(effect="When the job has COMPLETED, point the applications at the destination.")
    asked = request(state=RequestState.DONE, facts=facts)

    def told(state: RunState, request: Request = asked) -> str:
        message = outcome_message(request, [run(state)], [])
        assert message is not None
        return all_text(accepted(message))

    assert "👉 *Next*: When the job has COMPLETED, point the applications" in told(RunState.SUCCEEDED)
    assert "Next" not in told(RunState.FAILED)
    assert "Next" not in told(RunState.UNCLEAR)
    night = replace(asked, facts=replace(facts, cutover="cut-1"))
    assert "Next" not in told(RunState.SUCCEEDED, night), "its card asks for the checklist"


def test_delete_offers_both_ways() -> None:
    payload = shown(request(Action.DELETE))
    found = buttons(payload)
    assert found["dms:delete:confirm"]["text"]["text"] == "Delete job only"
    assert found["dms:delete:confirm_destination"]["text"]["text"] == "Delete job and destination…"
    assert [each.get("style") for each in found.values()] == ["danger", None, None], "no two red neighbours"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"jobs": (job(state="COMPLETED", phase=""),)}, "The destination itself *stays*, with its data."),
        (
            {"options": Options(with_destination=True)},
            "*The destination is deleted with all its data*",
        ),
    ],
)
def test_delete_with_one_way_says_which(change: dict[str, Any], says: str) -> None:
    payload = shown(request(Action.DELETE, **change))
    assert says in all_text(payload)
    assert "dms:delete:confirm_destination" not in buttons(payload)
    assert buttons(payload)["dms:delete:confirm"]["text"]["text"] == "Confirm delete"


@pytest.mark.parametrize("options", [Options(), Options(with_destination=True)])
@pytest.mark.parametrize(("provider", "certain"), [("CLOUDSQL", True), ("ALLOYDB", False), ("", False)])
def test_that_the_destination_goes_is_documented_for_cloud_sql_alone(
    options: Options, provider: str, certain: bool
) -> None:
    """REST `migrationJobs.delete` says of `force`: "the destination CloudSQL replica database"."""
    one = replace(job(), destination=Endpoint("d", "POSTGRESQL", provider))
    text = all_text(shown(request(Action.DELETE, jobs=(one,), options=options)))
    assert "deleted with all its data" in text
    assert ("DMS documents that for Cloud SQL only: check afterwards" in text) is not certain


def test_that_only_cloud_sql_is_documented_is_said_once() -> None:
    one = replace(job(), destination=Endpoint("d", "POSTGRESQL", "ALLOYDB"))
    options = Options(with_destination=True)
    warning = (caution(Action.DELETE, one, options), "Replication slots on the source are cleaned up.")
    text = all_text(shown(request(Action.DELETE, jobs=(one,), options=options, warning=warning)))
    assert text.count("Cloud SQL only") == 1
    assert "This cannot be undone. Check afterwards what is left." in text


@pytest.mark.parametrize("with_destination", [False, True])
@pytest.mark.parametrize("state", ["RUNNING", "STOPPED", "COMPLETED"])
@pytest.mark.parametrize("provider", ["ALLOYDB", "CLOUDSQL"])
def test_a_card_says_once_what_is_documented_of_cloud_sql_alone(
    state: str, with_destination: bool, provider: str
) -> None:
    """By what the verb says, as the confirmation, its dialog and the approvers' details have it."""
    if state == "COMPLETED" and with_destination:
        return  # refused
    one, options = job(state=state), Options(with_destination=with_destination)
    one = replace(one, destination=replace(one.destination, provider=provider))
    assert delete.action is not None
    said = (caution(Action.DELETE, one, options), *delete.action.warning(one, options, ()))
    asked = request(Action.DELETE, jobs=(one,), options=options, warning=tuple(filter(None, said)))
    waiting = replace(asked, state=RequestState.APPROVING)
    for payload in (
        shown(asked),
        accepted_view(typed_confirmation(asked, "orders-db", "ref")),
        accepted(approval_details(waiting, ApproverList(), [], may_decide=True)),
    ):
        text = all_text(payload)
        assert text.count("Cloud SQL only") == (provider == "ALLOYDB"), text
        assert text.lower().count("check afterwards") == (provider == "ALLOYDB"), text


def test_the_tables_of_a_job_are_no_databases_where_it_is_confirmed() -> None:
    one = replace(job(), source=Endpoint("s", "ORACLE"))
    tables = {one.name: ("HR.EMPLOYEES", "HR.JOBS")}
    for verb in (promote, restart, delete):
        assert verb.action is not None
        warning = verb.action.warning(one, Options(), tables[one.name])
        options = Options(with_destination=verb is delete)
        asked = request(verb.action.action, jobs=(one,), databases=tables, warning=warning, options=options)
        waiting = replace(asked, state=RequestState.APPROVING)
        for payload in (shown(asked), accepted(approval_card(waiting, ASKING, [], NOW))):
            assert "2 objects" in all_text(payload)
            assert "database" not in all_text(payload), all_text(payload)
        assert "2 objects" in all_text(accepted_view(all_names(asked)))


def test_a_long_list_is_named_in_part_and_can_be_seen_whole() -> None:
    many = {job().name: tuple(f"db{n}" for n in range(1000))}
    payload = shown(request(databases=many))
    text = all_text(payload)
    assert "1,000 databases" in text
    assert "`db19` and *980 more*" in text
    assert "`db20`" not in text
    assert "dms:promote:names" in buttons(payload)
    assert "dms:promote:names" not in buttons(shown(request()))


def test_unlisted_databases_of_something_destructive_are_all_of_them() -> None:
    assert "*all of them* are affected" in all_text(shown(request(databases={})))


def test_a_harmless_bulk_is_not_red() -> None:
    payload = shown(request(Action.STOP, jobs=(job("a-db"), job("b-db")), databases={}))
    assert buttons(payload)["dms:stop:confirm"]["style"] == "primary"
    assert "🚨" not in all_text(payload)


@pytest.mark.parametrize(("phase", "style"), [("FULL_DUMP", "danger"), ("CDC", "primary")])
def test_throwing_a_full_dump_away_is_red(phase: str, style: str) -> None:
    payload = shown(request(Action.STOP, jobs=(job(phase=phase),)))
    assert buttons(payload)["dms:stop:confirm"]["style"] == style


def test_what_holds_for_several_jobs_alike_is_said_once() -> None:
    effect = "Both can resume.\nWatch the disk.\nBoth can resume.\nThe log may be lost."
    both = (job("a"), job("b"))
    text = all_text(
        shown(request(Action.STOP, RequestState.RUNNING, jobs=both, facts=RequestFacts(effect=effect)))
    )
    assert "Both can resume.\nWatch the disk.\nThe log may be lost." in text
    assert text.count("Both can resume.") == 1


def test_an_edit_that_names_its_databases_does_not_say_that_all_are_affected() -> None:
    facts = RequestFacts(changes=("➖ *Removed*: 1 database: `crm`",))
    edit = request(Action.EDIT, RequestState.APPROVING, databases={}, facts=facts)
    text = all_text(accepted(approval_card(edit, ASKING, [], NOW)))
    assert "*Removed*: 1 database: `crm`" in text
    assert "all databases" not in text


def test_a_restart_that_stops_a_dump_first_wipes_all_that_it_loads() -> None:
    one, options = job(phase="FULL_DUMP"), Options(stop_first=True)
    asked = request(Action.RESTART, RequestState.APPROVING, jobs=(one,), options=options)
    assert "*Wipes at least its 2 databases*" in all_text(accepted(approval_card(asked, ASKING, [], NOW)))


@pytest.mark.parametrize(
    ("action", "options", "says"),
    [
        (Action.RESTART, Options(failed_only=True), "failed"),
        (Action.PROMOTE, Options(failback=True), "back to its source"),
        (Action.RESTART, Options(databases=("orders", "customers")), "2 databases"),
    ],
)
def test_the_title_says_alone_for_what_it_is(action: Action, options: Options, says: str) -> None:
    (title, *rest) = shown(request(action, options=options))["blocks"]
    assert says in title["text"]["text"]
    lines = all_text({"blocks": rest}).lower().split("\n")
    assert not any(
        line.startswith(("only 2 databases.", "only what", "back to its source")) for line in lines
    )


@pytest.mark.parametrize(("state", "first"), [("RUNNING", True), ("STOPPED", False)])
def test_what_is_stopped_already_is_not_said_to_be_stopped_first(state: str, first: bool) -> None:
    asked = request(
        Action.RESTART,
        RequestState.APPROVING,
        jobs=(job(state=state, phase="FULL_DUMP"),),
        options=Options(stop_first=True),
    )
    text = all_text(accepted(approval_card(asked, ASKING, [], NOW)))
    assert ("it is stopped first" in text) is first


def test_while_approving() -> None:
    waiting = request(state=RequestState.APPROVING, needed=2, rule="prod")
    payload = shown(waiting, decisions=[APPROVED])
    assert "*1 of 2 approvals*, by <@U0BOSS>" in all_text(payload)
    assert "rule “prod”" in all_text(payload)
    assert set(buttons(payload)) == {"dms:promote:withdraw", "dms:promote:recheck", "dms:promote:details"}
    assert "dms:promote:confirm" not in buttons(payload)


def test_the_approval_card_mentions_and_asks() -> None:
    waiting = request(Action.RESTART, RequestState.APPROVING, needed=2, self_approval=False)
    asking = Asking(ApproverList((User("U2"), Group("S1")), 3), "sam", "🏭 *production*", "https://a.b/c")
    payload = accepted(approval_card(waiting, asking, [APPROVED], NOW))
    (section, _) = payload["blocks"]
    asks, does, facts, who = section["text"]["text"].split("\n")
    assert asks == "🔐 *@sam* asks to *restart* `orders-db` (🏭 *production*)"
    assert does == (
        "*Wipes at least those of its 2 databases that an error has hit* on AlloyDB `orders-cluster` "
        "(acme, europe-west1), at most the whole destination. Then copies again from `10.0.0.5:5432`."
    )
    assert facts == "🟢 *Running* · CDC · *1 of 2 approvals*, by <@U0BOSS>"
    assert who.startswith("<@U2>, anyone in <!subteam^S1> or 3 others can approve · until <!date^")
    assert who.endswith(" · <https://a.b/c|Request>")
    assert "<@U0ASKER>" not in all_text(payload) + payload["text"], "a mention would notify the requester"
    found = buttons(payload)
    assert set(found) == {"dms:restart:approve", "dms:restart:deny", "dms:restart:details"}
    assert {each["value"] for each in found.values()} == {"req-1"}
    assert [each["type"] for each in payload["blocks"]] == ["section", "actions"]


def test_the_card_of_several_jobs_names_the_first_and_their_projects() -> None:
    jobs = tuple(job(f"job-{number}") for number in range(5))
    asking = replace(ASKING, projects="🏭 `prod` (*production*) 2 jobs, `lab` 3 jobs")
    several = request(Action.STOP, RequestState.APPROVING, jobs=jobs, facts=RequestFacts(reason="CHG-7\nnow"))
    (section, _) = accepted(approval_card(several, asking, [], NOW))["blocks"]
    assert section["text"]["text"].splitlines()[0] == (
        "🔐 *@sam* asks to *stop* *5 jobs* (`job-0`, `job-1`, `job-2` and 2 more; "
        "🏭 `prod` (*production*) 2 jobs, `lab` 3 jobs): “CHG-7 now”"
    )
    asked = shown(several)["blocks"][1]["text"]["text"]
    assert asked.splitlines()[0] == "`job-0`, `job-1`, `job-2` and 2 more", "the requester's message, too"


@pytest.mark.parametrize(("action", "green"), [(Action.STOP, True), (Action.DELETE, False)])
def test_approve_is_green_only_where_nothing_is_destroyed_and_nothing_is_red(
    action: Action, green: bool
) -> None:
    found = buttons(accepted(approval_card(request(action, RequestState.APPROVING), ASKING, [], NOW)))
    assert [each.get("style") for each in found.values()] == ["primary" if green else None, None, None]


def test_the_card_names_what_is_lost_before_anybody_approves() -> None:
    """The destination, its place, and how many databases it has."""
    target = "AlloyDB `orders-cluster` (acme, europe-west1)"

    def says(action: Action, **more: Any) -> str:
        return all_text(
            accepted(approval_card(request(action, RequestState.APPROVING, **more), ASKING, [], NOW))
        )

    assert f"*Ends the migration for good.* {target} stays, with what was migrated of 2 databases." in says(
        Action.DELETE
    )
    both = says(Action.DELETE, options=Options(with_destination=True))
    assert f"*Deletes {target} with all its data*, 2 databases, and the migration." in both
    assert f"Replication stops; {target} becomes primary. *Can't be undone.*" in says(Action.PROMOTE)
    some = says(Action.RESTART, options=Options(databases=("orders", "customers")))
    assert f"*Wipes at least 2 databases* on {target}. Then" in some
    assert "all databases (not listed)" in says(Action.RESTART, databases={})
    two = says(
        Action.RESTART, jobs=(job("a"), replace(job("b"), destination=Endpoint("d", host="b-cluster")))
    )
    assert "2 destinations: AlloyDB `orders-cluster` (acme, europe-west1), `b-cluster` (acme" in two
    risky = says(
        Action.PROMOTE,
        warning=("*The data of `orders` is incomplete*.",),
        facts=RequestFacts(at_risk={job().name: ("orders",)}),
    )
    assert "⚠️ *The data of `orders` is incomplete*." in risky


def test_the_card_says_in_red_what_a_promote_would_lose() -> None:
    def says(*facts: dict[str, Any]) -> str:
        jobs = tuple(job(f"job-{number}") for number in range(len(facts)))
        stored = {each.name: {"at": NOW.isoformat(), **one} for each, one in zip(jobs, facts, strict=True)}
        asked = request(state=RequestState.APPROVING, jobs=jobs, facts=facts_from_json({"delay": stored}))
        return all_text(accepted(approval_card(asked, ASKING, [], NOW)))

    zero = {"seconds": 0.0, "bytes": 0.0, **MEASURED}
    late = {"seconds": 42.0, "bytes": 12e6, **MEASURED}
    assert "Delay 0 s · 0 B (measured <!date^" in says(zero)
    assert ":rotating_light:" not in says(zero)
    assert ":rotating_light: *Delay NOT ZERO: 42 s · 11.4 MiB* (measured" in says(late)
    assert ":rotating_light: *Delay not known*" in says({"note": "no access"})
    assert ":rotating_light: *Delay not known*" in says(zero | {"partial": "changes not begun"})
    assert ":rotating_light: *Delay not measured*" in says({"standing": "failed · CDC"})
    assert ":rotating_light: *3 unsupported changes*" in says(zero | {"unsupported": {"total": 3}})
    assert ":rotating_light: *Unsupported changes not known*" in says(zero | {"unsupported": {"note": "?"}})
    assert "Delay 0 s for all 2 jobs" in says(zero, zero)
    # "Migration job metrics" (SQL Server): the delay is how long a backup file took.
    files = says(late | {"partial": "it counts from the name", "backups": {"note": ""}})
    assert "Restore delay 42 s · 11.4 MiB (measured" in files
    assert ":rotating_light: *Changes in no backup file are lost*" in files
    assert "NOT ZERO" not in files
    assert ":rotating_light: *Whether backup files are left is not known*" in files
    some = late | {"partial": "?", "backups": {"bytes": 5.0, "measured_bytes": ONE_AGO.isoformat()}}
    assert ":rotating_light: *Backup files not restored yet*" in says(some)
    restored = some | {"backups": {"bytes": 0.0, "measured_bytes": ONE_AGO.isoformat()}}
    assert "ackup files" not in says(restored)
    assert "*Delay NOT ZERO for 1 of 3 jobs*, up to 42 s · *Delay not known for 1 of 3 jobs*" in says(
        zero, late, {"note": "no access"}
    )


def test_the_details_have_all_of_it_and_who_decided() -> None:
    waiting = request(Action.DELETE, RequestState.APPROVING, needed=2, rule="prod", self_approval=False)
    approvers = ApproverList((Group("S1"),))
    said = accepted(approval_details(waiting, approvers, [APPROVED], may_decide=True))
    for words in (
        "<@U0ASKER> asks to *delete* `orders-db`",
        "`orders`, `customers`",
        "*1 of 2 approvals*, by <@U0BOSS>. Rule: `prod`. Anyone in <!subteam^S1> can approve.",
        "<@U0ASKER> cannot approve their own request",
        "✅ <@U0BOSS> approved <!date^",
    ):
        assert words in all_text(said)
    assert set(buttons(said)) == {"dms:delete:approve", "dms:delete:deny"}
    assert buttons(accepted(approval_details(waiting, approvers, [], may_decide=False))) == {}


@pytest.mark.parametrize("state", [each for each in RequestState if each is not RequestState.APPROVING])
def test_nobody_can_decide_what_is_decided(state: RequestState) -> None:
    payload = accepted(
        approval_card(request(state=state), ASKING, [APPROVED], NOW, [run(RunState.SUCCEEDED)])
    )
    assert buttons(payload) == {}


def test_the_reminder_says_what_is_missing() -> None:
    waiting = request(Action.RESTART, RequestState.APPROVING, needed=2)
    text = accepted(reminder_text(waiting, ASKING, [APPROVED], NOW))["text"]
    assert "<@U2>: 15 min left" in text
    assert "*@sam*" in text
    assert "1 approval still needed" in text


def test_a_single_run_tells_how_long_it_has_run_and_leaves_out_the_operation() -> None:
    """`{ago}` is kept up to date by Slack (page formatting-message-text, date formatting)."""
    payload = shown(request(Action.STOP, RequestState.RUNNING), [run(RunState.FOLLOWING)])
    assert re.search(r"`orders-db` stopping, began <!date\^\d+\^\{ago\}\|[^>]*>", all_text(payload))
    assert "op-7" not in all_text(payload)
    assert buttons(payload) == {}


def test_a_single_run_tells_how_long_it_usually_takes() -> None:
    asked = request(Action.STOP, RequestState.RUNNING)
    text = all_text(accepted(request_card(asked, [run(RunState.FOLLOWING)], (), NOW, usual_s=250.0)))
    assert "> · usually takes 4 min 10 s" in text


def test_several_runs_tell_how_far_they_are_and_what_is_left() -> None:
    """2 of 8 took 20 minutes, so the other 6 take an hour."""
    asked = request(Action.VERIFY, RequestState.RUNNING, jobs=tuple(job(f"j-{n}") for n in range(8)))
    begun = NOW - timedelta(minutes=20)
    runs = [
        replace(
            run(RunState.SUCCEEDED if n < 2 else RunState.FOLLOWING),
            id=str(n),
            called=begun,
            job=job(f"j-{n}").name,
        )
        for n in range(8)
    ]
    text = all_text(accepted(request_card(asked, runs, (), NOW)))
    assert "op-7" not in text
    assert re.search(r"▰▰▱▱▱▱▱▱▱▱ 2 of 8 · 25% · began <!date\^[^>]*> · about 1 h left · ⏳ 6 ✅ 2", text), (
        text
    )


def test_a_single_run_that_ended() -> None:
    done = request(Action.STOP, RequestState.DONE)
    good = shown(done, [run(RunState.SUCCEEDED, ended=NOW)])
    assert good["text"] == "✅ *Stopped* `orders-db` in 5 min"
    assert buttons(good) == {}
    bad = shown(done, [run(RunState.FAILED, ended=NOW, note="disk <full>")])
    assert "disk &lt;full&gt;" in bad["text"]
    assert set(buttons(bad)) == {"dms:stop:retry"}


def test_bulk_shows_progress_and_ends_with_a_summary() -> None:
    jobs = tuple(job(f"job-{n}") for n in range(4))
    states = [RunState.SUCCEEDED, RunState.FAILED, RunState.FOLLOWING, RunState.QUEUED]
    runs = [run(state, each.name, note="why not") for state, each in zip(states, jobs, strict=True)]
    bulk = request(Action.STOP, RequestState.RUNNING, jobs=jobs, databases={})
    text = all_text(shown(bulk, runs))
    assert "▰▰▰▰▰▱▱▱▱▱ 2 of 4" in text
    assert text.index("`job-1` failed") < text.index("`job-0` done")
    ended = [replace(each, state=RunState.SUCCEEDED) for each in runs]
    ended[1] = runs[1]
    payload = shown(replace(bulk, state=RequestState.DONE), ended)
    assert payload["text"] == "🔴 *Stopped 3 of 4 jobs*; 1 did not succeed"
    assert buttons(payload)["dms:stop:retry"]["text"]["text"] == "Retry the failed ones"


def test_an_edit_that_needs_a_restart_offers_it() -> None:
    edit = request(Action.EDIT, RequestState.DONE, facts=RequestFacts(restart_ref="ref-9"))
    payload = shown(edit, [run(RunState.SUCCEEDED)])
    restart = buttons(payload)["dms:restart:run"]
    assert (restart["value"], restart.get("style")) == ("ref-9", None), "it asks first"


@pytest.mark.parametrize(
    ("state", "says", "again"),
    [
        (RequestState.CANCELLED, "*Cancelled* by <@U9>", False),
        (RequestState.DENIED, "*Denied* by <@U9>", False),
        (RequestState.EXPIRED, "*Expired*", True),
        (RequestState.OUTDATED, "*Out of date*: nothing was sent", True),
    ],
)
def test_what_did_not_come_to_run(state: RequestState, says: str, again: bool) -> None:
    by = "U9" if "U9" in says else ""
    payload = shown(request(state=state, ended_by=by, note="not <now>", ended=NOW))
    assert says in all_text(payload)
    assert "not &lt;now&gt;" in all_text(payload)
    assert says in payload["text"]
    assert set(buttons(payload)) == ({"dms:promote:again"} if again else set())


@pytest.mark.parametrize(
    ("done", "total", "cells"), [(0, 3, 0), (1, 3, 3), (3, 3, 10), (0, 0, 0), (999, 1000, 9)]
)
def test_bar(done: int, total: int, cells: int) -> None:
    assert bar(done, total).count("▰") == cells


def test_what_goes_on_for_long_can_be_left() -> None:
    running = request(Action.STOP, state=RequestState.RUNNING)
    young = shown(running, [run(RunState.FOLLOWING)])
    assert buttons(young) == {}
    began = NOW - timedelta(hours=1)
    long = run(RunState.FOLLOWING, called=began, note="*sad* <!here> " * 100)
    old = shown(running, [long])
    assert set(buttons(old)) == {"dms:stop:unfollow"}
    assert "This has been running for more than 1 h" in all_text(old)
    called = shown(running, [replace(long, state=RunState.CALLING)])
    assert buttons(called) == {}, "a call ends by itself"
