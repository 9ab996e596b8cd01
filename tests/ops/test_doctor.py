"""The doctor against the sandbox's servers, with one thing broken at a time."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.config.loader import load
from bot.doctor import memory
from bot.doctor.checks import run_checks
from bot.doctor.finding import Finding, Grade
from bot.doctor.google import PERMISSIONS
from bot.doctor.local import run_checks as local_checks
from bot.doctor.report import report
from bot.doctor.slack import AuthTest, clock, scopes
from bot.doctor.slack import run_checks as slack_checks
from bot.slack.api.scopes import OPTIONAL, SCOPES
from bot.store.schema import MIGRATIONS
from bot.store.sqlite import SqliteBackend
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from tests.ops.audits import tamper, write_audit
from tests.ops.program import run_program
from tests.ports import closed_port

Environ = dict[str, str]


def findings(environ: Environ) -> dict[str, Finding]:
    return {each.check: each for each in run_checks(load(environ))}


def not_ok(environ: Environ) -> dict[str, Finding]:
    return {check: each for check, each in findings(environ).items() if each.grade is not Grade.OK}


@pytest.fixture
def healthy(sandbox: Environ) -> Environ:
    return {**sandbox, "DMS_APPROVAL_CHANNEL": "#dms-approvals"}


def test_all_is_well(healthy: Environ) -> None:
    found = findings(healthy)
    assert {check: each.grade for check, each in found.items()} == dict.fromkeys(
        (
            "settings",
            "policy",
            "database",
            "audit",
            "bot token",
            "scopes",
            "clock",
            "app token",
            "user groups",
            "notification channel",
            "approval channel",
            "Google credentials",
            "APIs",
            "DMS in europe-west1",
            "DMS in us-central1",
            "IAM permissions",
            "databases of a job",
            "Cloud Monitoring",
            "quota",
            "memory",
        ),
        Grade.OK,
    )
    assert not any(each.fix for each in found.values())


def test_a_wrong_bot_token(healthy: Environ) -> None:
    found = not_ok({**healthy, "SLACK_BOT_TOKEN": "xoxb-wrong"})
    assert found["bot token"].failed
    assert "invalid_auth" in found["bot token"].found
    assert "OAuth & Permissions" in found["bot token"].fix


def test_a_wrong_app_token(healthy: Environ) -> None:
    found = not_ok({**healthy, "SLACK_APP_TOKEN": "xapp-wrong"})
    assert list(found) == ["app token"]
    assert "connections:write" in found["app token"].fix


def test_http_mode_has_no_app_token_to_check(healthy: Environ) -> None:
    found = findings({**healthy, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "x"})
    assert found["connection"].grade is Grade.OK
    assert "app token" not in found


def test_slack_out_of_reach(healthy: Environ) -> None:
    with closed_port() as port:
        found = not_ok({**healthy, "SLACK_API_URL": f"http://127.0.0.1:{port}/api/"})
    assert "could not be reached" in found["bot token"].found
    assert f":{port}/api/" in found["bot token"].fix


@pytest.mark.parametrize("kind", ["ratelimited", "503", "internal_error", "team_added_to_org"])
def test_a_fault_of_slack_is_no_wrong_token(healthy: Environ, slack: SlackServer, kind: str) -> None:
    for method, check in (("auth.test", "bot token"), ("apps.connections.open", "app token")):
        slack.control.fault(method, kind, times=1)
        found = {each.check: each for each in slack_checks(load(healthy)) if each.failed}
        assert kind in found[check].found
        assert found[check].fix.startswith("Wait, and run the doctor again")


def test_scopes_that_are_missing_or_too_many(healthy: Environ, slack: SlackServer) -> None:
    slack.control.set_scopes(set(SCOPES) - {"files:write"})
    assert "files:write" in not_ok(healthy)["scopes"].found
    assert not_ok(healthy)["scopes"].failed
    slack.control.set_scopes(set(SCOPES) - set(OPTIONAL))
    old = not_ok(healthy)["scopes"]
    assert old.grade is Grade.WARN, "an installation of an earlier version goes on"
    assert old.found.count("links to jobs stay links") == 1
    assert old.found.endswith("all else works.")
    assert "install the app again" in old.fix
    slack.control.set_scopes({*SCOPES, "admin"})
    assert not_ok(healthy)["scopes"].grade is Grade.WARN
    assert scopes({}).grade is Grade.WARN


def test_channels_that_cannot_be_posted_in(healthy: Environ, slack: SlackServer) -> None:
    slack.control.kick_bot("db-migrations")
    found = not_ok({**healthy, "DMS_APPROVAL_CHANNEL": "C0NOWHERE00"})
    assert found["notification channel"].failed
    assert found["notification channel"].fix == "In #db-migrations, type: /invite @dms"
    assert "channel_not_found" in found["approval channel"].found
    assert "/invite" in not_ok({**healthy, "DMS_APPROVAL_CHANNEL": "random"})["approval channel"].fix


@pytest.mark.parametrize(
    ("off", "grade", "words"),
    [
        (0, Grade.OK, "agree"),
        (20, Grade.OK, "agree"),
        (90, Grade.WARN, "90 seconds ahead of"),
        (-90, Grade.WARN, "90 seconds behind"),
        (600, Grade.FAIL, "signed requests look stale"),
    ],
)
def test_the_clock(off: int, grade: Grade, words: str) -> None:
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_800_000_000))
    found = clock(AuthTest({}, {"date": date}, took_s=0.2, at=1_800_000_000 + off))
    assert found.grade is grade
    assert words in found.found


def test_a_clock_that_cannot_be_compared() -> None:
    assert clock(AuthTest({}, {}, took_s=0.2, at=0)).grade is Grade.WARN


def test_a_location_that_does_not_answer(healthy: Environ, dms: DmsServer) -> None:
    dms.control.location_unreachable("us-central1")
    found = not_ok(healthy)
    assert list(found) == ["DMS in us-central1"]
    assert found["DMS in us-central1"].failed


def test_a_location_that_dms_does_not_know_is_no_matter_of_the_network(healthy: Environ) -> None:
    found = not_ok({**healthy, "DMS_LOCATIONS": "mars"})["DMS in mars"]
    assert found.failed
    assert found.fix.startswith("Check the region's name in DMS_LOCATIONS (mars)")


def test_dms_out_of_reach(healthy: Environ) -> None:
    with closed_port() as port:
        found = not_ok({**healthy, "DMS_EMULATOR_HOST": f"127.0.0.1:{port}", "DMS_LOCATIONS": "europe-west1"})
    assert found["DMS in europe-west1"].failed
    assert found["databases of a job"].found.startswith("No migration job could be listed")
    assert "once there is a migration job" not in found["databases of a job"].fix


@pytest.mark.parametrize(
    ("method", "check"),
    [("ListTimeSeries", "Cloud Monitoring"), ("ListMigrationJobObjects", "databases of a job")],
)
def test_no_role_helps_against_silence(healthy: Environ, dms: DmsServer, method: str, check: str) -> None:
    dms.control.fault(method, "UNAVAILABLE", times=None)
    found = not_ok(healthy)[check]
    assert found.fix.startswith("Check the way to ")


@pytest.mark.parametrize(
    ("method", "kind", "check", "fix"),
    [
        ("ListTimeSeries", "RESOURCE_EXHAUSTED", "Cloud Monitoring", "quota of monitoring.googleapis.com."),
        ("ListTimeSeries", "INVALID_ARGUMENT", "Cloud Monitoring", "see what it says"),
        ("ListMigrationJobObjects", "RESOURCE_EXHAUSTED", "databases of a job", "Raise DMS_BOT_POLL_FAST"),
        ("ListMigrationJobObjects", "NOT_FOUND", "databases of a job", "see what it says"),
    ],
)
def test_what_answers_is_not_out_of_reach(
    healthy: Environ, dms: DmsServer, method: str, kind: str, check: str, fix: str
) -> None:
    dms.control.fault(method, kind, times=None)
    found = not_ok(healthy)[check]
    assert fix in found.fix
    assert "proxy" not in found.fix


def test_permissions_are_told_by_verb(healthy: Environ, dms: DmsServer) -> None:
    everything = {each for needed in PERMISSIONS.values() for each in needed}
    dms.control.permissions(sorted(everything - {"datamigration.migrationjobs.promote"}))
    found = not_ok(healthy)["IAM permissions"]
    assert found.grade is Grade.WARN
    assert found.found.endswith("these verbs lack permissions: promote.")
    assert "datamigration.migrationjobs.promote" in found.fix
    dms.control.permissions(sorted(everything - {"cloudsql.backupRuns.list"}))
    found = not_ok(healthy)["IAM permissions"]
    assert found.grade is Grade.WARN, "its checks of the destination would say that they are none"
    assert found.found.endswith("these verbs lack permissions: cutover.")
    dms.control.permissions([])
    assert not_ok(healthy)["IAM permissions"].failed


def test_without_a_job_permissions_are_tested_on_the_project(healthy: Environ, dms: DmsServer) -> None:
    dms.control.reset("empty")
    assert list(not_ok(healthy)) == ["databases of a job"]
    dms.control.permissions(["datamigration.migrationjobs.list", "datamigration.migrationjobs.get"])
    found = not_ok(healthy)["IAM permissions"]
    assert found.grade is Grade.WARN
    assert "datamigration.operations.cancel" in found.fix
    assert " cancel," in found.found


def test_permissions_of_a_job_count_where_the_project_cannot_be_asked(
    healthy: Environ, dms: DmsServer
) -> None:
    dms.control.switch_service(dms.project, on=False, service="cloudresourcemanager.googleapis.com")
    assert not_ok(healthy) == {}
    dms.control.permissions(["datamigration.migrationjobs.get"])
    assert "restart" in not_ok(healthy)["IAM permissions"].found


def test_without_monitoring_the_rest_works(healthy: Environ, dms: DmsServer) -> None:
    dms.control.monitoring(False)
    found = not_ok(healthy)
    assert list(found) == ["Cloud Monitoring"]
    assert "roles/monitoring.viewer" in found["Cloud Monitoring"].fix


@pytest.fixture
def several(healthy: Environ, dms: DmsServer, tmp_path: Path) -> Environ:
    """The sandbox's project as `main`, and two more."""
    dms.control.add_job("orders-live", project="acme-prod", location="europe-west3")
    dms.control.add_job("orders-test", project="acme-test", location="europe-west3")
    file = tmp_path / "settings.toml"
    file.write_text(
        f"""
        [[project]]
        id = "{dms.project}"
        alias = "main"

        [[project]]
        id = "acme-prod"
        alias = "prod"
        locations = ["europe-west3"]
        notify_channel = "random"
        impersonate = "bot@acme-prod.iam.gserviceaccount.com"

        [[project]]
        id = "acme-test"
        locations = ["*"]
        """
    )
    environ = {name: value for name, value in healthy.items() if name != "GOOGLE_CLOUD_PROJECT"}
    return {**environ, "DMS_BOT_CONFIG": str(file)}


def by_project(environ: Environ) -> dict[tuple[str, str], Finding]:
    """What is not well, by project and check."""
    found = run_checks(load(environ))
    return {(each.project, each.check): each for each in found if each.grade is not Grade.OK}


def test_each_project_is_checked_by_itself(several: Environ, dms: DmsServer) -> None:
    found = run_checks(load(several))
    checks = {each.project: [one.check for one in found if one.project == each.project] for each in found}
    common = ["IAM permissions", "databases of a job", "Cloud Monitoring", "quota"]
    assert checks["main"] == ["APIs", "DMS in europe-west1", "DMS in us-central1", *common]
    assert checks["prod"] == [
        "notification channel",
        "impersonation",
        "APIs",
        "DMS in europe-west3",
        *common,
    ]
    assert checks["acme-test"] == ["APIs", "DMS in all locations", *common]
    assert list(by_project(several)) == [("prod", "notification channel")]
    text = report(found)
    assert "OK    acme-test: DMS in all locations" in text
    shown = json.loads(report(found, as_json=True))["findings"]
    assert {each["project"] for each in shown} == {"", "main", "prod", "acme-test"}


@pytest.mark.parametrize(
    ("kind", "check", "words"),
    [
        ("DENIED", "IAM permissions", "deploy/google/role.yaml"),
        ("UNAUTHENTICATED", "impersonation", "roles/iam.serviceAccountTokenCreator on bot@acme-prod"),
        ("QUOTA", "DMS in europe-west3", "more quota"),
        ("SILENT", "DMS in europe-west3", "status page"),
    ],
)
def test_trouble_in_one_project_is_told_of_that_one(
    several: Environ, dms: DmsServer, kind: str, check: str, words: str
) -> None:
    dms.control.project_condition("acme-prod", kind)
    found = by_project({**several, "DMS_BOT_DMS_DEADLINE": "1s"})
    assert {project for project, _ in found} == {"prod"}
    assert found["prod", check].failed
    assert words in found["prod", check].fix


def test_an_api_that_is_off(several: Environ, dms: DmsServer) -> None:
    dms.control.switch_service("acme-test", on=False)
    dms.control.switch_service("acme-prod", on=False, service="monitoring.googleapis.com")
    found = by_project(several)
    assert found["acme-test", "APIs"].failed
    assert found["acme-test", "APIs"].fix == (
        "gcloud services enable datamigration.googleapis.com --project=acme-test"
    )
    assert found["prod", "APIs"].grade is Grade.WARN
    assert ("main", "APIs") not in found


def test_a_quota_that_the_watcher_would_use_up(several: Environ, dms: DmsServer) -> None:
    dms.control.quota("acme-prod", 20)
    found = by_project(several)["prod", "quota"]
    assert found.grade is Grade.WARN
    assert "DMS takes 20 requests a minute" in found.found
    assert "up to 14 a minute (12 for lists of jobs, 2 for databases)" in found.found
    dms.control.add_many(1500, "europe-west3", phase="CDC", project="acme-prod", frozen=True)
    found = by_project(several)["prod", "quota"]
    assert "up to 174 a minute (24 for lists of jobs, 150 for databases)" in found.found
    dms.control.switch_service("acme-prod", on=False, service="serviceusage.googleapis.com")
    assert ("prod", "quota") not in by_project(several)


def test_no_google_credentials(healthy: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    environ = {**healthy, "DMS_EMULATOR_HOST": "", "DMS_EMULATOR_REST_HOST": ""}
    found = not_ok(environ)["Google credentials"]
    assert found.failed
    assert "gcloud auth application-default login" in found.fix


def test_a_policy_that_is_wrong(healthy: Environ, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[roles]\nkings = 3\n")
    found = not_ok({**healthy, "DMS_BOT_POLICY": str(policy)})
    assert list(found) == ["policy"]
    assert found["policy"].failed


def test_user_groups_that_slack_does_not_know(healthy: Environ, tmp_path: Path) -> None:
    policy = tmp_path / "groups.toml"
    roles = '[roles]\nadmin = ["@dba-team", "@dba-taem"]\n'
    alerts = '[[escalate]]\nevents = ["failed"]\ngroup = "@oncal"\n'
    policy.write_text(roles + alerts, encoding="utf-8")
    found = findings({**healthy, "DMS_BOT_POLICY": str(policy)})["user groups"]
    assert found.grade is Grade.WARN
    assert found.found.startswith("Slack knows no @dba-taem, @oncal:")
    policy.write_text('[roles]\nadmin = ["U0DANA0001"]\n', encoding="utf-8")
    assert "user groups" not in findings({**healthy, "DMS_BOT_POLICY": str(policy)})


def test_tables_of_an_older_version_stay_as_they_are(healthy: Environ, tmp_path: Path) -> None:
    """An upgrade begins with the start of the new bot, not with its doctor, while the old bot still runs."""
    db = tmp_path / "old.db"
    SqliteBackend(db, migrations=MIGRATIONS[:1]).close()
    found = {each.check: each for each in local_checks(load({**healthy, "DMS_BOT_DB": str(db)}))}
    assert found["database"].grade is Grade.WARN
    assert "older version" in found["database"].found
    assert found["audit"].grade is Grade.OK
    SqliteBackend(db, migrations=MIGRATIONS[:1]).close()


def test_a_database_that_is_none(healthy: Environ, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database at all, and long enough to be read as one" * 50)
    found = not_ok({**healthy, "DMS_BOT_DB": str(broken)})
    assert list(found) == ["database"]
    assert found["database"].failed
    assert "local disk" in found["database"].fix


def test_an_audit_that_was_tampered_with(healthy: Environ) -> None:
    write_audit(healthy["DMS_BOT_DB"])
    assert "audit" not in not_ok(healthy)
    tamper(healthy["DMS_BOT_DB"])
    assert not_ok(healthy)["audit"].failed


@pytest.mark.parametrize(
    ("policy", "words"), [("", "nobody may change anything"), ("open", "every member of the workspace can")]
)
def test_no_policy_and_an_open_one_deserve_a_look(healthy: Environ, policy: str, words: str) -> None:
    found = not_ok({**healthy, "DMS_BOT_POLICY": policy})
    assert list(found) == ["policy"]
    assert found["policy"].grade is Grade.WARN
    assert words in found["policy"].found
    assert "dms-bot policy init" in found["policy"].fix


def test_the_program(healthy: Environ, dms: DmsServer) -> None:
    done = doctor(healthy, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True
    dms.control.location_unreachable("us-central1")
    done = doctor(healthy)
    assert done.returncode == 1
    assert "FAIL  DMS in us-central1" in done.stdout
    assert "→" in done.stdout
    assert "Traceback" not in done.stderr
    assert healthy["SLACK_BOT_TOKEN"] not in done.stdout


def test_the_program_says_what_fails_in_its_findings_alone(healthy: Environ) -> None:
    with closed_port() as port:
        done = doctor({**healthy, "SLACK_API_URL": f"http://127.0.0.1:{port}/api/"})
    assert "FAIL  bot token" in done.stdout
    assert done.stderr == ""


def test_offline_asks_nobody(environ: Environ) -> None:
    done = doctor(environ, "--offline", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["findings"]
    assert [each["check"] for each in found] == ["settings", "policy", "database", "audit", "memory"]
    assert list(found[0]) == ["check", "grade", "found", "mend", "project"]


def test_it_says_how_much_memory_it_takes(environ: Environ) -> None:
    (found,) = (each for each in run_checks(load(environ), offline=True) if each.check == "memory")
    told = re.match(r"The doctor took (\d[\d,]*) MiB at most", found.found)
    assert told is not None
    used = psutil.Process().memory_info().rss / 2**20
    assert used * 0.5 < int(told[1].replace(",", "")) < used * 4


FILES = "inactive_file 104857600"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            (
                "memory.max 536870912",
                "memory.current 419430400",
                f"memory.stat anon 1\n{FILES}",
            ),
            300,
        ),
        (("memory.max max", "memory.current 419430400", "memory.stat inactive_file 0"), None),
        (
            (
                "memory/memory.limit_in_bytes 536870912",
                "memory/memory.usage_in_bytes 524288000",
                "memory/memory.stat inactive_file 1\ntotal_inactive_file 0",
            ),
            500,
        ),
        (
            (
                "memory/memory.limit_in_bytes 9223372036854771712",
                "memory/memory.usage_in_bytes 1",
                "memory/memory.stat x 0",
            ),
            None,
        ),
        ((), None),
    ],
)
def test_the_limit_of_a_container(tmp_path: Path, files: tuple[str, ...], expected: int | None) -> None:
    (tmp_path / "memory").mkdir()
    for each in files:
        name, _, text = each.partition(" ")
        (tmp_path / name).write_text(f"{text}\n")
    found = memory.limit(tmp_path)
    assert (found and round(found.used / 2**20)) == expected
    assert found is None or found.most == 512 * 2**20


def test_too_little_memory_for_both_is_a_warning() -> None:
    mib = 2**20
    fits = memory.judged(150 * mib, memory.Limit(512 * mib, 400 * mib))
    assert (fits.grade, fits.found) == (
        Grade.OK,
        "The doctor took 150 MiB at most; of the container's 512 MiB, 400 MiB are in use with it.",
    )
    tight = memory.judged(150 * mib, memory.Limit(512 * mib, 480 * mib))
    assert tight.grade is Grade.WARN
    assert "at least 608 MiB" in tight.fix


def test_the_report_hides_secrets() -> None:
    text = report([Finding("x", Grade.FAIL, "postgresql://bot:pw@db is away, xoxb-1234-abcd", "Fix it.")])
    assert "pw" not in text
    assert "xoxb-1234" not in text
    assert text.endswith("fix that before you rely on the bot.")


@pytest.mark.parametrize(
    ("grades", "said"),
    [
        ("F", "1 of 1 check failed: fix that before you rely on the bot."),
        ("FWO", "1 of 3 checks failed: fix that before you rely on the bot."),
        ("W", "The bot will run; 1 of 1 check needs attention."),
        ("WWO", "The bot will run; 2 of 3 checks need attention."),
        ("O", "The check passed."),
        ("OO", "All 2 checks passed."),
    ],
)
def test_the_last_line_counts(grades: str, said: str) -> None:
    by_letter = {str(each)[0]: each for each in Grade}
    findings = [Finding("x", by_letter[each], "It is so.") for each in grades]
    assert report(findings).splitlines()[-1] == said


def doctor(environ: Environ, *options: str) -> Any:
    return run_program(["doctor", *options], environ)
