"""Columns and the families of their types. Delta, Spark, Arrow and DuckDB spellings are understood."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shugang.policy.codec import Fields, Json

_SPELLINGS: dict[str, str] = {
    "whole": "byte short int integer long tinyint smallint bigint hugeint int1 int2 int4 int8 int16 "
    "int32 int64 "
    "uint8 uint16 uint32 uint64 utinyint usmallint uinteger ubigint",
    "fraction": "decimal numeric double float float4 float8 real float32 float64",
    "text": "string varchar text char utf8 large_string large_utf8",
    "date": "date date32",
    "time": "timestamp timestamp_ntz datetime timestamp_ms timestamp_us timestamp_s",
    "flag": "boolean bool",
}
FAMILIES: dict[str, str] = {name: family for family, names in _SPELLINGS.items() for name in names.split()}


@dataclass(frozen=True)
class Column:
    """One column of a dataset version: `type` as the engine names it, `comment` for people."""

    name: str
    type: str
    comment: str = ""

    @property
    def family(self) -> str:
        """whole, fraction, text, date, time, flag; `other` where nothing is known, and then little is
        allowed.

        Times with a zone and lists are `other`: cutting or comparing them would depend on a session's
        setting.
        """
        name = re.fullmatch(r"([a-z0-9_]+)(?:\(\d+(?:, *\d+)?\))?", self.type.strip().lower())
        return FAMILIES.get(name[1], "other") if name else "other"

    def to_json(self) -> Json:
        return {"name": self.name, "type": self.type, "comment": self.comment}

    @classmethod
    def from_json(cls, data: object, where: str = "column") -> "Column":
        if isinstance(data, dict) and "comment" not in data:
            data = {**data, "comment": ""}
        f = Fields(data, where, {"name", "type", "comment"})
        return cls(f.text("name"), f.text("type"), f.text("comment"))


def as_columns(columns: Iterable[Column | Mapping[str, Any]]) -> tuple[Column, ...]:
    """Columns from objects or their JSON."""
    return tuple(c if isinstance(c, Column) else Column.from_json(dict(c)) for c in columns)
