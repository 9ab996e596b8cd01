"""Calls to Slack's Web API and response URLs."""
