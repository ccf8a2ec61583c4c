"""The forms of an acceptance, and the list of delivered files as people write it."""

from __future__ import annotations

import re
from typing import Any

from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

MOST_FILES = 200
_LINE = re.compile(r"(?P<name>[^|]{1,200})\|\s*(?P<sha256>[0-9a-fA-F]{64})\s*(?:\|\s*(?P<bytes>\d{1,15})\s*)?")

OPEN = Form(
    1,
    (
        Field("inspection_days", "int", Text("验收期（工作日）", "Inspection (working days)"), minimum=1, maximum=120),
        Field("silence", "bool", Text("期满未提异议视为验收", "Silence accepts")),
        Field("rule", "code", Text("验收方式", "Rule")),
    ),
)
OWN = Field(
    "own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
    Text("密钥由平台托管的不填。", "Leave empty if the platform keeps your key."), required=False, max_length=200,
)  # fmt: skip
DECLARE = Form(
    1,
    (
        Field("files", "textarea", Text("交付的文件", "Delivered files"),
              Text("每行一个：文件名 | SHA-256 | 字节数（可不填）。", "One a line: name | SHA-256 | bytes (optional)."), max_length=60_000),
        Field("note", "textarea", Text("交付方式与说明", "How it was delivered"), max_length=800),
        OWN,
    ),
)  # fmt: skip
RECEIVE = Form(1, (OWN,))
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=800),))
REMEDIES = (
    ("redeliver", Text("重新交付", "Deliver again")),
    ("reduce", Text("减少价款", "Lower the price")),
    ("end", Text("终止合同", "End the contract")),
)
OBJECT = Form(
    1,
    (
        Field("reason", "textarea", Text("异议的理由", "Grounds"),
              Text("写明哪些字段或记录、与哪一条约定不符。", "Say which columns or records differ from which agreement."), max_length=2000),
        Field("remedy", "choice", Text("要求", "What you ask for"), choices=REMEDIES),
    ),
)  # fmt: skip
REDELIVER = Form(1, (Field("reason", "textarea", Text("做了什么", "What was done"), max_length=800),))
REDUCE = Form(
    1,
    (
        Field("price_fen", "money", Text("减少后的价款（元）", "Price after the reduction (CNY)"), minimum=0),
        Field("reason", "textarea", Text("说明", "Remark"), max_length=800),
    ),
)


def files_of(text: str) -> list[dict[str, Any]]:
    """The lines of a statement of delivery as data. Raises Refusal `invalid_form` naming the first line that is none."""
    found: list[dict[str, Any]] = []
    for n, line in enumerate((row for row in text.splitlines() if row.strip()), 1):
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise _wrong(
                f"第{n}行不是“文件名 | SHA-256 | 字节数”，请核对。", f"Line {n} is not “name | SHA-256 | bytes”."
            )
        found.append({
            "name": match["name"].strip(), "sha256": match["sha256"].lower(),
            "bytes": int(match["bytes"]) if match["bytes"] else None,
        })  # fmt: skip
    if not 1 <= len(found) <= MOST_FILES:
        raise _wrong(f"请填写1至{MOST_FILES}个文件。", f"Please list 1 to {MOST_FILES} files.")
    if len({f["name"] for f in found}) < len(found):
        raise _wrong("有重复的文件名，请核对。", "A file name stands twice. Please check.")
    return found


def _wrong(zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {"files": Text(zh, en)})
