"""Faults of Slack that a test or a person switches on."""

from dataclasses import dataclass


@dataclass
class Fault:
    """`times` None means until cleared. With `after_apply` the call takes effect and only its answer is
    lost, as if a connection breaks after Slack did the work. `seconds` is how long a "timeout" or a
    "slow" answer hangs. `retry_after` is the header as it is sent; empty: without it."""

    method: str
    kind: str
    times: int | None = 1
    retry_after: str = "1"
    after_apply: bool = False
    seconds: float = 60.0

    def matches(self, method: str) -> bool:
        return self.method in ("*", method)


class Faults:
    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def __len__(self) -> int:
        """The number of faults that have not been used up."""
        return len(self._armed)

    def arm(self, fault: Fault) -> None:
        self._armed.append(fault)

    def clear(self) -> None:
        self._armed.clear()

    def take(self, method: str) -> Fault | None:
        """The first fault armed for this method; this counts as one use."""
        for fault in self._armed:
            if fault.matches(method):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._armed.remove(fault)
