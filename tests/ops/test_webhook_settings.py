"""`[[webhook]]` in the settings file: what is read, and one sentence for each fault."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot.config.loader import ConfigError, load
from bot.config.settings import redacted
from bot.config.webhooks import Format, Webhook

LEAST = {
    "GOOGLE_CLOUD_PROJECT": "acme-prod,acme-staging",
    "DMS_LOCATIONS": "europe-west3",
    "DMS_NOTIFY_CHANNEL": "C0123ABCDEF",
    "SLACK_BOT_TOKEN": "xoxb-111",
    "SLACK_APP_TOKEN": "xapp-222",
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The one of Standard Webhooks' own tests."""
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PAGER = "0123456789abcdef0123456789ABCDEF"
LEAST_TABLE = '[[webhook]]\nname = "siem"\nurl = "https://siem.example.com/dms"\nsecret_env = "SIEM_SECRET"\n'


def read(tmp_path: Path, text: str, **more: str) -> tuple[Webhook, ...]:
    path = tmp_path / "dms-bot.toml"
    path.write_text(text, encoding="utf-8")
    given = {"SIEM_SECRET": SECRET, "PAGER_KEY": PAGER}
    return load({**LEAST, "DMS_BOT_CONFIG": str(path), **given, **more}).webhooks


def faults(tmp_path: Path, text: str, **more: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, **more)
    return caught.value.faults


def test_what_is_left_out(tmp_path: Path) -> None:
    (found,) = read(tmp_path, LEAST_TABLE)
    assert found == Webhook("siem", "https://siem.example.com/dms", (SECRET,))
    assert (found.format, found.events, found.audit) == (Format.CLOUDEVENTS, ("all",), False)
    assert (found.host, found.port, found.path) == ("siem.example.com", 443, "/dms")
    assert read(tmp_path, "") == ()


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{OTHER}\n{SECRET}\n")
    text = f"""
        [[webhook]]
        name = "siem-2"
        url = "https://10.0.0.7:8443/in?team=db&x=%20"
        secret_file = "{tmp_path / "keys"}"
        events = ["failed", "STUCK"]
        audit = true
        projects = ["acme-staging"]
        labels = {{ team = "orders" }}
        format = "cloudevents"
        allow_private = true

        [[webhook]]
        name = "pager"
        format = "pagerduty"
        secret_env = "PAGER_KEY"
    """
    first, second = read(tmp_path, text)
    assert first == Webhook(
        "siem-2",
        "https://10.0.0.7:8443/in?team=db&x=%20",
        (OTHER, SECRET),
        events=("failed", "stuck"),
        audit=True,
        projects=("acme-staging",),
        labels=(("team", "orders"),),
        allow_private=True,
    )
    assert (first.host, first.port, first.path) == ("10.0.0.7", 8443, "/in?team=db&x=%20")
    # https://developer.pagerduty.com/docs/send-alert-event, "Endpoint"
    assert (second.url, second.secrets) == ("https://events.pagerduty.com/v2/enqueue", (PAGER,))


def test_a_projects_alias_means_its_id(tmp_path: Path) -> None:
    text = LEAST_TABLE + 'projects = ["prod"]\n[[project]]\nid = "acme-prod"\nalias = "prod"\n'
    (found,) = read(tmp_path, text, GOOGLE_CLOUD_PROJECT="")
    assert found.projects == ("acme-prod",)


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "dms-bot.toml"
    path.write_text(LEAST_TABLE.replace("/dms", "/in?token=hunter2"), encoding="utf-8")
    settings = load({**LEAST, "DMS_BOT_CONFIG": str(path), "SIEM_SECRET": SECRET})
    assert SECRET in settings.secrets()
    shown = repr(settings) + repr(settings.webhooks) + redacted(settings)
    assert SECRET not in shown
    assert "hunter2" not in shown


def test_a_variable_of_a_secret_is_known(tmp_path: Path) -> None:
    text = LEAST_TABLE.replace("SIEM_SECRET", "DMS_BOT_SIEM_SECRET")
    assert read(tmp_path, text, DMS_BOT_SIEM_SECRET=SECRET)[0].secrets == (SECRET,)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("siem.example", "@siem.example"), "url in [[webhook]] 1 must be an https:// URL"),
        (("https://", "http://"), "url in [[webhook]] 1 must be an https:// URL"),
        (("/dms", "/dms#x"), "url in [[webhook]] 1 must be an https:// URL"),
        ((".com/dms", ".com:99999/dms"), "url in [[webhook]] 1 must be an https:// URL"),
        (("siem.example.com", "bücher.example"), "url in [[webhook]] 1 must be an https:// URL"),
        (('"siem"', '"SIEM 1"'), "name in [[webhook]] 1 must be at most 40 lower-case letters"),
        (('name = "siem"', ""), "[[webhook]] 1 has no name; for example"),
        (('url = "https://siem.example.com/dms"', ""), "[[webhook]] 1 has no url; for example"),
        (('secret_env = "SIEM_SECRET"', ""), "[[webhook]] 1 has no secret_file; for example"),
        (("SIEM_SECRET", "NOT_SET"), "secret_env in [[webhook]] 1 names NOT_SET, which is not set"),
        (("secret_env", "secret_file"), "secret_file in [[webhook]] 1 names a file, which cannot be read"),
        (("secret_env", "secret"), "[[webhook]] 1 has its secret in the settings file"),
        (
            ("name", 'format = "xml"\nname'),
            "format in [[webhook]] 1 must be cloudevents or pagerduty, not 'xml'",
        ),
        (("name", "audit = 1\nname"), "audit in [[webhook]] 1 must be true or false, not 1"),
        (("name", "events = []\nname"), "[[webhook]] 1 gets nothing"),
        (("name", "events = 7\nname"), "events in [[webhook]] 1 must be a list of texts, not 7"),
        (("name", 'events = ["all", "failed"]\nname'), "events in [[webhook]] 1 must be kinds of events"),
        (("name", 'projects = ["acme-prd"]\nname'), "projects in [[webhook]] 1 names 'acme-prd'"),
        (("name", "labels = 3\nname"), "labels in [[webhook]] 1 must be a table of texts"),
        (
            ("name", "alow_private = true\nname"),
            "Unknown setting alow_private in [[webhook]] 1. Did you mean",
        ),
        (("[[webhook]]", "[webhook]"), "webhook must be [[webhook]] tables"),
    ],
)
def test_each_fault_is_a_sentence(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    found = faults(tmp_path, LEAST_TABLE.replace(*change, 1))
    assert found[0].startswith(fault)
    assert all(each.endswith((".", "?")) for each in found)
    assert not any(SECRET in each or "bücher" in each for each in found)


@pytest.mark.parametrize(
    "secret", ["hunter2", SECRET[6:], "whsec_!!!", "whsec_c2hvcnQ=", f"{SECRET} {OTHER} {SECRET}"]
)
def test_keys_that_sign_badly_are_refused(tmp_path: Path, secret: str) -> None:
    (fault,) = faults(tmp_path, LEAST_TABLE, SIEM_SECRET=secret)
    assert fault.startswith(
        "secret_env in [[webhook]] 1 must hold whsec_ and the Base64 of 24 to 64 random bytes"
    )
    assert secret not in fault


def test_pagerduty_takes_its_own_key_and_no_audit(tmp_path: Path) -> None:
    table = '[[webhook]]\nname = "pager"\nformat = "pagerduty"\nsecret_env = "SIEM_SECRET"\naudit = true\n'
    first, second = faults(tmp_path, table)
    assert first.startswith("secret_env in [[webhook]] 1 must hold the integration key")
    assert second.startswith("[[webhook]] 1 has audit = true, and PagerDuty takes alerts alone")


def test_a_name_stands_once(tmp_path: Path) -> None:
    assert faults(tmp_path, LEAST_TABLE * 2) == (
        "'siem' names two webhooks in the settings file; each name may stand there once.",
    )
