"""Grants and keys: what may be used, what is left, until when; collecting and withdrawing keys."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import idempotency, paging
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.parties.gates import for_a_party
from shugang.policy.columns import Column
from shugang.policy.describing import COUNT_LABELS, PERIOD_LABELS, UNIT_LABELS
from shugang.policy.guarantees import MODES
from shugang.policy.lowering import granted_columns
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from .. import words
from ..datasets import standing
from ..datasets.standing import Fact
from ..deletions.queries import STATES as DELETION_STATES
from ..deletions.queries import deletion
from ..gates import GRANT
from . import queries
from .keys import (
    KINDS,
    KINDS_OF_MODE,
    download_address,
    has_profile,
    issue_credential,
    purpose_statement,
    revoke_credential,
    sharing_profile,
)
from .models import Credential, Grant


def _filtered(request: HttpRequest) -> Any:
    state = request.GET.get("state", "")
    return queries.grants(request.actor, state if state in words.GRANT_STATES else "")  # type: ignore[attr-defined]


@require_GET
@for_a_party
def list_page(request: HttpRequest) -> HttpResponse:
    page = paging.page(_filtered(request), request.GET.get("after", ""))
    context = {
        "page": page,
        "states": words.GRANT_STATES,
        "modes": MODES,
        "chosen": request.GET.get("state", ""),
        "party": request.actor.party_id,  # type: ignore[attr-defined]
    }
    return render(request, "delivery/grants_list.html", context)


@require_GET
@for_a_party
def list_csv(request: HttpRequest) -> HttpResponseBase:
    header = [
        Text("编号", "Number"), Text("产品", "Product"), Text("合同", "Contract"), Text("需方", "Buyer"),
        Text("供方", "Supplier"), Text("方式", "Mode"), Text("状态", "State"), Text("有效期至", "Until"),
    ]  # fmt: skip
    rows = [
        [g.number, g.product, g.contract, g.grantee.name, g.supplier.name, MODES[g.mode],
         words.GRANT_STATES[g.state][1], g.valid_until.date()]
        for g in _filtered(request).order_by("id")
    ]  # fmt: skip
    return csv_response("grants", header, rows)


def quota_words(quota: Any) -> Text:
    unit, per, counts = UNIT_LABELS[quota.unit], PERIOD_LABELS[quota.per], COUNT_LABELS[quota.counts]
    if quota.counts == "all":
        return Text(f"{per.zh}用量（{unit.zh}）", f"{unit.en} {per.en}".capitalize())
    return Text(f"{per.zh}{counts.zh}用量（{unit.zh}）", f"{counts.en} {unit.en} {per.en}".capitalize())


FORMATS = {
    "csv": Text("CSV（UTF-8）", "CSV (UTF-8)"),
    "csv-gb18030": Text(
        "CSV（GB18030，供国产办公软件和Excel）", "CSV (GB18030, for Chinese office programs and Excel)"
    ),
    "xlsx": Text("Excel工作簿（不超过10万行）", "Excel workbook (up to 100,000 rows)"),
    "jsonl": Text("JSON（每行一条）", "JSON lines"),
    "parquet": Text("Parquet（大数据工具）", "Parquet (for data tools)"),
}
PLACES = {"api": "api/v1/lookup", "query": "query/v1", "file": "download/v1", "proxy": "proxy/v1", "push": "push/v1"}


def address(grant: Grant) -> str:
    """Where the grant is used."""
    if grant.mode == "table":
        return f"{grant.plane.url}/delta-sharing"
    if grant.mode == "sql":
        return f"{grant.plane.url}/sql/v1/queries"
    if grant.mode == "stream":
        return f"products/{grant.product}"
    return f"{grant.plane.url}/{PLACES[grant.mode]}/{grant.product}"


def _example(grant: Grant, credential: Credential | None = None) -> str:
    """A command that works once the key is put in."""
    if credential is not None and credential.kind == Credential.Kind.OAUTH:
        return f'curl -u "{credential.number}:$KEY" -d grant_type=client_credentials "{grant.plane.url}/oauth2/token"'
    if credential is not None and credential.kind == Credential.Kind.AKSK:
        place = address(grant)
        method = "POST" if grant.mode in ("sql", "push") else "GET"
        target = f'"{urlsplit(place).netloc}", "{urlsplit(place).path}"'
        return f'authorization("{credential.number}", KEY, "{method}", {target})'
    if grant.mode == "table":
        place = ".".join(grant.source[name] for name in ("share", "schema", "table"))
        return f'delta_sharing.load_as_pandas("profile.share#{place}")'
    if grant.mode == "stream":
        host = urlsplit(grant.plane.url).hostname
        return f'mosquitto_sub -h {host} -p 8883 --capath /etc/ssl/certs -u key -P "$KEY" -q 1 -t "{address(grant)}"'
    if grant.mode == "proxy":
        first = next((o for o in grant.source["operations"] if o["method"] == "GET"), grant.source["operations"][0])
        query = "&".join(f"{p['name']}=…" for p in first["params"] if f"{{{p['name']}}}" not in first["path"])
        place = address(grant) + first["path"] + (f"?{query}" if query else "")
        body = "" if first["method"] == "GET" else " --json '{…}'"
        return f'curl -H "Authorization: Bearer $KEY"{body} "{place}"'
    if grant.mode == "push":
        return f'curl -H "Authorization: Bearer $KEY" --data \'{{"target": "CN-000001"}}\' "{address(grant)}"'
    if grant.mode == "file":
        return f'curl -OJ -C - -H "Authorization: Bearer $KEY" "{address(grant)}?format=csv"'
    if grant.mode == "sql":
        return f'curl -H "Authorization: Bearer $KEY" --data "{_statement(grant)}" "{address(grant)}"'
    names = [grant.source["key_column"]] if grant.mode == "api" else [p["name"] for p in grant.source["params"]]
    query = "&".join(f"{name}=…" for name in names)
    return f'curl -H "Authorization: Bearer $KEY" "{address(grant)}?{query}"'


def _statement(grant: Grant) -> str:
    """A first query that the terms admit: a few rows, or groups where only aggregates may leave."""
    first, table = grant.terms["fields"][0], grant.source["table"]
    column = first if re.fullmatch(r"[a-z_][a-z0-9_]*", first) else f'\\"{first}\\"'
    if grant.terms["output"]:
        return f"select {column}, count(*) as n from {table} group by {column}"  # noqa: S608  shown, never run here
    return f"select * from {table} limit 10"  # noqa: S608  shown, never run here


def _columns(grant: Grant) -> list[Column]:
    """What a query may name, with the types that masks leave; other modes show theirs in the terms."""
    return list(granted_columns(grant.source["columns"], grant.read_terms())) if grant.mode == "sql" else []


def marks(actor: Any, grant: Grant) -> list[Fact]:
    """What its user has to know of the data today, such as an open objection."""
    return standing.told_to_users(actor, str(grant.source.get("dataset", "")), int(grant.source.get("version", 0)))


@require_GET
@for_a_party
def detail_page(request: HttpRequest, number: str) -> HttpResponse:
    view = queries.view(request.actor, number)  # type: ignore[attr-defined]
    context = {
        "view": view,
        "grant": view.grant,
        "state": words.GRANT_STATES[view.grant.state],
        "mode": MODES[view.grant.mode],
        "basis_labels": words.BASIS_LABELS,
        "reason": words.word(view.grant.reason),
        "quotas": [(quota_words(q.quota), q) for q in view.quotas],
        "marks": marks(request.actor, view.grant),  # type: ignore[attr-defined]
        "purposes": PURPOSES,
        "deletion": deletion(view.grant),
        "deletion_states": DELETION_STATES,
        "address": address(view.grant),
        "example": _example(view.grant),
        "columns": _columns(view.grant),
        "manages": "manager" in request.actor.duties,  # type: ignore[attr-defined]
        "person": request.actor.person_id,  # type: ignore[attr-defined]
    }
    return render(request, "delivery/grants_detail.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@for_a_party
def key_page(request: HttpRequest, number: str) -> HttpResponse:
    """Attest the purpose, get the key. The secret is on this one answer and nowhere else."""
    actor = request.actor  # type: ignore[attr-defined]
    view = queries.view(actor, number)
    if not view.holder:
        raise forbidden(
            "密钥由需方的经办、工程师或分析员领取，已终止的授权不再发放。",
            "Keys are collected by the buyer's handler, engineer or analyst while the grant lives.",
        )
    grant = view.grant
    statement = purpose_statement(grant.terms["purpose"], grant.terms["environment"] or "")
    if request.method == "GET" or request.POST.get("agree") != "1":
        missing = Text("请先勾选用途声明。", "Please tick the statement of purpose.")
        context = {
            "grant": grant,
            "statement": statement,
            "errors": {"agree": missing} if request.method == "POST" else {},
            "key": str(uuid.uuid4()),
            "kinds": [(kind, KINDS[kind]) for kind in KINDS_OF_MODE[grant.mode] if kind in KINDS],
            "chosen": request.POST.get("kind", ""),
            "joined": queries.joined(actor, grant),
        }
        return render(request, "delivery/grants_key.html", context, status=200 if request.method == "GET" else 422)
    return _issue(request, grant)


def _issue(request: HttpRequest, grant: Grant) -> HttpResponse:
    kind = request.POST.get("kind") or KINDS_OF_MODE[grant.mode][0]
    credential, secret = _collected(request, grant, kind)
    profile = json.dumps(sharing_profile(credential, secret)) if secret and has_profile(credential) else ""
    context = {
        "grant": grant,
        "credential": credential,
        "secret": secret,
        "profile": base64.b64encode(profile.encode()).decode(),
        "example": _example(grant, credential),
    }
    return render(request, "delivery/grants_key_shown.html", context)


def _collected(request: HttpRequest, grant: Grant, kind: str) -> tuple[Credential, str]:
    """A new key and its secret; "" where the form was sent twice."""
    actor = request.actor  # type: ignore[attr-defined]
    shown: list[str] = []
    also = sorted(set(request.POST.getlist("also")) & {other.number for other in queries.joined(actor, grant)})

    def run() -> dict[str, Any]:
        row, secret = issue_credential(
            actor, [grant.number, *also], kind, grant.terms["purpose"], environment=grant.terms["environment"] or ""
        )
        shown.append(secret)  # never in the stored answer: a repeated press says that it was shown
        return {"credential": row.number}

    made = idempotency.once(
        actor, request.POST.get("idempotency_key"), idempotency.fingerprint("key", grant.number, kind, also), run
    )
    credential = Credential.objects.visible_to(actor).get(number=made["credential"])
    return credential, shown[0] if shown else ""


@never_cache
@require_http_methods(["GET", "POST"])
@for_a_party
def download_page(request: HttpRequest, number: str) -> HttpResponse:
    """State the purpose, choose the format, get an address that a browser can open for some minutes."""
    view = queries.view(request.actor, number)  # type: ignore[attr-defined]
    grant = view.grant
    if grant.mode != "file":
        raise not_found(GRANT)
    if not view.holder:
        raise forbidden(
            "文件由需方的经办、工程师或分析员下载，已终止的授权不再提供。",
            "Files are downloaded by the buyer's handler, engineer or analyst while the grant lives.",
        )
    format, stated = request.POST.get("format", "csv"), request.POST.get("agree") == "1"
    if request.method == "POST" and stated and format in FORMATS:
        credential, secret = _collected(request, grant, Credential.Kind.LINK)
        place = download_address(grant, secret, format) if secret else ""
        context = {"grant": grant, "credential": credential, "place": place, "format": FORMATS[format]}
        return render(request, "delivery/grants_download_ready.html", context)
    errors = {}
    if request.method == "POST":
        if not stated:
            errors["agree"] = Text("请先勾选用途声明。", "Please tick the statement of purpose.")
        if format not in FORMATS:
            errors["format"] = Text("请选择文件格式。", "Please choose a format.")
    context = {
        "grant": grant,
        "statement": purpose_statement(grant.terms["purpose"], grant.terms["environment"] or ""),
        "errors": errors,
        "key": str(uuid.uuid4()),
        "formats": FORMATS,
        "chosen": format,
    }
    return render(request, "delivery/grants_download.html", context, status=422 if errors else 200)


@require_POST
@for_a_party
def revoke_page(request: HttpRequest, number: str, key: str) -> HttpResponse:
    try:
        revoke_credential(request.actor, key)  # type: ignore[attr-defined]
    except Refusal as refusal:
        if refusal.code != "wrong_state":  # pressed twice: it is revoked, as was wanted
            raise
    return redirect("grant", number)


urlpatterns = [
    path("desk/grants", list_page, name="grants"),
    path("desk/grants.csv", list_csv, name="grants-csv"),
    path("desk/grants/<str:number>", detail_page, name="grant"),
    path("desk/grants/<str:number>/key", key_page, name="grant-key"),
    path("desk/grants/<str:number>/download", download_page, name="grant-download"),
    path("desk/grants/<str:number>/keys/<str:key>/revoke", revoke_page, name="grant-key-revoke"),
]
