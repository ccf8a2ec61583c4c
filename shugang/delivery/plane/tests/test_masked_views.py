"""Masks that no SQL function makes, in the views and answers that leave a plane: made, and by the meaning of the reference."""

import hashlib
import json
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shugang.delivery.plane import materialise
from shugang.delivery.plane.query import govern
from shugang.policy.columns import Column
from shugang.policy.masks import apply_mask
from shugang.policy.pseudonyms import cipher
from shugang.policy.sources import QuerySource
from shugang.policy.tests.strategies import KEY, plain_terms
from shugang.policy.vocabulary import Mask

KEYS = {"k1": KEY}
PHONES = ["16400000001", "16800000002", None, "12", "16400000001"]
MASKS = (
    Mask("phone", "ff1", {"key_id": "k1", "alphabet": "digits"}),
    Mask("name", "sm3_token", {"key_id": "k1"}),
)
TERMS = plain_terms(fields=("id", "phone", "name"), masks=MASKS)
COLUMNS = (Column("id", "long"), Column("phone", "string"), Column("name", "string"))
TABLE = pa.table({"id": [1, 2, 3, 4, 5], "phone": PHONES, "name": ["甲", "乙", "丙", None, "甲"]})


def expected() -> list[tuple]:
    return [
        (row["id"], apply_mask(MASKS[0], row["phone"], KEYS), apply_mask(MASKS[1], row["name"], KEYS))
        for row in TABLE.to_pylist()
    ]


@pytest.mark.parametrize("kind", ["table", "api"])
def test_a_view_holds_tokens_and_ciphers_and_no_raw_value(kind: str, tmp_path: Path) -> None:
    stored = tmp_path / "stored.parquet"
    pq.write_table(TABLE, stored)
    job = {
        "kind": kind,
        "path": str(stored),
        "sha256": hashlib.sha256(stored.read_bytes()).hexdigest(),
        "columns": [column.to_json() for column in COLUMNS],
        "terms": TERMS.to_json(),
        "keys": KEYS,
        "key_column": "id",
        "partition": [],
        "part_rows": 10,
        "out": str(tmp_path / "made"),
        "memory_mb": 256,
        "threads": 1,
    }
    parts = materialise.make(job)["parts"]
    files = [str(tmp_path / "made" / part["name"]) for part in parts]
    if kind == "table":
        rows = duckdb.execute(f"SELECT id, phone, name FROM read_parquet({files}) ORDER BY id").fetchall()
    else:
        bodies = [json.loads(body) for (body,) in duckdb.execute(f"SELECT body FROM read_parquet({files})").fetchall()]
        rows = sorted((body["id"], body["phone"], body["name"]) for body in bodies)
    assert rows == expected()
    # the one with the key can undo the cipher; nobody finds a number in the files
    assert cipher(KEY, "digits").decrypt(rows[0][1]) == PHONES[0]
    assert not any(re.search(rb"16400000001|16800000002", Path(name).read_bytes()) for name in files)


def test_an_answer_to_a_query_is_masked_the_same_way() -> None:
    source = QuerySource("CN-1", "SELECT id, phone, name FROM people", (), COLUMNS)
    answer = govern(TABLE, source, TERMS, KEYS)
    assert sorted(map(tuple, (row.values() for row in answer.to_pylist()))) == expected()
