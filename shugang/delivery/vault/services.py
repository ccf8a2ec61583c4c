"""Uploading: convert first, outside any transaction; then one short verb puts the file and its row in place."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.verbs import verb
from shugang.policy.text import Text
from shugang.ui.formats import size as shown_size

from ..datasets.models import Dataset, DatasetVersion
from ..datasets.services import ColumnFact, add_version, own_dataset
from ..gates import DATASET, require_supply
from .delta import write_log
from .models import ACTIVE, Upload
from .receiving import UPLOAD, Received, receive, waiting_room
from .refusals import bad_columns
from .running import Converted, Job, convert_now
from .store import store

# How many may wait at once for a file that they sent in one request; others are asked to come again.
_AT_ONCE = threading.BoundedSemaphore(2)


class Wishes(NamedTuple):
    """What the supplier says of a file. `comments`: column → words; `types`: column → declared type; `personal`:
    columns with personal information; `keys`: columns that tell every row apart; `append`: its rows follow those of
    the newest version."""

    comments: Mapping[str, str] = {}
    types: Mapping[str, str] = {}
    personal: Sequence[str] = ()
    keys: Sequence[str] = ()
    append: bool = False


def upload_version(
    actor: Actor,
    dataset_number: str,
    stream: BinaryIO,
    filename: str,
    comments: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    personal: Iterable[str] = (),
    keys: Iterable[str] = (),
    append: bool = False,
) -> DatasetVersion:
    """A new version of the acting supplier's hosted data set from a stream, whose sender waits; see `Wishes`.

    On any refusal nothing remains, neither file nor row. Raises Refusal `forbidden`, `not_found`, `not_hosted`, `busy`
    (503), `file_too_large` (413), `wrong_file_type`, `empty_file`, `bad_encoding`, `broken_csv`, `broken_json`,
    `broken_sheet`, `broken_file`, `bad_columns`, `other_columns`, `bad_key`, `no_rows`, `no_room` (507), `too_heavy`,
    `conversion_failed`, `unchanged`, `version_moved`.
    """
    party = require_supply(actor)
    dataset = hosted(Dataset.objects.filter(number=dataset_number, party_id=party).first())
    wishes = Wishes(comments or {}, types or {}, tuple(personal), tuple(keys), append)
    with waiting_room() as folder:
        received = receive(stream, filename, folder)
        check_quota(party, (folder / UPLOAD).stat().st_size)
        before, job = job_for(dataset, received.name, wishes)
        if not _AT_ONCE.acquire(timeout=20):
            raise busy()
        try:
            made = convert_now(folder, job)
            store().send(made.path, dataset_number, made.sha256)
        finally:
            _AT_ONCE.release()
        return publish(actor, dataset_number, received, made, wishes, before)


def busy() -> Refusal:
    return Refusal(
        "busy",
        Text("正在转换的文件较多，请稍后再传。", "Many files are being converted. Please try again soon."),
        503,
    )


def hosted(dataset: Dataset | None) -> Dataset:
    """Raises Refusal `not_found`, `not_hosted`."""
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


def stored_bytes(party: int) -> int:
    """What a supplier's versions and his unfinished uploads take up."""
    kept = DatasetVersion.objects.filter(dataset__party_id=party).aggregate(n=Sum("bytes"))["n"] or 0
    coming = Upload.objects.filter(party_id=party, state__in=ACTIVE).aggregate(n=Sum("size"))["n"] or 0
    return int(kept + coming)


def check_quota(party: int, size: int) -> None:
    """Raises Refusal `over_quota` (413) where `size` more bytes would be too much."""
    quota = int(settings.SHUGANG_VAULT_QUOTA_BYTES)
    if stored_bytes(party) + size > quota:
        raise Refusal(
            "over_quota",
            Text(
                f"存放总量将超过{shown_size(quota)}的额度。请取消不用的上传，或联系平台运营方提高额度。",
                f"This would exceed your storage of {shown_size(quota)}. Please cancel uploads, or ask the operator.",
            ),
            413,
        )


def job_for(dataset: Dataset, name: str, wishes: Wishes) -> tuple[int, Job]:
    """(the version that the file follows, what the child has to do). Key columns hold on when rows are appended."""
    last = dataset.latest
    if not wishes.append or last is None:
        return last.version if last else 0, Job(name, wishes.types, wishes.keys)
    columns = [(c.name, c.type) for c in last.columns.order_by("position")]
    keys = wishes.keys or last.key_columns
    return last.version, Job(name, {}, keys, (store().local(last.path, last.sha256), columns))


def described(columns: Iterable[tuple[str, str]], wishes: Wishes, last: DatasetVersion | None) -> list[ColumnFact]:
    """Columns with the supplier's words; without any, those of the same column before hold on."""
    columns = list(columns)
    names = {name for name, _ in columns}
    if unknown := sorted((set(wishes.comments) | set(wishes.personal)) - names):
        raise bad_columns(f"没有名为“{unknown[0]}”的字段。", f"There is no column “{unknown[0]}”.")
    before = {c.name: c for c in last.columns.all()} if last and wishes.append else {}
    return [
        ColumnFact(
            name,
            kind,
            str(wishes.comments.get(name, before[name].comment if name in before else ""))[:200],
            name in wishes.personal or (name in before and before[name].personal),
        )
        for name, kind in columns
    ]


@verb
def publish(
    actor: Actor, number: str, received: Received, made: Converted, wishes: Wishes, before: int
) -> DatasetVersion:
    """Record a converted file as the version after `before`. Raises Refusal `unchanged`, `version_moved`."""
    dataset = hosted(own_dataset(actor, number))
    last = dataset.latest
    columns = described(made.columns, wishes, last)
    if last is not None and last.sha256 == made.sha256:
        raise Refusal(
            "unchanged",
            Text(
                f"内容与第{last.version}版完全相同，不必重复上传。",
                f"The content equals version {last.version}; nothing to add.",
            ),
            409,
        )
    if wishes.append and (last.version if last else 0) != before:
        raise Refusal(
            "version_moved",
            Text("转换期间已有新的版本，请重新追加。", "Another version was added meanwhile. Please append again."),
            409,
        )
    appends = wishes.append and last is not None
    relative = f"{number}/{(last.version if last else 0) + 1}/data.parquet"
    kept = store()
    try:
        kept.put(made.path, relative)
        version = add_version(
            actor,
            dataset,
            columns,
            {
                "sha256": made.sha256,
                "rows": made.rows,
                "bytes": made.bytes,
                "path": relative,
                "source_name": received.name,
                "source_sha256": made.source_sha256,
                "key_columns": list(wishes.keys) or (last.key_columns if last and appends else []),
                "appends": appends,
            },
        )
    except BaseException:
        kept.drop(relative)
        raise
    transaction.on_commit(lambda: write_log(dataset), robust=True)
    return version
