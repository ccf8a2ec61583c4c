"""The canonical text and the chain of journal records."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane.records import (
    GENESIS,
    BrokenChain,
    Entry,
    Template,
    canonical,
    chain,
    record_hash,
    verify_chain,
    with_hash,
)
from shugang.delivery.plane.schema import JOIN, chained

text = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    names=st.tuples(text, text, text, text, text),
    version=st.integers(0, 2**40),
    charged=st.booleans(),
    reason=text,
    request_id=text,
    rows=st.integers(0, 2**50),
    size=st.integers(0, 2**50),
    detail=st.dictionaries(text, text | st.integers(-(2**50), 2**50), max_size=3),
    seq=st.integers(1, 2**50),
)
def test_the_template_writes_rfc_8785(names, version, charged, reason, request_id, rows, size, detail, seq):
    made = Template(*names, version, charged, reason)
    entry = Entry(
        made,
        request_id,
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.001Z",
        rows,
        size,
        "ab" * 32,
        canonical(detail),
        1,
        True,
    )
    written = entry.text(seq, GENESIS, 7)
    assert written.encode() == rfc8785.dumps(json.loads(written))
    assert json.loads(written)["request_id"] == request_id
    shipped = json.loads(with_hash(written, chain(GENESIS, written)))
    assert record_hash(shipped) == shipped["hash"]


def test_batches_chain_as_single_records_do():
    made = Template("g", "c", "api", "read", "found", 1, True, "charged:found")
    entries = [Entry(made, f"r{i}", "t", "u", i, 10 * i, "ab", "{}", 7, i != 2) for i in range(4)]
    entries[3] = entries[3]._replace(request_id="sg-r3")
    prev, texts = GENESIS, []
    for seq, entry in enumerate(entries, 1):
        written = entry.text(seq, prev, seq)
        prev = chain(prev, written)
        texts.append(with_hash(written, prev))
    billed = [("g", f"r{i}", i + 1) for i in range(4) if i != 3]
    usage = {("g", 7): [3, 4, 40, 0, 0, 0]}
    assert chained(entries, 0, GENESIS, {}) == (1, 4, prev, JOIN.join(texts), billed, usage)


def three() -> list[dict]:
    made = Template("g", "c", "api", "read", "found", 1, True, "charged:found")
    prev, records = GENESIS, []
    for seq in (1, 2, 3):
        written = Entry(made, f"r{seq}", "t", "t", 1, 10, "", "{}", 1, True).text(seq, prev, seq)
        prev = chain(prev, written)
        records.append(json.loads(with_hash(written, prev)))
    return records


def test_a_whole_chain_verifies_from_any_point():
    records = three()
    assert verify_chain(records) == (3, records[2]["hash"])
    assert verify_chain(records[1:], 1, records[0]["hash"]) == (3, records[2]["hash"])


@pytest.mark.parametrize("damage", ["field", "dropped", "swapped", "hash"])
def test_damage_is_found(damage):
    records = three()
    if damage == "field":
        records[1]["bytes"] = 11
    elif damage == "dropped":
        del records[1]
    elif damage == "swapped":
        records[1], records[2] = records[2], records[1]
    else:
        records[1]["hash"] = "00" * 32
    with pytest.raises(BrokenChain):
        verify_chain(records)
