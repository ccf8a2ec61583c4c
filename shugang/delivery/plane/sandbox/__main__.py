"""`python -m shugang.delivery.plane.sandbox FD`: the process that forks one child for each query.

It imports what a query needs once, holds no data and no secret, and speaks with the plane over the socket FD:
`{"run": n}` with the child's end of a socket, `{"kill": n}`. When the plane is gone it ends its children and itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys

import duckdb
import pyarrow as pa

from shugang.delivery.plane.sandbox import child

REAP_SECONDS = 0.2


def warm() -> None:
    """Whatever is imported late must be imported now: a child behind its walls can open no module."""
    with duckdb.connect(config={"threads": "1"}) as con:
        reader = con.execute("SELECT 1 AS a, 'x' AS b, DATE '2026-01-01' AS c, 1.5::DECIMAL(9,2) AS d").to_arrow_reader(
            8
        )
        with pa.BufferOutputStream() as sink:
            writer = pa.ipc.new_stream(sink, reader.schema)
            for batch in reader:
                writer.write_batch(batch)
            writer.close()
    with contextlib.suppress(duckdb.Error):
        duckdb.execute("SELECT nothing_of_the_kind")


def main() -> int:
    control = socket.socket(fileno=int(sys.argv[1]))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
    warm()
    control.send(b'{"ready": true}')
    children: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control], [], [], REAP_SECONDS)
        _reap(children)
        if not ready:
            continue
        data, files, _, _ = socket.recv_fds(control, 4096, 1)
        if not data:
            for pid in children.values():
                os.kill(pid, signal.SIGKILL)
            return 0
        order = json.loads(data)
        if "kill" in order:
            # Not yet reaped, so that the number still names the child.
            if order["kill"] in children:
                os.kill(children[order["kill"]], signal.SIGKILL)
            continue
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            control.close()
            child.serve(socket.socket(fileno=files[0]))
        os.close(files[0])
        children[order["run"]] = pid


def _reap(children: dict[int, int]) -> None:
    for number, pid in list(children.items()):
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
        del children[number]


if __name__ == "__main__":
    sys.exit(main())
