"""Takes secrets out of text before it is written anywhere."""

from __future__ import annotations

import re

HIDDEN = "[secret]"

_NAMED = r"[\w.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)"
"""Names whose value is a secret, in whatever they are part of: `db_password`, `PGPASSWORD`, …"""
_SET_TO = rf"(?P<name>\b{_NAMED}[\"']?\s*(?:=>|[=:])\s*)"

_PATTERNS = (
    # Slack: tokens of every kind, and URLs that let anyone who has them post.
    (re.compile(r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w-]{4,}"), HIDDEN),
    (re.compile(r"(https://hooks\.slack\.com/)[\w/-]+"), rf"\1{HIDDEN}"),
    # Google: access tokens, API keys, refresh tokens, client secrets, private keys. Amazon: key ids.
    (re.compile(r"\bya29\.[\w.-]+"), HIDDEN),
    (re.compile(r"\bAIza[\w-]{20,}"), HIDDEN),
    (re.compile(r"\b1//[\w-]{20,}"), HIDDEN),
    (re.compile(r"\bGOCSPX-[\w-]{10,}"), HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    (
        re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL),
        HIDDEN,
    ),
    # Anything: authorization headers, JWTs, passwords in URLs.
    (re.compile(r"(\b(?:bearer|basic) )[\w.~+/-]{8,}=*", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    # Up to the last @ of the address: a password may hold one that somebody forgot to encode.
    (re.compile(r"(://[^\s:/@]*:)[^\s/]+(?=@)"), rf"\1{HIDDEN}"),
    # `password=…`: in quotes with whatever they hold, else up to a space or a separator.
    (
        re.compile(rf"{_SET_TO}(?P<q>[\"'])(?:\\.|(?!(?P=q))[^\\])*(?P=q)", re.I),
        rf"\g<name>\g<q>{HIDDEN}\g<q>",
    ),
    (re.compile(rf"{_SET_TO}(?!\[secret\])[^\s,;&\"'}}]+", re.I), rf"\g<name>{HIDDEN}"),
)


_HINTS = re.compile(
    r"xox|xapp|hooks\.slack|ya29|AIza|1//|GOCSPX|A(?:KI|SI)A|PRIVATE KEY|bearer|basic|eyJ|://"
    r"|pass|secret|token|key",
    re.IGNORECASE,
)
"""Without one of these there is nothing to hide: most text is looked at once."""


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `[secret]`."""
    if not _HINTS.search(text):
        return text
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
