"""Sends the messages in the outbox to Slack."""
