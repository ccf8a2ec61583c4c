"""The broker's page of one mandate: what it may do for the principal, and what waits there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.forms import Field
from shugang.parties.mandates.acts import ACTS
from shugang.parties.mandates.models import Mandate
from shugang.parties.mandates.queries import get_mandate
from shugang.policy.text import Text

from ..http import form_state, member, once, status_of
from ..trade.process import INQUIRY
from . import broking, queries
from .process import DEMAND

FIELDS = (Field("product", "text", Text("产品编号", "Product's number"), max_length=20), *INQUIRY.fields)


def _held(request: HttpRequest, number: str) -> Mandate:
    """A mandate that the acting broker holds. Raises Refusal `not_found`, `forbidden`, `not_a_broker`."""
    actor = member(request)
    mandate = get_mandate(actor, number)
    if mandate.broker_id != actor.party_id or "handler" not in actor.duties:
        raise forbidden("受托事项由经纪机构的经办办理。", "Mandated acts belong to the broker's handler.")
    broking.require_broker(actor)
    return mandate


@require_GET
def work(request: HttpRequest, number: str) -> HttpResponse:
    mandate = _held(request, number)
    states = {s.name: s for s in DEMAND.states}
    demands = [(d, states[d.state]) for d in queries.under_mandate(mandate)]
    waiting = queries.waiting_for(mandate) if mandate.in_force and "answer" in mandate.acts else []
    context: dict[str, Any] = {
        "mandate": mandate, "state": mandate.state, "acts": mandate.acts if mandate.in_force else [], "labels": ACTS, "demands": demands,
        "invitations": [(i, queries.public_name(i.demand, queries.of_party(mandate))) for i in waiting],
    }  # fmt: skip
    return render(request, "market/mandate_work.html", context)


@require_http_methods(["GET", "POST"])
def inquire(request: HttpRequest, number: str) -> HttpResponseBase:
    mandate, actor = _held(request, number), member(request)
    values = {f.name: request.POST.get(f.name, "") for f in FIELDS}
    refusal: Refusal | None = None
    if request.method == "POST":
        asked = {k: values[k] for k in ("purpose", "need")}
        try:
            once(
                request,
                values,
                lambda: {"case": broking.inquire_for(actor, number, values["product"].strip(), asked).number},
            )
            return redirect("mandate-work", number=number)
        except Refusal as error:
            refusal = error
    context = {
        "title": Text("代为询价", "Inquire for the principal"), "lead": f"{mandate.principal.name}　{mandate.number}", "fields": FIELDS, "values": values,
        "effects": [("messages", Text("以委托方名义询价，此后由委托方还价和签约", "The inquiry is the principal's, who negotiates and signs")),
                    ("anchor", Text("记录您的姓名、委托方和委托书编号", "Your name, the principal and the mandate are recorded"))],
        "action_url": request.path, "verb": Text("提交询价", "Send the inquiry"), "back_url": f"/desk/mandates/{number}/work", **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


urlpatterns = [
    path("desk/mandates/<str:number>/work", work, name="mandate-work"),
    path("desk/mandates/<str:number>/inquire", inquire, name="mandate-inquire"),
]
