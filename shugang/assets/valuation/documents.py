"""The appraisal report: a signed PDF in the order of contents of 《资产评估执业准则——资产评估报告》.

声明、摘要、委托人和使用人、目的、对象和范围、价值类型、基准日、依据、方法、程序实施过程、假设、结论、特别事项、使用限制、报告日、签名.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.evidence import scan
from shugang.kernel import clock, sequencer
from shugang.policy.text import Text
from shugang.ui import formats
from shugang.ui.documents import DocumentError, render_pdf

from ..registration import sealing
from ..registration.documents import industry_label
from . import working
from .form import METHODS
from .guards import last_paper
from .models import Appraisal, WorkingPaper

__all__ = ["DocumentError", "read", "write"]
BASES = (
    "《中华人民共和国资产评估法》",
    "《资产评估基本准则》（财资〔2017〕43号）",
    "《数据资产评估指导意见》（中评协〔2023〕17号）",
    "《资产评估执业准则——资产评估报告》《资产评估执业准则——资产评估方法》《资产评估执业准则——资产评估档案》",
    "委托人提供的资料，登记凭证，以及评估底稿所列的取价依据",
)
STATEMENT = (
    "本资产评估报告依据财政部发布的资产评估基本准则和中国资产评估协会发布的执业准则编制。",
    "委托人或者其他资产评估报告使用人应当按照法律、行政法规规定和本报告载明的使用范围使用本报告；违反规定使用的，评估机构和评估专业人员不承担责任。",
    "本报告仅供委托人、委托合同约定的其他使用人和法律、行政法规规定的使用人使用；除此之外，任何机构和个人不能成为本报告的使用人。",
    "评估结论不等同于评估对象可实现价格，不应当被认为是对评估对象可实现价格的保证。",
    "评估结论是评估价值，不是入账成本；数据资源的会计处理按财会〔2023〕11号另行办理。",
)
LIMITS = (
    "本报告只能用于载明的评估目的和应用场景。",
    "未征得评估机构同意，报告的内容不得被摘抄、引用或者披露于公开媒体，法律、行政法规规定以及相关当事人另有约定的除外。",
)


def _part(title: str, *text: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "text": [t for t in text if t], **more}


def _table(table: working.Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "facts": table.facts,
        "columns": [{"label": label, "align": "right" if right else "left"} for label, right in table.columns],
        "lines": table.lines,
    }


def _method_parts(paper: WorkingPaper) -> dict[str, Any]:
    tables = working.method_tables(paper.result)
    reasons = []
    for name, label in METHODS.items():
        chosen = "选用" if name in tables else "未选用"
        reasons.append(f"{label.zh}（{chosen}）：{paper.form[f'{name}_reason']}")
    return _part("七、评估方法", *reasons, tables=[_table(t) for t in tables.values()])


def _conclusion_part(paper: WorkingPaper) -> dict[str, Any]:
    tables = [_table(working.conclusion_table(paper.result))]
    bars = []
    if found := paper.result["uncertainty"]:
        tables += [_table(t) for t in working.uncertainty_tables(found)]
        edges, counts = found["edges_fen"], found["counts"]
        bars = [
            {"label": working.yuan((a + b) // 2), "size": n} for a, b, n in zip(edges, edges[1:], counts, strict=False)
        ]
    return _part("十、评估结论", tables=tables, bars=bars, bars_title="蒙特卡洛模拟的分布（组中值，次数）")


def parts(appraisal: Appraisal, paper: WorkingPaper) -> list[dict[str, Any]]:
    asset, version, said = appraisal.asset, appraisal.asset.dataset_version, appraisal.content
    assert said is not None and appraisal.valid_until is not None and appraisal.issued_at is not None
    form, value = appraisal.form, working.yuan(paper.result["conclusion"]["value_fen"])
    last = appraisal.valid_until.astimezone(clock.zone()).date().isoformat()
    issued = appraisal.issued_at.astimezone(clock.zone()).date().isoformat()
    purpose, kind = working.PURPOSE_LABELS[form["purpose"]].zh, working.VALUE_TYPE_LABELS[form["value_type"]].zh
    rights = "、".join(
        {"HOLD": "持有权", "USE": "使用权", "OPERATE": "经营权"}[r.right] for r in asset.rights.order_by("pk")
    )
    object_facts: list[tuple[str, Any]] = [
        ("数据名称", asset.name), ("资产编号", asset.number), ("登记凭证", said["certificate"]), ("数据概述", asset.summary),
        ("数据集与版本", f"{version.dataset.number} v{version.version}"),
        ("规模", f"{version.rows:,}行，{version.columns.count()}个字段" if version.rows is not None else None),
        ("版本摘要（SHA-256）", version.sha256 or version.schema_digest),
        ("权利", rights), ("出处与许可", "；".join(x for x in (version.dataset.origin, version.dataset.licence) if x) or None),
        ("所属行业", industry_label(f"{asset.industry}{asset.division:02d}")), ("应用场景", form["scenario"]),
    ]  # fmt: skip
    return [
        _part("声明", *STATEMENT),
        _part("摘要", f"{said['appraiser']['name']}接受{said['client']['name']}的委托，以{purpose}为目的，对“{asset.name}”"
              f"在{said['base_date']}的{kind}进行评估，结论为{value}。", f"报告有效期至{last}。"),
        _part("一、委托人、权利人和报告使用人", facts=[
            ("委托人", f"{said['client']['name']}（{said['client']['uscc']}）"),
            ("权利人", f"{said['holder']['name']}（{said['holder']['uscc']}）"),
            ("报告使用人", "委托人，以及法律、行政法规规定的使用人")]),
        _part("二、评估目的", purpose),
        _part("三、评估对象和评估范围", "信息属性、法律属性和价值属性如下。", facts=object_facts),
        _part("四、价值类型", kind),
        _part("五、评估基准日", said["base_date"]),
        _part("六、评估依据", *BASES),
        _method_parts(paper),
        _part("八、评估程序实施过程和情况", *_process(appraisal, paper),
              facts=working.quality_facts(paper.result["quality"], paper.form)),
        _part("九、评估假设", *paper.form["assumptions"].splitlines()),
        _conclusion_part(paper),
        _part("十一、特别事项说明", *paper.form["special"].splitlines()),
        _part("十二、资产评估报告使用限制说明", *LIMITS, f"评估结论自评估基准日起有效，至{last}止。",
              f"评估档案保存至{said['archive_until']}以后（资产评估法第二十九条）。"),
        _part("十三、资产评估报告日", issued),
    ]  # fmt: skip


def _process(appraisal: Appraisal, paper: WorkingPaper) -> list[str]:
    """The steps as the record has them, by day."""
    said = {
        "accept": "接受委托，声明独立",
        "complete": "编制底稿并提交复核",
        "pass_review": "内部复核通过",
        "return": "复核退回修改",
    }
    lines = []
    for vote in appraisal.case.votes.filter(transition__in=said).order_by("pk"):
        lines.append(f"{vote.at.astimezone(clock.zone()).date().isoformat()}：{said[vote.transition]}。")
    lines.append(f"底稿第{paper.version}版，摘要（SHA-256）{paper.digest}。")
    return lines


def _data(appraisal: Appraisal, receipt: dict[str, Any]) -> dict[str, Any]:
    paper, event, said = last_paper(appraisal), appraisal.event, appraisal.content
    assert paper is not None and event is not None and said is not None
    url = f"{settings.SHUGANG_PUBLIC_URL}/verify/{appraisal.number}"
    signatures = [
        {"name": s.name, "qualification": s.qualification, "signed_at": s.signed_at, "algorithm": s.signature["algorithm"],
         "digest": formats.grouped(s.digest)} for s in appraisal.signatures.order_by("pk")
    ]  # fmt: skip
    return {
        "lang": "zh",
        "number": appraisal.number,
        "title": "数据资产评估报告",
        "issuer": said["appraiser"]["name"],
        "statement": f"{said['asset']['name']}",
        "facts": [(Text("评估机构备案号", "Filing number"), said["filing"])],
        "parts": parts(appraisal, paper),
        "signatures": signatures,
        "digest": event.sha256,
        "log_entry": f"{settings.SHUGANG_LOG_ORIGIN} 第{event.log_index}号",
        "verify_url": url,
        "short_address": url,
        "qr": scan.pack(url, receipt),
    }


def _folder() -> Path:
    path = Path(settings.VAR_DIR) / "appraisals"
    path.mkdir(parents=True, exist_ok=True)
    return path


def write(appraisal: Appraisal) -> tuple[str, str]:
    """Render, sign and store the PDF; returns its file name and SHA-256. Raises DocumentError."""
    assert appraisal.event is not None
    receipt = sequencer.receipt_for(appraisal.event, show_content=False)
    if receipt is None:
        raise DocumentError(f"appraisal {appraisal.number} is not anchored yet")
    pdf = render_pdf("appraisal", _data(appraisal, receipt), created=appraisal.issued_at)
    signed = sealing.sign(pdf, "数据资产评估报告")
    digest = hashlib.sha256(signed).hexdigest()
    name = f"{appraisal.number}-{digest[:16]}.pdf"
    temporary = _folder() / f".{name}.{os.getpid()}"
    temporary.write_bytes(signed)
    temporary.replace(_folder() / name)
    return name, digest


def read(appraisal: Appraisal) -> bytes | None:
    """The stored PDF, or None when there is none yet or the file is no longer the one that was issued."""
    if not appraisal.pdf_path:
        return None
    path = _folder() / appraisal.pdf_path
    data = path.read_bytes() if path.exists() else b""
    return data if hashlib.sha256(data).hexdigest() == appraisal.pdf_sha256 else None
