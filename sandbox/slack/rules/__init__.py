"""Slack's rules for blocks, views and messages, as its Block Kit reference states them."""

from sandbox.slack.rules.blocks import NEW
from sandbox.slack.rules.surfaces import (
    check_attachments,
    check_known,
    check_message_blocks,
    check_totals,
    check_view,
)

__all__ = ["NEW", "check_attachments", "check_known", "check_message_blocks", "check_totals", "check_view"]
