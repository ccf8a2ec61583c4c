"""Terms lowered to one DuckDB SELECT: exactly the granted columns in order, masked, over the granted rows.

Row filters and the lookup key act on raw values in an inner query that hands out granted columns only;
whatever a buyer adds goes around the whole and can name nothing else. `masks.py` is the reference that the
tests compare with. Masks use `concat(substr …)`, integer bands and dates, which cost about 1.5 times the
raw scan; `format` costs 3 times.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shugang.policy.codec import TermsError, UnknownTerm
from shugang.policy.columns import Column, as_columns
from shugang.policy.mask_catalogue import CATALOGUE
from shugang.policy.pseudonyms import mapping_name
from shugang.policy.text import Text
from shugang.policy.validation import validate
from shugang.policy.vocabulary import Mask, RowFilter, Terms

TOKEN_HEX = 32  # 128 bits; cut so that the inner state of SHA-256 stays hidden and no one can extend a token's input
_KEY = re.compile(r"[0-9a-f]{64}")
_CASTS = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "fraction": "DECIMAL(38, 9)",
    "date": "DATE",
    "time": "TIMESTAMP",
    "flag": "BOOLEAN",
}
_OPERATORS = {"eq": "=", "ne": "<>", "ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
Params = dict[str, Any]


def quote(name: str) -> str:
    """A DuckDB identifier."""
    return '"' + name.replace('"', '""') + '"'


def parquet(path: str) -> str:
    """A relation over a Parquet file of the vault."""
    return "read_parquet('" + path.replace("'", "''") + "')"


def lower_select(
    source_relation: str,
    columns: Iterable[Column | Mapping[str, Any]],
    terms: Terms,
    *,
    keys: Mapping[str, str] | None = None,
    key_column: str | None = None,
) -> tuple[str, Params]:
    """(SQL, named parameters `g0`, `g1`, …) for DuckDB.

    `source_relation` is our own SQL (`quote(name)` or `parquet(path)`), never a person's. `keys` maps the
    key ids of tokens to secrets of 64 hex digits. With `key_column` the caller adds the parameter `key` (as
    text): only rows with that raw value are answered. Masks of `MAPPED` need `pseudonyms.prepare_masks` on the same
    connection first. Raises `TermsError` where terms and columns do not
    fit.
    """
    known = {column.name: column for column in as_columns(columns)}
    validate(terms, known.values())
    binder = _Binder(keys or {})
    conditions = [binder.condition(row, known[row.column]) for row in terms.rows]
    if key_column is not None:
        if key_column not in known:
            raise UnknownTerm(f"key_column={key_column}")
        conditions.append(f"{quote(key_column)} = TRY_CAST($key AS {_cast(known[key_column])})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    inner = f"SELECT {', '.join(map(quote, terms.fields))} FROM {source_relation}{where}"  # noqa: S608 names are quoted
    masks = {mask.column: mask for mask in terms.masks}
    outputs = [binder.output(known[name], masks.get(name)) for name in terms.fields]
    return f"SELECT {', '.join(outputs)} FROM ({inner}) AS granted", binder.params  # noqa: S608 names are quoted


def token_prefix(secret: str) -> str:
    """What a token's input begins with: 128 bits of the key, short enough that most values fit one SHA-256
    block."""
    return hashlib.sha256(secret.encode()).hexdigest()[:TOKEN_HEX]


def granted_columns(columns: Iterable[Column | Mapping[str, Any]], terms: Terms) -> tuple[Column, ...]:
    """The columns of the answer: granted ones in order, with the type that their mask leaves."""
    known = {column.name: column for column in as_columns(columns)}
    masks = {mask.column: mask.function for mask in terms.masks}
    types = {name: CATALOGUE[function].result for name, function in masks.items()}
    return tuple(Column(name, types.get(name) or known[name].type, known[name].comment) for name in terms.fields)


def _cast(column: Column) -> str:
    if column.family not in _CASTS:
        raise UnknownTerm(f"{column.name}:{column.type}")
    return _CASTS[column.family]


class _Binder:
    """Collects parameters while expressions are built."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self.keys = keys
        self.params: Params = {}

    def bind(self, value: object) -> str:
        name = f"g{len(self.params)}"
        self.params[name] = value
        return f"${name}"

    def condition(self, row: RowFilter, column: Column) -> str:
        name = quote(column.name)
        if row.op == "not_null":
            return f"{name} IS NOT NULL"
        values = row.value if isinstance(row.value, tuple) else (row.value,)
        bound = [f"CAST({self.bind(value)} AS {_cast(column)})" for value in values]
        if row.op == "in":
            return f"{name} IN ({', '.join(bound)})"
        return f"{name} {_OPERATORS[row.op]} {bound[0]}"

    def output(self, column: Column, mask: Mask | None) -> str:
        name = quote(column.name)
        if mask is None:
            return name
        return f"{_MASKERS[mask.function](self, name, mask)} AS {name}"

    def keep_ends(self, name: str, mask: Mask) -> str:
        value, prefix, suffix = f"CAST({name} AS VARCHAR)", int(mask.args["prefix"]), int(mask.args["suffix"])
        shown = prefix + suffix
        parts = [f"substr({value}, 1, {prefix})"] if prefix else []
        # What is left of a mobile number by 3+4 and of an identity number by 6+4 stands ready: `repeat` costs more
        # than all the rest of this mask, and CASE runs it for other lengths only.
        ready = " ".join(f"WHEN {shown + hidden} THEN '{'*' * hidden}'" for hidden in (4, 8))
        parts.append(f"CASE length({value}) {ready} ELSE repeat('*', length({value}) - {shown}) END")
        parts += [f"substr({value}, {-suffix}, {suffix})"] if suffix else []
        hidden = f"repeat('*', length({value}))"
        return f"CASE WHEN length({value}) > {shown} THEN concat({', '.join(parts)}) ELSE {hidden} END"

    def redact(self, name: str, mask: Mask) -> str:
        # The dead branch keeps the column's own type, whatever it is.
        return f"CASE WHEN FALSE THEN {name} END"

    def band(self, name: str, mask: Mask) -> str:
        # floor() would make a DOUBLE of a whole number, which is wrong beyond 2**53; a cast rounds, so step down.
        near, width = f"TRY_CAST({name} AS BIGINT)", int(mask.args["width"])
        down = f"CASE WHEN {near} > {name} AND {near} >= {-(2**63) + 1} THEN 1 ELSE 0 END"
        value = f"({near} - {down})"
        lower = f"{value} - ({value} % {width} + {width}) % {width}"
        return f"CASE WHEN {value} >= {-(2**63) + width} THEN {lower} END"

    def truncate_date(self, name: str, mask: Mask) -> str:
        # Whole days back to the first: a fifth of what `date_trunc` costs, which has no such way for quarters.
        day = f"CAST({name} AS DATE)"
        into = {"month": f"day({day})", "year": f"dayofyear({day})"}.get(str(mask.args["unit"]))
        if into is None:
            return f"CAST(date_trunc('quarter', {day}) AS DATE)"
        return f"{day} - CAST({into} - 1 AS INTEGER)"

    def secret(self, mask: Mask) -> str:
        secret = self.keys.get(str(mask.args["key_id"]), "")
        if not _KEY.fullmatch(secret):
            text = Text("缺少生成标识所用的密钥。", "The key that makes tokens is missing.")
            raise TermsError("no_token_key", text, f"masks.{mask.args['key_id']}")
        return secret

    def mapped(self, name: str, mask: Mask) -> str:
        self.secret(mask)
        return f"(SELECT masked FROM {mapping_name(mask)} WHERE raw = CAST(granted.{name} AS VARCHAR))"  # noqa: S608

    def sha256_token(self, name: str, mask: Mask) -> str:
        secret = self.secret(mask)
        # `||` keeps NULL, where concat would turn it into the token of an empty text.
        return f"left(sha256({self.bind(token_prefix(secret))} || CAST({name} AS VARCHAR)), {TOKEN_HEX})"


_MASKERS: dict[str, Callable[[_Binder, str, Mask], str]] = {
    "keep_ends": _Binder.keep_ends,
    "redact": _Binder.redact,
    "band": _Binder.band,
    "truncate_date": _Binder.truncate_date,
    "sha256_token": _Binder.sha256_token,
    "sm3_token": _Binder.mapped,
    "ff1": _Binder.mapped,
}
