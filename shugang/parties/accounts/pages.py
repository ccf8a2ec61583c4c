"""Pages of people and of one's own security."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth import login as start_session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..entries import DISPLAY_NAME, NEW_PASSWORD, USERNAME
from ..gates import safe_next, signed_in
from ..keys.services import living_key
from . import queries, services, tokens
from .actor import PartyActor
from .middleware import ACTING
from .models import DUTY_LABELS
from .people import invite_page, people, people_csv, set_duties_page, withdraw_page
from .second_factor import Activate, Codes, Deactivate, NewCodes
from .sign_in import Code, ConfirmCode, ConfirmPassword, SignIn, sign_out


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invited(request: HttpRequest, secret: str) -> HttpResponse:
    """A one-time link: opening it shows what it gives, posting uses it."""
    link = services.find_invitation(secret)
    context: dict[str, Any] = {
        "link": link,
        "duties": [DUTY_LABELS[d] for d in link.duties],
        "post": _post_label(link.post),
        "entries": (NEW_PASSWORD,) if link.person else (USERNAME, DISPLAY_NAME, NEW_PASSWORD),
        "values": {}, "errors": {}, "general": None,
        "inert": link.party is not None and services.governs(link.party),
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "parties/accounts_invited.html", context)
    given = {e.name: request.POST.get(e.name, "") for e in (USERNAME, DISPLAY_NAME, NEW_PASSWORD)}
    try:
        person = services.take_up(secret, given["username"], given["password"], given["display_name"])
    except Refusal as refusal:
        if refusal.code == "link_invalid":
            raise
        given.pop("password")
        context |= {"values": given, "errors": refusal.fields, "general": None if refusal.fields else refusal.message}
        return render(request, "parties/accounts_invited.html", context, status=refusal.status)
    return render(request, "parties/accounts_ready.html", {"person": person, "inert": not person.authorised})


def _post_label(post: str) -> Text | None:
    from ..posts.models import POST_LABELS

    return POST_LABELS.get(post)


@require_POST
@signed_in
def accept_invitation(request: HttpRequest, secret: str) -> HttpResponse:
    membership = services.join_party(request.actor, secret)  # type: ignore[attr-defined]
    request.session[ACTING] = membership.party_id
    return redirect("party")


@require_POST
@signed_in
def acting(request: HttpRequest) -> HttpResponse:
    """Switch the party one acts for. Refused for a party one is no member of."""
    party = services.may_act_for(request.user, request.POST.get("party", ""))  # type: ignore[arg-type]
    request.session[ACTING] = party.pk
    return redirect(safe_next(request, "/desk"))


def security_context(actor: PartyActor) -> dict[str, Any]:
    key = living_key(actor.person_id or 0)
    return {
        "factors": queries.factors(actor.person),
        "confirmed": actor.second_factor,
        "key": key,
        "tokens": list(queries.tokens(actor)),
        "choices": services.acting_choices(actor.person),
        "idempotency_key": str(uuid.uuid4()),
        "new_token": None,
        "errors": {},
        "general": None,
    }


@never_cache
@require_GET
@signed_in
def security(request: HttpRequest) -> HttpResponse:
    return render(request, "parties/accounts_security.html", security_context(request.actor))  # type: ignore[attr-defined]


@never_cache
@require_POST
@signed_in
def new_token(request: HttpRequest) -> HttpResponse:
    """Makes a token and shows its secret on the answer itself: the only time."""
    actor = request.actor  # type: ignore[attr-defined]
    kind = request.POST.get("kind", "read")
    context, status = security_context(actor), 200
    try:
        days = int(request.POST.get("days") or (1 if kind == "sensitive" else 90))
        _, secret = tokens.make_token(
            actor, request.POST.get("label", ""), days, read_only=kind == "read", sensitive=kind == "sensitive"
        )
        context |= {"new_token": secret, "tokens": list(queries.tokens(actor))}
    except ValueError:
        days_wrong = Text("有效期请填天数。", "Please give the days as a number.")
        context, status = {**context, "general": days_wrong}, 422
    except Refusal as refusal:
        context, status = {**context, "general": refusal.message}, refusal.status
    return render(request, "parties/accounts_security.html", context, status=status)


@require_POST
@signed_in
def end_token(request: HttpRequest, pk: int) -> HttpResponse:
    tokens.revoke_token(request.actor, pk)  # type: ignore[attr-defined]
    return redirect("security")


@sensitive_post_parameters("old", "password")
@require_http_methods(["GET", "POST"])
@signed_in
def password(request: HttpRequest) -> HttpResponse:
    from ..entries import Entry

    old = Entry("old", "password", Text("现在的密码", "Present password"), autocomplete="current-password")
    context: dict[str, Any] = {"entries": (old, NEW_PASSWORD), "errors": {}, "general": None}
    if request.method == "GET":
        return render(request, "parties/accounts_password.html", context)
    person: Any = request.user
    if not person.check_password(request.POST.get("old", "")):
        wrong = Text("现在的密码不对。", "The present password is wrong.")
        return render(request, "parties/accounts_password.html", {**context, "errors": {"old": wrong}}, status=422)
    try:
        services.set_password(person, request.POST.get("password", ""))
    except Refusal as refusal:
        return render(request, "parties/accounts_password.html", {**context, "errors": refusal.fields}, status=422)
    _keep_session(request, person)
    return redirect("security")


def _keep_session(request: HttpRequest, person: Any) -> None:
    """Other sessions end with the old password; this one, which just proved it, goes on without its second factor."""
    start_session(request, person, backend="django.contrib.auth.backends.ModelBackend")


urlpatterns = [
    path("sign-in", SignIn.as_view(), name="sign-in"),
    path("sign-in", SignIn.as_view(), name="account_login"),
    path("sign-in/code", Code.as_view(), name="mfa_authenticate"),
    path("sign-in/confirm", ConfirmPassword.as_view(), name="account_reauthenticate"),
    path("sign-in/confirm-code", ConfirmCode.as_view(), name="mfa_reauthenticate"),
    path("sign-out", sign_out, name="account_logout"),
    path("invited/<str:secret>", invited, name="invited"),
    path("invited/<str:secret>/accept", accept_invitation, name="accept-invitation"),
    path("desk/acting", acting, name="acting"),
    path("desk/people", people, name="people"),
    path("desk/people.csv", people_csv, name="people-csv"),
    path("desk/people/invite", invite_page, name="people-invite"),
    path("desk/people/links/<int:pk>/withdraw", withdraw_page, name="people-withdraw"),
    path("desk/people/<str:username>", set_duties_page, name="people-duties"),
    path("desk/security", security, name="security"),
    path("desk/security", security, name="mfa_index"),
    path("desk/security/password", password, name="password"),
    path("desk/security/tokens", new_token, name="new-token"),
    path("desk/security/tokens/<int:pk>/revoke", end_token, name="end-token"),
    path("desk/security/totp", Activate.as_view(), name="mfa_activate_totp"),
    path("desk/security/totp/off", Deactivate.as_view(), name="mfa_deactivate_totp"),
    path("desk/security/recovery", Codes.as_view(), name="mfa_view_recovery_codes"),
    path("desk/security/recovery/new", NewCodes.as_view(), name="mfa_generate_recovery_codes"),
]
