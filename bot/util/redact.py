"""Takes secrets out of text before it is written anywhere."""

from __future__ import annotations

import re

HIDDEN = "[secret]"

_NAMED = (
    r"(?:password|passwd|passphrase|passcode|sshpass|(?<![a-z])pass|pwd|secret|(?<!near )token|api[_-]?key|"
    r"(?:private|access|account|shared|client|secret)[_-]?key|authentication_string)"
)
"""How the names end whose value is a secret: `db_password`, `PGPASSWORD`, `aws_secret_access_key` …"""
_SET_TO = rf"(?P<name>{_NAMED}\\{{0,3}}(?:[\"']|%22)?\s{{0,20}}(?>=>|:=|[=:]|%3[AD]|&#61;)\s{{0,20}}"
_SPACE = r"(?:\s|/\*[^*]{0,100}\*/){1,20}"
"""White space in SQL, which may hold a comment."""
_SQL = r"(?:[NEBX]|U&|_\w{1,20})?"
"""Prefixes of a quote in SQL: `N'…'`, `E'…'`, `U&'…'`, `_utf8'…'`."""
_QUOTE = r"\\{0,3}[\"'`]|&#0?39;|&quot;|\\u00(?:27|22)|\$\w{0,20}\$"
_CURLY = "‘’“”"
_QUOTED = (
    rf"(?:''(?=[^'\s,;)])[^']{{1,4096}}''|(?P<q>{_QUOTE})(?:(?P=q){{2}}|(?!(?P=q))(?:\\.|[^\\])){{0,4096}}(?P=q)?|"
    rf"[{_CURLY}][^{_CURLY}]{{0,4096}}[{_CURLY}]?|\w{{0,20}}\(\s{{0,20}}(?=[\"'])[^)]{{0,500}}\)?)"
)
"""In quotes, whatever is in them: escaped and doubled quotes too, and where the text ends before they do. Or
in parentheses, as an argument of a function."""
_IN_QUOTES = rf"\g<name>\g<q>{HIDDEN}\g<q>"
_FLAGS = re.IGNORECASE | re.DOTALL

# Each runs in linear time: what repeats has a bound, or begins where the same cannot have begun before.
_MARKS = (
    # Slack: tokens of every kind, and URLs that let anyone who has them post.
    (re.compile(r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w-]{4,}"), HIDDEN),
    (re.compile(r"(\bhooks\.slack\.com/)[\w/-]+"), rf"\1{HIDDEN}"),
    # Google: access tokens, API keys, refresh tokens, client secrets, private keys. Amazon: key ids.
    (re.compile(r"\bya29\.[\w.-]+"), HIDDEN),
    (re.compile(r"\bAIza[\w-]{20,}"), HIDDEN),
    (re.compile(r"\b1//[\w-]{20,}"), HIDDEN),
    (re.compile(r"\bGOCSPX-[\w-]{10,}"), HIDDEN),
    (re.compile(r"\bgh[pousr]_\w{20,}"), HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    (
        re.compile(
            r"-----BEGIN ([A-Z ]{0,40})PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    # HTTP: authorization and cookie headers, signed URLs.
    (
        re.compile(
            r"((?>\b(?:authorization|cookie)\\{0,3}[\"']?\s{0,20}[:=]\s{0,20}\\{0,3}[\"']?"
            r"(?:(?:basic|bearer|digest|negotiate|token|aws4-hmac-sha256)\s{1,5})?))"
            r"(?!\[secret\])[^\n\"']{1,4000}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(\b(?:bearer|basic) )[\w.~+/-]{8,}=*", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(r"((?:^|[?&;\s])(?:x-(?:goog|amz)-signature|sig|signature)=)[^&\s\"']+", re.I),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    # Up to the last @ of the address: a password may hold one that somebody forgot to encode.
    (re.compile(r"(://[^\s:/@]{0,256}:)[^\s/]+(?=@)"), rf"\1{HIDDEN}"),
    # What databases keep in place of a password: MySQL's `*` and 40 hex digits, PostgreSQL's md5 and SCRAM.
    (re.compile(r"\*[0-9A-F]{40}\b", re.IGNORECASE), HIDDEN),
    (re.compile(r"\bmd5[0-9a-f]{32}\b"), HIDDEN),
    (re.compile(r"\bSCRAM-SHA-256\$[\w+/=:$]+"), HIDDEN),
)

_WITH_WORDS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    # Procedures that take a password among their arguments.
    (
        ("sp_", "rds_set"),
        re.compile(
            r"(\b(?:sp_addlogin|sp_password|sp_addlinkedsrvlogin|sp_change_users_login|rds_set_external_\w{1,40})\s{0,20}\(?)"
            r"(?!\[secret\])[^;)\n]{1,1000}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # Command lines: `mysqldump -pPW`, `--password PW`, `sshpass -p PW`, `curl -u me:PW`, `sqlplus me/PW@db`;
    # Oracle's JDBC URLs.
    (
        ("sqlcmd", "bcp"),
        re.compile(r"(\b(?:sqlcmd|bcp)\b[^\n|;]{0,100}?\s-P\s{0,3})(?!\[secret\])\S+"),
        rf"\1{HIDDEN}",
    ),
    (
        ("redis-cli",),
        re.compile(r"(\bredis-cli\b[^\n|;]{0,100}?\s-a\s{1,3})(?!\[secret\])\S+"),
        rf"\1{HIDDEN}",
    ),
    (("sshpass",), re.compile(r"(\bsshpass\s{1,5}-p\s{0,5})(?!\[secret\])\S+"), rf"\1{HIDDEN}"),
    (
        ("curl",),
        re.compile(
            r"(\bcurl\b[^\n|;]{0,80}?\s(?:-[a-zA-Z]{0,8}u|--(?:proxy-)?user)[\s=]{0,3}[^\s:]{1,100}:)(?!\[secret\])\S+"
        ),
        rf"\1{HIDDEN}",
    ),
    (
        ("mysql", "mariadb"),
        re.compile(r"(\b(?:mysql|mariadb)\w{0,20}\b[^\n|;]{0,200}?\s-p)(?=[^\s\[])\S+"),
        rf"\1{HIDDEN}",
    ),
    (
        ("mydumper", "myloader"),
        re.compile(r"(\b(?:mydumper|myloader)\b[^\n|;]{0,200}?\s-p\s{1,3})(?!\[secret\]|-)\S+"),
        rf"\1{HIDDEN}",
    ),
    (("--",), re.compile(r"(--(?:[\w-]{1,40}-)?pass(?:word|wd|phrase)?\s{1,5})(?![\[-])\S+"), rf"\1{HIDDEN}"),
    (("jdbc:oracle",), re.compile(r"(\bjdbc:oracle:\w{2,4}:[\w.$#]{1,128}/)[^\s@]+"), rf"\1{HIDDEN}"),
    (
        ("sqlplus", "sqlldr", "impdp", "expdp", "rman"),
        re.compile(r"(\b(?:sqlplus|sqlldr|impdp|expdp|rman)\b[^\n]{0,100}?\s[\w.$#]{1,128}/)[^\s@]+"),
        rf"\1{HIDDEN}",
    ),
    (
        ("conn", "exp", "imp"),
        re.compile(
            r"(\b(?:conn(?:ect)?|exp|imp)\s{1,5}[\w.$#]{1,128}/)"
            r"(?!\[secret\])[^\s/@\"']{1,128}(?=@|\s{1,5}as\s{1,5}sys)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        ("userid",),
        re.compile(
            r"(\buserid\s{0,5}=\s{0,5}[\"']?[\w.$#]{1,128}/)(?!\[secret\])[^\s/@\"']{1,128}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # What has no scheme: Go's `me:PW@tcp(db:3306)/x`, `me:PW@10.0.0.1`, and lines of `.pgpass`.
    (
        ("@",),
        re.compile(
            r"((?<![\w.:/-])(?!(?:user(?:name)?|host|error|message|to|from|as)\b)[\w.-]{1,64}:)"
            r"(?!\[secret\])[^\s:/@]{1,128}(?=@(?:(?:tcp|unix|cloudsql\w{0,10})\(|\d{1,3}\.\d{1,3}\.\d))",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        (":",),
        re.compile(
            r"((?<![\w.*:-])(?:[A-Za-z*][\w-]{0,63}(?:\.[\w-]{1,64}){0,9}|\d{1,3}(?:\.\d{1,3}){3})"
            r":(?:\d{4,5}|\*):[A-Za-z_*][\w-]{0,63}:[A-Za-z_*][\w.@-]{0,63}:)"
            r"(?!\[secret\])[^\s:\"',;]{1,128}(?=[\s\"',;]|$)"
        ),
        rf"\1{HIDDEN}",
    ),
    # XML.
    (
        ("</",),
        re.compile(
            r"(<(?:\w{1,40}:)?[\w.-]{0,40}(?:password|passwd|passphrase|pwd|secret|token)(?:\s[^<>]{0,200})?>)"
            r"(?!\[secret\])[^<]{1,4000}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # A word behind `password` that looks like one: letters and digits, and neither a type nor a method.
    (
        ("password", "passphrase"),
        re.compile(
            r"(\bpass(?:word|phrase)\s{1,5})(?!\[secret\]|\S{0,40}sha|md5|n?(?:var)?char|u?int|binary|text|number)"
            r"(?=[^\s\d]{0,60}\d)(?=[^\sA-Za-z]{0,60}[A-Za-z])[^\s\"'`,;:=()<>]{6,128}(?=[\s,;.)]|$)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # Oracle's easy connect: `me/PW@//db:1521/ORCL`, `me/PW@db:1521/ORCL`.
    (
        ("@",),
        re.compile(
            r"((?<![\w.$#/])[\w.$#]{1,128}/)(?!\[secret\])[^\s/@]{1,128}(?=@(?://|[\w.-]{1,253}:\d{2,5}/))"
        ),
        rf"\1{HIDDEN}",
    ),
)
"""Each is looked for where one of its words is: most of them are long."""

_STATEMENTS = (
    # SQL: `PASSWORD 'x'`, `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin AS 'x'`, `SET PASSWORD … = 'x'`.
    (
        re.compile(
            rf"(?P<name>\b(?:pass(?:word|phrase){_SPACE}|password\(\s{{0,20}}|"
            rf"identified{_SPACE}(?:(?:with|via){_SPACE}\S{{1,100}}{_SPACE})?(?:by|as|using){_SPACE}"
            rf"(?:(?:password|values){_SPACE})?|"
            rf"set{_SPACE}password\b[^=;]{{0,200}}(?:=|\bto\b)\s{{0,20}}){_SQL}){_QUOTED}",
            _FLAGS,
        ),
        _IN_QUOTES,
    ),
    # Oracle takes a password without quotes, too.
    (
        re.compile(
            r"(?P<name>\b(?:(?i:(?:user|role|to)\s{1,20}(?:\"[^\"\n]{1,128}\"|'[^'\n]{1,128}'|\S{1,128})"
            rf"(?:@\S{{1,128}})?{_SPACE}identified{_SPACE}by{_SPACE})|IDENTIFIED{_SPACE}BY{_SPACE}))"
            rf"(?!\[secret\]|(?i:password|values)\b|{_SQL}(?:{_QUOTE})|[{_CURLY}]|\()[^\s;,\"'`]{{1,200}}",
        ),
        rf"\g<name>{HIDDEN}",
    ),
    # The password before, and the rest of a string in several parts.
    (
        re.compile(rf"(?P<name>\[secret\]['\"`]?{_SPACE}replace{_SPACE}){_QUOTED}", _FLAGS),
        _IN_QUOTES,
    ),
    (
        re.compile(
            rf"(?P<name>\[secret\]['\"`]?{_SPACE}replace{_SPACE})(?!\[secret\]|['\"`])[^\s;,\"'`]{{1,200}}",
            _FLAGS,
        ),
        rf"\g<name>{HIDDEN}",
    ),
    (re.compile(r"(\[secret\]')\s{1,20}'[^'\n]{0,4096}'"), r"\1"),
    # `password=…`: in quotes with whatever they hold, else up to a space or a separator.
    (re.compile(rf"{_SET_TO}{_SQL}){_QUOTED}", _FLAGS), _IN_QUOTES),
    # MySQL says whether a password was used, which is no secret; nor is a sentence behind a colon.
    (
        re.compile(
            rf"{_SET_TO})(?!\[secret\]|(?:YES|NO)\)|password\(|(?:null|none|true|false)\b|"
            rf"[a-z]{{1,30}}\s[\w-]{{1,30}}(?![\w-]*\s{{0,3}}[:=])|{_SQL}(?:{_QUOTE})|[{_CURLY}])"
            r"[^\s,;&\"'`}]+",
            re.IGNORECASE,
        ),
        rf"\g<name>{HIDDEN}",
    ),
)


_HINTS = re.compile(
    r"xox|xapp|hooks\.slack|ya29|AIza|1//|GOCSPX|A(?:KI|SI)A|PRIVATE KEY|bearer|basic|eyJ|://"
    r"|pass|pwd|secret|token|key|identified|\*[0-9A-F]{8}|md5|SCRAM|authorization|cookie|sig|sp_|rds_set"
    r"|mysql|mariadb|sqlplus|sqlldr|impdp|expdp|rman|sqlcmd|bcp|redis-cli|gh[pousr]_|jdbc|curl|authentication_string"
    r"|mydumper|myloader|userid|\bconn|\b(?:exp|imp)\s|@(?:tcp|unix|cloudsql|\d)|:(?:\d{4,5}|\*):"
    r"|@//|@[\w.-]{1,253}:\d",
    re.IGNORECASE,
)
"""Without one of these there is nothing to hide: most text is looked at once."""


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `[secret]`."""
    if not _HINTS.search(text):
        return text
    for pattern, instead in _MARKS:
        text = pattern.sub(instead, text)
    low = text.lower()
    for words, pattern, instead in _WITH_WORDS:
        if any(word in low for word in words):
            text = pattern.sub(instead, text)
    for pattern, instead in _STATEMENTS:
        text = pattern.sub(instead, text)
    return text
