"""Key columns: declared by the supplier, held to be complete and unique before a version with them exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from shugang.policy.lowering import quote

from .refusals import bad_columns, broken

MAX_KEYS = 8


def check_key_names(keys: Sequence[str], names: Sequence[str]) -> None:
    """Raises Refusal `bad_columns`."""
    if len(keys) > MAX_KEYS or len(set(keys)) != len(keys):
        raise bad_columns(
            f"主键字段不能重复，最多{MAX_KEYS}个。", f"Key columns must differ, and be {MAX_KEYS} at most."
        )
    if unknown := sorted(set(keys) - set(names)):
        raise bad_columns(f"没有名为“{unknown[0]}”的主键字段。", f"There is no key column “{unknown[0]}”.")


def check_keys(path: Path, keys: Sequence[str], names: Sequence[str], memory_mb: int) -> None:
    """Raises Refusal `bad_key` with the rows (counted from 1, without the header), `bad_columns`."""
    check_key_names(keys, names)
    columns = ", ".join(quote(key) for key in keys)
    rows = f"(SELECT {columns}, file_row_number + 1 AS place FROM read_parquet($file, file_row_number => true))"  # noqa: S608 quoted
    with duckdb.connect(config={"threads": "2", "memory_limit": f"{memory_mb // 2}MB"}) as connection:
        connection.execute("SET temp_directory = 'spill'; SET preserve_insertion_order = false")
        empty = " OR ".join(f"{quote(key)} IS NULL" for key in keys)
        missing = connection.execute(f"SELECT min(place) FROM {rows} WHERE {empty}", {"file": str(path)}).fetchone()  # noqa: S608
        if missing and missing[0] is not None:
            raise broken(
                f"第{missing[0]}条数据的主键为空。主键字段每行都要有值。",
                f"The key of data row {missing[0]} is empty. A key column needs a value in each row.",
                "bad_key",
            )
        twice = connection.execute(
            f"SELECT min(place) AS first, max(place) FROM {rows} GROUP BY {columns} HAVING count(*) > 1 "  # noqa: S608
            "ORDER BY first LIMIT 1",
            {"file": str(path)},
        ).fetchone()
    if twice is not None:
        raise broken(
            f"第{twice[0]}条和第{twice[1]}条数据的主键相同。请去重，或改选能唯一确定一行的字段。",
            f"Data rows {twice[0]} and {twice[1]} have the same key. Please remove one, or choose columns that tell rows apart.",
            "bad_key",
        )
