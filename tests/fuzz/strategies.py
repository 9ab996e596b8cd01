"""What Slack might deliver, if it were somebody else: forged ids, wrong types, holes, and far too much."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from commands import all_verbs
from tests.fuzz.env import FORGED, OTHER, RESPONSE_URL, TEAM, TRIGGER, FuzzEnv
from tests.fuzz.lines import lines

STRANGERS = ("U0RILEY001", "U0QUINN001", "U0NOBODY00", "W0FORGED01", "riley", "", "<!channel>", "U" * 3000)
"""People who may change nothing."""
STEPS = (
    "run", "turn", "chosen", "pick", "confirm", "confirm_destination", "cancel", "recheck", "approve", "deny",
    "review", "withdraw", "retry", "again", "unfollow", "names", "submit", "typed", "typed_destination",
    "deny_reason", "save", "refresh", "suggest", "phrase", "nonsense", "",
)  # fmt: skip
REQUEST_STEPS = STEPS[STEPS.index("confirm") : STEPS.index("submit")]
"""Of the buttons whose value is a request."""
ACTIONS = tuple(name for name, verb in all_verbs().items() if verb.action)
VERBS = (*all_verbs(), "home", "nonsense", "", "DELETE", "__init__")
BLOCKS = ("selection", "chosen", "chosen:2", "excluded", "parallelism", "databases", "typed", "reason", "odd")
HOSTILE = (
    "", " ", "<!channel>", "<@U0ALEX0001>", "&lt;!here&gt;", "*b*", "`c`", "```", "_i_", "~s~", ":boom:",
    "\u202e", "\x00", "\ud800", "'; DROP TABLE requests; --", "{{7*7}}", "%s%n", "../../etc/passwd",
    "house-0", "house-restart", "promote 2 jobs", "x" * 5000, "9" * 400, "-1", "0", "1", "all", "leave",
    "MAX",
)  # fmt: skip

triggers = st.sampled_from((TRIGGER, FORGED, FORGED))
NOWHERE = "http://127.0.0.1:9/nobody"

hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
odd: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), hostile),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(hostile, inner, max_size=3)),
    max_leaves=6,
)
"""Anything that JSON can hold."""


def ids(made: FuzzEnv) -> st.SearchStrategy[str]:
    """Ids that are known, of another team, of the wrong kind, or made up."""
    return st.one_of(
        st.sampled_from(made.refs), st.sampled_from(made.requests), st.sampled_from(made.foreign), hostile
    )


@st.composite
def people(draw: st.DrawFn) -> tuple[str, str]:
    """Team and user: nobody who may change anything here."""
    if draw(st.booleans()):
        return TEAM, draw(st.sampled_from(STRANGERS))
    return OTHER, draw(st.sampled_from((*STRANGERS, "U0DANA0001", "U0ALEX0001")))


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """An action or callback id: nearly always one of ours."""
    if draw(st.integers(0, 19)) == 0:
        return draw(hostile)
    verb, step = draw(st.sampled_from(VERBS)), draw(st.sampled_from(STEPS))
    tail = draw(st.sampled_from(("", "", ":0", ":7", ":x", ":0:1")))
    return f"dms:{verb}:{step}{tail}"


@st.composite
def _options(draw: st.DrawFn, made: FuzzEnv) -> Any:
    value = draw(st.one_of(ids(made), st.integers(0, 400).map(str)))
    return {"text": {"type": "plain_text", "text": "x"}, "value": value}


@st.composite
def elements(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """What is filled in in one input."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return {"type": "plain_text_input", "value": draw(st.one_of(st.none(), hostile))}
    if kind == 1:
        return {"type": "radio_buttons", "selected_option": draw(st.one_of(st.none(), _options(made)))}
    if kind == 2:
        return {"type": "checkboxes", "selected_options": draw(st.lists(_options(made), max_size=4))}
    return {"type": "multi_static_select", "selected_options": draw(st.lists(_options(made), max_size=4))}


def states(made: FuzzEnv) -> st.SearchStrategy[Any]:
    blocks = st.one_of(st.sampled_from(BLOCKS), hostile)
    return st.fixed_dictionaries(
        {
            "values": st.dictionaries(
                blocks, st.dictionaries(addresses(), elements(made), max_size=2), max_size=4
            )
        }
    )


def view_ids(made: FuzzEnv) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from((*made.views, "V1")), hostile)


def reviews(made: FuzzEnv) -> st.SearchStrategy[str]:
    """What the view of a whole request carries, or anything else."""
    return st.one_of(st.sampled_from(made.reviews), ids(made))


@st.composite
def targets(draw: st.DrawFn, made: FuzzEnv) -> tuple[str, str]:
    """An action id and its value: such as a message of ours carries, or any pair."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        verb, ref = draw(st.sampled_from(made.buttons))
        return f"dms:{verb}:{draw(st.sampled_from(('run', 'turn', 'chosen')))}", ref
    if kind == 1:
        verb, step = draw(st.sampled_from(ACTIONS)), draw(st.sampled_from(REQUEST_STEPS))
        return f"dms:{verb}:{step}", draw(st.sampled_from(made.requests))
    return draw(addresses()), draw(ids(made))


@st.composite
def response_urls(draw: st.DrawFn) -> str:
    """Nearly always a good one."""
    number = draw(st.integers(0, 299))
    odd_ones = {297: NOWHERE, 298: "file:///etc/passwd", 299: "x" * 3000}
    return odd_ones.get(number, "" if number > 280 else RESPONSE_URL)


@st.composite
def presses(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """A `block_actions` payload."""
    team, user = draw(people())
    address, value = draw(targets(made))
    action = {
        "type": "button",
        "action_id": address,
        "block_id": draw(hostile),
        "value": value,
        "action_ts": "1.2",
    }
    if draw(st.booleans()):
        action["selected_option"] = draw(_options(made))
    review = {"type": "modal", "id": draw(view_ids(made)), "private_metadata": draw(reviews(made))}
    return {
        "type": "block_actions",
        "user": {"id": user, "username": draw(hostile), "team_id": team},
        "api_app_id": "A0DMSBOT01",
        "token": "x",
        "team": {"id": team, "domain": "d"},
        "container": {
            "type": "message",
            "message_ts": "1.2",
            "channel_id": "C0DMS00001",
            "is_ephemeral": draw(st.booleans()),
        },
        "trigger_id": draw(triggers),
        "channel": {"id": draw(st.sampled_from(("C0DMS00001", "C0RANDOM01", "D1", ""))), "name": "dms"},
        "state": draw(states(made)),
        "response_url": draw(response_urls()),
        "actions": [action],
        **draw(st.sampled_from(({}, {}, {"view": review | {"callback_id": ""}}))),
    }


@st.composite
def submissions(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """A `view_submission` payload, or of a view that was closed."""
    team, user = draw(people())
    return {
        "type": draw(st.sampled_from(("view_submission",) * 9 + ("view_closed",))),
        "user": {"id": user, "username": "x", "team_id": team},
        "team": {"id": team, "domain": "d"},
        "trigger_id": draw(triggers),
        "view": draw(views(made)),
        "response_urls": [],
    }


@st.composite
def callbacks(draw: st.DrawFn, made: FuzzEnv) -> tuple[str, str]:
    """A callback id and its private metadata: such as a view of ours carries, or any pair."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        verb, step, ref = draw(st.sampled_from(made.forms))
        return f"dms:{verb}:{step}", ref
    if kind == 1:
        verb, step = draw(st.sampled_from(ACTIONS)), draw(st.sampled_from(("typed", "typed_destination")))
        return f"dms:{verb}:{step}", draw(st.sampled_from(made.requests))
    return draw(addresses()), draw(ids(made))


@st.composite
def views(draw: st.DrawFn, made: FuzzEnv) -> Any:
    callback, metadata = draw(callbacks(made))
    return {
        "type": "modal",
        "id": draw(view_ids(made)),
        "hash": draw(st.sampled_from(("", "1.2"))),
        "callback_id": callback,
        "private_metadata": metadata,
        "state": draw(states(made)),
        "team_id": TEAM,
    }


@st.composite
def suggestions(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """A `block_suggestion` payload."""
    team, user = draw(people())
    return {
        "type": "block_suggestion",
        "user": {"id": user, "team_id": team},
        "team": {"id": team},
        "action_id": draw(addresses()),
        "block_id": draw(hostile),
        "value": draw(st.one_of(st.none(), hostile)),
        "view": draw(views(made)),
        "container": {"type": "view", "view_id": "V1"},
    }


@st.composite
def events(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """An event, most often of the Home tab."""
    team, user = draw(people())
    kinds = ("app_home_opened", "app_home_opened", "message", "app_mention", "member_joined_channel", "odd")
    kind = draw(st.sampled_from(kinds))
    return {
        "type": "event_callback",
        "team_id": team,
        "event_id": draw(triggers),
        "event": {
            "type": kind,
            "user": user,
            "tab": draw(st.sampled_from(("home", "messages", ""))),
            "channel": "D1",
            "text": draw(hostile),
        },
        "authorizations": [{"team_id": team, "user_id": "U0DMSBOT01", "is_bot": True}],
    }


@st.composite
def commands(draw: st.DrawFn, made: FuzzEnv) -> Any:
    """A slash command of somebody who may change nothing."""
    return {
        "command": draw(st.sampled_from(("/dms", "/dms", "/dms", "/other", ""))),
        "text": draw(lines),
        "team_id": draw(st.sampled_from((TEAM, TEAM, OTHER))),
        "user_id": draw(st.sampled_from(STRANGERS)),
        "channel_id": draw(st.sampled_from(("C0DMS00001", "C0RANDOM01", "D1", ""))),
        "trigger_id": draw(triggers),
        "response_url": RESPONSE_URL,
        "user_name": draw(hostile),
        "is_enterprise_install": "false",
    }


@st.composite
def spoilt(draw: st.DrawFn, whole: st.SearchStrategy[Any]) -> Any:
    """A payload with something missing, of the wrong type, or too much, at any depth."""
    body = copy.deepcopy(draw(whole))
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from(list(_holders(body))))
        if isinstance(where, dict):
            _spoil(draw, where)
        elif where:
            where[draw(st.integers(0, len(where) - 1))] = draw(odd)
    return body


def _spoil(draw: st.DrawFn, where: dict[str, Any]) -> None:
    name = draw(st.sampled_from([*where, "odd"]))
    if draw(st.booleans()):
        where.pop(name, None)
    else:
        where[name] = draw(odd)


def _holders(value: Any) -> Any:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _holders(each)
    elif isinstance(value, list):
        yield value
        for each in value:
            yield from _holders(each)
