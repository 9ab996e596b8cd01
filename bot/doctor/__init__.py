"""`dms-bot doctor`: checks everything that the bot needs, and says how to fix what is wrong."""
