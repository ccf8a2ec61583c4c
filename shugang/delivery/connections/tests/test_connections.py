"""Given a party's store or database, when it is registered, then control keeps what it cannot read, and tells it nobody."""

import json

import pytest

from shugang.delivery.connections.models import Connection
from shugang.delivery.connections.queries import connection, connections, health
from shugang.delivery.connections.services import (
    approve_connection,
    change_account,
    register_connection,
    remove_connection,
    report,
    try_connection,
)
from shugang.delivery.connectors.services import declare_connected_version
from shugang.delivery.connectors.tests.test_registering import COLUMNS, PARAMS, QUERY
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.grants import sources
from shugang.delivery.planes.bundles import compile_bundle, signed_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_plane, make_supplier, signed_headers
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party
from shugang.policy.connections import Account, of_connection
from shugang.policy.sealing import NotOpened, open_sealed

pytestmark = pytest.mark.django_db
ACCOUNT = Account("reader", "sehr-geheim")
URL = "mysql://db.example.com/sales"


@pytest.fixture
def platform():
    return make_plane()


@pytest.fixture
def supplier(platform):
    return make_supplier()[1]


@pytest.fixture
def buyer(platform):
    return make_actor(make_party("buyer"), ("engineer",))


@pytest.fixture
def operator():
    return make_actor(make_party("operator"), ("engineer",))


def registered(supplier, operator=None) -> Connection:
    made = register_connection(supplier, "source", "销售库", URL, ACCOUNT)
    return approve_connection(operator, made.number) if operator else made


def _count():
    return Connection.objects.count(), Event.objects.count(), sum(Plane.objects.values_list("revision", flat=True))


@pytest.mark.both
def test_the_account_opens_with_the_planes_key_alone_and_is_shown_nowhere(supplier, operator, platform, client):
    plane, key = platform
    made = registered(supplier, operator)
    assert Account.from_bytes(open_sealed(key, made.sealed, of_connection(made.number))) == ACCOUNT
    with pytest.raises(NotOpened):
        open_sealed(key, made.sealed, of_connection("CN-999999"))
    told = [row for row in Event.objects.values_list("payload", flat=True)]
    assert "geheim" not in json.dumps(told, default=str) and "reader" not in json.dumps(told, default=str)
    assert b"geheim" not in signed_bundle(plane)


@pytest.mark.both
def test_a_bundle_carries_approved_connections_and_a_removed_one_is_forgotten(supplier, operator, platform):
    plane, _ = platform
    made = registered(supplier)
    assert compile_bundle(plane).connections == ()
    before = Plane.objects.get(pk=plane.pk).revision
    approve_connection(operator, made.number)
    (told,) = compile_bundle(plane).connections
    assert (told.number, told.url, told.check) == (made.number, URL, 1)
    assert Plane.objects.get(pk=plane.pk).revision > before
    remove_connection(supplier, made.number)
    assert compile_bundle(plane).connections == ()
    assert Connection.objects.get(pk=made.pk).sealed == ""
    for act in (lambda: try_connection(supplier, made.number), lambda: change_account(supplier, made.number, ACCOUNT)):
        with pytest.raises(Refusal, match="wrong_state"):
            act()


def test_a_changed_account_replaces_the_old_one(supplier, operator, platform):
    _, key = platform
    made = registered(supplier, operator)
    changed = change_account(supplier, made.number, Account("reader", "neu"))
    assert Account.from_bytes(open_sealed(key, changed.sealed, of_connection(made.number))).password == "neu"
    assert changed.checks == 2


@pytest.mark.parametrize(
    "url", ["mysql://u:p@db.example.com/x", "sqlite:////etc/passwd", "http://x.example", "mysql://127.1/x"]
)
def test_an_address_that_is_none_is_refused_and_nothing_changes(supplier, url):
    before = _count()
    with pytest.raises(Refusal, match="address_refused"):
        register_connection(supplier, "source", "x", url, ACCOUNT)
    with pytest.raises(Refusal, match="bad_tables"):
        register_connection(supplier, "source", "x", "s3+https://oss.example.com/bucket", ACCOUNT)
    assert _count() == before


def test_others_can_neither_see_nor_touch_it(supplier, buyer, operator):
    made, stranger = registered(supplier), make_supplier()[1]
    before = _count()
    for actor in (stranger, buyer):
        assert connections(actor) == []
        for act in (
            lambda a=actor: connection(a, made.number),
            lambda a=actor: try_connection(a, made.number),
            lambda a=actor: change_account(a, made.number, ACCOUNT),
            lambda a=actor: remove_connection(a, made.number),
        ):
            with pytest.raises(Refusal, match="not_found"):
                act()
        with pytest.raises(Refusal, match="forbidden"):
            approve_connection(actor, made.number)
    with pytest.raises(Refusal, match="forbidden"):
        approve_connection(supplier, made.number)
    with pytest.raises(Refusal, match="forbidden"):
        register_connection(buyer, "source", "x", URL, ACCOUNT)
    with pytest.raises(Refusal, match="forbidden"):
        register_connection(supplier, "target", "x", "folder:///x", ACCOUNT)
    with pytest.raises(Refusal, match="not_found"):
        change_account(operator, made.number, ACCOUNT)
    assert _count() == before


def test_a_report_counts_only_for_the_last_test_of_the_planes_own(supplier, operator, platform):
    plane, _ = platform
    other, _ = make_plane(make_supplier()[0])
    made = registered(supplier, operator)
    assert health(made)[0] == "run"
    assert report(other, [{"number": made.number, "check": 1, "code": ""}]) == 0
    assert report(plane, [{"number": made.number, "check": 1, "code": "<b>"}]) == 0
    assert report(plane, [{"number": made.number, "check": 1, "code": "source_timeout"}]) == 1
    made.refresh_from_db()
    assert health(made)[0] == "bad"
    try_connection(supplier, made.number)
    assert report(plane, [{"number": made.number, "check": 1, "code": ""}]) == 0
    assert report(plane, [{"number": made.number, "check": 2, "code": ""}]) == 1
    made.refresh_from_db()
    assert health(made)[0] == "ok"


def test_the_wire_takes_signed_reports_only(supplier, operator, platform, client):
    plane, key = platform
    made = registered(supplier, operator)
    body = json.dumps({"results": [{"number": made.number, "check": 1, "code": ""}, "x", {}]}).encode()
    target = "/plane/v1/connections"
    bare = client.post(target, body, content_type="application/json")
    assert bare.status_code == 401
    headers = signed_headers(plane, key, "POST", target, body)
    answer = client.post(target, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"taken": 1})


def test_a_query_may_be_registered_over_an_approved_source_of_ones_own(supplier, operator, platform):
    plane, _ = platform
    made = registered(supplier)
    dataset = create_dataset(supplier, name="医院", hosting="connected")
    with pytest.raises(Refusal, match="bad_connector"):
        declare_connected_version(supplier, dataset.number, made.number, QUERY, PARAMS, COLUMNS, "mysql")
    approve_connection(operator, made.number)
    version = declare_connected_version(supplier, dataset.number, made.number, QUERY, PARAMS, COLUMNS, "mysql")
    assert version.connected.plane == plane
    assert sources.query_source(version)["connector"] == made.number
    stranger = make_supplier()[1]
    theirs = create_dataset(stranger, name="医院", hosting="connected")
    with pytest.raises(Refusal, match="bad_connector"):
        declare_connected_version(stranger, theirs.number, made.number, QUERY, PARAMS, COLUMNS, "mysql")


def test_without_an_enrolled_plane_nothing_can_be_sealed():
    supplier = make_supplier()[1]
    with pytest.raises(Refusal, match="no_plane"):
        register_connection(supplier, "source", "x", URL, ACCOUNT)
    assert Connection.objects.count() == 0
