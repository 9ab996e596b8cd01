"""`/dms help`: the verbs and how to use them. Each page fits the screen of a phone; the rest is folded."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cmdline.answers import Answer, AnswerPage, Button, Section
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.parser import parse
from bot.policy.permissions import Permission
from bot.util.command import COMMAND
from bot.util.suggest import did_you_mean, nearest
from commands.support.base import Context, Verb, no_service_call

_JOB = (
    "`JOB` is a job ID, `location/ID`, `alias/location/ID` or a link to the job in the console. To look at a "
    "job, the start of its ID or its display name is enough."
)
_GROUPS = {
    "Look": ("list", "show", "databases", "delay", "history", "script", "help"),
    "Change": (
        *("start", "stop", "resume", "restart", "promote", "demote"),
        *("verify", "edit", "delete", "cancel"),
    ),
    "Requests": ("approvals", "schedule", "cutover"),
    "Notifications": ("watch", "unwatch", "watches", "acknowledge"),
    "Protection": ("policy", "freeze", "unfreeze"),
}
_OTHERS = "Others"
"""The group of verbs that no other group names."""
_SIZES = {
    "switch": "",
    "list": " a,b",
    "number": " N",
    "duration": " 2h",
    "time": " 2h",
    "past": " 2d",
    "word": " …",
    "size": " 64KiB",
}


def _run(ctx: Context, invocation: Invocation) -> Answer:
    words = ((each, each.removeprefix(ctx.settings.command).strip().lower()) for each in invocation.words)
    typed, name = next((each for each in words if each[1]), ("", ""))
    if not name:
        return _overview(ctx)
    verb = ctx.verbs.get(name)
    if verb is None:
        hint = did_you_mean(name, ctx.verbs, f"{COMMAND} help {{}}")
        raise UsageError(
            f"Unknown command `{name}`.{hint} `{COMMAND} help` lists all of them.",
            corrections=[{typed: nearest(name, ctx.verbs)}] if hint else (),
        )
    return _one(ctx, verb)


def _overview(ctx: Context) -> AnswerPage:
    first, *rest = _groups(ctx)
    return AnswerPage(
        title="Database migrations from Slack",
        sections=(
            Section(f"Type `{COMMAND}` and a command, such as `{COMMAND} show orders-db`."),
            Section(f"*{first[0]}*\n{_lines(first[1])}"),
            *(Section(_lines(verbs), fold=f"{title} ({len(verbs)})") for title, verbs in rest),
            Section(f"`{COMMAND} help restart` explains one command.\n{_JOB}"),
        ),
        footer="Restart, promote, demote and delete always ask before anything happens.",
    )


def _groups(ctx: Context) -> list[tuple[str, list[Verb]]]:
    """The verbs by subject, each of them once."""
    named = {name for names in _GROUPS.values() for name in names}
    others = tuple(name for name in ctx.verbs if name not in named)
    groups = {**_GROUPS, _OTHERS: others}
    found = [
        (title, [ctx.verbs[name] for name in names if name in ctx.verbs]) for title, names in groups.items()
    ]
    return [(title, verbs) for title, verbs in found if verbs]


def _lines(verbs: Iterable[Verb]) -> str:
    return "\n".join(f"`{verb.name}` {verb.summary}" for verb in verbs)


def _one(ctx: Context, verb: Verb) -> AnswerPage:
    """The example first, then what it does and its flags; everything else is folded."""
    example, *examples = verb.examples or verb.usage
    often = [flag for flag in verb.syntax.flags if not _is_rare(flag)]
    shown = [verb.details or f"{verb.summary[:1].upper()}{verb.summary[1:]}.", _flags(often)]
    return AnswerPage(
        title=f"{COMMAND} {example}",
        sections=(
            *(Section(text) for text in shown if text),
            Section(_more(verb, examples), fold="More"),
        ),
        buttons=_buttons(ctx, verb),
    )


def _more(verb: Verb, examples: Iterable[str]) -> str:
    parts = [_block("Usage", (f"`{COMMAND} {line}`" for line in verb.usage))]
    if verb.syntax.jobs != "none":
        parts.append(_JOB)
    parts.append(_block("Other flags", (_flag(flag) for flag in verb.syntax.flags if _is_rare(flag))))
    parts.append(_block("Filters", (_filter(key) for key in verb.syntax.filters), between=" "))
    parts.append(verb.more)
    parts.append(_block("Examples", (f"`{COMMAND} {line}`" for line in examples)))
    return "\n\n".join(part for part in parts if part)


def _block(title: str, lines: Iterable[str], between: str = "\n") -> str:
    text = between.join(lines)
    return f"*{title}*\n{text}" if text else ""


def _is_rare(flag: Flag) -> bool:
    """Whether few need a flag, it only goes with another one, or is what a button does."""
    return flag.rare or bool(flag.needs) or flag.name == "page"


def _flags(flags: Iterable[Flag]) -> str:
    return "\n".join(_flag(flag) for flag in flags)


def _flag(flag: Flag) -> str:
    value = {**_SIZES, "choice": f" {'|'.join(flag.choices)}", "text": ' "…"'}[flag.kind]
    return f"`--{flag.name}{value}` {flag.help}"


def _filter(key: str) -> str:
    return "`label.KEY=value`" if key == "label" else f"`{key}=…`"


def _buttons(ctx: Context, verb: Verb) -> tuple[Button, ...]:
    buttons = [("All commands", "help")]
    if verb.begins and ctx.access.verdict(ctx.who, verb.name).allowed:
        buttons.insert(0, (_label(verb), verb.begins))
    syntaxes = {name: each.grammar for name, each in ctx.verbs.items()}
    invocations = [parse(line, syntaxes) for _, line in buttons]
    refs = ctx.refs(invocations)
    return tuple(
        Button(label, found.verb, "run", ref)
        for (label, _), found, ref in zip(buttons, invocations, refs, strict=True)
    )


def _label(verb: Verb) -> str:
    if verb.action is not None:
        return f"{verb.name.capitalize()} a job…"
    return f"{COMMAND} {verb.begins}" if verb.begins == verb.name else "Choose a job…"


VERB = Verb(
    name="help",
    permission=Permission.PUBLIC,
    summary="all commands, or one of them",
    usage=("help", "help VERB"),
    syntax=Syntax(words=True),
    details="Lists the commands. With one of them, what it does, its flags and an example.",
    examples=("help restart",),
    run=_run,
    asks_service=no_service_call,
)
