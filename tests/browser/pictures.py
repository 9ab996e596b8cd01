"""Pictures of what the page shows, small enough for a repository. They are taken where somebody wants them
(`make screenshots`), as Chromium needs a second of a core for each."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 150_000
_COLORS = 256
_DESK: ViewportSize = {"width": 960, "height": 660}
_ROOM: ViewportSize = {"width": 1060, "height": 1500}
"""Wide enough for a message beside the sidebar, and tall enough for the longest."""


@dataclass(frozen=True)
class Pictures:
    folder: Path
    """Where all of them go."""
    published: Path | None = None
    """Where those go that the documentation shows. Without it, none are taken."""

    def of(self, shown: Locator, name: str) -> None:
        """One message or dialog, cropped to it."""
        expect(shown).to_be_visible()
        if self.published:
            with _sized(shown.page, _ROOM):
                self._keep(shown.screenshot(animations="disabled", caret="hide"), name, self.published)

    def window(self, page: Page, name: str) -> None:
        """All that a small window shows."""
        if self.published:
            with _sized(page, _DESK):
                self._keep(page.screenshot(animations="disabled", caret="hide"), name, self.published)

    def _keep(self, png: bytes, name: str, published: Path) -> None:
        """A few colours are enough for text, and take a quarter of the room."""
        path = self.folder / f"{name}.png"
        few = Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLORS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if name in shown_in_documentation():
            assert path.stat().st_size < MOST_BYTES, f"{path} has {path.stat().st_size:,} bytes"
            shutil.copy(path, published)


@contextmanager
def _sized(page: Page, size: ViewportSize) -> Iterator[None]:
    """A window of this size, with the pointer out of the way."""
    before = page.viewport_size
    page.set_viewport_size(size)
    page.mouse.move(0, 0)
    try:
        yield
    finally:
        if before:
            page.set_viewport_size(before)


def shown_in_documentation() -> frozenset[str]:
    """Names of the pictures that README and the guides show."""
    texts = (page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")))
    return frozenset(name for text in texts for name in re.findall(r"pictures/([\w-]+)\.png", text))
