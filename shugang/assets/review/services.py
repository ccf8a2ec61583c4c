"""Verbs of the security review: apply, check anonymity, end what rested on a risk assessment that is over."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.db import transaction

from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock, engine, materials
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case, Material
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.lowering import parquet
from shugang.policy.text import Text

from ..grading.services import own_version, require_handler
from . import checks
from .anonymity import Anonymity, k_anonymity
from .form import APPLICATION
from .models import AnonymityCheck, SecurityReview
from .process import SECURITY_REVIEW
from .reactions import reopen


@verb
def apply_review(
    actor: Actor, dataset: str, operator: Party | str, form: Mapping[str, Any], version: int | None = None
) -> Case:
    """Apply to the operator for the security review of a version (default: the newest).

    Raises Refusal `forbidden`, `not_found`, `not_graded`, `core_data`, `invalid_form`, `already_reviewed`.
    """
    require_handler(actor)
    row = own_version(actor, dataset, version)
    office = Party.objects.filter(number=operator).first() if isinstance(operator, str) else operator
    if office is None or "operator" not in office.roles:
        raise not_found(Text("这个运营机构", "operator"))
    given = clean(APPLICATION, form)
    checks.check(checks.grading_for(row), given, actor)
    live = (
        SecurityReview.objects.filter(version=row)
        .exclude(state=SecurityReview.State.CLOSED)
        .select_related("case")
        .first()
    )
    if live is not None:
        raise Refusal(
            "already_reviewed",
            Text(f"这一版已有安全审查{live.case.number}，请在那里办理。",
                 f"This version has the security review {live.case.number}; please go on there."),
            409,
        )  # fmt: skip
    return engine.open_case(
        SECURITY_REVIEW.code, actor, [("holder", row.dataset.party_id), ("operator", office.pk)],
        f"{row.dataset.name} v{row.version}", given,
        refs=[("dataset", row.dataset.number), ("version", str(row.version))],
    )  # fmt: skip


def least_k() -> int:
    return int(current_profile("security-review", clock.today()).data["least_k"])


def count_groups(version: DatasetVersion, columns: Sequence[str], k: int) -> Anonymity:
    """Count on the hosted file. Raises Refusal `not_hosted` for data that stay with their holder."""
    file = Path(settings.VAR_DIR) / "vault" / version.path
    if not version.path or not file.exists():
        raise Refusal(
            "not_hosted",
            Text("数据不在平台，无法检查匿名性。请托管一份，或选择其他处理依据。",
                 "The data are not kept here, so anonymity cannot be checked. Please host them or choose another basis."),
            409,
        )  # fmt: skip
    with duckdb.connect(config={"threads": 2}) as con:
        return k_anonymity(con, parquet(str(file)), columns, k)


def check_anonymity(actor: Actor, dataset: str, columns: Sequence[str], version: int | None = None) -> AnonymityCheck:
    """Count the groups over the columns by which a person could be found again, and keep the result as a material.

    Raises Refusal `forbidden`, `not_found`, `no_such_column`, `no_columns`, `not_hosted`. The count runs outside any
    transaction.
    """
    require_handler(actor)
    row = own_version(actor, dataset, version)
    known = list(row.columns.order_by("position").values_list("name", flat=True))
    asked = [name for name in known if name in set(columns)]
    strange = sorted(set(columns) - set(known))
    if strange:
        raise Refusal(
            "no_such_column", Text(f"数据中没有字段“{strange[0]}”。", f"The data have no column “{strange[0]}”."), 422
        )
    if not asked:
        raise Refusal(
            "no_columns",
            Text("请选择可用来找到个人的字段。", "Please choose the columns by which a person could be found."),
            422,
        )
    k = least_k()
    found = count_groups(row, asked, k)
    return _keep(actor, row, asked, k, found)


@verb
def _keep(actor: Actor, row: DatasetVersion, columns: list[str], k: int, found: Anonymity) -> AnonymityCheck:
    facts = {
        "dataset": row.dataset.number, "version": row.version, "sha256": row.sha256, "columns": columns, "rows": found.rows,
        "groups": found.groups, "smallest_group": found.smallest, "rows_below": found.below, "threshold": k,
    }  # fmt: skip
    text = json.dumps(facts, ensure_ascii=False, indent=1).encode()
    kept = materials.store(actor, f"匿名性检查-{row.dataset.number}-v{row.version}.json", io.BytesIO(text))
    made = AnonymityCheck.objects.create(
        version=row, columns=columns, rows=found.rows, groups=found.groups, smallest=found.smallest, below=found.below,
        threshold=k, material=Material.objects.visible_to(actor).get(pk=kept["material"]), made_at=clock.now(),
    )  # fmt: skip
    refs = [("dataset", row.dataset.number), ("party", row.dataset.party.number)]
    emit("security_review.anonymity_checked", actor, refs, {**facts, "material_sha256": kept["sha256"]})
    return made


def reopen_expired() -> int:
    """Re-open every review whose risk assessment has ended. Returns how many."""
    due = SecurityReview.objects.filter(state=SecurityReview.State.PASSED, valid_until__lte=clock.now())
    count = 0
    for pk in list(due.order_by("pk").values_list("pk", flat=True)[:100]):
        with transaction.atomic():
            case = engine.lock(SecurityReview.objects.values_list("case__number", flat=True).get(pk=pk))
            if case.state == "passed":
                reopen(SecurityReview.objects.select_related("case").get(pk=pk), "风险评估已到期")
                count += 1
    return count
