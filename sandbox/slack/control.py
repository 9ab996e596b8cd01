"""The client of the sandbox's control API, for tests and automation.

Messages and views are plain dicts in the shape of Slack's API, with a few additions (`ephemeral_for`,
`versions`, `channel_name`; views: `errors`). All waiting is done with deadlines in seconds.
"""

import copy
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from sandbox.local_http import LocalClient, NoAnswer
from sandbox.slack.plaintext import plain
from sandbox.slack.rules import NEW

_LACKS = {"message": "lacks_in_messages", "modal": "lacks_in_modals", "home": "lacks_on_home"}
SURFACES = tuple(_LACKS)
JSON = dict[str, Any]
Predicate = Callable[[list[JSON]], Any]
Look = Callable[[JSON], tuple[int, list[JSON]]]
"""Given what to wait for first, returns the count of changes and what there is."""
REQUEST_SECONDS = 60.0
WAIT_SECONDS = 60.0
"""As nothing is waited for longer than it takes, this costs time only where it never comes."""


class SandboxError(Exception):
    """The sandbox refuses; the text says why."""


class SlackControl:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._about: JSON = {}
        self._http = LocalClient(self.base_url, REQUEST_SECONDS)

    def close(self) -> None:
        self._http.close()

    def do(self, action: str, /, **body: Any) -> JSON:
        """Call an action of the control API. Raises SandboxError, and NoAnswer."""
        status, answer = self._http.post(f"/sandbox/{action}", self._about | body)
        if status != 200:
            raise SandboxError(answer.get("error", str(answer)))
        return cast(JSON, answer)

    def wait_until_up(self, timeout: float = 15.0) -> None:
        """Raises TimeoutError when the server does not answer in time."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.status()
                return
            except NoAnswer:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.base_url} does not answer") from None
                time.sleep(0.02)

    # -- acting as people

    def command(self, text: str, user: str = "dana", channel: str = "dms", *, wait: bool = True) -> JSON:
        """Type `/dms TEXT`, or TEXT as it is if it begins with the command of an app.

        Returns the delivery: `ok`, `latency` (seconds), `ack`, `error`, `payload`.
        """
        return self.do("command", text=text, user=user, channel=channel, wait=wait)

    def say(
        self,
        text: str,
        user: str = "dana",
        channel: str = "dms",
        thread_ts: str | None = None,
        *,
        broadcast: bool = False,
    ) -> JSON:
        """Write a message as one types it (`@dms show orders-db`, links); channel "dm" is the conversation
        with the app. `broadcast` sends a reply to the channel, too."""
        where = {"channel": channel, "thread_ts": thread_ts, "broadcast": broadcast}
        return self.do("say", text=text, user=user, **where)

    def edit(self, message: JSON | str, text: str, user: str = "dana") -> JSON:
        """Change one's own message."""
        return self.do("edit", where=message, text=text, user=user)

    def shortcut(self, callback_id: str, message: JSON | str | None = None, user: str = "dana") -> JSON:
        """Use a shortcut of the manifest: of a message, or without one a global one. Returns the delivery."""
        return self.do("shortcut", callback_id=callback_id, where=message, user=user)

    def press(
        self,
        where: JSON | str,
        action_id: str | None = None,
        text: str | None = None,
        value: Any = None,
        user: str = "dana",
        *,
        block_id: str | None = None,
        stale: bool = False,
        wait: bool = True,
    ) -> JSON:
        """Press a button (found by action id, label or value) or choose in a menu (`value` is an option's
        value or label, a list of them for multi-selects and checkboxes). With `stale`, the message is
        taken as `where` shows it, even if it has changed since. Returns the delivery."""
        body = {
            "where": where,
            "action_id": action_id,
            "label": text,
            "value": value,
            "block_id": block_id,
        }
        return self.do("press", user=user, stale=stale, wait=wait, **body)

    def set_input(self, where: JSON | str, action_id: str, value: Any, user: str = "dana") -> JSON:
        """Fill an input without sending anything to the app, except the search of an external menu."""
        return self.do("set_input", where=where, action_id=action_id, value=value, user=user)

    def submit(self, view: JSON | str, values: dict[str, Any] | None = None, user: str = "dana") -> JSON:
        """Fill by action id and submit. Returns `submitted`, `response_action` ("close" when the app sent
        none), `errors` by block id, `delivery` and the open `views`."""
        return self.do("submit", where=view, values=values or {}, user=user)

    def close_view(self, view: JSON | str, user: str = "dana", *, everything: bool = False) -> JSON:
        return self.do("close_view", where=view, user=user, everything=everything)

    def suggest(self, where: JSON | str, action_id: str, query: str = "", user: str = "dana") -> list[JSON]:
        """Type into an external menu; returns the options that the app answers."""
        options = self.do("suggest", where=where, action_id=action_id, query=query, user=user)["options"]
        return cast(list[JSON], options)

    def open_home(self, user: str = "dana", tab: str = "home") -> JSON:
        """Open the app: its Home tab, or its "messages"."""
        return self.do("open_home", user=user, tab=tab)

    # -- reading

    def messages(
        self,
        channel: str | None = None,
        user: str | None = None,
        *,
        include_ephemeral: bool = True,
        after: str = "0",
        limit: int = 0,
    ) -> list[JSON]:
        """Sorted by time. With a user, what that person sees; otherwise everything. `after` is a
        time stamp; `limit` keeps the last ones (0: all)."""
        where = {"channel": channel, "user": user, "after": after}
        answer = self.do("messages", include_ephemeral=include_ephemeral, limit=limit, **where)
        return cast(list[JSON], answer["messages"])

    def thread(self, channel: str, ts: str) -> list[JSON]:
        """The first message and its replies."""
        return cast(list[JSON], self.do("thread", channel=channel, ts=ts)["messages"])

    def views(self, user: str = "dana") -> list[JSON]:
        """The open modals, the topmost last."""
        return cast(list[JSON], self.do("views", user=user)["views"])

    def home(self, user: str = "dana") -> JSON | None:
        return cast(JSON | None, self.do("home", user=user)["home"])

    def notifications(self, user: str = "dana", *, after: str = "0") -> list[JSON]:
        """What notified this person since the time stamp `after`, the oldest first: `kind` ("dm", "mention",
        "group", "channel", "thread"), `channel_name`, `ts`, `text`, and `held` (do not disturb)."""
        return cast(list[JSON], self.do("notifications", user=user, after=after)["notifications"])

    def silent(self, user: str = "dana") -> dict[str, int]:
        """How many `messages` and `edits` this person could see, and was not notified of."""
        return cast(dict[str, int], self.do("notifications", user=user)["silent"])

    def files(self) -> list[JSON]:
        return cast(list[JSON], self.do("files")["files"])

    def download(self, file: JSON) -> bytes:
        """The file's bytes. Raises SandboxError, and NoAnswer."""
        status, content = self._http.get(urlsplit(file["url_private"]).path)
        if status != 200:
            raise SandboxError(f"{file['url_private']} answers with {status}")
        return content

    def violations(self, *, notices: bool = False) -> list[JSON]:
        """The rules that the app broke; with `notices` also refusals that a correct app may get."""
        return cast(list[JSON], self.do("violations", notices=notices)["violations"])

    def calls(self, method: str | None = None) -> list[JSON]:
        """The Web API calls so far: `method`, `args`, `ok`, `error`, `status`, `at`."""
        return cast(list[JSON], self.do("calls", method=method)["calls"])

    def deliveries(self, kind: str | None = None) -> list[JSON]:
        """What was sent to the app, with its payloads; `kind` is "slash_commands", "interactive" or
        "events_api"."""
        return cast(list[JSON], self.do("deliveries", kind=kind)["deliveries"])

    def status(self) -> JSON:
        return self.do("status")

    # -- waiting

    def wait_for(
        self,
        predicate: Predicate,
        timeout: float = WAIT_SECONDS,
        *,
        channel: str | None = None,
        user: str | None = None,
        after: str = "0",
    ) -> Any:
        """Call the predicate with the messages after each change until it returns something true, and
        return that. Raises TimeoutError, which shows the last messages."""

        def look(since: JSON) -> tuple[int, list[JSON]]:
            answer = self.do("messages", channel=channel, user=user, after=after, **since)
            return answer["seq"], answer["messages"]

        return self._wait(look, predicate, timeout)

    def wait_message(
        self,
        channel: str | None = None,
        contains: str | Sequence[str] = (),
        user: str | None = None,
        timeout: float = WAIT_SECONDS,
        after: str = "0",
        where: Callable[[JSON], bool] = lambda _: True,
    ) -> JSON:
        """The newest message after the time stamp `after` that contains all these words in its text, blocks
        or button labels."""
        words = [contains] if isinstance(contains, str) else list(contains)

        def newest(found: Iterable[JSON]) -> JSON | None:
            return next((m for m in reversed(list(found)) if _has(m, words) and where(m)), None)

        return cast(JSON, self.wait_for(newest, timeout, channel=channel, user=user, after=after))

    def wait_view(
        self, user: str = "dana", contains: str | Sequence[str] = (), timeout: float = WAIT_SECONDS
    ) -> JSON:
        """The topmost modal, once there is one that contains these words."""
        words = [contains] if isinstance(contains, str) else list(contains)

        def look(since: JSON) -> tuple[int, list[JSON]]:
            answer = self.do("views", user=user, **since)
            return answer["seq"], answer["views"]

        def topmost(found: list[JSON]) -> JSON | None:
            return found[-1] if found and _has(found[-1], words) else None

        return cast(JSON, self._wait(look, topmost, timeout))

    def wait_home(
        self, user: str = "dana", contains: str | Sequence[str] = (), timeout: float = WAIT_SECONDS
    ) -> JSON:
        """The Home tab, once it contains these words."""
        words = [contains] if isinstance(contains, str) else list(contains)

        def look(since: JSON) -> tuple[int, list[JSON]]:
            answer = self.do("home", user=user, **since)
            return answer["seq"], [answer["home"]] if answer["home"] else []

        def fitting(found: list[JSON]) -> JSON | None:
            return found[0] if found and _has(found[0], words) else None

        return cast(JSON, self._wait(look, fitting, timeout))

    def wait_notification(
        self,
        user: str = "dana",
        contains: str | Sequence[str] = (),
        kind: str = "",
        timeout: float = WAIT_SECONDS,
        after: str = "0",
    ) -> JSON:
        """The newest notification of this person after the time stamp `after`, of this kind (any, if empty),
        with these words in its text."""
        words = [contains] if isinstance(contains, str) else list(contains)

        def look(since: JSON) -> tuple[int, list[JSON]]:
            answer = self.do("notifications", user=user, after=after, **since)
            return answer["seq"], answer["notifications"]

        def newest(found: list[JSON]) -> JSON | None:
            fitting = [each for each in found if kind in ("", each["kind"]) and _has(each, words)]
            return fitting[-1] if fitting else None

        return cast(JSON, self._wait(look, newest, timeout))

    def wait_connections(self, count: int = 1, timeout: float = WAIT_SECONDS) -> None:
        """Wait until the app has at least `count` Socket Mode connections."""
        deadline = time.monotonic() + timeout
        while self.status()["connections"] < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {count} connection(s) within {timeout:g} s")
            time.sleep(0.02)

    def _wait(self, look: Look, predicate: Predicate, timeout: float) -> Any:
        deadline = time.monotonic() + timeout
        seq, found = look({})
        while not (result := predicate(found)):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(_last_words(found, timeout))
            seq, found = look({"since": seq, "timeout": min(left, 5.0)})
        return result

    # -- faults and set-up

    def raw_deliver(self, payload: JSON, kind: str = "interactive", **manner: Any) -> list[JSON]:
        """Deliver any payload unchanged. `kind` as in `deliveries`. `manner`: duplicates, retry_num,
        retry_reason, headers, mode ("socket" or "http"), signed ("good", "bad", "missing"), age (seconds
        by which the request's time stamp lies in the past), body (text sent in place of the payload)."""
        results = self.do("raw_deliver", payload=payload, kind=kind, **manner)["results"]
        return cast(list[JSON], results)

    def fault(
        self,
        method: str = "*",
        kind: str = "500",
        times: int | None = 1,
        *,
        retry_after: float | str = 1,
        after_apply: bool = False,
        seconds: float = 60.0,
    ) -> None:
        """Arm a fault for a Web API method, "response_url" or "*". `kind`: "ratelimited", an HTTP status
        such as "503", "timeout", "slow" (answers after `seconds`), "connection_reset", or a Slack error's
        name. `retry_after` is sent as it is; empty: not at all. `times` None lasts until `clear_faults`."""
        body = {"retry_after": retry_after, "after_apply": after_apply, "seconds": seconds}
        self.do("fault", method=method, kind=kind, times=times, **body)

    def clear_faults(self) -> None:
        self.do("fault", clear=True)

    def socket(self, action: str, grace: float = 10.0) -> int:
        """ "drop", "refresh", "warning", "refuse" or "accept"; returns the number of affected connections."""
        return int(self.do("socket", action=action, grace=grace)["connections"])

    def duplicate_deliveries(self, extra: int) -> None:
        """Deliver everything this many more times."""
        self.configure(duplicate_deliveries=extra)

    def configure(self, **settings: Any) -> JSON:
        """Change settings by name: see `sandbox.slack.settings.Settings`."""
        return self.do("settings", **settings)

    def lack(self, types: Iterable[str] = NEW, surfaces: Iterable[str] = SURFACES) -> None:
        """Make the workspace an old one, which refuses these types of blocks: everywhere, or only where
        `surfaces` says ("message", "modal", "home"). No types: it knows them all again."""
        given = list(types)
        self.configure(**{_LACKS[surface]: given for surface in surfaces})

    def set_mode(self, mode: str) -> None:
        """ "auto" (sockets if there are any, else the request URL), "socket" or "http"."""
        self.configure(mode=mode)

    def set_request_url(self, url: str) -> bool:
        """Returns whether the app passed Slack's URL verification."""
        return bool(self.do("request_url", url=url)["verified"])

    def set_scopes(self, scopes: Iterable[str]) -> None:
        self.do("scopes", scopes=list(scopes))

    def install(self, manifest: str | JSON) -> None:
        """Install the app from this manifest, in place of the repository's `manifest.yml`: with its scopes,
        events, shortcuts and `unfurl_domains`."""
        self.do("manifest", **{"text" if isinstance(manifest, str) else "whole": manifest})

    def add_to_manifest(self, **added: Sequence[Any]) -> None:
        """More `scopes`, `events`, `shortcuts` (as a manifest has them) and `domains`."""
        self.do("manifest", added=added)

    def post_scheduled(self) -> int:
        """Post what is scheduled now, as if its time had come; returns how many messages."""
        return int(self.do("post_scheduled")["posted"])

    def quiet(self, user: str, seconds: int) -> None:
        """Do not disturb this person for so long; 0 ends it."""
        self.do("quiet", user=user, seconds=seconds)

    def clear_violations(self) -> None:
        self.do("clear_violations")

    def reset(self) -> None:
        """Reset the workspace; the app's connections stay."""
        self.do("reset")

    def add_app(self, name: str, command: str, channels: Sequence[str] = ()) -> JSON:
        """Install another app: its `id`, `bot_user`, `bot_token`, `app_token` and `signing_secret`."""
        return self.do("add_app", name=name, command=command, channels=list(channels))

    def of_app(self, app: str) -> "SlackControl":
        """The same for another app, by ID or name: its connections, request URL, scopes, Home tab and direct
        messages. What is typed or pressed goes to the app that it belongs to in any case."""
        other = copy.copy(self)
        other._about = {"app": app}
        return other

    def add_user(self, name: str, **details: Any) -> str:
        """Returns the id. Details: real_name, channels, tz, tz_offset (seconds), id."""
        return str(self.do("add_user", name=name, **details)["id"])

    def add_channel(self, name: str, **details: Any) -> str:
        """Returns the id. Details: members, is_private, bot (is the app a member), id."""
        return str(self.do("add_channel", name=name, **details)["id"])

    def add_group(self, handle: str, users: Sequence[str]) -> str:
        """A user group; returns its id."""
        return str(self.do("add_group", handle=handle, users=list(users))["id"])

    def kick_bot(self, channel: str) -> None:
        self.do("kick_bot", channel=channel)

    def invite_bot(self, channel: str, user: str = "dana") -> None:
        self.do("invite_bot", channel=channel, user=user)


def _has(found: JSON, words: Sequence[str]) -> bool:
    text = plain(found)
    return all(word in text for word in words)


def _last_words(found: list[JSON], timeout: float) -> str:
    shown = "\n---\n".join(plain(item) for item in found[-5:])
    return f"nothing fitting within {timeout:g} s; the last of {len(found)}:\n{shown}"
