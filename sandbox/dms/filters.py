"""The list filter language of Google APIs (AIP-160), compiled to a predicate.

Known: `=`, `!=`, `<`, `<=`, `>`, `>=`, `:`, AND, OR, NOT, `-`, parentheses, quoted strings, `*` in values,
and bare words, which search the whole resource. As in AIP-160, OR binds tighter than AND.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.dms.errors import invalid

Resolve = Callable[[str], Any]
"""Returns a field's value by its dotted path; MISSING if it is not set. Raises KeyError: no such field."""
Predicate = Callable[[Resolve], bool]

MISSING = object()

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        (?P<op><=|>=|!=|=|<|>|:) |
        (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*') |
        (?P<minus>-(?=[^\s\d])) |
        (?P<word>[^\s()<>=!:"',]+)
    )""",
    re.VERBOSE,
)


_KEYWORDS = frozenset({("word", "AND"), ("word", "OR"), ("word", "NOT")})


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def compile_filter(text: str) -> Predicate | None:
    """None for an empty filter. Raises INVALID_ARGUMENT if the text is not a filter."""
    if not text.strip():
        return None
    parser = _Parser(_tokens(text), text)
    predicate = parser.expression()
    if parser.peek() is not None:
        raise parser.error()
    return predicate


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise invalid(f"Invalid filter '{text}': unexpected character at {at + 1}", "filter")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[_Token], text: str) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._text = text

    def peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def error(self) -> Exception:
        token = self.peek()
        where = f"near '{token.text}'" if token else "at its end"
        return invalid(f"Invalid filter '{self._text}': syntax error {where}", "filter")

    def expression(self) -> Predicate:
        parts = [self._factor()]
        while True:
            if self._keyword("AND"):
                parts.append(self._factor())
                continue
            token = self.peek()
            if token is None or token.kind == "close":
                break
            parts.append(self._factor())  # adjacent words mean AND
        return parts[0] if len(parts) == 1 else lambda get: all(part(get) for part in parts)

    def _factor(self) -> Predicate:
        parts = [self._term()]
        while self._keyword("OR"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda get: any(part(get) for part in parts)

    def _term(self) -> Predicate:
        token = self.peek()
        if self._keyword("NOT") or (token is not None and token.kind == "minus" and self._next()):
            inner = self._simple()
            return lambda get: not inner(get)
        return self._simple()

    def _simple(self) -> Predicate:
        token = self._next()
        if token is None:
            raise self.error()
        if token.kind == "open":
            return self._nested()
        if token.kind not in ("word", "string") or (token.kind, token.text) in _KEYWORDS:
            self._at -= 1
            raise self.error()
        following = self.peek()
        if following is None or following.kind != "op":
            return _anywhere(token)
        self._next()
        value = self._next()
        if value is not None and value.kind == "minus":
            rest = self._next()
            value = _Token("word", "-" + rest.text) if rest else None
        if value is None or value.kind not in ("word", "string"):
            raise self.error()
        return _comparison(token.text, following.text, self._value(value))

    def _value(self, first: _Token) -> str:
        # An unquoted time of day contains colons, which the tokenizer took for operators.
        text = _unquote(first)
        while first.kind == "word" and (nxt := self.peek()) is not None and nxt.text == ":":
            self._next()
            more = self._next()
            if more is None or more.kind != "word":
                raise self.error()
            text += ":" + more.text
        return text

    def _nested(self) -> Predicate:
        self._depth += 1
        if self._depth > 50:
            raise invalid("Invalid filter: it is nested too deeply", "filter")
        inner = self.expression()
        closing = self._next()
        if closing is None or closing.kind != "close":
            raise self.error()
        self._depth -= 1
        return inner

    def _keyword(self, word: str) -> bool:
        token = self.peek()
        if token is None or token.kind != "word" or token.text != word:
            return False
        self._at += 1
        return True

    def _next(self) -> _Token | None:
        token = self.peek()
        self._at += token is not None
        return token


def _unquote(token: _Token) -> str:
    if token.kind != "string":
        return token.text
    return re.sub(r"\\(.)", r"\1", token.text[1:-1])


def _anywhere(token: _Token) -> Predicate:
    wanted = _unquote(token).lower()
    return lambda get: any(wanted in str(v).lower() for v in get("*"))


def _comparison(path: str, operator: str, wanted: str) -> Predicate:
    def compare(get: Resolve) -> bool:
        try:
            value = get(path)
        except KeyError:
            raise invalid(f"Invalid filter: unknown field '{path}'", "filter") from None
        if operator == ":":
            return _has(value, wanted)
        if operator == "!=":
            return not _equal(value, wanted)
        if operator == "=":
            return _equal(value, wanted)
        return value is not MISSING and _ordered(value, operator, wanted)

    return compare


def _equal(value: Any, wanted: str) -> bool:
    if value is MISSING:
        return wanted == ""
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    if isinstance(value, (list, tuple)):
        return any(_equal(item, wanted) for item in value)
    if isinstance(value, dict):
        return False
    text = str(value)
    if "*" in wanted:
        pattern = re.sub(r"([\[\]?])", r"[\1]", wanted)
        return fnmatch.fnmatchcase(text, pattern)
    return text == wanted or _same_moment(text, wanted)


def _same_moment(text: str, wanted: str) -> bool:
    left, right = _key(text), _key(wanted)
    return isinstance(left, (float, dt.datetime)) and type(left) is type(right) and left == right


def _has(value: Any, wanted: str) -> bool:
    if value is MISSING:
        return False
    if wanted == "*":
        return value not in ("", None) and value != [] and value != {}
    if isinstance(value, dict):
        return wanted in value
    if isinstance(value, str) and "*" not in wanted:
        return wanted.lower() in value.lower()
    return _equal(value, wanted)


def _ordered(value: Any, operator: str, wanted: str) -> bool:
    left, right = _key(str(value)), _key(wanted)
    if type(left) is not type(right):
        left, right = str(value), wanted
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    if operator == ">":
        return bool(left > right)
    return bool(left >= right)


def _key(text: str) -> Any:
    """A number, a duration in seconds or a time, if the text is one."""
    if re.fullmatch(r"-?\d+(\.\d+)?s?", text):
        return float(text.removesuffix("s"))
    if re.match(r"\d{4}-\d{2}-\d{2}", text):
        try:
            moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        except ValueError:
            return text
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return text
