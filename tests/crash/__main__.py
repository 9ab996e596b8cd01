"""`python -m tests.crash --kills 200`: kill the bot again and again, and see that everything adds up."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from tests.crash.harness import run
from tests.crash.plan import Plan
from tests.crash.report import report


def main() -> int:
    plan = _plan()
    logging.getLogger("sandbox.slack").setLevel(logging.CRITICAL)  # the report tells of Slack's rules
    folder = Path(tempfile.mkdtemp(prefix="dms-crash-"))
    folder.chmod(0o755)
    kept = True
    try:
        outcome = run(plan, folder)
        print(report(outcome))
        kept = plan.keep or outcome.broken
        return 1 if outcome.broken else 0
    finally:
        if kept:
            print(f"The database and the logs are in {folder}")
        else:
            shutil.rmtree(folder)


def _plan() -> Plan:
    options = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--db", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--replicas", type=int, choices=(1, 2, 3), default=1)
    options.add_argument("--keep", action="store_true", help="keep the database and the logs")
    given = options.parse_args()
    if given.replicas > 1 and given.db == "sqlite":
        options.error("several bots share a PostgreSQL database: add --db postgresql")
    return Plan(given.kills, given.seed, given.db, given.replicas, given.keep, nights=True)


if __name__ == "__main__":
    sys.exit(main())
