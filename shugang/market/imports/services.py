"""From a sheet to drafts: every row is checked as the verb would check it, then each is a verb of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from shugang.assets.registration.queries import valid_certificate
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.verbs import verb
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms
from shugang.policy.text import Text

from ..products.answers import Wrong, decimal
from ..products.kinds import OUTCOMES, SPEC
from ..products.models import DataProduct
from ..products.services import create_product, own_asset, require_supply
from . import sheet
from .models import OwnCode, ProductSheet

_FACTS = ("name", "name_en", "summary", "type", "sector", "field", "keywords")
KEPT = 50
SHEET = Text("这份批量导入", "sheet")


class _Checked(Exception):
    """Ends the trial of a row, so that nothing of it stays."""


def upload(actor: Actor, file_name: str, content: bytes) -> ProductSheet:
    """Read and check a sheet; nothing is created yet. Raises Refusal `forbidden`, `bad_sheet`, `too_many`."""
    supplier, person = require_supply(actor), actor.person_id
    if person is None:
        raise not_found(SHEET)
    rows = sheet.read(file_name, content)
    if ProductSheet.objects.visible_to(actor).filter(supplier_id=supplier, done_at=None).count() >= KEPT:
        text = Text("未办结的导入过多，请先办理或删除。", "Too many sheets wait; please finish or delete some.")
        raise Refusal("too_many", text, 409, {"file": text})
    codes: dict[str, int] = {}
    found = []
    made = _made(actor, supplier, [values.get("code", "") for _, values, _ in rows])
    for line, values, wrong in rows:
        code = values.get("code", "")
        if code in made:
            found.append({"line": line, "values": values, "wrong": {}, "result": "known", "product": made[code]})
            continue
        wrong = {**wrong, **_check(actor, values, wrong)}
        if code and code in codes:
            wrong["code"] = Text(f"与第{codes[code]}行重复。", f"The same as in row {codes[code]}.")
        codes.setdefault(code, line)
        told = {name: [text.zh, text.en] for name, text in wrong.items()}
        found.append(
            {"line": line, "values": values, "wrong": told, "result": "wrong" if told else "ready", "product": ""}
        )
    return ProductSheet.objects.create(
        supplier_id=supplier, person_id=person, file_name=file_name[-120:], rows=found, created_at=clock.now()
    )


def _made(actor: Actor, supplier: int, codes: list[str]) -> dict[str, str]:
    """The supplier's codes that have a product already → its number."""
    rows = OwnCode.objects.visible_to(actor).filter(supplier_id=supplier, code__in=codes)
    return dict(rows.values_list("code", "product__number"))


def _check(actor: Actor, values: Mapping[str, str], known: Mapping[str, Text]) -> dict[str, Text]:
    """What the verb would refuse of a row, by column; "" is the row as a whole. Tried in a transaction that is undone."""
    try:
        with transaction.atomic():
            _create(actor, values)
            raise _Checked
    except _Checked:
        return {}
    except Refusal as refusal:
        named = {_column(name): text for name, text in refusal.fields.items() if _column(name) not in known}
        return named or ({} if known else {"": refusal.message})


def _column(name: str) -> str:
    """Fields of the verb's own forms → columns of the sheet."""
    renamed = {"t_until": "until", "t_purpose": "purpose", "f_0": "columns", "fields": "columns", "purposes": "purpose",
               "valid_until": "until", "price_fen": "amount", "unit_price_e8": "amount"}  # fmt: skip
    column = renamed.get(name, name)
    return column if column in sheet.NAMES else ""


@verb
def _create(actor: Actor, values: Mapping[str, str]) -> DataProduct:
    """One draft, with the supplier's own code."""
    supplier = require_supply(actor)
    answers = _answers(actor, values)
    product = create_product(actor, **answers)
    OwnCode.objects.create(supplier_id=supplier, code=values["code"], product=product)
    return product


def _answers(actor: Actor, values: Mapping[str, str]) -> dict[str, Any]:
    """A row as what `create_product` takes. Raises Refusal `invalid_form` with every wrong cell at once."""
    wrong = Wrong()
    for column in sheet.COLUMNS:
        if column.required and not values.get(column.name):
            wrong.add(column.name, f"请填写“{column.label.zh}”。", f"Please fill in “{column.label.en}”.")
    chosen = {c.name: _choice(c, values.get(c.name, ""), wrong) for c in sheet.COLUMNS if c.choices is not None}
    if len(values.get("code", "")) > 60:
        wrong.add("code", "不超过60个字。", "At most 60 characters.")
    until = _day(values.get("until", ""), wrong)
    plan = _plan(chosen, values, wrong)
    wrong.check()
    asset = own_asset(actor, values["asset_number"])
    certificate = valid_certificate(asset)
    known = [c.name for c in asset.dataset_version.policy_columns()]
    wanted = [c for c in re.split(r"[,，、]\s*", values.get("columns", "")) if c] or known
    for name in [w for w in wanted if w not in known][:1]:
        wrong.add("columns", f"数据中没有字段“{name[:40]}”。", f"The data has no column “{name[:40]}”.")
    wrong.check()
    now = clock.now()
    last = until or (certificate.valid_until if certificate else now + timedelta(days=365))
    actions = ("download",) if chosen["mode"] in ("file", "push") else ("read",)
    terms = Terms(actions, chosen["purpose"], tuple(wanted), now, last)
    return {
        **{name: values.get(name, "") for name in _FACTS}, **{k: chosen[k] for k in ("type", "sector", "field", "mode")},
        "asset_number": asset.number, "offered_terms": terms, "price_plan": plan,
        "spec": {key: chosen.get(key, values[key]) for key in SPEC if values.get(key)},
    }  # fmt: skip


def _choice(column: sheet.Column, text: str, wrong: Wrong) -> str:
    """The code of a choice that was given by code or label."""
    for code, label in (column.choices or {}).items():
        if text.lower() in (code.lower(), label.zh.lower(), label.en.lower()):
            return code
    if text:
        some = "、".join(t.zh for t in list((column.choices or {}).values())[:8])
        wrong.add(
            column.name, f"没有“{text[:20]}”，可填：{some}等。", f"There is no “{text[:20]}”; see the template's notes."
        )
    return ""


def _day(text: str, wrong: Wrong) -> datetime | None:
    """The end of that day, where the platform is."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        wrong.add(
            "until", f"“{text[:20]}”不是有效日期，请写作2027-06-30。", f"“{text[:20]}” is no date; write 2027-06-30."
        )
        return None
    return datetime.combine(day + timedelta(days=1), time(0), tzinfo=clock.zone())


def _plan(chosen: Mapping[str, str], values: Mapping[str, str], wrong: Wrong) -> PricePlan:
    kind, mode = chosen["price_kind"], chosen["mode"]
    if kind in ("", "free"):
        return PricePlan("free")
    if not values.get("amount"):
        wrong.add("amount", "请填写金额。", "Please enter the amount.")
    if kind == "per_unit":
        billable = (next(iter(OUTCOMES[mode])),) if mode else ()
        return PricePlan("per_unit", unit_price_e8=decimal(values, "amount", 8, wrong), billable=billable)
    price = decimal(values, "amount", 2, wrong)
    return (
        PricePlan("one_off", price_fen=price) if kind == "one_off" else PricePlan("period", price_fen=price, every=kind)
    )


def own_sheet(actor: Actor, pk: int) -> ProductSheet:
    """Raises Refusal `not_found`."""
    found = ProductSheet.objects.visible_to(actor).filter(supplier_id=actor.party_id or 0, pk=pk).first()
    if found is None:
        raise not_found(SHEET)
    return found


def run(actor: Actor, pk: int) -> ProductSheet:
    """Create the drafts of the rows without a mistake, each by its own verb; a code that is known already is left alone.

    Run again it changes nothing. Raises Refusal `forbidden`, `not_found`.
    """
    supplier = require_supply(actor)
    found = own_sheet(actor, pk)
    for row in found.rows:
        if row["result"] == "ready":
            _run_row(actor, supplier, row)
    found.done_at = found.done_at or clock.now()
    found.save(update_fields=["rows", "done_at"])
    return found


def _run_row(actor: Actor, supplier: int, row: dict[str, Any]) -> None:
    code = row["values"]["code"]
    known = OwnCode.objects.visible_to(actor).filter(supplier_id=supplier, code=code).select_related("product").first()
    if known is None:
        try:
            row["product"], row["result"] = _create(actor, row["values"]).number, "created"
            return
        except Refusal as refusal:
            told = {_column(n): [t.zh, t.en] for n, t in refusal.fields.items()}
            row["wrong"], row["result"] = told or {"": [refusal.message.zh, refusal.message.en]}, "wrong"
            return
        except IntegrityError:  # the same row at the same moment, in another window
            known = OwnCode.objects.visible_to(actor).select_related("product").get(supplier_id=supplier, code=code)
    row["product"], row["result"] = known.product.number, "known"


def discard(actor: Actor, pk: int) -> None:
    """Forget a sheet; the drafts that came of it stay. Raises Refusal `forbidden`, `not_found`."""
    require_supply(actor)
    own_sheet(actor, pk).delete()
