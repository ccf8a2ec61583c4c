"""The comparisons of use: the plane's books ↔ use records ↔ what the buyer signed. Counts, in their own units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shugang.delivery.acknowledgements import matching
from shugang.delivery.acknowledgements import statement as form
from shugang.delivery.acknowledgements.models import Acknowledgement
from shugang.delivery.metering import books, chains
from shugang.policy.text import Text

from .report import Check, Open

_RECORDS = Text("用量记录", "Use records")
_UNITS = {"records": "records", "delivered": "calls", "charged": "calls", "rows": "rows", "bytes": "bytes"}


def sequence() -> Iterator[Check]:
    """Every record that control acknowledged is here, numbered and chained: a missing one is a gap."""
    for plane in chains.planes():
        where: dict[str, Any] = {"unit": "records", "look": f"/desk/usage/{plane.plane}/{plane.newest}"}
        stated = Text("节点日志已确认", "Acknowledged of the plane's journal")
        yield Check("sequence", plane.plane, stated, plane.acknowledged, _RECORDS, plane.records, **where)
        newest = Text("最后一条的编号", "Number of the last one")
        yield Check("sequence", plane.plane, newest, plane.newest, _RECORDS, plane.records, **where)
    for gap in chains.gaps():
        label = Text(
            f"授权内编号（断在第{gap.first_after}条之前）", f"Numbers within the grant (gap before {gap.first_after})"
        )
        look = f"/desk/usage?grant={gap.grant}"
        yield Check("sequence", gap.grant, label, gap.newest, _RECORDS, gap.records, "records", look=look)
    for each in chains.breaks():
        label = Text(f"哈希链断开（首处在第{each.seq}条）", f"Broken links of the chain (first at {each.seq})")
        look = f"/desk/usage/{each.plane}/{each.seq}"
        zero = Text("应为零", "Must be 0")
        yield Check("sequence", each.plane, label, each.links, zero, 0, "records", look=look)


def journal(contract: str = "") -> Iterator[Check]:
    """What each plane says in its own books against the records that it sent, per grant."""
    stated, recorded = Text("节点自己的账", "The plane's own books"), _RECORDS
    for row in books.compared(contract):
        where = {"contract": row.contract, "period": row.period, "look": f"/desk/usage?grant={row.grant}"}
        for name, left, right in row.sides:
            unit = name.removeprefix("charged_").removeprefix("uncharged_")
            note = books.LABELS[name]
            left_text = Text(f"{stated.zh}：{note.zh}", f"{stated.en}: {note.en}")
            yield Check("journal", row.grant, left_text, left, recorded, right, unit, **where)


def stated_until() -> Iterator[Open]:
    """Records that came after the plane's last books: the next ones will hold them."""
    for plane, count, since in books.waiting():
        yield Open("unstated", plane, count, since, "records")


def signed(contract: str = "", heads: bool = True) -> Iterator[Check]:
    """What each buyer signed against the records of those numbers now; `heads`: their hashes too."""
    counts = matching.counts(contract)
    found = matching.heads(contract) if heads else {}
    rows = Acknowledgement.objects.filter(pk__in=counts) if contract else Acknowledgement.objects.all()
    for row in rows.order_by("pk").iterator(chunk_size=2000):
        said = row.statement
        where: dict[str, Any] = {
            "contract": said["contract"],
            "period": f"{said['from'][:10]}/{said['to'][:10]}",
            "look": f"/desk/acknowledgements/{row.number}",
        }
        for name, value in counts.get(row.pk, {}).items():
            label = form.LABELS[name]
            yield Check(
                "signed", row.number, Text(f"需方签收：{label.zh}", f"Signed: {label.en}"), said[name], _RECORDS, value,
                _UNITS[name], **where,
            )  # fmt: skip
        if heads and row.pk in counts:
            label = Text("签收的记录（按哈希）", "Signed records, by their hashes")
            same = said["records"] if found.get(row.pk, form.START) == said["head"] else 0
            yield Check("signed", row.number, label, said["records"], _RECORDS, same, "records", **where)


def unsigned(contract: str = "") -> Iterator[Open]:
    for each in matching.unsigned(contract):
        yield Open("unsigned", each.grant, each.newest - each.signed, None, "records")
