"""From a supplier's registration to the bill: contract, grant, bundle, a real plane before a real upstream, meter, money."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shugang.assets import testing as assets
from shugang.delivery.connectors.interfaces import declare_interface, declare_stream
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess, free_port
from shugang.delivery.plane.tests.test_proxy import Supplier
from shugang.delivery.plane.tests.test_stream import Broker, Buyer
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.testing import make_credential, make_plane
from shugang.kernel import clock
from shugang.market.testing import Deal, list_product, load_profiles, make_product, make_terms, make_venue, signed
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Quota
from shugang.settlement.bills.services import issue_bill
from shugang.settlement.rating.services import rate_period

pytestmark = [pytest.mark.django_db, pytest.mark.system]
CODE = {"name": "code", "type": "VARCHAR", "required": True}
INTERFACE = {
    "operations": [{"path": "/companies/{code}", "params": [CODE], "records": "/data"}],
    "code": "/code",
    "codes": {"0": "found", "10001": "not_found"},
}
COLUMNS = [{"name": n, "type": "VARCHAR", "comment": n} for n in ("code", "name", "secret")]
STREAM = {"topics": ["plant/+/state"], "window_seconds": 1}
STREAM_COLUMNS = [{"name": "machine", "type": "VARCHAR"}, {"name": "n", "type": "BIGINT"}]
PER_HIT = PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",))
PER_MESSAGE = PricePlan("per_unit", unit="rows", unit_price_e8=1_000_000, billable=("delivered",))


@pytest.fixture
def control() -> Iterator[FakeControl]:
    made = FakeControl()
    yield made
    made.close()


def agreed(mode: str, plan: PricePlan, fields: tuple[str, ...], actions: tuple[str, ...], **terms: Any) -> Any:
    """(contract in force, the supplier's plane, its key)."""
    load_profiles()
    office, venue = assets.make_registrar(), make_venue()
    supplier, buyer = make_signer(make_party("supplier")), make_signer(make_party("buyer"))
    party = supplier.party
    assert party is not None
    engineer = make_actor(party, ("engineer", "handler", "manager"))
    plane, key = make_plane(party)
    dataset = create_dataset(engineer, name="企业信息", name_en="Companies", hosting="connected")
    version = (
        declare_interface(engineer, dataset.number, "own", INTERFACE, COLUMNS)
        if mode == "proxy"
        else declare_stream(engineer, dataset.number, "plant", STREAM, STREAM_COLUMNS)
    )
    certificate = assets.make_certificate(supplier, version, office)
    offered = make_terms(fields=fields, actions=actions, masks=(), **terms)
    product = list_product(supplier, make_product(supplier, certificate, mode, plan, offered), venue)
    assert product.plane == plane and product.source["type"] == mode
    return signed(Deal(supplier, buyer, product, certificate, venue, office)), plane, key


def serve(control: FakeControl, contract: Any, plane: Any, key: Any, tmp_path: Any, **settings: Any) -> Any:
    """(plane process, the buyer's secret): the bundle is control's own, what carries it is the test's."""
    _, secret = make_credential(contract.grant)
    control.plane_key = key
    revision = control.set(*compile_bundle(plane).grants)
    control.offset = (clock.now() - clock.real_now()).total_seconds()
    process = PlaneProcess(control, tmp_path / "plane", None, role="edge", **settings).start()
    process.at(revision)
    return process, secret


def billed(contract: Any, plane: Any, records: list[Any], venue: Any = None) -> Any:
    fold_journal(plane, 1, records)
    operator = make_actor(make_party("operator"), ("finance", "handler", "manager"))
    assert rate_period(operator, contract.number) is not None
    return issue_bill(operator, contract.number)


def test_a_proxied_interface_from_registration_to_bill(control: FakeControl, tmp_path: Any) -> None:
    contract, plane, key = agreed(
        "proxy", PER_HIT, ("code", "name"), ("query",), quotas=(Quota("calls", 100, "total", "charged"),)
    )
    upstream = Supplier(free_port())
    upstream.wait()
    process, secret = serve(
        control, contract, plane, key, tmp_path,
        connectors={"own": {"url": f"http://127.0.0.1:{upstream.port}/base"}}, allow=f"127.0.0.1:{upstream.port}",
    )  # fmt: skip
    try:
        place = f"/proxy/v1/{contract.product.number}/companies/"
        assert process.get(place + "91350200A", secret).json["data"] == [{"code": "91350200A", "name": "厦门象屿"}]
        assert process.get(place + "91350200C", secret, Request_Id="r1").status == 200
        assert process.get(place + "91350200C", secret, Request_Id="r1").status == 200
        assert process.get(place + "X", secret).json["outcome"] == "not_found"
        records = process.shipped()
    finally:
        process.stop()
        upstream.process.terminate()
        upstream.process.wait(10)
    bill = billed(contract, plane, records)
    # two hits at 0.35; the retry and what was not found cost nothing
    assert bill.total_fen == 70


@pytest.mark.skipif(shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None, reason="mosquitto is not installed")
def test_a_stream_from_registration_to_bill(control: FakeControl, tmp_path: Any) -> None:
    contract, plane, key = agreed("stream", PER_MESSAGE, ("machine", "n"), ("read",), quotas=(Quota("rows", 7),))
    (tmp_path / "broker").mkdir()
    broker, port = Broker(tmp_path / "broker"), free_port()
    settings = {"url": f"mqtt://127.0.0.1:{broker.port}", "user": "plane", "secret": "plane-secret"}
    process, secret = serve(
        control, contract, plane, key, tmp_path,
        connectors={"plant": settings}, allow=f"127.0.0.1:{broker.port}", mqtt_port=port,
    )  # fmt: skip
    process.mqtt_port = port
    buyer = Buyer(process, secret, product=contract.product.number)
    try:
        assert buyer.granted == 1
        for n in range(12):
            broker.say(n)
        assert buyer.gone.wait(20)
        records = process.shipped()
    finally:
        buyer.close()
        process.stop()
        broker.close()
    assert [message["n"] for message in buyer.messages] == list(range(7))
    # seven messages at 0.01, the quota to the message
    assert billed(contract, plane, records).total_fen == 7
    assert contract.grant.valid_until > clock.now() + timedelta(days=1)
