"""A copy that leaked names its recipient; a file that is nobody's copy names nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from shugang.delivery.datasets.models import DatasetVersion
from shugang.delivery.marks.secret import mark_secret
from shugang.delivery.marks.services import trace_leak
from shugang.delivery.plane import materialise
from shugang.delivery.planes.bundles import compile_grant
from shugang.delivery.testing import make_grant, make_plane, make_supplier, make_terms, make_version
from shugang.delivery.vault.receiving import vault_root
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.sealing import of_mark, open_sealed
from shugang.policy.terms import Mark, MarkedColumn

pytestmark = [pytest.mark.django_db]
ROWS = 3000
MARK = Mark(("no",), (MarkedColumn("fee", 2), MarkedColumn("age")), canaries=5)


@pytest.fixture
def grants():
    """Three recipients of one data set, marked; and the key of their plane."""
    _, key = make_plane()
    lines = [f"A{i * 3:06d},{i % 90},{(i * 37 % 9000) / 100:.2f}" for i in range(ROWS)]
    version = make_version(make_supplier()[1], "no,age,fee\n" + "\n".join(lines) + "\n")
    terms = make_terms(("no", "age", "fee"), mark=MARK)
    return key, [make_grant(version, terms=terms) for _ in range(3)]


def delivered(grant, key, folder: Path) -> Path:
    """The view as the plane makes it from what the bundle says."""
    compiled = compile_grant(grant, [])
    secret = open_sealed(key, compiled.sealed_mark, of_mark(grant.number))
    source = compiled.source.to_json()
    job = {
        "kind": "table",
        "path": str(vault_root() / source["path"]),
        "sha256": source["sha256"],
        "columns": source["columns"],
        "terms": compiled.terms.to_json(),
        "keys": {},
        "partition": [],
        "part_rows": 10**6,
        "mark": {"secret": secret.hex(), "recipient": grant.number},
        "out": str(folder / grant.number),
        "memory_mb": 512,
        "threads": 1,
    }
    manifest = materialise.make(job)
    (part,) = manifest["parts"]
    assert (part["rows"], part["canaries"]) == (ROWS + 5, 5)
    return folder / grant.number / part["name"]


def as_csv(parquet: Path, where: str = "TRUE") -> Path:
    target = parquet.with_suffix(".csv")
    duckdb.execute(f"COPY (SELECT * FROM read_parquet('{parquet}') WHERE {where}) TO '{target}'")
    return target


def test_the_copy_of_one_names_him_and_nobody_else(grants, tmp_path):
    key, (first, second, _) = grants
    for number, path in ((first, delivered(first, key, tmp_path)), (second, as_csv(delivered(second, key, tmp_path)))):
        # when the file turns up somewhere
        (tracing,) = trace_leak(SYSTEM, path, {})
        # then its recipient is named, by digits and by canaries, and the log says so
        assert [f.grant.pk for f in tracing.named] == [number.pk]
        top = tracing.findings[0]
        assert top.canaries == 5 and top.bound < 1e-6 and tracing.compared == 3
        assert all(f.canaries == 0 and not f.named for f in tracing.findings[1:])
        event = Event.objects.filter(kind="leak.traced").latest("id")
        assert event.payload["named"][0]["grant"] == number.number
        assert event.payload["file_sha256"] == tracing.sha256


def test_canaries_alone_name_him_when_the_digits_are_gone(grants, tmp_path):
    key, (first, *_) = grants
    path = delivered(first, key, tmp_path)
    duckdb.execute(f"COPY (SELECT no AS \"编号\", 0 AS age FROM read_parquet('{path}')) TO '{tmp_path / 'cut.csv'}'")
    (tracing,) = trace_leak(SYSTEM, tmp_path / "cut.csv", {"编号": "no"})
    assert [f.grant.pk for f in tracing.named] == [first.pk]
    assert tracing.findings[0].canaries == 5


def test_the_suppliers_own_file_names_nobody(grants, tmp_path):
    _, (first, *_) = grants
    (tracing,) = trace_leak(SYSTEM, vault_root() / first.source["path"], {})
    assert tracing.named == [] and all(f.canaries == 0 for f in tracing.findings)


def test_what_cannot_be_compared_is_refused_and_leaves_no_trace(grants, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.parquet").write_text("no parquet")
    before = Event.objects.count()
    for name, code in (
        ("other.csv", "no_key"),
        ("broken.parquet", "unreadable_file"),
        ("absent.csv", "unreadable_file"),
    ):
        with pytest.raises(Refusal, match=code):
            trace_leak(SYSTEM, tmp_path / name, {})
    assert Event.objects.count() == before


def test_a_pushed_copy_names_its_recipient(grants, tmp_path):
    """A push writes the same view; its grant is one of those that a leak is compared with."""
    key, shared = grants
    version = DatasetVersion.objects.get(dataset__number=shared[0].source["dataset"])
    terms = make_terms(("no", "age", "fee"), actions=("download",), mark=MARK)
    pushed = make_grant(version, mode="push", terms=terms)
    (tracing, *_) = trace_leak(SYSTEM, delivered(pushed, key, tmp_path), {})
    assert [finding.grant.number for finding in tracing.named] == [pushed.number] and tracing.compared == 4


def test_without_marked_grants_there_is_nothing_to_compare(tmp_path):
    (tmp_path / "any.csv").write_text("a\n1\n")
    with pytest.raises(Refusal, match="no_marks"):
        trace_leak(SYSTEM, tmp_path / "any.csv", {})


def test_the_secret_travels_sealed_and_only_with_marked_grants(grants):
    key, (first, *_) = grants
    plain = make_grant(terms=make_terms(valid_until=clock.now() + timedelta(days=3)))
    carried, other = compile_grant(first, []), compile_grant(plain, [])
    assert other.sealed_mark == ""
    secret = mark_secret(first.source["dataset"])
    assert secret.hex() not in json.dumps(carried.to_json())
    assert open_sealed(key, carried.sealed_mark, of_mark(first.number)) == secret
