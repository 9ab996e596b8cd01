"""Helpers for all rooms. Nothing here knows jobs, Slack or Google."""
