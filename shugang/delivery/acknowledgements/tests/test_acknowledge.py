"""Given uses of a grant, when the buyer signs what he received, then it is kept as he said it and nothing else moves."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shugang.delivery.acknowledgements import statement as form
from shugang.delivery.acknowledgements.counting import records
from shugang.delivery.acknowledgements.models import Acknowledgement
from shugang.delivery.acknowledgements.queries import (
    acknowledgements,
    compare,
    get_acknowledgement,
    holds,
    proposal,
    waiting,
)
from shugang.delivery.acknowledgements.services import acknowledge
from shugang.delivery.metering.models import UsageRecord
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.testing import make_grant, make_plane, make_records
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.keys.services import make_key
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in


@pytest.fixture
def used(db):
    """A grant with five uses: three found, one not found, one refused."""
    plane, _ = make_plane()
    grant = make_grant(mode="api")
    uses = [
        {}, {"rows": 3, "bytes": 300}, {"outcome": "not_found", "charged": False, "charge_reason": "uncharged:not_found"},
        {"state": "refused", "outcome": "rate_limited", "charged": False, "charge_reason": "refused:rate_limited",
         "rows": 0, "bytes": 0},
        {"rows": 2},
    ]  # fmt: skip
    fold_journal(plane, 1, make_records([{"grant": grant.number, **use} for use in uses]))
    return grant


@pytest.fixture
def signer(used):
    return make_signer(used.grantee)


def refused(act, *args):
    before = (Acknowledgement.objects.count(), Event.objects.count())
    with pytest.raises(Refusal) as caught:
        act(*args)
    assert (Acknowledgement.objects.count(), Event.objects.count()) == before
    return caught.value


@pytest.mark.both
def test_what_was_delivered_is_proposed_signed_and_kept(used, signer):
    said = proposal(signer, used.number)
    assert [said[name] for name in ("first_seq", "last_seq", *form.COUNTS)] == [1, 5, 5, 4, 3, 7, 600]
    hashes = [r.hash for r in UsageRecord.objects.order_by("grant_seq")]
    expected = "0" * 64
    for each in hashes:
        expected = hashlib.sha256((expected + each).encode()).hexdigest()
    assert said["head"] == expected
    row = acknowledge(signer, said)
    assert (row.number[:3], row.statement, holds(row), compare(row)) == ("QS-", said, True, [])
    told = Event.objects.get(kind="delivery.acknowledged").payload
    assert (told["statement"], told["signature"]) == (said, row.signature)
    assert waiting(signer) == [] and refused(proposal, signer, used.number).code == "nothing_to_sign"


@pytest.mark.both
def test_the_next_one_begins_where_the_last_one_ended(used, signer):
    acknowledge(signer, proposal(signer, used.number, 2))
    assert [(w.signed, w.count) for w in waiting(signer)] == [(2, 3)]
    again = refused(acknowledge, signer, {**proposal(signer, used.number), "first_seq": 1})
    assert (again.code, again.status) == ("out_of_order", 409)
    assert refused(acknowledge, signer, {**proposal(signer, used.number), "first_seq": 4}).code == "out_of_order"
    acknowledge(signer, proposal(signer, used.number))
    assert [(a.first_seq, a.last_seq) for a in acknowledgements(signer).order_by("id")] == [(1, 2), (3, 5)]


@pytest.mark.both
def test_a_buyer_who_counts_otherwise_is_believed_as_to_what_he_says(used, signer):
    row = acknowledge(
        signer, {**proposal(signer, used.number), "rows": 6, "last_seq": 6, "records": 6, "remark": "少一行"}
    )
    assert holds(row)
    assert compare(row) == [("records", 6, 5), ("rows", 6, 7)]


@pytest.mark.both
def test_use_that_is_changed_or_gone_afterwards_shows(used, signer):
    row = acknowledge(signer, proposal(signer, used.number))
    records(used).get(grant_seq=2).delete()
    assert {what for what, *_ in compare(row)} == {"records", "delivered", "charged", "rows", "bytes", "head"}
    with pytest.raises(DatabaseError), transaction.atomic():
        Acknowledgement.objects.update(statement={})


@pytest.mark.both
def test_only_the_buyers_signer_signs(used, signer):
    said = proposal(signer, used.number)
    supplier = make_signer(used.supplier)
    assert refused(acknowledge, supplier, said).code == "forbidden"
    assert refused(acknowledge, make_signer(make_party("buyer")), said).code == "not_found"
    assert refused(acknowledge, make_actor(used.grantee, ("handler",)), said).code == "forbidden"
    assert refused(acknowledge, make_actor(used.grantee, ("signer",), second_factor=False), said).code == (
        "second_factor_required"
    )
    row = acknowledge(signer, said)
    # Both sides and platform finance read it, a stranger does not
    finance = make_actor(make_party("operator"), ("finance",))
    assert [get_acknowledgement(a, row.number).pk for a in (signer, supplier, finance)] == [row.pk] * 3
    with pytest.raises(Refusal):
        get_acknowledgement(make_signer(make_party("buyer")), row.number)


@pytest.mark.django_db
def test_a_program_checks_completeness_and_signs_with_a_key_of_its_own(used):
    """The program of docs/acknowledging.md, over the real API."""
    actor = make_actor(used.grantee, ("signer",))
    key = Ed25519PrivateKey.generate()
    make_key(actor, base64.b64encode(key.public_key().public_bytes_raw()).decode())
    client = sign_in(Client(), actor)
    guide = (Path(__file__).parents[4] / "docs" / "acknowledging.md").read_text()
    program: dict[str, Any] = {}
    exec(guide.split("```python\n")[1].split("```")[0], program)

    def call(site, token, path, body=None):
        address = f"/api/v1{path}"
        answer = client.get(address) if body is None else client.post(address, body, content_type="application/json")
        told = answer.json()
        if answer.status_code != 200:
            raise RuntimeError(told["code"])
        return told

    program["call"] = call
    with pytest.raises(RuntimeError, match="signature_needed"):
        program["acknowledge"]("", "", used.number)
    number = program["acknowledge"]("", "", used.number, key.sign)
    told = call("", "", f"/acknowledgements/{number}")
    assert (told["holds"], told["differs"], told["statement"]["last_seq"]) == (True, [], 5)


@pytest.mark.django_db
def test_that_program_sees_a_missing_record(used, signer):
    client = sign_in(Client(), signer)
    records(used).get(grant_seq=3).delete()
    page = client.get(f"/api/v1/grants/{used.number}/records?after=0").json()
    assert [r["grant_seq"] for r in page["items"]] == [1, 2, 4, 5] and page["next"] is None
    assert len(client.get(f"/api/v1/grants/{used.number}/records?after=4").json()["items"]) == 1


@pytest.mark.django_db
def test_the_page_signs_what_it_shows_or_what_the_buyer_puts(used, signer):
    client = sign_in(Client(), signer)
    address = f"/desk/grants/{used.number}/acknowledge"
    assert client.get("/desk/acknowledgements").status_code == 200
    shown = client.get(address)
    assert shown.status_code == 200
    bad = client.post(address, {"last_seq": "5", "delivered": "four", "charged": "3", "rows": "7", "bytes": "600"})
    assert bad.status_code == 422 and not Acknowledgement.objects.exists()
    numbers = {"last_seq": "5", "delivered": "4", "charged": "3", "rows": "6", "bytes": "600", "remark": "少一行"}
    assert client.post(address, numbers).status_code == 302
    row = Acknowledgement.objects.get()
    assert (row.statement["rows"], row.statement["remark"]) == (6, "少一行")
    page = client.get(f"/desk/acknowledgements/{row.number}").content.decode()
    assert "与平台现在的记录不一致" in page


GOOD = {
    "v": 1, "contract": "HT-1", "grant": "SQ-1", "plane": "PL-1", "first_seq": 1, "last_seq": 2, "records": 2, "delivered": 2,
    "charged": 1, "rows": 5, "bytes": 50, "head": "0" * 64, "from": "2026-03-01T02:03:04.567Z", "to": "", "remark": "",
}  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(name=st.sampled_from(sorted(GOOD)), value=st.none() | st.booleans() | st.floats() | st.text() | st.integers())
def test_a_statement_has_one_form(name, value):
    given_ = {**GOOD, name: value}
    try:
        read = form.read(given_)
    except Refusal as refusal:
        assert refusal.code == "invalid_statement"
        return
    assert read == given_ and type(read[name]) is type(GOOD[name])
    assert len(form.digest(read)) == 64


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    rubbish=st.recursive(st.none() | st.text() | st.integers(), lambda c: st.lists(c) | st.dictionaries(st.text(), c))
)
def test_rubbish_is_no_statement(rubbish):
    with pytest.raises(Refusal):
        form.read(rubbish)
