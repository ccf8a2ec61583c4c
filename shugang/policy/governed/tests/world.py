"""Three tables with planted secrets, their grants, physically filtered copies, and the corpus of probes."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from shugang.policy.columns import Column
from shugang.policy.governed import Granted
from shugang.policy.lowering import granted_columns, lower_select, quote
from shugang.policy.masks import apply_terms
from shugang.policy.terms import Mask, RowFilter, Terms

LEAST = 5
# What no answer may hold: hidden columns, hidden rows, masked digits, single persons of `staff`.
SECRET = re.compile(r"SECRET|HIDDEN|STAFF-|TINY|8888|987654|7777[0-9]|BJ\b")


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    terms: Terms
    rows: list[dict[str, Any]]
    least: int = 0

    @property
    def raw(self) -> str:
        return f"{self.name}_raw"

    def granted(self, schema: str = "shop") -> Granted:
        columns = granted_columns(self.columns, self.terms)
        return Granted(schema, self.name, tuple((c.name, c.family) for c in columns), self.least)

    def arrow(self) -> pa.Table:
        kinds = {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "VARCHAR": pa.string(), "DATE": pa.date32()}
        kinds |= {"DOUBLE": pa.float64(), "DECIMAL(12,2)": pa.decimal128(12, 2)}
        schema = pa.schema([(c.name, kinds[c.type]) for c in self.columns])
        return pa.Table.from_pylist(self.rows, schema=schema)


def _terms(fields: str, **more: Any) -> Terms:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Terms(("query",), "research", tuple(fields.split()), at, at + timedelta(days=365), **more)


def _columns(text: str) -> tuple[Column, ...]:
    return tuple(Column(*item.split(":")) for item in text.split())


def _people() -> Table:
    rows: list[dict[str, Any]] = []
    for n in range(1, 61):
        shown = n <= 40
        rows.append(
            {
                "id": n,
                "name": f"{'甲乙丙丁'[n % 4]}{n}" if shown else f"HIDDEN-{n}",
                "city": "SZ" if shown else "BJ",
                "age": (20 + n * 7 % 50 if n % 9 else None) if shown else 77770 + n % 10,
                "pay": Decimal(n * 1000),
                "joined": date(2020 + n % 5, 1 + n % 12, 1 + n % 28),
                "phone": f"138{8888 if shown else 9999}{n:04d}",
                "score": n * 1.25 if shown else 987654.25 + n,
                "note": f"SECRET-NOTE-{n}",
            }
        )
    columns = _columns(
        "id:BIGINT name:VARCHAR city:VARCHAR age:INTEGER pay:DECIMAL(12,2) joined:DATE phone:VARCHAR "
        "score:DOUBLE note:VARCHAR"
    )
    terms = _terms(
        "id name city age joined phone score",
        rows=(RowFilter("city", "eq", "SZ"),),
        masks=(Mask("phone", "keep_ends", {"prefix": 3, "suffix": 0}),),
    )
    return Table("people", columns, terms, rows)


def _orders() -> Table:
    rows = [
        {
            "id": n,
            "person": n * 3 % 70 if n % 10 else None,
            "amount": Decimal(n * n % 977) / 4,
            "day": date(2026, 1 + n % 12, 1 + n % 28),
            "code": f"C{n % 6}",
        }
        for n in range(1, 91)
    ]
    columns = _columns("id:BIGINT person:BIGINT amount:DECIMAL(12,2) day:DATE code:VARCHAR")
    return Table("orders", columns, _terms("id person amount day code"), rows)


def _staff() -> Table:
    rows = [
        {
            "name": f"STAFF-{n:02d}",
            "region": "TINY" if n <= 3 else "N" if n <= 20 else "S",
            "pay": Decimal(700_000 + n * n * 131) + Decimal(n) / 100,
            "age": 30 + n % 4,
            "day": date(2026, 1 + n % 3, 1 + n % 28),
            "bonus": Decimal("4242.42") if n == 7 else None,
            "card": f"SECRET-CARD-{n}",
        }
        for n in range(1, 41)
    ]
    columns = _columns(
        "name:VARCHAR region:VARCHAR pay:DECIMAL(12,2) age:INTEGER day:DATE bonus:DECIMAL(12,2) card:VARCHAR"
    )
    return Table("staff", columns, _terms("name region pay age day bonus"), rows, LEAST)


PEOPLE, ORDERS, STAFF = _people(), _orders(), _staff()
TABLES = (PEOPLE, ORDERS, STAFF)
GRANTED = tuple(table.granted() for table in TABLES)


def raw_database() -> duckdb.DuckDBPyConnection:
    """The bases, under other names than the buyer's; what a missed rewrite would read."""
    con = duckdb.connect(config={"threads": "1", "python_enable_replacements": "false"})
    con.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        con.register("given", table.arrow())
        con.execute(f"CREATE TABLE {table.raw} AS SELECT * FROM given")
        con.unregister("given")
    return con


def relations() -> tuple[dict[int, str], dict[str, Any]]:
    """Each granted table as its policy over the base, with the parameters of all."""
    found: dict[int, str] = {}
    params: dict[str, Any] = {}
    for place, table in enumerate(TABLES):
        sql, given = lower_select(quote(table.raw), table.columns, table.terms)
        for name, value in given.items():
            sql = re.sub(rf"\${name}\b", f"$p{place}{name}", sql)
            params[f"p{place}{name}"] = value
        found[place] = f"({sql})"
    return found, params


def copies() -> duckdb.DuckDBPyConnection:
    """The buyer's own copy: tables under his names that hold granted cells and nothing else."""
    con = duckdb.connect(config={"threads": "1", "python_enable_replacements": "false"})
    con.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        if table.least:
            continue
        raw = {c.name: c.type for c in table.columns}
        columns = granted_columns(table.columns, table.terms)
        kinds = [f"{quote(c.name)} {raw.get(c.name) if c.type == raw.get(c.name) else 'VARCHAR'}" for c in columns]
        con.execute(f"CREATE TABLE {table.name} ({', '.join(kinds)})")
        for row in apply_terms(table.rows, table.columns, table.terms):
            con.execute(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(row))})", list(row))
    return con


@dataclass(frozen=True)
class Probe:
    expect: str
    origin: str
    sql: str


def probes() -> Iterator[Probe]:
    text = (Path(__file__).parent / "probes.sql").read_text()
    for block in text.split("### ")[1:]:
        head, _, body = block.partition("\n")
        expect, _, origin = head.partition(" | ")
        # Headings of the file ("-- other tables") are comments and may stay.
        yield Probe(expect.strip(), origin.strip(), body.strip())


def secrets_in(answer: Any) -> list[str]:
    """Secrets that show in the text of an answer: planted words, one person's pay, a bonus that one person has."""
    text = str(answer)
    found = SECRET.findall(text)
    singles = [str(row["pay"]) for row in STAFF.rows] + ["4242.42"]
    return found + [single for single in singles if single in text]


def same_rows(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]) -> bool:
    """Equal as bags; doubles to twelve digits, since the order of adding is free."""
    return Counter(map(_plain, left)) == Counter(map(_plain, right))


def _plain(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(f"{value:.11e}" if isinstance(value, float) else repr(value) for value in row)
