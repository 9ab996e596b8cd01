"""The command parser: an invocation that means something, or one sentence."""

from __future__ import annotations

import json
import re

from hypothesis import given

from bot.cmdline.answers import Note
from bot.cmdline.invocation import Invocation, UsageError
from bot.cmdline.parser import parse
from bot.slack.render.answer import render
from tests.fuzz.lines import SYNTAXES, lines
from tests.fuzz.profile import count, limits
from tests.slack.checks import accepted

_JOB = re.compile(r"(projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/migrationJobs/|[a-z0-9-]+/)?[a-z0-9-]{1,63}")


@limits(120, 38_000)
@given(lines)
def test_any_line_is_an_invocation_or_one_sentence(line: str) -> None:
    count("command lines")
    try:
        found = parse(line, SYNTAXES)
    except UsageError as error:
        _is_a_sentence(str(error))
        return
    syntax = SYNTAXES[found.verb]
    assert set(found.flags) <= {flag.name for flag in syntax.flags}
    assert {key.partition(".")[0] for key in found.filters} <= set(syntax.filters)
    # What is in quotes, and the rest of a line that looks at one job, may be a display name.
    assert syntax.names or all(_JOB.fullmatch(job) or " " in job for job in found.jobs)
    assert not found.words or syntax.words or found.verb == "help"
    assert Invocation.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def _is_a_sentence(said: str) -> None:
    assert len(said.splitlines()) == 1, said
    assert said.rstrip("`)")[-1] in ".?", said
    assert len(said) < 900, said
    accepted(render(Note(said, tone="warn")))
