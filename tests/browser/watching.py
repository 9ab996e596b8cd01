"""What must never happen on the page, whatever is done there."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page

_WATCH_BANNER = """
new MutationObserver(() => {
  const banner = document.querySelector('[data-testid="violations"]');
  if (banner) window.bannerShown(banner.textContent);
}).observe(document, { childList: true, subtree: true });
"""


@dataclass
class Watched:
    """A page, with what was seen of it so far."""

    page: Page
    faults: list[str] = field(default_factory=list)
    """Errors of the page's own scripts."""
    outside: list[str] = field(default_factory=list)
    """Addresses that are not the sandbox's."""
    banners: list[str] = field(default_factory=list)
    """What the banner of broken rules said, even if it was there for a moment only."""

    def assert_clean(self) -> None:
        assert (self.faults, self.outside, self.banners) == ([], [], [])


def watched(page: Page, home: str) -> Watched:
    seen = Watched(page)
    page.on("pageerror", lambda fault: seen.faults.append(str(fault)))
    page.on("request", lambda asked: _note(seen, asked.url, home))
    page.expose_function("bannerShown", lambda said: seen.banners.append(said))
    page.add_init_script(_WATCH_BANNER)
    return seen


def _note(seen: Watched, url: str, home: str) -> None:
    if not url.startswith((home, "data:")):
        seen.outside.append(url)
