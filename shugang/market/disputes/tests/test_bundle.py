"""The evidence bundle: complete, the same for whoever takes part, and no byte of it changes unseen."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shugang.assets.testing import anchor
from shugang.commands import verify_bundle as command
from shugang.delivery.acknowledgements.queries import proposal
from shugang.delivery.acknowledgements.services import acknowledge
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.testing import make_records
from shugang.evidence.bundle import verify_bundle
from shugang.evidence.packing import MANIFEST, pack, unpack
from shugang.kernel import sequencer
from shugang.kernel.errors import Refusal
from shugang.market.disputes import bundle, services
from shugang.market.disputes.testing import dispute_over, evidence, to_state
from shugang.parties.testing import make_party, make_signer, sign_in
from shugang.policy.codec import canonical

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def dispute(quarrel):
    """Uses, an acknowledgement of some of them, two pieces of evidence, an award; everything in the log."""
    grant = quarrel.contract.grant
    fold_journal(grant.plane, 1, make_records([{"grant": grant.number, "mode": "table"} for _ in range(5)]))
    acknowledge(quarrel.buyer, proposal(quarrel.buyer, grant.number, 3))
    found = dispute_over(quarrel)
    for actor, text in ((quarrel.buyer, "缺测表"), (quarrel.supplier, "校准记录")):
        services.file_evidence(actor, found.number, evidence(actor, text))
    to_state(quarrel, "executing", found)
    anchor()
    return found


def exported(actor, dispute):
    row = bundle.export_bundle(actor, dispute.number)
    with pytest.raises(Refusal) as no:
        bundle.bundle_bytes(row)
    assert no.value.code == "not_logged_yet"
    anchor()
    return bundle.bundle_bytes(row)


def test_each_who_takes_part_gets_the_whole_record_and_it_verifies_offline(quarrel, dispute, tmp_path, capsys):
    key = sequencer.vkey()
    for actor in (quarrel.buyer, quarrel.supplier, quarrel.mediator, quarrel.agency.signer):
        data = exported(actor, dispute)
        report = verify_bundle(data, [key])
        assert report.findings == [] and report.ok
        # 2 sides, 1 award, 1 acknowledgement
        assert (report.checked["signatures"], report.checked["uses"], report.checked["evidence"]) == (4, 5, 2)
        assert report.manifest["reader"]["number"] == actor.party.number
    kinds = {e["payload"]["kind"] for e in json.loads(unpack(data)["events.json"])}
    assert {"market.contract.sign", "bill.issued", "dispute.evidence_filed", "market.dispute.award"} <= kinds
    assert not any(k.startswith(("credential.", "payout.", "bank.")) for k in kinds)
    # the command says the same from a file
    path = tmp_path / "bundle.zip"
    path.write_bytes(data)
    assert command.run(str(path), [key]) == 0 and dispute.number in capsys.readouterr().out
    assert command.run(str(path), []) == 2
    other = key.replace("+", "x+", 1)
    assert command.run(str(path), [other]) == 2  # the key's own digest does not hold
    path.write_bytes(data[:-1] + b"\x01")
    assert command.run(str(path), [key]) == 1 and "✗ archive" in capsys.readouterr().out


def test_strangers_and_an_agency_that_left_get_none(quarrel, dispute):
    stranger = make_signer(make_party("buyer"))
    with pytest.raises(Refusal) as no:
        bundle.export_bundle(stranger, dispute.number)
    assert no.value.code == "not_found"
    mine = bundle.export_bundle(quarrel.buyer, dispute.number)
    for actor in (quarrel.supplier, stranger):
        with pytest.raises(Refusal) as no:
            bundle.get_bundle(actor, dispute.number, mine.pk)
        assert no.value.code == "not_found"
    dispute.case.parties.filter(capacity="arbitrator").delete()
    with pytest.raises(Refusal):
        bundle.export_bundle(quarrel.agency.signer, dispute.number)


def test_what_is_not_in_the_log_yet_is_not_exported(quarrel, dispute):
    bundle.export_bundle(quarrel.buyer, dispute.number)
    from shugang.kernel.events import emit

    emit("dispute.measure_lifted", quarrel.buyer, dispute.event_refs(), {}, dispute.case)
    with pytest.raises(Refusal) as no:
        bundle.export_bundle(quarrel.buyer, dispute.number)
    assert no.value.code == "not_logged_yet"


def forged(data, **changes):
    """The bundle as a forger would write it: contents changed, manifest and archive made to fit again."""
    import hashlib

    files = unpack(data)
    for path, change in changes.items():
        name = path.replace("__", "/").replace("_json", ".json")
        content = json.loads(files[name])
        change(content)
        files[name] = canonical(content)
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = {
        p: {"sha256": hashlib.sha256(b).hexdigest(), "size": len(b)} for p, b in files.items() if p in manifest["files"]
    }
    return pack({**files, MANIFEST: canonical(manifest)})


def codes(data, key):
    return {f.code for f in verify_bundle(data, [key]).findings}


def test_a_forger_without_the_log_is_found_at_each_place(quarrel, dispute):
    key, data = sequencer.vkey(), exported(quarrel.buyer, dispute)
    bill = next(p for p in unpack(data) if p.startswith("bills/")).replace("/", "__").replace(".json", "_json")
    assert codes(forged(data), key) == set()
    assert codes(forged(data, usage_json=lambda rows: rows.pop()), key) == {"receipt"}
    # a forger who could also write the manifest's receipt would still meet the proofs below it
    for change, expected in (
        ({"usage_json": lambda rows: rows[0]["payload"].update(charge_reason="x")}, "proof"),
        ({"usage_json": lambda rows: rows.pop(1)}, "gap"),
        ({"events_json": lambda rows: rows[3]["payload"].update(actor="别人")}, "proof"),
        ({"contract__contract_json": lambda said: said["inquiry"].update(need="别的")}, "signature"),
        ({"contract__signatures_json": lambda rows: rows.pop()}, "signature"),
        ({bill: lambda said: said.update(total_fen=1)}, "bill"),
        ({"evidence__index_json": lambda rows: rows[0].update(proves="别的")}, "evidence"),
        ({"evidence__index_json": lambda rows: rows.pop()}, "missing"),
    ):
        assert expected in below(forged(data, **change), key), (expected, change)


def below(data, key):
    """What the checks below manifest and receipt find by themselves."""
    from shugang.evidence import bundle as checks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "_receipt", lambda opened, keys: True)
        return codes(data, key)


def test_any_changed_byte_is_found(quarrel, dispute):
    key, data = sequencer.vkey(), exported(quarrel.buyer, dispute)

    @given(st.integers(0, len(data) - 1), st.integers(1, 255))
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @example(0, 1)
    @example(len(data) - 1, 255)
    @example(10, 1)  # the date in the first header, which no content shows
    def changed(place, by):
        other = bytearray(data)
        other[place] ^= by
        assert not verify_bundle(bytes(other), [key]).ok

    changed()
    for cut in (data[:-1], data + b"\0", b"", data[100:]):
        assert not verify_bundle(cut, [key]).ok
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in unpack(data).items():
            archive.writestr(name, content)
    assert codes(packed.getvalue(), key) == {"archive"}


def test_pages_and_api_export_and_give_out(quarrel, dispute):
    buyer = sign_in(Client(), quarrel.buyer)
    assert buyer.post(f"/desk/disputes/{dispute.number}/bundles").status_code == 302
    row = quarrel.contract.disputes.get().bundles.get()
    early = buyer.get(f"/desk/disputes/{dispute.number}/bundles/{row.pk}.zip")
    assert early.status_code == 409 and "几秒" in early.content.decode()
    anchor()
    page = buyer.get(f"/desk/disputes/{dispute.number}/bundles/{row.pk}.zip")
    assert verify_bundle(page.content, [sequencer.vkey()]).ok
    assert buyer.get(f"/api/v1/disputes/{dispute.number}/bundles/{row.pk}").content == page.content
