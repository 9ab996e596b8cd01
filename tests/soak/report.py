"""A soak's outcome: a table for people, and JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.soak.bounds import Bound, Finding
from tests.soak.harness import Outcome

_SHOWN = 12


def report(outcome: Outcome) -> str:
    return "\n\n".join("\n".join(part) for part in (_work(outcome), _figures(outcome), _verdicts(outcome)))


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything that was sampled, and the verdict."""
    return {
        "database": outcome.plan.database,
        "seconds": outcome.seconds,
        "seed": outcome.plan.seed,
        "warm_up_s": outcome.plan.warm_up_s,
        "keep_rows_s": outcome.plan.keep_rows_s,
        "broken": outcome.broken,
        "work": {
            "typed": outcome.typed,
            "looks": outcome.looks,
            "presses": outcome.presses,
            "webhook_requests": outcome.deliveries,
            "cpu_s": outcome.cpu_s,
        },
        "faults": dict(outcome.faults),
        "explained": dict(outcome.explained),
        "figures": {each.bound.figure: _as_json(each) for each in outcome.findings},
        "troubles": {promise: list(found) for promise, found in outcome.troubles.items()},
        "samples": [{"at_s": each.at_s, **each.figures} for each in outcome.samples],
    }


def _as_json(finding: Finding) -> dict[str, Any]:
    seen = finding.trend
    return {
        "first": seen.first if seen else None,
        "last": seen.last if seen else None,
        "most": seen.most if seen else None,
        "slope_per_h": seen.slope_per_h if seen else None,
        "fault": finding.fault,
    }


def _work(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    yield f"{plan.database}, seed {plan.seed}: {outcome.seconds / 60:.1f} min, {len(outcome.samples)} samples"
    yield f"people               asked for {outcome.typed} actions, looked {outcome.looks} times"
    yield f"buttons pressed      {outcome.presses}"
    yield f"webhook requests     {outcome.deliveries}"
    yield f"time on a processor  {outcome.cpu_s:.0f} s"
    yield f"faults               {sum(outcome.faults.values())}"
    yield from (f"  {times:>4} × {name}" for name, times in sorted(outcome.faults.items()))
    yield f"errors in the log that these explain: {sum(outcome.explained.values())}"
    yield from (f"  {times:>4} × {line}" for line, times in outcome.explained.items())


def _figures(outcome: Outcome) -> Iterator[str]:
    plan = outcome.plan
    yield (
        f"after a warm-up of {plan.warm_up_s:.0f} s, with old rows kept for {plan.keep_rows_s:.0f} s; "
        "first and last: medians of a quarter"
    )
    yield from figure_lines(outcome.findings)


def figure_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A table, with what is wrong at the end of its line."""
    yield f"{'':<36}{'first':>10}{'last':>10}{'most':>10}{'per hour':>10}  bound"
    for finding in findings:
        yield f"{finding.bound.figure:<36}{_trend(finding)}  {finding.fault or _allowed(finding)}"


def _trend(finding: Finding) -> str:
    seen = finding.trend
    if seen is None:
        return f"{'-':>10}" * 4
    return "".join(f"{each:>10.1f}" for each in (seen.first, seen.last, seen.most, seen.slope_per_h))


def _allowed(finding: Finding) -> str:
    bound: Bound = finding.bound
    limits = []
    if bound.rise is not None and finding.trend is not None:
        limits.append(f"rise of {bound.allowed(finding.trend.first):.0f}")
    if bound.ceiling is not None:
        limits.append(f"at most {bound.ceiling:.0f}")
    return ", ".join(limits) or "grows by design"


def _verdicts(outcome: Outcome) -> Iterator[str]:
    grown = [f"{each.bound.figure}: {each.fault}" for each in outcome.findings if each.fault]
    for promise, found in {"every figure is within its bound": grown, **outcome.troubles}.items():
        yield f"{'BROKEN' if found else 'kept':<8}{promise}{f': {len(found)}' if found else ''}"
        yield from (f"        {each}" for each in found[:_SHOWN])
