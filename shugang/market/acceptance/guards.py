"""What a step of an acceptance asks beyond duty and state."""

from __future__ import annotations

import hashlib

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from .forms import files_of
from .models import Acceptance, DeliveryStatement


def acceptance_of(ctx: Context) -> Acceptance:
    return Acceptance.objects.select_related(
        "case",
        "contract__product__asset",
        "contract__buyer",
        "contract__supplier",
        "contract__grant",
        "contract__inquiry__case",
    ).get(case=ctx.case)


def declare(ctx: Context) -> None:
    """The statement is made and signed; what is signed is its content, not the text of the form."""
    row = acceptance_of(ctx)
    number = row.statements.count() + 1
    content = {
        "kind": "shugang-delivery-v1", "acceptance": row.number, "number": number, "contract": row.contract.number,
        "files": files_of(ctx.data["files"]), "note": ctx.data["note"], "declared_at": iso(clock.now()),
    }  # fmt: skip
    sha256 = hashlib.sha256(canonical(content)).hexdigest()
    statement = DeliveryStatement(
        acceptance=row, number=number, content=content, sha256=sha256, declared_at=clock.now()
    )
    statement.supplier_signature = sign_digest(ctx.actor, sha256, statement.context, ctx.data.pop("own_signature", ""))
    statement.save()
    ctx.data |= {"files": content["files"], "sha256": sha256, "signature": statement.supplier_signature}


def receive(ctx: Context) -> None:
    """The buyer signs the very digest that the supplier signed."""
    statement = acceptance_of(ctx).statements.latest("number")
    made = sign_digest(ctx.actor, statement.sha256, statement.context, ctx.data.pop("own_signature", ""))
    statement.buyer_signature, statement.answered_at = made, clock.now()
    statement.save(update_fields=["buyer_signature", "answered_at"])
    ctx.data |= {"sha256": statement.sha256, "signature": made}


def reduce(ctx: Context) -> None:
    """Only a price that is paid once and not billed yet can be lowered here. Raises Refusal `not_reducible`, `invalid_form`."""
    plan = acceptance_of(ctx).contract.plan
    if plan.kind != "one_off":
        raise Refusal(
            "not_reducible",
            Text(
                "按用量或按期计价的合同，请用补充协议变更价格。",
                "A price by use or by period is changed by an amendment.",
            ),
            409,
        )
    if ctx.data["price_fen"] >= plan.price_fen:
        message = Text("减少后的价款须低于合同价款。", "The price must be lower than the contract's.")
        raise Refusal("invalid_form", message, 422, {"price_fen": message})


def wanted(ctx: Context) -> str:
    """What the buyer asked for in the last objection."""
    last = ctx.case.votes.filter(transition="object").order_by("-id").first()
    return str(last.data["remedy"]) if last else ""


def end_was_asked(ctx: Context) -> None:
    if wanted(ctx) != "end":
        raise Refusal(
            "end_not_asked",
            Text(
                "需方没有要求终止。请重新交付、提出减价，或在合同页提议终止。",
                "The buyer did not ask for the end. Please deliver again, offer a lower price, or propose it on the contract's page.",
            ),
            409,
        )
