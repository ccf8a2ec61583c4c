"""What `make check` tests: the rooms and test files that differ from the last commit; of a clean tree, that commit's own.

Prints paths for pytest, one a line. The whole suite takes ten times as long as a commit may wait: `make test` runs it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Everything stands on these; quick enough to be asked each time.
ALWAYS = ("shugang/policy/tests", "shugang/evidence/tests")


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def changed() -> list[str]:
    found = git("diff", "--name-only", "HEAD") + git("ls-files", "--others", "--exclude-standard")
    return found or git("diff", "--name-only", "HEAD~1", "HEAD")


def tests_of(path: str) -> str | None:
    """The test file itself, or the tests of the nearest folder above that has some; a wing's own file asks the wing."""
    place = Path(path)
    if place.name.startswith("test_") and place.suffix == ".py":
        return path if (ROOT / path).exists() else None
    if place.suffix == ".md" or place.parts[0] in ("docs", "scripts"):
        return "tests/test_documents.py"
    if place.parts[0] != "shugang" or len(place.parts) < 3:
        return None
    wing = Path(*place.parts[:2])
    rooms = (folder / "tests" for folder in place.parents if folder.is_relative_to(wing))
    return str(next((room for room in rooms if (ROOT / room).is_dir()), wing))


def main() -> None:
    wanted = {tests for path in changed() if (tests := tests_of(path)) is not None}
    print("\n".join(sorted(wanted.union(ALWAYS))))


if __name__ == "__main__":
    main()
