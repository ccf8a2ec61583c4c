"""Whether an offer holds together: terms over the columns, mode, price plan, and what the certificate allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from shugang.assets.models import AssetRight, Certificate, DataAsset
from shugang.assets.registration.queries import valid_certificate
from shugang.delivery.grants import sources
from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.parties.models import Party
from shugang.policy.codec import TermsError
from shugang.policy.priceplan import PricePlan, check_plan
from shugang.policy.terms import PURPOSES, Terms, validate
from shugang.policy.text import Text

from .kinds import OUTCOMES

# Modes whose data stays with the supplier, and how their source is built.
CONNECTED: dict[str, Callable[[DatasetVersion], dict[str, Any]]] = {
    "query": sources.query_source,
    "proxy": sources.proxy_source,
    "stream": sources.stream_source,
}


def readable(terms: object, plan: object) -> tuple[Terms, PricePlan]:
    """Terms and plan from JSON (or as they are). Raises Refusal `bad_terms`."""
    try:
        return (
            terms if isinstance(terms, Terms) else Terms.from_json(terms),
            plan if isinstance(plan, PricePlan) else PricePlan.from_json(plan),
        )
    except TermsError as error:
        raise refusal(error) from error


def refusal(error: TermsError) -> Refusal:
    return Refusal("bad_terms", error.text, 422, {error.field: error.text})


def check(terms: Terms, plan: PricePlan, version: DatasetVersion, mode: str) -> None:
    """Raises Refusal `bad_terms`, `unknown_outcome`, `unknown_unit` when nobody could deliver or bill this."""
    try:
        validate(terms, version.policy_columns(), mode)
        check_plan(plan)
    except TermsError as error:
        raise refusal(error) from error
    if plan.unit == "seconds" and mode != "stream":
        text = Text(
            "只有实时数据流按时长计量，请改选单位。", "Only streams are metered by time. Please choose another unit."
        )
        raise Refusal("unknown_unit", text, 422, {"p_unit": text})
    strange = [o for o in plan.billable if o not in OUTCOMES[mode]]
    if strange:
        known = OUTCOMES[mode].values()
        raise Refusal(
            "unknown_outcome",
            Text(
                f"这种交付方式没有结果“{strange[0]}”，只能对{'、'.join(t.zh for t in known)}计费。",
                f"This mode has no outcome “{strange[0]}”; only {', '.join(t.en for t in known)} can be charged.",
            ),
            422,
        )


def outcomes(plan: PricePlan, mode: str) -> dict[str, bool]:
    """Outcome → whether its use is charged; a paid plan without units (one-off, free) charges no single use."""
    return {name: name in plan.billable for name in OUTCOMES[mode]}


def check_purposes(purposes: Iterable[str], terms: Terms) -> list[str]:
    """The offered purposes in order of the code list, the terms' own among them. Raises Refusal `bad_terms`."""
    chosen = {terms.purpose, *purposes}
    strange = sorted(chosen - set(PURPOSES))
    if strange:
        message = Text(f"没有用途“{strange[0]}”。", f"There is no purpose “{strange[0]}”.")
        raise Refusal("bad_terms", message, 422, {"purposes": message})
    return [p for p in PURPOSES if p in chosen]


def source_of(version: DatasetVersion, mode: str, options: Mapping[str, Any], number: str, name: str) -> dict[str, Any]:
    """What a grant reads, built from the version itself: a supplier names a key column or a table, never a file.

    `options`: `key_column` (api); `share`, `schema`, `table`, `versions`, `partition` (table); `name` (file); `versions` (push); `table` (sql). Raises
    Refusal `not_hosted`, `not_connected`, `no_such_column`, `unknown_versions`.
    """
    if mode in CONNECTED:
        return CONNECTED[mode](version)
    if mode == "file":
        return sources.file_source(version, str(options.get("name") or name))
    if mode == "push":
        return sources.push_source(version, str(options.get("versions") or "this"))
    if mode == "sql":
        return sources.sql_source(version, str(options.get("table") or name))
    if mode == "api":
        first = version.policy_columns()[0].name
        return sources.api_source(version, str(options.get("key_column") or first))
    return sources.table_source(
        version,
        str(options.get("share") or number),
        str(options.get("schema") or "data"),
        str(options.get("table") or name),
        str(options.get("versions") or "this"),
        _names(options.get("partition")),
    )


def _names(given: Any) -> list[str]:
    """Column names from the API (a list or one text) or the form (separated by commas)."""
    items = re.split(r"[,，、]", given) if isinstance(given, str) else given or ()
    return [name for item in items if (name := str(item).strip())]


def hold_still(asset: DataAsset) -> None:
    """Lock the asset's certificates, then its products, for the rest of the transaction.

    A suspension by the registrar takes its locks in the same order, so it comes either wholly before or wholly after
    what is decided here, and then finds the grant that was issued.
    """
    list(asset.certificates.select_for_update().order_by("pk").values_list("pk"))
    list(asset.products.select_for_update().order_by("pk").values_list("pk"))


def certificate_for(asset: DataAsset, supplier: Party) -> Certificate:
    """The certificate by which the supplier may trade the asset now. Raises Refusal `no_certificate`, `no_right`."""
    certificate = valid_certificate(asset)
    if certificate is None or certificate.party_id != supplier.pk:
        raise Refusal(
            "no_certificate",
            Text(
                f"资产{asset.number}没有有效的登记凭证，不能上架或交易。请先办理登记，或恢复凭证。",
                f"Asset {asset.number} has no valid certificate, so it cannot be listed or traded. Please register it first.",
            ),
            409,
        )
    right = AssetRight.objects.filter(asset=asset, party=supplier, right=AssetRight.Right.OPERATE).first()
    if right is None or (right.valid_until is not None and right.valid_until <= clock.now()):
        raise Refusal(
            "no_right",
            Text(
                "登记的权利中没有数据产品经营权，或该权利已到期，不能对外交易。请先变更登记。",
                "The registered rights hold no right to trade data products, or it has ended. Please amend the registration.",
            ),
            409,
        )
    return certificate


def beyond_certificate(terms: Terms, certificate: Certificate) -> list[Text]:
    """Where the terms reach further than the certificate: its validity, the right's end, resale."""
    found = []
    right = AssetRight.objects.filter(
        asset_id=certificate.asset_id, party_id=certificate.party_id, right=AssetRight.Right.OPERATE
    ).first()
    ends = [certificate.valid_until, *([right.valid_until] if right and right.valid_until else [])]
    if terms.valid_until > min(ends):
        day = min(ends).astimezone(clock.zone()).date().isoformat()
        found.append(
            Text(
                f"使用期限超过登记凭证或经营权的有效期（{day}），请缩短期限。",
                f"The period goes beyond the certificate or the right to trade ({day}). Please shorten it.",
            )
        )
    if terms.redistribute and certificate.content.get("limits", {}).get("resale") == "no":
        found.append(
            Text(
                "登记时声明不允许转售或再许可，条款不能允许转授。",
                "The registration states that resale is not allowed; the terms may not allow redistribution.",
            )
        )
    return found


def beyond_licence(terms: Terms, last: date | None) -> list[Text]:
    """Where the terms outlive the last day of the source's licence."""
    if last is None or (terms.valid_until - timedelta(microseconds=1)).astimezone(clock.zone()).date() <= last:
        return []
    return [
        Text(
            f"使用期限超过来源许可的到期日（{last}），请缩短期限。",
            f"The period goes beyond the licence of the source ({last}). Please shorten it.",
        )
    ]
