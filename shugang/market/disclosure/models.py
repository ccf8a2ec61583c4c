"""The platform's rules (平台规则) as versioned documents, and what people said about them before they took effect."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel


class PlatformRule(ScopedModel):
    """One version of one document, never edited. `comments_until` is the last day for comments, `effective_on` the first day
    on which it holds; one that was withdrawn before that never held."""

    code = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160)
    text = models.TextField()
    text_en = models.TextField(blank=True)
    reason = models.CharField(max_length=800)
    sha256 = models.CharField(max_length=64)
    published_on = models.DateField()
    comments_until = models.DateField()
    effective_on = models.DateField(db_index=True)
    published_at = models.DateTimeField()
    person_id = models.BigIntegerField()
    withdrawn_on = models.DateField(null=True)
    withdrawn_because = models.CharField(max_length=800, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="rule_version_once"),
            models.CheckConstraint(
                condition=Q(comments_until__gte=F("published_on"), effective_on__gt=F("comments_until")),
                name="rule_is_heard_before_it_holds",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_on__isnull=True) | Q(withdrawn_on__lt=F("effective_on")),
                name="rule_in_force_is_not_withdrawn",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Rules are public."""
        return Q()

    @property
    def number(self) -> str:
        return f"{self.code}-{self.version}"


class RuleComment(ScopedModel):
    """What somebody said for his party while a rule was out for comment; `reply` is the operator's answer. Seen by all."""

    rule = models.ForeignKey(PlatformRule, on_delete=models.PROTECT, related_name="comments")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    text = models.CharField(max_length=1000)
    said_at = models.DateTimeField()
    reply = models.CharField(max_length=1000, blank=True)
    replied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "party"], name="one_comment_a_party")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q()
