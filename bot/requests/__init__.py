"""Requests: asked for, confirmed, approved, run and followed."""
