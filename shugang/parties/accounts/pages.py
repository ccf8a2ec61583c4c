"""Signing in and out, the security page, people and duties, one-time links, the acting party."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account_views
from allauth.mfa.base import views as mfa_views
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as totp_views
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel.errors import Refusal, forbidden
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..keys import services as key_services
from . import services
from .middleware import ACTING
from .models import DUTY_LABELS, AccessToken, Invitation, Membership
from .views import SignInView


def signed_in(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.person_id is None:
        raise forbidden("请先登录。", "Please sign in first.", "sign_in_required")
    return actor


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    actor = signed_in(request)
    context = {
        "key": key_services.living_key(actor.person_id),
        "second_factor": Authenticator.objects.filter(user_id=actor.person_id, type=Authenticator.Type.TOTP).exists(),
        "tokens": list(AccessToken.objects.visible_to(actor).filter(revoked_at__isnull=True).order_by("-id")),
        "parties": services.acting_choices(request.user),  # type: ignore[arg-type]
        "new_token": request.session.pop("new_token", ""),
    }
    return render(request, "parties/security.html", context)


@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    key_services.make_key(signed_in(request), request.POST.get("public_key", "").strip())
    messages.success(request, tx(Text("签名密钥已建立，可以签署了。", "Your signing key is ready.")))
    return redirect("security")


@require_POST
def revoke_key(request: HttpRequest) -> HttpResponse:
    key_services.revoke_key(signed_in(request))
    messages.success(
        request, tx(Text("签名密钥已吊销，过去的签名仍然有效。", "The key is revoked; earlier signatures stand."))
    )
    return redirect("security")


@require_POST
def make_token(request: HttpRequest) -> HttpResponse:
    _, secret = services.make_token(signed_in(request), request.POST.get("label", ""))
    request.session["new_token"] = secret
    return redirect("security")


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    services.revoke_token(signed_in(request), pk)
    messages.success(request, tx(Text("访问令牌已吊销。", "The access token is revoked.")))
    return redirect("security")


@require_POST
def acting(request: HttpRequest) -> HttpResponse:
    """Switch the acting party, then back to where the reader was (this host only)."""
    signed_in(request)
    party = services.may_act_for(request.user, request.POST.get("party", ""))  # type: ignore[arg-type]
    request.session[ACTING] = party.pk
    target = request.POST.get("next", "/desk")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return redirect(target if safe else "/desk")


@require_GET
def people(request: HttpRequest) -> HttpResponse:
    actor = signed_in(request)
    context = {
        "memberships": list(
            Membership.objects.visible_to(actor).filter(party_id=actor.party_id).select_related("person")
        ),
        "invitations": list(Invitation.objects.visible_to(actor).filter(party_id=actor.party_id, used_at__isnull=True)),
        "duties": DUTY_LABELS,
        "manages": "manager" in actor.duties,
        "link": request.session.pop("invitation_link", ""),
    }
    return render(request, "parties/people.html", context)


@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    actor = signed_in(request)
    try:
        link = services.invite(actor, request.POST.getlist("duties"), request.POST.get("label", ""))
        request.session["invitation_link"] = link
    except Refusal as refusal:
        messages.error(request, tx(refusal.message))
    return redirect("people")


@require_POST
def change_duties(request: HttpRequest, pk: int) -> HttpResponse:
    actor = signed_in(request)
    row = Membership.objects.visible_to(actor).filter(pk=pk, party_id=actor.party_id).first()
    if row is None:
        raise Refusal("not_found", Text("没有这名人员。", "No such person."), 404)
    if row.person_id == actor.person_id and "manager" not in request.POST.getlist("duties"):
        raise forbidden(
            "不能取消自己的管理员岗位，请先指定另一位管理员。",
            "You may not give up your own manager's duty. Please name another manager first.",
        )
    services.set_duties(actor, row.party, row.person, request.POST.getlist("duties"))
    messages.success(request, tx(Text("岗位已更新，立即生效。", "Duties are changed, at once.")))
    return redirect("people")


@require_http_methods(["GET", "POST"])
def invited(request: HttpRequest, secret: str) -> HttpResponseBase:
    found = services.find_invitation(secret)
    refusal: Refusal | None = None
    if request.method == "POST":
        data = request.POST
        try:
            services.take_up(secret, data.get("username", ""), data.get("password", ""), data.get("display_name", ""))
        except Refusal as no:
            refusal = no
        else:
            messages.success(request, tx(Text("账户已建立，请登录。", "Your account is ready. Please sign in.")))
            return redirect("account_login")
    context = {"invitation": found, "refusal": refusal, "values": request.POST, "duties": DUTY_LABELS}
    return render(request, "parties/invited.html", context, status=refusal.status if refusal else 200)


def to_join(request: HttpRequest) -> HttpResponse:
    return redirect("join")


def to_security(request: HttpRequest) -> HttpResponse:
    return redirect("security")


urlpatterns = [
    path("sign-in", SignInView.as_view(), name="account_login"),
    path("sign-up", to_join, name="account_signup"),
    path("sign-out", account_views.logout, name="account_logout"),
    path("sign-in/again", account_views.reauthenticate, name="account_reauthenticate"),
    path("sign-in/inactive", account_views.account_inactive, name="account_inactive"),
    path("sign-in/code", mfa_views.authenticate, name="mfa_authenticate"),
    path("sign-in/code-again", mfa_views.reauthenticate, name="mfa_reauthenticate"),
    path("desk/security", security, name="security"),
    path("desk/security/second-factor", totp_views.activate_totp, name="mfa_activate_totp"),
    path("desk/security/second-factor/off", totp_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("desk/security/methods", to_security, name="mfa_index"),
    path("desk/security/recovery-codes", recovery_views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "desk/security/recovery-codes/new", recovery_views.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path(
        "desk/security/recovery-codes/file", recovery_views.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
    path("desk/security/key", make_key, name="make-key"),
    path("desk/security/key/revoke", revoke_key, name="revoke-key"),
    path("desk/security/tokens", make_token, name="make-token"),
    path("desk/security/tokens/<int:pk>/revoke", revoke_token, name="revoke-token"),
    path("desk/acting", acting, name="acting"),
    path("desk/people", people, name="people"),
    path("desk/people/invite", invite, name="invite"),
    path("desk/people/<int:pk>", change_duties, name="change-duties"),
    path("invited/<str:secret>", invited, name="invited"),
]
