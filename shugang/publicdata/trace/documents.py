"""The trace as a PDF that the platform signs."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from shugang.assets.registration import sealing
from shugang.delivery.words import word
from shugang.kernel import clock, sequencer
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.documents import render_pdf
from shugang.ui.formats import moment, number

from ..granting import digest_of
from .queries import KINDS, Traced, to_json

TITLE = Text("公共数据使用追溯报告", "Trace of the use of public data")


def _columns(*labels: tuple[Text, int]) -> list[dict[str, object]]:
    """Labels with their shares of the width; the narrowest hold numbers, which stand to the right."""
    return [{"label": label, "align": "left" if width > 2 else "right", "width": width} for label, width in labels]


def pdf(found: Traced) -> bytes:
    english, now = language.is_english(), clock.now()
    last, url = (
        sequencer.current_checkpoint(),
        f"{settings.SHUGANG_PUBLIC_URL}/desk/public-trace/{found.kind}/{found.number}",
    )
    total = found.total

    def at(value: object) -> str:
        return moment(value, english, clock.zone())  # type: ignore[arg-type]

    steps = [
        [b.reference, s["title"], s["who"] or Text("系统按规则自动办理", "by the system, by rule"), at(s["at"]),
         f"#{s['log_index']}" if s["log_index"] is not None else "—"]
        for b in found.bases for s in b.steps
    ]  # fmt: skip
    tables: list[dict[str, Any]] = [
        {"title": Text("依据", "Bases"), "columns": _columns((Text("依据", "Basis"), 4), (Text("编号", "Number"), 4), (Text("授权", "Grants"), 4), (Text("摘要", "Digest"), 4)),
         "lines": [[b.label, b.reference, "、".join(b.grants), b.digest[:16]] for b in found.bases]},
        {"title": Text("审批经过", "How it was approved"),
         "columns": _columns((Text("依据", "Basis"), 5), (Text("步骤", "Step"), 7), (Text("办理人", "By"), 8), (Text("时间", "When"), 6), (Text("存证", "Log"), 2)), "lines": steps},
        {"title": Text("使用", "Use"),
         "columns": _columns((Text("日期", "Day"), 4), (Text("授权", "Grant"), 5), (Text("使用方", "By"), 8), (Text("结果", "Outcome"), 6), (Text("次数", "Uses"), 2), (Text("行数", "Rows"), 2)),
         "lines": [[u["day"].isoformat(), u["grant__number"], u["grant__grantee__name"], word(u["outcome"]), number(u["n"]), number(u["rows"] or 0)]
                   for u in found.uses]},
        {"title": Text("成效", "What came of it"), "columns": _columns((Text("编号", "Number"), 4), (Text("使用方", "By"), 7), (Text("成效", "Result"), 10)),
         "lines": [[o["number"], o["party"].name, o["result"] or o["product"]] for o in found.outcomes]},
    ]  # fmt: skip
    data = {
        "lang": "en" if english else "zh", "number": found.number, "title": TITLE,
        "issuer": settings.SHUGANG_OPERATOR_ORG or Text(settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN), "issued_on": now,
        "facts": [
            [KINDS[found.kind], found.number], [Text("名称", "Name"), Text(found.title, found.title_en or found.title)],
            [Text("授权份数", "Number of grants"), number(len(found.grants))],
            [Text("使用", "Uses"), Text(f"{total['n']:,}次，{total['rows']:,}行", f"{total['n']:,} times, {total['rows']:,} rows")],
        ],
        "tables": [t for t in tables if t["lines"]],
        "notes": [
            Text("本报告按记录生成；使用按密钥计，不记个人姓名，不含数据本身。", "Read from the record; a use is booked on a key, names nobody, and shows no data."),
            Text(f"存证日志记录数：{last.size if last else 0}。每一步可在平台取得离线回执。", f"Entries in the evidence log: {last.size if last else 0}. Each step has an offline receipt."),
        ],
        "printed_at": now, "printed_by": settings.SHUGANG_SITE_SHORT, "digest": digest_of(to_json(found)), "verify_url": url,
    }  # fmt: skip
    return sealing.sign(render_pdf("statement", data, created=now), TITLE.zh)
