"""A stream over HTTP: the same granted messages, windows and records as over MQTT, and an end that says why."""

from __future__ import annotations

import json
import socket
from dataclasses import replace

import pytest

from shugang.delivery.plane.tests.peer import PlaneProcess
from shugang.delivery.plane.tests.test_stream import broker, delivered, edge  # noqa: F401

pytestmark = pytest.mark.system


class Listening:
    """A client that reads events as they come."""

    def __init__(self, plane: PlaneProcess, key: str = "k1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", plane.port), timeout=30)
        head = f"GET /stream/v1/states HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
        self.socket.sendall(head.encode())
        self._file = self.socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()

    def line(self) -> bytes:
        """The next line of the body, b"" at its end; chunks are put together."""
        while True:
            if (line := self._file.readline()) in (b"", b"0\r\n"):
                return b""
            if line.startswith((b"data:", b"event:", b":")):
                return line.rstrip(b"\n")

    def events(self, count: int) -> list[dict]:
        found: list[dict] = []
        while len(found) < count:
            line = self.line()
            assert line, found
            if line.startswith(b"data: "):
                found.append(json.loads(line[6:]))
        return found


def test_messages_come_as_events_under_the_records_of_windows(edge, broker):  # noqa: F811
    plane = edge()
    client = Listening(plane)
    assert (client.status, client.headers["content-type"]) == (200, "text/event-stream")
    assert client.line() == b": states"
    for n in range(25):
        broker.say(n)
    messages = client.events(25)
    assert messages == [{"machine": "a", "n": n, "celsius": 20.5 + n} for n in range(25)]
    assert sum(record["rows"] for record in delivered(plane)) == 25


def test_a_stream_ends_with_its_grant_and_says_so(edge, control):  # noqa: F811
    plane = edge()
    client = Listening(plane)
    assert client.line() == b": states"
    plane.at(control.set(replace(control.grants[0], state="suspended", reason="x")))
    while (line := client.line()).startswith(b":"):
        pass
    assert line == b"event: end"
    (told,) = client.events(1)
    assert told["code"] == "suspended"
    assert client.line() == b""
    assert plane.shipped()[-1]["outcome"] == "suspended"


def test_a_client_that_goes_away_is_charged_for_nothing_more(edge, broker):  # noqa: F811
    plane = edge()
    client = Listening(plane)
    assert client.line() == b": states"
    assert plane.metric("streams_open") == 1
    client.socket.shutdown(socket.SHUT_RDWR)
    client.socket.close()
    plane.wait(lambda: plane.metric("streams_open") == 0)
    broker.say(1)
    assert delivered(plane) == []


def test_who_holds_no_grant_gets_no_stream(edge):  # noqa: F811
    plane = edge()
    assert Listening(plane, "nobody").status == 401
    assert plane.get("/stream/v1/others", "k1").status == 404
