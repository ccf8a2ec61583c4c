"""Given a data set's versions, when its folder is read as a Delta table, then Delta's version n is our version n."""

import io
import json

import deltalake
import pytest

from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.testing import make_supplier
from shugang.delivery.vault import delta
from shugang.delivery.vault.receiving import vault_root
from shugang.delivery.vault.services import upload_version

pytestmark = pytest.mark.django_db
FIRST = "code,day\n0592,2026-01-01\n0591,2026-01-02\n"


@pytest.fixture
def dataset(django_capture_on_commit_callbacks):
    actor = make_supplier()[1]
    made = create_dataset(actor, name="表")

    def add(content, **facts):
        with django_capture_on_commit_callbacks(execute=True):
            return upload_version(actor, made.number, io.BytesIO(content.encode()), "a.csv", **facts)

    add(FIRST)
    add("code,day\n0595,2026-01-03\n", append=True)
    add("code,at,中文 名\n0592,2026-01-01 08:00:00,1.50\n")
    return made


def table(dataset, version=None):
    return deltalake.DeltaTable(str(vault_root() / dataset.number), version=version)


def test_each_version_is_read_as_it_was(dataset):
    assert table(dataset).version() == 3
    assert table(dataset, 0).to_pyarrow_table().num_rows == 0
    assert table(dataset, 1).to_pyarrow_table().to_pydict()["code"] == ["0592", "0591"]
    assert table(dataset, 2).to_pyarrow_table().to_pydict()["code"] == ["0592", "0591", "0595"]
    last = table(dataset, 3).to_pyarrow_table()
    assert last.column_names == ["code", "at", "中文 名"] and str(last["中文 名"][0]) == "1.50"
    reader = table(dataset)
    reader.load_as_version(1)
    assert reader.to_pyarrow_table().num_rows == 2
    assert [len(table(dataset, n).file_uris()) for n in range(4)] == [0, 1, 1, 1]


def test_the_log_is_complete_and_written_once(dataset):
    folder = vault_root() / dataset.number / "_delta_log"
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert sorted(before) == [f"{n:020d}.json" for n in range(4)]
    assert delta.write_log(dataset) == 0
    (folder / f"{2:020d}.json").unlink()  # as a crash before it was written would leave it
    delta.write_missing()
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_local_times_raise_the_protocol_when_they_first_occur(dataset):
    folder = vault_root() / dataset.number / "_delta_log"
    found = [
        [next(iter(json.loads(line))) for line in (folder / f"{n:020d}.json").read_text().splitlines()]
        for n in range(4)
    ]
    assert found == [
        ["commitInfo", "protocol", "metaData"], ["commitInfo", "add"], ["commitInfo", "remove", "add"],
        ["commitInfo", "protocol", "metaData", "remove", "add"],
    ]  # fmt: skip


def test_a_tool_that_honours_the_table_removes_nothing(dataset):
    assert table(dataset).vacuum(dry_run=True) == []


def test_duckdb_and_every_type_agree(dataset):
    for name in delta.TYPES:
        assert delta._type(name)
    with pytest.raises(delta.NoDelta):
        delta._type("UINTEGER")
