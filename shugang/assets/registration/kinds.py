"""The types of registration that stand on a certificate: what each may alter, and when it may be applied for.

National rule (国数综政策〔2026〕35号): 变更 only while neither the subject nor the source changes materially; 续期 within its
window; 转让 leaves nothing of what was transferred with the transferor; a licence is not a transfer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.policy.text import Text

from .ruleset import Rules

LABELS: dict[str, Text] = {
    "initial": Text("首次登记", "First registration"),
    "transfer": Text("转让登记", "Transfer"),
    "licence": Text("许可登记", "Licence"),
    "change": Text("变更登记", "Change"),
    "correction": Text("更正登记", "Correction"),
    "renewal": Text("续期登记", "Renewal"),
    "recognition": Text("采信登记", "Recognition"),
}
# What says for how long; a renewal alters nothing else, a correction none of it.
TERM = frozenset({"validity_years", "right_until", "hold_until", "use_until", "operate_until"})
# Said anew with every application.
FORMAL = frozenset({"declaration", "nonpublication_reason"})
SUBJECT_AND_SOURCE = ("source_kind", "source_certificates", "public_object")


def altered(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The answers that differ, an empty one counting as none."""
    names = (set(before) | set(after)) - FORMAL
    return {n for n in names if _said(before.get(n)) != _said(after.get(n))}


def _said(value: Any) -> Any:
    if value in ("", None, [], False):
        return None
    return sorted(value) if isinstance(value, list) else value if isinstance(value, dict) else str(value)


def wrong_answers(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Text]:
    """Answer → why this type of registration may not alter it."""
    names = altered(before, after)
    if kind == "change":
        return {n: Text(
            "变更登记不能改变数据来源。来源实质变化的，请办理初次登记。",
            "A change may not alter the source. Where it changes materially, please register anew.",
        ) for n in SUBJECT_AND_SOURCE if n in names}  # fmt: skip
    if kind == "renewal":
        return {n: Text(
            "续期登记只延长期限。要修改内容，请办理变更登记。",
            "A renewal only prolongs. To alter the content, please apply for a change.",
        ) for n in sorted(names - TERM)}  # fmt: skip
    if kind == "correction":
        fixed = TERM | {"rights"} | set(SUBJECT_AND_SOURCE)
        return {n: Text(
            "更正登记只改正笔误等错误，不改变权利、期限和来源。请办理变更登记。",
            "A correction mends errors only, not rights, terms or source. Please apply for a change.",
        ) for n in sorted(names & fixed)}  # fmt: skip
    return {}


def nothing_altered(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A change or a correction that alters nothing is none; a renewal always prolongs."""
    return kind in {"change", "correction"} and not altered(before, after)


def window_error(rules: Rules, today: date, last: date) -> Text | None:
    """None while a renewal may be applied for. `last` is the certificate's last day."""
    first, end = rules.renewal_window(last)
    if first <= today <= end:
        return None
    return Text(
        f"续期申请期为{first.isoformat()}至{end.isoformat()}（到期前一日），今天不在期内。逾期未续的自动失效，可以重新登记。",
        f"A renewal may be applied for from {first.isoformat()} to {end.isoformat()}, the day before the end. After the "
        "end the certificate lapses by itself, and you may register anew.",
    )


def beyond(wished: set[str], held: set[str], labels: Mapping[str, Text]) -> Text | None:
    """Nobody passes on a right that he does not hold."""
    missing = [labels[r] for r in labels if r in wished - held]
    if not missing:
        return None
    return Text(
        f"来源凭证没有{'、'.join(t.zh for t in missing)}，不能登记超出来源的权利。请去掉，或先取得该项权利。",
        f"The source certificate does not carry: {', '.join(t.en for t in missing)}. No right goes beyond its source. "
        "Please drop it, or obtain it first.",
    )
