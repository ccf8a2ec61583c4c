"""Fetch the browser libraries of vendor.toml with `npm pack`, check them, and lay them into the static folder.

    python scripts/vendor_npm.py           # refuses a file whose SHA-384 differs from vendor.toml
    python scripts/vendor_npm.py --accept  # records the new hashes, after a version was raised by hand

No Node build: files are copied byte for byte; icons are joined into one SVG sprite.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "vendor.toml"
SPRITE = "(sprite)"


def digest(content: bytes, algorithm: str) -> str:
    """Subresource-integrity form, `sha384-<base64>`."""
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def fetch(package: dict[str, Any], folder: Path) -> tarfile.TarFile:
    """The package's tarball, verified against its recorded integrity."""
    spec = f"{package['name']}@{package['version']}"
    ran = subprocess.run(
        ["npm", "pack", "--silent", "--ignore-scripts", spec],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    path = folder / ran.stdout.strip().splitlines()[-1]
    found = digest(path.read_bytes(), "sha512")
    if found != package["integrity"]:
        raise SystemExit(f"{spec}: integrity is {found}, vendor.toml says {package['integrity']}")
    return tarfile.open(path)


def read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(f"package/{name}")
    if member is None:
        raise SystemExit(f"{name} is not a file in the package")
    return member.read()


def symbol(name: str, svg: str) -> str:
    """One outline icon as a `<symbol>` that takes the colour of the text around it."""
    inner = re.sub(r"\s+", " ", svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]).strip()
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
    )


def sprite(archive: tarfile.TarFile, names: list[str]) -> bytes:
    parts = [
        symbol(n, re.sub(r"<!--.*?-->", "", read(archive, f"icons/outline/{n}.svg").decode(), flags=re.S))
        for n in sorted(set(names))
    ]
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(parts) + "\n</svg>\n").encode()


def main() -> None:
    accept = "--accept" in sys.argv[1:]
    text = LIST.read_text(encoding="utf-8")
    wanted = tomllib.loads(text)
    target = ROOT / wanted["target"]
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for package in wanted["package"]:
            archive = fetch(package, Path(scratch))
            for name, entry in package["files"].items():
                source = entry["from"]
                content = sprite(archive, package["icons"]) if source == SPRITE else read(archive, source)
                found = digest(content, "sha384")
                if accept:
                    line = re.compile(rf'^("{re.escape(name)}" = .*sha384 = ")[^"]*(".*)$', re.M)
                    text = line.sub(lambda m, f=found: f"{m[1]}{f}{m[2]}", text)
                elif found != entry["sha384"]:
                    raise SystemExit(f"{package['name']} {name}: {found}, vendor.toml says {entry['sha384']}")
                (target / name).write_bytes(content)
                print(f"{name}: {len(content):,} bytes")
    if accept:
        LIST.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
