"""`/dms help`: the verbs and how to use them."""

from __future__ import annotations

from bot.cmdline.answers import Answer, AnswerPage, Section
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.policy.permissions import Permission
from bot.util.command import COMMAND
from bot.util.suggest import did_you_mean
from commands.support.base import Context, Verb, no_service_call

_JOB = (
    "`JOB` is a job ID, `location/id`, or the full resource name. To look at a job, the beginning of its ID "
    "or its display name is enough."
)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if not invocation.words:
        return _overview(ctx)
    name = invocation.words[0].removeprefix(ctx.settings.command).strip().lower()
    verb = ctx.verbs.get(name)
    if verb is None:
        hint = did_you_mean(name, ctx.verbs, f"{COMMAND} help {{}}")
        raise UsageError(f"Unknown command `{name}`.{hint} `{COMMAND} help` lists all of them.")
    return _one(verb)


def _overview(ctx: Context) -> AnswerPage:
    verbs = ctx.verbs.values()
    looking = [verb for verb in verbs if verb.read_only]
    acting = [verb for verb in verbs if verb.action is not None]
    guarding = [verb for verb in verbs if not verb.read_only and verb.action is None]
    return AnswerPage(
        title="Database migrations from Slack",
        sections=(
            Section(f"*Look*\n{_lines(looking)}"),
            Section(f"*Change*\n{_lines(acting)}"),
            Section(f"*Protect*\n{_lines(guarding)}"),
            Section(f"{_JOB} `{COMMAND} help VERB` tells more, for example `{COMMAND} help restart`."),
        ),
        footer="Restart, promote, demote and delete always ask before anything happens.",
    )


def _lines(verbs: list[Verb]) -> str:
    return "\n".join(f"`{COMMAND} {verb.name}` {verb.summary}" for verb in verbs)


def _one(verb: Verb) -> AnswerPage:
    usage = "\n".join(f"`{COMMAND} {line}`" for line in verb.usage)
    sections = [Section(f"{verb.summary[:1].upper()}{verb.summary[1:]}.\n{usage}")]
    if verb.syntax.jobs != "none":
        sections.append(Section(_JOB))
    if verb.details:
        sections.append(Section(verb.details))
    if verb.syntax.flags:
        sections.append(Section("*Flags*\n" + "\n".join(_flag(flag) for flag in verb.syntax.flags)))
    if verb.syntax.filters:
        keys = ", ".join(
            "`label.KEY=value`" if key == "label" else f"`{key}=…`" for key in verb.syntax.filters
        )
        sections.append(Section(f"*Filters*\n{keys}"))
    if verb.examples:
        sections.append(Section("*Examples*\n" + "\n".join(f"`{COMMAND} {line}`" for line in verb.examples)))
    return AnswerPage(title=f"{COMMAND} {verb.name}", sections=tuple(sections))


def _flag(flag: Flag) -> str:
    value = {
        "switch": "",
        "choice": f" {'|'.join(flag.choices)}",
        "list": " a,b",
        "number": " N",
        "duration": " 2h",
        "time": " 2h",
        "word": " …",
        "text": ' "…"',
    }[flag.kind]
    return f"`--{flag.name}{value}` {flag.help}"


VERB = Verb(
    name="help",
    permission=Permission.PUBLIC,
    summary="what can be typed",
    usage=("help", "help VERB"),
    syntax=Syntax(words=True),
    examples=("help restart",),
    run=_run,
    asks_service=no_service_call,
)
