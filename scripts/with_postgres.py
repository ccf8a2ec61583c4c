"""Run a command with PostgreSQL servers of its own in temporary folders: `with_postgres.py COMMAND …`.

One for the control database and one for fleets' journals. PostgreSQL refuses to run as root, so there it runs as the `postgres` user that Debian's package makes.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def _binary(name: str) -> str:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}")) or [shutil.which(name) or ""]
    if not found[-1]:
        sys.exit(f"{name} is not installed; scripts/system-packages.sh installs PostgreSQL")
    return found[-1]


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Postgres:
    """A server on a free loopback port; `settings` are `name=value`."""

    def __init__(self, *settings: str) -> None:
        self.base, self.port = Path(tempfile.mkdtemp(prefix="shugang-pg-")), _free_port()
        self._as_user: list[str] = []
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.base, user.pw_uid, user.pw_gid)
            self._as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._settings = [part for setting in ("listen_addresses=127.0.0.1", *settings) for part in ("-c", setting)]
        self._data = str(self.base / "data")
        made = ["-D", self._data, "-U", "shugang", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run([*self._as_user, _binary("initdb"), *made]).check_returncode()

    @property
    def url(self) -> str:
        return f"postgresql://shugang@127.0.0.1:{self.port}/postgres"

    def start(self) -> Postgres:
        command = [*self._as_user, _binary("postgres"), "-D", self._data, "-p", str(self.port), "-k", str(self.base)]
        self._server = subprocess.Popen(
            [*command, *self._settings], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=self.base
        )
        ready = [_binary("pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(300):
            if self._run(ready).returncode == 0:
                return self
            time.sleep(0.1)
        raise TimeoutError("PostgreSQL does not answer")

    def crash(self) -> None:
        """`pg_ctl stop -m immediate`: no checkpoint, every session cut off in the middle of what it does."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(20)

    def remove(self) -> None:
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(20)
        shutil.rmtree(self.base, ignore_errors=True)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, cwd=self.base)


# Emptying 200 tables after a test waits for the disk 200 times; no test asks the control database to outlive a loss of power.
UNSAFE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def main() -> int:
    control = Postgres("max_connections=200", *UNSAFE).start()
    # Durable as in use: a fleet refuses a server that is not.
    journals = Postgres("max_connections=200").start()
    try:
        env = dict(os.environ, SHUGANG_DATABASE_URL=control.url, SHUGANG_TEST_POSTGRES_PORT=str(journals.port))
        return subprocess.run(sys.argv[1:], env=env).returncode
    finally:
        control.remove()
        journals.remove()


if __name__ == "__main__":
    sys.exit(main())
