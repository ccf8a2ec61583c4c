"""A hosted data set for tests, its file written without an upload."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import duckdb
import pytest

from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.models import Column, DatasetVersion
from shugang.delivery.testing import make_supplier
from shugang.delivery.vault.receiving import vault_root
from shugang.kernel import clock
from shugang.parties.testing import make_signer

CSV = "id,name,amount,day\n" + "".join(
    f"{i},{'n' if i % 10 else ''}{i % 3},{i % 7},2026-01-{1 + i % 28:02d}\n" for i in range(1, 41)
)
DOCUMENT = {
    "keys": ["id"],
    "rules": [
        {"id": "fill", "kind": "filled", "columns": "*"},
        {"id": "one", "kind": "unique", "columns": ["id"]},
        {"id": "span", "kind": "range", "column": "amount", "min": 0, "max": 5, "at_least": 80},
        {"id": "told", "kind": "described"},
        {"id": "asked", "kind": "answered"},
    ],
}


def make_data(text=CSV, name="示例台账", actor=None, table=None):
    """A hosted data set whose file is written at once, without the converting child; of `table`, a file, instead of `text`."""
    actor = actor or make_supplier()[1]
    dataset = create_dataset(actor, name=name)
    data = SimpleNamespace(party=actor.party, actor=actor, dataset=dataset, text=text, signer=make_signer(actor.party))
    data.version = _version(data, 1, False, table)
    return data


def append(data, text):
    """The next version: all rows before, and these."""
    data.text += text.partition("\n")[2]
    data.version = _version(data, data.version.version + 1, True)
    return data.version


def _version(data, number, appends, table=None):
    path = f"{data.dataset.number}/{number}/data.parquet"
    file = vault_root() / path
    file.parent.mkdir(parents=True)
    source = table or file.with_suffix(".csv")
    if table is None:
        source.write_text(data.text)
    with duckdb.connect() as con:
        read = (
            f"'{source}'" if source.suffix == ".parquet" else f"read_csv('{source}', all_varchar={table is not None})"
        )
        con.execute(f"CREATE TABLE t AS FROM {read}")
        con.execute(f"COPY t TO '{file}' (FORMAT parquet)")
        columns = [(r[0], r[1]) for r in con.execute("DESCRIBE t").fetchall()]
        rows = con.execute("SELECT count(*) FROM t").fetchone()[0]
    if table is None:
        source.unlink()
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    version = DatasetVersion.objects.create(
        dataset=data.dataset, version=number, sha256=sha256, rows=rows, bytes=file.stat().st_size, path=path,
        schema_digest="0" * 64, appends=appends, created_at=clock.now(),
    )  # fmt: skip
    for position, (name, kind) in enumerate(columns):
        Column.objects.create(version=version, position=position, name=name, type=kind)
    return version


@pytest.fixture
def data(db):
    return make_data()
