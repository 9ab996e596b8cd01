"""`/dms history`: who did what, from the audit; also as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bot.cmdline.answers import Answer, Button, Note, Page, Part, Rich, Section, Time, Upload, User
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError, Value
from bot.dms.model import job_name, short_name
from bot.policy.access import PeopleUnknown
from bot.requests.job_names import told_apart
from bot.store.audit_export import FORMATS, entries
from bot.store.records import AuditEntry
from bot.util.durations import parse_duration, parse_time
from commands.support.audit_rows import row
from commands.support.base import Context, Say, Verb, only_of_a_job
from commands.support.resolve import find_job
from commands.support.visibility import Sight, last_known, sees

PER_PAGE = 15
MOST_PAGES = 100
MOST_ROWS = 100_000
"""Rows of a file from chat; the command line exports any number."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the history is asked for: a job's full name, a user id, a moment (UTC); empty means all."""

    job: str = ""
    by: str = ""
    since: datetime | None = None


def _run(ctx: Context, invocation: Invocation) -> Answer:
    asked = _Asked(_job(ctx, invocation), _person(ctx, invocation), _since(ctx, invocation))
    kind = invocation.word("export")
    return _file(ctx, asked, kind) if kind else _page(ctx, invocation, asked)


def _job(ctx: Context, invocation: Invocation) -> str:
    """The full name of the job meant: one with a history, though it may be gone from the service."""
    if not invocation.jobs:
        return ""
    text = invocation.jobs[0]
    told = [name for name in _candidates(ctx, text) if ctx.store.audit(job=name, limit=1)]
    if len(told) != 1:
        return find_job(ctx, text, invocation).name
    if sees(ctx, "history", told[0]):
        return told[0]
    job = last_known(ctx, told[0])
    if job is None:
        return find_job(ctx, text, invocation).name
    raise Say(Note(ctx.access.verdict(ctx.who, "history", job).said, tone="warn"))


def _candidates(ctx: Context, text: str) -> list[str]:
    location, _, job_id = text.rpartition("/")
    if location.startswith("projects/"):
        return [text]
    return [
        job_name(ctx.dms.project, each, job_id) for each in ([location] if location else ctx.dms.locations)
    ]


def _person(ctx: Context, invocation: Invocation) -> str:
    text = invocation.word("by").strip()
    if not text:
        return ""
    if text.lower() in ("me", "@me"):
        return ctx.who.user
    try:
        found = ctx.access.user_id(
            text if text[:1] in "UW" and text.isupper() else f"@{text.removeprefix('@')}"
        )
    except PeopleUnknown as error:
        raise UsageError(f"{error} Mention the person instead, as in `/dms history --by @dana`.") from None
    if not found:
        raise UsageError(f"There is nobody called `{text}` here: mention the person, as in `--by @dana`.")
    return found


def _since(ctx: Context, invocation: Invocation) -> datetime | None:
    text = invocation.word("since").strip()
    if not text:
        return None
    try:
        return ctx.now() - parse_duration(text)
    except ValueError:
        pass
    try:
        return parse_time(text, ctx.now())
    except ValueError:
        raise UsageError(
            f"`--since {text}` is not a time: write for example `--since 2d` (the last two days) "
            "or `--since 2026-12-01`."
        ) from None


def _file(ctx: Context, asked: _Asked, kind: str) -> Answer:
    everything = entries(ctx.store, job=asked.job, by=asked.by, since=asked.since)
    rows = list(islice(filter(Sight(ctx).of, everything), MOST_ROWS + 1))
    if not rows:
        return Note("There is nothing to export: no row of the audit matches.", tone="warn")
    if len(rows) > MOST_ROWS:
        return Note(
            f"That is more than {MOST_ROWS:,} rows: narrow it with a job, `--by` or `--since`, or use "
            f"`dms-bot audit export --format {kind}` where the bot runs.",
            tone="warn",
        )
    stamp = ctx.now().strftime("%Y%m%d-%H%M")
    what = asked.job.rpartition("/")[2] or "all"
    return Upload(
        filename=f"dms-audit-{what}-{stamp}.{kind}",
        content="".join(FORMATS[kind](rows)).encode(),
        title=f"Audit of {'all jobs' if what == 'all' else what}",
        comment=f"{len(rows):,} rows of the audit, oldest first; times are UTC.",
    )


def _page(ctx: Context, invocation: Invocation, asked: _Asked) -> Answer:
    page = min(max(1, int(invocation.word("page", "1"))), MOST_PAGES)
    rows = _newest(ctx, asked, page * PER_PAGE + 1)
    shown = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    if not shown:
        return Note(_nothing(asked) if page == 1 else "There are no older rows.")
    more = len(rows) > page * PER_PAGE
    calls = told_apart((*ctx.store.known_names(), asked.job, *(each.job for each in shown)))
    return Page(
        title=f"History of {calls(asked.job)}" if asked.job else "History",
        sections=tuple(Section(row(each, None if asked.job else calls)) for each in shown),
        buttons=_buttons(ctx, invocation, page, more=more and page < MOST_PAGES),
        footer=_footer(page, more),
    )


def _newest(ctx: Context, asked: _Asked, count: int) -> Sequence[AuditEntry]:
    """The newest rows that this person may see, `count` of them where there are as many."""
    sight, limit = Sight(ctx), count
    while True:
        read = ctx.store.audit(job=asked.job, by=asked.by, since=asked.since, limit=limit, newest_first=True)
        seen = [each for each in read if sight.of(each)]
        if len(seen) >= count or len(read) < limit:
            return seen[:count]
        limit *= 4


def _nothing(asked: _Asked) -> Rich:
    if asked.by or asked.since:
        who: tuple[Part, ...] = (" by ", User(asked.by)) if asked.by else ()
        job = f" with `{short_name(asked.job)}`" if asked.job else ""
        since: tuple[Part, ...] = (" since ", Time(asked.since)) if asked.since else ()
        return (f"Nothing was done{job} from here", *who, *since, ". `/dms history` shows all that was.")
    if asked.job:
        job_id = short_name(asked.job)
        return f"Nothing was done with `{job_id}` from here yet. `/dms show {job_id}` tells how it is."
    return "Nothing was done from here yet. What people ask for, approve and do is told here, newest first."


def _footer(page: int, more: bool) -> str:
    if more and page == MOST_PAGES:
        return "Older rows are in the export."
    return f"Newest first, page {page}" if more or page > 1 else "Newest first"


def _buttons(ctx: Context, invocation: Invocation, page: int, *, more: bool) -> tuple[Button, ...]:
    def button(label: str, step: str, **flags: str) -> Button:
        kept: dict[str, Value] = {k: v for k, v in invocation.flags.items() if k in ("by", "since")}
        return Button(label, "history", step, ctx.ref(replace(invocation, flags={**kept, **flags})))

    back = (button("‹ Newer", "turn", page=str(page - 1)),) if page > 1 else ()
    onward = (button("Older ›", "turn", page=str(page + 1)),) if more else ()
    files = (button("CSV", "run", export="csv"), button("JSON lines", "run", export="jsonl"))
    return (*back, *onward, *files)


VERB = Verb(
    name="history",
    summary="who did what, and when",
    usage=("history [JOB] [--by @user] [--since 2d]", "history [JOB] --export csv|jsonl"),
    syntax=Syntax(
        "optional",
        flags=(
            Flag("by", "word", "only what this person did, for example `@dana` or `me`"),
            Flag("since", "word", "only what came after, for example `2d` or `2026-12-01`"),
            Flag("export", "choice", "as a file", choices=("csv", "jsonl")),
            Flag("page", "number", "which page"),
        ),
    ),
    details="Every request, decision, call and outcome, newest first. Rows are only ever added, and each "
    "is chained to the one before, so that tampering shows: `dms-bot audit verify`.",
    examples=("history orders-db", "history --by @dana --since 2d", "history --since 30d --export csv"),
    run=_run,
    asks_service=only_of_a_job,
)
