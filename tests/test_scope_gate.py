"""The one gate of party data, held over the source: what shows rows reads them through `visible_to`.

Verbs, effects and guards are not read here: they lock the rows that they change, after the kernel or a gate has checked
the actor; `tests.test_isolation` asks each of them as a stranger.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

import shugang
from shugang.kernel.scope import ScopedModel

ROOT = Path(shugang.__file__).parent
WINGS = ("parties", "delivery", "assets", "settlement", "market", "publicdata", "interop", "portal")
# What shows: reads for pages and the API, and what they put on the page.
SHOWING = {"queries", "pages", "api", "public_pages", "desk", "people", "presenting", "tiles", "statement", "usage",
           "documents", "check", "verify", "certificate_check", "objects", "http", "sign_in", "answers", "doors",
           "editor_values", "pricing", "report", "checks"}  # fmt: skip
# Reads past the gate that are right: (module, function, model) → the reason.
SEEN = "of an object that the caller already read through the gate"
EXCEPTIONS: dict[tuple[str, str, str], str] = {
    ("parties/organisations/checks", "free_code", "Party"): "a credit code is unique among all parties",
    ("parties/organisations/queries", "the_operator", "Party"): "everybody applies to the venue operator",
    ("parties/posts/pages", "_system", "Party"): "the system administrator founds these parties; names only",
    ("delivery/deletions/queries", "deletion", "DeletionStatement"): SEEN,
    ("delivery/metering/queries", "charged_quantities", "UsageRecord"): "rating counts what both sides are billed for",
    ("delivery/metering/queries", "windows", "UsageRecord"): "rating counts what both sides are billed for",
    ("delivery/metering/queries", "usage_by_day", "UsageRecord"): "its callers pass the grants that the reader sees",
    ("delivery/metering/queries", "quotas_left", "UsageRecord"): SEEN,
    ("assets/registration/certificate_check", "check", "Certificate"): "anybody verifies a certificate",
    (
        "assets/thirdparty/queries",
        "standing_reports",
        "SignedReport",
    ): "procedures ask which reports stand; they show only what their reader may see",
    ("assets/review/checks", "stale", "BasisWithdrawal"): "a rule of the review; nothing is shown",
    ("assets/review/checks", "shown_anonymous", "AnonymityCheck"): "a rule of the review; nothing is shown",
    ("assets/review/queries", "standing", "SecurityReview"): "guards ask whether a review stands; nothing is shown",
    ("assets/review/queries", "shown_checks", "AnonymityCheck"): SEEN,
    ("assets/valuation/verify", "check", "Appraisal"): "anybody verifies a report; its value is not shown",
    ("settlement/rating/usage", "quantities", "UsageRecord"): "rating counts what both sides are billed for",
    ("settlement/rating/usage", "visible_uses", "UsageRecord"): "platform finance answers disputes about uses",
    (
        "settlement/reconciliation/queries",
        "reconcile",
        "ChargeAgreement",
    ): "compares everything; its callers check who asks",
    ("settlement/reconciliation/queries", "_open", "Bill"): "of the agreements of `reconcile`",
    ("settlement/reconciliation/queries", "_open", "BankLine"): "what no bill explains, in the whole reconciliation",
    ("market/contracts/queries", "changes", "Case"): SEEN,
    ("market/contracts/queries", "breaches", "Case"): SEEN,
    ("market/contracts/queries", "acceptance_case", "Case"): SEEN,
    ("delivery/metering/queries", "lineages", "Grant"): "one price counts the use of a contract's grants",
    (
        "market/demand/queries",
        "answerable",
        "DataProduct",
    ): "of an invitation that its supplier reads: his listed products",
    ("market/responses/queries", "answerable_demand", "Demand"): "what is or was open to everybody",
    (
        "market/responses/queries",
        "explained",
        "Match",
    ): "of an answer that was read by the gate; both its sides see why",
    (
        "market/pricing/queries",
        "models",
        "PricingModel",
    ): "a visitor sees public models; who acts for a party reads by the gate",
    ("market/pricing/queries", "applicable_models", "PricingModel"): "published models are public",
    (
        "market/pricing/queries",
        "estimates",
        "Estimate",
    ): "a visitor sees what the supplier shows; others read by the gate",
    ("market/pricing/queries", "asks", "AskPrice"): "what was asked for a listed product is public",
    ("market/pricing/queries", "allowances", "FeeAllowance"): "fees of public data are published",
    ("market/products/queries", "sibling_offers", "DataProduct"): "the supplier's own offers, for his own price check",
    ("market/products/queries", "last_opinion", "SignedReport"): "the opinion on a product is public",
    ("market/products/queries", "dictionary", "Column"): "the columns of an offer are public",
    ("market/search/queries", "address_of", "DataProduct"): "products that are or were listed are public",
    ("market/search/queries", "address_of", "Party"): "leads to the public page alone",
    ("market/vouchers/check", "check", "TradeVoucher"): "anybody verifies a voucher",
    ("portal/cases/presenting", "party_names", "Party"): SEEN,
    ("portal/home/queries", "front_page", "DataProduct"): "listed products on the front page",
    ("portal/home/queries", "counts_for_metrics", "model"): "counts by state for the operator's monitoring",
    ("portal/home/queries", "counts_for_metrics", "UsageRecord"): "a count for the operator's monitoring",
    ("portal/trace/queries", "_asset", "DataProduct"): SEEN,
    (
        "publicdata/authorisation/queries",
        "grants",
        "Grant",
    ): "of an agreement that the reader was shown; opened by the gate",
    ("publicdata/catalogue/queries", "published", "PublicResource"): "the public catalogue",
    ("publicdata/lineage/queries", "columns_of", "LineageEdge"): SEEN,
    ("publicdata/lineage/queries", "standing_of", "Certificate"): "certificates in force are public",
    (
        "publicdata/lineage/queries",
        "_of_inputs",
        "LineageNode",
    ): "grade and rights go along to an answer that is readable",
    ("publicdata/lineage/queries", "_behind", "DatasetVersion"): SEEN,
    ("publicdata/lineage/queries", "rights_missing", "DatasetVersion"): SEEN,
    ("publicdata/lineage/queries", "rights_missing", "Certificate"): "certificates in force are public",
    ("publicdata/rectification/queries", "board", "Ticket"): "counts by department, for those whom the board admits",
    (
        "publicdata/scenarios/queries",
        "grants_of",
        "Grant",
    ): "of an approval that the reader was shown; opened by the gate",
    (
        "publicdata/rectification/presenting",
        "objected_rows",
        "Objection",
    ): "an open objection's mark is everybody's to see",
    ("publicdata/scenarios/report", "tables", "PublicResource"): "names in the annual report, which is published",
    ("publicdata/scenarios/report", "_cases", "Case"): "sums of the annual report",
    ("publicdata/scenarios/report", "_use", "Grant"): "sums of the annual report",
    ("publicdata/scenarios/report", "_records", "UsageRecord"): "sums of the annual report",
    ("publicdata/scenarios/report", "_resources", "Grant"): "sums of the annual report",
    ("publicdata/scenarios/report", "_applications", "ScenarioUse"): "finished applications are listed in public",
    ("publicdata/trace/queries", "grants", "Grant"): "the data office answers for the use of all public data",
    ("publicdata/trace/queries", "_readable", "Grant"): "the data office answers for the use of all public data",
    ("publicdata/trace/queries", "_grant", "PublicResource"): "the name of what a readable grant is of",
    ("publicdata/trace/queries", "_dataset", "Dataset"): "behind a published resource, for the data office",
    (
        "publicdata/trace/queries",
        "_bases",
        "Case",
    ): "titles of the bases of readable grants; steps and links by the gate",
    ("publicdata/trace/queries", "_uses", "UsageRecord"): SEEN,
    ("publicdata/trace/queries", "_outcomes", "SharingRequest"): SEEN,
    ("publicdata/trace/queries", "_outcomes", "ScenarioUse"): SEEN,
}
# The reconciliation's comparisons: all of them behind `reconcile`.
WHOLE = {"settlement/reconciliation/checks"}


def scoped() -> set[str]:
    return {m.__name__ for m in apps.get_models() if issubclass(m, ScopedModel)}


def modules() -> list[Path]:
    return [p for wing in WINGS for p in sorted((ROOT / wing).rglob("*.py"))
            if "tests" not in p.parts and "migrations" not in p.parts and p.stem in SHOWING]  # fmt: skip


MANAGERS = {"objects", "_default_manager", "_base_manager"}


class _Reads(ast.NodeVisitor):
    """(function, line, model) of each read of a scoped table that does not pass the gate at once."""

    def __init__(self, names: set[str]) -> None:
        self.names, self.found = names, list[tuple[str, int, str]]()
        self._functions, self._passed = list[str](), set[int]()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in {"visible_to", "none"} and isinstance(node.value, ast.Attribute):
            self._passed.add(id(node.value))
        # `model.objects` in a loop over tables counts as scoped: any of them may be.
        known = isinstance(node.value, ast.Name) and (node.value.id in self.names or node.value.id == "model")
        if node.attr in MANAGERS and known and id(node) not in self._passed:
            assert isinstance(node.value, ast.Name)
            self.found.append((".".join(self._functions) or "<module>", node.lineno, node.value.id))
        self.generic_visit(node)


def ungated(source: str, names: set[str]) -> Iterator[tuple[str, int, str]]:
    reads = _Reads(names)
    reads.visit(ast.parse(source))
    for function, line, model in reads.found:
        if not any(part.startswith("public_") for part in function.split(".")):
            yield function, line, model


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_what_shows_party_data_reads_through_the_gate(path):
    module = str(path.relative_to(ROOT)).removesuffix(".py")
    if module in WHOLE:
        return
    wrong = [
        f"{path.name}:{line} {function} reads {model}"
        for function, line, model in ungated(path.read_text(encoding="utf-8"), scoped())
        if (module, function, model) not in EXCEPTIONS
    ]
    assert wrong == []


def test_no_exception_outlives_its_read():
    standing = {
        (str(path.relative_to(ROOT)).removesuffix(".py"), function, model)
        for path in modules()
        for function, _, model in ungated(path.read_text(encoding="utf-8"), scoped())
    }
    assert set(EXCEPTIONS) <= standing


def test_the_rule_sees_a_read_past_the_gate():
    source = (
        "def rows(actor):\n    return Bill.objects.filter(number=1)\n"
        "def good(actor):\n    return Bill.objects.visible_to(actor).filter(number=1)\n"
        "def public_rows():\n    return Bill.objects.all()\n"
    )
    assert list(ungated(source, {"Bill"})) == [("rows", 2, "Bill")]


def test_every_table_of_a_party_says_who_sees_it():
    """A model with a foreign key to a party is scoped, and its scope is not the empty one."""
    from shugang.parties.organisations.models import Party

    # The first two are personal, read by person alone; a life event's list is public.
    free = {"AccessToken", "Notice", "ServiceBundle"}
    for model in apps.get_models():
        if not model.__module__.startswith("shugang.") or model.__name__ in free:
            continue
        if any(f.related_model is Party for f in model._meta.fields if f.is_relation):
            assert issubclass(model, ScopedModel), model.__name__
        if issubclass(model, ScopedModel):
            assert model.scope.__func__ is not ScopedModel.scope.__func__, f"{model.__name__} shows nothing to anybody"
