"""Debian's MariaDB in a temporary folder, with TLS, for the tests of one process."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shugang.delivery.plane.tests.peer import free_port

USER, PASSWORD, DATABASE = "supplier", "geheim-密码'\"\\", "trade"


class MariaDb:
    def __init__(self) -> None:
        server = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        assert Path(server).exists(), "mariadb-server is not installed; scripts/system-packages.sh installs it"
        self.folder = Path(tempfile.mkdtemp(prefix="shugang-my-"))
        self.port = free_port()
        self.ca = self._certificate()
        as_user = self._owned()
        options = [f"--datadir={self.folder / 'data'}", "--no-defaults"]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(self.folder)}
        install = shutil.which("mariadb-install-db") or "mariadb-install-db"
        subprocess.run(
            [*as_user, install, options[1], options[0], "--auth-root-authentication-method=normal", "--skip-test-db"],
            check=True,
            **quiet,
        )
        self.process = subprocess.Popen(
            [
                *as_user, server, options[1], options[0], f"--port={self.port}", "--bind-address=127.0.0.1",
                f"--socket={self.folder / 's'}", f"--pid-file={self.folder / 'pid'}", "--innodb-buffer-pool-size=16M",
                f"--ssl-cert={self.ca}", f"--ssl-key={self.folder / 'key.pem'}", "--character-set-server=utf8mb4",
            ],
            **quiet,
        )  # fmt: skip
        self._setup()

    def _owned(self) -> list[str]:
        """MariaDB refuses to run as root."""
        if os.getuid() != 0:
            return []
        try:
            user = pwd.getpwnam("mysql")
        except KeyError:
            user = pwd.getpwnam("nobody")
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

    def _certificate(self) -> Path:
        """One for localhost, signed by itself, so that it is its own authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        now = dt.datetime.now(dt.UTC)
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(names, False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        (self.folder / "ca.pem").write_bytes(made.public_bytes(pem))
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / "key.pem").write_bytes(private)
        (self.folder / "key.pem").chmod(0o600)
        return self.folder / "ca.pem"

    def _setup(self) -> None:
        import pymysql

        for _ in range(200):
            try:
                con = self.root()
                break
            except pymysql.MySQLError:
                assert self.process.poll() is None, "MariaDB did not start"
                time.sleep(0.1)
        else:
            raise AssertionError("MariaDB did not answer")
        with con, con.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
            cursor.execute(f"CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY %s", (PASSWORD,))
            cursor.execute(f"GRANT ALL ON {DATABASE}.* TO {USER}@'127.0.0.1'")

    def root(self, **more: Any) -> Any:
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", password="", autocommit=True, charset="utf8mb4", **more
        )

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
