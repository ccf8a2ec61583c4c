"""The statement of deletion: read what is signed, sign it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from shugang.kernel import idempotency
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.parties.gates import for_a_party
from shugang.parties.keys.services import living_key
from shugang.policy.text import Text

from ..grants.queries import get_grant
from . import services
from .queries import STATES, deletion

OWN = Field(
    "own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
    Text("请对页面所示摘要签名后粘贴（Base64）。", "Sign the digest shown and paste it (base64)."), required=False,
    max_length=200,
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@for_a_party
def page(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    grant = get_grant(actor, number)
    refusal: Refusal | None = None
    own = request.POST.get("own_signature", "").strip()
    if request.method == "POST":

        def run() -> dict[str, Any]:
            return {"sha256": services.state_deletion(actor, number, own).sha256}

        try:
            prints = idempotency.fingerprint(request.path, own)
            idempotency.once(actor, request.POST.get("idempotency_key"), prints, run)
            return redirect("grant-deletion", number)
        except Refusal as error:
            if error.status == 404:
                raise
            refusal = error
    said = services.statement_of(grant)
    found = deletion(grant)
    key = living_key(actor.person_id or 0)
    context = {
        "grant": grant,
        "said": said,
        "sha256": services.digest(said),
        "context": services.context(grant),
        "deletion": found,
        "state": STATES[found.state] if found else None,
        "may_sign": grant.grantee_id == actor.party_id and found is not None and found.state in ("due", "late"),
        "own": OWN if key is not None and key.custody == "own" else None,
        "values": {"own_signature": own},
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
    }
    return render(request, "delivery/deletion.html", context, status=refusal.status if refusal else 200)


urlpatterns = [path("desk/grants/<str:number>/deletion", page, name="grant-deletion")]
