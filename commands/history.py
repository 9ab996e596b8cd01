"""`/dms history`: who did what, from the audit, as pages or as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bot.cmdline.answers import (
    Answer,
    AnswerPage,
    Button,
    Note,
    RichPart,
    RichText,
    Section,
    Time,
    Upload,
    User,
)
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax, UsageError
from bot.cmdline.unreadable_text import unreadable_text
from bot.dms.model import job_name, short_name
from bot.policy.permissions import Permission
from bot.requests.job_names import JobNamer, disambiguate
from bot.runtime.one_by_one import LeftOut
from bot.store import UnreadableRow
from bot.store.audit_export import FORMATS, entries
from bot.store.records import AuditEntry
from bot.store.table import Skip
from bot.util.command import COMMAND
from bot.util.text import first_few
from bot.util.wall_time import BadTime, parse_since
from commands.support.audit_rows import audit_line
from commands.support.base import Context, Verb, only_of_a_job
from commands.support.history_rows import key_of, keys_of, request_line
from commands.support.people import person_named
from commands.support.projects import PROJECT, find_project
from commands.support.resolve import find_job
from commands.support.schedule import zone_of
from commands.support.typed_jobs import known_places, names_meant
from commands.support.unreadable import with_unreadable
from commands.support.visibility import Visibility, can_see, may_hide, visible_names

PER_PAGE = 15
MAX_PAGES = 100
MAX_STEPS = 40
"""A message holds 50 blocks."""
_ROWS_OF_A_REQUEST = 5
"""So many rows are read for each request on the page, at first."""
MAX_ROWS = 100_000
"""Rows of a file in Slack; `dms-bot audit export` has no limit."""


@dataclass(frozen=True, slots=True)
class _Query:
    """Filters: a job's full name, a project, a user id, and a start time (UTC); empty means all."""

    job: str = ""
    project: str = ""
    """Its ID."""
    by: str = ""
    since: datetime | None = None


def _run(ctx: Context, invocation: Invocation) -> Answer:
    request = invocation.word("request")
    if request:
        return _steps(ctx, request)
    since = _since(ctx, invocation)
    query = _Query(
        _job(ctx, invocation),
        _project(ctx, invocation),
        person_named(ctx, invocation, "by", "--by @dana"),
        since,
    )
    kind = invocation.word("export")
    return _file(ctx, query, kind) if kind else _page(ctx, invocation, query)


def _job(ctx: Context, invocation: Invocation) -> str:
    """The full name of the job that is meant. It may be deleted, if it has a history that may be read."""
    if not invocation.jobs:
        return ""
    text = invocation.jobs[0]
    found = [
        name for name in _candidates(ctx, text) if _has_rows(ctx, job=name) and can_see(ctx, "history", name)
    ]
    if len(found) != 1:
        return find_job(ctx, text, invocation).name
    ctx.found.append(found[0])
    return found[0]


def _project(ctx: Context, invocation: Invocation) -> str:
    """The ID of the project that is meant. It may be no longer served, if it has a history."""
    text = invocation.word("project").strip()
    if not text or (ctx.settings.projects.named(text) is None and _has_rows(ctx, project=text)):
        return text
    return find_project(ctx, text).id


def _has_rows(ctx: Context, job: str = "", project: str = "") -> bool:
    """Whether there are any, readable or not."""
    left_out = LeftOut()
    return bool(ctx.store.audit(job=job, project=project, limit=1, skip=left_out) or left_out.keys)


def _lacking(left_out: LeftOut) -> dict[str, int]:
    return {"audit row": len(set(left_out.keys))}


def _candidates(ctx: Context, text: str) -> Sequence[str]:
    if text.startswith("projects/"):
        return [text]
    return names_meant(ctx, text) or [
        job_name(place.project, place.location, text) for place in known_places(ctx)
    ]


def _since(ctx: Context, invocation: Invocation) -> datetime | None:
    text = invocation.word("since").strip()
    if not text:
        return None
    try:
        since = parse_since(text, ctx.now(), lambda: zone_of(ctx))
    except BadTime as error:
        raise UsageError(f"{error}.") from None
    if since > ctx.now():  # nothing would be found, as if nothing had been done
        raise UsageError(
            f"`{text}` is in the future: write for example `2d` (the last two days), `yesterday` or an "
            "earlier date."
        )
    return since


def _file(ctx: Context, query: _Query, kind: str) -> Answer:
    left_out = LeftOut()
    everything = entries(
        ctx.store, job=query.job, by=query.by, project=query.project, since=query.since, skip=left_out
    )
    rows = list(islice(Visibility(ctx).told(everything), MAX_ROWS + 1))
    lacking = unreadable_text(_lacking(left_out))
    if not rows:
        nothing = Note("There is nothing to export: no row of the audit matches.", tone="warn")
        return with_unreadable(nothing, _lacking(left_out))
    if len(rows) > MAX_ROWS:
        return Note(
            f"That is more than {MAX_ROWS:,} rows: narrow it with a job, `--by` or `--since`, or use "
            f"`dms-bot audit export --format {kind}` where the bot runs.",
            tone="warn",
        )
    stamp = ctx.now().strftime("%Y%m%d-%H%M")
    what = query.job.rpartition("/")[2] or query.project or "all"
    return Upload(
        filename=f"dms-audit-{what}-{stamp}.{kind}",
        content="".join(FORMATS[kind](rows)).encode(),
        title=f"Audit of {'all jobs' if what == 'all' else what}",
        comment=f"{len(rows):,} rows of the audit, oldest first; times are UTC."
        + (f" Not in it: {lacking}" if lacking else ""),
        private=True,
    )


def _page(ctx: Context, invocation: Invocation, query: _Query) -> Answer:
    page = min(max(1, int(invocation.word("page", "1"))), MAX_PAGES)
    left_out = LeftOut()
    keys, read = _newest(ctx, query, page * PER_PAGE + 1, left_out)
    shown = keys[(page - 1) * PER_PAGE : page * PER_PAGE]
    if not shown:
        nothing = Note(_nothing(query, _what(ctx)) if page == 1 else "There are no older rows.")
        return with_unreadable(nothing, _lacking(left_out))
    more = len(keys) > page * PER_PAGE
    found = _rows_by_key(ctx, shown, read, left_out)
    calls = _calls(ctx, query.job, [each for rows in found.values() for each in rows])
    answer = AnswerPage(
        title=f"History of {calls(query.job)}" if query.job else "History",
        sections=_sections(ctx, found, calls, alone=bool(query.job)),
        buttons=_buttons(ctx, invocation, page, more=more and page < MAX_PAGES),
        footer=_footer(page, more),
    )
    return with_unreadable(answer, _lacking(left_out))


def _calls(ctx: Context, job: str, rows: Sequence[AuditEntry]) -> JobNamer:
    names = {job, *(each.job for each in rows)}
    told = visible_names(ctx, "history", map(short_name, names))
    return disambiguate((*told, *names), ctx.settings.projects)


def _sections(
    ctx: Context, found: Mapping[str, Sequence[AuditEntry]], calls: JobNamer, *, alone: bool
) -> tuple[Section, ...]:
    """A request in one line with a button for its steps; `alone` if the page is about one job."""
    named = None if alone else calls
    requests = [key for key, rows in found.items() if rows[0].request]
    steps = [Invocation("history", flags={"request": each}) for each in requests]
    refs = dict(zip(requests, ctx.refs(steps), strict=True))

    def section(key: str, rows: Sequence[AuditEntry]) -> Section:
        if key not in refs:
            return Section(_line(ctx, rows[0], named))
        several = len({each.job for each in rows}) > 1
        line = request_line(rows, calls if several else named)
        return Section(line, (Button("Steps", "history", "run", refs[key]),))

    return tuple(section(key, rows) for key, rows in found.items())


def _line(ctx: Context, row: AuditEntry, calls: JobNamer | None) -> tuple[RichPart, ...]:
    # IDs of organisations begin with E: then several workspaces are served.
    several = ctx.who.team.startswith("E")
    return audit_line(row, calls, ctx.settings.projects, workspace=several)


def _steps(ctx: Context, request: str) -> Answer:
    """All rows of one request, oldest first."""
    left_out = LeftOut()
    rows = list(Visibility(ctx).told(ctx.store.audit(request=request, skip=left_out)))
    if not rows:
        said = f"{_what(ctx)} is known of that request. `{COMMAND} history` shows all requests."
        return with_unreadable(Note(said, tone="warn"), _lacking(left_out))
    calls = _calls(ctx, "", rows)
    named = calls if len({each.job for each in rows}) > 1 else None
    jobs = first_few([calls(name) for name in dict.fromkeys(each.job for each in rows)], 2)
    page = AnswerPage(
        title=f"Steps of {rows[0].action} {jobs}",
        sections=tuple(Section(_line(ctx, each, named)) for each in rows[:MAX_STEPS]),
        footer=_left_out(len(rows)),
    )
    return with_unreadable(page, _lacking(left_out))


def _left_out(count: int) -> str:
    more = f"; {count - MAX_STEPS:,} more are in the export" if count > MAX_STEPS else ""
    return f"Oldest first{more}"


def _newest(ctx: Context, query: _Query, count: int, skip: Skip) -> tuple[list[str], Sequence[AuditEntry]]:
    """What the newest rows that this person may see are about, at most `count`; and the rows as read."""
    visibility, limit = Visibility(ctx), count * _ROWS_OF_A_REQUEST
    while True:
        unread: list[UnreadableRow] = []
        read = ctx.store.audit(
            job=query.job,
            by=query.by,
            project=query.project,
            since=query.since,
            limit=limit,
            newest_first=True,
            skip=unread.append,
        )
        seen = list(visibility.told(read))
        keys = keys_of(seen)
        if len(keys) >= count or len(read) + len(unread) < limit:
            for each in unread:
                skip(each)
            return keys[:count], seen
        limit *= 4


def _rows_by_key(
    ctx: Context, keys: Sequence[str], read: Sequence[AuditEntry], skip: Skip
) -> dict[str, Sequence[AuditEntry]]:
    """All rows of each request, oldest first, also those that the filters leave out; and each other row."""
    visibility = Visibility(ctx)
    first = {key_of(each): each for each in reversed(read)}
    return {
        key: list(visibility.told(ctx.store.audit(request=key, skip=skip)))
        if first[key].request
        else [first[key]]
        for key in keys
    }


def _what(ctx: Context) -> str:
    return "Nothing that you may see" if may_hide(ctx, "history") else "Nothing"


def _nothing(query: _Query, nothing: str) -> RichText:
    if query.by or query.since or query.project:
        who: tuple[RichPart, ...] = (" by ", User(query.by)) if query.by else ()
        job = f" with `{short_name(query.job)}`" if query.job else ""
        job += f" in `{query.project}`" if query.project else ""
        since: tuple[RichPart, ...] = (" since ", Time(query.since)) if query.since else ()
        return (
            f"{nothing} was done{job} from here",
            *who,
            *since,
            f". `{COMMAND} history` shows everything.",
        )
    if query.job:
        job_id = short_name(query.job)
        return f"{nothing} was done with `{job_id}` from here yet. `{COMMAND} show {job_id}` shows its state."
    return f"{nothing} was done from here yet. Requests, approvals and actions appear here, newest first."


def _footer(page: int, more: bool) -> str:
    if more and page == MAX_PAGES:
        return "Older rows are in the export."
    return f"Newest first, page {page}" if more or page > 1 else "Newest first"


def _buttons(ctx: Context, invocation: Invocation, page: int, *, more: bool) -> tuple[Button, ...]:
    def button(label: str, step: str, **flags: str) -> Button:
        kept: dict[str, FlagValue] = {
            k: v for k, v in invocation.flags.items() if k in ("by", "since", "project")
        }
        return Button(label, "history", step, ctx.ref(replace(invocation, flags={**kept, **flags})))

    back = (button("‹ Newer", "turn", page=str(page - 1)),) if page > 1 else ()
    onward = (button("Older ›", "turn", page=str(page + 1)),) if more else ()
    files = (button("CSV", "run", export="csv"), button("JSON lines", "run", export="jsonl"))
    return (*back, *onward, *files)


VERB = Verb(
    name="history",
    permission=Permission.VIEW,
    same_for_all=True,
    summary="who did what, and when",
    usage=("history [JOB] [--project prod] [--by @user] [--since 2d]", "history [JOB] --export csv|jsonl"),
    syntax=Syntax(
        "optional",
        flags=(
            Flag("by", "word", "who did it: `@dana` or `me`"),
            PROJECT,
            Flag("since", "past", "from when: `2d`, `yesterday`, `2026-12-01`"),
            Flag("request", "word", "steps of one request"),
            Flag("export", "choice", "as a file", choices=("csv", "jsonl")),
            Flag("page", "number", "which page"),
        ),
        all_by_default=True,
    ),
    details="Every request with its outcome, newest first. *Steps* shows all that led to it.",
    more=(
        "Rows are only ever added. Each is chained to the one before, so `dms-bot audit verify` "
        "finds tampering."
    ),
    begins="history",
    examples=("history orders-db", "history --by @dana --since 2d", "history --since 30d --export csv"),
    run=_run,
    asks_service=only_of_a_job,
)
