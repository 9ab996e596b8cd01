"""Suggested commands name the job that a text is about, also where others have its id."""

from __future__ import annotations

import pytest

from bot.cmdline.answers import Note, Verbatim
from bot.config.projects import Project, Projects
from bot.dms.model import job_name
from bot.requests.job_names import disambiguate, in_commands, name_in_commands, place_to_tell
from bot.util.command import COMMAND

HERE, THERE = (job_name(project, "asia-southeast1", "customers-db") for project in ("acme-dev", "acme-prod"))
SHOWN = "dev/asia-southeast1/customers-db"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            f"`{COMMAND} restart customers-db --stop-first` stops",
            f"`{COMMAND} restart {SHOWN} --stop-first` stops",
        ),
        (f"`{COMMAND} delay customers-db`: see", f"`{COMMAND} delay {SHOWN}`: see"),
        (f'{COMMAND} stop customers-db --reason "x"', f'{COMMAND} stop {SHOWN} --reason "x"'),
        (f"`{COMMAND} unfreeze customers-db` lifts it", f"`{COMMAND} unfreeze {SHOWN}` lifts it"),
        (f"`{COMMAND} schedule --move customers-db`", f"`{COMMAND} schedule --move {SHOWN}`"),
        (f"`{COMMAND} show customers-db-2`", f"`{COMMAND} show customers-db-2`"),
        (f"`{COMMAND} show {SHOWN}`", f"`{COMMAND} show {SHOWN}`"),
        (f"`{COMMAND} edit billing --add customers-db`", f"`{COMMAND} edit billing --add customers-db`"),
        (f"`{COMMAND} list`", f"`{COMMAND} list`"),
        ("`/dms restart customers-db`, said the service", "`/dms restart customers-db`, said the service"),
    ],
)
def test_only_the_job_of_a_command_of_ours_is_named(text: str, named: str) -> None:
    assert name_in_commands(text, HERE, SHOWN) == named
    assert name_in_commands(text, HERE, "customers-db") == text


def test_all_texts_of_an_answer_are_changed_unless_the_id_means_two_of_its_jobs() -> None:
    said = f"`{COMMAND} stop customers-db`"
    answer = Note(("It runs: ", said, Verbatim("customers-db")), tone="warn")
    named = in_commands(answer, {HERE: SHOWN})
    assert named == Note(("It runs: ", f"`{COMMAND} stop {SHOWN}`", Verbatim("customers-db")), tone="warn")
    assert in_commands(answer, {HERE: SHOWN, THERE: "prod/asia-southeast1/customers-db"}) == answer
    assert in_commands(answer, {}) is answer


def test_a_job_of_a_project_that_was_taken_out_is_not_called_like_one_of_the_project_that_is_left() -> None:
    left = Projects((Project("acme-dev", "dev"),))
    calls = disambiguate((HERE, THERE), left)
    assert calls(HERE) == "asia-southeast1/customers-db"
    assert calls(THERE) == "acme-prod/asia-southeast1/customers-db"
    assert place_to_tell(THERE, left, lambda: (HERE, THERE)) == "acme-prod/asia-southeast1"
