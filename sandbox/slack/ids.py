"""IDs and time stamps in Slack's formats."""

import secrets
import string
import time

_UPPER = string.ascii_uppercase + string.digits
_MIXED = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 9) -> str:
    """An opaque id such as `V7F3Q0Z1AB`: a type letter, then capitals and digits."""
    return prefix + "".join(secrets.choice(_UPPER) for _ in range(length))


def short_id(length: int = 5) -> str:
    """What Slack fills in for a missing `block_id` or `action_id`."""
    return "".join(secrets.choice(_MIXED) for _ in range(length))


def secret(length: int = 24) -> str:
    return "".join(secrets.choice(_MIXED) for _ in range(length))


class Timestamps:
    """Message time stamps: seconds with six decimals, as a string, never twice the same."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        now = max(time.time_ns() // 1000, self._last + 1)
        self._last = now
        return f"{now // 1_000_000}.{now % 1_000_000:06d}"
