"""Doors of registration and verification."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from shugang.assets.testing import registration_form

from .base import OPEN, OWN, Door, api, both, post, read

OBJECTION = {"interest": "我单位采集了其中一部分", "reasons": "与我单位已登记的数据相同。"}


def _form(things: dict[str, Any]) -> dict[str, Any]:
    return registration_form(data_name="示例更正后的名称")


def _topics(client: Any) -> None:
    """Everything but the declaration is saved before the check page is sent."""
    from shugang.assets.registration.services import save_draft
    from shugang.delivery.models import Dataset
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person

    actor = actor_for(Person.objects.get(username="gongfang"), second_factor=True)
    dataset = Dataset.objects.get(name="示例数据free")
    from shugang.assets.registration.form import TOPICS

    form = _form({})
    for topic in TOPICS:
        names = {f.name for f in topic.fields}
        save_draft(actor, dataset.number, topic.key, {k: v for k, v in form.items() if k in names}, True)


SEIZURE = {"kind": "seizure", "authority": "示例市中级人民法院", "document": "（2026）示执保12号"}


def _change(things: dict[str, Any]) -> dict[str, Any]:
    return {**_air(things), "summary": "示例更新后的概述", "reason": "说明更新", "declaration": "1"}


def _air(things: dict[str, Any]) -> dict[str, Any]:
    form = things["certificate:air"].registration.form
    return {k: v for k, v in form.items() if not isinstance(v, dict | bool) and v is not None}


def _terms(things: dict[str, Any]) -> dict[str, Any]:
    return {"rights": ["OPERATE"], "statement": "示例转让协议，2026年签订。", "agreement": things["transfer_paper"]}


def _transfer(things: dict[str, Any]) -> dict[str, Any]:
    paper = SimpleUploadedFile("协议.txt", "转让协议".encode())
    return {**_terms(things), "agreement": paper, "counterparty": things["stranger"].number}


DESK: tuple[Door, ...] = (
    read("/desk/assets", "gongfang", OWN),
    read("/desk/assets?format=csv", "gongfang", OWN),
    read("/desk/assets/new", "gongfang", OWN),
    read("/desk/assets/new/<dataset:free>", "gongfang"),
    *both("/desk/assets/new/<dataset:free>/data", "gongfang", _form),
    *both("/desk/assets/new/<dataset:free>/check", "gongfang", {"registrar": "<registrar>"}, prepare=_topics),
    read("/desk/assets/applied/<case:submitted>", "gongfang"),
    read("/desk/assets/<asset:air>", "gongfang", readers=("shouli", "jianguan")),
    *both("/desk/assets/<asset:correcting>/resubmit", "gongfang", _form),
)
CERTIFICATES: tuple[Door, ...] = (
    *both("/desk/certificates/<certificate:air>/change", "gongfang", _change),
    *both("/desk/certificates/<certificate:air>/transfer", "gongfang", _transfer),
    *both("/desk/certificates/<certificate:air>/dispute", "pangren", OBJECTION, reach=OWN, administrators=True),
    *both("/desk/certificates/<certificate:air>/encumber", "dengji", SEIZURE),
)
PUBLIC: tuple[Door, ...] = (
    read("/notices", reach=OPEN),
    read("/notices.json", reach=OPEN),
    read("/notices/<case:notice>", reach=OPEN),
    post("/notices/<case:notice>", "pangren", OBJECTION, reach=OWN, administrators=True),
    read("/verify", reach=OPEN),
    read("/verify/platform-certificate.pem", reach=OPEN),
    read("/verify/<certificate:air>", reach=OPEN),
    read("/verify/<certificate:air>.json", reach=OPEN),
    read("/verify/<certificate:air>.pdf", reach=OPEN),
    read("/verify/<certificate:air>/receipt", reach=OPEN),
    read("/verify/<voucher>", reach=OPEN),
)
FOREIGN = {
    "method": "paper", "number": "SJ3512026070001", "issuer": "示例省登记中心", "data_name": "示例外地数据集",
    "summary": "外地登记的数据。", "industry": "N", "division": "77", "source_kind": "collected", "rights": ["HOLD"],
    "valid_until": "2040-06-30", "declaration": "1",
}  # fmt: skip
RECOGNITION: tuple[Door, ...] = (
    read("/desk/recognitions", "gongfang", OWN),
    *both("/desk/recognitions/<dataset:free>", "gongfang", {**FOREIGN, "registrar": "<registrar>"}),
    api("GET", "/recognitions", "gongfang", reach=OWN),
    api("GET", "/recognitions/form", "", reach=OPEN),
    api(
        "POST", "/recognitions", "gongfang", {"dataset": "<dataset:free>", "registrar": "<registrar>", "form": FOREIGN}
    ),
)
REGISTRY: tuple[Door, ...] = (
    read("/registry", reach=OPEN),
    read("/registry?q=空气质量&state=valid&right=OPERATE&format=csv", reach=OPEN),
    read("/registry.json", reach=OPEN),
    read("/registry/revocations", reach=OPEN),
    read("/registry/revocations.json", reach=OPEN),
    read("/registry/statistics", reach=OPEN),
    read("/registry/statistics.json", reach=OPEN),
    read("/registry/statistics.csv", reach=OPEN),
    api("GET", "/registry", "", reach=OPEN),
    api("GET", "/registry/revocations", "", reach=OPEN),
    api("GET", "/registry/statistics", "", reach=OPEN),
)
API: tuple[Door, ...] = (
    api("GET", "/assets", "gongfang", reach=OWN),
    api("GET", "/assets/<asset:air>", "gongfang", readers=("shouli", "jianguan")),
    api("GET", "/registrations/form", "", reach=OPEN),
    api("POST", "/registrations", "gongfang",
        {"dataset": "<dataset:free>", "registrar": "<registrar>", "form": _form}),
    api("GET", "/registration-profiles", "", reach=OPEN),
    api("POST", "/certificates/<certificate:air>/amendments", "gongfang",
        {"kind": "change", "changes": {"summary": "示例更新后的概述"}, "reason": "说明更新"}),
    api("POST", "/certificates/<certificate:air>/offers", "gongfang",
        lambda things: {"kind": "transfer", "counterparty": things["stranger"].number, "form": _terms(things)}),
    api("POST", "/certificates/<certificate:air>/disputes", "pangren", OBJECTION, reach=OWN, administrators=True),
    api("POST", "/certificates/<certificate:air>/encumbrances", "dengji", SEIZURE),
    api("GET", "/notices", "", reach=OPEN),
    api("GET", "/notices/objection-form", "", reach=OPEN),
    api("POST", "/notices/<case:notice>/objections", "pangren", OBJECTION, reach=OWN, administrators=True),
    api("GET", "/verify/<certificate:air>", "", reach=OPEN),
)  # fmt: skip
DOORS = (*DESK, *CERTIFICATES, *PUBLIC, *REGISTRY, *RECOGNITION, *API)
