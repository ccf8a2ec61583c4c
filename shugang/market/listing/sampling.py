"""The public sample of a product: a few rows as the offered terms would deliver them, made once, at listing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from shugang.policy.lowering import lower_select, parquet
from shugang.policy.vocabulary import Mask

from ..products.models import DataProduct

MAX_ROWS = 5


def make_sample(product: DataProduct, rows: int) -> dict[str, Any] | None:
    """{columns, rows} of at most five rows, masked; None when none were asked for or the data is not kept here.

    Columns replaced by keyed tokens would need the plane's secret, so they are left empty in a sample.
    """
    version = product.dataset_version
    if rows < 1 or not version.path:
        return None
    file = Path(settings.VAR_DIR) / "vault" / version.path
    if not file.exists():
        return None
    terms = product.terms
    masks = [Mask(m.column, "redact") if "key_id" in m.args else m for m in terms.masks]
    sql, params = lower_select(parquet(str(file)), version.policy_columns(), replace(terms, masks=tuple(masks)))
    with duckdb.connect(config={"enable_external_access": True, "threads": 1}) as connection:
        found = connection.execute(f"SELECT * FROM ({sql}) LIMIT {min(rows, MAX_ROWS)}", params).fetchall()  # noqa: S608
    return {
        "columns": list(terms.fields),
        "rows": [[_plain(v) for v in row] for row in found],
    }


def _plain(value: Any) -> str | int | bool | None:
    """JSON without floats: fractions and times as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)
