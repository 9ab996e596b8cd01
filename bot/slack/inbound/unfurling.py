"""Links to jobs' pages in the console, which unfold into short cards.

Sources: https://docs.slack.dev/reference/events/link_shared, …/reference/methods/chat.unfurl and
https://docs.slack.dev/messaging/unfurling-links-in-messages. Everybody in the channel sees such a card.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.cmdline.job_refs import jobs_of_links
from bot.config.projects import Place
from bot.dms.model import Job
from bot.dms.resource_names import is_served
from bot.policy.access import Access
from bot.policy.channel_readers import all_may_see
from bot.runtime import logs, metrics
from bot.slack.api.client import SLACK_ERRORS, answer_client
from bot.slack.api.installation import Installation, is_true
from bot.slack.inbound import payloads
from bot.slack.render.link_card import link_card
from bot.store import Store, StoreError
from bot.store.records import JobSnapshot, Person

log = structlog.get_logger(__name__)

MAX_LINKS = 5
"""Cards in one message: more would fill the channel."""
_POSTED = ("", "conversations_history")
"""Values of `source` for links in a posted message; the other is `composer`, which only its author sees."""


@dataclass(frozen=True, slots=True)
class SharedLinks:
    """The links of one message."""

    who: Person
    ts: str
    urls: tuple[str, ...]


def parse_links(body: Mapping[str, Any], home: Installation) -> SharedLinks | None:
    """From a `link_shared` event in its wrapper.

    None where cards have no place: in direct messages, of whose readers nothing is known, or where the app
    answers anyway; in channels with other organisations (Slack Connect); and in what is still being written.

    Raises:
        Malformed.
    """
    event = payloads.part(body, "event")
    user, channel = payloads.text(event, "user"), payloads.text(event, "channel")
    if not user or not channel.startswith(("C", "G")) or is_true(body.get("is_ext_shared_channel")):
        return None
    if payloads.text(event, "source") not in _POSTED or channel == "COMPOSER":
        return None
    urls = tuple(dict.fromkeys(payloads.text(each, "url") for each in payloads.parts(event, "links")))
    return SharedLinks(payloads.person(body, user, home, channel), payloads.text(event, "message_ts"), urls)


class Unfurler:
    """Unfolds links to jobs that all readers of the channel may see, from the store alone."""

    def __init__(self, store: Store, access: Access, client: WebClient, pool: Executor) -> None:
        self._store = store
        self._access = access
        self._client = answer_client(client)
        self._pool = pool

    def shared(self, links: SharedLinks) -> None:
        """Unfold the links of a message in the pool. Twice is as good as once: Slack replaces the cards."""
        self._pool.submit(self._unfold, links)

    def _unfold(self, links: SharedLinks) -> None:
        with logs.request_context():
            try:
                self._post(links)
            except StoreError as error:
                log.warning("links_not_unfolded", error=str(error))
            except SLACK_ERRORS as error:
                log.warning("links_not_unfolded", error=str(error)[:200])
            except Exception:
                metrics.count_error()
                log.exception("unfurl_error")

    def _post(self, links: SharedLinks) -> None:
        found: dict[str, JobSnapshot] = {}
        for url in links.urls:
            known = self._job_of(url, links.who)
            if known is not None and len(found) < MAX_LINKS:
                found[url] = known
        if not found:
            return
        shown = {url: self._card(links.who, known) for url, known in found.items()}
        self._client.chat_unfurl(channel=links.who.channel, ts=links.ts, unfurls=shown)
        log.info("links_unfolded", user=links.who.user, jobs=[each.job.id for each in found.values()])

    def _job_of(self, url: str, who: Person) -> JobSnapshot | None:
        """The job whose page this is, if the bot serves it and all may see it who read the channel."""
        name = next(iter(jobs_of_links(url)), "")
        if not name or not is_served(name, self._access.policy.projects):
            return None
        known = self._store.known_job(name)
        return known if known is not None and self._may_show(who, known.job) else None

    def _may_show(self, who: Person, job: Job) -> bool:
        """Whether the person who posted the link may see it, too: a card must not bypass the policy."""
        may = self._access.verdict(who, "show", job).allowed
        return may and all_may_see(self._access, who.channel, "show", job)

    def _card(self, who: Person, known: JobSnapshot) -> dict[str, Any]:
        job = known.job
        ref = self._store.put_ref(who.team, "invocation", Invocation("show", (job.name,)).to_dict())
        where = self._access.policy.projects.where(Place(job.project, job.location))
        return link_card(known, where, Button("Show", "show", "run", ref))
