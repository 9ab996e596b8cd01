"""Settings: what is read from where, and one sentence for each fault."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.loader import ConfigError, load, load_database, load_probes_port
from bot.config.settings import OPTIONS, Settings, redacted

LEAST = {
    "GOOGLE_CLOUD_PROJECT": "acme-databases",
    "DMS_LOCATIONS": "europe-west3, us-central1,europe-west3",
    "DMS_NOTIFY_CHANNEL": "C0123ABCDEF",
    "SLACK_BOT_TOKEN": "xoxb-111",
    "SLACK_APP_TOKEN": "xapp-222",
}


def faults(**changes: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load({**LEAST, **changes})
    return caught.value.faults


def with_file(tmp_path: Path, text: str, **changes: str) -> dict[str, str]:
    path = tmp_path / "dms-bot.toml"
    path.write_text(text, encoding="utf-8")
    return {**LEAST, "DMS_BOT_CONFIG": str(path), **changes}


def test_the_least_that_a_start_needs() -> None:
    settings = load(LEAST)
    assert settings.project == "acme-databases"
    assert settings.locations == ("europe-west3", "us-central1")
    assert settings.socket_mode
    assert settings.confirm_expires_s == 900
    assert settings.approval_expires_s == 4 * 3600
    assert settings.slack_api_url == "https://slack.com/api/"


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load({"PORT": "http", "DMS_BOT_POLL_FAST": "soon"})
    told = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 7
    for name in (
        "PORT",
        "DMS_BOT_POLL_FAST",
        "GOOGLE_CLOUD_PROJECT",
        "DMS_LOCATIONS",
        "DMS_NOTIFY_CHANNEL",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET",
    ):
        assert name in told


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("GOOGLE_CLOUD_PROJECT", "Acme Databases", "'Acme Databases'; for example: acme-databases"),
        ("DMS_LOCATIONS", "europe-west3,EU", "'EU' is not one"),
        ("DMS_LOCATIONS", ",", "must name at least one region"),
        ("DMS_NOTIFY_CHANNEL", "the channel", "for example: C0123ABCDEF"),
        ("SLACK_BOT_TOKEN", "xapp-1", "starts with xapp-"),
        ("SLACK_BOT_TOKEN", "xoxp-1", "must start with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-1 xoxb-2", "white space"),
        ("SLACK_APP_TOKEN", "xoxb-1", "starts with xoxb-"),
        ("SLACK_API_URL", "slack.com/api", "http(s) URL"),
        ("DMS_EMULATOR_HOST", "localhost", "HOST:PORT"),
        ("DMS_EMULATOR_HOST", "localhost:70000", "HOST:PORT"),
        ("DMS_BOT_DB", "mysql://a/b", "not a mysql:// URL"),
        ("DMS_BOT_DB", "postgresql://bot:p/w@db/x", "written as %40"),
        ("DMS_BOT_DB", "postgresql://[::1/x", "written as %40"),
        ("DMS_BOT_DB", ":memory:", "must outlive the process"),
        ("DMS_BOT_POLICY", "/nowhere/policy.toml", "does not exist"),
        ("DMS_BOT_POLICY", "OPEN", "does not exist; for example: /etc/dms-bot/policy.toml, or the word open"),
        ("PORT", "65536", "between 0 and 65535"),
        ("DMS_BOT_HOST", "http://x", "an address to listen on"),
        ("DMS_BOT_CONFIRM_EXPIRES", "15 minutes", "for example: 90s, 15m or 2h"),
        ("DMS_BOT_CONFIRM_EXPIRES", "2d", "between 1s and 15m"),
        ("DMS_BOT_BULK_PARALLEL", "0", "between 1 and 100"),
        ("DMS_BOT_LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR"),
        ("DMS_BOT_SUMMARY_AT", "24:00", "for example: 08:30"),
        ("DMS_BOT_AUDIT_ANCHOR_AT", "never", "as HH:MM, or off, not 'never'"),
        ("DMS_BOT_SUMMARY_ZONE", "Berlin", "for example: Europe/Berlin"),
        ("DMS_BOT_SUMMARY_ZONE", "../etc/passwd", "for example: Europe/Berlin"),
        ("DMS_BOT_POLL_FAST", "2m", "must not be above DMS_BOT_POLL_SLOW"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_it(name: str, value: str, words: str) -> None:
    (fault,) = faults(**{name: value})
    assert fault.startswith(name)
    assert words in fault
    assert fault.endswith(".")


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("DMS_BOT_CONFIRM_EXPIRES", "15m", "confirm_expires_s", 900.0),
        ("DMS_BOT_CONFIRM_EXPIRES", "90", "confirm_expires_s", 90.0),
        ("DMS_BOT_APPROVAL_EXPIRES", "2d", "approval_expires_s", 172800.0),
        ("DMS_BOT_POLL_FAST", "500ms", "poll_fast_s", 0.5),
        ("DMS_BOT_DB", "postgres://bot@db/x", "db", "postgresql://bot@db/x"),
        ("DMS_BOT_DB", "sqlite:////var/lib/bot.db", "db", "/var/lib/bot.db"),
        ("SLACK_API_URL", "http://localhost:3000/api", "slack_api_url", "http://localhost:3000/api/"),
        ("DMS_NOTIFY_CHANNEL", "#db-migrations", "notify_channel", "#db-migrations"),
        ("DMS_BOT_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("PORT", "0", "port", 0),
        ("DMS_APPROVAL_CHANNEL", "  ", "approval_channel", ""),
        ("DMS_BOT_POLICY", " open ", "policy_file", "open"),
        ("DMS_BOT_POLICY", "", "policy_file", None),
    ],
)
def test_values_are_read(name: str, value: str, field: str, read: Any) -> None:
    assert getattr(load({**LEAST, name: value}), field) == read


def test_a_stand_in_for_slack_may_have_tokens_of_any_look() -> None:
    settings = load({**LEAST, "SLACK_API_URL": "http://localhost:1/api/", "SLACK_BOT_TOKEN": "some-token"})
    assert settings.slack_bot_token == "some-token"


def test_signed_http_where_there_is_no_app_token() -> None:
    settings = load({**LEAST, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "abc"})
    assert not settings.socket_mode


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    text = 'notify_channel = "C0FILE"\nlocations = ["asia-east1"]\nconfirm_expires = "5m"\nport = 9000\n'
    settings = load(with_file(tmp_path, text, DMS_LOCATIONS="", PORT="9001"))
    assert settings.notify_channel == "C0123ABCDEF"
    assert settings.locations == ("asia-east1",)
    assert (settings.confirm_expires_s, settings.port) == (300.0, 9001)


def test_a_misspelt_key_in_the_file_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(with_file(tmp_path, 'notify_chanel = "C0"\nport = true\n'))
    assert any("Did you mean notify_channel?" in each for each in caught.value.faults)
    assert any(each.startswith("port in the settings file") for each in caught.value.faults)


def test_secrets_do_not_belong_in_the_shared_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(with_file(tmp_path, 'slack_bot_token = "xoxb-in-the-open"\n', SLACK_BOT_TOKEN=""))
    (fault,) = caught.value.faults
    assert "slack_bot_token_file" in fault
    assert "xoxb-in-the-open" not in fault


def test_a_file_that_is_no_toml_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(with_file(tmp_path, "= ="))
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load({**LEAST, "DMS_BOT_CONFIG": str(tmp_path / "none.toml")})


def test_secrets_come_from_files(tmp_path: Path) -> None:
    token, url = tmp_path / "token", tmp_path / "db"
    token.write_text("xoxb-from-file\n")
    url.write_text("postgresql://bot:pw@db/x\n")
    settings = load(
        {**LEAST, "SLACK_BOT_TOKEN": "", "SLACK_BOT_TOKEN_FILE": str(token), "DMS_BOT_DB_FILE": str(url)}
    )
    assert settings.slack_bot_token == "xoxb-from-file"
    assert settings.db == "postgresql://bot:pw@db/x"
    by_key = with_file(tmp_path, f'slack_bot_token_file = "{token}"\n', SLACK_BOT_TOKEN="")
    assert load(by_key).slack_bot_token == "xoxb-from-file"


def test_faults_of_secret_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    (fault,) = faults(SLACK_BOT_TOKEN="", SLACK_BOT_TOKEN_FILE=str(empty))
    assert "is empty" in fault
    (fault,) = faults(SLACK_BOT_TOKEN="", SLACK_BOT_TOKEN_FILE=str(tmp_path / "none"))
    assert "cannot be read" in fault
    (fault,) = faults(SLACK_BOT_TOKEN_FILE=str(empty))
    assert "both set" in fault


@pytest.mark.parametrize("url", ["https://me:hush-1@proxy.example.com/api/", "me:hush-1@proxy.example.com"])
def test_an_address_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    (fault,) = faults(SLACK_API_URL=url)
    assert "must not have a user or a password" in fault
    assert "hush" not in fault


def test_secrets_are_never_shown() -> None:
    settings = load(
        {
            **LEAST,
            "SLACK_SIGNING_SECRET": "sign-333",
            "DMS_BOT_DB": "postgresql://bot:pass-444@db.internal/x",
            "DMS_BOT_METRICS_TOKEN": "metrics-555",
        }
    )
    assert set(settings.secrets()) == {"xoxb-111", "xapp-222", "sign-333", "pass-444", "metrics-555"}
    for text in (repr(settings), str(settings), redacted(settings), settings.db_without_password):
        assert not any(secret in text for secret in settings.secrets())
    assert settings.db_without_password == "postgresql://bot:…@db.internal/x"


@pytest.mark.parametrize(
    ("url", "shown_as", "hidden"),
    [
        ("postgresql://bot:p%40ss@db/x", "postgresql://bot:…@db/x", {"p%40ss", "p@ss"}),
        ("postgresql://bot@/x?host=/run&password=pw", "postgresql://bot@/x?host=/run&password=…", {"pw"}),
        ("postgresql://bot@db/x", "postgresql://bot@db/x", set()),
    ],
)
def test_passwords_of_databases_are_hidden(url: str, shown_as: str, hidden: set[str]) -> None:
    settings = load({**LEAST, "DMS_BOT_DB": url})
    assert settings.db_without_password == shown_as
    assert hidden <= set(settings.secrets())


@pytest.mark.parametrize(
    ("url", "shown_as", "hidden"),
    [
        ("postgresql://bot@db/x?password=p@hush", "postgresql://bot@db/x?password=…", {"p@hush"}),
        ("postgresql://bot@db/x?password=a+hush", "postgresql://bot@db/x?password=…", {"a+hush"}),
        ("postgresql://db/x?password=%68ush", "postgresql://db/x?password=…", {"%68ush", "hush"}),
        (
            "postgresql://db/x?sslmode=require&sslpassword=hush&user=bot@srv",
            "postgresql://db/x?sslmode=require&sslpassword=…&user=bot@srv",
            {"hush"},
        ),
        ("postgresql://bot@db/x?passwort=hush", "postgresql://bot@db/x?passwort=…", set()),
        ("postgresql://bot:a:hush@db/x", "postgresql://bot:…@db/x", {"a:hush"}),
    ],
)
def test_unusual_passwords_are_hidden(url: str, shown_as: str, hidden: set[str]) -> None:
    settings = load({**LEAST, "DMS_BOT_DB": url})
    assert settings.db_without_password == shown_as
    assert f"DMS_BOT_DB={shown_as}" in redacted(settings)
    assert hidden <= set(settings.secrets())
    assert "hush" not in repr(settings)


NOT_ENCODED = [
    "postgresql://bot:p@hush@db.internal/x",
    "postgresql://bot:p@hush:hush@db.internal/x",
    "postgresql://bot:@hush@db.internal/x",
    "postgresql://bot:p/hush@db.internal/x",
    "postgresql://bot:12/hush@db.internal/x",
    "postgresql://bot:p?hush@db.internal/x",
    "postgresql://bot:12?hush@db.internal/x",
    "postgresql://bot:12?a=hush@db.internal/x",
    "postgresql://bot:p#hush@db.internal/x",
    "postgresql://bot:12#hush@db.internal/x",
    "postgresql://bot:[hush@db.internal/x",
    "postgresql://bot:p\thush@db.internal/x",
    "postgresql://bot:p\N{FULLWIDTH COMMERCIAL AT}hush@db.internal/x",
    "postgres://bot:p@hush@db.internal/x",
    "postgresql:/bot:hush@db.internal/x",
    "postgresql:bot:hush@db.internal/x",
    "Postgresql://bot:hush@db.internal/x",
    '"postgresql://bot:hush@db.internal/x"',
    "bot:hush@db.internal/x",
    "host=db.internal user=bot password=hush",
    "password=hush://",
    "bot:hush://db.internal",
    "mysql://bot:hush@db.internal/x",
]


@pytest.mark.parametrize("url", NOT_ENCODED)
def test_a_database_that_is_not_well_formed_is_refused_and_not_repeated(url: str) -> None:
    (fault,) = faults(DMS_BOT_DB=url)
    assert "hush" not in fault
    assert "postgresql://bot" in fault
    with pytest.raises(ConfigError) as caught:
        load_database({"DMS_BOT_DB": url})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", [each.env_file for each in OPTIONS if each.secret])
@pytest.mark.parametrize("value", ["postgresql://bot:hush@db.internal/x", "xoxb-hush", "hush"])
def test_a_secret_that_is_set_in_place_of_its_file_is_not_repeated(name: str, value: str) -> None:
    least = {each: text for each, text in LEAST.items() if each != name.removesuffix("_FILE")}
    with pytest.raises(ConfigError) as caught:
        load({**least, name: value})
    assert "cannot be read" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_table_in_place_of_the_database_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(with_file(tmp_path, 'db = {host = "db.internal", password = "hush"}\n'))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("secret", [each for each in OPTIONS if each.secret and each.name != "db"])
def test_no_fault_repeats_a_secret(secret: Any) -> None:
    for fault in faults(**{secret.env: "wrong one-hush"}):
        assert "hush" not in fault


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("DMS_BOT_POLCY", "Unknown setting DMS_BOT_POLCY. Did you mean DMS_BOT_POLICY?"),
        ("DMS_BOT_POLFAST", "Unknown setting DMS_BOT_POLFAST. Did you mean DMS_BOT_POLL_FAST?"),
        ("DMS_BOT_POLICY_FILE", "Unknown setting DMS_BOT_POLICY_FILE. Did you mean DMS_BOT_POLICY?"),
        ("DMS_POLICY", "Unknown setting DMS_POLICY. Did you mean DMS_BOT_POLICY?"),
        ("DMS_BOT_PORT", "Unknown setting DMS_BOT_PORT. Did you mean PORT?"),
        ("DMS_EMULATOR", "Unknown setting DMS_EMULATOR. Did you mean DMS_EMULATOR_HOST?"),
        ("DMS_XYZZY", "Unknown setting DMS_XYZZY; remove it."),
    ],
)
def test_unknown_variables_of_ours_stop_the_start(name: str, told: str) -> None:
    assert faults(**{name: "8080"}) == (told,)


def test_variables_of_others_are_left_alone() -> None:
    service = {
        "DMS_BOT_SERVICE_HOST": "10.0.0.11",
        "DMS_BOT_SERVICE_PORT": "80",
        "DMS_BOT_SERVICE_PORT_HTTP": "80",
        "DMS_BOT_PORT": "tcp://10.0.0.11:80",
        "DMS_BOT_PORT_80_TCP": "tcp://10.0.0.11:80",
        "DMS_BOT_PORT_80_TCP_PROTO": "tcp",
        "DMS_BOT_PORT_80_TCP_PORT": "80",
        "DMS_BOT_PORT_80_TCP_ADDR": "10.0.0.11",
        "DMS_PORT": "tcp://10.0.0.12:443",
    }
    assert load({**LEAST, **service, "OTHER": "x", "DMSX": "y"}) == load(LEAST)


def test_the_word_open_wins_over_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("open").write_text("[roles]\n")
    assert load({**LEAST, "DMS_BOT_POLICY": "open"}).policy_file == "open"
    assert load({**LEAST, "DMS_BOT_POLICY": "./open"}).policy_file == Path("open")
    assert load(with_file(tmp_path, 'policy_file = "open"')).policy_file == "open"
    assert "DMS_BOT_POLICY=open" in redacted(load({**LEAST, "DMS_BOT_POLICY": "open"})).splitlines()


def test_the_database_alone_needs_nothing_else() -> None:
    assert load_database({}) == "dms-bot.db"
    assert load_database({"DMS_BOT_DB": "/tmp/x.db"}) == "/tmp/x.db"
    with pytest.raises(ConfigError, match="not a mysql"):
        load_database({"DMS_BOT_DB": "mysql://x/y"})


def test_every_field_has_an_option() -> None:
    assert [each.name for each in fields(Settings)] != []
    only_in_the_file = {"project_tables", "webhooks"}
    assert {each.name for each in fields(Settings)} - only_in_the_file == {each.name for each in OPTIONS}


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "install.md").read_text(encoding="utf-8")
    for option in OPTIONS:
        assert f"`{option.env}`" in text, f"{option.env} is missing in docs/install.md"


@pytest.mark.parametrize("name", ["DMS_BOT_POLICY", "DMS_BOT_CONFIG", "SLACK_BOT_TOKEN_FILE"])
def test_the_folder_of_somebody_who_is_not_there(name: str) -> None:
    settings = {each: value for each, value in LEAST.items() if each != name.removesuffix("_FILE")}
    with pytest.raises(ConfigError) as caught:
        load({**settings, name: "~nobody-here/x"})
    assert any("~nobody-here/x" in each for each in caught.value.faults)


@given(st.sampled_from([each.env for each in OPTIONS]), st.text(max_size=60))
def test_no_text_breaks_the_reader(name: str, value: str) -> None:
    try:
        told: tuple[str, ...] = ()
        assert load({**LEAST, name: value}).project
    except ConfigError as error:
        told = error.faults
    assert all(fault.endswith((".", "?")) for fault in told)


def test_the_port_for_the_health_check(tmp_path: Path) -> None:
    file = tmp_path / "dms-bot.toml"
    file.write_text("port = 9000\n")
    settings = {"DMS_BOT_CONFIG": str(file)}
    assert load_probes_port({}) == 8080
    assert load_probes_port(settings) == 9000
    assert load_probes_port({**settings, "PORT": "9001"}) == 9001
    assert load_probes_port({**settings, "DMS_BOT_PROBES_PORT": "9002"}) == 9002
    with pytest.raises(ConfigError):
        load_probes_port({"PORT": "many"})


def test_one_port_is_not_named_twice() -> None:
    with pytest.raises(ConfigError, match="DMS_BOT_PROBES_PORT and PORT are both 8080"):
        load({**LEAST, "DMS_BOT_PROBES_PORT": "8080"})
