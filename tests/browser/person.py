"""Somebody at the sandbox's page: types, presses, looks."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

IDS = {
    "dana": "U0DANA0001",
    "sam": "U0SAM00001",
    "alex": "U0ALEX0001",
    "riley": "U0RILEY001",
}
_NEWER = """after => [...document.querySelectorAll('[data-testid="messages"] [data-testid="message"]')]
  .map(message => message.dataset.ts).filter(ts => ts > after).pop()"""


class Person:
    def __init__(self, page: Page, home: str) -> None:
        self.page = page
        self._home = home

    def arrive(self, name: str = "dana", channel: str = "dms") -> Person:
        self.page.goto(f"{self._home}/?as={name}&open={channel}")
        expect(self.page.get_by_test_id("composer")).to_be_visible()
        return self

    def become(self, name: str) -> None:
        self.page.get_by_test_id("person-switcher").select_option(IDS[name])
        expect(self.page.get_by_test_id("sidebar")).to_contain_text(name.capitalize())

    def go(self, channel: str) -> None:
        self.page.get_by_test_id(f"channel-{channel}").click()
        expect(self.page.get_by_test_id("title")).to_contain_text(channel)

    def type(self, words: str) -> Locator:
        """Type a command; the answer to it, which is the first newer message that comes."""
        composer = self.page.get_by_test_id("composer")
        composer.fill(words)
        before = self._newest()
        composer.press("Enter")
        return self._next(before)

    def type_for_view(self, words: str) -> None:
        """Type a command that opens a view."""
        self.page.get_by_test_id("composer").fill(words)
        self.page.get_by_test_id("composer").press("Enter")
        expect(self.modal).to_be_visible()

    def press(self, button: Locator) -> Locator:
        """Press a button; the message that it brings."""
        before = self._newest()
        button.click()
        return self._next(before)

    def message(self, *words: str) -> Locator:
        """The newest message with all these words, once it is there."""
        found = self.page.get_by_test_id("messages").get_by_test_id("message")
        for each in words:
            found = found.filter(has_text=each)
        expect(found.last).to_be_visible()
        return self._at(str(found.last.get_attribute("data-ts")))

    @property
    def modal(self) -> Locator:
        return self.page.get_by_test_id("modal")

    def _newest(self) -> str:
        return str(self.page.evaluate(_NEWER, "") or "")

    def _next(self, before: str) -> Locator:
        return self._at(str(self.page.wait_for_function(_NEWER, arg=before).json_value()))

    def _at(self, ts: str) -> Locator:
        """This very message, whatever it says later."""
        return self.page.get_by_test_id("messages").locator(f'[data-testid="message"][data-ts="{ts}"]')


def button(within: Locator, label: str) -> Locator:
    return within.get_by_role("button", name=label, exact=True)
