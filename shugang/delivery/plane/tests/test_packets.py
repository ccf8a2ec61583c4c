"""The MQTT 3.1.1 packets of clients: what the standard allows is read, all else is malformed, nothing else is raised."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane.stream import packets
from shugang.delivery.plane.stream.packets import Malformed, NotAccepted

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(data)) + data


def received(data: bytes) -> packets.Packet:
    async def read() -> packets.Packet:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await packets.receive(reader)

    return asyncio.run(read())


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    for parse in (packets.connect, packets.subscribe, packets.unsubscribe, packets.puback):
        try:
            parse(data)
        except (Malformed, NotAccepted):
            continue


@given(st.binary(max_size=40))
def test_a_stream_of_any_bytes_ends_or_is_malformed(data: bytes) -> None:
    try:
        packet = received(data)
    except (Malformed, asyncio.IncompleteReadError):
        return
    assert packet.kind in (1, 4, 8, 10, 12, 14) and len(packet.body) <= packets.MOST_RECEIVED


@given(NAMES, st.integers(0, 65535), NAMES, NAMES)
def test_a_connection_is_read_as_it_was_written(client: str, keep: int, user: str, password: str) -> None:
    body = text("MQTT") + b"\x04\xc2" + struct.pack("!H", keep) + text(client) + text(user) + text(password)
    assert packets.connect(body) == packets.Connect(client, keep, user, password)


@given(st.integers(1, 65535), st.lists(st.tuples(NAMES.filter(bool), st.integers(0, 2)), min_size=1, max_size=5))
def test_subscriptions_are_read_as_they_were_written(number: int, wanted: list[tuple[str, int]]) -> None:
    body = struct.pack("!H", number) + b"".join(text(topic) + bytes((quality,)) for topic, quality in wanted)
    assert packets.subscribe(body) == (number, wanted)


@given(NAMES.filter(bool), st.binary(max_size=300), st.integers(0, 65535))
def test_what_is_published_is_what_a_client_reads(topic: str, payload: bytes, number: int) -> None:
    data = packets.publish(topic.encode(), payload, number)
    assert data[0] == (0x32 if number else 0x30)
    place = 2 if data[1] < 128 else 3
    length = data[1] if place == 2 else (data[1] & 127) | data[2] << 7
    rest = data[place:]
    assert len(rest) == length and rest.startswith(text(topic)) and rest.endswith(payload)
    assert len(rest) == 2 + len(topic.encode()) + (2 if number else 0) + len(payload)


@pytest.mark.parametrize(
    ("flags", "more", "code"),
    [
        (0x00, b"", packets.BAD_ID),
        (0x06, text("w") + text("x"), packets.NOT_AUTHORISED),
        (0xC2, text("u") + text(b"\xff"), packets.BAD_LOGIN),
    ],
)
def test_connections_that_are_answered_with_a_code(flags: int, more: bytes, code: int) -> None:
    with pytest.raises(NotAccepted) as caught:
        packets.connect(text("MQTT") + bytes((4, flags)) + b"\x00\x00" + text("") + more)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        text("MQIsdp") + b"\x03\x02\x00\x00" + text("a"),
        text("MQTT") + b"\x04\x03\x00\x00" + text("a"),
        text("MQTT") + b"\x04\x42\x00\x00" + text("a") + text("p"),
        text("MQTT") + b"\x04\x1a\x00\x00" + text("a"),
        text("MQTT") + b"\x04\x02\x00\x00" + text("a\0"),
        text("MQTT") + b"\x04\x02\x00\x00" + text("a") + b"x",
    ],
)
def test_malformed_connections(body: bytes) -> None:
    with pytest.raises(Malformed):
        packets.connect(body)
