"""Renders answers, requests and events as Block Kit messages and views."""
