"""Backing up a journal that a fleet's workers share in PostgreSQL, on real servers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from shugang.commands.keeping.tests.test_backup import (
    LOAD,
    POSTGRES,
    ROOT,
    Platform,
    _environment,
    no_traces,
    stop,
)
from shugang.delivery.plane.tests.databases import database, postgres_port, query

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


@pytest.fixture
def databases() -> Iterator[list[str]]:
    """Addresses of four empty databases."""
    with ExitStack() as opened:
        yield [opened.enter_context(database(postgres_port())) for _ in range(4)]


@pytest.mark.both
@pytest.mark.skipif(not (postgres_port() and POSTGRES), reason="run by scripts/with_postgres.py")
def test_a_fleets_journal_comes_back_with_the_rest_and_goes_on(tmp_path, databases):
    control, journals, fresh, others = databases
    # Given a platform on PostgreSQL whose plane's workers share a journal there, at work, and a backup
    folder = tmp_path / "platform"
    folder.mkdir()
    (tmp_path / "backup").mkdir()
    saved = tmp_path / "backup" / "a.tar"
    told = {"SHUGANG_DATABASE_URL": control, "SHUGANG_TEST_JOURNAL_URL": journals}
    working = Platform(folder, _environment(folder) | told)
    assert working.shugang("init", "--quiet").returncode == 0
    process = subprocess.Popen([*LOAD, "work"], env=working.environment, cwd=ROOT, stdout=subprocess.PIPE)
    working.process = process  # type: ignore[attr-defined]
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    working.backup(saved)
    stop(working)
    # Then no address of a database stands in it in clear
    assert journals.encode() not in saved.read_bytes()
    old = ("--published", str(folder / "log"), "--database-url", fresh)
    # When no database is given for the journal, or one that has it, then nothing is left
    for more in ((), ("--journal-url", journals)):
        done = working.restore(saved, "again", *old, *more)
        assert done.returncode == 1 and "Traceback" not in done.stderr and no_traces(tmp_path) == [], done.stderr
        assert query(fresh, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []
    assert query(journals, "SELECT count(*) > 0 FROM batch", plane=_plane(folder)) == [(True,)]
    # And when it goes into an empty one, then both are there, and the settings name it
    done = working.restore(saved, "again", *old, "--journal-url", others)
    assert done.returncode == 0, done.stderr
    again = working.restored("again")
    assert others in (again.folder / "plane" / "plane.toml").read_text()
    came, folded = again.load("state"), again.load("fold")
    assert came["unequal"] == [] and folded["records"] >= came["records"] > 0
    assert folded["records"] == folded["journal_seq"] == folded["charged"] == folded["keys"]
    assert query(others, "SELECT seq FROM head", plane=_plane(folder)) == [(folded["journal_seq"],)]
    # And the plane goes on with its chain
    assert again.load("more")["records"] == folded["records"] + 5
    again.load("sequence")
    assert again.shugang("verify").returncode == 0


def _plane(folder: Path) -> str:
    return (folder / "plane" / "plane.toml").read_text().split('plane_id = "')[1].split('"')[0]
