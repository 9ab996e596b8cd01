"""What any room may use: it knows nothing of jobs, Slack or Google."""
