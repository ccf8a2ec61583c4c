"""A qualified buyer takes a product's sample with one click: a grant of its own, free, small, short, for reading alone."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from django.db import IntegrityError, transaction

from shugang.assets import testing as assets
from shugang.delivery.grants.services import end_expired, end_grant, issue_credential
from shugang.delivery.metering.queries import quotas_left
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.models import Grant
from shugang.delivery.plane.tests.conftest import control, make_one  # noqa: F401 fixtures
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.planes.services import platform_plane
from shugang.delivery.testing import make_version
from shugang.delivery.vault.receiving import vault_root
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, PlainActor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.market import testing
from shugang.market.listing import services as listing
from shugang.market.products.models import DataProduct
from shugang.market.samples import queries
from shugang.market.samples.models import ProductSample
from shugang.market.samples.services import take_sample
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.terms import Mask, RowFilter
from shugang.settlement.models import ChargeAgreement

pytestmark = [pytest.mark.django_db]
AIR = "station,at,pm25\n" + "".join(f"{i % 3}号站,2026-01-{1 + i % 28:02d},{i}\n" for i in range(60))


def says_no(code, act, *args, **kwargs):
    before = (Event.objects.count(), Grant.objects.count())
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, (Event.objects.count(), Grant.objects.count())) == (code, before)
    return no.value


def make_sampled(size="20"):
    """A hosted table on the market whose listing declares a sample."""
    testing.load_profiles()
    office, venue = assets.make_registrar(), testing.make_venue()
    supplier, buyer = make_signer(make_party("supplier")), make_signer(make_party("buyer"))
    certificate = assets.make_certificate(supplier, make_version(supplier, AIR), office)
    terms = testing.make_terms(
        fields=("at", "pm25"), masks=(Mask("pm25", "band", {"width": 10}),), rows=(RowFilter("station", "eq", "1号站"),)
    )
    product = testing.make_product(supplier, certificate, terms=terms)
    listed = testing.list_product(supplier, product, venue, trial_size=size)
    return testing.Deal(supplier, buyer, listed, certificate, venue, office)


@pytest.fixture
def sampled(db, var_dir):
    return make_sampled("8")


def test_one_click_gives_a_grant_of_its_own_over_the_declared_rows_alone(sampled, settings):
    # given a product of sixty rows whose listing declares eight, of one station
    deal = sampled
    # when a buyer takes the sample
    row = take_sample(deal.buyer, deal.product.number)
    # then a grant stands: free, short, for reading and evaluation, on the product and its certificate
    grant, terms = row.grant, row.grant.read_terms()
    assert (grant.mode, grant.grantee_id, grant.contract, grant.state) == ("file", deal.buyer.party_id, "", "active")
    assert (terms.purpose, terms.redistribute, terms.actions) == ("evaluation", False, ("read", "download"))
    assert terms.valid_until - terms.valid_from == timedelta(days=14) and terms.quotas[0].limit == 5
    assert terms.masks == deal.product.terms.masks and not any(grant.outcomes.values())
    assert {b.kind for b in grant.bases.all()} == {"sample", "certificate"}
    assert not ChargeAgreement.objects.exists()
    # and the file behind it holds eight rows, those of the offer, with no column that the offer keeps back
    place = vault_root() / grant.source["path"]
    found = duckdb.sql(f"SELECT * FROM '{place}'")
    assert sorted(found.columns) == ["at", "pm25", "station"] and len(found.fetchall()) == 8
    assert {s for (s,) in duckdb.sql(f"SELECT DISTINCT station FROM '{place}'").fetchall()} == {"1号站"}
    assert [r.pk for r in queries.samples(deal.supplier)] == [r.pk for r in queries.samples(deal.buyer)] == [row.pk]
    assert not queries.samples(make_actor(make_party("buyer"))).exists()
    # a second one is refused while it runs, and soon after
    says_no("sample_running", take_sample, deal.buyer, deal.product.number)
    end_grant(SYSTEM, grant.number, "test")
    assert ProductSample.objects.get().ended_at is not None
    says_no("sample_taken", take_sample, deal.buyer, deal.product.number)
    with clock_at(settings, clock.now() + timedelta(days=91)):
        assert take_sample(deal.buyer, deal.product.number).grant.state == "active"


def test_who_may_not_take_one(sampled):
    deal = sampled
    says_no("own_product", take_sample, _both_roles(deal), deal.product.number)
    says_no("forbidden", take_sample, make_actor(deal.buyer.party, ("finance",)), deal.product.number)
    says_no("forbidden", take_sample, make_actor(make_party("reviewer")), deal.product.number)
    says_no("not_found", take_sample, deal.buyer, "SJ-none")
    listing.suspend_listing(_order(deal), deal.product.number, "核查来源。")
    says_no("not_listed", take_sample, deal.buyer, deal.product.number)


def _order(deal):
    return make_actor(deal.venue.operator, ("reviewer",))


def _both_roles(deal):
    roles = frozenset({"supplier", "buyer"})
    return PlainActor(None, deal.supplier.party_id, roles, frozenset({"handler"}), label="test")


def test_a_sample_follows_its_product_off_the_market_and_back(sampled):
    deal = sampled
    number = take_sample(deal.buyer, deal.product.number).grant.number

    def state():
        return Grant.objects.get(number=number).state

    listing.suspend_listing(_order(deal), deal.product.number, "核查来源。")
    assert state() == "suspended"
    listing.resume_listing(_order(deal), deal.product.number, "核查完毕。")
    assert state() == "active"
    listing.delist(deal.supplier, deal.product.number, "停止供应。")
    assert state() == "ended" and ProductSample.objects.get().ended_at is not None


def test_it_ends_by_itself(sampled, settings):
    deal = sampled
    row = take_sample(deal.buyer, deal.product.number)
    with clock_at(settings, row.grant.valid_until + timedelta(seconds=2)):
        assert end_expired() == 1
    assert ProductSample.objects.get().ended_at is not None


def test_a_product_without_a_declared_sample_gives_none(deal):
    assert queries.offered(deal.product, deal.buyer) is None
    no = says_no("no_sample", take_sample, deal.buyer, deal.product.number)
    assert "询价" in no.message.zh


def test_a_listing_declares_no_more_than_the_rules_allow(deal):
    product = testing.make_product(deal.supplier, deal.certificate, name="另一件产品")
    no = says_no("invalid_form", testing.apply_listing, deal.supplier, product, deal.venue, trial_size="501")
    assert "trial_size" in no.fields
    DataProduct.objects.filter(pk=product.pk).update(mode="stream")
    no = says_no("invalid_form", testing.apply_listing, deal.supplier, product, deal.venue, trial_size="5")
    assert "trial_size" in no.fields


@pytest.mark.both
def test_the_database_holds_one_running_sample(sampled):
    deal = sampled
    row = take_sample(deal.buyer, deal.product.number)
    other = Grant.objects.get(pk=row.grant_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        other.pk, other.number = None, "SQ-other"
        other.save()
        ProductSample.objects.create(
            product=row.product, buyer=row.buyer, grant=other, unit="rows", size=1, taken_at=clock.now()
        )


@pytest.fixture
def vault() -> Path:
    return vault_root()


@pytest.mark.system
def test_a_plane_delivers_the_sample_masked_and_meters_it_by_itself(var_dir, make_one, control):  # noqa: F811
    # given a sample that was taken, and a key for its stated purpose
    deal = make_sampled("8")
    grant = take_sample(deal.buyer, deal.product.number).grant
    public = b64encode(control.plane_key.public_key().public_bytes_raw()).decode()
    Plane.objects.filter(pk=platform_plane().pk).update(public_key=public)
    engineer = make_actor(deal.buyer.party, ("engineer",))
    _, secret = issue_credential(engineer, [grant.number], "api_key", "evaluation")
    plane = make_one(*compile_bundle(Plane.objects.get(pk=grant.plane_id)).grants)
    # when it is downloaded, and downloaded again
    replies = [plane.get(f"/download/v1/{grant.product}?format=csv", secret) for _ in range(2)]
    # then the eight rows came masked, and its own meter counts one file
    assert [r.status for r in replies] == [200, 200]
    lines = replies[0].body.decode("utf-8-sig").splitlines()
    assert lines[0] == "at,pm25" and len(lines) == 9
    assert all(int(line.split(",")[1]) % 10 == 0 for line in lines[1:])
    fold_journal(grant.plane, 1, plane.shipped())
    (left,) = quotas_left(grant)
    assert (left.used, left.left) == (1, 4)
