"""Verbs of pricing models and estimates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Case
from shugang.kernel.verbs import verb
from shugang.parties.organisations.queries import the_operator
from shugang.policy.text import Text

from ..products.services import own_product, require_supply
from .definition import estimate, number
from .formula import FormulaError, Interval
from .models import Estimate, PricingModel
from .process import MODELLING

MODEL = Text("这个定价模型", "pricing model")
AUTHORS = frozenset({"association", "reviewer"})


def may_author(actor: Actor) -> bool:
    """A handler of a trade association or of a third-party agency."""
    return actor.party_id is not None and bool(AUTHORS & actor.roles) and "handler" in actor.duties


def draft_model(actor: Actor, data: Mapping[str, Any]) -> Case:
    """Draft a pricing model; `data` answers process.MODEL. Its steps are those of the case.

    Raises Refusal `forbidden`, `not_found`, `invalid_form` (with the rule of the formula, factor or example).
    """
    if not may_author(actor):
        raise forbidden(
            "定价模型由行业协会或第三方服务机构的经办编制。",
            "Pricing models are written by a handler of a trade association or third-party agency.",
        )
    members = [("owner", actor.party_id or 0), ("operator", the_operator().pk)]
    return engine.open_case(MODELLING.code, actor, members, str(data.get("title", ""))[:120], data)


def applicable(model: PricingModel, on: date) -> bool:
    return model.state == "published" and model.valid_from <= on <= model.valid_until


def intervals(said: Mapping[str, Any]) -> dict[str, Interval]:
    """Factor → interval from a number, or from two numbers as [low, high] or “low~high”. Raises FormulaError `bad_input`."""
    found = {}
    for name, value in said.items():
        parts = value if isinstance(value, list | tuple) else str(value).replace("～", "~").split("~")
        try:
            ends = [number(part) for part in parts]
            found[str(name)] = Interval(ends[0], ends[1] if len(ends) == 2 else ends[0])
            if len(ends) > 2:
                raise ValueError(name)
        except (ValueError, IndexError):
            raise FormulaError("bad_input", "取值须是一个数，或用“~”连接的两个数。",
                               "A value is one number, or two with “~” between.") from None  # fmt: skip
    return found


@verb
def make_estimate(
    actor: Actor, product_number: str, model_number: str, inputs: Mapping[str, Any], grounds: str, public: bool = False
) -> Estimate:
    """Apply a published model to one's own product; the range and its working are kept, earlier ones stay.

    `inputs`: factor → a number or a range; `grounds`: where they come from. Raises Refusal `forbidden`, `not_found`,
    `model_not_in_force`, `wrong_kind_of_product`, `invalid_form`.
    """
    require_supply(actor)
    product = own_product(actor, product_number)
    model = PricingModel.objects.visible_to(actor).select_related("case", "owner", "replaces__case").filter(
        case__number=model_number).first()  # fmt: skip
    if model is None:
        raise not_found(MODEL)
    if not applicable(model, clock.today()):
        raise Refusal(
            "model_not_in_force",
            Text("这个模型未发布、已被取代、已撤回或不在适用期，请另选。", "The model is not published, or superseded, withdrawn or out of its validity."),
            409,
        )  # fmt: skip
    if (model.sector, model.type) != (product.sector, product.type):
        raise Refusal(
            "wrong_kind_of_product",
            Text("这个模型适用于其他行业或产品类型，请另选。", "This model is for another sector or type of product."),
            422,
        )
    if not 4 <= len(grounds.strip()) <= 400:
        message = Text("请写明取值的依据，4至400字。", "Please say in 4 to 400 characters where the values come from.")
        raise Refusal("invalid_form", message, 422, {"grounds": message})
    try:
        found = estimate(model.definition, intervals(inputs))
    except FormulaError as error:
        raise Refusal("invalid_form", error.text, 422, {"inputs": error.text}) from error
    row = Estimate.objects.create(
        product=product, model=model, inputs={k: str(v) if not isinstance(v, list) else v for k, v in inputs.items()},
        grounds=grounds.strip(), low_e8=found.low_e8, mid_e8=found.mid_e8, high_e8=found.high_e8, public=public,
        working=[[step.text, f"{step.value.low:.8f}", f"{step.value.high:.8f}"] for step in found.steps],
        person_id=actor.person_id, made_at=clock.now(),
    )  # fmt: skip
    told = {
        "model": model.number,
        "version": model.version,
        "low_e8": row.low_e8,
        "high_e8": row.high_e8,
        "public": public,
    }
    emit("product.estimated", actor, [*product.event_refs(), *model.event_refs()], told)
    return row
