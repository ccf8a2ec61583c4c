"""The trace: who approved, who used how much, what came of it; each reader sees what concerns him and nothing else."""

from __future__ import annotations

import pytest

from shugang.assets.registration import sealing
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.testing import make_grant, make_records
from shugang.kernel import engine, sequencer
from shugang.kernel.errors import Refusal
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.scenarios.testing import approved, in_use, make_developer
from shugang.publicdata.sharing.testing import City, granted, make_city
from shugang.publicdata.trace import documents, queries
from shugang.ui.signing import verify_pdf

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.VAR_DIR = tmp_path / "var"
    return make_city()


def use(*grants) -> None:
    rows = [
        {"grant": g.number, "mode": "sql", "rows": 7, "bytes": 100, "charged": False, "charge_reason": "free:found"}
        for g in grants
    ]
    fold_journal(grants[0].plane, 1, make_records(rows))


def test_a_shared_grant_tells_who_approved_who_used_and_what_came_of_it(city):
    row = granted(city)
    use(row.grant, row.grant)
    engine.act(row.number, "finish", city.asker, {"result": "新设服务站2处。"})
    sequencer.run_once()
    found = queries.trace(city.handler, "grant", row.grant.number)
    (basis,) = found.bases
    assert (basis.kind, basis.reference, basis.digest) == ("sharing", row.number, row.grant.bases.get().digest)
    said = [(s["title"].zh, s["who"]) for s in basis.steps]
    assert ("公共数据共享申请：核准共享", city.clerk.label) in said and (
        "公共数据共享申请：申请共享",
        city.asker.label,
    ) in said
    assert all(s["log_index"] is not None for s in basis.steps)
    assert (
        found.total == {"n": 2, "rows": 14, "bytes": 200} and found.uses[0]["grant__grantee__name"] == city.health.name
    )
    assert [o["result"] for o in found.outcomes] == ["新设服务站2处。"]
    by_resource = queries.trace(city.clerk, "resource", city.resource.number)
    assert by_resource.total == found.total
    assert queries.trace(city.handler, "dataset", city.version.dataset.number).total == found.total


def test_each_reader_sees_what_concerns_him(city):
    regulator = make_actor(make_party("regulator"), ("supervisor",))
    one, two = make_developer(), make_developer()
    approval = approved(city)
    mine, other = in_use(city, approval, one), in_use(city, approval, two, title="另一个")
    numbers = {g.number: g for g in queries.grants(city.reviewer)}
    assert len(numbers) == 2 and {g.number for g in queries.grants(regulator)} == set(numbers)
    (own,) = queries.grants(one)
    assert own.grantee == mine.applicant
    use(own)
    found = queries.trace(one, "grant", own.number)
    steps = {b.kind: b.steps for b in found.bases}
    assert steps["scenario"] and steps["scenario_class"] == [] and found.total["n"] == 1
    whole = {b.kind: b.steps for b in queries.trace(city.officer, "grant", own.number).bases}
    assert whole["scenario"] and whole["scenario_class"]
    (theirs,) = (n for n, g in numbers.items() if g.grantee == other.applicant)
    stranger = make_actor(make_party("department"), ("handler",))
    for reader, kind, number in (
        (one, "grant", theirs), (one, "resource", city.resource.number), (one, "dataset", city.version.dataset.number),
        (stranger, "grant", own.number), (stranger, "resource", city.resource.number), (one, "contract", own.number),
    ):  # fmt: skip
        with pytest.raises(Refusal) as error:
            queries.trace(reader, kind, number)
        assert error.value.code == "not_found"


def test_the_data_office_reads_no_grant_of_private_data(city):
    private = make_grant()
    with pytest.raises(Refusal):
        queries.trace(city.reviewer, "grant", private.number)
    assert list(queries.grants(city.reviewer)) == []


def test_the_report_is_signed_and_its_digest_follows_the_record(city):
    row = granted(city)
    found = queries.trace(city.handler, "grant", row.grant.number)
    paper = documents.pdf(found)
    (report,) = verify_pdf(paper, [sealing.certificate_pem()])
    assert report.good
    before = queries.to_json(found)
    use(row.grant)
    assert queries.to_json(queries.trace(city.handler, "grant", row.grant.number)) != before
