"""Looking into the vault: the supplier's own sample, and what terms of use would show of it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any, NamedTuple

import duckdb
import pyarrow.parquet as pq
from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.lowering import lower_select, parquet
from shugang.policy.mask_catalogue import MAPPED
from shugang.policy.masks import apply_mask
from shugang.policy.terms import Terms
from shugang.policy.text import Text

from ..datasets.models import DatasetVersion
from ..datasets.queries import get_version
from .models import ACTIVE, Upload
from .store import store
from .transfer import UPLOADING

SAMPLE_ROWS = 10


def uploads(actor: Actor, dataset: str = "", state: str = "") -> QuerySet[Upload]:
    """The actor's uploads, of one data set and in one state where named."""
    rows: QuerySet[Upload] = Upload.objects.visible_to(actor).select_related("dataset", "version")
    if dataset:
        rows = rows.filter(dataset__number=dataset)
    return rows.filter(state=state) if state else rows


def shown_uploads(actor: Actor, dataset: str) -> QuerySet[Upload]:
    """What the data set's page tells of: uploads under way, and the few last ones that came to nothing."""
    told = [*ACTIVE, Upload.State.REFUSED, Upload.State.EXPIRED]
    return uploads(actor, dataset).filter(state__in=told).order_by("-pk")[:10]


def get_upload(actor: Actor, key: str) -> Upload:
    """Raises Refusal `not_found`."""
    found = uploads(actor).filter(key=key).first()
    if found is None:
        raise not_found(UPLOADING)
    return found


class Sample(NamedTuple):
    """Column names and at most `SAMPLE_ROWS` rows, every cell as text or None."""

    columns: list[str]
    rows: list[list[str | None]]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def own_sample(actor: Actor, number: str, version: int | None = None) -> Sample | None:
    """The first rows of the acting supplier's own data; None for connected data. Raises Refusal `not_found`.

    Nobody else reads by this: the regulator's supervisor sees records of data, never the data itself.
    """
    row = get_version(actor, number, version)
    if not row.path or row.dataset.party_id != actor.party_id:
        return None
    try:
        with pq.ParquetFile(store().local(row.path, row.sha256)) as file:
            batch = next(file.iter_batches(SAMPLE_ROWS), None)
    except FileNotFoundError:  # lost by the disk: the page still tells what was recorded
        return None
    columns = [c.name for c in row.columns.order_by("position")]
    if batch is None:
        return Sample(columns, [])
    return Sample(columns, [[_text(v) for v in r.values()] for r in batch.to_pylist()])


def granted_sample(version: DatasetVersion, terms: Terms, limit: int = 5) -> Sample:
    """What a grant of `terms` would show of the first rows: granted columns only, filtered and masked.

    Tokens are made with a throw-away key. Raises Refusal `not_hosted`; TermsError where terms and data do not fit.
    """
    if not version.path:
        raise Refusal("not_hosted", Text("连接数据不在平台存放，没有样例。", "Connected data has no sample here."), 422)
    keys = {str(m.args["key_id"]): secrets.token_hex(32) for m in terms.masks if "key_id" in m.args}
    # Of a few rows the mapped masks are made here; preparing them would read the whole column.
    later = {m.column: m for m in terms.masks if m.function in MAPPED}
    now = replace(terms, masks=tuple(m for m in terms.masks if m.column not in later))
    place = str(store().local(version.path, version.sha256))
    sql, params = lower_select(parquet(place), version.policy_columns(), now, keys=keys)
    with duckdb.connect(config={"threads": "1", "memory_limit": "512MB"}) as connection:
        rows = connection.execute(f"{sql} LIMIT {int(limit)}", params).fetchall()
    named = [dict(zip(terms.fields, row, strict=True)) for row in rows]
    shown = [{n: apply_mask(later[n], v, keys) if n in later else v for n, v in row.items()} for row in named]
    return Sample(list(terms.fields), [[_text(v) for v in row.values()] for row in shown])
