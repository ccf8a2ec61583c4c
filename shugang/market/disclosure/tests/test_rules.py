"""Rules are heard before they hold; figures for everybody name nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.market import testing
from shugang.market.disclosure import rules, statistics
from shugang.market.disclosure.models import PlatformRule, RuleComment
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def reviewer(db):
    testing.load_profiles()
    return make_actor(make_party("operator"), ("reviewer",))


def form(**changes):
    return {"code": "listing", "title": "上架规则", "title_en": "Rules of listing", "text": "第一条 示例。", "reason": "完善核查。",
            "effective_on": rules.earliest().isoformat(), **changes}  # fmt: skip


def code(act, *args, **more):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no, transaction.atomic():
        act(*args, **more)
    assert Event.objects.count() == before
    return no.value.code


def test_a_rule_that_would_hold_too_early_is_refused_with_the_law(reviewer):
    early = (clock.today() + timedelta(days=7)).isoformat()
    with pytest.raises(Refusal) as no:
        rules.publish_rule(reviewer, form(effective_on=early))
    assert "第三十四条" in no.value.fields["effective_on"].zh and not PlatformRule.objects.exists()
    assert rules.earliest() == clock.today() + timedelta(days=8)
    # nor does the database take one that holds before its comments are over
    row = rules.publish_rule(reviewer, form())
    with pytest.raises(IntegrityError), transaction.atomic():
        PlatformRule.objects.filter(pk=row.pk).update(effective_on=row.comments_until)


def test_from_notice_over_comments_to_force_and_the_next_version(reviewer, settings):
    for actor in (make_actor(reviewer.party, ("handler",)), make_signer(make_party("supplier"))):
        assert code(rules.publish_rule, actor, form()) == "forbidden"
    row = rules.publish_rule(reviewer, form())
    assert (row.number, rules.state_of(row)[0].en, rules.in_force("listing")) == ("listing-1", "Open to comment", None)
    assert code(rules.publish_rule, reviewer, form()) == "already_pending"
    party = make_signer(make_party("supplier"))
    assert code(rules.comment, make_actor(None), row.number, "不同意") == "sign_in_required"
    rules.comment(party, row.number, "第一条过严。")
    rules.comment(party, row.number, "第一条请放宽。")
    rules.reply(reviewer, row.number, party.party.number, "采纳。")
    assert [(c.text, c.reply) for c in RuleComment.objects.all()] == [("第一条请放宽。", "采纳。")]
    with clock_at(settings, clock.now() + timedelta(days=9)):
        assert rules.in_force("listing").pk == row.pk
        assert code(rules.comment, party, row.number, "晚了") == "comments_closed"
        assert code(rules.withdraw_rule, reviewer, row.number, "不行") == "wrong_state"
        second = rules.publish_rule(reviewer, form(text="第一条 放宽。"))
        assert rules.in_force("listing").pk == row.pk
        rules.withdraw_rule(reviewer, second.number, "重新起草。")
        third = rules.publish_rule(reviewer, form(text="第一条 再放宽。"))
        assert (third.number, rules.in_force("listing", third.effective_on).pk) == ("listing-3", third.pk)
    assert list(rules.public_rules().values_list("version", flat=True)) == [3, 2, 1]


def test_figures_are_public_and_hide_the_few(settings):
    world = testing.make_deal()
    testing.signed(world)
    with clock_at(settings, clock.now() + timedelta(days=40)):
        said = statistics.public_figures()
        # one deal of one supplier and one buyer makes no line at all
        assert all(lines == [] for lines in said["tables"].values())
        assert (said["amounts"], said["vouchers"], said["prices"], said["listings"]) == ([], [], [], 1)
        visitor = Client()
        for address in ("/disclosure", "/disclosure?format=csv", "/disclosure.json", "/api/v1/disclosure", "/rules"):
            answer = visitor.get(address)
            assert answer.status_code == 200 and world.supplier.party.name not in answer.content.decode()
