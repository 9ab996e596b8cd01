"""A bot that serves several projects: its memory, and its calls a minute beside a quota of API requests."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack

from benchmarks import env
from benchmarks.figures import Figure, Scale
from benchmarks.generator import Generator
from benchmarks.memory import most_mb

QUOTA_PER_MINUTE = 1_200.0
"""API requests a minute of a user in a project. No page of DMS names a figure: this one is of Datastream, its
nearest relative: "Each user can make up to 1,200 API calls per minute" ("Quotas and limits",
https://docs.cloud.google.com/datastream/docs/quotas)."""
GOAL_MB = 200.0
_NAME = "several projects"
_ELSEWHERE = frozenset({"ListTimeSeries"})
"""Cloud Monitoring has a quota of its own."""
_WATCHED_S = 30.0
"""Long enough for six looks at every place, as each has a job in its full dump."""


def measured(scale: Scale) -> list[Figure]:
    projects = env.projects(scale.projects, scale.locations)
    with ExitStack() as stack:
        generator = stack.enter_context(Generator())
        webapi = stack.enter_context(env.slack(generator))
        far = stack.enter_context(env.dms())
        env.plant_in(far, projects, scale.jobs)
        bot = stack.enter_context(env.bot_of(webapi, far, projects, scale))
        generator.joined(bot.token)
        watched_s = min(_WATCHED_S, 30 * scale.warm_up_s)
        far.control.clear_calls()
        begun = time.monotonic()
        memory = most_mb(bot, watched_s)
        per_minute = _by_project(far, 60.0 / (time.monotonic() - begun))
    what = f"{scale.jobs:,} jobs in {scale.locations} locations of each of {len(projects)} projects"
    return [
        Figure(_NAME, f"memory, {what}, most of {watched_s:.0f} s", "MB", memory, goal=GOAL_MB),
        Figure(_NAME, "calls of DMS a minute, all projects together", "calls", sum(per_minute.values())),
        Figure(
            _NAME,
            "calls of DMS a minute, the project with most",
            "calls",
            max(per_minute.values()),
            goal=QUOTA_PER_MINUTE,
        ),
    ]


def _by_project(far: env.LocalDms, factor: float) -> dict[str, float]:
    calls = Counter(
        _project(call["request"]) for call in far.control.calls() if call["method"] not in _ELSEWHERE
    )
    return {project: factor * count for project, count in calls.items()}


def _project(request: dict[str, str]) -> str:
    return (request.get("parent") or request["name"]).split("/")[1]
