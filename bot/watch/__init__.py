"""Looks at jobs, finds what has changed, and puts what is to be told into the outbox."""
