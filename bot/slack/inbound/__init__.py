"""Deliveries from Slack: received, acknowledged, validated and answered."""
