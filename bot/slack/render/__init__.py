"""Answers, requests and events as Slack's blocks and views."""
