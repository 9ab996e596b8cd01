"""Command lines: right ones, nearly right ones, and noise, as Slack's clients would send them."""

from __future__ import annotations

from hypothesis import strategies as st

from commands import all_verbs

SYNTAXES = {name: verb.grammar for name, verb in all_verbs().items()}
FLAGS = sorted({flag.name for syntax in SYNTAXES.values() for flag in syntax.flags})
JOBS = ("house-0", "orders-db", "europe-west1/house-1", "Orders_DB", "a" * 70, "-", "job.", "house-0,house-1")
VALUES = (
    "sales", "a,b", "max", "2h", "2026-12-01T08:00Z", "1", "-1", "9" * 30, "csv", "me", "@dana", "<@U1|dana>",
    "<!subteam^S1|@dba>", "<#C1|dms>", "<https://x.y/z|orders.db>", "&lt;b&gt;", '"month end"', "“x”", "'",
    '"', "`", "\u202e", "\x00", "=", ",", "<!channel>", "*", "state=running", "label.env=prod",
    "state=", "=x",
)  # fmt: skip

_verbs = st.one_of(
    st.sampled_from([*SYNTAXES, "stpo", "LIST", "--help", "/dms", "dms", "h", "?", ""]), st.text(max_size=12)
)
_words = st.one_of(
    st.sampled_from(JOBS),
    st.sampled_from(VALUES),
    st.sampled_from(FLAGS).map("--{}".format),
    st.sampled_from(FLAGS).map("—{}".format),
    st.tuples(st.sampled_from(FLAGS), st.sampled_from(VALUES)).map("--{0[0]}={0[1]}".format),
    st.text(max_size=15),
)
_composed = st.tuples(
    _verbs, st.lists(_words, max_size=8), st.sampled_from((" ", "  ", "\t", "\n", ", "))
).map(lambda parts: parts[2].join([parts[0], *parts[1]]))
lines = st.one_of(
    _composed, _composed, _composed, st.text(max_size=80), st.text(min_size=2900, max_size=3200)
)
