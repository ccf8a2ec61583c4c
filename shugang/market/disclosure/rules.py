"""Verbs and reads of the platform's rules: publish a version with notice, comment, answer, withdraw.

电子商务法 §34: a change is opened to comment in a prominent place and published at least seven days before it takes effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.verbs import verb
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from ..guidance import deals
from .models import PlatformRule, RuleComment

RULE = Text("这项规则", "rule")
DOCUMENT = Form(
    1,
    (
        Field("code", "text", Text("规则代号", "Code"), Text("小写字母、数字和连字符，如listing；同一代号是同一份规则的新版本。",
              "Lower-case letters, digits and hyphens, such as listing; the same code is a new version of the same document."), max_length=40),
        Field("title", "text", Text("标题", "Title"), max_length=120),
        Field("title_en", "text", Text("英文标题", "Title in English"), max_length=160),
        Field("text", "textarea", Text("全文", "Full text"), max_length=20_000),
        Field("text_en", "textarea", Text("英文", "In English"), required=False, max_length=40_000),
        Field("reason", "textarea", Text("修改的理由", "Why"), max_length=800),
        Field("effective_on", "date", Text("生效日", "Takes effect on"), Text("最早为公示7日之后，征求意见期满之后。", "At the earliest after seven days of notice.")),
    ),
)  # fmt: skip


def days(name: str) -> int:
    """`notice_days` or `comment_days` of the rule profile; never below the law's seven."""
    return max(7, int(deals.rules().data[name]))


def earliest() -> date:
    """The first day on which a rule published today may take effect."""
    return clock.today() + timedelta(days=max(days("notice_days"), days("comment_days") + 1))


def may_publish(actor: Actor) -> bool:
    return "operator" in actor.roles and "reviewer" in actor.duties


def _require(actor: Actor) -> None:
    if not may_publish(actor):
        raise forbidden(
            "平台规则由运营机构的复核岗位发布。", "The platform's rules are published by the operator's reviewer."
        )
    if not actor.second_factor:
        raise forbidden(
            "这一步需要第二因素认证，请重新登录。", "This step needs a second factor.", "second_factor_required"
        )


@verb
def publish_rule(actor: Actor, form: Mapping[str, Any]) -> PlatformRule:
    """Put a version out for comment and notice. Raises Refusal `forbidden`, `invalid_form` (also: an earlier effect),
    `already_pending` (a version of it waits to take effect), `unchanged`."""
    _require(actor)
    said = clean(DOCUMENT, form)
    wrong: dict[str, Text] = {}
    code, effective = said["code"], date.fromisoformat(said["effective_on"])
    if not (code.isascii() and code.replace("-", "").isalnum() and code == code.lower()):
        wrong["code"] = Text("只用小写字母、数字和连字符。", "Lower-case letters, digits and hyphens only.")
    if effective < earliest():
        wrong["effective_on"] = Text(
            f"规则须公示满{days('notice_days')}日并征求意见（电子商务法第三十四条），最早{earliest()}生效。",
            f"A rule is published {days('notice_days')} days ahead and opened to comment (E-Commerce Law §34); {earliest()} at the earliest.",
        )  # fmt: skip
    if wrong:
        raise Refusal("invalid_form", Text("请更正标出的各项。", "Please correct the marked fields."), 422, wrong)
    last = PlatformRule.objects.select_for_update().filter(code=code).order_by("-version").first()
    if last and last.withdrawn_on is None and last.effective_on > clock.today():
        raise Refusal(
            "already_pending",
            Text(
                "这份规则已有一版在公示，请先等它生效或撤回。",
                "A version of it is out already; wait for it or withdraw it.",
            ),
            409,
        )
    content = {name: said.get(name, "") for name in ("code", "title", "title_en", "text", "text_en", "effective_on")}
    row = PlatformRule.objects.create(
        **{**content, "effective_on": effective}, version=(last.version if last else 0) + 1, reason=said["reason"],
        sha256=hashlib.sha256(canonical(content)).hexdigest(), published_on=clock.today(),
        comments_until=clock.today() + timedelta(days=days("comment_days")), published_at=clock.now(),
        person_id=actor.person_id or 0,
    )  # fmt: skip
    emit(
        "rule.published",
        actor,
        [("rule", row.number)],
        {"sha256": row.sha256, "effective_on": said["effective_on"], "reason": row.reason},
    )
    return row


@verb
def comment(actor: Actor, number: str, text: str) -> RuleComment:
    """What a party says of a rule that is out for comment; said again, it replaces what the party said before.

    Raises Refusal `sign_in_required`, `not_found`, `comments_closed`, `invalid_form`.
    """
    if actor.person_id is None or actor.party_id is None:
        raise forbidden("请先登录，再提意见。", "Please sign in to comment.", "sign_in_required")
    rule = public_rule(number)
    if rule.withdrawn_on or clock.today() > rule.comments_until:
        raise Refusal(
            "comments_closed",
            Text(f"征求意见已于{rule.comments_until}结束。", f"Comments closed on {rule.comments_until}."),
            409,
        )
    said = text.strip()
    if not 2 <= len(said) <= 1000:
        message = Text("请写2至1000字。", "Please write 2 to 1000 characters.")
        raise Refusal("invalid_form", message, 422, {"text": message})
    row, _ = RuleComment.objects.update_or_create(
        rule=rule, party_id=actor.party_id,
        defaults={"text": said, "person_id": actor.person_id, "said_at": clock.now(), "reply": "", "replied_at": None},
    )  # fmt: skip
    emit("rule.commented", actor, [("rule", rule.number)], {"text": said})
    return row


@verb
def reply(actor: Actor, number: str, party: str, text: str) -> RuleComment:
    """The operator's answer, seen by all. Raises Refusal `forbidden`, `not_found`, `invalid_form`."""
    _require(actor)
    row = RuleComment.objects.select_related("rule").filter(rule=public_rule(number), party__number=party).first()
    if row is None:
        raise not_found(Text("这条意见", "comment"))
    said = text.strip()
    if not 2 <= len(said) <= 1000:
        message = Text("请写2至1000字。", "Please write 2 to 1000 characters.")
        raise Refusal("invalid_form", message, 422, {"text": message})
    row.reply, row.replied_at = said, clock.now()
    row.save(update_fields=["reply", "replied_at"])
    emit("rule.answered", actor, [("rule", row.rule.number)], {"party": party, "reply": said})
    return row


@verb
def withdraw_rule(actor: Actor, number: str, reason: str) -> PlatformRule:
    """Take back a version that does not hold yet. Raises Refusal `forbidden`, `not_found`, `wrong_state`, `invalid_form`."""
    _require(actor)
    rule = PlatformRule.objects.select_for_update().get(pk=public_rule(number).pk)
    if rule.withdrawn_on or rule.effective_on <= clock.today():
        raise Refusal(
            "wrong_state",
            Text(
                "已生效或已撤回的规则不能撤回；请公示新版本。",
                "It holds already, or was withdrawn. Publish a new version.",
            ),
            409,
        )
    if not 2 <= len(reason.strip()) <= 800:
        message = Text("请写明理由。", "Please give the reason.")
        raise Refusal("invalid_form", message, 422, {"reason": message})
    rule.withdrawn_on, rule.withdrawn_because = clock.today(), reason.strip()
    rule.save(update_fields=["withdrawn_on", "withdrawn_because"])
    emit("rule.withdrawn", actor, [("rule", rule.number)], {"reason": rule.withdrawn_because})
    return rule


def public_rules() -> QuerySet[PlatformRule]:
    """Every version of every rule, the newest of each first."""
    return PlatformRule.objects.order_by("code", "-version")


def public_rule(number: str) -> PlatformRule:
    """Raises Refusal `not_found`."""
    code, _, version = number.rpartition("-")
    found = (
        PlatformRule.objects.filter(code=code, version=int(version)).first()
        if version.isdecimal() and len(version) < 6
        else None
    )
    if found is None:
        raise not_found(RULE)
    return found


def in_force(code: str, on: date | None = None) -> PlatformRule | None:
    """The version that holds on a day (today by default)."""
    rows = PlatformRule.objects.filter(code=code, withdrawn_on=None, effective_on__lte=on or clock.today())
    return rows.order_by("-version").first()


def state_of(rule: PlatformRule) -> tuple[Text, str]:
    if rule.withdrawn_on:
        return Text("已撤回", "Withdrawn"), "off"
    if rule.effective_on > clock.today():
        if clock.today() <= rule.comments_until:
            return Text("征求意见", "Open to comment"), "run"
        return Text("公示中，尚未生效", "Published, not yet in force"), "run"
    now = in_force(rule.code)
    return (Text("现行", "In force"), "ok") if now and now.pk == rule.pk else (Text("已被取代", "Superseded"), "off")
