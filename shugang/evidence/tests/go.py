"""Building `outside/verify.go` by Debian's Go, without any download."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "outside" / "verify.go"
# Debian's golang-golang-x-mod-dev; Go's own module download is not needed.
PACKAGES = "/usr/share/gocode"


def build_verifier(folder: Path) -> Path:
    """The program: `verify LOGFOLDER VKEY [OLD-CHECKPOINT …]`."""
    program = folder / "verify"
    go = "/usr/bin/go" if Path("/usr/bin/go").exists() else shutil.which("go")
    assert go, "golang-go is not installed: run scripts/system-packages.sh"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": PACKAGES,
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    built = subprocess.run([go, "build", "-o", program, SOURCE], env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return program
