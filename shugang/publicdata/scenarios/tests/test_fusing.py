"""Public and private data in one approved project: one approval, and whatever stops one side stops both at once."""

from __future__ import annotations

import pytest

from shugang.delivery.grants.services import resume_grant, suspend_grant
from shugang.delivery.models import Grant
from shugang.delivery.planes.bundles import compile_bundle
from shugang.kernel import engine
from shugang.kernel.actors import SYSTEM
from shugang.kernel.testing import refused
from shugang.market import testing as market
from shugang.market.bundles import services as bundles
from shugang.market.bundles import testing as projects
from shugang.market.contracts import services as contracts
from shugang.market.contracts import standing
from shugang.market.contracts.models import Contract
from shugang.parties.testing import make_signer, sign_in
from shugang.publicdata.scenarios import fusing, queries, services
from shugang.publicdata.scenarios.models import ScenarioUse
from shugang.publicdata.scenarios.testing import approved, make_developer, use_form
from shugang.publicdata.sharing.testing import make_city

pytestmark = [pytest.mark.django_db]


class Joint:
    """A developer with an application in an approved class, and a project with two private suppliers."""

    def __init__(self):
        market.load_profiles()
        self.city = make_city()
        self.approval = approved(self.city)
        deal = market.make_deal()
        other, product = projects.second_product(deal.venue, deal.office)
        self.suppliers = (deal.supplier, other)
        self.developer = make_signer(make_developer().party)
        self.bundle = projects.begin(self.developer, (deal.product, product))
        self.use = services.apply(self.developer, use_form(self.approval, bundle=self.bundle.number))

    def signed(self):
        projects.agree(self.bundle, self.developer, self.suppliers)
        for supplier in self.suppliers:
            row = Contract.objects.get(inquiry__bundled__bundle=self.bundle, supplier_id=supplier.party_id)
            contracts.sign(supplier, row.number)
        bundles.sign_all(self.developer, self.bundle.number)
        return self

    def approve(self):
        engine.act(self.use.number, "approve", self.city.clerk, {"opinion": "在审定范围内，私有一侧合同已生效。"})
        return self

    def states(self):
        """The public grant, then the private ones."""
        rows = fusing.members(self.use.number)
        return [g.state for g in sorted(rows, key=lambda g: (bool(g.contract), g.pk))]


@pytest.fixture
def joint(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    return Joint()


def test_the_joint_approval_waits_for_the_private_side_and_is_once_a_project(joint):
    assert refused(joint.use.case, "approve", joint.city.clerk, {"opinion": "好"}).code == "bundle_not_in_force"
    assert not Grant.objects.filter(bases__kind="scenario").exists()
    joint.signed().approve()
    again = services.apply(joint.developer, use_form(joint.approval, title="另一个", bundle=joint.bundle.number))
    assert refused(again.case, "approve", joint.city.clerk, {"opinion": "好"}).code == "bundle_fused"


@pytest.mark.both
def test_whatever_stops_one_side_stops_both_and_the_last_cause_releases_them(joint, client):
    joint.signed().approve()
    use = ScenarioUse.objects.get(pk=joint.use.pk)
    private = [g for g, _ in queries.joint(joint.developer, use)]
    assert len(private) == 2 and joint.states() == ["active"] * 3
    digests = {b.digest for g in fusing.members(use.number) for b in g.bases.filter(kind="fusion")}
    assert len(digests) == 1  # one approval, of both sides
    sign_in(client, joint.developer)
    page = client.get(f"/desk/grants/{private[0].number}").content.decode()
    assert "融合审定" in page and use.number in page
    assert private[0].number in client.get(f"/desk/scenarios/{use.number}").content.decode()
    # The class, on the public side.
    engine.act(joint.approval.number, "suspend", joint.city.officer, {"reason": "数据有误。"})
    assert joint.states() == ["suspended"] * 3
    assert "数据有误" in Grant.objects.get(pk=private[0].pk).reason
    # A second cause, on the private side: the first one gone, all stay held.
    contract = Contract.objects.get(grant=private[1])
    standing.suspend(contract, SYSTEM, standing.ORDER, "责令核查。")
    engine.act(joint.approval.number, "resume", joint.city.reviewer)
    assert joint.states() == ["suspended"] * 3
    standing.resume(contract, SYSTEM, "核查完毕。")
    assert joint.states() == ["active"] * 3
    # The contract alone, and any other cause.
    standing.suspend(contract, SYSTEM, standing.ORDER, "责令核查。")
    assert joint.states() == ["suspended"] * 3
    standing.resume(contract, SYSTEM, "核查完毕。")
    suspend_grant(SYSTEM, private[0].number, "争议", "dispute", "ZY-1")
    assert joint.states() == ["suspended"] * 3
    resume_grant(SYSTEM, private[0].number, "dispute", "ZY-1")
    assert joint.states() == ["active"] * 3
    # The bundles that planes fetch within the second say the same.
    engine.act(joint.approval.number, "revoke", joint.city.reviewer, {"reason": "不再适用。"})
    told = {g.id: g.state for plane in {g.plane for g in private} for g in compile_bundle(plane).grants}
    assert {told[g.number] for g in fusing.members(use.number)} == {"suspended"}


def test_a_contract_that_ends_holds_the_rest_and_so_does_the_end_of_the_use(joint):
    joint.signed().approve()
    one, two = (g for g, _ in queries.joint(joint.developer, joint.use))
    standing.terminate(Contract.objects.get(grant=one), SYSTEM, "双方同意。")
    assert sorted(joint.states()) == ["ended", "suspended", "suspended"]
    assert "已终止" in Grant.objects.get(pk=two.pk).reason
    engine.act(joint.use.number, "finish", joint.developer, {"result": "已完成。"})
    # What is paid for is held, not ended: its contract is the parties' own to end.
    assert Grant.objects.get(pk=two.pk).state == "suspended"
