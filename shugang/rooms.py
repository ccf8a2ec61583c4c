"""The rooms that have doors to the outside: pages (`pages.py`) and API (`api.py`). One place lists them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

ROOMS = (
    "parties.organisations",
    "parties.accounts",
    "parties.posts",
    "parties.keys",
    "parties.notices",
    "parties.mandates",
    "delivery.datasets",
    "delivery.vault",
    "delivery.connectors",
    "delivery.connections",
    "delivery.grants",
    "delivery.planes",
    "delivery.metering",
    "delivery.acknowledgements",
    "delivery.deletions",
    "delivery.webhooks",
    "assets.registration",
    "assets.quality",
    "assets.registry",
    "assets.recognition",
    "assets.grading",
    "assets.review",
    "assets.thirdparty",
    "assets.valuation",
    "settlement.charges",
    "settlement.rating",
    "settlement.bills",
    "settlement.ledger",
    "settlement.payouts",
    "settlement.deposits",
    "settlement.invoices",
    "settlement.reconciliation",
    "market.products",
    "market.imports",
    "market.search",
    "market.listing",
    "market.samples",
    "market.pricing",
    "market.demand",
    "market.responses",
    "market.matching",
    "market.trade",
    "market.auction",
    "market.bundles",
    "market.contracts",
    "market.acceptance",
    "market.agreements",
    "market.vouchers",
    "market.disputes",
    "market.guidance",
    "market.disclosure",
    "publicdata.catalogue",
    "publicdata.catalogue.harvest",
    "publicdata.sources",
    "publicdata.crosscheck",
    "publicdata.rectification",
    "publicdata.lineage",
    "publicdata.sharing",
    "publicdata.authorisation",
    "publicdata.scenarios",
    "publicdata.trace",
    "interop.ckan",
    "interop.dcat",
    "portal.home",
    "portal.desk",
    "portal.cases",
    "portal.trace",
    "portal.log",
)


def modules(name: str) -> list[ModuleType]:
    """The `pages` or `api` modules of the rooms that have one."""
    found = (f"shugang.{room}.{name}" for room in ROOMS)
    return [import_module(path) for path in found if find_spec(path) is not None]
