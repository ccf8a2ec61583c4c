"""What one holder at a time does: a client's MQTT connection, and pushing to destinations that follow."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from shugang.delivery.plane.tests.databases import postgres_port, query
from shugang.delivery.plane.tests.peer import PlaneProcess, grant
from shugang.delivery.plane.tests.test_push import CHARGED, granted, push, s3, source, to_store  # noqa: F401
from shugang.delivery.plane.tests.test_stream import broker, buyers, edge  # noqa: F401

pytestmark = pytest.mark.system


def test_a_client_that_comes_again_under_a_newer_bundle_ends_its_older_connection(edge, buyers, control):  # noqa: F811
    plane = edge()
    first, other = buyers(plane), buyers(plane, client_id="another")
    plane.at(control.set(*control.grants))
    second = buyers(plane)
    assert first.gone.wait(10) and second.granted == 1
    assert not second.gone.is_set() and not other.gone.is_set()


@pytest.mark.both
@pytest.mark.skipif(not postgres_port(), reason="a fleet needs PostgreSQL")
def test_another_worker_pushes_on_when_the_one_that_pushed_is_killed(push, control, vault, s3):  # noqa: F811
    plane = push(connection=to_store(control, s3.port, "lead", schedule="version"))
    plane.wait(lambda: "lead/contacts/v3/_manifest.json" in s3.names())
    # When the worker that leads is killed, and a new version comes
    os.kill(_leader(plane), signal.SIGKILL)
    control.connections = (to_store(control, s3.port, "lead", schedule="version"),)
    plane.at(control.set(grant("g1", "contacts", source(vault, 500, 4), granted(), ("k1",), outcomes=CHARGED)))
    # Then the next leader pushes it, once
    plane.wait(lambda: "lead/contacts/v4/_manifest.json" in s3.names())
    plane.wait(lambda: len(control.records) >= 2)
    assert [(r["request_id"], r["rows"], r["charged"]) for r in plane.shipped()] == [
        ("follow-CN-000001-v3", 6000, True),
        ("follow-CN-000001-v4", 500, True),
    ]


def _leader(plane: PlaneProcess) -> int:
    """The process at the other end of the session that holds the leader's lock."""
    ((port,),) = query(
        plane.journal_url,
        # Locks are those of the whole server: other tests have fleets too.
        "SELECT client_port FROM pg_stat_activity JOIN pg_locks USING (pid)"
        " WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 2 AND objid = 0 AND granted",
    )
    for (place,) in query(plane.journal_url, "SELECT place FROM worker"):
        pid = int(place.rpartition(":")[2])
        held = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[1].partition(":")[2], 16) == port and f"socket:[{fields[9]}]" in held:
                return pid
    raise AssertionError("nobody leads")
