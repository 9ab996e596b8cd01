"""A dict that stays small, for what would else be kept of every cutover, message or person there ever was."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

V = TypeVar("V")

MOST = 4096


class Recent(OrderedDict[str, V]):
    """The keys that were set last: beyond `most`, the one that was set longest ago is forgotten.

    For what can be found out, or done, once more.
    """

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: str, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
