"""The progress and outcome of a request's runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block

from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.findings import split_findings
from bot.slack.render.gauge import gauge
from bot.store.records import ACTIVE_RUNS, Request, Run, RunState
from bot.util.durations import humanize, rough
from bot.util.text import rest_line

_LINES = 60
_DETAILED = 10
"""Up to so many runs are shown with all of their notes; more have a short line each."""
_NOTE = 400
_SHORT_NOTE = 150
_ORDER = (
    RunState.FAILED,
    RunState.REFUSED,
    RunState.UNCLEAR,
    RunState.CALLING,
    RunState.FOLLOWING,
    RunState.QUEUED,
    RunState.SUCCEEDED,
)
"""What needs attention comes first."""


def bar(done: int, total: int) -> str:
    """`▰▰▰▱▱▱▱▱▱▱ 3 of 10`."""
    return f"{gauge(100 * done / total if total else 0)} {done} of {total}"


def failed(run: Run) -> bool:
    """Whether it ended without success: failed, refused or unclear."""
    return run.state in (RunState.FAILED, RunState.REFUSED, RunState.UNCLEAR)


def retryable(run: Run) -> bool:
    """Whether it ended without success and a retry may help. Of an unclear run, people look at the job first:
    it may have been applied."""
    return failed(run) and not run.hopeless and run.state is not RunState.UNCLEAR


def progress(
    request: Request, runs: Sequence[Run], now: datetime | None, usual_s: float | None = None
) -> list[Block]:
    """One line per job, with a bar above several jobs. `now` is None once all have ended; `usual_s` is how
    long the action usually takes on one job."""
    if len(request.jobs) == 1:
        one = [f"{_line(request, run)}{_usually(run, usual_s)}" for run in runs]
        return m.sections("\n".join(one)) if one else []
    ended = sum(1 for run in runs if run.state not in ACTIVE_RUNS)
    total = max(len(request.jobs), len(runs))
    ordered = sorted(runs, key=lambda run: _ORDER.index(run.state))
    lines = [_line(request, run, short=len(runs) > _DETAILED) for run in ordered[:_LINES]]
    lines.extend(rest_line(len(runs), _LINES))
    return [
        m.section(f"{bar(ended, total)}{_pace(runs, ended, total, now)}{_counts(runs)}"),
        *(m.sections("\n".join(lines)) if lines else []),
    ]


def failed_lines(request: Request, runs: Sequence[Run], limit: int) -> list[str]:
    """A line for each job for which the action did not succeed, at most `limit`; mrkdwn."""
    bad = sorted(filter(failed, runs), key=lambda run: _ORDER.index(run.state))
    return [_line(request, run, short=True) for run in bad[:limit]] + rest_line(len(bad), limit)


def outcome(request: Request, runs: Sequence[Run]) -> str:
    """The outcome in one line; mrkdwn."""
    if not runs:
        return "🚫 *Nothing was done.*"
    if len(request.jobs) == 1:
        return _single(request, runs)
    done = labels.DONE[request.action]
    good = sum(1 for run in runs if run.state is RunState.SUCCEEDED)
    total = max(len(request.jobs), len(runs))
    if good == total:
        return f"✅ *{done} all {good} jobs*{_total_duration(runs)}"
    unclear = sum(1 for run in runs if run.state is RunState.UNCLEAR)
    # That of a cutover leaves alone what somebody has promoted in another way before it is sent.
    elsewhere = total - len(runs) if request.facts.cutover else 0
    bad = total - good - unclear - elsewhere
    counts = ((bad, "did not succeed"), (unclear, "unclear"), (elsewhere, "left to a promotion from outside"))
    parts = [f"{count:,} {text}" for count, text in counts if count]
    sign = "🔴" if bad else "❓" if unclear else "✅"
    return f"{sign} *{done} {good} of {total} jobs*; {', '.join(parts)}"


def _single(request: Request, runs: Sequence[Run]) -> str:
    job = labels.job_name_code(request, request.jobs[0].name)
    bad = [run for run in runs if failed(run)]
    if not bad:
        return f"✅ *{labels.DONE[request.action]}* {job}{_total_duration(runs)}"
    run = bad[0]
    message, _ = split_findings(run.note)
    reason = mrkdwn.clip(labels.quoted_note(message), _NOTE) or "the service gave no reason"
    action = str(request.action).capitalize()
    return f"{labels.run_emoji(run.state)} *{action} of* {job} *{labels.run_text(run.state)}*: {reason}"


def _pace(runs: Sequence[Run], ended: int, total: int, now: datetime | None) -> str:
    """` · 30% · began 4 min ago · about 10 min left`: Slack keeps the age up to date by itself."""
    begun = min((run.called for run in runs if run.called), default=None)
    if now is None or begun is None or ended >= total:
        return ""
    left_s = (now - begun).total_seconds() / ended * (total - ended) if ended else 0.0
    left = f" · {rough(left_s)} left" if left_s > 0 else ""
    return f" · {100 * ended // total}% · began {mrkdwn.date(begun, '{ago}')}{left}"


def _usually(run: Run, usual_s: float | None) -> str:
    """How long the action usually takes, of a run that DMS works on."""
    if usual_s is None or run.state is not RunState.FOLLOWING:
        return ""
    return f" · usually takes {humanize(usual_s)}"


def _counts(runs: Sequence[Run]) -> str:
    counts = Counter(run.state for run in runs)
    parts = [f"{labels.run_emoji(state)} {counts[state]}" for state in _ORDER if counts[state]]
    return f" · {' '.join(parts)}" if parts else ""


def _line(request: Request, run: Run, *, short: bool = False) -> str:
    head = f"{labels.run_emoji(run.state)} {labels.job_name_code(request, run.job)} {_doing(request, run)}"
    most = _SHORT_NOTE if short else _NOTE
    if run.state in ACTIVE_RUNS:
        step = f" ({mrkdwn.clip(labels.quoted_note(run.note), most)})" if run.note else ""
        return f"{head}{step}{_since(run)}"
    note = f": {mrkdwn.clip(labels.quoted_note(run.note), most)}" if run.note else ""
    return f"{head}{_span(run)}{note}"


def _doing(request: Request, run: Run) -> str:
    """A run's state; “running” would read as the job's, which may be about to stop."""
    is_followed = run.state is RunState.FOLLOWING
    return labels.DOING[request.action].lower() if is_followed else labels.run_text(run.state)


def _since(run: Run) -> str:
    """When it began. Which operation DMS has made of it, `show --more` says: here nobody can use its ID."""
    if run.called is None:
        return ""
    if run.state is RunState.QUEUED:
        return ": the job has been stopped, its restart comes next"
    return f", began {mrkdwn.date(run.called, '{ago}')}"


def _span(run: Run) -> str:
    if run.called is None or run.ended is None or run.ended < run.called:
        return ""
    if run.state in (RunState.REFUSED, RunState.UNCLEAR):
        return ""  # when it ran is not known
    return f" in {humanize(run.ended - run.called)}"


def _total_duration(runs: Sequence[Run]) -> str:
    begun = [run.called for run in runs if run.called]
    ended = [run.ended for run in runs if run.ended]
    if not begun or not ended or max(ended) - min(begun) < timedelta(0):
        return ""
    return f" in {humanize(max(ended) - min(begun))}"
