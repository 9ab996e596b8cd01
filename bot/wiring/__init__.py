"""Puts the rooms below together, piece by piece; `bot/app.py` makes the bot of the pieces."""
