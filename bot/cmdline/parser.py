"""Parses the text after the slash command into an `Invocation`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from bot.cmdline import all_jobs, examples, flags, job_refs, misplaced
from bot.cmdline.corrections import APPEND, corrected_tokens
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax, UsageError
from bot.cmdline.lexer import Token, items, short, split, unshield
from bot.cmdline.token_values import (
    TIMES,
    as_written,
    filters_typed,
    job_text,
    job_word,
    joined,
    listing,
    quoted,
    title_in,
    value_at,
    with_head,
)
from bot.cmdline.typed_verb import is_command, named_alone, verb_of
from bot.util.command import COMMAND, DEFAULT
from bot.util.suggest import nearest

MAX_LENGTH = 3000
"""Characters. Nobody types more, and parsing so much is still fast."""
_FILTER = re.compile(r"(?i:label:[\w.-]+|[a-z][\w.-]*)=")
_NOT = frozenset({"false", "no", "off", "0"})
"""Values with which a switch is not meant."""
_HELP = frozenset({"--help", "--h", "-h", "-help"})
_MOST_CORRECTIONS = 3
_MOST_OFFERED = 5


def parse(text: str, syntaxes: Mapping[str, Syntax], command: str = DEFAULT) -> Invocation:
    """Parse what was typed after the slash command. An empty text and `VERB --help` ask for help.

    Who types the command twice means it once, and a job alone asks to show it.

    Raises:
        UsageError: the text is not a command; with a sentence that shows one.
    """
    if len(text) > MAX_LENGTH:
        raise UsageError(
            f"That command is too long ({len(text):,} characters; {MAX_LENGTH:,} are allowed): "
            "name fewer jobs at once, or use `--all` with filters, as in "
            f"`{COMMAND} stop --all state=running`."
        )
    tokens = split(text)
    if tokens and is_command(tokens[0].text.lower(), command, syntaxes):
        tokens = tokens[1:]
    if not tokens:
        return Invocation("help")
    return _parsed(named_alone(tokens, syntaxes), syntaxes, _MOST_CORRECTIONS)


def _parsed(tokens: tuple[Token, ...], syntaxes: Mapping[str, Syntax], corrections: int) -> Invocation:
    """What the tokens say. An error has the commands that were probably meant, with up to so many
    corrections."""
    try:
        return _read(tokens, syntaxes)
    except UsageError as error:
        lines = [*(corrected_tokens(tokens, each) for each in error.corrections), *map(split, error.lines)]
        found = (_meant(each, syntaxes, corrections) for each in lines)
        error.instead = tuple(each for each in found if each is not None)
        raise


def _meant(right: tuple[Token, ...] | None, syntaxes: Mapping[str, Syntax], left: int) -> Invocation | None:
    if not right or not left:
        return None
    try:
        return _parsed(right, syntaxes, left - 1)
    except UsageError as error:
        return error.instead[0] if error.instead else error.choose


def _read(tokens: tuple[Token, ...], syntaxes: Mapping[str, Syntax]) -> Invocation:
    verb = verb_of(tokens[0], syntaxes, title_in(tokens))
    if any(not each.quoted and each.text in _HELP for each in tokens[1:]):
        return Invocation("help", words=() if verb == "help" else (verb,))
    reading = _Parser(verb, syntaxes[verb])
    reading.read(joined(tokens[1:], syntaxes[verb]))
    return reading.result()


@dataclass(slots=True)
class _Parser:
    """Parses the arguments of one verb from left to right."""

    verb: str
    syntax: Syntax
    jobs: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    flags: dict[str, FlagValue] = field(default_factory=dict)
    filters: dict[str, str] = field(default_factory=dict)
    all_typed: str = ""
    """`--all`, where it says no more than the verb alone."""
    timed: Flag | None = None
    """The flag whose time ends before the words that are read; None behind anything else."""

    def read(self, tokens: tuple[Token, ...]) -> None:
        at = 0
        while at < len(tokens):
            positional = not tokens[at].is_flag and not self._filters(tokens[at])
            self.timed = self.timed if positional else None
            at = self._read_one(tokens, at)

    def result(self) -> Invocation:
        if self.syntax.all_by_default and all_jobs.means_all(self.jobs):
            self.jobs.clear()
        self._check_jobs()
        return self._invocation()

    def _invocation(self) -> Invocation:
        return Invocation(self.verb, tuple(self.jobs), self.flags, self.filters, tuple(self.words))

    def _read_one(self, tokens: tuple[Token, ...], at: int) -> int:
        token = tokens[at]
        if token.is_flag:
            return self._flag(tokens, at)
        if self._filters(token):
            return self._filter(tokens, at)
        misplaced.refuse_colon(self.verb, self.syntax, token)
        self._positional(token)
        return at + 1

    def _flag(self, tokens: tuple[Token, ...], at: int) -> int:
        head, equals, value = tokens[at].text[2:].partition("=")
        if head.lower() == "all" and self._needs_no_all() and not equals:
            self.all_typed = tokens[at].text
            return at + 1
        flag = self._known_flag(head.lower().replace("_", "-"), tokens[at : at + 2])
        if flag.kind == "switch":
            if equals:
                raise UsageError(
                    f"`--{flag.name}` takes no value: write `{self._with_flag(flag)}`.",
                    corrections=() if value.lower() in _NOT else [{tokens[at].text: f"--{flag.name}"}],
                )
            self.flags[flag.name] = True
            return at + 1
        start = at
        raw, prose, at = value_at(tokens, at, bool(equals), flag.kind)
        if flag.kind == "text":
            self._check_quotes(flag, tokens, start, at)
        if not raw.strip():
            raise UsageError(
                f"`--{flag.name}` needs {flags.expected_value(flag)}: write for "
                f"example `{self._with_flag(flag)}`."
            )
        self._set_flag(flag, flags.read(flag, raw, prose, self._with_flag(flag)))
        self.timed = flag if flag.kind in TIMES else None
        return at

    def _needs_no_all(self) -> bool:
        return self.syntax.all_by_default and all(flag.name != "all" for flag in self.syntax.flags)

    def _check_quotes(self, flag: Flag, tokens: tuple[Token, ...], start: int, ended: int) -> None:
        """Refuse a text of several words without quotes, if the words after it can only belong to it."""
        loose = list(takewhile(lambda each: not (each.is_flag or each.quoted), tokens[ended:]))
        job = self.jobs or self.syntax.jobs == "none" or any(each.text == "--all" for each in tokens)
        if tokens[ended - 1].quoted or len(loose) < (1 if job else 2):
            return
        end = ended + len(loose)
        inline = tokens[start].prose.partition("=")[2]
        text = " ".join([inline, *(each.prose for each in tokens[start + 1 : end])])
        whole = f"--{flag.name} {quoted(text)}"
        line = " ".join([*map(as_written, tokens[:start]), whole, *map(as_written, tokens[end:])])
        right = f"{COMMAND} {self.verb} {line}" if job else self._with_flag(flag)
        raise UsageError(
            f"A text of several words needs quotes: write `{right}`.",
            lines=(f"{self.verb} {line}",) if job else (),
        )

    def _set_flag(self, flag: Flag, value: FlagValue) -> None:
        before = self.flags.get(flag.name)
        if isinstance(before, tuple) and isinstance(value, tuple):
            self.flags[flag.name] = tuple(dict.fromkeys((*before, *value)))
            return
        if before is not None:
            raise UsageError(
                f"`--{flag.name}` is given twice (`{before}` and `{short(str(value))}`): give it once, "
                f"as in `{self._with_flag(flag)}`."
            )
        self.flags[flag.name] = value

    def _known_flag(self, name: str, tokens: Sequence[Token]) -> Flag:
        known = {flag.name: flag for flag in self.syntax.flags}
        if name in known:
            return known[name]
        misplaced.refuse_flag(self.verb, self.syntax, name, tokens)
        if not known:
            raise UsageError(
                f"`{self.verb}` takes no flags, so not `--{short(name)}`: write `{self._line()}`."
            )
        near = nearest(name, known)
        if near:
            raise UsageError(
                f"`{self.verb}` has no flag `--{short(name)}`: "
                f"did you mean `--{near}`, as in `{self._with_flag(known[near])}`?",
                corrections=[{tokens[0].text: with_head(tokens[0], f"--{near}")}],
            )
        raise UsageError(
            f"`{self.verb}` has no flag `--{short(name)}`: "
            f"it takes {listing(f'--{each}' for each in known)}, "
            f"as in `{self._with_flag(self.syntax.flags[0])}`."
        )

    def _filters(self, token: Token) -> bool:
        if token.quoted or not _FILTER.match(token.text):
            return False
        return bool(self.syntax.filters) or not self.syntax.words

    def _filter(self, tokens: tuple[Token, ...], at: int) -> int:
        key = self._known_filter(tokens[at])
        label = key.startswith("label.") and len(key) > len("label.")
        if label and self._has_no_value(tokens, at):
            raw, at = "", at + 1
        else:
            raw, _, at = value_at(tokens, at, True, "list")
        value = unshield(raw).strip()
        if not value.strip(",| ") and not label:
            raise UsageError(
                f"`{key}=` needs a value: write for example "
                f"`{examples.with_filter(self.verb, self.syntax, key)}`."
            )
        if key in ("label", "label."):
            key, value = self._label(value)
        if key in self.filters:
            raise UsageError(
                f"`{key}=` is given twice (`{short(self.filters[key])}` and `{short(value)}`): give it once."
            )
        self.filters[key] = value
        return at

    def _has_no_value(self, tokens: tuple[Token, ...], at: int) -> bool:
        """Whether only another filter follows the `=`: labels may have empty values.

        Source: https://cloud.google.com/resource-manager/docs/labels-overview
        """
        if tokens[at].text.partition("=")[2].strip():
            return False
        return at + 1 == len(tokens) or self._filters(tokens[at + 1])

    def _label(self, text: str) -> tuple[str, str]:
        """Key and value of `label=env=prod`, which means the same as `label.env=prod`."""
        name, _, value = text.partition("=")
        if not name.strip() or not value.strip():
            raise UsageError(
                "Name the label and its value: write for example "
                f"`{examples.with_filter(self.verb, self.syntax, 'label')}`."
            )
        return f"label.{name.strip()}", value.strip()

    def _known_filter(self, token: Token) -> str:
        typed = token.text.partition("=")[0]
        head, dot, rest = re.sub("^(label):", r"\1.", typed, flags=re.IGNORECASE).partition(".")
        if head.lower() in self.syntax.filters and (not dot or head.lower() == "label"):
            return f"{head.lower()}{dot}{rest}"
        misplaced.refuse_filter(self.verb, self.syntax, token)
        if not self.syntax.filters:
            raise UsageError(
                f"`{self.verb}` takes no filters, so not `{short(typed)}=…`: write `{self._line()}`."
            )
        near = nearest(misplaced.synonym(typed) or typed, self.syntax.filters)
        if not near and "label" in self.syntax.filters:
            raise UsageError(
                f"`{self.verb}` has no filter `{short(typed)}=`: a label is `label.{short(typed)}=…`, as in "
                f"`{examples.with_filter(self.verb, self.syntax, 'label')}`.",
                corrections=[{token.text: f"label.{token.text}"}],
            )
        keys = ("label.KEY=" if key == "label" else f"{key}=" for key in self.syntax.filters)
        hint = f"did you mean `{near}=`" if near else f"it takes {listing(keys)}"
        shown = examples.with_filter(self.verb, self.syntax, near or self.syntax.filters[0])
        end = "?" if near else "."
        raise UsageError(
            f"`{self.verb}` has no filter `{short(typed)}=`: {hint}, as in `{shown}`{end}",
            corrections=[{token.text: with_head(token, near)}] if near and near != "label" else (),
        )

    def _positional(self, token: Token) -> None:
        if self._takes_job(token):
            if not job_refs.is_job_in_a_sentence(unshield(job_text(token)).rstrip(",")):
                misplaced.refuse_value(self.verb, self.syntax, self.jobs)
            self._add_jobs(token)
        elif self.syntax.names and self.jobs and "," not in token.text:
            self.jobs[0] = f"{self.jobs[0]} {unshield(token.text)}"
        elif self.syntax.words:
            self.words.append(unshield(token.text))
        elif items(token.text) or token.quoted:
            self._unexpected_word(token)

    def _takes_job(self, token: Token) -> bool:
        match self.syntax.jobs:
            case "none":
                return False
            case "one" | "optional":
                return not self.jobs and not (self.words and self.syntax.words)
            case "many" | "any":
                return not self.syntax.words or job_refs.is_job(unshield(job_text(token)).rstrip(","))

    def _add_jobs(self, token: Token) -> None:
        if token.quoted and (self.syntax.names or " " in token.prose.strip()):
            # A display name: who changes something with it is asked which job is meant.
            self.jobs.append(" ".join(unshield(token.text).split()))
            return
        found = [job_refs.read(each, self._line()) for each in items(job_text(token))]
        if len(found) > 1 and self.syntax.jobs not in ("many", "any"):
            raise UsageError(
                f"`{self.verb}` takes one job at a time, not {len(found)}: "
                f"write `{self._line(job=found[0])}`.",
                corrections=[{token.text: each} for each in found[:_MOST_OFFERED]],
            )
        self.jobs.extend(each for each in found if each not in self.jobs)

    def _unexpected_word(self, token: Token) -> None:
        extra = short(unshield(token.text))
        no_all = self.syntax.jobs == "none" and not self.syntax.all_by_default
        if all_jobs.means_all((*self.jobs, extra)) and not no_all:
            self.jobs.append(extra)
            return
        misplaced.refuse_word(self.verb, self.syntax, token, self.jobs)
        if self.timed:
            # It may be a part of the time, which is another one without it.
            name, example = self.timed.name, TIMES[self.timed.kind]
            raise UsageError(
                f"`{extra}` does not belong to the time of `--{name}` as it is written: put all of a time in "
                f'quotes, as in `--{name} "{example}"`, or leave it out.'
            )
        if self.syntax.jobs in ("one", "optional"):
            if all_jobs.means_all(self.jobs):
                raise self._one_or_all(extra, self.jobs)
            if self.syntax.filters and not all_jobs.means_all([extra]):
                # What the word narrows is not known, so less of it may be more than was asked for.
                raise UsageError(
                    f"`{self.verb}` takes one job and no `{extra}`: write for example "
                    f"`{self._line(job=self.jobs[0])}`."
                )
            raise UsageError(
                f"`{self.verb}` takes one job, so leave out `{extra}`: "
                f"write `{self._line(job=self.jobs[0])}` (and items of a list with commas between them).",
                corrections=[{token.text: ""}],
            )
        raise UsageError(
            f"`{self.verb}` takes no `{extra}`: write `{self._line()}`.", corrections=[{token.text: ""}]
        )

    def _one_or_all(self, job: str, everything: Sequence[str]) -> UsageError:
        """The job is kept: less is done with it than with all."""
        words = " ".join(everything)
        return UsageError(
            f"`{words}` and `{job}` do not go together: for this job alone, write `{self._line(job=job)}`.",
            corrections=[dict.fromkeys(everything, "")],
        )

    def _check_jobs(self) -> None:
        if self.all_typed and self.jobs:
            raise self._one_or_all(self.jobs[0], [self.all_typed])
        if all_jobs.names_all(self.jobs):
            raise all_jobs.refusal(self._invocation(), self.syntax)
        if self.jobs or self.syntax.jobs in ("none", "optional", "any"):
            return
        if self.syntax.jobs == "many" and self.flags.get("all") is True:
            return
        has_all = any(each.name == "all" for each in self.syntax.flags)
        if self.syntax.jobs == "many" and self.filters and has_all:
            filters = filters_typed(self.filters)
            raise UsageError(
                f"`{self.verb}` needs jobs, or `--all` with a filter: write "
                f"`{COMMAND} {self.verb} orders-db` or `{COMMAND} {self.verb} --all {filters}`.",
                corrections=[{APPEND: "--all"}],
            )
        raise UsageError(
            f"`{self.verb}` needs a job: write for example `{self._line()}`.",
            choose=Invocation(self.verb, (), self.flags, self.filters, tuple(self.words)),
        )

    def _line(self, job: str = "") -> str:
        """A command of this verb that works."""
        return examples.line(self.verb, self.syntax, job_word(job))

    def _with_flag(self, flag: Flag) -> str:
        """A command of this verb with this flag."""
        return examples.with_flag(self.verb, self.syntax, flag)
