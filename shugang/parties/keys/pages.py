"""Making and revoking one's signing key; the key itself is shown on the security page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..entries import Entry
from ..gates import signed_in
from . import services

CUSTODY = Entry(
    "custody", "choice", Text("由谁保管私钥", "Who keeps the private key"),
    choices=(
        ("platform", Text("平台加密保管，签署时凭第二因素使用", "The platform, sealed; used with your second factor")),
        ("own", Text("本人保管，平台只登记公钥", "Myself; the platform registers the public key only")),
    ),
)  # fmt: skip
PUBLIC_KEY = Entry(
    "public_key", "text", Text("公钥", "Public key"),
    Text("本人保管时填写：Ed25519公钥32字节的Base64", "For a key of your own: 32 bytes of Ed25519, base64"),
    required=False, max_length=64,
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@signed_in
def new_key(request: HttpRequest) -> HttpResponse:
    values: dict[str, Any] = {"custody": "platform"}
    context: dict[str, Any] = {"entries": (CUSTODY, PUBLIC_KEY), "values": values, "errors": {}, "general": None}
    if request.method == "GET":
        return render(request, "parties/keys_new.html", context)
    own = request.POST.get("custody") == "own"
    public_key = request.POST.get("public_key", "").strip() if own else ""
    context["values"] = {"custody": "own" if own else "platform", "public_key": public_key}
    try:
        if own and not public_key:
            raise Refusal("bad_key", services.BAD_KEY, 422, {"public_key": services.BAD_KEY})
        services.make_key(request.actor, public_key)  # type: ignore[attr-defined]
    except Refusal as refusal:
        context |= {"errors": refusal.fields, "general": None if refusal.fields else refusal.message}
        return render(request, "parties/keys_new.html", context, status=refusal.status)
    return redirect("security")


@require_POST
@signed_in
def end_key(request: HttpRequest) -> HttpResponse:
    services.revoke_key(request.actor)  # type: ignore[attr-defined]
    return redirect("security")


urlpatterns = [
    path("desk/security/key", new_key, name="new-key"),
    path("desk/security/key/revoke", end_key, name="end-key"),
]
