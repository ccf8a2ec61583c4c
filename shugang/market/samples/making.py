"""The file of a hosted product's first rows, and the source that a sample's grant reads.

The rows are raw, as the vault keeps them: the plane masks what leaves, under the grant's terms, with its own keys.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from shugang.delivery.grants.sources import file_name
from shugang.delivery.vault.receiving import waiting_room
from shugang.delivery.vault.store import store
from shugang.policy.lowering import lower_select, parquet
from shugang.policy.sources import FileSource
from shugang.policy.terms import Terms

from ..products.models import DataProduct


def kept_fields(terms: Terms) -> tuple[str, ...]:
    """The granted columns, and those that a condition of the offer names: the plane asks it again."""
    return tuple(dict.fromkeys([*terms.fields, *(row.column for row in terms.rows)]))


def make_file(product: DataProduct, size: int) -> dict[str, Any]:
    """Write the first `size` rows inside the offer to the vault; what stands there by its content is not written twice.

    Carried to a distant store before any transaction. Raises Refusal `vault_unreachable`.
    """
    version, terms = product.dataset_version, product.terms
    fields = kept_fields(terms)
    columns = [c for c in version.policy_columns() if c.name in fields]
    kept = store()
    raw = replace(terms, fields=tuple(c.name for c in columns), masks=(), mark=None)
    sql, params = lower_select(parquet(str(kept.local(version.path, version.sha256))), version.policy_columns(), raw)
    with waiting_room() as folder:
        made = folder / "sample.parquet"
        with duckdb.connect(config={"threads": "1", "memory_limit": "512MB"}) as connection:
            connection.execute(f"COPY ({sql} LIMIT {int(size)}) TO '{_quoted(made)}' (FORMAT parquet)", params)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        dataset = version.dataset.number
        kept.send(made, dataset, digest)
        path = f"{dataset}/samples/{digest}.parquet"
        kept.put(made, path)
    return FileSource(
        name=file_name(f"{product.name}（样本）"), dataset=dataset, version=version.version, path=path, sha256=digest,
        columns=tuple(columns),
    ).to_json()  # fmt: skip


def _quoted(place: Path) -> str:
    return str(place).replace("'", "''")
