"""The names of a hidden job's databases stay with those who may see them, whoever presses what."""

from __future__ import annotations

from pathlib import Path

from sandbox.slack import plain
from tests.e2e.env import open_env, unique_id
from tests.e2e.helpers import ROLES, moment, policy, private

_HIDDEN = """
[[rule]]
name = "secret ones"
verbs = ["databases"]
labels = { secret = "yes" }
allow = ["@leads", "@dba-team"]
"""


def test_show_all_names_asks_the_policy(tmp_path: Path) -> None:
    names = [f"tenant_{number:02d}" for number in range(40)]
    with open_env(tmp_path, policy_file=policy(tmp_path, ROLES + _HIDDEN)) as env:
        job = unique_id("hidden")
        env.dms.add_job(
            job, state="FAILED", phase="CDC", databases=names, labels={"secret": "yes"}, frozen=True
        )
        card = env.shows(env.type(f"restart {job}"), step="confirm")
        before = moment(env)
        env.press(card, "Show all names", "riley")
        refusal = private(env, "riley", "may not", "databases", after=before)
        assert "tenant_" not in plain(refusal)
        assert env.slack.views("riley") == []
        env.press(card, "Show all names", "alex")
        env.slack.wait_view(user="alex", contains=["tenant_39"])
        env.press(card, "Show all names")
        env.slack.wait_view(contains=["tenant_39"])
