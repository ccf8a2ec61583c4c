"""Those who take part in the same thing without being party to each other's deals: two buyers of one product, the
registrar of its asset, the third party that reviewed it. None of them reads the other's numbers anywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from demo import trade
from shugang.delivery.models import Grant
from shugang.market.contracts.models import Contract
from shugang.market.contracts.services import sign
from shugang.market.trade.services import accept, inquire, quote
from shugang.publicdata.sharing.models import Opening

from .doors import DOORS
from .doors.base import CLOSED, ask, fill
from .test_isolation import PRIVATE, text_of
from .visitors import browser, undone

pytestmark = pytest.mark.django_db
# A paper or a workbook is packed: no number could be read in its bytes, and each takes its time to make.
PACKED = re.compile(r"\.(pdf|xlsx|zip)\b|format=xlsx")
READS = [d for d in DOORS if not d.writes and d.prepare is None and not PACKED.search(d.address)]


@pytest.fixture
def neighbour(world: Any) -> Any:
    """The bystander buys the same product from the same supplier; returns his numbers."""
    buyer, supplier = world.actor("pangren"), world.actor("gongfang")
    offer, product = trade.OFFERS[2], world.things["product:segments"]
    case = inquire(buyer, product.number, {"purpose": offer.purpose, "need": "核验号段"})
    quote(supplier, case.number, trade.wanted_terms("segments", product.terms), offer.plan, "同意。")
    accept(buyer, case.number)
    contract = Contract.objects.get(inquiry__case=case)
    sign(supplier, contract.number)
    sign(buyer, contract.number)
    grant = Grant.objects.get(contract=contract.number)
    return {"case": case.number, "contract": contract.number, "grant": grant.number}


def told(world: Any, name: str, addresses: list[str]) -> dict[str, set[str]]:
    """Address → private numbers on what `name` is shown there; the grants of open data are everybody's."""
    found: dict[str, set[str]] = {}
    everybodys = set(Opening.objects.exclude(grant=None).values_list("grant__number", flat=True))
    for address in addresses:
        with undone():
            numbers = set(PRIVATE.findall(text_of(browser(world, name).get(address)))) - everybodys
        if numbers:
            found[address] = numbers
    return found


def asked(world: Any) -> list[str]:
    return sorted({fill(door.address, world.things) for door in READS})


def test_two_buyers_of_one_product_read_nothing_of_each_other(world, neighbour):
    own, public = set(neighbour.values()), {f"/verify/{world.number('voucher')}"}
    addresses = [
        *asked(world), f"/desk/contracts/{neighbour['contract']}", f"/trace/contract/{neighbour['contract']}",
        f"/trace/grant/{neighbour['grant']}", f"/desk/grants/{neighbour['grant']}", f"/cases/{neighbour['case']}",
        f"/desk/inquiries/{neighbour['case']}", f"/trace/product/{world.number('product:segments')}",
        f"/api/v1/contracts/{neighbour['contract']}", f"/api/v1/trace/contract/{neighbour['contract']}",
    ]  # fmt: skip
    seen = told(world, "pangren", addresses)
    assert seen, "the neighbour reads his own contract somewhere"
    foreign = {a: n - own - set(PRIVATE.findall(a)) for a, n in seen.items() if a not in public}
    assert {a: n for a, n in foreign.items() if n} == {}
    other = told(world, "xufang", asked(world))
    assert {a for a, n in other.items() if n & own} == set()


@pytest.mark.parametrize("name", ["shouli", "dengji", "pinggu"])
def test_registrar_and_reviewer_read_no_deal(world, name):
    things = ("asset:air", "asset:segments", "asset:companies")
    traces = [f"/trace/asset/{world.number(t)}{tail}" for t in things for tail in ("", ".json")]
    products = [f"/trace/product/{world.number(f'product:{k}')}" for k in ("air", "segments")]
    seen = told(world, name, [*asked(world), *traces, *products])
    voucher = f"/verify/{world.number('voucher')}"  # public: it names its contract, without price
    echoed = {a: n - set(PRIVATE.findall(a)) for a, n in seen.items() if a != voucher}
    assert {a: n for a, n in echoed.items() if n} == {}


@pytest.mark.parametrize("name", ["xufang", "pangren", "shouli", "pinggu", "yunying", "jianguan"])
def test_data_stay_with_their_holder(world, name):
    """Cells of a data set are shown to its supplier alone; a product's public sample holds at most the agreed rows."""
    address = f"/desk/datasets/{world.number('dataset:clinics')}"
    with undone():
        page = text_of(browser(world, name).get(address))
    assert not re.search(r"厦门大学附属|1[3-9]\d{9}", page)


def test_the_supervisor_reads_but_does_not_act(world):
    """Every POST of another's door is refused to the regulator's supervisor, and nothing changes."""
    from .test_isolation import visit

    mine = {d.address for d in DOORS if "jianguan" in (d.owner, *d.readers)}  # who may order, sees its form
    did = []
    for door in DOORS:
        if door.writes and door.owner and door.address not in mine and door.reach == CLOSED:
            with undone():
                answer, changed = visit(world, door, "jianguan")
            if changed or answer.status_code not in {302, 403, 404, 409, 422}:
                did.append((str(door), answer.status_code, changed))
    assert did == []


def test_ask_is_what_the_matrix_uses(world):
    assert ask(browser(world), DOORS[0], world.things).status_code == 200
