"""Secrets are taken out of text, and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.util.redact import HIDDEN, redact

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0B\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token xoxb-123-abcDEF leaked", "123-abcDEF"),
        ("xapp-1-A0-99-fff", "1-A0-99-fff"),
        ("xoxe.xoxp-1-Mi0yLTEy", "Mi0yLTEy"),
        ("https://hooks.slack.com/services/T0/B0/zzzz", "zzzz"),
        ("Authorization: Bearer abcdefgh.ijkl", "abcdefgh"),
        ("authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNz"),
        ("got ya29.a0AfH6SMBx", "a0AfH6SMBx"),
        ("key AIzaSyA1234567890abcdefghijkl", "SyA1234567890"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0xyz.c2ln", "eyJpc3MiOiJ4In0xyz"),
        ("GOCSPX-abcdefghijkl", "abcdefghijkl"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
        ("postgresql://bot:hunter2@db/x", "hunter2"),
        ("postgresql://bot:hun@ter2@db/x", "ter2"),
        ("mysql://:hunter2@db", "hunter2"),
        ("host=db password=hunter2 user=bot", "hunter2"),
        ("host=db password='hunter 2' user=bot", "hunter 2"),
        ("PGPASSWORD=hunter2", "hunter2"),
        ('{"password": "hunter 2"}', "hunter 2"),
        ('{"password": "hun\\"ter2"}', "ter2"),
        ('{"db_password":"hunter2","a":1}', "hunter2"),
        ("{'client_secret': 'hunter2'}", "hunter2"),
        ("api_key: hunter2", "hunter2"),
        (f"key: {KEY} end", "MIIEvQIBADANBgkq"),
        (json.dumps({"private_key": KEY}), "MIIEvQIBADANBgkq"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkq", "MIIEvQIBADANBgkq"),
        # MySQL: "CREATE USER", "ALTER USER", "SET PASSWORD", "CHANGE REPLICATION SOURCE TO" statements.
        ("CREATE USER 'a'@'%' IDENTIFIED BY 'hunter2'", "hunter2"),
        ("create user a identified with mysql_native_password by 'hun''ter2' x", "ter2"),
        ("IDENTIFIED WITH caching_sha2_password AS '$A$005$hunter2'", "hunter2"),
        ("IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29'", "94BDCEBE"),
        ("authentication string AS '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29'", "94BDCEBE"),
        ("SET PASSWORD FOR 'u'@'h' = 'hunter2'", "hunter2"),
        ("SET PASSWORD = PASSWORD('hunter2')", "hunter2"),
        ("CHANGE MASTER TO MASTER_PASSWORD='hunter2', MASTER_USER='x'", "hunter2"),
        # PostgreSQL: "CREATE ROLE", "CREATE USER MAPPING", string constants.
        ("ALTER ROLE x WITH ENCRYPTED PASSWORD 'hunter2';", "hunter2"),
        ("ALTER ROLE x PASSWORD E'hunt\\'er2'", "er2"),
        ("ALTER ROLE x PASSWORD $tag$hunter2$tag$", "hunter2"),
        ("CREATE USER MAPPING FOR x SERVER y OPTIONS (user 'u', password 'hunter2')", "hunter2"),
        ("rolpassword SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy", "c3RvcmVk"),
        ("rolpassword md5c8e0a0a0b1b2c3d4e5f60718293a4b5c", "c8e0a0a0b1b2"),
        # Command lines, XML, `.pgpass` and addresses without a scheme, as tools quote them.
        ("mydumper -h 10.0.0.5 -u root -p 'hunter2' -G", "hunter2"),
        ("myloader -u dms -p hunter2 -P 3310", "hunter2"),
        ("gcloud sql import bak --pvk-password hunter2", "hunter2"),
        ("conn sys/hunter2 as sysdba", "hunter2"),
        ("exp scott/hunter2@orcl full=y", "hunter2"),
        ("imp userid=scott/hunter2@orcl", "hunter2"),
        ("<Password type='x'>hunter2</Password>", "hunter2"),
        ("db.example.com:5432:orders:dms:hunter2", "hunter2"),
        ("dial dms:hunter2@tcp(10.0.0.5:3306)/shop", "hunter2"),
        ("refused for dms:hunter2@10.0.0.5", "hunter2"),
        ("password%22%3A%22hunter2%22", "hunter2"),
        ("user dms with password hunter2 was refused", "hunter2"),
        ("secretKey: hunter2", "hunter2"),
        ("EXEC sp_change_users_login 'Auto_Fix', 'u', NULL, 'hunter2'", "hunter2"),
        # Oracle: "CREATE USER".
        ("CREATE USER scott IDENTIFIED BY hunter2 DEFAULT TABLESPACE users", "hunter2"),
        ('CREATE USER scott IDENTIFIED BY "hunter 2"', "hunter 2"),
        ("ALTER USER scott IDENTIFIED BY VALUES 'S:hunter2'", "hunter2"),
        # SQL Server: "CREATE LOGIN", "CREATE CREDENTIAL", connection strings.
        ("CREATE LOGIN x WITH PASSWORD = N'hunter2'", "hunter2"),
        ("CREATE CREDENTIAL x WITH IDENTITY = 'u', SECRET = 'hunter2'", "hunter2"),
        ("Server=x;Uid=y;Pwd=hunter2;Database=z", "hunter2"),
        # Foreign data and storage.
        ("aws_secret_access_key='hunter2'", "hunter2"),
        ("secret_access_key => 'hunter2'", "hunter2"),
        ("AccountKey=hunter2==;EndpointSuffix=x", "hunter2"),
        ('{\\"password\\": \\"hunter2\\"}', "hunter2"),
        # A password that replaces another (MySQL, Oracle); strings in parts, with introducers and comments.
        ("ALTER USER 'a'@'%' IDENTIFIED BY 'new1' REPLACE 'hunter2'", "hunter2"),
        ("ALTER USER a IDENTIFIED BY new1 REPLACE hunter2", "hunter2"),
        ("You have an error near 'IDENTIFIED BY hunter2'", "hunter2"),
        ("CREATE USER 'a b'@'%' IDENTIFIED BY hunter2", "hunter2"),
        ("IDENTIFIED/**/BY 'hunter2'", "hunter2"),
        ("IDENTIFIED BY /* c */ 'hunter2'", "hunter2"),
        ("IDENTIFIED BY _utf8'hunter2'", "hunter2"),
        ("password = CONCAT('hun','ter2')", "ter2"),
        ("IDENTIFIED BY 'hun' 'ter2'", "ter2"),
        ("IDENTIFIED VIA ed25519 USING 'hunter2'", "hunter2"),
        ("SET PASSWORD FOR a TO 'hunter2'", "hunter2"),
        # Quotes as they come out of word processors, HTML and JSON.
        ("IDENTIFIED BY \u2019hunter2\u2019", "hunter2"),
        ("password=\u201chunter2\u201d", "hunter2"),
        ("password=&#39;hunter2&#39;", "hunter2"),
        ("password=\\u0027hunter2\\u0027", "hunter2"),
        # Procedures and command lines.
        ("CALL mysql.rds_set_external_master('h',3306,'u','hunter2','f',1,0)", "hunter2"),
        ("EXEC sp_addlogin 'u', 'hunter2'", "hunter2"),
        ("mysqldump -uapp -phunter2 shop", "hunter2"),
        ("pg_dump --password hunter2", "hunter2"),
        ("sqlplus system/hunter2@ORCL", "hunter2"),
        ("dms/hunter2@//10.0.0.1:1521/ORCL", "hunter2"),
        ("cannot connect as dms/hunter2@db:1521/ORCL", "hunter2"),
        ("jdbc:oracle:thin:system/hunter2@//db.example.com:1521/ORCL", "hunter2"),
        ("X-Amz-Signature=hunter2", "hunter2"),
        ("sshpass -p hunter2 ssh bastion", "hunter2"),
        ("curl -s -u app:hunter2 https://db.example.com", "hunter2"),
        ("curl --user=app:hunter2 https://db.example.com", "hunter2"),
        ("curl -sSu app:hunter2 https://db.example.com", "hunter2"),
        ("curl --proxy-user app:hunter2 https://db.example.com", "hunter2"),
        ("sqlcmd -S db -U sa -P hunter2", "hunter2"),
        ("expdp system/hunter2@ORCL full=y", "hunter2"),
        ("redis-cli -h db -a hunter2 PING", "hunter2"),
        ("SSHPASS=hunter2 sshpass -e ssh bastion", "hunter2"),
        ("ghp_hunter2hunter2hunter2hunter2", "hunter2"),
        ("dsn := 'host=h password=''hunter2'' port=1'", "hunter2"),
        ("user=a&password%3Dhunter2", "hunter2"),
        ("password&#61;hunter2", "hunter2"),
        ("ENCRYPT BY PASSPHRASE 'hunter2'", "hunter2"),
        ("authentication_string='hunter2'", "hunter2"),
        ("hooks.slack.com/services/T000/B000/hunter2", "hunter2"),
        ("DB_PASS=hunter2", "hunter2"),
        # HTTP.
        ("Authorization: Token hunter2", "hunter2"),
        ("Cookie: a=1; sid=hunter2", "hunter2"),
        ("https://storage.googleapis.com/b/o?X-Goog-Signature=hunter2&x=1", "hunter2"),
        ("https://x.blob.core.windows.net/c?sv=1&sig=hunter2", "hunter2"),
        # A text that was cut in the middle of a secret.
        ("IDENTIFIED BY 'hunter2", "hunter2"),
    ],
)
def test_secrets_go(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    assert HIDDEN in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "promote of `orders-db` failed: FATAL: password authentication failed for user bot",
        "projects/acme/locations/europe-west1/migrationJobs/orders",
        "until 2026-03-01T14:00:00+00:00: month end",
        "databases: sales, billing; validation skipped",
        "see https://cloud.google.com/database-migration/docs#x for more",
        "ask U0DANA0001 or dana@example.com",
        # What databases say of passwords and keys without telling any.
        "Access denied for user 'x'@'y' (using password: YES)",
        'column "password" violates not-null constraint',
        'role "password" does not exist',
        "Duplicate entry '17' for key 'PRIMARY'",
        "The following tables have no primary key: public.events",
        "the table is identified by its name",
        "syntax error at or near token: SELECT",
        "invalid password: must be 8 characters or more",
        "password = NULL",
        "bypass = true",
        "mysql --port 3306 --ssl-mode=required",
        "error connecting to master 'dms@10.0.0.5:3306' - retry-time: 60 retries: 1",
        "read tcp 10.0.0.2:443->10.0.0.3:5432: read: connection reset by peer",
        "Could not connect orders/shop: 3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5:11-18",
        "at 2026-11-30 08:51:55:1234 of p:europe-west6:i",
        "column password varchar(255)",
        "the user has password caching_sha2_password",
        "the password expires in 7 days",
        "docker.io/library/orders@sha256:abcdef",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["host=db password=hunter2 user=bot", '{"password": "hunter 2", "user": "bot"}']
)
def test_what_stands_around_a_secret_stays(text: str) -> None:
    assert "bot" in redact(text)
    assert "password" in redact(text)


@given(st.text())
def test_any_text_can_be_redacted_twice(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet="abcDEF0123456789", min_size=8), st.sampled_from(["xoxb-", "password=", "://u:"]))
def test_no_secret_survives_behind_its_mark(secret: str, mark: str) -> None:
    assert secret not in redact(f"a {mark}{secret}@host b").replace(mark, "")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "password" * 20_000,
        "x:y" * 50_000,
        '"' * 100_000,
        "-" * 100_000,
        "a-" * 50_000 + "password",
        "eyJ-" * 25_000,
        "-----BEGIN " * 9_000,
        "://a:" * 20_000,
        "password='\\'" * 9_000,
        "password" + " " * 100_000,
        "identified with " * 6_000,
        "set password " * 8_000,
        "mysql -" * 14_000,
        "identified/* */" * 7_000,
        "[secret]' replace " * 5_000,
        "password=\u201c" * 10_000,
        "a:b@1." * 16_000,
        "*:*:*:*:" * 12_000,
        "<a:b.password x" * 7_000,
        "myloader -p " * 8_000,
    ],
)
def test_long_texts_are_no_trouble(text: str) -> None:
    """In linear time: where it is squared, each of these takes minutes, and the test's time is over."""
    assert redact(text)
