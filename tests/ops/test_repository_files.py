"""Workflows, templates, hooks, links and the changelog: what no other test runs has to fit the project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.stem != "config"]
SCHEMAS = {
    **dict.fromkeys(WORKFLOWS, "vendor.github-workflows"),
    **dict.fromkeys(FORMS, "vendor.github-issue-forms"),
    GITHUB / "ISSUE_TEMPLATE" / "config.yml": "vendor.github-issue-config",
    GITHUB / "dependabot.yml": "vendor.dependabot",
}
"""By file: the schema that check-jsonschema has of it, from SchemaStore."""
MARKDOWN = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", ".github/*.md")
    for path in ROOT.glob(pattern)
)
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
"""Source: Keep a Changelog 1.1."""


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def document(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in document(path)["jobs"].items():
            yield f"{path.name}:{name}", job


def steps() -> Iterator[dict[str, Any]]:
    for _, job in jobs():
        yield from job.get("steps", ())


def scripts() -> str:
    return "\n".join(step["run"] for step in steps() if "run" in step)


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


# ---- workflows, forms and Dependabot


@pytest.mark.parametrize(("path", "schema"), SCHEMAS.items(), ids=lambda each: Path(each).name)
def test_it_has_the_shape_that_github_reads(path: Path, schema: str) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_job_ends_by_itself() -> None:
    """GitHub's own limit is six hours. A job that calls a workflow has the limits of that one's jobs."""
    assert [name for name, job in jobs() if "uses" not in job and "timeout-minutes" not in job] == []


def test_no_job_gets_more_rights_than_it_names() -> None:
    assert {path.name: document(path)["permissions"] for path in WORKFLOWS} == {
        path.name: {"contents": "read"} for path in WORKFLOWS
    }


def test_jobs_wait_for_jobs_that_exist() -> None:
    for path in WORKFLOWS:
        found = document(path)["jobs"]
        for name, job in found.items():
            needs = job.get("needs", [])
            assert set([needs] if isinstance(needs, str) else needs) <= set(found), f"{path.name}:{name}"


def test_actions_are_pinned_to_a_major_version() -> None:
    used = [each["uses"] for each in (*steps(), *(job for _, job in jobs())) if "uses" in each]
    assert used
    for action in used:
        if action.startswith("./"):
            assert (ROOT / action).is_file(), action
        else:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", action), action


def test_make_is_asked_for_targets_that_exist() -> None:
    asked = set(re.findall(r"(?<![\w-])make ([a-z][a-z-]*)(?= |$)", scripts(), re.MULTILINE)) - {"make"}
    assert {"test", "dist"} <= asked
    assert asked <= targets()


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_workflows_name_files_that_exist() -> None:
    named = set(re.findall(r"[\w./-]+\.(?:toml|md|lock)\b", scripts())) - {"part.md", "notes.md"}
    named |= {step["with"]["file"] for step in steps() if "file" in step.get("with", {})}
    assert {"pyproject.toml", "CHANGELOG.md", "Dockerfile"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    for step in steps():
        pattern = step.get("with", {}).get("cache-dependency-path")
        assert pattern is None or list(ROOT.glob(pattern)), pattern


def test_the_oldest_python_that_is_promised_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    tested = document(GITHUB / "workflows" / "test.yml")["jobs"]["ubuntu"]["strategy"]["matrix"]["python"]
    assert oldest in tested
    assert all(isinstance(each, str) for each in tested), "YAML reads 3.10 without quotes as 3.1"


def test_dependabot_looks_where_there_is_something() -> None:
    wanted = {"github-actions": ".github/workflows", "npm": "package-lock.json"}
    updates = document(GITHUB / "dependabot.yml")["updates"]
    assert {each["package-ecosystem"] for each in updates} == set(wanted)
    for each in updates:
        folder = ROOT / each["directory"].strip("/")
        assert (folder / wanted[each["package-ecosystem"]]).exists(), each


# ---- hooks


def hooks() -> dict[str, dict[str, Any]]:
    repositories = document(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [each["repo"] for each in repositories] == ["local"]
    return {hook["id"]: hook for each in repositories for hook in each["hooks"]}


def test_hooks_are_the_checks_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    check = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    made = set(re.findall(r"\$\(BIN\)/(\w+)", check))
    hooked = {hook["entry"].split()[0] for hook in hooks().values() if hook["language"] == "system"}
    assert {f".venv/bin/{name}" for name in made} == hooked - {"git"}


@pytest.mark.parametrize(
    ("message", "accepted"),
    [
        ("Refuse a second process\n", True),
        ("Refuse a second process\n\nTwo bots would overwrite each other's records.\n", True),
        ("Refuse a second process\n# Please enter the commit message\n", True),
        ("x" * 72 + "\n", True),
        ("x" * 73 + "\n", False),
        ("Refuse a second process\nas two would overwrite\n", False),
        ("\n\nRefuse a second process\n", False),
        ("# Please enter the commit message\n", False),
    ],
)
def test_the_rule_for_subjects(message: str, accepted: bool) -> None:
    """pre-commit's pygrep searches the whole message where `--multiline` is given."""
    hook = hooks()["subject"]
    assert {"--multiline", "--negate"} <= set(hook["args"])
    assert bool(re.search(hook["entry"], message, re.MULTILINE | re.DOTALL)) is accepted


# ---- the changelog


def changes() -> list[tuple[str, str]]:
    """Each version's heading, and what stands below it."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def test_the_changelog_has_this_version_and_what_comes_next() -> None:
    (unreleased, _), *released = changes()
    assert unreleased == "[Unreleased]"
    found = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\S+)", heading) for heading, _ in released]
    numbers = [tuple(map(int, each.group(1, 2, 3))) for each in found if each]
    days = [date.fromisoformat(each[4]) for each in found if each]
    assert len(numbers) == len(released) > 0
    assert tuple(map(int, version().split("."))) == numbers[0]
    assert all(newer > older for newer, older in pairwise(numbers))
    assert all(newer >= older for newer, older in pairwise(days))


def test_the_notes_of_a_release_are_its_part_of_the_changelog(tmp_path: Path) -> None:
    (script,) = (each["run"] for each in steps() if "gh release create" in each.get("run", ""))
    (tmp_path / "CHANGELOG.md").write_text(
        "## [Unreleased]\n\n- later\n\n## [0.2.0] - 2026-12-01\n\n"
        "- see [the guide](docs/install.md#4-settings), [Slack](https://slack.com) (both)\n\n"
        "## [0.1.0] - 2026-11-28\n\n- sooner\n",
        encoding="utf-8",
    )
    environ = {"VERSION": "0.2.0", "GITHUB_REPOSITORY": "acme/dms-bot", "GITHUB_REF_NAME": "v0.2.0"}
    subprocess.run(
        ["bash", "-eu", "-c", script.partition("gh release create")[0]],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **environ},
        timeout=60,
        check=True,
    )
    assert (tmp_path / "notes.md").read_text(encoding="utf-8").strip() == (
        "- see [the guide](https://github.com/acme/dms-bot/blob/v0.2.0/docs/install.md#4-settings), "
        "[Slack](https://slack.com) (both)"
    )


def test_changes_are_sorted_by_kind() -> None:
    for heading, text in changes():
        kinds = re.findall(r"^### (.*)$", text, re.MULTILINE)
        assert set(kinds) <= SECTIONS, heading
        assert len(kinds) == len(set(kinds)), heading
        # Right after a release there is nothing yet.
        assert heading == "[Unreleased]" or re.search(r"^- ", text, re.MULTILINE), f"{heading} says nothing"


# ---- pages


@pytest.mark.parametrize("page", MARKDOWN, ids=short)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def links(page: Path) -> list[str]:
    return re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def prose(page: Path) -> str:
    """Without blocks of code, in which a comment looks like a heading."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", MARKDOWN, ids=short)
def test_pages_name_targets_of_make_that_exist(page: Path) -> None:
    named = re.findall(r"`(?:\w+=\S+ )*make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"))
    assert set(named) <= targets()
