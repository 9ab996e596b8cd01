"""What goes into a verb and what comes out of it, free of Slack's JSON."""
