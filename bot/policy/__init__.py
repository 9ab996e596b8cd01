"""Who may do what, and who gets which notifications."""
