"""Sends to Slack what waits in the outbox."""
