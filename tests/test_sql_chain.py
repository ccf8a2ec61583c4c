"""A product in mode `sql` from the supplier's form to the bill: published, agreed, keyed, queried on a real plane, its
records folded, and what is charged counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shugang.assets import testing as assets
from shugang.delivery.grants.queries import joined
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.testing import make_version
from shugang.delivery.vault.receiving import vault_root
from shugang.kernel.errors import Refusal
from shugang.market.testing import (
    PER_FOUND,
    Deal,
    list_product,
    load_profiles,
    make_product,
    make_terms,
    make_venue,
    signed,
)
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.vocabulary import OutputRule, RowFilter

pytestmark = [pytest.mark.system, pytest.mark.django_db]
ACTIONS = {"actions": ("query", "compute")}
AIR = "station,at,pm25,no2\n" + "".join(
    f"{('东四', '天坛', '奥体中心')[n % 3]},2017-02-{1 + n % 28:02d},{n}.5,{n}\n" for n in range(60)
)


@pytest.fixture
def deal(tmp_path: Path, settings: Any) -> Deal:
    settings.VAR_DIR = tmp_path / "var"
    load_profiles()
    office, venue = assets.make_registrar(), make_venue()
    supplier, buyer = make_signer(make_party("supplier")), make_signer(make_party("buyer"))
    version = make_version(make_actor(supplier.party, ("handler", "engineer")), AIR)
    certificate = assets.make_certificate(supplier, version, office)
    terms = make_terms(**ACTIONS, output=OutputRule(2), rows=(RowFilter("station", "ne", "东四"),))
    product = make_product(supplier, certificate, "sql", PER_FOUND, terms, name="空气质量 逐时数据")
    return Deal(supplier, buyer, list_product(supplier, product, venue), certificate, venue, office)


def test_from_the_suppliers_offer_to_the_charged_record(deal: Deal, tmp_path: Path) -> None:
    # given a contract over a product that is queried by SQL, aggregates only
    contract = signed(deal)
    grant = contract.grant
    assert (grant.mode, grant.source["table"], grant.outcomes) == (
        "sql",
        "空气质量_逐时数据",
        {"found": True, "not_found": False},
    )
    _, secret = issue_credential(deal.buyer, [grant.number], "api_key", grant.terms["purpose"])
    # when the buyer's program queries a plane that holds the bundle of that moment
    control = FakeControl()
    plane = PlaneProcess(control, tmp_path / "plane", vault_root())
    try:
        plane.start()
        plane.at(control.set(*compile_bundle(grant.plane).grants))

        def ask(sql: str) -> Any:
            return plane.get("/sql/v1/queries", secret, "POST", sql.encode(), Prefer="wait=28")

        counted = ask("select count(*) as n, avg(pm25) as mean from 空气质量_逐时数据")
        assert counted.status == 200, counted
        assert counted.json["data"] == [{"n": 40, "mean": 30.5}]
        assert ask("select * from 空气质量_逐时数据").code == "sql_output_rule"
        assert ask("select count(no2) from 空气质量_逐时数据").code == "column_hidden"
        assert ask("select count(*) as n from 空气质量_逐时数据 where pm25 < -1").json["data"] == []
        records = plane.shipped()
    finally:
        plane.kill()
        control.close()
    # then control records each use, and charges what the price plan charges
    assert fold_journal(grant.plane, 1, records) == 4
    kept = UsageRecord.objects.filter(grant_number=grant.number).order_by("grant_seq")
    assert [(r.outcome, r.charged) for r in kept] == [
        ("found", True),
        ("sql_output_rule", False),
        ("column_hidden", False),
        ("not_found", False),
    ]


def test_one_key_may_open_further_sql_grants_of_the_same_purpose(deal: Deal) -> None:
    first = signed(deal).grant
    assert joined(deal.buyer, first) == []
    second = signed(deal).grant
    assert joined(deal.buyer, first) == [second]
    key, _ = issue_credential(deal.buyer, [first.number, second.number], "api_key", first.terms["purpose"])
    assert set(key.grants.all()) == {first, second}
    # a grant of another mode takes no part
    second.mode = "api"
    assert joined(deal.buyer, second) == []


def test_what_sql_cannot_hold_cannot_be_published(deal: Deal) -> None:
    with pytest.raises(Refusal) as refused:
        make_product(deal.supplier, deal.certificate, "api", PER_FOUND, make_terms(**ACTIONS, output=OutputRule(2)))
    assert refused.value.code == "bad_terms"
    assert "output@api" in str(refused.value.fields)


@pytest.mark.parametrize(
    "given, table",
    [
        ("空气 质量", "空气_质量"),
        ("Hourly-PM2.5", "hourly_pm2_5"),
        ("2026", "data_2026"),
        ('"; drop', "drop"),
        ("…", "data"),
    ],
)
def test_a_table_name_needs_no_quotes(given: str, table: str) -> None:
    from shugang.delivery.grants.sources import sql_name

    assert sql_name(given) == table
