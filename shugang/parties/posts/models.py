"""The three administrators (三员): posts that exclude each other, trading and reading data."""

from __future__ import annotations

from django.db import models

from shugang.policy.text import Text


class Post(models.Model):
    """GB/T 22239-2019 8.1.5: system, security and audit administration apart. One post a person, by constraint."""

    SYSTEM, SECURITY, AUDIT = "SYSTEM", "SECURITY", "AUDIT"

    person = models.OneToOneField("parties.Person", on_delete=models.PROTECT, related_name="post")
    post = models.CharField(max_length=10, choices=[(p, p) for p in (SYSTEM, SECURITY, AUDIT)])
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(post__in=["SYSTEM", "SECURITY", "AUDIT"]), name="one_of_three_posts"
            )
        ]


POST_LABELS: dict[str, Text] = {
    Post.SYSTEM: Text("系统管理员", "System administrator"),
    Post.SECURITY: Text("安全管理员", "Security administrator"),
    Post.AUDIT: Text("审计管理员", "Audit administrator"),
}
