"""Doors of registration and verification."""

from __future__ import annotations

from typing import Any

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
API: tuple[Door, ...] = (
    api("GET", "/assets", "gongfang", reach=OWN),
    api("GET", "/assets/<asset:air>", "gongfang", readers=("shouli", "jianguan")),
    api("GET", "/registrations/form", "", reach=OPEN),
    api("POST", "/registrations", "gongfang",
        {"dataset": "<dataset:free>", "registrar": "<registrar>", "form": _form}),
    api("GET", "/notices", "", reach=OPEN),
    api("GET", "/notices/objection-form", "", reach=OPEN),
    api("POST", "/notices/<case:notice>/objections", "pangren", OBJECTION, reach=OWN, administrators=True),
    api("GET", "/verify/<certificate:air>", "", reach=OPEN),
)  # fmt: skip
DOORS = (*DESK, *PUBLIC, *API)
