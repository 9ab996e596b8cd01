"""Parsed commands and the answers of verbs, without Slack's JSON."""
