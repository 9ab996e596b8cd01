"""A PostgreSQL server of one's own, for the time of a test.

with postgres_server() as server:
    open_store(server.url)
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bot.store import open_store
from tests.ports import free_port
from tests.waiting import until

_FOLDERS = ("/usr/lib/postgresql/*/bin",)
_START_S = 60
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # the tests kill clients and servers, never the machine
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}


class PostgresServer:
    """A running cluster in a temporary folder."""

    def __init__(self, programs: Path, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        self._programs = programs
        self._settings = {**_SETTINGS, **settings}
        self._folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._copying = ""

    @property
    def url(self) -> str:
        """The address of the database that every cluster has."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql://dms@127.0.0.1:{self.port}/{database}"

    def new_database(self, options: str = "") -> str:
        """Make an empty database; its address."""
        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {options}".encode())
        return self.url_of(name)

    def database_of_store(self) -> str:
        """Make a database with the empty tables of the store; its address.

        It is a copy, as making a database and running all migrations takes a tenth of a second of a core.
        """
        self._copying = self._copying or self._migrate()
        return self.new_database(self._copying)

    def _migrate(self) -> str:
        """How to copy a migrated database: file by file, where one can choose (from PostgreSQL 15 on)."""
        open_store(self.new_database()).close()
        with psycopg.connect(self.url) as connection:
            files = "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
        return f"TEMPLATE test_{self._databases} {files}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        settings = {**self._settings, "port": str(self.port), "unix_socket_directories": str(self._folder)}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_another(), str(self._programs / "postgres"), "-D", str(self._folder / "data"), *flags],
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT breaks off all connections and shuts down; SIGQUIT is a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(_START_S)

    def initialise(self) -> None:
        command = [
            *_as_another(),
            str(self._programs / "initdb"),
            "-D",
            str(self._folder / "data"),
            "-U",
            "dms",
        ]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(command, capture_output=True, text=True, cwd=self._folder)
        if made.returncode != 0:
            raise RuntimeError(f"initdb ended with {made.returncode}: {made.stderr}")

    def _wait(self) -> None:
        def accepts() -> bool:
            psycopg.connect(self.url, connect_timeout=2).close()
            return True

        try:
            until(accepts, timeout=_START_S, passing=(psycopg.OperationalError,), unless=self._ended)
        except TimeoutError as error:
            log = (self._folder / "log").read_text()
            raise RuntimeError(f"PostgreSQL did not start, {error}: {log}") from None

    def _ended(self) -> str:
        assert self._process is not None
        return "" if self._process.poll() is None else "it has ended"


@contextmanager
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Start a server on a free loopback port, and stop and remove it afterwards. `settings` are of its own
    configuration file.

    Raises:
        RuntimeError: its programs are missing, or it does not start.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="dms-pg-"))
    try:
        if (other := _other_user()) is not None:
            os.chown(folder, other.pw_uid, other.pw_gid)
        server = PostgresServer(programs, folder, free_port(), settings)
        server.initialise()
        try:
            server.start()
            yield server
        finally:
            # What it has is thrown away, so it need not be written down first.
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = [each for pattern in _FOLDERS for each in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    usable = [each for each in sorted(found) if (each / "postgres").exists() and (each / "initdb").exists()]
    if not usable:
        raise RuntimeError("The programs initdb and postgres are missing: install the package `postgresql`.")
    return usable[-1]


def _other_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: whom to run it as then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`.")


def _as_another() -> tuple[str, ...]:
    """What a command begins with. With `user` of `subprocess`, Python would fork instead of `vfork`, and now
    and then gRPC's handlers of a fork crash the child before it becomes the program."""
    other = _other_user()
    if other is None:
        return ()
    return ("setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups")
