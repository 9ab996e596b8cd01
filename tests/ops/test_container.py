"""The Dockerfile and what goes into the image, as far as they can be checked without an engine."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from bot.config.settings import OPTIONS, Settings
from bot.runtime.health import Health
from bot.runtime.http_server import Server
from bot.runtime.routes import Routes
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
Instruction = tuple[str, str]


def stages() -> list[list[Instruction]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, " ".join(rest.split())))
    return found


def project() -> dict[str, Any]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(table, dict)
    return table


def last(word: str) -> str:
    return [rest for each, rest in stages()[-1] if each == word][-1]


def ignored_except() -> set[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines
    return {line[1:] for line in lines if line.startswith("!")}


def requirements(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {
        f"{match['name']}{match['marker']}": match["version"]
        for match in re.finditer(
            r"^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<marker>[^\\\n]*)", text, re.MULTILINE
        )
    }


def test_the_image_has_a_build_stage_and_a_lean_one() -> None:
    page, build, final = stages()
    assert page[0][1] == "--platform=$BUILDPLATFORM ${NODE} AS page"
    assert build[0][1] == "${PYTHON} AS build"
    assert final[0][1] == "${PYTHON}"
    assert not any("pip" in rest or "apt" in rest for word, rest in final if word == "RUN")
    assert ("COPY", "--from=build /opt/dms-bot /opt/dms-bot") in final


def test_a_builder_that_names_no_platform_builds_it() -> None:
    """An empty `--platform` ends the build: https://github.com/GoogleCloudPlatform/microservices-demo/issues/2984."""
    before = (ROOT / "Dockerfile").read_text(encoding="utf-8").partition("\nFROM ")[0]
    assert re.search(r"^ARG BUILDPLATFORM=\$\{BUILDPLATFORM:-linux/amd64\}$", before, re.MULTILINE)


def test_dependencies_are_those_of_the_lock_with_hashes() -> None:
    runs = [rest for word, rest in stages()[1] if word == "RUN"]
    assert any("--require-hashes" in rest and "-r requirements.lock" in rest for rest in runs)


def test_all_that_is_fetched_has_a_hash() -> None:
    runs = [rest for word, rest in stages()[1] if word == "RUN"]
    steps = [step for rest in runs for step in rest.split(" && ") if re.search(r"\b(install|wheel)\b", step)]
    assert len(steps) == 5
    for step in steps:
        assert "--require-hashes" in step or "--no-index" in step, step


def test_the_bot_is_built_with_what_is_locked() -> None:
    runs = [rest for word, rest in stages()[1] if word == "RUN"]
    fetched = next(at for at, rest in enumerate(runs) if "-r requirements-build.lock" in rest)
    built = next(at for at, rest in enumerate(runs) if "--no-build-isolation" in rest)
    assert fetched < built
    assert "--python" not in runs[fetched], "it is not to stay with the bot"
    (asked,) = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"][
        "requires"
    ]
    ((name, version),) = requirements("requirements-build.lock").items()
    wanted = Requirement(asked)
    assert name.strip() == wanted.name
    assert wanted.specifier.contains(version)


def test_nothing_that_installs_stays_with_the_bot() -> None:
    runs = [rest for word, rest in stages()[1] if word == "RUN"]
    assert any(rest == "python -m venv --without-pip /opt/dms-bot" for rest in runs)
    assert any("uninstall --yes pip" in rest for rest in runs)


def test_its_python_is_new_enough_and_the_same_in_both_stages() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    given = re.search(r"^ARG PYTHON=python:([\d.]+)-slim@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert given is not None
    assert re.search(r"^ARG NODE=node:\d+-slim@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert SpecifierSet(project()["requires-python"]).contains(given[1])


def test_it_starts_what_the_project_installs() -> None:
    *_, program = json.loads(last("ENTRYPOINT"))
    module, _, function = project()["scripts"][program].partition(":")
    main = getattr(importlib.import_module(module), function)
    (word,) = json.loads(last("CMD"))
    assert word in main.commands


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="root makes process 1 here")
def test_a_signal_in_the_first_moment_stops_process_1(environ: Mapping[str, str]) -> None:
    """As the kernel does in a container, it ignores signals for process 1 that have no handler there."""
    program, *words = json.loads(last("ENTRYPOINT"))
    folder = Path(sys.executable).parent
    command = ["unshare", "--pid", "--fork", "--kill-child", str(folder / program), *words]
    # With settings that hold it up at Slack, as without any it would end by itself.
    given = {
        **os.environ,
        **environ,
        "SLACK_API_URL": "http://127.0.0.1:1/api/",
        "PATH": f"{folder}:{os.environ['PATH']}",
    }
    outer = subprocess.Popen([*command, "run"], env=given, stderr=subprocess.DEVNULL)
    try:
        (inner,) = until(psutil.Process(outer.pid).children)
        # Until it has its child, it has blocked no signals, and the kernel drops them.
        until(lambda: Path(program).name == inner.name() and inner.children())
        inner.send_signal(signal.SIGTERM)
        assert outer.wait(60) in (0, 128 + signal.SIGTERM)
    finally:
        outer.kill()
        outer.wait()


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that others can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="root becomes another user")
def test_any_user_can_run_it(folder: Path) -> None:
    """With a number that no user has, and the environment and the folder of the image."""
    made = re.search(r"install -d -o \d+ -g (\d+) -m (\d+) (\S+)", " ".join(rest for _, rest in stages()[-1]))
    assert made is not None
    group, mode, image_folder = int(made[1]), int(made[2], 8), made[3]
    os.chown(folder, 10001, group)
    folder.chmod(mode)
    image = dict(each.split("=", 1) for each in last("ENV").split() if not each.startswith("PATH="))
    environ = {name: value.replace(image_folder, str(folder)) for name, value in image.items()}
    code = (
        "import os, pathlib, bot.app, bot.runtime.process, bot.doctor.checks;"
        "from bot.store import open_store; open_store(os.environ['DMS_BOT_DB']).close();"
        "print(pathlib.Path.home())"
    )
    # This user may read what is root's, such as this Python, and write nothing of it.
    read = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    other = ("setpriv", "--reuid", "54321", "--regid", str(group), "--clear-groups", *read)
    done = subprocess.run(
        [*other, sys.executable, "-c", code],
        env={**environ, "PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.split(), done.stderr) == ([str(folder)], "")


def test_it_writes_into_its_volume_alone() -> None:
    volume = last("VOLUME")
    environ = dict(each.split("=", 1) for each in last("ENV").split())
    paths = {name: value for name, value in environ.items() if value.startswith("/") and name != "PATH"}
    assert {"DMS_BOT_DB", "HOME"} <= set(paths)
    assert all(f"{value}/".startswith(f"{volume}/") for value in paths.values()), paths
    # Where a program looks for room for temporary files when there is no /tmp.
    assert last("WORKDIR") == volume


def test_it_does_not_run_as_root() -> None:
    user = last("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    words = [word for word, _ in stages()[-1]]
    assert words.index("USER") < words.index("ENTRYPOINT")


def test_what_is_copied_is_there_and_let_in() -> None:
    copies = [rest.split() for stage in stages()[:2] for word, rest in stage if word == "COPY"]
    copied = [name for words in copies for name in words[:-1] if not words[0].startswith("--from=")]
    assert {"bot", "sandbox"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert Path(name).parts[0] in ignored_except(), name


def test_the_page_is_built_and_not_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"sandbox/slack/page/dist", "sandbox/slack/page/node_modules"} <= set(lines)
    assert ("COPY", "--from=page /page/dist sandbox/slack/page/dist") in stages()[1]


def test_no_secret_is_in_the_image() -> None:
    secret = {option.env for option in OPTIONS if option.secret} - {"DMS_BOT_DB"}
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not any(name in text for name in secret)


def test_environment_and_port_agree() -> None:
    environ = dict(each.split("=", 1) for each in last("ENV").split())
    assert environ["PORT"] == last("EXPOSE")
    assert int(environ["PORT"]) == Settings.__dataclass_fields__["port"].default
    known = {option.env for option in OPTIONS}
    assert {name for name in environ if name.startswith("DMS_")} <= known


def test_the_health_check_works_against_the_server() -> None:
    command = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    assert json.loads(last("ENTRYPOINT"))[-1:] == command[:1]
    program = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
    server = Server(Routes(Health()), "127.0.0.1", 0)
    server.start()
    try:
        done = subprocess.run(program, env={"PORT": str(server.port)}, timeout=60, check=False)
    finally:
        server.stop()
    assert done.returncode == 0
    done = subprocess.run(program, env={"PORT": str(server.port)}, timeout=60, check=False)
    assert done.returncode == 1


def test_both_locks_have_the_same_versions() -> None:
    production, development = requirements("requirements.lock"), requirements("requirements-dev.lock")
    assert production
    assert {name: development.get(name) for name in production} == production
    assert "pytest" not in {name.strip() for name in production}


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-build.lock",
        "requirements-image.lock",
        ".ci/node.lock",
        ".ci/uv.lock",
    ],
)
def test_every_locked_package_has_hashes_and_no_index_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text.count(" \\\n    --hash=sha256:") >= len(requirements(name)) > 0
    assert "://" not in text


def test_the_locks_hold_what_the_project_asks_for() -> None:
    locked = {re.sub(r"[\s;].*", "", name) for name in requirements("requirements.lock")}
    asked = {re.split(r"[\[>=<~ ]", each)[0] for each in project()["dependencies"]}
    assert asked <= locked
