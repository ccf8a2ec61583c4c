"""Run a command with a PostgreSQL of its own in a temporary folder: `with_postgres.py COMMAND …`.

PostgreSQL refuses to run as root, so there it runs as the `postgres` user that Debian's package makes.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
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


def main() -> int:
    base = Path(tempfile.mkdtemp(prefix="shugang-pg-"))
    as_user: list[str] = []
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(base, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    data, port = base / "data", _free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": str(base)}
    subprocess.run(
        [
            *as_user,
            _binary("initdb"),
            "-D",
            str(data),
            "-U",
            "shugang",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ],
        check=True,
        **quiet,
    )
    server = subprocess.Popen(
        [
            *as_user,
            _binary("postgres"),
            "-D",
            str(data),
            "-p",
            str(port),
            "-k",
            str(base),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=60",
        ],
        **quiet,
    )
    try:
        for _ in range(100):
            if subprocess.run([_binary("pg_isready"), "-h", "127.0.0.1", "-p", str(port)], **quiet).returncode == 0:
                break
            time.sleep(0.1)
        env = dict(
            os.environ,
            SHUGANG_DATABASE_URL=f"postgresql://shugang@127.0.0.1:{port}/postgres",
            SHUGANG_TEST_POSTGRES_PORT=str(port),
        )
        return subprocess.run(sys.argv[1:], env=env).returncode
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
