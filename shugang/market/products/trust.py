"""The trust strip of a product: registration, quality, compliance, level; each with who says so and its proof."""

from __future__ import annotations

from dataclasses import replace

from shugang.assets import standing
from shugang.delivery.datasets.standing import Fact
from shugang.kernel import clock, sequencer
from shugang.policy.text import Text

from ..listing.checklist import PERSONAL, counts
from .known import Read
from .models import DataProduct


def public_trust(product: DataProduct, read: Read) -> list[Fact]:
    """登记 · 质量 · 合规 · 分级: what is there, with its issuer and proof; what is not, said as not evaluated. Then what wings
    above tell."""
    own = [standing.registered(product.certificate), _quality(product, read), _compliance(read), _level(read)]
    return [*own, *(found.fact for found in read.told)]


def _quality(product: DataProduct, read: Read) -> Fact:
    said = read.application.get("quality") or product.spec.get("quality", "")
    short = said if len(said) <= 60 else said[:59] + "…"
    stated = Text(f"供方自述：{short}", f"Supplier says: {short}") if said else Text("供方没有说明", "No statement")
    return standing.quality(read.quality, read.proofs, stated)


def _compliance(read: Read) -> Fact:
    label, opinion = Text("合规", "Compliance"), read.opinion
    if opinion is None:
        return Fact(label, Text("未评价", "Not evaluated"), Text("尚无合规意见", "No opinion yet"))
    tally, day = counts(opinion.content["answers"]), opinion.signed_at.astimezone(clock.zone()).date().isoformat()
    value = Text(
        f"{tally['pass']}项符合，{tally['na']}项不适用", f"{tally['pass']} comply, {tally['na']} not applicable"
    )
    name, name_en = opinion.agency.name, opinion.agency.name_en or opinion.agency.name
    if opinion.state == "withdrawn":
        detail = Text(f"{name}，已撤回", f"{name_en}, withdrawn")
    else:
        detail = Text(f"{name}，{day}签署", f"{name_en}, signed {day}")
    event = read.proofs.get(opinion.case_id)
    return Fact(
        label, value, detail, sequencer.proof_state(event), f"/reports/{opinion.number}" if opinion.public else "",
        event.log_index if event else None,
    )  # fmt: skip


def _level(read: Read) -> Fact:
    """The level by the grading in force, with the security review that rests on it; without one, the supplier's statement."""
    said = dict(PERSONAL).get(read.application.get("personal", ""))
    stated = Text("供方没有声明", "No statement")
    if said:
        stated = Text(f"供方声明：{said.zh}", f"Supplier states: {said.en}")
    fact, review = standing.graded(read.grading, read.proofs, stated), read.review
    if not fact.proof or review is None or review.passed_at is None:
        return fact
    day = review.passed_at.astimezone(clock.zone()).date().isoformat()
    detail = Text(f"{fact.detail.zh}；安全审查{day}通过", f"{fact.detail.en}; security review passed {day}")
    return replace(fact, detail=detail)
