"""The figures as a table for people, as JSON, and in `benchmarks/README.md`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.figures import Figure

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
README = HERE / "README.md"
_BEGIN = "<!-- figures: written by `python -m benchmarks` -->"
_END = "<!-- end of figures -->"
COMMAND = "python -m benchmarks"


def table(figures: Iterable[Figure]) -> str:
    """A Markdown table."""
    rows = [
        ("benchmark", "what", "bot", "bare", "ratio", "goal", "met"),
        *(_row(each) for each in figures),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    def shown(value: float | None) -> str:
        return "" if value is None else f"{number(value)} {figure.unit}"

    ratio = figure.ratio
    what = f"{figure.what} ({figure.note})" if figure.note else figure.what
    return (
        figure.benchmark,
        what,
        shown(figure.ours),
        shown(figure.bare),
        "" if ratio is None else f"{ratio:.2f}",
        "" if figure.goal is None else f"≤ {figure.goal:g}{'' if ratio else ' ' + figure.unit}",
        {True: "yes", False: "**no**", None: ""}[figure.met],
    )


def number(value: float) -> str:
    """With as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def results(figures: Sequence[Figure], load: float) -> dict[str, Any]:
    """What goes into `results.json`."""
    return {
        "command": COMMAND,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine.described(),
        "load_before": round(load, 2),
        "figures": [asdict(each) | {"ratio": each.ratio, "met": each.met} for each in figures],
    }


def save(figures: Sequence[Figure], load: float) -> None:
    """Write `results.json`, and the figures into README.md."""
    found = results(figures, load)
    RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    text = README.read_text()
    begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    about = f"Made with `{found['command']}` on {found['date']}: {found['machine']}."
    README.write_text(f"{text[:begin]}\n\n{about}\n\n{table(figures)}\n\n{text[end:]}")
