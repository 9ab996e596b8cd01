"""Takes secrets out of text before it is written anywhere."""

from __future__ import annotations

import re

HIDDEN = "[secret]"

_NAMED = (
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|(?:private|access|account|shared)[_-]?key)"
)
"""How the names end whose value is a secret: `db_password`, `PGPASSWORD`, `aws_secret_access_key` …"""
_SET_TO = rf"(?P<name>{_NAMED}\\{{0,3}}[\"']?\s{{0,20}}(?>=>|:=|[=:])\s{{0,20}}"
_SQL = r"(?:[NE]|U&)?"
"""What may stand before a quote in SQL: `N'…'`, `E'…'`, `U&'…'`."""
_QUOTE = r"\\{0,3}[\"'`]|\$\w{0,20}\$"
_QUOTED = rf"(?P<q>{_QUOTE})(?:(?P=q){{2}}|(?!(?P=q))(?:\\.|[^\\])){{0,4096}}(?P=q)?"
"""In quotes, whatever is in them: escaped and doubled quotes too, and where the text ends before they do."""
_IN_QUOTES = rf"\g<name>\g<q>{HIDDEN}\g<q>"

# Each runs in linear time: what repeats has a bound, or begins where the same cannot have begun before.
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
        re.compile(
            r"-----BEGIN ([A-Z ]{0,40})PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    # Anything: authorization headers, JWTs, passwords in URLs.
    (re.compile(r"(\b(?:bearer|basic) )[\w.~+/-]{8,}=*", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    # Up to the last @ of the address: a password may hold one that somebody forgot to encode.
    (re.compile(r"(://[^\s:/@]{0,256}:)[^\s/]+(?=@)"), rf"\1{HIDDEN}"),
    # What databases keep in place of a password: MySQL's `*` and 40 hex digits, PostgreSQL's md5 and SCRAM.
    (re.compile(r"\*[0-9A-F]{40}\b", re.I), HIDDEN),
    (re.compile(r"\bmd5[0-9a-f]{32}\b"), HIDDEN),
    (re.compile(r"\bSCRAM-SHA-256\$[\w+/=:$]+"), HIDDEN),
    # SQL: `PASSWORD 'x'`, `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin AS 'x'`, `SET PASSWORD … = 'x'`.
    (
        re.compile(
            r"(?P<name>\b(?:password\s{1,20}|password\(\s{0,20}|"
            r"identified\s{1,20}(?:with\s{1,20}\S{1,100}\s{1,20})?(?:by|as)\s{1,20}"
            r"(?:(?:password|values)\s{1,20})?|"
            rf"set\s{{1,20}}password\b[^=;]{{0,200}}=\s{{0,20}}){_SQL}){_QUOTED}",
            re.IGNORECASE | re.DOTALL,
        ),
        _IN_QUOTES,
    ),
    # Oracle takes a password without quotes, too.
    (
        re.compile(
            r"(?P<name>\b(?:user|role|to)\s{1,20}\S{1,128}\s{1,20}identified\s{1,20}by\s{1,20})"
            rf"(?!(?:password|values)\b|{_SQL}(?:{_QUOTE}))"
            r"[^\s;,]{1,200}",
            re.IGNORECASE,
        ),
        rf"\g<name>{HIDDEN}",
    ),
    # `password=…`: in quotes with whatever they hold, else up to a space or a separator.
    (re.compile(rf"{_SET_TO}{_SQL}){_QUOTED}", re.IGNORECASE | re.DOTALL), _IN_QUOTES),
    # MySQL says whether a password was used, which is no secret.
    (
        re.compile(
            rf"{_SET_TO})(?!\[secret\]|(?:YES|NO)\)|password\(|{_SQL}(?:{_QUOTE}))[^\s,;&\"'}}]+",
            re.IGNORECASE,
        ),
        rf"\g<name>{HIDDEN}",
    ),
)


_HINTS = re.compile(
    r"xox|xapp|hooks\.slack|ya29|AIza|1//|GOCSPX|A(?:KI|SI)A|PRIVATE KEY|bearer|basic|eyJ|://"
    r"|pass|pwd|secret|token|key|identified|\*[0-9A-F]{8}|md5|SCRAM",
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
