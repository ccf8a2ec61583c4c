"""Applying for a listing, taking a product down, and stopping one by order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from shugang.kernel import materials
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.parties.organisations.queries import public_parties
from shugang.policy.text import Text

from ..http import form_state, member, once, status_of
from ..products import queries
from ..products.models import DataProduct
from ..products.services import own_product
from . import reopening, services
from .checklist import APPLICATION

EFFECTS = [
    (
        "clock-hour-4",
        Text(
            "运营机构在期限内受理或一次告知补正", "The venue accepts it in time, or returns it once with every defect"
        ),
    ),
    (
        "signature",
        Text("第三方服务机构核查并签署合规意见，意见公开", "A third party examines it and signs a public opinion"),
    ),
    (
        "world",
        Text("同意上架后，条款、价格、字段字典和样例公开", "Once listed, terms, price, columns and sample are public"),
    ),
    ("anchor", Text("每一步写入存证日志", "Every step is written to the evidence log")),
]
REASON = Field("reason", "textarea", Text("理由", "Reason"), max_length=400)


def _offices() -> list[Field]:
    """Which venue and which third party: choices of admitted parties."""
    venues = tuple((p.number, Text(p.name, p.name_en or p.name)) for p in public_parties("operator").order_by("number"))
    thirds = tuple((p.number, Text(p.name, p.name_en or p.name)) for p in public_parties("reviewer").order_by("number"))
    return [
        Field("operator", "choice", Text("运营机构", "Operator"), choices=venues),
        Field("reviewer", "choice", Text("第三方服务机构", "Third-party reviewer"), choices=thirds),
    ]


@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    product = own_product(actor, number)
    if request.method == "GET":
        return _form(request, product, {}, None)
    values: dict[str, Any] = {f.name: request.POST[f.name] for f in APPLICATION.fields if f.name in request.POST}
    offices = {name: request.POST.get(name, "") for name in ("operator", "reviewer")}
    try:
        upload = request.FILES.get("proof_file")
        if upload is not None and upload.file is not None:
            values["proof_file"] = materials.store(actor, upload.name or "", upload.file)  # type: ignore[arg-type]
        made = once(request, {**values, **offices}, lambda: {"case": services.apply_listing(
            actor, number, offices["operator"], offices["reviewer"], values).number})  # fmt: skip
    except Refusal as refusal:
        return _form(request, product, {**values, **offices}, refusal)
    return redirect(f"/cases/{made['case']}?done=apply")


def _form(request: HttpRequest, product: DataProduct, values: dict[str, Any], refusal: Refusal | None) -> HttpResponse:
    context = {
        "product": product, "fields": APPLICATION.fields, "offices": _offices(), "values": values, "effects": EFFECTS,
        **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/listing_apply.html", context, status=status_of(refusal))


def _act(
    request: HttpRequest, product: DataProduct, title: Text, effects: list[tuple[str, Text]],
    act: Callable[[Actor, str, str], DataProduct], back: str,
) -> HttpResponseBase:  # fmt: skip
    """A step with a reason: the confirmation page, or the act."""
    actor, refusal, reason = member(request), None, request.POST.get("reason", "")
    if request.method == "POST":
        try:
            once(request, reason, lambda: {"state": act(actor, product.number, reason).state})
            return redirect(back)
        except Refusal as error:
            refusal = error
    context = {
        "title": title, "lead": Text(product.name, product.name_en or product.name), "effects": effects, "fields": [REASON],
        "values": {"reason": reason}, "action_url": request.path, "verb": title, "back_url": back, "danger": True,
        **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def delist(request: HttpRequest, number: str) -> HttpResponseBase:
    product = own_product(member(request), number)
    effects = [
        ("eye-off", Text("产品不再能被搜到和询价", "It can no longer be found or inquired about")),
        ("file-text", Text("已生效的合同继续履行到期", "Contracts in force are performed to their end")),
    ]
    return _act(request, product, Text("下架产品", "Take down"), effects, services.delist, f"/desk/products/{number}")


CHANGE = (
    Field("what", "choice", Text("变更的是什么", "What has changed"), choices=tuple(reopening.CHANGES.items())),
    Field("reason", "textarea", Text("说明", "What changed and when"),
          Text("写明变更的内容、日期和依据，公开显示。", "What, when and by which document; shown in public."), max_length=300),
)  # fmt: skip


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, number: str) -> HttpResponseBase:
    """The supplier reports that licence or rights are others now."""
    actor = member(request)
    product = own_product(actor, number)
    values = {f.name: request.POST.get(f.name, "") for f in CHANGE}
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            once(request, values, lambda: {"state": reopening.report_change(actor, number, **values).state})
            return redirect("own-product", number=number)
        except Refusal as error:
            refusal = error
    effects = [
        ("player-pause", Text("产品暂停交易，重新审查通过后恢复", "No new deals until it has been reviewed again")),
        ("file-text", Text("许可已终止的，已生效的授权随即暂停", "Where the licence has ended, grants in force stop at once")),
        ("send", Text("随后在产品页重新申请上架，写明新的许可链条", "Then apply for a new review with the new chain of licences")),
    ]  # fmt: skip
    context = {
        "title": Text("报告许可或权利变更", "Report a change of licence or rights"), "lead": Text(product.name, product.name_en or product.name),
        "effects": effects, "fields": CHANGE, "values": values, "action_url": request.path, "verb": Text("报告变更", "Report it"),
        "back_url": f"/desk/products/{number}", "danger": True, **form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=status_of(refusal))


@require_http_methods(["GET", "POST"])
def order(request: HttpRequest, number: str) -> HttpResponseBase:
    """The operator's reviewer or the regulator stops new deals, or lets them go on."""
    services.require_order(member(request), "—")
    product = queries.public_product(number)
    if product.state == DataProduct.State.SUSPENDED and product.held_by == services.ORDER:
        effects = [("player-play", Text("产品恢复公开，可以询价", "The product is public again"))]
        return _act(
            request,
            product,
            Text("解除暂停", "Lift the suspension"),
            effects,
            services.resume_listing,
            f"/products/{number}",
        )
    effects = [
        (
            "player-pause",
            Text("产品停止询价和签约，已生效的合同另行处理", "No new deals; contracts in force are dealt with apart"),
        )
    ]
    return _act(
        request,
        product,
        Text("责令暂停交易", "Suspend by order"),
        effects,
        services.suspend_listing,
        f"/products/{number}",
    )


urlpatterns = [
    path("desk/products/<str:number>/apply", apply, name="apply-listing"),
    path("desk/products/<str:number>/change", change, name="listing-change"),
    path("desk/products/<str:number>/delist", delist, name="delist"),
    path("products/<str:number>/order", order, name="order-listing"),
]
