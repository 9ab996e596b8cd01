"""The keys of the messages about a request."""

from __future__ import annotations


def request_key(request_id: str) -> str:
    """Key of the message that shows a request where it was made."""
    return f"request:{request_id}"


def approval_key(request_id: str) -> str:
    """Key of the message that asks for approvals."""
    return f"approval:{request_id}"


def denial_key(request_id: str) -> str:
    """Key of the message that tells the requester of a denial."""
    return f"denial:{request_id}"
