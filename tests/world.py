"""A small market, built by the real verbs: the demonstration's chain without its processes, and one of everything
that a page can show. Later tests read it and try to trespass; each in a transaction that is rolled back.

`things` carries actors by user name (`gongfang`), and objects by kind (`grant:segments`, `case:inquiry`).
"""

from __future__ import annotations

import base64
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import signing
from django.db.models import Max

from demo import cast, registration, security, settlement, trade
from demo.play import set_clock
from demo.stage import Stage
from shugang.assets.grading.services import accept_all, declare_input, declare_lowering
from shugang.assets.quality import services as quality
from shugang.assets.quality import working as counting
from shugang.assets.registration.models import Certificate, DataAsset
from shugang.assets.registration.services import apply_registration, file_objection
from shugang.assets.review.services import apply_review
from shugang.assets.testing import OBJECTION, anchor, answers_for, registration_form
from shugang.assets.thirdparty.models import ServiceOffer, SignedReport
from shugang.assets.thirdparty.services import apply_offer
from shugang.assets.thirdparty.testing import Agency, Desk, list_offer, make_file, offer_form, order_service
from shugang.assets.thirdparty.testing import to_state as to_order_state
from shugang.assets.valuation import testing as valuation
from shugang.assets.valuation.book_services import open_sheet
from shugang.assets.valuation.services import save_paper
from shugang.commands.setup import profile_files
from shugang.delivery.acknowledgements.queries import proposal
from shugang.delivery.acknowledgements.services import acknowledge
from shugang.delivery.connections.services import approve_connection, register_connection
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.grants.models import Grant
from shugang.delivery.grants.services import issue_credential, issue_grant
from shugang.delivery.grants.sources import file_source
from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.records import GENESIS
from shugang.delivery.planes.models import Plane
from shugang.delivery.planes.services import create_enrolment, enrol
from shugang.delivery.testing import make_records
from shugang.delivery.vault.services import upload_version
from shugang.delivery.vault.transfer import open_upload
from shugang.delivery.webhooks import services as webhooks
from shugang.kernel import clock, engine, materials, sequencer
from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.profiles import load_profiles
from shugang.market.agreements.services import propose
from shugang.market.contracts.models import Contract
from shugang.market.contracts.services import fill_in, propose_amendment, propose_change, sign
from shugang.market.demand import inviting
from shugang.market.demand import services as demands
from shugang.market.disclosure.rules import comment, publish_rule
from shugang.market.disputes.bundle import export_bundle
from shugang.market.disputes.measures import order as order_measure
from shugang.market.disputes.services import file_evidence, open_dispute, propose_settlement
from shugang.market.imports.services import upload
from shugang.market.listing.services import apply_listing
from shugang.market.matching.running import run_due as run_matching
from shugang.market.pricing.fees import decide_allowance
from shugang.market.pricing.services import draft_model, make_estimate
from shugang.market.pricing.splits import make_split
from shugang.market.products.models import DataProduct
from shugang.market.products.services import create_product
from shugang.market.responses import services as responses
from shugang.market.search import saved
from shugang.market.trade.services import accept, inquire, quote
from shugang.market.vouchers.models import TradeVoucher
from shugang.parties.accounts.actor import PartyActor, actor_for
from shugang.parties.accounts.demo import make_demo_person
from shugang.parties.accounts.models import Invitation
from shugang.parties.accounts.services import invite, make_person, new_link, set_duties
from shugang.parties.accounts.tokens import make_token
from shugang.parties.keys.services import make_key
from shugang.parties.mandates import services as mandates
from shugang.parties.notices import letters
from shugang.parties.notices.models import Letter, Notice
from shugang.parties.organisations.models import Party
from shugang.parties.organisations.services import apply_for_admission
from shugang.policy.connections import Account
from shugang.policy.identifiers import fake_phone, make_uscc
from shugang.settlement.payouts.receiving import exchange
from shugang.settlement.payouts.simulator import Payment, simulate_bank
from shugang.settlement.rating.services import rate_period
from shugang.settlement.reconciliation.services import run_reconciliation
from shugang.settlement.testing import issue

from .deals import open_deals
from .visitors import footprint, open_sessions
from .world_public import build_public

SEGMENTS = 600
EVERY_DUTY = ("manager", "handler", "examiner", "reviewer", "signer", "finance", "engineer", "analyst")


QUALITY = {"rules": [
    {"id": "filled", "kind": "filled", "columns": "*", "at_least": 95},
    {"id": "pm", "kind": "range", "column": "pm25", "min": 0, "max": 60},
    {"id": "order", "kind": "order", "first": "pm25", "second": "pm10"},
    {"id": "key", "kind": "unique", "columns": ["date", "hour", "station"]},
    {"id": "again", "kind": "duplicate", "columns": "*", "at_least": 99},
    {"id": "day", "kind": "date", "column": "date", "format": "%Y%m%d", "earliest": "2020-03-26", "latest": "2020-04-08"},
    {"id": "told", "kind": "described"},
    {"id": "asked", "kind": "answered"},
]}  # fmt: skip


class Quiet(Stage):
    """The demonstration's stage without its progress lines."""

    @contextmanager
    def step(self, title: str, who: str) -> Iterator[list[str]]:
        yield []


@dataclass
class World:
    things: dict[str, Any] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    footprint: dict[str, str] = field(default_factory=dict)

    def actor(self, name: str) -> PartyActor:
        return self.things[name]

    def number(self, name: str) -> str:
        return str(self.things[name].number)


def small_data(folder: Path) -> Path:
    """The demonstration's files; of the number segments only the first few hundred of the province used."""
    folder.mkdir()
    for path in registration.DATA.iterdir():
        if path.suffix == ".csv":
            (folder / path.name).write_bytes(path.read_bytes())
    with gzip.open(registration.DATA / "mobile_segments.csv.gz", "rt", encoding="utf-8") as handle:
        header = next(handle)
        rows = [line for line in handle if "福建" in line][:SEGMENTS]
    with gzip.open(folder / "mobile_segments.csv.gz", "wt", encoding="utf-8") as out:
        out.writelines([header, *rows])
    return folder


def build(monkeypatch: Any, folder: Path) -> World:
    """Play the chain, then leave one open item in each procedure."""
    monkeypatch.setattr(registration, "DATA", small_data(folder / "data"))
    load_profiles(profile_files())
    set_clock()
    world = World()
    stage = Quiet(0, things=world.things)
    cast.posts_and_founders(stage)
    cast.admissions(stage)
    _administrators(world)
    _stranger(world)
    _planes(world)
    registration.store(stage)
    registration.register(stage)
    anchor()
    security.clear(stage)
    trade.products(stage)
    trade.deals(stage)
    _keys(world)
    _file(world)
    _uses(world)
    settlement.bill_and_settle(stage)
    world.things["bill:settled"] = world.things["bills"][0]
    world.things["voucher"] = TradeVoucher.objects.order_by("id").first()
    for name in (
        "registrations",
        "gradings",
        "services",
        "appraisals",
        "listings",
        "negotiations",
        "demands",
        "mandates",
        "prices",
        "admission",
        "money",
        "personal",
        "quality",
        "notices",
        "searches",
        "disputes",
        "sheets",
    ):
        globals()[f"_open_{name}"](world)
    open_deals(world)
    build_public(world, stage)
    anchor()
    world.things["proofs"] = export_bundle(world.actor("xufang"), world.number("dispute"))
    anchor()
    _evidence(world)
    world.sessions = open_sessions(world.things)
    world.things["world"] = world
    world.footprint = footprint()
    return world


def _administrators(world: World) -> None:
    for username in ("xitong", "anquan", "shenji"):
        person = cast.Person.objects.get(username=username)
        world.things[username] = actor_for(person, second_factor=True)


def _stranger(world: World) -> None:
    """Another admitted party with every trading role but the reviewer's, and a person with every duty and a key."""
    person = make_demo_person("pangren", "旁人（各岗）")
    form = {
        "name": "示例旁人数据有限公司", "name_en": "Sample Bystander Ltd.", "uscc": make_uscc("test-stranger"),
        "roles": ["supplier", "buyer"], "legal_representative": "示例人", "contact": "旁人", "business": "无关业务",
        "telephone": fake_phone("stranger"), "address": "示例市示例区示例路9号",
    }  # fmt: skip
    case = apply_for_admission(person, form, world.things["operator"])
    engine.act(case.number, "accept", world.things["yunying"])
    engine.act(case.number, "approve", world.things["fuhe"], {"identity_checked": True, "opinion": "材料齐全。"})
    party = Party.objects.get(case=case)
    set_duties(SYSTEM, party, person, list(EVERY_DUTY))
    world.things["stranger"] = party
    world.things["pangren"] = actor_for(person, party, second_factor=True)
    make_key(world.things["pangren"])


def _planes(world: World) -> None:
    """The platform's plane and the supplier's, both enrolled; their private keys stand in `things`."""
    supplier = world.actor("gongfang")
    for name, actor, party in (("plane:platform", SYSTEM, None), ("plane", supplier, supplier.party_id)):
        _, code = create_enrolment(actor, "示例节点", party, "http://127.0.0.1:8602")
        key = Ed25519PrivateKey.generate()
        world.things[name] = enrol(code, base64.b64encode(key.public_key().public_bytes_raw()).decode())
        world.things[f"{name}:key"] = key
    account = Account("reader", "示例口令")
    for name, url in (
        ("connection:new", "mysql://new.example.com/trade"),
        ("connection", "mysql://db.example.com/trade"),
    ):
        world.things[name] = register_connection(supplier, "source", "示例贸易库", url, account)
    world.things["connection:lake"] = register_connection(
        world.actor("xufang"),
        "target",
        "示例数据湖",
        "s3+https://oss.example.com/lake/in",
        account,
        schedule="daily 02:00",
    )
    for name in ("connection", "connection:lake"):
        approve_connection(world.actor("yunying"), world.things[name].number)


def _keys(world: World) -> None:
    buyer = world.actor("xufang")
    for key, kind in (("air", "bearer"), ("clinics", "bearer"), ("segments", "api_key"), ("companies", "api_key")):
        grant: Grant = world.things[f"grant:{key}"]
        row, secret = issue_credential(buyer, [grant.number], kind, grant.terms["purpose"])
        world.things[f"credential:{key}"], world.things[f"secret:{key}"] = row, secret


def _file(world: World) -> None:
    """The data of one grant once more, as a file to download."""
    like: Grant = world.things["grant:air"]
    version = like.supplier.datasets.get(number=like.source["dataset"]).versions.get(version=like.source["version"])
    world.things["grant:file"] = issue_grant(
        SYSTEM, grantee=like.grantee, supplier=like.supplier, product=like.product, contract="", mode="file",
        terms=like.read_terms(), source=file_source(version, "空气质量"), outcomes=like.outcomes, plane=like.plane,
        bases=[{"kind": b.kind, "reference": b.reference, "digest": b.digest, "valid_until": b.valid_until}
               for b in like.bases.all()],
    )  # fmt: skip


def use(world: World, grant: Grant, outcomes: list[str]) -> None:
    """Uses as the grant's plane would journal them, folded."""
    plane = Plane.objects.get(pk=grant.plane_id)
    last = UsageRecord.objects.filter(plane=plane).aggregate(n=Max("seq"))["n"] or 0
    prev = UsageRecord.objects.get(plane=plane, seq=last).hash if last else GENESIS
    credential = next(
        v for k, v in world.things.items() if k.startswith("credential:") and grant in v.grants.all()
    ).number
    start = clock.now()
    uses = [
        {
            "grant": grant.number, "credential": credential, "outcome": outcome, "mode": grant.mode,
            "action": "query", "charged": bool(grant.outcomes.get(outcome)), "request_id": f"w-{last + i + 1}",
            "charge_reason": f"charged:{outcome}" if grant.outcomes.get(outcome) else "not_billable",
        }
        for i, outcome in enumerate(outcomes)
    ]  # fmt: skip
    fold_journal(plane, last + 1, make_records(uses, last + 1, prev, start))


def _uses(world: World) -> None:
    use(world, world.things["grant:segments"], ["found"] * 40 + ["not_found"] * 3)
    use(world, world.things["grant:companies"], ["found"] * 4)
    buyer = world.actor("xufang")
    world.things["acknowledgement"] = acknowledge(buyer, proposal(buyer, world.number("grant:segments"), 40))


def _dataset(world: World, name: str) -> Any:
    supplier = world.actor("gongfang")
    facts = {"name": f"示例数据{name}", "name_en": f"Sample data {name}", "description": "示例", "origin": "自行采集",
             "licence": "MIT"}  # fmt: skip
    dataset = create_dataset(supplier, hosting="hosted", **facts)
    text = "station,at,pm25\n" + "".join(f"站点{i % 3},2026-01-{i % 28 + 1:02d},{i}\n" for i in range(40))
    upload_version(supplier, dataset.number, io.BytesIO(f"{text}{name},2026-02-01,1\n".encode()), f"{name}.csv")
    return dataset


def _application(world: World, name: str) -> Any:
    dataset = world.things[f"dataset:{name}"] = _dataset(world, name)
    form = registration_form(data_name=f"示例登记{name}")
    return apply_registration(world.actor("gongfang"), dataset.number, world.things["registrar"], form)


def _open_appraisals(world: World) -> None:
    """A report in force on the air data, another at work on it, and a sheet of book cost."""
    client, agency = world.actor("gongfang"), world.things["reviewer"]
    firm = valuation.firm_of(
        agency, Desk(world.things["operator"], world.actor("yunying"), world.actor("fuhe")), world.actor("pinggu")
    )
    asset = world.things["asset:air"]
    for name, state in (("appraised", "issued"), ("appraising", "working")):
        case = world.things[f"case:{name}"] = valuation.to_state(
            valuation.engage(client, firm, asset), client, firm, state
        )
        if state == "issued":
            world.things["appraisal"] = case.appraisal
    save_paper(world.actor("pinggu"), world.number("case:appraising"), valuation.answers())
    world.things["book"] = open_sheet(client, valuation.book())


def _open_registrations(world: World) -> None:
    """A data set that nobody registered, and applications in four states."""
    examiner, other = world.actor("shouli"), world.actor("shencha")
    world.things["dataset:free"] = free = _dataset(world, "free")
    world.things["upload"] = open_upload(world.actor("gongfang"), free.number, "large.csv", 1000).key
    for name in ("submitted", "correcting", "notice", "objection"):
        case = world.things[f"case:{name}"] = _application(world, name)
        if name == "correcting":
            engine.act(case.number, "request_correction", examiner, answers_for("request_correction"))
        if name in {"notice", "objection"}:
            engine.act(case.number, "accept", examiner)
            engine.act(case.number, "pass_examination", other, answers_for("pass_examination"))
        world.things[f"asset:{name}"] = DataAsset.objects.get(registration__case=case)
    world.things["transfer_paper"] = materials.store(
        world.actor("gongfang"), "协议.txt", io.BytesIO("转让协议".encode())
    )
    buyer = world.actor("xufang")
    proof = materials.store(buyer, "证明.txt", io.BytesIO("采集合同".encode()))
    world.things["material"] = proof["material"]
    file_objection(buyer, world.number("case:objection"), {**OBJECTION, "evidence": proof})
    certificate = Certificate.objects.get(asset=world.things["asset:air"])
    world.things["case:certificate"] = certificate.case


def _open_notices(world: World) -> None:
    """An unread notice, an address to be confirmed, a letter that was given up, and the links of letters."""
    person = world.actor("xufang").person
    email, now = "reader@city.example", clock.real_now()
    world.things["notice"] = notice = Notice.objects.filter(person=person).latest("pk")
    world.things["address"] = EmailAddress.objects.create(user=person, email=email)
    world.things["verify:address"] = signing.dumps([person.pk, email], salt=letters.VERIFY)
    world.things["stop:notice"] = signing.dumps([person.pk, ["tasks"]], salt=letters.STOP)
    world.things["letter"] = letter = letters.make("notice", person.pk, email, "given-up")
    letter.state, letter.tries, letter.created_at = Letter.State.FAILED, 8, now
    letter.save()
    Notice.objects.filter(pk=notice.pk).update(letter=letter)
    keeper = world.actor("xufang")
    world.things["webhook"], _ = webhooks.add_endpoint(
        keeper, "https://93.184.216.34/hook", "需方系统", [webhooks.PING]
    )
    message = webhooks.ping(keeper, world.number("webhook"))
    message.state = message.State.FAILED
    message.save()
    world.things["webhook:message"] = message.message_id


def _open_gradings(world: World) -> None:
    """A grading to be confirmed (with an accepted proposal), one that is reviewed, an input, a lowering; security
    reviews that wait for the operator and for the holder."""
    supplier, things = world.actor("gongfang"), world.things
    for name in ("confirming", "reviewing", "secure", "returned"):
        dataset = things[f"dataset:{name}"] = _dataset(world, name)
        things[f"grading:{name}"] = security.grade(Quiet(0, things=things), dataset.number).case
    air = {"dataset": world.number("dataset:air"), "version": 1, "how": "按站点求均值。"}
    things["derivation"] = declare_input(supplier, world.number("dataset:confirming"), None, air)
    things["batch"] = accept_all(supplier, world.number("grading:confirming"), "station")
    for name in ("reviewing", "secure", "returned"):
        accept_all(supplier, world.number(f"grading:{name}"))
        engine.act(world.number(f"grading:{name}"), "submit", supplier)
    form = security.review_form(registration.SOURCES[0])
    for name in ("secure", "returned"):
        engine.act(world.number(f"grading:{name}"), "approve", world.actor("gongshen"))
    for name in ("secure", "returned"):
        things[f"security:{name}"] = apply_review(supplier, world.number(f"dataset:{name}"), things["operator"], form)
    engine.act(
        world.number("security:returned"), "request_correction", world.actor("fuhe"), {"reason": "写明删除期限。"}
    )
    things["lowering"] = declare_lowering(supplier, {
        "source": f"{world.number('dataset:air')} v1", "version": f"{world.number('dataset:confirming')} v1",
        "method": "aggregate", "k": 20, "to_level": "1", "statement": "每组不少于20条。",
    })  # fmt: skip


def _open_services(world: World) -> None:
    """A listed service and one applied for; orders in three states, the last with a report that stands."""
    client, signer = world.actor("gongfang"), world.actor("pinggu")
    author = make_demo_person("qicao", "起草人")
    set_duties(SYSTEM, signer.party, author, ["handler"])
    handler = actor_for(author, signer.party)
    agency = Agency(world.things["reviewer"], handler, signer)
    desk = Desk(world.things["operator"], world.actor("yunying"), world.actor("fuhe"))
    number = list_offer(agency, desk, "quality")
    world.things["service"] = ServiceOffer.objects.get(case__number=number)
    applied = apply_offer(handler, offer_form(handler, "training"))
    world.things["service:applied"] = applied
    world.things["file:pinggu"] = make_file(signer)
    dataset = world.number("dataset:free")
    done = order_service(client, number, dataset)
    to_order_state(done, agency, client, "completed")
    world.things["report"] = SignedReport.objects.get(case=done)
    world.things["order:drafted"] = to_order_state(order_service(client, number, dataset), agency, client, "drafted")
    world.things["order:requested"] = order_service(client, number, dataset)


def _product(world: World, name: str) -> DataProduct:
    offer = trade.OFFERS[0]
    return create_product(
        world.actor("gongfang"), asset_number=world.number("asset:air"), name=f"示例产品{name}", name_en=f"Sample {name}",
        summary="示例产品的简介，供页面测试使用。", type=offer.type, sector=offer.sector, mode=offer.mode,
        offered_terms=trade.offered_terms("air", offer.purpose), price_plan=offer.plan, spec={}, source={
            "share": "sample", "schema": "sample", "table": f"table_{name}"},
    )  # fmt: skip


def _open_listings(world: World) -> None:
    """A draft, and an application for listing that waits for the venue."""
    supplier, offer = world.actor("gongfang"), trade.OFFERS[0]
    world.things["product:draft"] = _product(world, "draft")
    product = world.things["product:applied"] = _product(world, "applied")
    world.things["case:listing"] = apply_listing(
        supplier, product.number, world.things["operator"], world.things["reviewer"], trade.listing_form(offer)
    )


def _open_negotiations(world: World) -> None:
    """An unanswered inquiry, a quotation, a contract with one signature, a proposal to end another."""
    buyer, supplier, offer = world.actor("xufang"), world.actor("gongfang"), trade.OFFERS[0]
    product = world.things["product:air"]
    for name in ("inquiry", "quoted", "accepted", "unsigned", "inspected"):
        case = inquire(buyer, product.number, {"purpose": offer.purpose, "need": f"示例需求{name}"})
        world.things[f"case:{name}"] = case
        if name != "inquiry":
            quote(supplier, case.number, trade.wanted_terms("air", product.terms), offer.plan, "按挂牌条件。")
    for name in ("accepted", "unsigned", "inspected"):
        accept(buyer, world.number(f"case:{name}"))
    world.things["contract:unsigned"] = Contract.objects.get(inquiry__case=world.things["case:unsigned"])
    inspected = Contract.objects.get(inquiry__case=world.things["case:inspected"])
    fill_in(buyer, inspected.number, {"acceptance": "express"})
    sign(supplier, inspected.number)
    world.things["acceptance"] = sign(buyer, inspected.number).acceptance
    world.things["amendment"] = propose_amendment(buyer, inspected.number, "延长补正期。", answers={"cure_days": "20"})
    world.things["agreement"] = propose(
        buyer, "brokerage", [supplier.party.number],
        {"task": "寻找空气质量数据的供方。", "fee_fen": "500", "until": (clock.today() + timedelta(days=90)).isoformat()},
    )  # fmt: skip
    contract = Contract.objects.get(inquiry__case=world.things["case:accepted"])
    sign(supplier, contract.number)
    world.things["contract:pending"] = contract
    world.things["case:change"] = propose_change(buyer, world.number("contract:air"), "terminate", "不再需要。")


def demand_form(**changes: Any) -> dict[str, Any]:
    """Answers of a demand that the air data meets."""
    return {
        "title": "厦门空气质量数据", "text": "用于研究出行与空气质量的关系，需要逐时浓度。", "sector": "N", "columns": "pm25：PM2.5浓度\nstation：站点",
        "region": "厦门市", "freshness": "monthly", "volume": "1000", "budget_high": "50000", "modes": ["table", "file"],
        "purpose": trade.OFFERS[0].purpose, "visibility": "public", **changes,
    }  # fmt: skip


def _open_demands(world: World) -> None:
    """A draft; published demands, open and anonymous; an invitation that waits, and one that was answered."""
    buyer, supplier = world.actor("xufang"), world.things["gongfang"].party.number
    world.things["demand:draft"] = demands.draft(buyer, demand_form())
    for name, visibility in (("open", "public"), ("anonymous", "anonymous"), ("answered", "invited")):
        case = world.things[f"demand:{name}"] = demands.draft(buyer, demand_form(visibility=visibility))
        demands.put_forward(buyer, case.number)
        world.things[f"invitation:{name}"] = inviting.invite(buyer, case.number, supplier, "请报价。")
    for name in ("free", "offered", "offered_unnamed"):
        visibility = "anonymous" if name.endswith("unnamed") else "public"
        case = world.things[f"demand:{name}"] = demands.draft(buyer, demand_form(visibility=visibility))
        demands.put_forward(buyer, case.number)
    for name in ("offered", "offered_unnamed"):
        said = (world.number(f"demand:{name}"), world.number("product:air"), "可以提供。")
        world.things[f"response:{name}"] = responses.offer(world.actor("gongfang"), *said)
    run_matching()
    inviting.answer(world.actor("gongfang"), world.number("invitation:answered"), world.number("product:air"))


def mandate_form(things: dict[str, Any], *acts: str) -> dict[str, Any]:
    """A mandate for the third party, which both sides let act for the other side too."""
    today = clock.today()
    return {"broker": things["reviewer"].number, "acts": list(acts), "valid_from": today.isoformat(),
            "valid_until": (today + timedelta(days=90)).isoformat(), "both_sides": "1"}  # fmt: skip


def _open_mandates(world: World) -> None:
    """The third party is a broker too: mandated by buyer and supplier, another mandate still to be signed."""
    things, buyer = world.things, world.actor("xufang")
    broker = Agency(things["reviewer"], world.actor("pinggu"), world.actor("pinggu"))
    list_offer(broker, Desk(things["operator"], world.actor("yunying"), world.actor("fuhe")), "brokerage")
    for name, actor, acts in (
        ("mandate", buyer, ("demand", "invite", "inquire")),
        ("mandate:draft", buyer, ("demand",)),
        ("mandate:supply", world.actor("gongfang"), ("answer",)),
    ):
        row = things[name] = mandates.draft(actor, mandate_form(things, *acts))
        if name != "mandate:draft":
            mandates.sign(actor, row.number)


def model_form(world: World, **changes: str) -> dict[str, str]:
    """Answers of a pricing model for products like the air data."""
    product = world.things["product:air"]
    return {
        "title": "示例数据集定价模型", "sector": product.sector, "type": product.type, "scenario": "暴露评估", "basis": "whole",
        "factors": "rows | 记录数 | Rows | 万行 | 1 | 1000 | 产品说明书", "formula": "500 + rows * 20", "spread": "10",
        "examples": "rows=100 => 2500", "valid_from": "2020-01-01", "valid_until": "2036-12-31", "notes": "示例样本。", **changes,
    }  # fmt: skip


def product_sheet(asset: str, code: str) -> bytes:
    """A sheet with one product, as CSV."""
    head = "自有编号,资产编号,产品名称,一句话简介,标的类型,行业,交付方式,用途,计价方式"
    return f"{head}\n{code},{asset},示例表中产品,示例,数据集,N,table,research,免费\n".encode()


def _open_sheets(world: World) -> None:
    """A sheet of products that was checked and waits."""
    asset = world.things["asset:air"].number
    world.things["sheet"] = upload(world.actor("gongfang"), "products.csv", product_sheet(asset, "A-1"))


def _open_searches(world: World) -> None:
    """A search that the buyer keeps."""
    world.things["search"] = saved.save(world.actor("xufang"), "示例搜索", "q=PM10&sector=N")


def _open_prices(world: World) -> None:
    """A published model and a draft, an estimate that is shown, an allowance whose period is over, a split."""
    agency, supplier, product = world.actor("pinggu"), world.actor("gongfang"), world.things["product:air"]
    for name in ("model", "model:draft"):
        world.things[name] = draft_model(agency, model_form(world))
    engine.act(world.number("model"), "submit", agency)
    engine.act(world.number("model"), "publish", world.actor("fuhe"), {"opinion": "算例核对无误。"})
    make_estimate(supplier, product.number, world.number("model"), {"rows": "90~110"}, "示例产品说明书。", public=True)
    year = clock.today().year - 1
    form = {"holder": supplier.party.number, "field": "示例领域", "document": "示例文件〔2025〕1号", "cost": "800000",
            "profit": "150000", "tax": "50000", "trial": "on"}  # fmt: skip
    for name, of in (("allowance:over", year - 1), ("allowance", year + 1)):
        period = {"period_from": f"{of}-01-01", "period_to": f"{of}-12-31", "field": f"示例领域{of}"}
        world.things[name] = decide_allowance(world.actor("jianguan"), {**form, **period})
    players = [supplier.party.number, world.actor("pangren").party.number]
    draft = world.things["product:draft"].number
    make_split(supplier, draft, players, "table", [{"members": players, "value": 100}], "示例取值依据。")


def _open_admission(world: World) -> None:
    person = world.things["applicant:person"] = make_demo_person("shenqing", "申请人")
    form = {
        "name": "示例申请机构有限公司", "name_en": "Sample Applicant Ltd.", "uscc": make_uscc("test-applicant"),
        "roles": ["buyer"], "legal_representative": "示例人", "contact": "申请", "business": "示例业务",
        "telephone": fake_phone("applicant"), "address": "示例市示例区示例路8号",
    }  # fmt: skip
    case = world.things["case:admission"] = apply_for_admission(person, form, world.things["operator"])
    world.things["applicant"] = Party.objects.get(case=case)
    world.things["shenqing"] = actor_for(person, world.things["applicant"], second_factor=True)


def _open_money(world: World) -> None:
    """An issued bill, a draft, a receipt that names no bill, a payout that the bank refused, a reconciliation."""
    finance = world.actor("yunying")
    use(world, world.things["grant:segments"], ["found"] * 30)
    world.things["bill:issued"] = issue(finance, world.number("contract:segments"))
    use(world, world.things["grant:segments"], ["found"] * 20)
    use(world, world.things["grant:companies"], ["found"] * 2)
    world.things["bill:draft"] = rate_period(finance, world.number("contract:companies"))
    world.things["run"] = run_reconciliation(finance)
    simulate_bank([Payment("不明来款", 105, "示例海沧智行科技有限公司")])
    exchange(finance)
    run_reconciliation(finance)


def _open_personal(world: World) -> None:
    """A one-time link, an account that waits, a token, the addresses of the supplier's own people."""
    buyer = world.actor("xufang")
    world.things["link"] = invite(buyer, ["analyst"], "新同事").rsplit("/", 1)[1]
    world.things["link:pk"] = Invitation.objects.get(label="新同事").pk
    world.things["link:post"] = new_link("SYSTEM", post="SYSTEM").rsplit("/", 1)[1]
    world.things["waiting:person"] = make_person("daishouquan", None, "待授权", authorised=False)
    world.things["token"], world.things["token:secret"] = make_token(buyer, "脚本", read_only=False)
    colleague = make_demo_person("tongshi", "同事")
    set_duties(SYSTEM, buyer.party, colleague, ["analyst"])


def _open_disputes(world: World) -> None:
    """A dispute over the segments that awaits its answer, with a file, funds held, and a proposal to be signed."""
    buyer = world.actor("xufang")
    form = {
        "kind": "quality",
        "remedies": ["refund"],
        "claim_fen": "1.00",
        "statement": "示例争议：查得记录与约定不符。",
    }
    dispute = world.things["dispute"] = open_dispute(buyer, world.number("contract:segments"), form)
    file_evidence(buyer, dispute.number, {"file": make_file(buyer, "示例证据"), "proves": "示例差错率。"})
    order_measure(world.actor("fuhe"), dispute.number, {"kind": "funds", "reason": "示例：争议期间保留款项。"})
    said = {"kind": "use", "remedies": ["terminate"], "statement": "示例争议：超出约定使用。"}
    supplier = world.actor("gongfang")
    other = world.things["dispute:use"] = open_dispute(supplier, world.number("contract:segments"), said)
    proposal = {"refund_fen": "0", "access": "continue", "text": "示例和解：限期整改。"}
    world.things["settlement"] = propose_settlement(supplier, other.number, proposal)
    day = clock.today() + timedelta(days=30)
    rule = {"code": "sample", "title": "示例规则", "title_en": "Sample rule", "text": "第一条 示例。", "reason": "示例。",
            "effective_on": day.isoformat()}  # fmt: skip
    world.things["rule"] = publish_rule(world.actor("fuhe"), rule)
    comment(buyer, world.number("rule"), "示例意见。")
    world.things["rule:party"] = buyer.party


def _evidence(world: World) -> None:
    last = sequencer.current_checkpoint()
    assert last is not None
    world.things["log:tile"] = f"{last.size // 256:03d}.p/{last.size % 256}"
    world.things["event"] = Event.objects.filter(kind="bill.confirmed").order_by("id").values_list("pk", flat=True)[0]


def _open_quality(world: World) -> None:
    """Rules of the air data, published; one assessment with its report, one that waits; a draft of other rules."""
    actor, air = world.actor("gongfang"), world.number("dataset:air")
    live = quality.publish_rules(actor, quality.draft_rules(actor, air, "示例空气质量规则", QUALITY).number)
    world.things["rules:live"] = live
    world.things["assessment:done"] = counting.run_now(quality.order_assessment(actor, live.number))
    world.things["assessment:waiting"] = quality.order_assessment(actor, live.number)
    world.things["rules:draft"] = quality.draft_rules(actor, air, "示例草稿", QUALITY)
