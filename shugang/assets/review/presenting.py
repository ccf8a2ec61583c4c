"""What the pages of the security review show, gathered for their templates."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from shugang.delivery.models import Column, DatasetVersion
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.kernel.paging import Page
from shugang.policy.text import Text

from ..grading import pi
from ..grading import queries as grades
from ..grading.matrix import CORE, IMPORTANT
from ..grading.presenting import badge, form_state
from ..grading.words import states_of
from ..registration.words import rows as answered
from . import checks, queries, services
from .form import APPLICATION, BASES
from .models import SecurityReview
from .process import SECURITY_REVIEW
from .withdrawal import WITHDRAWAL, lawful_basis

STATES = states_of(SECURITY_REVIEW)


def list_context(actor: Actor, page: Page, state: str, search: str) -> dict[str, Any]:
    counts = queries.counts(actor)
    return {
        "page": page, "state": state, "search": search, "states": STATES, "total": sum(counts.values()), "badge": badge,
        "segments": [(code, STATES[code][0], counts[code]) for code in STATES if counts.get(code)],
        "holds": "supplier" in actor.roles,
        "waiting": queries.reviewable(actor) if "handler" in actor.duties else [],
    }  # fmt: skip


def office_field() -> Field:
    """The operators that may be asked, as a question of the form."""
    choices = tuple((p.number, Text(p.name, p.name_en or p.name)) for p in queries.public_operators())
    return Field("operator", "choice", Text("运营机构", "Operator"), choices=choices)


def apply_context(
    version: DatasetVersion, actor: Actor, values: Mapping[str, Any], refusal: Refusal | None, offices: list[Field]
) -> dict[str, Any]:
    """The form, what the rules ask of this version, and its checks of anonymity."""
    grading = grades.standing(version)
    level = grading.level if grading else None
    return {
        "version": version, "dataset": version.dataset, "grading": grading, "level": badge(level),
        "personal": checks.personal_columns(grading) if grading else [],
        "core": level == CORE, "important": level == IMPORTANT, "fields": [*offices, *APPLICATION.fields], "values": values,
        "checks": queries.anonymity_checks(version, actor),
        "columns": [c.name for c in Column.objects.visible_to(actor).filter(version=version).order_by("position")],
        "hosted": bool(version.path), "least_k": services.least_k(), **form_state(refusal),
    }  # fmt: skip


def review_context(review: SecurityReview, actor: Actor) -> dict[str, Any]:
    summary = review.summary
    lines = [
        [c["name"], badge(c["level"]), pi.CLASSES.get(c["pi_class"]), Text("是", "yes") if c["sensitive"] else None]
        for c in summary["columns"]
    ]
    return {
        "review": review, "case": review.case, "version": review.version, "dataset": review.version.dataset,
        "state": STATES[review.case.state], "view": cases.view(review.case, actor), "level": badge(summary["level"]),
        "why": queries.why_reopened(review) if review.state == SecurityReview.State.REOPENED else None,
        "lines": lines, "personal": summary["personal"], "badge": badge,
        "reasons": [(r["level"], Text(r["zh"], r["en"])) for r in summary["reasons"]],
        "answers": answered([f for f in APPLICATION.fields if f.kind != "file"], review.form),
        "files": [(f.label, review.form[f.name]) for f in APPLICATION.fields if f.kind == "file" and f.name in review.form],
        "checks": queries.shown_checks(review), "mine": actor.party_id == review.version.dataset.party_id,
        "withdrawable": actor.party_id == review.version.dataset.party_id and bool(lawful_basis(review)),
    }  # fmt: skip


def withdrawal_context(review: SecurityReview, values: dict[str, Any], refusal: Refusal | None) -> dict[str, Any]:
    """What the page of confirmation says before a basis is withdrawn."""
    basis = next((label for code, label in BASES if code == review.form.get("personal_basis")), Text("—", "—"))
    return {
        "title": Text("撤回个人信息处理依据", "Withdraw the basis of personal information"), "verb": Text("撤回", "Withdraw"),
        "rows": [(Text("数据集", "Data set"), f"{review.version.dataset.name} {review.version.dataset.number}"), (Text("现在的依据", "Present basis"), basis)],
        "effects": [
            ("player-pause", Text("这个数据集的产品立即暂停交易，授权立即暂停供数", "Its listings and grants stop at once")),
            ("refresh", Text("安全审查重新办理，须附新的依据", "Its security review is opened again and needs other evidence")),
            ("anchor", Text("撤回记入存证日志，不能取消", "The withdrawal is kept as evidence and cannot be undone")),
        ],
        "fields": WITHDRAWAL.fields, "values": values, "action_url": f"/desk/security-reviews/{review.case.number}/withdraw-basis",
        "back_url": f"/desk/security-reviews/{review.case.number}", "danger": True, "key": str(uuid.uuid4()), **form_state(refusal),
    }  # fmt: skip


def chosen_columns(post: QueryDict) -> list[str]:
    return post.getlist("columns")
