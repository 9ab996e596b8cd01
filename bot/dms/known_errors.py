"""What usually lies behind an error of DMS, from its code or its text. Pure functions.

The code of a verification error comes first (REST `MigrationJobVerificationError.ErrorCode`), then the text.
A text is searched without the names of tables, columns and the like, which could look like a cause
themselves (`ssl_scans`, "tls"), and for whole words.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress

from bot.dms.error_causes import KnownError
from bot.dms.errors_by_code import CODE_ERRORS
from bot.dms.errors_by_number import NUMBERED_ERRORS
from bot.dms.errors_of_access import ACCESS_ERRORS
from bot.dms.errors_of_databases import DATABASE_ERRORS
from bot.dms.errors_of_engines import ENGINE_ERRORS
from bot.dms.errors_of_files import FILE_ERRORS
from bot.dms.errors_of_google_cloud import GOOGLE_CLOUD_ERRORS
from bot.dms.errors_of_replication import REPLICATION_ERRORS
from bot.dms.errors_of_tls import TLS_ERRORS

KNOWN_ERRORS = (
    *GOOGLE_CLOUD_ERRORS,
    *TLS_ERRORS,
    *DATABASE_ERRORS,
    *NUMBERED_ERRORS,
    *ENGINE_ERRORS,
    *FILE_ERRORS,
    *REPLICATION_ERRORS,
    *ACCESS_ERRORS,
    *CODE_ERRORS,
)
"""In the order in which they are looked through."""


def find(text: str) -> KnownError | None:
    """The known error that `text` (a code, a message or both) is, or None.

    >>> find("ERROR: relation \"public.ssl_scans\" does not exist").cause
    <Cause.SCHEMA_DRIFT: 'source and destination tables differ'>
    """
    text = _clipped(text)
    for known in KNOWN_ERRORS:
        if any(re.search(rf"\b{code}\b", text) for code in known.codes):
            return known
    searched = _without_names(text)
    return next((known for known in KNOWN_ERRORS if known.is_in(searched)), None)


_HEAD, _TAIL = 3_500, 1_500
"""Characters of a long text that are searched: what failed first, and where `Error_code: …` stands. So the
longest text of the service takes about 50 ms."""


def _clipped(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


_PARAMETER = (
    r"wal_level|max_\w+|log_bin\w*|binlog_\w+|gtid_mode|enforce_gtid\w*|server_id|innodb_\w+"
    r"|sql_mode|sql_require_primary_key|rds\.\w+|cloudsql\.\w+"
)
_SINGLE = re.compile(
    rf"(?<!\w)'(?!(?:{_PARAMETER}|COLUMN_STATISTICS|\\-|cdc\.\w{{1,128}})'|FLUSH |constraints/|"
    r"performance_schema\.)[^'\n]{0,200}'",
    re.IGNORECASE,
)
_DOUBLE = re.compile(
    r"\"(?!(?:\$libdir/)?pglogical(?:_output|\.\w{1,63})?\")[^\"\n]{0,200}\"|`[^`\n]{0,200}`", re.IGNORECASE
)
_DOTTED = re.compile(
    r"(?<![\w./:@-])(?!(?:pg_hba\.conf|rds\.|pglogical\.)\b|cdc\.|performance_schema\.(?:session|global)_|"
    r"cloudsql\.logical_decoding\b)[A-Za-z_]\w{0,63}\.[A-Za-z_]\w{0,63}(?![\w./:-])"
)
_WRAPPED = re.compile(r"\bError '(.{0,400}?)' on (?=query\b|rename\b)", re.DOTALL | re.IGNORECASE)
"""How MySQL reports that replication stopped: `Error '…' on query. Default database: '…'. Query: '…'`."""
_REASON = re.compile(
    r"(\breading\s{1,9}data\s{1,9}from\s{1,9}binary\s{1,9}log:\s{1,20}|\berror 1236: |\bmysqldump: Error: |"
    r"\berror executing row event: )"
    r"'(.{0,600}?)'(?=\s*(?:$|[,;.})\"]|when\b))",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
"""How MySQL and `mysqldump` quote the reason (error 1236: "Got fatal error %d from source when reading data
from binary log: '%s'", and "Error executing row event: '%s'")."""
_TUPLE = re.compile(r"\((\d{4}), ([\"'])(.{0,600}?)\2\)", re.DOTALL)
"""How MySQL's Python drivers quote an error: `(1524, "Plugin 'mysql_native_password' is not loaded")`."""
_NUMBER = re.compile(
    r"\b(?:(?:native ?)?error(?:[_ ]code)?|errno|Last_(?:SQL_|IO_)?Errno)(?::\s{0,4}| {0,4})(?:MY-0{1,3})?"
    r"([1-9]\d{3,4})\b"
    r"(?!, severity)",
    re.IGNORECASE,
)
"""How MySQL and its clients tell the number of an error: `Error_code: MY-001118`, `Last_SQL_Errno: 1118`."""
_PHP = re.compile(r"\bSQLSTATE\[\w{5}\]:?\s{0,2}(?:[A-Z][\w ]{0,60}:\s)?\[?([1-9]\d{3})\]?(?=\s)")
"""How PHP reports it: `SQLSTATE[HY000] [1045] …`, `SQLSTATE[42S02]: Base table or view not found: 1146`."""
_ORACLE = re.compile(r"\bORA-(\d{3,4})\b", re.IGNORECASE)
"""How alert logs tell an error of Oracle: `ORA-1652` is `ORA-01652`."""
_COUNT = re.compile(
    r"\berror [1-9]\d{3,4}\b(?!\s{0,3}(?:[(:.,;)\]\[-]|$)|\s(?:from|when|while|on|in|at) )",
    re.IGNORECASE | re.MULTILINE,
)
"""What only looks like the number of an error: `error 1062 rows were skipped`."""
_LAST_NUMBER = re.compile(r"\((\d{4})\)(?=[\s.;,)}]{0,9}$)", re.MULTILINE)
"""Where `mysqldump` reports it: `mysqldump: Couldn't execute '…': Table 'x' doesn't exist (1146)`."""
_QUOTED_PARAMETER = re.compile(
    r"(\b(?:increase|requires|set|raise|than|parameter|exceeds?) )"
    r"\"((?:max|wal|hot|temp)_\w{1,60}|TimeZone)\"|"
    r"\"(wal_level|max_\w{1,60})\"(?= is insufficient| must be| to \"| >= )",
    re.IGNORECASE,
)
"""PostgreSQL quotes parameters from version 17 on: `increase "max_replication_slots"`."""
_FIELD = re.compile(
    r"(?:(\"(?:message|msg|errorMessage)\"\s{0,5}:\s{0,5}|\b(?:error|err|message|msg|reason|stderr)=)|"
    r"\b(?:error|message|reason|stderr|returned|with)\b:?\s?)"
    r"\"((?:\\.|[^\"\\]){1,8000})\"",
    re.IGNORECASE,
)
"""A text inside JSON, `{"message": "…"}`, or one that a log or a driver quotes: `error="…"`."""
_BLANKS = re.compile(r"[ \t]{2,}")
_LINE_BREAK = re.compile(r"(?<![.:;\s])[ \t]?\n[ \t]?(?=[a-z\"'(])(?![\w.-]{1,40}:)")
"""Where a log wraps a sentence: the next line goes on in small letters, and names no program."""
_TYPED_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})
_TO_NEXT = r"(?:(?!\b(?i:ERROR|FATAL|PANIC):)[^\n])*"
_NO_ERROR = re.compile(
    rf"\bNOTICE:{_TO_NEXT}|"
    rf"\bWARNING:\s{{1,3}}database \"[^\"\n]{{0,200}}\" has a collation version mismatch{_TO_NEXT}|"
    r"'[\w ]{1,64}' is deprecated and will be removed in a future release\.?"
    r"(?: Please use \w{1,64} instead)?|"
    r"\bCA certificate \S{1,200} is self signed|\bIP address '[^'\n]{1,64}' could not be resolved[^\n]{0,60}|"
    r"\bAborted connection\b[^\n]{0,400}\(This connection closed normally without authentication\)"
)
"""Notices in logs of PostgreSQL and MySQL, which use the words of errors."""
_HYPHENATED = re.compile(
    r"\b((?:job|instance|cluster|profile|bucket|host)) (?=[\w.]{1,63}-)[\w.-]{1,63}", re.IGNORECASE
)
"""A resource by its name: `job ssl-error-test`."""
_DATA = re.compile(
    r"\bKey \([^)\n]{0,200}\)=\([^\n]{0,200}?\)(?= (?:is|already|conflicts)\b|[.;]|$)"
    r"|(?<=\bcolumn )'[^'\n]{0,200}'|(?<=\bDuplicate entry )'[^\n]{0,200}?'(?= for key\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""Values of rows, and names where no parameter can stand."""
_OF_EXTENSION = re.compile(
    r"\b(?:(?:type|language|schema|access method|operator class) \"?(?:\w{1,63}\.)?"
    r"(?:geometry|geography|raster|citext|hstore|ltree|vector|hnsw|plpython3?u|plperlu?|plv8|pltclu?|cron|topology|tiger|gin_trgm_ops|"
    r"gist_trgm_ops)\"?|function (?:\w{1,63}\.)?(?:gen_random_uuid|gen_salt|uuid_generate_v\w{1,8}|unaccent|"
    r"dblink\w{0,20}|pgp_\w{1,30}|st_\w{1,40}|similarity)\([^()\n]{0,200}\))(?:\[\])? does not exist\b",
    re.IGNORECASE,
)
"""Types, functions and the like that extensions make, whose names are known: `type "public.citext"`."""
_STATEMENT = re.compile(
    r"\bQuery: '.*|\b(?:STATEMENT|CONTEXT):[^\n]*|\bCommand was:.*?(?=\bpg_restore:|\Z)", re.DOTALL
)
"""The statement that failed, as MySQL, PostgreSQL and `pg_restore` quote it."""


def _without_names(text: str) -> str:
    """The text without statements and names of objects, which say nothing of the cause."""
    text = _FIELD.sub(_unquoted, text).translate(_TYPED_QUOTES).replace('\\"', '"').replace("\\'", "'")
    text = _LINE_BREAK.sub(" ", _BLANKS.sub(" ", text))
    text = _NO_ERROR.sub("", _FIELD.sub(_unquoted, text))  # again: a quotation inside the first one
    text = _PHP.sub(r"error \1:", _COUNT.sub("error …", text))
    text = _NUMBER.sub(r"error \1", _TUPLE.sub(r"error \1: \3", text))
    text = _ORACLE.sub(lambda number: f"ORA-{int(number[1]):05}", text)
    if "mysqldump" in text:
        text = _LAST_NUMBER.sub(r"error \1", text)
    text = _QUOTED_PARAMETER.sub(lambda quoted: f"{quoted[1] or ''}{quoted[2] or quoted[3]}", text)
    text = _REASON.sub(r"\1\2", _WRAPPED.sub(r"Error \1 on ", _HYPHENATED.sub(r"\1 …", text)))
    text = _DATA.sub("…", _STATEMENT.sub("", text))
    text = _OF_EXTENSION.sub("object of an extension does not exist", text)
    text = _DOTTED.sub("…", _DOUBLE.sub('"…"', _SINGLE.sub("'…'", text)))
    # Only now: signs are sentences, which a log wraps, but statements and names end with their line.
    return " ".join(text.split())


def _unquoted(field: re.Match[str]) -> str:
    """What a quotation says, if it is a sentence: a name in quotes stays one."""
    inner = field[2]
    if not field[1] and inner.count(" ") < 3:
        return field[0]
    with suppress(ValueError):
        inner = str(json.loads(f'"{inner}"', strict=False))
    return f"error: {inner}"
