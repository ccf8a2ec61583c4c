"""What the detection finds becomes a proposal with evidence, and never a value of the data."""

from __future__ import annotations

import json

import pytest

from shugang.assets.grading import services
from shugang.assets.grading.models import Grading
from shugang.assets.grading.proposing import run_detection, run_detections
from shugang.assets.testing import load_profiles
from shugang.delivery.datasets.services import describe_columns
from shugang.delivery.testing import make_version
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
PHONES = [f"138{n * 7919 % 10**8 + 10**7:08d}" for n in range(60)]  # made up


@pytest.fixture
def handler():
    load_profiles()
    return make_actor(make_party("supplier"), ("handler", "engineer"))


def graded(handler, text, comments=None):
    version = make_version(handler, text)
    if comments:
        describe_columns(handler, version.dataset.number, 1, comments, [])
    case = services.open_grading(handler, version.dataset.number)
    assert run_detections() == 1
    return {c.column.name: c for c in Grading.objects.get(case=case).columns.select_related("column")}, case


def people(header):
    return f"{header},amount\n" + "".join(f"{phone},{n}\n" for n, phone in enumerate(PHONES))


def test_a_column_of_mobile_numbers_is_proposed_as_personal(handler):
    rows, case = graded(handler, people("手机号"))
    said = rows["手机号"].proposal
    assert said["kind"] == "mobile" and said["confidence"] >= 90
    assert said["cell"] == {"object": "person", "degree": "general", "pi_class": "basic", "sensitive": False}
    assert rows["amount"].proposal["cell"]["object"] == "organisation" and rows["amount"].proposal["confidence"] is None
    assert Grading.objects.get(case=case).progress == 2


def test_no_value_of_the_data_is_kept(handler):
    rows, case = graded(handler, people("手机号"))
    services.accept_all(handler, case.number)
    kept = json.dumps([r.proposal for r in rows.values()], ensure_ascii=False)
    kept += json.dumps(list(Event.objects.values_list("payload", flat=True)), ensure_ascii=False)
    assert not [phone for phone in PHONES if phone in kept or phone[3:] in kept]


def test_the_suppliers_words_for_a_column_are_looked_at_too(handler):
    rows, _ = graded(handler, "c1,c2\n" + "".join(f"高血压,{n}\n" for n in range(40)), {"c1": "诊断名称", "c2": "序号"})
    said = rows["c1"].proposal
    assert said["kind"] == "diagnosis" and said["cell"]["sensitive"] and said["cell"]["pi_class"] == "health"


def test_data_that_cannot_be_read_are_left_to_the_people(handler, var_dir):
    version = make_version(handler, people("手机号"))
    (var_dir / "vault" / version.path).write_bytes(b"not a table")
    case = services.open_grading(handler, version.dataset.number)
    assert run_detection(case.grading.pk)
    grading = Grading.objects.get(case=case)
    assert (grading.fault, grading.case.state) == ("unreadable", "confirming")


def test_a_grading_that_was_withdrawn_meanwhile_is_left_alone(handler):
    from shugang.kernel import engine

    version = make_version(handler, people("手机号"))
    case = services.open_grading(handler, version.dataset.number)
    engine.act(case.number, "withdraw", handler, {"reason": "上传有误。"})
    assert run_detections() == 0 and not run_detection(case.grading.pk)
