"""Writes `docs/actions.md` from the table of rules: `make docs`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from bot.dms.engines import Engines
from bot.dms.model import JobType, Phase, State
from bot.dms.rule import Action, Rule, RuleVerdict, Situation, Source, Way
from bot.dms.rule_sources import ALL
from bot.dms.rule_table import TABLE, find
from bot.util.command import DEFAULT, with_command

_DOCS = "https://cloud.google.com/database-migration/docs"
_GCLOUD = "https://cloud.google.com/sdk/gcloud/reference"
_GUIDES = {
    "PostgreSQL": "postgres",
    "AlloyDB": "postgresql-to-alloydb",
    "MySQL": "mysql",
    "SQL Server": "sqlserver",
    "Oracle": "oracle-to-postgresql",
    "SQL Server to PostgreSQL": "sqlserver-to-csql-pgsql",
}
"""Folders of the guides."""
_PAGES = {
    "Migration job statuses": "migration-job-statuses",
    "Manage migration jobs": "migration-job-actions",
    "Promote a migration": "promote-migration",
    "Finalize a migration": "finalize-migration",
    "Create a migration job to an existing destination": "create-migration-job-existing-instance",
}
_MANAGE_SQLSERVER = "manage-migration-jobs"
"""What the guides for SQL Server call `migration-job-actions`."""
_GROUPS = {
    "PostgreSQL": frozenset({Engines.POSTGRESQL_TO_ALLOYDB, Engines.POSTGRESQL_TO_CLOUD_SQL}),
    "Oracle": frozenset({Engines.ORACLE_TO_CLOUD_SQL, Engines.ORACLE_TO_ALLOYDB}),
    "SQL Server → PostgreSQL": frozenset({Engines.SQLSERVER_TO_POSTGRESQL, Engines.SQLSERVER_TO_ALLOYDB}),
}
"""Pairs that are named together, whatever their destination is."""
_ALONE = {
    Engines.MYSQL_TO_CLOUD_SQL: "MySQL",
    Engines.SQLSERVER_TO_CLOUD_SQL: "SQL Server",
    Engines.UNKNOWN: "other or unknown engines",
}
_VERDICTS = {
    RuleVerdict.OFFERED: "offers it",
    RuleVerdict.WARNED: "**warns** of it",
    RuleVerdict.REFUSED: "**refuses** it",
}
_EXAMPLES = {
    "job": "JOB",
    "state": "STATE",
    "where": "STATE · PHASE",
    "stopped": "in PHASE",
    "healthy": "`DATABASE`",
    "none_failed": "",
}
_WITH_PHASES = (State.RUNNING, State.STOPPED, State.FAILED)
_INTRO = """\
# What can be done with a job, and when

<!-- Written from bot/dms/rule_table.py by `make docs`. A change here is lost. -->

By the engines, the state and the phase of a job, Database Migration Service allows an action or not. The bot
has a table of what the documentation says of that, and the service has the last word. The bot does one of
three things with an action:

- **It offers it**: a page or the API lists it. The job's card has a button for it, and it is sent.
- **It warns of it**: the pages differ or say nothing. The job's card has no button for it. Typed, or chosen
  where a deletion is confirmed, it is sent once people have read the warning, and the service decides.
- **It refuses it**: a page or the API says that it cannot work. Nothing is sent.

No action is refused for a state that the bot does not know.

## At a glance

For a continuous job; what is in neither column is refused. Here, `edit` is a change of databases, and the
`restart` of a RUNNING job is that of its failed databases, if it has some.
"""
_ROWS = """\
## Every rule

In each table, the first row that fits decides. An action with two sides, such as a deletion with the
destination, is judged by both, and the stricter verdict counts. “SQL Server → PostgreSQL” is Cloud SQL for
PostgreSQL or AlloyDB.

### Several actions

These come before what the tables of the actions say.
"""
_SOURCES = """\
## Sources

“All guides” are those that have the page.
"""


def render() -> str:
    """The whole page."""
    common = [rule for rule in TABLE if len(rule.actions) > 1]
    parts = [_INTRO, *_glance(), "", _ROWS, *_table(common, ""), ""]
    for action in Action:
        own = [rule for rule in TABLE if rule.actions == (action,)]
        parts.extend([f"### {action.capitalize()}", "", *_table(own, action), ""])
    return with_command("\n".join([*parts, _SOURCES, *_links()]) + "\n", DEFAULT)


# ---- at a glance


def _glance() -> Iterator[str]:
    yield "| state · phase | offered | warned of, then sent |"
    yield "|---|---|---|"
    for state in State:
        if state is State.UNSPECIFIED:
            continue
        alike: dict[tuple[str, str], list[str]] = {}
        for phase in tuple(Phase)[1:] if state in _WITH_PHASES else (Phase.UNSPECIFIED,):
            cells = (_cell(state, phase, RuleVerdict.OFFERED), _cell(state, phase, RuleVerdict.WARNED))
            alike.setdefault(cells, []).append(phase)
        for (offered, warned), phases in alike.items():
            where = f" · {', '.join(phases)}" if state in _WITH_PHASES else ""
            yield f"| {state}{where} | {offered or '–'} | {warned or '–'} |"


def _cell(state: State, phase: Phase, verdict: RuleVerdict) -> str:
    """The actions with this verdict, each with the engines that it is for, if not for all."""
    found = []
    for action in Action:
        every = frozenset(Engines) - {Engines.UNKNOWN}
        engines = frozenset(each for each in every if _verdict(action, each, state, phase) is verdict)
        if engines:
            found.append(f"{action}{'' if engines == every else f' ({_pairs(engines)})'}")
    return ", ".join(found)


def _verdict(action: Action, engines: Engines, state: State, phase: Phase) -> RuleVerdict:
    way = Way.WHOLE
    if action is Action.EDIT:
        way = Way.SELECTION
    if action is Action.RESTART and state is State.RUNNING:
        way = Way.FAILED_ONLY
    return find(action, way, Situation(engines, JobType.CONTINUOUS, state, phase, errors=True)).verdict


def _pairs(engines: Iterable[Engines]) -> str:
    """Names of these pairs, as short as can be."""
    left, names = set(engines), []
    for name, group in _GROUPS.items():
        if group <= left:
            names.append(name)
            left -= group
    return ", ".join([*names, *(_ALONE.get(each, each) for each in Engines if each in left)])


# ---- the rows


def _table(rules: Sequence[Rule], action: str) -> Iterator[str]:
    """A table of rules; those of several actions name them."""
    yield "| what | jobs | states | phases | the bot | why | source |"
    yield "|---|---|---|---|---|---|---|"
    for rule in rules:
        cells = (
            _ways(rule) if action else _names(rule.actions, (*Action,)),
            _jobs(rule),
            _names(rule.states, tuple(State)),
            _names(rule.phases, tuple(Phase)),
            _VERDICTS[rule.verdict],
            _why(rule),
            "; ".join(_source(each) for each in rule.sources),
        )
        yield f"| {' | '.join(cells)} |"


def _ways(rule: Rule) -> str:
    return "any" if rule.ways is None else ", ".join(each for each in Way if each in rule.ways)


def _jobs(rule: Rule) -> str:
    parts = (
        "" if rule.types is None else ", ".join(sorted(rule.types)),
        "" if rule.engines is None else _pairs(rule.engines),
        {None: "", True: "with errors", False: "without errors"}[rule.errors],
    )
    return "; ".join(each for each in parts if each) or "any"


def _names(values: Iterable[str] | None, every: Sequence[StrEnum]) -> str:
    """The known values in their order; what is missing, where that is shorter."""
    if values is None:
        return "any"
    found = [each for each in every if each in frozenset(values)]
    missing = [each for each in every if each not in found]
    return f"all but {', '.join(missing)}" if 0 < len(missing) < len(found) else ", ".join(found)


def _why(rule: Rule) -> str:
    reason = rule.reason.format(**_EXAMPLES)
    return f"{reason[:1].upper()}{reason[1:]}" or "A source lists it."


def _source(source: Source) -> str:
    title = source.page if source.guides else f"`{source.page}`"
    guides = f" ({source.guides})" if source.guides else ""
    return f"{title}{guides}{f': {source.says}' if source.says else ''}"


# ---- the links


def _links() -> Iterator[str]:
    """Each page once, in the guides that a rule names, and each part of the API."""
    found: dict[str, dict[str, str]] = {}
    rules = [rule for rule in TABLE if set(rule.actions) & set(Action)]
    for source in (each for rule in rules for each in rule.sources if each.guides != ALL):
        for guide in source.guides.split(", "):
            found.setdefault(source.page, {})[guide] = _url(source.page, guide)
    for page, links in sorted(found.items()):
        guides = ", ".join(f"[{guide}]({url})" for guide, url in sorted(links.items()) if guide)
        yield f"- {page}: {guides}" if guides else f"- [`{page}`]({links['']})"


def _url(page: str, guide: str) -> str:
    if guide:
        folder, slug = _GUIDES[guide], _PAGES[page]
        is_named_otherwise = folder.startswith("sqlserver") and page == "Manage migration jobs"
        return f"{_DOCS}/{folder}/{_MANAGE_SQLSERVER if is_named_otherwise else slug}"
    if page.startswith("gcloud "):
        return f"{_GCLOUD}/{page.removeprefix('gcloud ').replace(' ', '/')}"
    kind, _, method = page.partition(".")
    if kind not in ("migrationJobs", "MigrationJob"):
        return f"{_DOCS}/reference/rest"
    reference = f"{_DOCS}/reference/rest/v1/projects.locations.migrationJobs"
    return f"{reference}/{method}" if kind == "migrationJobs" else reference


if __name__ == "__main__":
    print(render(), end="")
