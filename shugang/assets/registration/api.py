"""REST of registration: the same verbs and reads as the pages. Steps of a case go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import paging
from shugang.kernel.errors import not_found
from shugang.kernel.models import Case
from shugang.parties.http import actor_of, once
from shugang.policy.text import Text

from . import amending, disputes, encumbrances, joint, queries, services, verify, words
from .form import FIRST_REGISTRATION
from .models import DataAsset
from .objections import OBJECTION, file_objection
from .ruleset import DEFAULT

router = Router(tags=["registration"])


class Application(Schema):
    """`form` follows `GET /registrations/form`; `registrar` is a party number."""

    dataset: str
    registrar: str
    form: dict[str, Any]
    version: int | None = None
    profile: str = DEFAULT


class Amendment(Schema):
    """`changes` are the answers of the form that differ from the certificate's."""

    kind: str
    changes: dict[str, Any]
    reason: str


class Offer(Schema):
    """`form` holds rights, until, limits, statement and the agreement (a stored material); `counterparty` is a party number."""

    kind: str
    counterparty: str
    form: dict[str, Any]


def _asset(asset: DataAsset) -> dict[str, Any]:
    version = asset.dataset_version
    return {
        "number": asset.number,
        "name": asset.name,
        "holder": asset.party.number,
        "dataset": version.dataset.number,
        "version": version.version,
        "source_kind": asset.source_kind,
        "state": asset.state,
        "state_label": words.STATES[asset.state][0].zh,
        "case": asset.registration.case.number,
        "created_at": asset.created_at,
    }


@router.get("/assets", summary="Assets of the acting party, and those it registers for others")
def assets(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.assets(actor_of(request), state), after)
    return {"items": [_asset(a) for a in page.items], "next": page.next, "total": page.total}


@router.get("/assets/{number}", summary="One asset with its form, rights and certificate")
def asset(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request)
    found = queries.get_asset(number, actor)
    certificate = queries.certificate_of(found, actor)
    rights = found.rights.order_by("pk")
    return {
        **_asset(found),
        "form": found.registration.form,
        "rights": [
            {"right": r.right, "valid_from": r.valid_from, "valid_until": r.valid_until, "limits": r.limits}
            for r in rights
        ],
        "certificate": certificate.number if certificate else None,
        "certificate_case": certificate.case.number if certificate else None,
    }


@router.get("/registrations/form", summary="The form of a first registration", auth=None)
def form(request: HttpRequest) -> dict[str, Any]:
    return FIRST_REGISTRATION.schema()


@router.post("/registrations", summary="Apply for a registration; send Idempotency-Key to make retries safe")
def apply(request: HttpRequest, body: Application) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        case = services.apply_registration(actor, body.dataset, body.registrar, body.form, body.version, body.profile)
        return {"case": case.number, "asset": case.registration.subject.number, "state": case.state}

    return once(request, [body.dict()], run)


@router.get("/registration-profiles", summary="The rules under which one may apply today", auth=None)
def profiles(request: HttpRequest) -> dict[str, Any]:
    return {"items": [{"code": code, "name": rules.name.zh, **rules.data} for code, rules in queries.public_profiles()]}


@router.post("/certificates/{number}/amendments", summary="Apply for a change, correction or renewal")
def amend(request: HttpRequest, number: str, body: Amendment) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        return _case(amending.amend(actor, number, body.kind, body.changes, body.reason))

    return once(request, [body.dict()], run)


@router.post("/certificates/{number}/offers", summary="Offer a transfer or a licence, for both sides to apply together")
def offer(request: HttpRequest, number: str, body: Offer) -> dict[str, Any]:
    actor = actor_of(request)
    return once(
        request, [body.dict()], lambda: _case(joint.offer(actor, number, body.kind, body.counterparty, body.form))
    )


@router.post("/certificates/{number}/encumbrances", summary="Record a seizure, pledge or other burden (registrar)")
def encumber(request: HttpRequest, number: str, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body], lambda: _case(encumbrances.encumber(actor, number, body)))


@router.post("/certificates/{number}/disputes", summary="Object to a certificate that stands")
def dispute(request: HttpRequest, number: str, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body], lambda: _case(disputes.dispute(actor, number, body)))


def _case(case: Case) -> dict[str, Any]:
    return {"case": case.number, "state": case.state}


@router.get("/notices", summary="Public notices, open and finished", auth=None)
def notices(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.public_finished_notices(), after)
    finished = [queries.notice_json(n) for n in queries.public_notice_rows(page.items)]
    return {"open": queries.public_notices(), "finished": finished, "next": page.next}


@router.get("/notices/objection-form", summary="The form of an objection", auth=None)
def objection_form(request: HttpRequest) -> dict[str, Any]:
    return OBJECTION.schema()


@router.post("/notices/{number}/objections", summary="Object to a registration in its notice")
def objection(request: HttpRequest, number: str, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        made = file_objection(actor, number, body)
        return {"case": number, "state": made.state}

    return once(request, [body], run)


@router.get("/verify/{number}", summary="What the evidence record says about a numbered document", auth=None)
def check(request: HttpRequest, number: str) -> dict[str, Any]:
    found = verify.find(verify.normalise(number))
    if found is None:
        raise not_found(Text("这个编号的凭证", "document of this number"))
    return queries.verification_json(found)
