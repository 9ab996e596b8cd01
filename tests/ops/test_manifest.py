"""manifest.yml, the list of scopes and the code say the same."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from slack_sdk import WebClient

from bot.cli import main
from bot.slack.api.scopes import METHODS, SCOPES, SUBSCRIBED
from bot.util.command import DEFAULT
from sandbox.slack.manifest import of_the_repository

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "manifest.yml").read_text(encoding="utf-8")
URL = "https://bot.example/slack/events"
OF_AN_ORGANISATION = {"team_access_granted", "team_access_revoked"}
"""Source: https://docs.slack.dev/enterprise/developing-for-enterprise-orgs"""
_LISTENERS = ("command", "event", "action", "view", "options", "shortcut", "message")


def manifest() -> Any:
    return yaml.safe_load(TEXT)


def printed(*options: str) -> str:
    done = CliRunner().invoke(main, ["manifest", *options], env={"DMS_BOT_COMMAND": None})
    assert done.exit_code == 0, done.output
    return done.stdout


def http_manifest() -> Any:
    return yaml.safe_load(printed("--http", "bot.example"))


@cache
def sources() -> list[tuple[Path, ast.Module, list[ast.AST]]]:
    """Each file with its tree, and all nodes of that."""
    paths = [path for room in ("bot", "commands") for path in sorted((ROOT / room).rglob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in paths]
    return [(path, tree, list(ast.walk(tree))) for path, tree in zip(paths, trees, strict=True)]


@cache
def web_methods(name: str) -> frozenset[str]:
    """The Web API methods that a method of WebClient calls, itself or through others."""
    source = inspect.getsource(getattr(WebClient, name))
    direct = re.findall(r"self\.api_call\(\s*\"([a-zA-Z.]+)\"", source)
    nested = [each for each in re.findall(r"self\.([a-z]+_[a-zA-Z_]+)\(", source) if hasattr(WebClient, each)]
    return frozenset(direct).union(*(web_methods(each) for each in nested if each != "api_call"))


@cache
def every_web_method() -> frozenset[str]:
    return frozenset(re.findall(r"\"([a-z]+\.[a-zA-Z.]+)\"", inspect.getsource(WebClient)))


@cache
def called() -> dict[str, str]:
    """Each Web API method that the code calls by WebClient's name or by its own, with a place."""
    found: dict[str, str] = {}
    for path, _, nodes in sources():
        if path.name == "scopes.py":
            continue
        file = path.relative_to(ROOT)
        for node in nodes:
            for method in _methods(node):
                found[method] = f"{file}:{getattr(node, 'lineno', 0)}"
    return found


def _methods(node: ast.AST) -> frozenset[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return frozenset({node.value}) & every_web_method()
    if isinstance(node, ast.Attribute) and re.fullmatch(r"[a-z]+_\w+", node.attr):
        known = inspect.isfunction(getattr(WebClient, node.attr, None)) and node.attr != "api_call"
        return web_methods(node.attr) if known else frozenset()
    return frozenset()


def listeners() -> dict[str, set[str]]:
    """By kind (`command`, `event` …): what the code listens to with Bolt's decorators."""
    found: dict[str, set[str]] = {kind: set() for kind in _LISTENERS}
    for _, tree, nodes in sources():
        names = _constants(tree)
        for node in nodes:
            for decorator in getattr(node, "decorator_list", ()):
                if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
                    continue
                owner = decorator.func.value
                if isinstance(owner, ast.Name) and owner.id == "app" and decorator.func.attr in found:
                    found[decorator.func.attr].add(_text(decorator.args[0], names))
    return found


def _constants(tree: ast.Module) -> dict[str, str]:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _text(node: ast.expr, names: dict[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return names.get(node.id, node.id) if isinstance(node, ast.Name) else ast.unparse(node)


def test_the_scan_sees_what_the_code_does() -> None:
    assert {"auth.test", "chat.postMessage", "views.open"} <= set(called())
    assert web_methods("files_upload_v2") == {
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
    }


def test_every_called_method_is_listed_with_its_scopes() -> None:
    unlisted = {method: place for method, place in called().items() if method not in METHODS}
    assert unlisted == {}


def test_no_listed_method_is_unused() -> None:
    assert set(METHODS) - set(called()) == set()


def test_scopes_are_what_the_methods_need_and_no_more() -> None:
    needed = {scope for method in called() for scope in METHODS.get(method, ())} | set(SUBSCRIBED)
    assert needed == set(SCOPES)


def test_the_manifest_asks_for_exactly_these_scopes() -> None:
    asked = manifest()["oauth_config"]["scopes"]
    assert list(asked) == ["bot"]
    assert asked["bot"] == list(SCOPES)


def test_the_sandbox_grants_what_the_manifest_asks_for() -> None:
    """Else a missing scope would first be noticed in a real workspace."""
    installed = of_the_repository()
    assert sorted(installed.scopes) == sorted(SCOPES)
    assert sorted(installed.events) == sorted(manifest()["settings"]["event_subscriptions"]["bot_events"])


def test_each_scope_says_what_it_is_for() -> None:
    for scope in SCOPES:
        assert re.search(rf"^ +- {scope} # \S", TEXT, re.MULTILINE), f"{scope} has no comment"


def kinds(settings: Any) -> set[str]:
    """The `type` of each event: that of `message.im` is `message`."""
    return {each.partition(".")[0] for each in settings["event_subscriptions"]["bot_events"]}


def test_commands_and_events_are_those_with_listeners() -> None:
    features, settings = manifest()["features"], manifest()["settings"]
    assert [each["command"] for each in features["slash_commands"]] == [DEFAULT]
    assert listeners()["command"] == {"command"}, "the one of the settings"
    assert "message.im" in settings["event_subscriptions"]["bot_events"]
    events = kinds(settings)
    assert events | OF_AN_ORGANISATION == listeners()["event"]
    of_org = yaml.safe_load(printed("--org"))["settings"]
    assert kinds(of_org) == listeners()["event"]
    assert features["unfurl_domains"] == ["console.cloud.google.com"]
    assert {each["callback_id"] for each in features["shortcuts"]} == listeners()["shortcut"]


def test_interactivity_and_home_are_on_because_they_are_used() -> None:
    found = listeners()
    assert found["action"]
    assert found["view"]
    assert manifest()["settings"]["interactivity"]["is_enabled"] is True
    assert manifest()["features"]["app_home"]["home_tab_enabled"] is ("views.publish" in called())


def test_mentions_arrive_as_ids() -> None:
    assert [each["should_escape"] for each in manifest()["features"]["slash_commands"]] == [True]


def test_as_it_stands_it_is_for_socket_mode() -> None:
    assert manifest()["settings"]["socket_mode_enabled"] is True
    assert "url" not in manifest()["features"]["slash_commands"][0]
    assert "request_url" not in manifest()["settings"]["interactivity"]


def test_the_kept_file_is_what_is_printed() -> None:
    assert printed() == TEXT


def test_for_http_slack_is_told_where_to_send_everything() -> None:
    http = http_manifest()
    assert http["settings"]["socket_mode_enabled"] is False
    assert [each["url"] for each in http["features"]["slash_commands"]] == [URL]
    assert http["settings"]["interactivity"]["request_url"] == URL
    assert http["settings"]["event_subscriptions"]["request_url"] == URL
    uses_suggestions = bool(listeners()["options"])
    assert ("message_menu_options_url" in http["settings"]["interactivity"]) is uses_suggestions


def test_nothing_else_differs_for_http_or_an_organisation() -> None:
    for options in (("--http", "bot.example"), ("--org",), ("--http", "https://bot.example:8443/", "--org")):
        made = yaml.safe_load(printed(*options))
        assert made["oauth_config"] == manifest()["oauth_config"]
        assert made["display_information"] == manifest()["display_information"]
        assert made["settings"]["org_deploy_enabled"] is ("--org" in options)


@pytest.mark.parametrize("name", ["DMS staging", 'a "b": #c', "é <org>", "-"])
def test_another_command_and_name(name: str) -> None:
    text = printed("--command", "/dms-staging", "--name", name)
    made = yaml.safe_load(text)
    assert made["display_information"]["name"] == name
    assert re.fullmatch(r"[a-z0-9_.-]{1,80}", made["features"]["bot_user"]["display_name"])
    assert [each["command"] for each in made["features"]["slash_commands"]] == ["/dms-staging"]
    assert made["settings"]["org_deploy_enabled"] is False
    assert not re.search(r"/dms(?!-staging)\b", text)


def test_the_setting_is_the_default_of_the_command() -> None:
    done = CliRunner().invoke(main, ["manifest"], env={"DMS_BOT_COMMAND": "/dms-staging"})
    assert "command: /dms-staging" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--command", "dms"),
        ("--http", "http://bot.example"),
        ("--http", "bot.example/slack"),
        ("--name", "x" * 36),
        ("--name", " "),
    ],
)
def test_what_slack_would_not_take_is_refused_with_an_example(options: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main, ["manifest", *options])
    assert done.exit_code == 2
    assert "for example: " in done.output


@pytest.mark.parametrize("given", [manifest(), http_manifest()], ids=["socket", "http"])
def test_it_keeps_within_slacks_limits(given: Any) -> None:
    """Slack makes no app of one that does not.

    Sources: https://docs.slack.dev/reference/app-manifest; for names of shortcuts, of which it says nothing,
    schemas/manifest.schema.2.0.0.json of https://github.com/slackapi/manifest-schema.
    """
    shown = given["display_information"]
    assert 1 <= len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-fA-F]{6}", shown["background_color"])
    command = given["features"]["slash_commands"][0]
    assert len(command["command"]) <= 32
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000
    assert len(given["features"]["bot_user"]["display_name"]) <= 80
    for shortcut in given["features"]["shortcuts"]:
        assert 1 <= len(shortcut["name"]) <= 24
        assert 1 <= len(shortcut["callback_id"]) <= 255
        assert 1 <= len(shortcut["description"]) <= 150
