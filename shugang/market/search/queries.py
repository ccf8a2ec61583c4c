"""Where a pasted number leads. Party data stays closed: a number that the reader may not see leads nowhere."""

from __future__ import annotations

import re

from shugang.assets.registration import verify
from shugang.delivery.models import Dataset, Grant
from shugang.kernel import procedure
from shugang.kernel.actors import Actor
from shugang.kernel.models import Case
from shugang.parties.organisations.models import Party
from shugang.settlement.models import Bill

from ..contracts.models import Contract
from ..products.models import DataProduct

_NUMBER = re.compile(r"[A-Z]{1,3}-?[0-9][0-9-]{3,20}")


def looks_like_number(text: str) -> bool:
    return _NUMBER.fullmatch(verify.normalise(text)) is not None


def address_of(text: str, actor: Actor) -> str:
    """The page of the object with this number, or ""."""
    number = verify.normalise(text)
    if DataProduct.objects.filter(number=number, state__in=("listed", "suspended", "delisted")).exists():
        return f"/products/{number}"
    if Party.objects.filter(number=number).exclude(status=Party.Status.DRAFT).exists():
        return f"/parties/{number}"
    if found := _own(number, actor):
        return found
    return f"/verify/{number}" if verify.find(number) else ""


def _own(number: str, actor: Actor) -> str:
    for model, field, pattern in (
        (DataProduct, "number", "/desk/products/{}"),
        (Contract, "number", "/desk/contracts/{}"),
        (Grant, "number", "/desk/grants/{}"),
        (Bill, "number", "/desk/bills/{}"),
        (Dataset, "number", "/desk/datasets/{}"),
    ):
        if model.objects.visible_to(actor).filter(**{field: number}).exists():
            return pattern.format(number)
    case = Case.objects.visible_to(actor).filter(number=number).first()
    if case is None:
        return ""
    return procedure.get(case.procedure).page.format(number)
