"""Polls jobs, finds what has changed, and writes events and outbox rows."""
