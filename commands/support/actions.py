"""What the verbs that change jobs share: finding the jobs, checking names, asking for the request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.cmdline import examples
from bot.cmdline.answers import Answer, Note, PickForm
from bot.cmdline.invocation import Flag, Invocation, UsageError
from bot.cmdline.missing_text import why_missing
from bot.cmdline.token_values import filters_typed, job_word
from bot.dms.model import Database, Job, ObjectsConfig, ObjectState, Options, State
from bot.dms.rules import Action, Refusal, check
from bot.requests.buttons import ASK, instead_buttons
from bot.requests.draft import RequestDraft
from bot.requests.groups import asked_flags, mixed_statuses_answer
from bot.util.command import COMMAND
from bot.util.lookalikes import visible
from bot.util.suggest import nearest, or_similar
from bot.util.text import and_more, count_of, first_few
from commands.support.asked import request_facts
from commands.support.base import Context, EarlyAnswer
from commands.support.filters import all_matching
from commands.support.resolve import find_job, find_jobs, require_permission
from commands.support.visibility import may_hide, permitted_actions, visible_names

ALL = Flag("all", "switch", "jobs that match, as in `state=running`")
SKIP_VALIDATION = Flag("skip-validation", "switch", "skip the service's checks")
DATABASES = Flag("databases", "list", "only these databases")
_ADDING = Options(objects=ObjectsConfig())
"""An edit that changes which databases a job migrates."""
_SHOWN = 10
FILTERS = ("project", "state", "phase", "location", "type", "label")


CheckNames = Callable[[Job, Sequence[Database], Sequence[str]], tuple[str, ...]]
"""From a job, its databases and the chosen names to sentences: what acting on these alone means.

Raises:
    UsageError: the action is not possible for one of them.
"""


def make_run(
    action: Action,
    options: Callable[[Invocation], Options] = lambda _: Options(),
    named: CheckNames = lambda _job, _databases, _names: (),
) -> Callable[[Context, Invocation], Answer]:
    """The `run` of a verb with `action`: find the jobs, and ask for one request for all of them.

    `options` reads the flags. `named` checks the databases that `--databases` names.
    """

    def run(ctx: Context, invocation: Invocation) -> Answer:
        facts = request_facts(ctx, invocation)
        ask = invocation.is_set("all") or invocation.is_set(ASK)
        jobs = _jobs(ctx, invocation)
        chosen = options(invocation)
        groups = mixed_statuses_answer(
            ctx.ref,
            action,
            jobs,
            chosen,
            lambda: visible_names(ctx, invocation.verb, [job.id for job in jobs]),
            ctx.dms.projects,
            asked_flags(facts, ask=ask),
        )
        if groups is not None:
            _require_permission_on_any(ctx, action, jobs)
            return groups
        warning: tuple[str, ...] = ()
        if chosen.databases:
            has = _databases(ctx, invocation, action, jobs, chosen.databases)
            chosen = replace(chosen, databases=tuple(dict.fromkeys(chosen.databases)))
            warning = named(jobs[0], has, chosen.databases)
        draft = RequestDraft(
            action,
            jobs,
            chosen,
            ctx.response_url,
            facts=facts,
            warning=warning,
            ask=ask,
        )
        return ctx.approvals.creation.ask(ctx.who, draft)

    return run


def _jobs(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    if invocation.is_set("all"):
        return _all(ctx, invocation)
    if invocation.filters:
        raise UsageError(
            f"Filters go with `--all`: either `{_with_all(ctx, invocation)}`, or the jobs by name."
        )
    if not invocation.jobs:
        raise UsageError(
            f"Name the job to {invocation.verb}, for example `{COMMAND} {invocation.verb} orders-db`; "
            f"`{COMMAND} list` shows all jobs.",
            choose=invocation,
        )
    return find_jobs(ctx, invocation)


def _all(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    if invocation.jobs:
        raise UsageError(
            "`--all` takes the jobs that match the filters, and no names: either "
            f"`{_with_all(ctx, invocation)}`, or `{COMMAND} {invocation.verb} "
            f"{job_word(invocation.jobs[0])}`."
        )
    if not invocation.filters:
        raise UsageError(
            f"`--all` needs a filter that says which jobs, for example `{_with_all(ctx, invocation)}`."
        )
    found = all_matching(ctx, invocation.verb, invocation.filters)
    if found.missing:
        text = ("Nothing was sent, because matching jobs may be missing: ", *why_missing(found.missing), ".")
        raise EarlyAnswer(Note(text, tone="warn"))
    if not found.jobs:
        seen = " that you may see" if may_hide(ctx, invocation.verb) else ""
        raise EarlyAnswer(
            Note(f"No job{seen} matches those filters. `{COMMAND} list` shows all jobs.", tone="warn")
        )
    return found.jobs


def _with_all(ctx: Context, invocation: Invocation) -> str:
    """The command with `--all` and the filters that were typed, or an example."""
    if invocation.filters:
        return f"{COMMAND} {invocation.verb} --all {filters_typed(invocation.filters)}"
    return examples.with_flag(invocation.verb, ctx.verbs[invocation.verb].grammar, ALL)


def _databases(
    ctx: Context, invocation: Invocation, action: Action, jobs: Sequence[Job], names: Sequence[str]
) -> tuple[Database, ...]:
    """The job's migrated databases, after a check that they have all these names.

    Raises:
        UsageError: there are several jobs, or a name that is none of its databases.
        EarlyAnswer: the action is not possible for the job, whatever the names are.
    """
    if len(jobs) != 1:
        raise UsageError(
            f"`--databases` takes one job, for example `{COMMAND} {invocation.verb} {jobs[0].id} "
            "--databases sales,billing`."
        )
    job = jobs[0]
    everything = whole_databases(ctx.dms.databases(job.name))
    migrated_databases = migrated(everything)
    has = [str(each.id) for each in migrated_databases]
    left_out = {str(each.id) for each in everything} - set(has)
    if not set(names) <= set(has):
        _refuse_for_any_name(ctx, action, job)
    for name in names:
        if name in left_out:
            raise UsageError(f"`{job.id}` does not migrate `{name}`; nothing was sent.{_added(job, name)}")
    known_names(job, names, has)
    return migrated_databases


def _refuse_for_any_name(ctx: Context, action: Action, job: Job) -> None:
    """Refuse before a name is corrected, which would only be refused then.

    Raises:
        EarlyAnswer.
    """
    if action is Action.RESTART and job.state == State.RUNNING:
        return  # its failed databases can restart
    refusal = check(action, job)
    if refusal is not None:
        raise EarlyAnswer(refusal_note(ctx, job, refusal))


def _added(job: Job, name: str) -> str:
    """How the job can migrate the database, too, or why it cannot now; a sentence after a blank."""
    if (refusal := check(Action.EDIT, job, _ADDING)) is not None:
        return f" {refusal.reason}"
    return f" `{COMMAND} edit {job.id} --add {name}` adds it."


def pick(
    ctx: Context,
    invocation: Invocation,
    action: Action,
    fits: Callable[[Job, Database], bool],
    not_offered: Callable[[Job], str] = lambda _: "",
) -> Answer:
    """The view in which databases of a job are picked; `fits` says for which of them the action is possible.

    `not_offered` says why nothing is offered for the job; empty if something is.

    Raises:
        UsageError: the other arguments do not go with `--pick`.
        EarlyAnswer: the action is not possible or not permitted now.
    """
    if len(invocation.jobs) != 1 or invocation.is_set("all") or invocation.filters:
        raise UsageError(f"`--pick` takes one job, for example `{COMMAND} {action} orders-db --pick`.")
    if invocation.items("databases") or invocation.is_set("failed-only"):
        raise UsageError(
            "`--pick` opens a form to choose databases in: leave out `--pick`, or the databases."
        )
    job = find_job(ctx, invocation.jobs[0], invocation)
    everything = migrated(ctx.dms.databases(job.name))
    running = action is Action.RESTART and job.state == State.RUNNING
    refusal = check(action, job, Options(failed_only=running), everything)
    if refusal is not None:
        raise EarlyAnswer(refusal_note(ctx, job, refusal))
    if why := not_offered(job):
        raise EarlyAnswer(Note(why, tone="warn"))
    fitting = tuple(each for each in whole_databases(everything) if fits(job, each))
    flags = {name: value for name, value in invocation.flags.items() if name != "pick"}
    names = {"source": [str(each.id) for each in fitting]}
    return PickForm(ctx.form_ref(Invocation(action, (job.name,), flags), names), action, job, fitting)


def refusal_note(ctx: Context, job: Job, refusal: Refusal) -> Note:
    """Why an action is not possible, with buttons for those that are."""
    permitted = permitted_actions(ctx, refusal.instead, job)
    buttons = instead_buttons(ctx.ref, job, refusal, permitted.__contains__)
    return Note(str(refusal), buttons, tone="warn")


def _require_permission_on_any(ctx: Context, action: Action, jobs: Sequence[Job]) -> None:
    """Refuse instead of showing buttons that would all refuse.

    Raises:
        EarlyAnswer: the policy does not let this person do it with any of the jobs.
    """
    permissions = ctx.access.permissions(ctx.who)
    if not any(permissions.may(action, job) for job in jobs):
        require_permission(ctx, action, jobs[0])


def migrated(databases: Sequence[Database]) -> tuple[Database, ...]:
    """Those that the job migrates."""
    return tuple(each for each in databases if each.state != ObjectState.NOT_SELECTED)


def whole_databases(databases: Sequence[Database]) -> tuple[Database, ...]:
    """Those that are whole databases; the bot does not act on single schemas or tables."""
    return tuple(each for each in databases if each.id.type == "DATABASE")


def known_names(job: Job, names: Sequence[str], has: Sequence[str]) -> None:
    """Refuse unknown database names and suggest similar ones.

    Raises:
        UsageError: a name that is not in `has`.
    """
    unknown = [name for name in dict.fromkeys(names) if name not in has]
    if not unknown:
        return
    hints = [f"`{visible(name)}`{_in_one(name, has) or or_similar(name, has)}" for name in unknown[:_SHOWN]]
    more = and_more(len(unknown), _SHOWN)
    listing = (
        ""
        if all("(did you mean" in hint for hint in hints)
        else f" `{COMMAND} databases {job.id}` lists them."
    )
    kind = "database" if len(unknown) == 1 else "databases"
    near = {name: nearest(name, has) for name in unknown}
    raise UsageError(
        f"`{job.id}` has no {kind} {', '.join(hints)}{more}; nothing was sent.{listing}",
        corrections=[near] if all(near.values()) else (),
    )


def _in_one(name: str, has: Sequence[str]) -> str:
    """Where it is several names with quotes around all of them, how these are written."""
    parts = [each.strip() for each in name.split(",")]
    if len(parts) == 1 or not set(parts) <= set(has):
        return ""
    return f" (in quotes, a comma belongs to the name: write `{','.join(parts)}` without them)"


def names_text(databases: Sequence[str], limit: int = 20) -> str:
    """Database names in a sentence, for example: 2 databases: `sales`, `billing`."""
    if not databases:
        return "its databases (they could not be listed)"
    shown = first_few([f"`{name}`" for name in databases], limit)
    return f"{count_of(len(databases), 'database')}: {shown}"
