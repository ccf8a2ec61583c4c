"""Uploading: convert first, outside any transaction; then one short verb puts the file and its row in place."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..datasets.models import Dataset, DatasetVersion
from ..datasets.services import ColumnFact, add_version, own_dataset
from ..gates import DATASET, require_supply
from .receiving import CHUNK, Received, fsync_folder, receive, vault_root, waiting_room
from .refusals import broken
from .tables import Made, convert


def upload_version(
    actor: Actor,
    dataset_number: str,
    stream: BinaryIO,
    filename: str,
    comments: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    personal: Iterable[str] = (),
) -> DatasetVersion:
    """A new version of the acting supplier's hosted data set from a CSV, .csv.gz or Parquet stream.

    `comments`: column → words; `types`: column → declared type; `personal`: columns with personal information.
    On any refusal nothing remains, neither file nor row. Raises Refusal `forbidden`, `not_found`, `not_hosted`,
    `file_too_large` (413), `wrong_file_type`, `empty_file`, `bad_encoding`, `broken_csv`, `broken_file`,
    `bad_columns`, `no_rows`, `unchanged`.
    """
    party = require_supply(actor)
    _hosted(Dataset.objects.filter(number=dataset_number, party_id=party).first())
    with waiting_room() as folder:
        received = receive(stream, filename, folder)
        made = convert(received, folder, types or {})
        columns = _described(made.columns, comments or {}, set(personal))
        digest = _seal(made.path)
        return _record(actor, dataset_number, received, made, columns, digest)


def _hosted(dataset: Dataset | None) -> Dataset:
    if dataset is None:
        raise not_found(DATASET)
    if dataset.hosting != Dataset.Hosting.HOSTED:
        raise Refusal(
            "not_hosted",
            Text(
                "这是连接数据集，数据留在您的系统，不需要上传。请在“数据连接”登记查询。",
                "This data set stays in your system; it takes no upload. Please register a query under Connections.",
            ),
            409,
        )
    return dataset


def _described(columns: list[ColumnFact], comments: Mapping[str, str], personal: set[str]) -> list[ColumnFact]:
    names = {c.name for c in columns}
    if unknown := sorted((set(comments) | personal) - names):
        raise broken(f"没有名为“{unknown[0]}”的字段。", f"There is no column “{unknown[0]}”.", "bad_columns")
    return [c._replace(comment=str(comments.get(c.name, ""))[:200], personal=c.name in personal) for c in columns]


def _seal(path: Path) -> str:
    """Make the bytes durable and read-only; their SHA-256."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
        os.fsync(file.fileno())
    path.chmod(0o400)
    return digest.hexdigest()


@verb
def _record(
    actor: Actor, number: str, received: Received, made: Made, columns: list[ColumnFact], digest: str
) -> DatasetVersion:
    dataset = _hosted(own_dataset(actor, number))
    last = dataset.latest
    if last is not None and last.sha256 == digest:
        raise Refusal(
            "unchanged",
            Text(
                f"内容与第{last.version}版完全相同，不必重复上传。",
                f"The content equals version {last.version}; nothing to add.",
            ),
            409,
        )
    relative = f"{number}/{(last.version if last else 0) + 1}/data.parquet"
    size = made.path.stat().st_size
    place = vault_root() / relative
    try:
        _put(made.path, place)
        return add_version(
            actor,
            dataset,
            columns,
            {
                "sha256": digest,
                "rows": made.rows,
                "bytes": size,
                "path": relative,
                "source_name": received.name,
                "source_sha256": received.sha256,
            },
        )
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def _put(source: Path, place: Path) -> None:
    """The file is at its place, durably, before the row that names it commits."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.replace(source, place)
    for folder in (place.parent, place.parent.parent, vault_root()):
        fsync_folder(folder)
