"""Given a supplier with an enrolled plane, when he registers a query, then only one plain SELECT is taken."""

import pytest

from shugang.delivery.connectors.services import declare_connected_version
from shugang.delivery.datasets.models import DatasetVersion
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.grants import sources
from shugang.delivery.testing import make_plane, make_supplier
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event

pytestmark = pytest.mark.django_db
QUERY = "SELECT city, beds FROM hospitals WHERE city = :city"
PARAMS = [{"name": "city", "type": "VARCHAR", "required": True}]
COLUMNS = [
    {"name": "city", "type": "VARCHAR"},
    {"name": "beds", "type": "INTEGER", "comment": "床位", "personal": False},
]

BAD = [
    "", "SELECT 1; SELECT 2", "DELETE FROM hospitals", "WITH d AS (DELETE FROM hospitals RETURNING *) SELECT * FROM d",
    "SELECT * INTO copy FROM hospitals WHERE city = :city", "SELECT pg_read_file('/etc/passwd') WHERE :city = 'x'",
    "SELECT * FROM pg_catalog.pg_user WHERE usename = :city", "SELECT city, beds FROM hospitals",
    "SELECT city, beds FROM hospitals WHERE city = :town", "SELECT city FROM hospitals WHERE city = :city FOR UPDATE",
    "COPY hospitals TO '/tmp/x'", "SELECT city FROM hospitals WHERE city = :city UNION SELECT 'x'", "not sql at all :city",
    "ATTACH 'x' AS y", "SELECT set_config('x', :city, false)",
]  # fmt: skip


@pytest.fixture
def supplier():
    party, actor = make_supplier()
    plane, _ = make_plane(party)
    return actor, create_dataset(actor, name="医院", hosting="connected"), plane


@pytest.mark.both
def test_a_query_becomes_a_version_and_a_source(supplier):
    actor, dataset, plane = supplier
    version = declare_connected_version(actor, dataset.number, "hospital_db", QUERY, PARAMS, COLUMNS)
    assert (version.version, version.rows, version.path) == (1, None, "")
    assert version.connected.plane == plane
    source = sources.query_source(version)
    assert source["type"] == "query" and source["template"] == QUERY and source["params"] == PARAMS
    with pytest.raises(Refusal, match="not_hosted"):
        sources.api_source(version, "city")


@pytest.mark.parametrize("template", BAD)
def test_anything_but_one_plain_select_with_its_parameters_is_refused(supplier, template):
    actor, dataset, _ = supplier
    before = (DatasetVersion.objects.count(), Event.objects.count())
    with pytest.raises(Refusal) as caught:
        declare_connected_version(actor, dataset.number, "hospital_db", template, PARAMS, COLUMNS)
    assert caught.value.code == "bad_template"
    assert (DatasetVersion.objects.count(), Event.objects.count()) == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"connector_name": "DROP TABLE"}, "bad_connector"),
        ({"params": [{"name": "a b", "type": "VARCHAR"}]}, "bad_params"),
        ({"params": [*PARAMS, *PARAMS]}, "bad_params"),
        ({"params": [{"name": "city", "type": "BLOB"}]}, "bad_params"),
        ({"columns": [{"name": "city", "type": "STRUCT(a INT)"}]}, "bad_columns"),
        ({"columns": [{"name": "city", "type": "VARCHAR"}, {"name": "CITY", "type": "VARCHAR"}]}, "bad_columns"),
        ({"dialect": "oracle"}, "bad_template"),
        ({"plane": "PL-000999"}, "no_plane"),
    ],
)
def test_other_wrong_facts_are_refused(supplier, changes, code):
    actor, dataset, _ = supplier
    given = {"connector_name": "hospital_db", "template": QUERY, "params": PARAMS, "columns": COLUMNS, **changes}
    with pytest.raises(Refusal) as caught:
        declare_connected_version(actor, dataset.number, **given)
    assert caught.value.code == code and not DatasetVersion.objects.exists()


def test_a_plane_of_another_supplier_does_not_serve(supplier):
    _, actor = make_supplier()
    dataset = create_dataset(actor, name="医院", hosting="connected")
    with pytest.raises(Refusal, match="no_plane"):
        declare_connected_version(actor, dataset.number, "db", QUERY, PARAMS, COLUMNS, plane=supplier[2].number)
