"""From contract to bill: a file is sold by its bytes, downloaded in pieces from a real plane, and billed as their union."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shugang.assets import testing as assets
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.tests.conftest import control, make_one  # noqa: F401 fixtures
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.testing import make_version
from shugang.delivery.vault.receiving import vault_root
from shugang.market import testing
from shugang.parties.testing import make_actor, make_party
from shugang.policy.priceplan import PricePlan, rate
from shugang.settlement.rating.usage import quantities

pytestmark = [pytest.mark.django_db, pytest.mark.system]
AIR = "station,at,pm25\n" + "".join(f"{i % 12}号站,2026-01-{1 + i % 28:02d},{i}\n" for i in range(500))
# One 元 a byte, so that every byte shows on the bill.
BY_BYTES = PricePlan("per_unit", unit="bytes", unit_price_e8=100_000_000, billable=("delivered",))
BY_CALLS = PricePlan("per_unit", unit_price_e8=100_000_000, billable=("delivered",))


@pytest.fixture
def vault() -> Path:
    return vault_root()


def deal_over_a_real_file(plan: PricePlan) -> testing.Deal:
    testing.load_profiles()
    office, venue = assets.make_registrar(), testing.make_venue()
    supplier, buyer = testing.make_signer(make_party("supplier")), testing.make_signer(make_party("buyer"))
    version = make_version(supplier, AIR)
    certificate = assets.make_certificate(supplier, version, office)
    product = testing.make_product(supplier, certificate, "file", plan, testing.make_terms(actions=("download",)))
    return testing.Deal(supplier, buyer, testing.list_product(supplier, product, venue), certificate, venue, office)


@pytest.mark.parametrize("plan", [BY_BYTES, BY_CALLS])
def test_a_file_is_sold_downloaded_and_billed_by_the_union_of_its_pieces(make_one, control, plan):  # noqa: F811
    deal = deal_over_a_real_file(plan)
    contract = testing.signed(deal)
    grant = contract.grant
    assert contract.snapshot["product"]["mode"] == "file" and grant.source["type"] == "file"
    engineer = make_actor(deal.buyer.party, ("engineer",))
    _, secret = issue_credential(engineer, [grant.number], "link", grant.terms["purpose"])
    plane = make_one(*compile_bundle(grant.plane).grants)
    place = f"/download/v1/{grant.product}?format=csv&ticket={secret}"
    head = plane.get(place, method="HEAD")
    assert head.status == 200, (plane.folder / "log").read_text()
    size = int(head.headers["content-length"])
    pieces = [plane.get(place, Range=f"bytes={span}") for span in ("0-9", "5-19", "0-19", "20-")]
    assert [reply.status for reply in pieces] == [206] * 4 and plane.get(place).status == 200
    fold_journal(grant.plane, 1, plane.shipped())
    start, end = grant.valid_from - timedelta(days=1), grant.valid_until
    found = quantities(grant.number, plan, start, end, end)
    assert found == {"delivered": size if plan.unit == "bytes" else 1}
    (line,) = rate(plan, found)
    assert line.amount_fen == 100 * found["delivered"]
    grant.refresh_from_db()
    assert grant.first_used_at is not None
