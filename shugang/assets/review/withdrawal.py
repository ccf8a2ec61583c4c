"""The basis of personal information is taken back, as a whole or for a batch of people: whatever rests on it stops at once.

个保法 §15: who consented may withdraw, and it must be as easy as consenting; §47: what no longer has a basis is deleted.
The reviews of the data set that stand on the basis are re-opened in the same transaction; the wings above react to that by
holding listings and grants. They come back only when the review has passed on other evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.delivery.models import Dataset
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..grading.services import require_handler
from .checks import evidence
from .form import ANONYMISED, NONE
from .models import BasisWithdrawal, SecurityReview
from .queries import REVIEW, get_review
from .reactions import reopen

WITHDRAWAL = Form(
    1,
    (
        Field("batch", "text", Text("撤回的批次", "Batch"),
              Text("如“2026年3月同意书第2批”；不填为整项依据撤回。", "Such as “consents of March 2026, batch 2”; the whole basis if left empty."),
              required=False, max_length=120),
        Field("reason", "textarea", Text("理由", "Reason"),
              Text("写明谁在何时撤回；不写姓名等个人信息。", "Who withdrew and when; no names or other personal information."), max_length=300),
        Field("confirmed", "bool", Text("我知道有关产品和授权将立即停止", "I know that listings and grants stop at once")),
    ),
)  # fmt: skip


def lawful_basis(review: SecurityReview) -> str:
    """The basis that can be withdrawn; "" for data without personal information, or anonymised."""
    basis = str(review.form.get("personal_basis", ""))
    return "" if basis in (NONE, ANONYMISED) else basis


@verb
def withdraw_basis(actor: Actor, number: str, form: Mapping[str, Any]) -> BasisWithdrawal:
    """By the holder, from a security review that names the basis. Raises Refusal `forbidden`, `not_found`, `no_basis`,
    `invalid_form`."""
    require_handler(actor)
    review = get_review(number, actor)
    dataset = Dataset.objects.select_for_update().get(pk=review.version.dataset_id)
    if dataset.party_id != actor.party_id:
        raise not_found(REVIEW)
    basis = lawful_basis(review)
    if not basis or review.state == SecurityReview.State.CLOSED:
        raise Refusal(
            "no_basis",
            Text("这项审查没有可撤回的个人信息处理依据。", "This review names no basis of personal information that could be withdrawn."),
            409,
        )  # fmt: skip
    given = clean(WITHDRAWAL, form)
    if not given["confirmed"]:
        wrong = Text("请确认您知道后果。", "Please confirm that you know what follows.")
        raise Refusal("invalid_form", wrong, 422, {"confirmed": wrong})
    row = BasisWithdrawal.objects.create(
        dataset=dataset, review=review, basis=basis, batch=given.get("batch", ""), reason=given["reason"],
        evidence=evidence(review.form), text=review.form.get("basis_text", ""), at=clock.now(),
    )  # fmt: skip
    facts = {"basis": basis, "batch": row.batch, "reason": row.reason, "evidence": row.evidence}
    emit("personal_basis.withdrawn", actor, review.event_refs(), facts, review.case)
    resting = SecurityReview.objects.select_related("case", "version").filter(
        version__dataset=dataset, state=SecurityReview.State.PASSED, form__personal_basis=basis
    )
    for found in resting.order_by("pk"):
        reopen(found, f"个人信息处理依据已撤回：{row.batch or '整项'}。{row.reason}")
    return row
