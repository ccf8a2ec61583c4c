"""From contract to bill: a buyer registers his store, the operator approves it, a real plane pushes, the uses are rated."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shugang.assets import testing as assets
from shugang.delivery.connections.services import approve_connection, register_connection
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.tests.conftest import control, make_one  # noqa: F401 fixtures
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.planes.services import platform_plane
from shugang.delivery.testing import make_version
from shugang.delivery.vault.receiving import vault_root
from shugang.market import testing
from shugang.parties.testing import make_actor, make_party
from shugang.policy.connections import Account
from shugang.policy.priceplan import PricePlan, rate
from shugang.settlement.rating.usage import quantities

pytestmark = [pytest.mark.django_db, pytest.mark.system]
AIR = "station,at,pm25\n" + "".join(f"{i % 12}号站,2026-01-{1 + i % 28:02d},{i}\n" for i in range(500))
BY_ROWS = PricePlan("per_unit", unit="rows", unit_price_e8=100_000_000, billable=("delivered",))


@pytest.fixture
def vault() -> Path:
    return vault_root()


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def test_a_push_is_sold_written_to_the_buyers_store_and_billed_by_its_rows(make_one, control, store):  # noqa: F811
    testing.load_profiles()
    office, venue = assets.make_registrar(), testing.make_venue()
    supplier, buyer = testing.make_signer(make_party("supplier")), testing.make_signer(make_party("buyer"))
    certificate = assets.make_certificate(supplier, make_version(supplier, AIR), office)
    terms = testing.make_terms(actions=("download",))
    product = testing.make_product(supplier, certificate, "push", BY_ROWS, terms)
    deal = testing.Deal(supplier, buyer, testing.list_product(supplier, product, venue), certificate, venue, office)
    grant = testing.signed(deal).grant
    assert (grant.mode, grant.source["type"], grant.source["versions"]) == ("push", "push", "this")
    # The plane that runs holds the key that control seals to.
    public = b64encode(control.plane_key.public_key().public_bytes_raw()).decode()
    Plane.objects.filter(pk=platform_plane().pk).update(public_key=public)
    engineer = make_actor(deal.buyer.party, ("engineer",))
    url = f"s3+http://127.0.0.1:{store.port}/{BUCKET}/in"
    target = register_connection(engineer, "target", "数据湖", url, Account(ACCESS, SECRET))
    approve_connection(make_actor(make_party("operator"), ("engineer",)), target.number)
    _, secret = issue_credential(engineer, [grant.number], "api_key", grant.terms["purpose"])
    bundle = compile_bundle(Plane.objects.get(pk=grant.plane_id))
    control.connections = bundle.connections
    plane = make_one(*bundle.grants, networks="127.0.0.0/8")
    asked = json.dumps({"target": target.number, "format": "csv"}).encode()
    reply = plane.get(f"/push/v1/{grant.product}", secret, "POST", asked, Request_Id="r-1")
    assert reply.status == 200, (plane.folder / "log").read_text()
    again = plane.get(f"/push/v1/{grant.product}", secret, "POST", asked, Request_Id="r-1")
    assert again.json == reply.json
    written = store.get(f"in/{grant.product}/v1/part-00000.csv").decode().splitlines()
    assert len(written) == 501
    fold_journal(grant.plane, 1, plane.shipped())
    start, end = grant.valid_from - timedelta(days=1), grant.valid_until
    found = quantities(grant.number, BY_ROWS, start, end, end)
    assert found == {"delivered": 500}
    (line,) = rate(BY_ROWS, found)
    assert line.amount_fen == 100 * 500
