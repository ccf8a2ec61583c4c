"""Onboarding and listing: parties admitted by two people of the venue, data stored, registered, graded, reviewed, listed."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

from demo import cast, registration, security, trade
from shugang.kernel import engine
from shugang.market.products.models import DataProduct
from shugang.parties.accounts.demo import make_demo_person
from shugang.parties.accounts.services import set_duties
from shugang.parties.keys.services import make_key
from shugang.parties.models import Party
from shugang.parties.organisations.services import apply_for_admission
from shugang.policy.identifiers import fake_phone, make_uscc
from shugang.policy.priceplan import PricePlan

from .stage import Quiet, Road, refused, same

ADMITTED = (
    ("supplier", "示例鹭岛数据服务有限公司", "Sample Egret Island Data Services Ltd.", "supplier"),
    ("buyer", "示例海沧智行科技有限公司", "Sample Haicang Mobility Ltd.", "buyer"),
    ("rival", "示例湖里研究院", "Sample Huli Institute", "buyer"),
    ("reviewer", "示例合规评估事务所", "Sample Compliance Review LLP", "reviewer"),
)
ALL = ("manager", "handler", "signer", "analyst", "engineer", "finance")
PEOPLE = (
    ("supplier", "gongfang", "林供方", ALL),
    ("supplier", "gongshen", "苏定级", ("reviewer",)),
    ("buyer", "xufang", "黄需方", ALL),
    ("rival", "jingpai", "何竞拍", ALL),
    ("reviewer", "pinggu", "许评估", ("manager", "handler", "reviewer", "signer")),
)
# Asked 0.35 元 a record that is found; agreed 0.333. The exclusive data have a price of their own in the auction.
ASKED = PricePlan("per_unit", unit="calls", unit_price_e8=35_000_000, billable=("found",))
AGREED = replace(ASKED, unit_price_e8=33_300_000)
ONE_OFF = PricePlan("one_off", price_fen=1_500_000)
SEGMENTS = 600


def onboard(road: Road) -> None:
    """The venue's offices, then four applicants; one person alone can admit nobody."""
    quiet = Quiet(0, things=road.things)
    with road.step("onboard", "申请机构 → 运营方两人") as said:
        cast.posts_and_founders(quiet)
        for key, name, name_en, role in ADMITTED:
            _admit(road, key, name, name_en, role)
        for username in ("gongfang", "xufang", "jingpai", "pinggu"):
            make_key(road.things[username])
        said.append("、".join(road.things[key].number for key, *_ in ADMITTED))


def _admit(road: Road, key: str, name: str, name_en: str, role: str) -> None:
    things = road.things
    people = [person for person in PEOPLE if person[0] == key]
    first = make_demo_person(people[0][1], people[0][2])
    form = {
        "name": name, "name_en": name_en, "uscc": make_uscc(f"road-{key}"), "roles": [role],
        "legal_representative": "示例人", "contact": people[0][2], "business": "示例业务",
        "telephone": fake_phone(key), "address": "示例市示例区示例路1号",
    }  # fmt: skip
    case = apply_for_admission(first, form, things["operator"])
    engine.act(case.number, "accept", things["yunying"])
    checked = {"identity_checked": True, "opinion": "主体合法存续，材料齐全。"}
    refused("forbidden", lambda: engine.act(case.number, "approve", things["yunying"], checked))
    same(engine.act(case.number, "approve", things["fuhe"], checked).state, "admitted", "admission")
    party = things[key] = Party.objects.get(case=case)
    for _, username, label, duties in people:
        person = first if username == people[0][1] else make_demo_person(username, label)
        set_duties(cast.SYSTEM, party, person, list(duties))
        things[username] = cast.actor_for(person, party, second_factor=True)


def small_data(folder: Path) -> Path:
    """The demonstration's real files; of the number segments the first few hundred of one province."""
    folder.mkdir()
    (folder / "air_quality_xiamen.csv").write_bytes((registration.DATA / "air_quality_xiamen.csv").read_bytes())
    with gzip.open(registration.DATA / "mobile_segments.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        header = next(reader)
        rows = [row for row in reader if "福建" in row][:SEGMENTS]
    with gzip.open(folder / "mobile_segments.csv.gz", "wt", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    return folder


def listing(road: Road, folder: Path) -> None:
    """A look-up interface and a file, both of the supplier: from upload to the public shelf."""
    quiet = Quiet(0, things=road.things)
    with road.step("list", "供方 → 登记中心 → 运营方 → 第三方") as said:
        found = small_data(folder)
        sources = tuple(s for s in registration.SOURCES if s.key in ("air", "segments"))
        offers = tuple(_offer(o) for o in trade.OFFERS if o.key in ("air", "segments"))
        registration.DATA, registration.SOURCES, security.SOURCES, trade.OFFERS = found, sources, sources, offers
        registration.store(quiet)
        registration.register(quiet)
        security.clear(quiet)
        trade.products(quiet)
        for key in ("air", "segments"):
            product: DataProduct = road.things[f"product:{key}"]
            same(product.state, "listed", product.name)
            said.append(product.number)
        same(road.things["version:segments"].rows, SEGMENTS, "rows stored")


def _offer(offer: Any) -> Any:
    return replace(offer, plan=ASKED) if offer.key == "segments" else replace(offer, mode="file", plan=ONE_OFF)
