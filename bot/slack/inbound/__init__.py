"""What Slack delivers: received, acknowledged, checked and answered."""
