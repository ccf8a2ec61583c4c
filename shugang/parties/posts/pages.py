"""The three administrators' desks: three addresses, each refused to the other two."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.forms import Field
from shugang.kernel.words import sentence
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..entries import DISPLAY_NAME, USERNAME
from ..gates import signed_in
from ..organisations.models import FOUNDED, ROLE_LABELS, Party
from ..organisations.services import found_party
from . import queries, services, words
from .models import POST_LABELS, Post

DESKS = {Post.SYSTEM: "admin-system", Post.SECURITY: "admin-security", Post.AUDIT: "admin-audit"}
PARTY_FIELDS = (
    Field("name", "text", Text("机构名称", "Name"), max_length=120),
    Field("name_en", "text", Text("英文名称", "Name in English"), required=False, max_length=160),
    Field("uscc", "text", Text("统一社会信用代码", "Unified social credit code"), max_length=18),
    Field("roles", "multi", Text("身份", "Role"), choices=tuple((r, ROLE_LABELS[r]) for r in FOUNDED)),
)
AUDIT_FIELDS = (
    Field(
        "kind", "text", Text("事件", "Event"), Text("如 sign_in、post", "Such as sign_in or post"), False, max_length=40
    ),
    Field("person", "text", Text("用户名", "User name"), required=False, max_length=40),
    Field("since", "date", Text("自", "From"), required=False),
    Field("until", "date", Text("至", "Until"), required=False),
)


@require_GET
@signed_in
def administration(request: HttpRequest) -> HttpResponse:
    """To one's own desk."""
    for post in sorted(request.actor.posts):  # type: ignore[attr-defined]
        return redirect(DESKS[post])
    raise forbidden("这里是三员的工作台，您没有这些岗位。", "These desks belong to the three administrators.")


def _system(request: HttpRequest, **more: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    services.require_post(actor, Post.SYSTEM)
    page = paging.page(queries.accounts(), request.GET.get("after", ""))
    context = {
        "page": page, "entries": (USERNAME, DISPLAY_NAME), "party_fields": PARTY_FIELDS,
        "parties": Party.objects.filter(Party.founded()),
        "values": {}, "errors": {}, "general": None, "at": "", "post_labels": POST_LABELS, **more,
    }  # fmt: skip
    return render(request, "parties/posts_system.html", context, status=more.get("status", 200))


@require_GET
@signed_in
def system_desk(request: HttpRequest) -> HttpResponse:
    return _system(request)


def _refused(request: HttpRequest, refusal: Refusal, at: str) -> HttpResponse:
    values: dict[str, Any] = {k: v for k, v in request.POST.items() if k != "roles"}
    values["roles"] = request.POST.getlist("roles")
    general = None if refusal.fields else refusal.message
    return _system(request, at=at, values=values, errors=refusal.fields, general=general, status=refusal.status)


def _link_page(request: HttpRequest, label: str, link: str) -> HttpResponse:
    return render(request, "parties/accounts_link.html", {"links": [(label, link)], "back": "/desk/admin"})


@never_cache
@require_POST
@signed_in
def new_account(request: HttpRequest) -> HttpResponse:
    given = request.POST
    try:
        person, link = services.create_account(
            request.actor, given.get("username", ""), given.get("display_name", "")  # type: ignore[attr-defined]
        )  # fmt: skip
    except Refusal as refusal:
        return _refused(request, refusal, "account")
    return _link_page(request, str(person), link)


@never_cache
@require_POST
@signed_in
def new_party(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    facts = {k: request.POST.get(k, "") for k in ("name", "name_en", "uscc")}
    try:
        party = found_party(actor, facts, request.POST.getlist("roles"))
    except Refusal as refusal:
        return _refused(request, refusal, "party")
    return _link_page(request, party.name, services.invite_first_manager(actor, party.number))


@never_cache
@require_POST
@signed_in
def first_manager(request: HttpRequest, number: str) -> HttpResponse:
    link = services.invite_first_manager(request.actor, number)  # type: ignore[attr-defined]
    return _link_page(request, number, link)


@require_GET
@signed_in
def security_desk(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    services.require_post(actor, Post.SECURITY)
    page = paging.page(queries.accounts(), request.GET.get("after", ""))
    context = {
        "page": page, "waiting": list(queries.accounts(waiting=True).order_by("pk")[:50]),
        "post_labels": POST_LABELS, "me": actor.person_id,
    }  # fmt: skip
    return render(request, "parties/posts_security.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@signed_in
def security_act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """GET restates what the act does; POST does it."""
    actor = request.actor  # type: ignore[attr-defined]
    services.require_post(actor, Post.SECURITY)
    if act not in ACTS:
        raise Refusal("not_found", Text("没有这项操作。", "There is no such act."), 404)
    person = queries.accounts().filter(pk=pk).first()
    if person is None:
        raise Refusal("not_found", Text("没有这个账户。", "No such account."), 404)
    title, effect, danger = ACTS[act]
    post = Field("post", "choice", Text("岗位", "Post"), choices=tuple(POST_LABELS.items()))
    context: dict[str, Any] = {
        "title": title, "lead": None, "effects": [("info-circle", effect)],
        "rows": [(Text("账户", "Account"), f"{person}（{person.username}）" if request.LANGUAGE_CODE != "en"
                  else f"{person} ({person.username})")],
        "fields": [post] if act == "appoint" else [], "values": {}, "errors": {}, "general": None,
        "action_url": request.path, "verb": title, "back_url": "/desk/admin/security", "danger": danger,
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "ui/confirm.html", context)
    try:
        return _do(request, actor, pk, act, str(person))
    except Refusal as refusal:
        return render(request, "ui/confirm.html", {**context, "general": refusal.message}, status=refusal.status)


ACTS: dict[str, tuple[Text, Text, bool]] = {
    "authorise": (Text("授权账户", "Authorise the account"), Text("该账户即可登录办理", "The account may sign in and act"), False),
    "stop": (Text("停用账户", "Stop the account"),
             Text("该账户和它的会话、令牌立即不能办理任何事", "The account, its sessions and tokens stop at once"), True),
    "appoint": (Text("任命三员", "Give a post"),
                Text("该账户从此不能为任何机构办理业务", "The account may act for no organisation from now on"), False),
    "dismiss": (Text("免去三员", "Take the post"), Text("该账户立即失去这个岗位", "The account loses the post at once"), True),
    "reset-password": (Text("重置密码", "Reset the password"),
                       Text("原密码和现有会话立即失效，并生成一次性链接", "Password and sessions end; a one-time link is made"), True),
    "reset-factor": (Text("重置第二因素", "Reset the second factor"),
                     Text("原验证器和备用码立即失效，本人须重新绑定", "The old app and codes end; the holder sets up anew"), True),
}  # fmt: skip


def _do(request: HttpRequest, actor: Any, pk: int, act: str, name: str) -> HttpResponse:
    if act in ("authorise", "stop"):
        services.authorise(actor, pk, act == "authorise")
    elif act == "appoint":
        services.appoint_by_id(actor, pk, request.POST.get("post", ""))
    elif act == "dismiss":
        services.dismiss(actor, pk)
    elif act == "reset-factor":
        services.reset_second_factor(actor, pk)
    else:
        link = services.reset_password(actor, pk)
        return render(request, "parties/accounts_link.html", {"links": [(name, link)], "back": "/desk/admin"})
    return redirect("admin-security")


@require_GET
@signed_in
def auditors(request: HttpRequest) -> HttpResponse:
    """The security administrator looks at what the audit administrator did."""
    page = services.review_auditors(request.actor, request.GET.get("after", ""))  # type: ignore[attr-defined]
    return render(request, "parties/posts_auditors.html", {"page": page, "rows": _rows(page.items)})


def _rows(events: Any) -> list[dict[str, Any]]:
    return [
        {"event": e, "said": sentence(e.kind), "subject": words.subject(e),
         "refs": [r.key for r in e.refs.all()]}
        for e in events
    ]  # fmt: skip


def _filters(request: HttpRequest) -> dict[str, str]:
    return {f.name: request.GET[f.name].strip() for f in AUDIT_FIELDS if request.GET.get(f.name, "").strip()}


@require_GET
@signed_in
def audit_desk(request: HttpRequest) -> HttpResponse:
    filters = _filters(request)
    page = services.read_audit(request.actor, filters, request.GET.get("after", ""))  # type: ignore[attr-defined]
    context = {"page": page, "rows": _rows(page.items), "fields": AUDIT_FIELDS, "values": filters}
    return render(request, "parties/posts_audit.html", context)


@require_GET
@signed_in
def audit_csv(request: HttpRequest) -> HttpResponseBase:
    events = services.export_audit(request.actor, _filters(request))  # type: ignore[attr-defined]
    header = [Text("时间（UTC）", "Time (UTC)"), Text("事件", "Event"), Text("代码", "Code"), Text("办理人", "By"),
              Text("对象账户", "Account concerned"), Text("对象编号", "About"), Text("日志编号", "Log number")]  # fmt: skip
    rows = (
        [e.at.isoformat(), sentence(e.kind), e.kind, e.actor_label, words.subject(e),
         " ".join(r.key for r in e.refs.all()), e.log_index]
        for e in events
    )  # fmt: skip
    return csv_response("audit", header, rows)


urlpatterns = [
    path("desk/admin", administration, name="administration"),
    path("desk/admin/system", system_desk, name="admin-system"),
    path("desk/admin/system/accounts", new_account, name="admin-new-account"),
    path("desk/admin/system/parties", new_party, name="admin-new-party"),
    path("desk/admin/system/parties/<str:number>/manager", first_manager, name="admin-first-manager"),
    path("desk/admin/security", security_desk, name="admin-security"),
    path("desk/admin/security/auditors", auditors, name="admin-auditors"),
    path("desk/admin/security/<int:pk>/<str:act>", security_act, name="admin-security-act"),
    path("desk/admin/audit", audit_desk, name="admin-audit"),
    path("desk/admin/audit.csv", audit_csv, name="admin-audit-csv"),
]
