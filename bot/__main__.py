"""`python -m bot` is `dms-bot`, and without arguments `dms-bot run`."""

from __future__ import annotations

import sys

from bot.cli import main

if __name__ == "__main__":
    main(sys.argv[1:] or ["run"], prog_name="python -m bot")
