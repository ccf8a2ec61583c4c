"""What of the record somebody may read: the steps of his cases and deals, and where each named object has its page.

An object upstream is shared by many deals: its registrar or its other buyers read nothing of a deal that is not theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from shugang.assets.registration.models import DataAsset
from shugang.assets.thirdparty.models import SignedReport
from shugang.delivery.models import Dataset, Grant, WebhookEndpoint
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.models import Case, Event
from shugang.market.contracts.models import Contract
from shugang.market.products.models import DataProduct
from shugang.parties.models import Mandate
from shugang.publicdata.catalogue.models import PublicResource
from shugang.settlement.bills.models import Bill

from . import objects

_TABLES: dict[str, Any] = {
    "case": Case, "inquiry": Case, "contract": Contract, "grant": Grant, "bill": Bill, "dataset": Dataset,
    "asset": DataAsset, "product": DataProduct, "order": Case, "bundle": Case, "dispute": Case, "report": SignedReport,
    "webhook": WebhookEndpoint,
}  # fmt: skip
_TABLES |= {"demand": Case, "invitation": Case, "response": Case, "mandate": Mandate, "public_resource": PublicResource}
_TABLES |= dict.fromkeys(("sharing", "opening", "operation", "scenario_class", "scenario"), Case)
# Who takes part in these decides; what lies upstream of them is shared.
_DEALS = frozenset({"inquiry", "contract", "grant", "bill", "order", "bundle"})
_PUBLIC = frozenset({"certificate", "voucher", "report", "auction", "service_bundle"})


class Reader:
    """One person before some events: every table is asked once."""

    def __init__(self, actor: Actor, events: Iterable[Event]) -> None:
        self._actor = actor
        named: dict[str, set[str]] = defaultdict(set)
        cases: set[int] = set()
        for event in events:
            cases |= {event.case_id} if event.case_id else set()
            for ref in event.refs.all():
                named[ref.kind].add(ref.key)
        self._cases = set(Case.objects.visible_to(actor).filter(pk__in=cases).values_list("pk", flat=True))
        self._seen = seen(actor, named)

    def may_read(self, event: Event) -> bool:
        """His own act, a step of a case that he takes part in, or of a deal or thing of his; all for the supervisor."""
        if sees_every_record(self._actor):
            return True
        if self._actor.party_id is None:
            return False
        if event.party_id == self._actor.party_id:
            return True
        refs = {(ref.kind, ref.key) for ref in event.refs.all()}
        if {r for r in refs if r[0] in _DEALS} - self._seen:
            return False
        return event.case_id in self._cases if event.case_id else bool(refs & self._seen)

    def address(self, kind: str, key: str) -> str:
        """The object's page when this person may open it, else ""."""
        return _address(kind, key, (kind, key) in self._seen)


def seen(actor: Actor, named: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
    """Which of the numbered objects the actor may see; public ones are not asked for."""
    tables = ((kind, keys, _TABLES.get(kind)) for kind, keys in named.items())
    return {
        (kind, number)
        for kind, keys, table in tables
        if table is not None
        for number in table.objects.visible_to(actor).filter(number__in=keys).values_list("number", flat=True)
    }


def _address(kind: str, key: str, visible: bool) -> str:
    if kind == "product":
        return f"/desk/products/{key}" if visible else f"/products/{key}"
    return objects.address(kind, key) if kind in _PUBLIC or visible else ""


def addresses(actor: Actor, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The pages of those objects that the actor may open now, for notices."""
    wanted = set(pairs)
    named: dict[str, set[str]] = defaultdict(set)
    for kind, key in wanted:
        named[kind].add(key)
    visible = seen(actor, named)
    found = {(kind, key): _address(kind, key, (kind, key) in visible) for kind, key in wanted}
    return {pair: address for pair, address in found.items() if address}
