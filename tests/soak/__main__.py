"""`python -m tests.soak --minutes 30`: run the bot for long while things fail, and see that nothing grows."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.soak.harness import run
from tests.soak.plan import Plan
from tests.soak.report import as_json, report
from tests.soak.sampling import CONNECTIONS, FILES, MEMORY, OUTBOX, THREADS, Sample


def main() -> int:
    given = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the bot would go on alone
    plan = Plan(60 * given.minutes, given.db, given.seed, given.every, keep=given.keep)
    logging.getLogger("sandbox.slack").setLevel(logging.CRITICAL)  # the report tells of Slack's rules
    folder = Path(tempfile.mkdtemp(prefix="dms-soak-"))
    folder.chmod(0o755)
    kept = True
    try:
        outcome = run(plan, folder, _tell)
        print(report(outcome))
        if given.json is not None:
            given.json.write_text(json.dumps(as_json(outcome), indent=1) + "\n", encoding="utf-8")
        kept = plan.keep or outcome.broken
        return 1 if outcome.broken else 0
    finally:
        if kept:
            print(f"The database and the logs are in {folder}")
        else:
            shutil.rmtree(folder)


def _tell(sample: Sample) -> None:
    figures = ", ".join(f"{name} {sample.figures[name]:.0f}" for name in _TOLD)
    print(f"{sample.at_s:>6.0f} s: {figures}", file=sys.stderr, flush=True)


_TOLD = (MEMORY, FILES, THREADS, CONNECTIONS, OUTBOX)


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="between two samples")
    options.add_argument(
        "--json", type=Path, metavar="FILE", help="write all samples and the verdict into FILE"
    )
    options.add_argument("--keep", action="store_true", help="keep the database and the logs")
    return options.parse_args()


if __name__ == "__main__":
    sys.exit(main())
