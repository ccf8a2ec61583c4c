"""Masks that no SQL function makes: HMAC-SM3 tokens and FF1. Value by value, over columns, and joined into a lowered SELECT.

A connection without the tables of `prepare_masks` cannot run such a SELECT at all: nothing leaves in the clear by omission.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shugang.evidence.hashing import sm3
from shugang.policy.mask_catalogue import ALPHABETS, MAPPED
from shugang.policy.vocabulary import Mask, Terms

if TYPE_CHECKING:
    import duckdb

    from shugang.policy.ff1 import FF1

TOKEN_HEX = 32  # 128 bits
_BLOCK = 64


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """RFC 2104 over SM3 (GB/T 32905-2016), 32 bytes."""
    key = (sm3(key) if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner = sm3(bytes(sign ^ 0x36 for sign in key) + data)
    return sm3(bytes(sign ^ 0x5C for sign in key) + inner)


def sm3_token(value: str, secret: str) -> str:
    """A keyed token of 128 bits in hex; `secret` is 64 hex digits."""
    return hmac_sm3(secret.encode(), value.encode()).hex()[:TOKEN_HEX]


@lru_cache(maxsize=64)
def cipher(secret: str, alphabet: str) -> "FF1":
    """FF1 under a project's secret, over one of `ALPHABETS`."""
    from shugang.policy.ff1 import FF1, derive_key

    return FF1(derive_key(secret), ALPHABETS[alphabet])


def ff1_text(value: str, secret: str, alphabet: str) -> str:
    """The value encrypted in its own form; hidden whole where FF1 does not take it."""
    ff1 = cipher(secret, alphabet)
    return ff1.encrypt(value) if ff1.takes(value) else "*" * len(value)


def mapping_name(mask: Mask) -> str:
    """The temporary table that holds a mask's values."""
    return "mask_" + hashlib.sha256(json.dumps(mask.to_json(), sort_keys=True).encode()).hexdigest()[:16]


def prepare_masks(
    con: "duckdb.DuckDBPyConnection", source_relation: str, terms: Terms, keys: Mapping[str, str]
) -> None:
    """Make the tables that `lower_select` joins for the mapped masks of `terms`; nothing where there are none.

    `source_relation` is our own SQL, the same that is lowered afterwards. A key that is missing is left to
    `lower_select` to refuse.
    """
    from shugang.policy.lowering import quote

    for mask in terms.masks:
        secret = keys.get(str(mask.args.get("key_id")))
        if mask.function not in MAPPED or secret is None:
            continue
        raw = f"CAST({quote(mask.column)} AS VARCHAR)"
        found = con.execute(f"SELECT DISTINCT {raw} AS raw FROM {source_relation} WHERE {raw} IS NOT NULL")  # noqa: S608
        table = _masked(found.to_arrow_table(), mask, secret)
        con.register("mask_values", table)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {mapping_name(mask)} AS SELECT * FROM mask_values")  # noqa: S608
        con.unregister("mask_values")


def _masked(table: Any, mask: Mask, secret: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = table.column("raw").combine_chunks().cast(pa.string())
    if mask.function == "sm3_token":
        return table.append_column(
            "masked", pa.array([sm3_token(value, secret) for value in raw.to_pylist()], pa.string())
        )
    hidden = pc.binary_repeat("*", pc.utf8_length(raw))
    return table.append_column(
        "masked", pc.coalesce(cipher(secret, str(mask.args["alphabet"])).encrypt_column(raw), hidden)
    )
