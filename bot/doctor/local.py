"""Checks that need no network: settings, policy and database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from bot.config.projects import Project
from bot.config.settings import Settings
from bot.doctor.finding import Finding, fail, ok, warn
from bot.policy import loader
from bot.policy.model import PolicyError
from bot.store import OldTables, Store, StoreError, open_for_reading, open_store

_UPGRADE = (
    "The bot brings them up to date when it starts, and the older version does not start with them then: "
    "make a backup before (docs/operations.md)."
)


def run_checks(settings: Settings) -> Iterator[Finding]:
    yield _settings(settings)
    yield _policy(settings)
    yield from _database(settings)


def _settings(settings: Settings) -> Finding:
    mode = "Socket Mode" if settings.socket_mode else "HTTP"
    where = "; ".join(map(_project, settings.projects))
    return ok("settings", f"{mode}; the command {settings.command}; {where}.")


def _project(project: Project) -> str:
    named = f"{project.id} as {project.alias}" if project.alias else project.id
    return f"project {named}, {', '.join(project.locations) or 'all locations'}"


def _policy(settings: Settings) -> Finding:
    try:
        policy = loader.load(settings.policy_file, projects=settings.projects)
    except PolicyError as error:
        return fail("policy", str(error), "Correct the file that DMS_BOT_POLICY names; see docs/policy.md.")
    found = " ".join(loader.remarks(policy))
    if not policy.source:
        return warn("policy", found, "Run dms-bot policy init, and set DMS_BOT_POLICY to the file it writes.")
    if found:
        return warn("policy", found, "Change the policy if it does not mean that.")
    return ok("policy", f"{settings.policy_file} is well formed.")


def _database(settings: Settings) -> Iterator[Finding]:
    name = settings.db_without_password
    try:
        # The doctor of a new version may be asked before the upgrade, while the old bot runs.
        store = open_store(settings.db, upgrade=False)
    except OldTables:
        yield warn("database", f"{name} has the tables of an older version.", _UPGRADE)
        yield _audit_alone(settings)
        return
    except StoreError as error:
        yield fail("database", str(error), _database_fix(settings))
        return
    try:
        store.ping()
        yield ok("database", f"{name} can be read and written, and its tables are up to date.")
        yield _audit(store)
    except StoreError as error:
        yield fail("database", str(error), _database_fix(settings))
    finally:
        store.close()


def _audit_alone(settings: Settings) -> Finding:
    try:
        with closing(open_for_reading(settings.db)) as store:
            return _audit(store)
    except StoreError as error:
        return fail("audit", str(error), _database_fix(settings))


def _audit(store: Store) -> Finding:
    broken = store.verify_audit()
    if broken:
        fix = "Keep a copy of the database, compare it to your backups, and find out who could write to it."
        return fail("audit", broken, fix)
    newest = store.audit(limit=1, newest_first=True)
    return ok("audit", f"The chain of {newest[0].seq if newest else 0:,} rows is intact.")


def _database_fix(settings: Settings) -> str:
    if "://" in settings.db:
        return (
            "Check DMS_BOT_DB (host, user, password, database), and that the server can be reached from here."
        )
    return (
        "Check DMS_BOT_DB: its folder must exist on a local disk with free space, and the bot's user must be "
        "allowed to write there."
    )
