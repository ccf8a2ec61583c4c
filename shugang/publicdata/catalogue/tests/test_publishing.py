"""What is published: rows, a frozen version, a gap-free feed; and what the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.catalogue import content as contents
from shugang.publicdata.catalogue import publishing, queries
from shugang.publicdata.catalogue.models import CatalogueChange, PublicResource
from shugang.publicdata.catalogue.testing import make_department, make_resource

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def department(db):
    return make_department("示例民政局")


def published_again(resource, **facts):
    content = {**contents.of_resource(resource), **facts}
    with transaction.atomic():
        publishing.publish([(resource, content)], None, clock.now())
    return content


def test_an_entry_is_published_with_items_version_and_feed(department):
    # when an entry is published
    resource = make_resource(department, items=["姓名", {"name": "性别", "element": "DE00003", "column": "sex"}])
    # then anybody finds it, its items are in order, and its version holds exactly what the rows say
    assert queries.public_resource(resource.number) == queries.public_resource(resource.code) == resource
    assert list(resource.items.order_by("position").values_list("name", "element", "column")) == [
        ("姓名", "", ""), ("性别", "DE00003", "sex"),
    ]  # fmt: skip
    version = resource.versions.get()
    assert version.content == contents.of_resource(resource) and version.digest == contents.digest(version.content)
    assert [(c.sequence, c.kind) for c in queries.public_changes()] == [(1, "published")]


def test_a_change_is_a_new_version_and_the_old_one_stays(department):
    # given a published entry
    resource = make_resource(department, items=["姓名", "登记日期"])
    first = resource.versions.get()
    # when another version is published
    after = published_again(
        resource, name="社会组织登记（新）", items=[{**first.content["items"][1], "length": 10}, *[]]
    )
    # then both versions stand, and the difference names field and item
    assert resource.version == 2 and resource.versions.get(version=1).digest == first.digest
    paths = [path for path, _, _ in contents.differences(first.content, after)]
    assert paths == ["name", "items/姓名", "items/登记日期/length"]
    assert [(c.sequence, c.kind, c.version) for c in queries.public_changes(1)] == [(2, "changed", 2)]


def test_a_suspended_entry_is_public_no_more(department):
    resource = make_resource(department)
    with transaction.atomic():
        publishing.stand([resource], "suspended", "suspended", None, clock.now())
    with pytest.raises(Refusal) as refusal:
        queries.public_resource(resource.number)
    assert refusal.value.code == "not_found"
    assert CatalogueChange.objects.get(sequence=2).kind == "suspended"


def test_a_failed_publication_leaves_no_gap_in_the_feed(department):
    make_resource(department)
    with pytest.raises(IntegrityError):
        make_resource(department, code=PublicResource.objects.get().code)
    make_resource(department)
    assert [c.sequence for c in queries.public_changes()] == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "base"}, {"base_library": "credit"}, {"sharing": "conditional"}, {"opening": "conditional"}, {"sharing": "free"},
        {"update_cycle": "sometimes"}, {"theme": "x"}, {"format": "x"}, {"sharing_method": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_the_database_refuses_an_entry_that_contradicts_itself(department, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_resource(department, **wrong)
    assert not PublicResource.objects.exists()


def test_two_items_of_one_name_are_refused(department):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_resource(department, items=["姓名", "姓名"])


def test_drafts_are_their_departments_alone(department):
    # given a published entry and a draft of the same department
    make_resource(department)
    draft = make_resource(department)
    PublicResource.objects.filter(pk=draft.pk).update(state="draft", version=0, published_at=None)
    own, other = make_actor(department), make_actor(make_department())
    office = make_actor(make_party("data_office"))
    # then its own people see both, the data office what is published, another department neither
    assert queries.resources(own).count() == 2 and queries.resources(own, "draft").get() == draft
    assert queries.resources(office).count() == 1 and not queries.resources(other).exists()
