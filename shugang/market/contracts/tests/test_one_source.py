"""Paper and enforcement come from one place: what the paper states is, value for value, what the plane gets."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from shugang.delivery.planes.bundles import compile_grant
from shugang.kernel.errors import Refusal
from shugang.kernel.testing import refused, snapshot
from shugang.market import testing
from shugang.market.contracts import composing, documents, services, templates
from shugang.market.contracts.models import Contract
from shugang.parties.testing import make_actor
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Mask, OutputRule, Quota, Rate, RowFilter, Terms
from shugang.settlement.models import ChargeAgreement

ALL = [(code, version) for code, last in templates.CURRENT.items() for version in range(1, last + 1)]
# A shipped version is never edited: contracts were signed under it. A change is a new version.
DIGESTS = {
    ("provision", 1): "8970a7ef6bc578d4655498a76c5cfcce6bfdf1e4a984de3d1eca542dcbb01f60",
    ("provision", 2): "87d39422cfc6c13bf9d934eb8f2a8040b50331fe5dc6a2c84e0fae085cd1f8fc",
    ("processing", 1): "185274677455a1e9dbe97c564e8d9c2cfe3850cddda984dbc840eb813c86758e",
    ("fusion", 1): "af7e4f337a489bbcc6dc1bde8e7d2358be8a4b91b6b2ede551de2b21ed0c138c",
    ("brokerage", 1): "dcbf601a2a2c71577ab271fb1f7515d04d317c9ced0e6fe41c37a5ad16fd8cfa",
}
each = pytest.mark.parametrize(("code", "version"), ALL, ids=lambda v: str(v))


def rich_terms():
    """Every kind of term at once."""
    return testing.make_terms(
        rows=(RowFilter("pm25", "ne", "9"), RowFilter("station", "in", ("甲站", "乙站"))),
        masks=(Mask("station", "keep_ends", {"prefix": 2, "suffix": 0}),),
        quotas=(Quota("rows", 10_000, "month", "all"), Quota("rows", 5_000_000, "total", "charged")),
        rate=Rate(5, 10), networks=("10.1.0.0/16",), environment="isolated", keep_log=True,
        notify=("first_use", "incident"), delete_after_days=30, notes="另行约定：仅限项目组使用。",
    )  # fmt: skip


def printed(contract: Contract) -> list[str]:
    """Every machine's form that stands in the data of the paper."""
    return [s["machine"] for c in documents.clauses(contract.snapshot) for s in c["statements"] if s["machine"]]


@pytest.mark.django_db
@pytest.mark.both
def test_what_the_paper_states_is_what_the_plane_enforces():
    # given an offer with every kind of term, and a contract over it in force
    deal = testing.make_deal(terms=rich_terms())
    contract = testing.signed(deal)
    # when the statements are read from the paper alone
    said, plan = {}, None
    for machine in printed(contract):
        value = json.loads(machine)
        if "kind" in value:
            assert plan is None, "the price stands once"
            plan = value
        else:
            assert not said.keys() & value.keys(), "each value stands once"
            said |= value
    # then they are the compiled grant's terms and the charge's plan, to the last key
    compiled = compile_grant(contract.grant, [])
    assert Terms.from_json({**composing.UNSAID, **said}) == compiled.terms == rich_terms_of(contract.snapshot)
    assert ChargeAgreement.objects.get(number=contract.number).plan == plan == contract.snapshot["plan"]


def rich_terms_of(text):
    return Terms.from_json(text["terms"])


def paper(terms: Terms, plan: PricePlan, mode: str = "sql") -> dict:
    """A contract's text without a market around it."""
    template = templates.load("provision")
    return {
        "template": template.frozen(), "answers": template.check({}), "terms": terms.to_json(), "plan": plan.to_json(),
        "product": {"number": "CP-1", "name": "示例产品", "mode": mode}, "dataset": {"number": "DS-1", "version": 1},
        "certificate": {"number": "DJ-1"}, "inquiry": {"need": "示例需求", "purpose": terms.purpose},
    }  # fmt: skip


def test_other_terms_read_otherwise_in_both_languages():
    """Words cannot hide a difference: change any one term and the words of exactly its statements change."""
    base = paper(rich_terms(), testing.PER_DELIVERY)
    changes = {
        "purpose": "evaluation", "fields": ["station", "at"], "rows": [], "quotas": [], "rate": {"per_second": 6, "burst": 10},
        "networks": ["10.2.0.0/16"], "environment": None, "redistribute": True, "keep_log": False, "notify": ["incident"],
        "delete_after_days": 31, "attribution": "他人", "notes": "", "actions": ["read"],
        "valid_until": "2030-01-01T00:00:00Z", "masks": [], "output": OutputRule(10).to_json(),
    }  # fmt: skip
    before = words(base)
    for key, value in changes.items():
        after = words({**base, "terms": {**base["terms"], key: value}})
        owner = next(k for k, names in composing.KEYS.items() if key in names)
        for language in (0, 1):
            differing = {k for k in before.keys() | after.keys() if _in(before, k, language) != _in(after, k, language)}
            assert differing == {owner}, (key, differing)
    dearer = {**base, "plan": PricePlan("per_unit", unit_price_e8=80_000_000_001, billable=("delivered",)).to_json()}
    assert {k for k in before if before[k] != words(dearer)[k]} == {composing.PRICE}


def words(said):
    found = {}
    for clause in composing.compose(said):
        for s in clause.statements:
            found.setdefault(s.key, []).append((s.value.zh, s.value.en))
    return found


def _in(found, key, language):
    return [pair[language] for pair in found.get(key, [])]


@each
def test_a_template_holds_words_and_names_but_no_values(code, version):
    template = templates.load(code, version)
    paths = []
    for clause in template.data["clauses"]:
        for said in clause["text"]:
            zh, en = (set(composing.PLACEHOLDER.findall(said[language])) for language in ("zh", "en"))
            assert zh == en, "both languages name the same values"
            paths += sorted(zh)
            for language in ("zh", "en"):
                rest = composing.PLACEHOLDER.sub("", said[language])
                assert not re.search(r"\d|[{}]", rest), f"a value in the words of {clause['id']}: {rest}"
    # one place for each value: a path is named once, a term stands in one clause, answers are all used
    assert len(paths) == len(set(paths)), sorted(p for p in paths if paths.count(p) > 1)
    terms = [key for clause in template.data["clauses"] for key in clause.get("terms", ())]
    assert len(terms) == len(set(terms))
    if template.data["carries_grant"]:
        assert set(terms) == set(composing.KEYS)
    asked = {f["name"] for f in template.data["fields"]}
    shown = {
        p.removeprefix("answers.") for p in paths if p.startswith("answers.") or (p == "shares" and code == "fusion")
    }
    conditions = {
        k for c in template.data["clauses"] for t in c["text"] for k in {**t.get("when", {}), **t.get("unless", {})}
    }
    assert asked <= shown | conditions and shown <= asked
    assert not asked & {k for names in composing.KEYS.values() for k in names}
    ids = [clause["id"] for clause in template.data["clauses"]]
    assert len(ids) == len(set(ids)) and {"breach", "dispute", "end", "secrecy", "security", "personal"} <= set(ids)


@each
def test_a_shipped_version_is_not_edited(code, version):
    file = templates.FOLDER / f"{code}-{version}.json"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == DIGESTS[code, version]


def test_a_value_stated_twice_or_not_at_all_is_refused():
    clause = composing.Clause("x", composing.title_of({"clauses": []}), (), (
        composing.Statement("purpose", *[composing.title_of({"clauses": []})] * 2, "legal",
                            *[composing.title_of({"clauses": []})] * 2, '{"purpose":"research"}'),))  # fmt: skip
    with pytest.raises(ValueError, match="twice"):
        composing.read_back([clause, clause])
    with pytest.raises(ValueError):
        composing.read_back([clause])


@pytest.mark.django_db
@pytest.mark.both
def test_the_form_is_open_until_one_side_signs():
    # given a contract over a one-off price: its delivery is inspected, silence accepts
    deal = testing.make_deal(plan=PricePlan("one_off", price_fen=50_000))
    contract = testing.accepted(deal)
    assert (
        contract.snapshot["answers"]["acceptance"] == "silence"
        and contract.snapshot["compliance"]["purpose"] == "research"
    )
    # when the buyer wants an express acceptance within 20 working days
    before = contract.sha256
    contract = services.fill_in(deal.buyer, contract.number, {"acceptance": "express", "inspection_days": "20"})
    # then the text is another one, in words and in digest, and a signature over the former is refused
    clauses = {c.id: " ".join(p.zh for p in c.paragraphs) for c in composing.compose(contract.snapshot)}
    assert (
        "视为验收合格" not in clauses["acceptance"]
        and "20个工作日" in clauses["acceptance"]
        and contract.sha256 != before
    )
    with pytest.raises(Refusal) as no:
        services.sign(deal.supplier, contract.number, sha256=before)
    assert no.value.code == "stale_version" and not contract.signatures.exists()
    # and answers that contradict each other, or are none, change nothing
    for answers, field in (({"acceptance": "use", "quality_in_use": True}, "acceptance"), ({"forum": ""}, "forum"),
                           ({"cure_days": "0"}, "cure_days"), ({"price": "1"}, "price")):  # fmt: skip
        assert field in refused(contract.case, "fill_in", deal.buyer, {"answers": answers}).fields
    assert refused(contract.case, "fill_in", deal.buyer, {"answers": [1]}).code == "invalid_form"
    # when the supplier has signed, then neither side edits it, nor its plan
    services.sign(deal.supplier, contract.number, sha256=contract.sha256)
    for side in (deal.supplier, deal.buyer):
        assert refused(contract.case, "fill_in", side, {"answers": {"inspection_days": "1"}}).code == "already_signed"


def test_contracts_of_the_former_shape_read_as_they_were_signed():
    text = paper(rich_terms(), testing.PER_DELIVERY)
    said = {k: v for k, v in text.items() if k not in ("template", "answers")}
    said["clauses"] = [
        {"title": {"zh": "争议", "en": "Disputes"}, "text": {"zh": "先协商。", "en": "Negotiate first."}}
    ]
    found = composing.compose(said)
    assert [c.id for c in found] == ["terms", "clause1"] and found[1].paragraphs[0].zh == "先协商。"
    assert composing.read_back(found) == (rich_terms_of(text), testing.PER_DELIVERY)


@pytest.mark.django_db
def test_who_may_not_fill_in(deal):
    contract = testing.accepted(deal)
    clerk = make_actor(deal.buyer.party, ("finance",))
    before = snapshot(contract.case)
    assert refused(contract.case, "fill_in", clerk, {"answers": {}}).code == "forbidden"
    assert snapshot(contract.case) == before
