"""Requests to change jobs: made, confirmed, approved, carried out once."""
