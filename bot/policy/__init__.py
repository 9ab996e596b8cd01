"""Who may do what, and who hears of what."""
