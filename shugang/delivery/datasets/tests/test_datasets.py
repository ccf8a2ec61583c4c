"""Given a supplier, when he declares and describes data, then facts are checked, told and kept apart from others'."""

import pytest
from django.db import DatabaseError, transaction

from shugang.delivery.datasets import queries
from shugang.delivery.datasets.models import Column, Dataset, DatasetVersion
from shugang.delivery.datasets.services import create_dataset, describe_columns
from shugang.delivery.testing import make_actor, make_party, make_supplier, make_version
from shugang.kernel.actors import ANONYMOUS
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_a_data_set_gets_the_next_number_of_the_year():
    _, actor = make_supplier()
    numbers = [create_dataset(actor, name=f"数据{i}").number for i in range(2)]
    assert [n[-6:] for n in numbers] == ["000001", "000002"] and numbers[0].startswith("DS-")


@pytest.mark.parametrize("who", ["buyer", "finance", "nobody"])
def test_only_a_supplier_with_the_duty_declares(who):
    actor = {
        "buyer": lambda: make_actor(make_party("buyer"), ("handler",)),
        "finance": lambda: make_actor(make_party("supplier"), ("finance",)),
        "nobody": lambda: ANONYMOUS,
    }[who]()
    before = Event.objects.count()
    with pytest.raises(Refusal, match="forbidden"):
        create_dataset(actor, name="x")
    assert not Dataset.objects.exists() and Event.objects.count() == before


@pytest.mark.parametrize(
    "facts", [{}, {"name": "x" * 200}, {"name": "x", "hosting": "cloud"}, {"name": "x", "price": 1}]
)
def test_wrong_facts_are_named(facts):
    _, actor = make_supplier()
    with pytest.raises(Refusal) as caught:
        create_dataset(actor, **facts)
    assert caught.value.code == "invalid_form" and caught.value.fields and not Dataset.objects.exists()


def test_columns_are_described_in_place_and_told():
    _, actor = make_supplier()
    version = make_version(actor)
    describe_columns(actor, version.dataset.number, 1, {"city": "所在城市"}, ["prefix7"])
    found = {c["name"]: (c["comment"], c["personal"]) for c in queries.dictionary(version)}
    assert found["city"] == ("所在城市", False) and found["prefix7"] == ("", True)
    assert Event.objects.get(kind="dataset.described").payload["personal"] == ["prefix7"]
    before = (list(Column.objects.values()), Event.objects.count())
    for who, comments in ((actor, {"nothing": "x"}), (make_supplier()[1], {})):
        events = Event.objects.count()
        with pytest.raises(Refusal):
            describe_columns(who, version.dataset.number, 1, comments, [])
        assert Event.objects.count() == events
    assert list(Column.objects.values()) == before[0]


def test_a_version_cannot_be_rewritten():
    make_version()
    with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
        DatasetVersion.objects.update(rows=1)


def test_each_supplier_sees_his_own():
    _, actor = make_supplier()
    mine = make_version(actor).dataset
    make_version()
    assert list(queries.datasets(actor)) == [mine]
    assert list(queries.datasets(actor, "归属")) == [mine] and not queries.datasets(actor, "天气")
    assert queries.datasets(make_actor(make_party("regulator"), ("supervisor",))).count() == 2
