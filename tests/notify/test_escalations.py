"""`[[escalate]]`: who is asked to acknowledge an alert, how often, and until when.

Expected values are those of docs/policy.md. A group is mentioned as `<!subteam^ID>` (docs.slack.dev,
"Formatting message text"), and an update of a message notifies nobody.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.cmdline.answers import Answer, Note
from bot.cmdline.invocation import Invocation
from bot.config.projects import Project, Projects
from bot.config.settings import Settings
from bot.outbox.escalations import EscalationTask
from bot.policy import loader
from bot.policy.access import Access
from bot.policy.model import Policy, PolicyError
from bot.policy.principal import DirectoryUnavailable
from bot.policy.subscriptions import Subscriptions
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store, open_store
from bot.store.records import Event, JobSnapshot, OutMessage, Person
from bot.watch.announcer import Announcer
from bot.watch.escalations import Escalations
from bot.watch.recipients import SavedEvent
from commands import all_verbs, permissions
from commands.acknowledge import VERB
from commands.support.base import Context, EarlyAnswer
from tests.notify.world import MINUTE, NOTIFY, NOW, job
from tests.policy.command_service import words
from tests.store.raw import Raw

GROUP, MENTION = "S0ONCALL01", "<!subteam^S0ONCALL01>"
OWN = "C0PROD0001"
PROJECTS = (Project("demo-project", "prod", notify_channel=OWN), Project("acme-staging", "staging"))
RULE = '[[escalate]]\nevents = ["failed", "stuck", "with_errors"]\ngroup = "@oncall"\nrepeat = "15m"\n'
DANA = Person("T1", "U0DANA0001", NOTIFY)


def policy(text: str = RULE) -> Policy:
    return loader.parse(text, permissions=permissions(all_verbs()), projects=Projects(PROJECTS))


class Bot:
    """What the leader does, with a clock of its own."""

    def __init__(self, store: Store, given: Policy, projects: tuple[Project, ...] = ()) -> None:
        self.store, self.now, self.policy = store, NOW, given
        self.settings = Settings("demo-project", (), NOTIFY, "unused", project_tables=projects)
        self.access = Access(policy=given, group_id=lambda each: GROUP, clock=lambda: self.now)
        self.announcer = Announcer(store)
        self.escalations = Escalations(store, lambda: given.escalations, self.settings)
        self.renderer = OutboxRenderer(store, self.access, "T1", lambda: self.now)
        self.task = EscalationTask(store, given, lambda: None)

    def sees(self, after: str, *ids: str, before: str = "RUNNING/CDC", **labels: str) -> None:
        """These jobs change, and it is announced."""
        saved = []
        for id in ids or ("orders",):
            now = job(after, id, labels=tuple(labels.items()))
            known = JobSnapshot(now, self.now, self.now)
            self.store.save_known([known])
            event = Event(now.name, now.create_time, self.now, "changed", before, after)
            saved.append(SavedEvent(self.store.add_event(event), known))
        with self.store.transaction():
            subscriptions = Subscriptions.of(NOTIFY, self.store.watches(), self.settings.projects)
            self.announcer.announce(saved, subscriptions, self.now)
            self.escalations.begin(saved, self.now)

    def after(self, minutes: int) -> list[OutMessage]:
        """Time passes, and the leader looks twice; what is new and not posted yet."""
        self.now += minutes * MINUTE
        for _ in range(2):
            self.task.tick(self.now)
        return self.unsent()

    def unsent(self) -> list[OutMessage]:
        due = self.store.ready_to_send(self.now + timedelta(days=1))
        return [each for each in due if not each.ts and self.renderer.render(each) is not None]

    def posts(self) -> list[str]:
        """Post what waits, and return what each message says with all its blocks."""
        said = []
        for each in self.store.ready_to_send(self.now + timedelta(days=1)):
            rendered = self.renderer.render(each)
            self.store.mark_sent(each.key, each.rev, each.ts or f"{each.id}.0")
            if rendered is not None:
                said.append(json.dumps(rendered.payload(), ensure_ascii=False))
        return said

    def types(self, who: Person = DANA, *jobs: str, **flags: str) -> str:
        answer = acknowledge(self, who, *jobs, **flags)
        return words(answer)


def acknowledge(bot: Bot, who: Person, *jobs: str, **flags: str) -> Answer:
    unused: Any = None
    ctx = Context(
        who=who,
        dms=unused,
        store=bot.store,
        approvals=unused,
        cutovers=unused,
        access=bot.access,
        settings=bot.settings,
        verbs=all_verbs(),
        now=lambda: bot.now,
        membership=unused,
        readable=unused,
        zone=unused,
    )
    try:
        return VERB.run(ctx, Invocation("acknowledge", jobs, dict(flags)))
    except EarlyAnswer as early:
        return early.answer


@pytest.fixture
def bot(store: Store) -> Bot:
    return Bot(store, policy())


def only(bot: Bot) -> str:
    (found,) = bot.store.open_escalations()
    return found.id


def test_the_alert_mentions_the_group_and_asks(bot: Bot) -> None:
    bot.sees("FAILED/CDC")
    (alert,) = [each for each in bot.posts() if "Failed" in each and "timeline" not in each][:1]
    assert MENTION in alert
    assert "dms:acknowledge:run" in alert
    assert "repeated every 15 min" in alert


def test_a_group_that_slack_does_not_know_is_logged(bot: Bot) -> None:
    bot.access = replace(bot.access, group_id=lambda _group: "")
    bot.renderer = OutboxRenderer(bot.store, bot.access, "T1", lambda: bot.now)
    with capture_logs() as logs:
        bot.sees("FAILED/CDC")
        assert any("@oncall, please acknowledge" in each for each in bot.posts())
    assert "escalation_group_unknown" in [each["event"] for each in logs]


@pytest.mark.parametrize(
    ("text", "after", "labels", "asks"),
    [
        (RULE, "STOPPED/CDC", {}, False),
        (RULE, "COMPLETED", {}, False),
        (RULE + 'labels = ["env=prod"]\n', "FAILED/CDC", {}, False),
        (RULE + 'labels = ["env=prod"]\n', "FAILED/CDC", {"env": "prod"}, True),
        (RULE + 'projects = ["staging"]\n', "FAILED/CDC", {}, False),
        (RULE + 'projects = ["prod"]\n', "FAILED/CDC", {}, True),
        (RULE.replace('"failed"', '"completed"'), "COMPLETED", {}, True),
    ],
)
def test_what_is_escalated(store: Store, text: str, after: str, labels: dict[str, str], asks: bool) -> None:
    bot = Bot(store, policy(text))
    bot.sees(after, **labels)
    assert bool(store.open_escalations()) is asks


def test_it_is_repeated_in_the_thread_until_somebody_acknowledges(bot: Bot) -> None:
    bot.sees("FAILED/CDC")
    bot.posts()
    assert bot.after(14) == []
    (first,) = bot.after(1)
    (escalation,) = bot.store.open_escalations()
    assert first.thread_of == escalation.message
    (said,) = bot.posts()
    assert MENTION in said
    assert "Not acknowledged for 15 min" in said
    assert len(bot.after(15)) == 1
    bot.posts()
    assert "Acknowledged" in bot.types(escalation=escalation.id)
    updated = bot.posts()
    assert len(updated) == 3
    assert all("Acknowledged by <@U0DANA0001>" in each and "dms:acknowledge" not in each for each in updated)
    assert bot.after(600) == []
    (row,) = bot.store.audit()
    assert (row.event, row.user, row.job) == ("acknowledged", DANA.user, job().name)


@pytest.mark.parametrize(
    "typed", ["orders", "europe-west1/orders", "demo-project/europe-west1/orders", job().name]
)
def test_the_name_of_the_job_is_enough_while_the_service_is_away(bot: Bot, typed: str) -> None:
    """An outage can be what the alert is about: here, nothing stands for the service."""
    bot.sees("FAILED/CDC")
    bot.posts()
    assert "no more reminders about `orders`" in bot.types(DANA, typed)
    assert bot.store.open_escalations() == ()


def test_another_leader_goes_on_and_repeats_nothing_twice(bot: Bot, tmp_path: Path) -> None:
    bot.sees("FAILED/CDC")
    bot.posts()
    other = Bot(open_store(str(tmp_path / "bot.db")), bot.policy)
    other.now = bot.now
    assert len(bot.after(15)) == len(other.after(15)) == 1
    other.store.close()


def test_repeats_do_not_pile_up_while_slack_is_away(bot: Bot) -> None:
    bot.sees("FAILED/CDC")
    assert not any(each.kind == "escalation" for each in bot.after(60))
    bot.posts()
    assert len(bot.after(15)) == 1
    assert len(bot.after(60)) == 1


@pytest.mark.parametrize("after", ["RUNNING/CDC", "RESTARTING"])
def test_it_ends_when_the_job_moves_on(bot: Bot, after: str) -> None:
    bot.sees("FAILED/CDC")
    bot.posts()
    bot.after(15)
    bot.sees(after, before="FAILED/CDC")
    assert not any(each.kind == "escalation" for each in bot.after(15))
    assert not bot.store.open_escalations()
    assert not any(MENTION in each for each in bot.posts())


def test_one_that_waits_is_not_posted_once_it_is_over(bot: Bot) -> None:
    bot.sees("FAILED/CDC")
    bot.posts()
    (waiting,) = bot.after(15)
    bot.types(escalation=only(bot))
    assert bot.renderer.render(waiting) is None


def test_a_rule_that_left_the_policy_asks_nobody(bot: Bot) -> None:
    bot.sees("FAILED/CDC")
    bot.posts()
    later = Bot(bot.store, policy(""))
    assert later.after(15) == []
    assert not bot.store.open_escalations()
    (said,) = later.posts()
    assert "No more reminders: its table is no longer in my policy, so I do not know" in said
    assert "Resolved" not in said


def test_a_location_that_left_the_settings_asks_nobody_and_says_so(bot: Bot) -> None:
    """Nobody looks at its jobs any more, so it would be repeated for ever."""
    bot.sees("FAILED/CDC")
    bot.posts()
    bot.after(15)
    bot.posts()
    elsewhere = (Project("demo-project", "prod", ("us-central1",)),)
    later = Bot(bot.store, replace(bot.policy, projects=Projects(elsewhere)))
    assert not any(each.kind == "escalation" for each in later.after(30))
    assert not bot.store.open_escalations()
    said = later.posts()
    assert len(said) == 2, "the alert and its reminder, as they are"
    assert all("No more reminders: its location is no longer in my settings" in each for each in said)
    assert not any(MENTION in each or "Resolved" in each for each in said)
    assert later.after(60) == []


def test_one_job_that_is_not_looked_at_leaves_it_open_whether_all_is_over(bot: Bot, tmp_path: Path) -> None:
    ids = [f"j{number}" for number in range(12)]
    bot.sees("FAILED/CDC", *ids)
    bot.posts()
    bot.sees("RUNNING/CDC", *ids[1:], before="FAILED/CDC")
    bot.posts()
    away = job("FAILED/CDC", ids[0]).name.replace("europe-west1", "us-central1")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute(f"UPDATE events SET job = '{away}' WHERE job LIKE '%/{ids[0]}'")
    later = Bot(
        bot.store,
        replace(bot.policy, projects=Projects((Project("demo-project", "prod", ("europe-west1",)),))),
    )
    later.after(15)
    assert not bot.store.open_escalations()
    said = later.posts()
    assert any("the location of one of its jobs is no longer in my settings" in each for each in said)
    assert not any("Resolved" in each for each in said)


def test_an_alert_of_which_an_event_cannot_be_read_is_counted(bot: Bot, tmp_path: Path) -> None:
    bot.sees("FAILED/CDC", "orders")
    bot.sees("FAILED/CDC", "billing")
    bot.posts()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE events SET at = 'long ago' WHERE job LIKE '%/billing'")
    assert "no more reminders" not in (said := bot.types(DANA, "orders"))
    assert "Acknowledged what I found of `orders`. Not looked at: 1 alert that cannot be read" in said
    assert [each.ended for each in bot.store.open_escalations()] == [None]


@pytest.mark.parametrize("spoilt", ["known_jobs SET flags = '['", "events SET at = 'long ago'"])
def test_what_cannot_be_read_is_not_over(bot: Bot, tmp_path: Path, spoilt: str) -> None:
    bot.sees("FAILED/CDC")
    bot.posts()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute(f"UPDATE {spoilt}")
    bot.now += 15 * MINUTE
    bot.task.tick(bot.now)
    (escalation,) = bot.store.open_escalations()
    assert escalation.repeats == 1


def test_what_cannot_be_read_keeps_no_change_from_being_announced(bot: Bot, tmp_path: Path) -> None:
    bot.sees("FAILED/CDC", *(f"j{number}" for number in range(12)))
    bot.sees("FAILED/CDC", "billing")
    bot.posts()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE outbox SET subject = '['")
        raw.execute("UPDATE escalations SET events = '['")
        raw.execute("UPDATE events SET at = 'long ago'")
    bot.now += 10 * MINUTE
    bot.sees("RUNNING/CDC", "j1", before="FAILED/CDC")
    bot.sees("FAILED/CDC", "orders")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE outbox SET error = 'unreadable' WHERE subject = '['")
    assert any(MENTION in each and "orders" in each for each in bot.posts())


def test_it_is_asked_in_the_projects_channel(store: Store) -> None:
    bot = Bot(store, policy(), PROJECTS)
    bot.sees("FAILED/CDC")
    assert [each.channel for each in store.open_escalations()] == [OWN]


def test_a_channel_that_is_told_nothing_gets_messages_of_its_own(store: Store) -> None:
    bot = Bot(store, policy(RULE + 'channel = "C0ONCALL01"\n'))
    bot.sees("FAILED/CDC", "orders")
    bot.now += MINUTE
    bot.sees("FAILED/CDC", "billing")
    (escalation,) = store.open_escalations()
    assert len(escalation.events) == 2
    (own,) = [each for each in bot.unsent() if each.kind == "escalation"]
    assert (own.channel, own.thread_of) == ("C0ONCALL01", "")
    said = next(each for each in bot.posts() if MENTION in each)
    assert "billing" in said
    assert "orders" in said


def test_many_failures_at_once_ask_once(bot: Bot) -> None:
    bot.sees("FAILED/CDC", *(f"j{number}" for number in range(12)))
    assert len(bot.store.open_escalations()) == 1
    assert sum(MENTION in each for each in bot.posts()) == 1
    bot.sees("RUNNING/CDC", *(f"j{number}" for number in range(11)), before="FAILED/CDC")
    assert len([each for each in bot.after(15) if each.kind == "escalation"]) == 1
    bot.sees("RUNNING/CDC", "j11", before="FAILED/CDC")
    bot.after(1)
    assert not bot.store.open_escalations()


def test_a_message_that_was_sent_already_asks_by_one_of_its_own(store: Store) -> None:
    """Its update would notify nobody."""
    bot = Bot(store, policy(RULE + 'labels = ["env=prod"]\n'))
    bot.sees("FAILED/CDC", *(f"j{number}" for number in range(6)))
    assert not any(MENTION in each for each in bot.posts())
    bot.now += timedelta(seconds=20)
    bot.sees("FAILED/CDC", "late", env="prod")
    (escalation,) = store.open_escalations()
    (own,) = [each for each in bot.unsent() if each.kind == "escalation"]
    assert own.thread_of == escalation.message
    assert escalation.message.startswith("mass:")
    assert MENTION in next(each for each in bot.posts() if "🔔" in each and "late" in each)
    (again,) = bot.after(15)
    assert again.key != own.key


def errors(bot: Bot, *, on: bool) -> None:
    """An error of the running job comes, or goes."""
    now = job("RUNNING/CDC", error="lost" if on else "")
    known = JobSnapshot(now, bot.now, bot.now)
    bot.store.save_known([known])
    before, after = ("", now.status) if on else ("error", now.status)
    event = Event(now.name, now.create_time, bot.now, "error" if on else "cleared", before, after, "lost")
    saved = [SavedEvent(bot.store.add_event(event), known)]
    bot.announcer.announce(saved, Subscriptions.of(NOTIFY, ()), bot.now)
    bot.escalations.begin(saved, bot.now)


def test_an_error_that_comes_and_goes_is_asked_about_once(bot: Bot) -> None:
    errors(bot, on=True)
    bot.posts()
    escalation = only(bot)
    errors(bot, on=False)
    bot.after(1)
    assert not bot.store.open_escalations()
    errors(bot, on=True)
    assert only(bot) == escalation
    bot.types(escalation=escalation)
    errors(bot, on=False)
    errors(bot, on=True)
    assert not bot.store.open_escalations()


def test_a_job_that_flaps_is_asked_about_once(bot: Bot) -> None:
    for _ in range(4):
        bot.sees("FAILED/CDC")
        bot.posts()
        bot.now += timedelta(seconds=20)
        bot.sees("RUNNING/CDC", before="FAILED/CDC")
        bot.task.tick(bot.now)
        bot.now += timedelta(seconds=20)
    found = bot.store.escalations_since(NOTIFY, NOW)
    assert len(found) <= 2
    bot.sees("FAILED/CDC")
    assert len(bot.store.open_escalations()) == 1
    assert sum(each.repeats for each in bot.store.escalations_since(NOTIFY, NOW)) <= 1


def test_who_may_acknowledge(store: Store) -> None:
    hidden = '[[rule]]\nverbs = ["view"]\nlabels = ["env=prod"]\nallow = ["U0DANA0001"]\n'
    bot = Bot(store, policy(RULE + hidden))
    bot.sees("FAILED/CDC", env="prod")
    bot.posts()
    id = only(bot)
    assert "may not see" in bot.types(replace(DANA, user="U0SAM00001"), escalation=id)
    bot.access = replace(bot.access, is_member=lambda user: user != DANA.user)
    assert "Only full members" in bot.types(escalation=id)

    def silent(_user: str) -> bool:
        raise DirectoryUnavailable("Slack is silent.")

    bot.access = replace(bot.access, is_member=silent)
    assert "Try again later" in bot.types(escalation=id)
    assert only(bot) == id
    bot.access = replace(bot.access, is_member=lambda _user: True)
    answer = acknowledge(bot, DANA, escalation=id)
    assert isinstance(answer, Note)
    assert answer.tone == "good"
    assert f"@{DANA.user} already acknowledged this alert" in bot.types(escalation=id)
    assert "too old" in bot.types(escalation="none")
    assert len(store.audit()) == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('group = "@oncall"', "`events`: is missing or empty"),
        ('events = ["faild"]\ngroup = "@oncall"', "no alert (did you mean `failed`?)"),
        ('events = ["changed"]\ngroup = "@oncall"', '"changed", which is no alert'),
        ('events = ["failed"]', "`group`: is missing: name a user group"),
        ('events = ["failed"]\ngroup = "U0DANA0001"', "must be one user group"),
        ('events = ["failed"]\ngroup = ["@a", "@b"]', "must be one user group"),
        ('events = ["failed"]\ngroup = "@a"\nrepeat = "4m"', "must be at least 5m"),
        ('events = ["failed"]\ngroup = "@a"\nrepeat = 15', "must be a duration"),
        ('events = ["failed"]\ngroup = "@a"\nprojects = ["prd"]', "no project of this bot"),
        ('events = ["failed"]\ngroup = "@a"\nlabel = "x"', "is not known here"),
    ],
)
def test_what_is_wrong_is_said(lines: str, says: str) -> None:
    with pytest.raises(PolicyError) as raised:
        policy(f"[[escalate]]\n{lines}\n")
    assert says in str(raised.value)
