"""Verbs: what is written, published, ordered, stopped and signed; who may; what is left when somebody may not."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from shugang.assets.quality import services, working
from shugang.assets.quality.models import Assessment, RuleResult, RuleSet
from shugang.assets.quality.rules import digest
from shugang.delivery.grants.services import suspend_grant
from shugang.delivery.testing import make_grant, make_terms
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event, EventRef
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.vocabulary import Mask, OutputRule, RowFilter

from .conftest import DOCUMENT, append, make_data

pytestmark = pytest.mark.django_db


def code(act, *args, **more):
    before = Event.objects.count(), RuleSet.objects.count(), Assessment.objects.count()
    with pytest.raises(Refusal) as caught:
        act(*args, **more)
    assert (Event.objects.count(), RuleSet.objects.count(), Assessment.objects.count()) == before
    return caught.value.code


def published(data, document=DOCUMENT, actor=None):
    actor = actor or data.actor
    row = services.draft_rules(actor, data.dataset.number, "台账规则", document)
    return services.publish_rules(actor, row.number)


def assessed(data, document=DOCUMENT):
    return working.run_now(services.order_assessment(data.actor, published(data, document).number))


def line(row, name):
    return next(r for r in row.report["rules"] if r["id"] == name)


def test_the_holder_has_his_data_assessed_and_a_colleague_signs(data):
    row = assessed(data)
    assert row.state == "done", row.refusal
    assert (line(row, "fill")["a"], line(row, "fill")["b"]) == (160, 160)
    assert (line(row, "one")["a"], line(row, "one")["b"], line(row, "one")["passed"]) == (40, 40, True)
    span = line(row, "span")
    assert (span["a"], span["b"], span["failing"][:2]) == (35, 40, [["6"], ["13"]])
    assert (line(row, "told")["a"], line(row, "told")["b"], line(row, "told")["value"]) == (0, 4, 0)
    assert line(row, "asked")["value"] is None
    assert row.report["dataset"]["sha256"] == data.version.sha256
    assert row.digest == digest(row.report)
    assert RuleResult.objects.filter(assessment=row).count() == 5
    assert code(services.confirm_assessment, data.actor, row.number) in {"same_person", "forbidden"}
    signed = services.confirm_assessment(data.signer, row.number)
    assert signed.state == "confirmed"
    assert Event.objects.filter(kind="assessment.confirmed", refs__key=data.dataset.number).exists()
    assert code(services.confirm_assessment, data.signer, row.number) == "not_done"


def test_a_published_set_never_changes(data):
    row = published(data)
    row.document = {"rules": [{"kind": "described"}]}
    with pytest.raises(ValueError, match="never changes"):
        row.save()
    changed = services.change_rules(data.actor, row.number, "新规则", {"rules": [{"kind": "described"}]})
    assert (changed.version, changed.state) == (2, "draft")
    assert RuleSet.objects.get(number=row.number, version=1).document == DOCUMENT
    again = services.change_rules(data.actor, row.number, "再改", {"rules": [{"kind": "answered"}]})
    assert again.pk == changed.pk
    assert code(services.retire_rules, data.actor, row.number) == "not_published"


def test_a_retired_set_assesses_nothing(data):
    row = published(data)
    services.retire_rules(data.actor, row.number)
    assert code(services.order_assessment, data.actor, row.number) == "not_published"
    assert code(services.publish_rules, data.actor, row.number) == "no_draft"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "JSON"),
        ("[" * 3000, "JSON"),
        ({"rules": [{"kind": "filled", "columns": ["price"]}]}, "price"),
        ("x" * 200_001, "拆"),
    ],
)
def test_bad_rules_are_refused_by_name(data, document, said):
    with pytest.raises(Refusal) as caught:
        services.draft_rules(data.actor, data.dataset.number, "规则", document)
    assert caught.value.code == "bad_rules"
    assert said in caught.value.message.zh or "嵌套" in caught.value.message.zh


def test_nobody_reads_without_a_standing_grant(data):
    stranger = make_actor(make_party("reviewer"), ("handler",))
    assert code(services.draft_rules, stranger, data.dataset.number, "规则", DOCUMENT) == "no_standing_grant"
    assert code(services.draft_rules, stranger, "DS-2026-999999", "规则", DOCUMENT) == "no_standing_grant"
    assert code(services.suggest, stranger, data.dataset.number) == "no_standing_grant"
    supervisor = make_actor(make_party("regulator"), ("supervisor", "handler"))
    assert code(services.draft_rules, supervisor, data.dataset.number, "规则", DOCUMENT) == "no_standing_grant"
    signer = make_actor(data.party, ("signer",))
    assert code(services.draft_rules, signer, data.dataset.number, "规则", DOCUMENT) == "forbidden"
    assert code(services.publish_rules, stranger, published(data).number) == "not_found"


def granted(data, **changes):
    party = make_party("reviewer")
    terms = make_terms(("id", "amount"), purpose="evaluation", **changes)
    return party, make_actor(party, ("handler",)), make_grant(data.version, party, "table", terms=terms)


BY_GRANT = {"keys": ["id"], "rules": [{"id": "span", "kind": "range", "column": "amount", "min": 0, "max": 5},
                                      {"id": "size", "kind": "rows", "expected": 40}]}  # fmt: skip


def test_an_assessor_reads_by_grant_and_the_trace_shows_it(data):
    _, actor, grant = granted(data, rows=(RowFilter("amount", "ge", 3),))
    hidden = {"rules": [{"kind": "filled", "columns": ["name"]}]}
    assert code(services.draft_rules, actor, data.dataset.number, "规则", hidden) == "bad_rules"
    row = working.run_now(services.order_assessment(actor, published(data, BY_GRANT, actor).number))
    assert row.state == "done", row.refusal
    assert row.report["read_by"] == grant.number
    assert (line(row, "span")["a"], line(row, "span")["b"]) == (18, 23)
    assert (line(row, "size")["a"], row.report["rows"]) == (23, 23)
    ordered = Event.objects.get(kind="assessment.ordered")
    assert EventRef.objects.filter(event=ordered, kind="grant", key=grant.number).exists()
    assert not Assessment.objects.visible_to(data.actor).exists()  # the holder sees it once it is signed
    working_signer = make_signer(actor.party)
    services.confirm_assessment(working_signer, row.number)
    assert Assessment.objects.visible_to(data.actor).get() == row


def test_a_grant_suspended_before_the_run_stops_it(data):
    _, actor, grant = granted(data)
    row = services.order_assessment(actor, published(data, BY_GRANT, actor).number)
    suspend_grant(SYSTEM, grant.number, "核查", "decision", "")
    row = working.run_now(row)
    assert (row.state, row.refusal["code"], row.report) == ("failed", "no_standing_grant", None)
    assert Event.objects.filter(kind="assessment.failed").exists()
    assert code(services.order_assessment, actor, row.rules.number) == "no_standing_grant"


def test_masked_columns_are_assessed_as_they_are_granted(data):
    _, actor, _ = granted(data, masks=(Mask("id", "keep_ends", {"prefix": 0, "suffix": 1}),))
    document = {"rules": [{"id": "f", "kind": "format", "column": "id", "pattern": "\\*?[0-9]"}]}
    row = working.run_now(services.order_assessment(actor, published(data, document, actor).number))
    assert row.state == "done", row.refusal
    assert line(row, "f")["a"] > 30


def test_a_grant_of_aggregates_names_no_rows(data):
    party = make_party("reviewer")
    terms = make_terms(("id", "amount"), actions=("read", "query"), output=OutputRule(5))
    make_grant(data.version, party, "sql", terms=terms)
    actor = make_actor(party, ("handler",))
    assert code(services.draft_rules, actor, data.dataset.number, "规则", BY_GRANT) == "no_standing_grant"


def test_appended_rows_are_counted_alone_and_merged(data):
    first = assessed(data)
    version = append(data, "id,name,amount,day\n41,n1,9,2026-02-01\n7,n2,1,2026-02-01\n")
    second = working.run_now(services.order_assessment(data.actor, first.rules.number))
    assert second.state == "done", second.refusal
    assert second.after == first
    assert second.report["continues"] == first.number
    assert second.report["rows"] == 42 == version.rows
    assert (line(second, "one")["a"], line(second, "one")["b"]) == (40, 42)
    assert line(second, "one")["failing"] == [["7"]]
    assert line(second, "span")["failing"][-1] == ["41"]
    whole = published(data)  # another set of the same rules starts anew
    fresh = working.run_now(services.order_assessment(data.actor, whole.number))
    assert fresh.after is None
    assert [(r["a"], r["b"]) for r in fresh.report["rules"]] == [(r["a"], r["b"]) for r in second.report["rules"]]
    third = append(data, "id,name,amount,day\n43,n1,9,2026-02-01\n41,n2,1,2026-02-01\n")
    last = working.run_now(services.order_assessment(data.actor, first.rules.number))
    assert (last.after, third.rows) == (second, 44)
    assert (line(last, "one")["a"], line(last, "one")["b"]) == (40, 44)


def test_lost_digests_mean_a_whole_reading(data):
    import shutil

    first = assessed(data)
    append(data, "id,name,amount,day\n7,n2,1,2026-02-01\n")
    shutil.rmtree(working.kept_folder(first))
    second = working.run_now(services.order_assessment(data.actor, first.rules.number))
    assert (second.state, second.after) == ("done", None)
    assert (line(second, "one")["a"], line(second, "one")["b"]) == (39, 41)


def test_a_foreign_key_is_pinned_to_a_version_of_ones_own(data):
    other = make_data("code,label\n0,zero\n1,one\n2,two\n", "代码")
    document = {"rules": [{"id": "f", "kind": "foreign_key", "columns": ["amount"],
                           "reference": {"dataset": other.dataset.number, "columns": ["code"]}}]}  # fmt: skip
    row = services.draft_rules(data.actor, data.dataset.number, "外键", document)
    services.publish_rules(data.actor, row.number)
    assert code(services.order_assessment, data.actor, row.number) == "no_standing_grant"
    other.dataset.party = data.party
    other.dataset.save()
    made = working.run_now(services.order_assessment(data.actor, row.number))
    assert made.state == "done", made.refusal
    assert made.references == {other.dataset.number: 1}
    assert (line(made, "f")["a"], line(made, "f")["b"]) == (17, 40)


def test_one_that_waits_can_be_stopped_and_is_not_run(data):
    row = services.order_assessment(data.actor, published(data).number)
    assert code(services.order_assessment, data.actor, row.rules.number) == "already_running"
    services.stop_assessment(data.actor, row.number)
    assert working.run_now(row).state == "stopped"
    assert code(services.stop_assessment, data.actor, row.number) == "not_running"


def test_one_that_runs_is_killed_when_it_is_stopped(data):
    row = services.order_assessment(data.actor, published(data).number)
    counter = working.Counter()
    counter.advance()
    (child,) = counter.children.values()
    services.stop_assessment(data.actor, row.number)
    counter.advance()
    assert child.poll() is not None
    row.refresh_from_db()
    assert (row.state, row.report, counter.children) == ("stopped", None, {})


def test_a_worker_that_died_is_followed_by_another(data):
    from datetime import timedelta

    from shugang.kernel import clock

    row = services.order_assessment(data.actor, published(data).number)
    Assessment.objects.filter(pk=row.pk).update(
        state="running", worker="gone", seen_at=clock.real_now() - timedelta(minutes=5)
    )
    counter = working.Counter()
    counter.advance()
    row.refresh_from_db()
    assert (row.state, row.worker) == ("running", counter.name)
    for child in counter.children.values():
        child.wait()
    counter.advance()
    row.refresh_from_db()
    assert row.state == "done"


def test_suggestions_fit_the_data(data):
    found = services.suggest(data.actor, data.dataset.number)
    kinds = {(r["kind"], str(r.get("column", ""))) for r in found["rules"]}
    assert {("filled", ""), ("range", "amount"), ("date", "day"), ("schema", "")} <= kinds
    row = working.run_now(services.order_assessment(data.actor, published(data, found).number))
    assert row.state == "done", row.refusal
    assert all(r["passed"] is not False or r["kind"] == "described" for r in row.report["rules"]), row.report["rules"]


@pytest.mark.both
def test_the_database_holds_what_the_verbs_promise(data):
    row = assessed(data)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(state="confirmed")
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.filter(pk=row.pk).update(score=10_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleResult.objects.filter(assessment=row, rule="fill").update(a=161)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleResult.objects.filter(assessment=row, rule="asked").update(value=10_000)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleSet.objects.filter(pk=row.rules_id).update(digest="")
