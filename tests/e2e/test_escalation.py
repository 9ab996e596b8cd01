"""An alert mentions a user group until somebody presses Acknowledge, through the whole chain."""

from __future__ import annotations

from pathlib import Path

from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.e2e.helpers import ROLES, events, policy, single_bot
from tests.waiting import until

RULE = """
[[escalate]]
events = ["failed"]
labels = ["env=prod"]
group = "@dba-team"
repeat = "5m"
"""


def test_somebody_acknowledges_a_failure(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULE)) as env:
        job = env.add_job("urgent", state="RUNNING", phase="CDC", labels={"env": "prod"})
        other = env.add_job("idle", state="RUNNING", phase="CDC")
        until(lambda: len(env.bot.store.known_jobs()) == 2)
        env.dms.set_job(other, state="FAILED")
        env.dms.set_job(job, state="FAILED")
        alert = env.slack.wait_message(
            channel=NOTIFY_CHANNEL, contains=["Failed", job, "<!subteam^", "please acknowledge"]
        )
        env.slack.wait_message(channel=NOTIFY_CHANNEL, contains=["Failed", other])
        (escalation,) = env.bot.store.open_escalations()
        assert f"alert:{escalation.events[0]}:{NOTIFY_CHANNEL}" == escalation.message
        env.press(alert, "Acknowledge", user="riley")
        shown = plain(env.shows(alert, "Acknowledged by <@U0RILEY001>"))
        assert "please acknowledge" not in shown
        assert events(env, job)[-1] == "acknowledged"
        assert env.bot.store.open_escalations() == ()


def test_the_alert_of_a_deleted_job_is_acknowledged_by_its_name(slack: SlackServer, tmp_path: Path) -> None:
    """docs/policy.md, "Escalation": `deleted` is one of its events, and the command ends its reminders."""
    rule = RULE.replace("failed", "deleted")
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + rule)) as env:
        job = env.add_job("urgent", state="RUNNING", phase="CDC", labels={"env": "prod"})
        until(lambda: len(env.bot.store.known_jobs()) == 1)
        env.dms.remove_job(job)
        until(lambda: env.bot.store.open_escalations())
        assert "no more reminders" in plain(env.type(f"acknowledge {job}", user="riley"))
        assert events(env, job)[-1] == "acknowledged"
        assert env.bot.store.open_escalations() == ()
