import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.evidence.entry import MAX_ENTRY_SIZE, Entry, decode
from shugang.evidence.errors import EvidenceError, FormatError
from shugang.evidence.hashing import Commitment

DIGESTS = Commitment(b"\x01" * 32, b"\x02" * 32)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_entry_is_canonical_json():
    data = Entry("contract.signed", AT, DIGESTS).encode()
    expected = '{"at":"2026-01-02T03:04:05.000000Z","kind":"contract.signed","sha256":"%s","sm3":"%s","v":1}'
    assert data.decode() == expected % ("01" * 32, "02" * 32)
    assert len(data) < MAX_ENTRY_SIZE


def test_one_instant_has_one_encoding_whatever_its_zone():
    beijing = AT.astimezone(timezone(timedelta(hours=8)))
    assert Entry("a", beijing, DIGESTS).encode() == Entry("a", AT, DIGESTS).encode()


@given(
    st.from_regex(r"[a-z][a-z0-9_.:-]{0,30}", fullmatch=True),
    st.datetimes(timezones=st.just(UTC)),
    st.binary(min_size=32, max_size=32),
)
def test_decode_is_the_inverse_of_encode(kind, at, digest):
    entry = Entry(kind, at, Commitment(digest, digest[::-1]))
    assert decode(entry.encode()) == entry


@pytest.mark.parametrize(
    "entry",
    [
        Entry("Contract", AT, DIGESTS),
        Entry("a b", AT, DIGESTS),
        Entry("a\n", AT, DIGESTS),
        Entry("", AT, DIGESTS),
        Entry("a" * 129, AT, DIGESTS),
        Entry("a", datetime(2026, 1, 1), DIGESTS),
        Entry("a", AT, Commitment(b"short", b"\x02" * 32)),
    ],
)
def test_a_malformed_entry_is_not_encoded(entry):
    with pytest.raises(FormatError):
        entry.encode()


def _with(**changes):
    body = json.loads(Entry("a.b", AT, DIGESTS).encode()) | changes
    return json.dumps({k: v for k, v in body.items() if v is not None}, separators=(",", ":"), sort_keys=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "\x00",
        _with(v=2),
        _with(v=True),
        _with(v=1.0),
        _with(extra="x"),
        _with(sm3=None),
        _with(sm3="AB" * 32),
        _with(kind=7),
        _with(at="2026-13-02T03:04:05.000000Z"),
        _with(at="2026-01-02T03:04:05Z"),
        _with(at="2026-01-02T03:04:05.000000Z\n"),
        _with() + " ",
        _with().replace('"v":1', '"v":1,"v":1'),
        _with().replace('{"at"', '{ "at"'),
        "[" * 100_000,
    ],
)
def test_anything_but_the_one_encoding_is_refused(text):
    with pytest.raises(FormatError):
        decode(text.encode())


@given(st.binary(max_size=300))
def test_garbage_never_raises_anything_else(data):
    with pytest.raises(EvidenceError):
        decode(data)
