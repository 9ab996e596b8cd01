"""What a message says."""

from dataclasses import dataclass, field

from sandbox.slack.world import JSON


@dataclass(frozen=True)
class Content:
    text: str = ""
    blocks: list[JSON] = field(default_factory=list)
    attachments: list[JSON] = field(default_factory=list)
    metadata: JSON | None = None
