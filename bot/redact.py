"""Takes secrets out of text before it is written anywhere."""

from __future__ import annotations

import re

HIDDEN = "[secret]"

_PATTERNS = (
    # Slack: tokens of every kind, and URLs that let anyone who has them post.
    (re.compile(r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w-]{4,}"), HIDDEN),
    (re.compile(r"(https://hooks\.slack\.com/)[\w/-]+"), rf"\1{HIDDEN}"),
    # Google: access tokens, API keys, refresh tokens, private keys.
    (re.compile(r"\bya29\.[\w.-]+"), HIDDEN),
    (re.compile(r"\bAIza[\w-]{20,}"), HIDDEN),
    (re.compile(r"\b1//[\w-]{20,}"), HIDDEN),
    (
        re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL),
        HIDDEN,
    ),
    # Anything: bearer headers, JWTs, passwords in URLs, and `password=…` in plain text or JSON.
    (re.compile(r"(\bbearer )[\w.~+/-]{8,}=*", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    (re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)"), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"""(\b(?:password|passwd|secret|token)["']?\s*[=:]\s*["']?)(?!\[secret\])[^\s,;&"']+""",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `[secret]`."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
