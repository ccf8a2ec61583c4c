"""Given a confined child, when it reaches for anything but its folder, then the kernel says no."""

import json
import os
import subprocess
import sys

import pytest

CHILD = """
import json, os, socket, subprocess, sys
from pathlib import Path
from shugang.delivery.plane.confine import Limits, become_nobody, confine
held = confine(Path("."), Limits(3 << 30, 20, 1 << 20))
import duckdb, pyarrow.parquet
become_nobody()
def tried(act):
    try:
        return "done" if act() != [] else "nothing"
    except (OSError, MemoryError, duckdb.Error) as error:
        return type(error).__name__
print(json.dumps({
    "held": list(held), "root": os.geteuid() == 0,
    "own": tried(lambda: Path("x").write_text("1")), "read own": tried(lambda: Path("x").read_text()),
    "socket": tried(socket.socket), "program": tried(lambda: subprocess.run(["/bin/true"])),
    "password file": tried(lambda: open("/etc/passwd").read()), "environment": tried(lambda: open("/proc/self/environ").read()),
    "neighbour": tried(lambda: open(sys.argv[1]).read()), "write elsewhere": tried(lambda: open("/tmp/x-confined", "w")),
    "through duckdb": tried(lambda: duckdb.sql("SELECT content FROM read_text('" + sys.argv[1] + "')").fetchall()),
    "memory": tried(lambda: bytearray(4 << 30)), "long file": tried(lambda: Path("y").write_bytes(bytes(2 << 20))),
}))
"""  # fmt: skip


@pytest.mark.system
def test_a_confined_child_reaches_only_its_folder(tmp_path):
    folder, other = tmp_path / "own", tmp_path / "other.txt"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    other.write_text("secret")
    preload = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", preload + CHILD, str(other)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    seccomp, landlock = found.pop("held")
    assert found.pop("own") == found.pop("read own") == "done"
    assert found.pop("memory") == "MemoryError" and found.pop("long file") == "OSError"
    assert found.pop("root") is False
    if seccomp:
        assert found.pop("socket") == found.pop("program") == "PermissionError"
    if landlock:
        assert "done" not in found.values(), found
    assert not os.path.exists("/tmp/x-confined")
