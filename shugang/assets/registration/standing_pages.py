"""Pages of the desk on a certificate: change, correction, renewal; transfer and licence; encumbrances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field
from shugang.kernel.models import Case
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import amending, burdens, disputes, encumbrances, joint, kinds, queries
from .form import TOPICS
from .http import desk_actor, new_key, once, posted
from .models import Certificate
from .objections import OBJECTION
from .ruleset import AMENDMENTS, JOINT

REASON = Field(
    "reason", "textarea", Text("申请理由", "Reason"), Text("写明为什么办理、依据什么。例：数据说明更新。", "Why, and on what basis. Example: the description was updated.")
)  # fmt: skip
COUNTERPARTY = Field(
    "counterparty", "text", Text("受让方或被许可方的机构编号", "Number of the other party"),
    Text("P-开头，可在“机构”页查到。对方确认后才开始登记。", "Begins with P-; see the page of organisations. The registration begins when they agree."),
    max_length=12,
)  # fmt: skip
Sections = list[tuple[Text | None, tuple[Field, ...]]]


def _sections(kind: str) -> Sections:
    """The questions of a type, in the topics of the application form."""
    if kind in JOINT:
        return [(None, (COUNTERPARTY, *joint.TERMS))]
    told: Sections = [(Text("申请理由", "Reason"), (REASON,))]
    for topic in TOPICS:
        fields = tuple(f for f in topic.fields if kind != "renewal" or f.name in kinds.TERM or f.name == "declaration")
        if fields:
            told.append((topic.label, fields))
    return told


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, number: str, kind: str) -> HttpResponseBase:
    """Apply for a change, correction or renewal, or offer a transfer or a licence, on one's own certificate."""
    actor = desk_actor(request)
    if kind not in (*AMENDMENTS, *JOINT):
        raise not_found(Text("这种登记", "such registration"))
    certificate = amending.own_certificate(actor, number)
    rules = amending.require_type(certificate, kind)
    sections = _sections(kind)
    fields = tuple(f for _, group in sections for f in group)

    def send(values: dict[str, Any]) -> Case:
        if kind in JOINT:
            other = values.pop("counterparty", "")
            return joint.offer(actor, number, kind, other, values)
        reason = values.pop("reason", "")
        return amending.amend(actor, number, kind, values, reason)

    before = {} if kind in JOINT else {**amending.merged(certificate, {}), "declaration": ""}
    hint = (
        Text("转让后，转让方不再享有所转让的权利。", "After it you keep nothing of what is transferred.")
        if kind == "transfer"
        else None
    )
    return _page(request, certificate, rules.types[kind], sections, fields, before, send, hint)


@require_http_methods(["GET", "POST"])
def encumber(request: HttpRequest, number: str) -> HttpResponseBase:
    """Record a seizure, pledge or other burden on a certificate that this registrar issued."""
    actor = desk_actor(request)
    certificate = queries.issued_certificate(number, actor)
    fields = encumbrances.ENCUMBER.fields

    def send(values: dict[str, Any]) -> Case:
        return encumbrances.encumber(actor, number, {k: v for k, v in values.items() if v != ""})

    hint = Text("查封会终止正在办理的转让和许可；查封、质押、管制期间不能转让、许可或注销。",
                "A seizure ends transfers and licences under way; while seized, pledged or controlled, nothing can be transferred, "
                "licensed or cancelled.")  # fmt: skip
    return _page(
        request, certificate, Text("登记权利负担", "Record an encumbrance"), [(None, fields)], fields, {}, send, hint
    )


@require_http_methods(["GET", "POST"])
def dispute(request: HttpRequest, number: str) -> HttpResponseBase:
    """Object to a certificate after its issue."""
    actor = desk_actor(request)
    certificate = queries.public_standing(number)
    hint = Text("登记机构核对材料后通知权利人。权利人同意的，变更或注销；不同意的，由登记机构作出结论，或告知仲裁、诉讼。",
                "The registrar notifies the holder, who agrees (change or cancelling) or contests; then the registrar concludes, or refers "
                "you to arbitration or court.")  # fmt: skip

    def send(values: dict[str, Any]) -> Case:
        return disputes.dispute(actor, number, {k: v for k, v in values.items() if v not in ("", None)})

    fields = OBJECTION.fields
    return _page(
        request,
        certificate,
        Text("对凭证提出异议", "Object to a certificate"),
        [(None, fields)],
        fields,
        {},
        send,
        hint,
    )


def _page(
    request: HttpRequest, certificate: Certificate, title: Text, sections: Sections, fields: tuple[Field, ...],
    before: Mapping[str, Any], send: Callable[[dict[str, Any]], Case], hint: Text | None,
) -> HttpResponseBase:  # fmt: skip
    values, refusal = dict(before), None
    if request.method == "POST":
        values = posted(request, fields, dict(before))
        try:
            sent = dict(values)
            answer = once(request, [values], lambda: {"case": send(sent).number})
            messages.success(
                request, tx(Text(f"已提交，事项编号{answer['case']}。", f"Submitted as {answer['case']}."))
            )
            return redirect("case", number=answer["case"])
        except Refusal as no:
            refusal = no
    context = {
        "certificate": certificate,
        "title": title,
        "hint": hint,
        "sections": sections,
        "specs": fields,
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "burdens": [burdens.words(row) for row in burdens.standing(certificate.asset)],
        "key": new_key(),
    }
    return render(request, "assets/certificate_act.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/certificates/<str:number>/dispute", dispute, name="certificate-dispute"),
    path("desk/certificates/<str:number>/encumber", encumber, name="certificate-encumber"),
    path("desk/certificates/<str:number>/<str:kind>", act, name="certificate-act"),
]
