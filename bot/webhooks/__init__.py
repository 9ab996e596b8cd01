"""Sends events and audit rows outside Slack, as `[[webhook]]` says. See `docs/webhooks.md`."""
