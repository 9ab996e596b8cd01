"""All checks of `dms-bot doctor`."""

from __future__ import annotations

from bot.config.settings import Settings
from bot.doctor import google, local, memory, slack, webhooks
from bot.doctor.finding import Finding


def run_checks(settings: Settings, *, offline: bool = False) -> tuple[Finding, ...]:
    """Run all checks; with `offline`, only those that need neither Slack nor Google."""
    findings = [*local.run_checks(settings)]
    if not offline:
        findings += [*slack.run_checks(settings), *google.run_checks(settings)]
    findings += webhooks.run_checks(settings, offline=offline)
    return (*findings, memory.check())
