"""The upstream's answers on the wire: read in one way only, however the bytes come."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane.outgoing import TooLarge
from shugang.delivery.plane.wire import Answer, BadAnswer, Connection, Gone, Pool, read_head
from shugang.policy.addresses import Rules

MOST = 200
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Wire:
    """Stands for the transport."""

    aborted = False

    def write(self, data: bytes) -> None:
        return None

    def abort(self) -> None:
        self.aborted = True


def read(data: bytes, cuts: list[int] | None = None, ended: bool = True) -> tuple[Answer | None, bool]:
    """The answer (None while more is needed) and whether the connection may be kept; `cuts` say where pieces end."""

    async def run() -> tuple[Answer | None, bool]:
        connection, wire = Connection(MOST), Wire()
        connection.connection_made(wire)  # type: ignore[arg-type]
        waiting = connection.send(b"", asyncio.get_running_loop())
        last = 0
        for cut in [*sorted(cuts or []), len(data)]:
            if data[last:cut]:
                connection.data_received(data[last:cut])
            last = max(last, cut)
        kept = connection.usable
        if ended:
            connection.connection_lost(None)
        if not waiting.done():
            return None, kept
        return waiting.result(), kept

    return asyncio.run(run())


def chunked(parts: list[bytes], extension: bytes = b"") -> bytes:
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts if part)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


@given(
    st.binary(max_size=MOST), st.lists(st.integers(0, 400), max_size=6), st.sampled_from(["length", "chunks", "end"])
)
def test_a_body_is_what_was_sent_however_it_is_cut(body: bytes, cuts: list[int], how: str) -> None:
    if how == "length":
        data = OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    elif how == "chunks":
        data = chunked([body[start : start + 37] for start in range(0, len(body), 37)], b";a=b")
    else:
        data = OK + b"\r\n" + body
    answer, kept = read(data, [cut for cut in cuts if cut < len(data)])
    assert answer == Answer(200, "application/json", "identity", body)
    assert kept or how == "end"


@given(st.binary(max_size=120), st.lists(st.integers(0, 120), max_size=4))
def test_any_bytes_are_an_answer_or_refused(data: bytes, cuts: list[int]) -> None:
    for start in (b"", OK, OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"Content-Length: 9\r\n\r\n"):
        try:
            answer, _ = read(start + data, [cut for cut in cuts if cut < len(start + data)])
        except (BadAnswer, TooLarge, Gone):
            continue
        assert answer is not None and len(answer.body) <= MOST


@given(st.binary(min_size=1, max_size=60))
def test_bytes_after_an_answer_end_the_connection(more: bytes) -> None:
    for data in (OK + b"Content-Length: 2\r\n\r\n{}" + more, chunked([b"{}"]) + more):
        answer, kept = read(data)
        assert answer is not None and answer.body == b"{}" and not kept


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2 200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 100 Continue", b"HTTP/1.1  200 OK", b"ICY 200 OK", b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2", b"HTTP/1.1 200 OK\r\nContent-Length: +1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", b"HTTP/1.1 200 OK\r\n X: folded",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked", b"HTTP/1.1 200 OK\r\nA: b\nTransfer-Encoding: chunked",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", b"HTTP/1.1 200 OK\r\nno colon", b"HTTP/1.1 200 OK\r\n: x",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked", b"HTTP/1.1 200 OK\r\nA: \0",
    ],
)  # fmt: skip
def test_heads_that_could_be_read_in_two_ways_are_refused(head: bytes) -> None:
    with pytest.raises(BadAnswer):
        read_head(head)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (OK + b"Content-Length: 201\r\n\r\n", TooLarge),
        (OK + b"\r\n" + b"x" * 201, TooLarge),
        (chunked([b"x" * 150, b"x" * 51]), TooLarge),
        (OK + b"Content-Length: 5\r\n\r\n{}", Gone),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}", Gone),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n", BadAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n", BadAnswer),
        (OK + b"X: " + b"x" * 20000 + b"\r\n\r\n", BadAnswer),
        (b"", Gone),
    ],
)
def test_answers_that_are_too_long_broken_or_cut_off(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(data)


def test_a_kept_connection_that_has_ended_is_made_anew_once_for_what_may_be_repeated() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # one answer that promises to stay, and then the connection ends at the next request
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK + b"Content-Length: 2\r\n\r\n{}")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pool = Pool("127.0.0.1", port, None, Rules.of([f"127.0.0.1:{port}"], private=True), MOST, 4)
        request = b"GET / HTTP/1.1\r\n\r\n"
        assert (await pool.call(request, 5, True)).body == b"{}"
        assert (await pool.call(request, 5, True)).body == b"{}"
        with pytest.raises(Gone):
            await pool.call(request, 5, False)
        pool.close()
        server.close()

    asyncio.run(run())
    assert len(asked) == 2
