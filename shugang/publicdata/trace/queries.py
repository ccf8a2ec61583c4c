"""Reading the trace of a grant, a data set or a public resource, for those whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from shugang.delivery.models import Dataset, Grant, GrantBasis, GrantHold, UsageRecord
from shugang.kernel import sequencer, words
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import not_found
from shugang.kernel.models import Case, Event
from shugang.policy.text import Text

from ..catalogue.models import PublicResource
from ..granting import BASES, FUSION, FUSION_LABEL
from ..scenarios.models import ScenarioUse
from ..sharing.models import SharingRequest

KINDS: dict[str, Text] = {
    "grant": Text("授权", "Grant"),
    "dataset": Text("数据集", "Data set"),
    "resource": Text("公共数据目录", "Public resource"),
}
OTHER_BASES: dict[str, Text] = {
    FUSION: FUSION_LABEL,
    "contract": Text("合同", "Contract"),
    "certificate": Text("登记凭证", "Certificate"),
    "agreement": Text("直接签订的合同", "Agreement"),
    "case": Text("第三方服务委托", "Order of a service"),
}
MOST_STEPS, MOST_DAYS = 500, 1000


@dataclass(frozen=True)
class Basis:
    """One basis of the grants, with the steps that led to it where the reader may see them."""

    label: Text
    kind: str
    reference: str
    digest: str
    title: str
    address: str
    steps: list[dict[str, Any]]
    grants: list[str]


@dataclass(frozen=True)
class Traced:
    """`whole`: the reader answers for the data, so the steps of every case stand in it."""

    kind: str
    number: str
    title: str
    title_en: str
    grants: list[Grant]
    bases: list[Basis]
    uses: list[dict[str, Any]]
    holds: list[GrantHold]
    outcomes: list[dict[str, Any]]
    whole: bool

    @property
    def total(self) -> dict[str, int]:
        return {name: sum(int(u[name] or 0) for u in self.uses) for name in ("n", "rows", "bytes")}


def _answers_for_all(actor: Actor) -> bool:
    return sees_every_record(actor) or "data_office" in actor.roles


def grants(actor: Actor) -> QuerySet[Grant]:
    """The grants whose trace the reader may read, newest first."""
    public = Grant.objects.visible_to(actor)
    if "data_office" in actor.roles:
        public = Grant.objects.filter(bases__kind__in=list(BASES))
    elif not sees_every_record(actor):
        public = public.filter(bases__kind__in=list(BASES))
    return public.select_related("grantee", "supplier").distinct().order_by("-id")


def _readable(actor: Actor, **conditions: Any) -> list[Grant]:
    """Grants of one thing: those of public data for the data office, one's own for everybody else."""
    own = Grant.objects.visible_to(actor).filter(**conditions)
    if "data_office" in actor.roles:
        office = Grant.objects.filter(bases__kind__in=list(BASES), **conditions).values("pk")
        own = Grant.objects.filter(Q(pk__in=own.values("pk")) | Q(pk__in=office))
    return list(own.select_related("grantee", "supplier").distinct().order_by("id")[:500])


def _grant(actor: Actor, number: str) -> tuple[str, str, list[Grant]] | None:
    found = _readable(actor, number=number)
    if not found:
        return None
    resource = PublicResource.objects.filter(number=found[0].product).first()  # its name stands in the grant's product
    return (resource.name, resource.name_en, found) if resource else (found[0].product, found[0].product, found)


def _resource(actor: Actor, number: str) -> tuple[str, str, list[Grant]] | None:
    row = PublicResource.objects.visible_to(actor).filter(number=number).first()
    return (row.name, row.name_en or row.name, _readable(actor, product=number)) if row else None


def _dataset(actor: Actor, number: str) -> tuple[str, str, list[Grant]] | None:
    row = Dataset.objects.visible_to(actor).filter(number=number).first()
    if row is None and "data_office" in actor.roles:
        row = Dataset.objects.filter(number=number, public_resources__state="published").first()
    return (row.name, row.name_en or row.name, _readable(actor, source__dataset=number)) if row else None


_FINDERS: dict[str, Callable[[Actor, str], tuple[str, str, list[Grant]] | None]] = {
    "grant": _grant,
    "dataset": _dataset,
    "resource": _resource,
}


def trace(actor: Actor, kind: str, number: str) -> Traced:
    """Raises Refusal `not_found` for what does not exist or is not the reader's to see."""
    finder = _FINDERS.get(kind)
    found = finder(actor, number) if finder else None
    if found is None:
        raise not_found(KINDS.get(kind, Text("这条记录", "trace")))
    title, title_en, held = found
    whole = _answers_for_all(actor) or all(g.supplier_id == actor.party_id for g in held)
    return Traced(
        kind, number, title, title_en, held, _bases(actor, held, whole), _uses(held),
        list(GrantHold.objects.filter(grant__in=held).select_related("grant").order_by("placed_at")), _outcomes(held), whole,
    )  # fmt: skip


def _bases(actor: Actor, held: list[Grant], whole: bool) -> list[Basis]:
    rows = GrantBasis.objects.filter(grant__in=held).select_related("grant").order_by("id")
    together: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        together.setdefault((row.kind, row.reference, row.digest), []).append(row.grant.number)
    cases = {c.number: c for c in Case.objects.filter(number__in={reference for _, reference, _ in together})}
    visible = Case.objects.visible_to(actor).filter(pk__in=[c.pk for c in cases.values()])
    seen = set(visible.values_list("pk", flat=True))
    found = []
    for (kind, reference, digest), numbers in together.items():
        case = cases.get(reference)
        takes_part = case is not None and case.pk in seen
        steps = _steps(case, takes_part) if case is not None and (takes_part or (whole and kind in BASES)) else []
        label = BASES.get(kind) or OTHER_BASES.get(kind) or Text(kind, kind)
        found.append(
            Basis(
                label,
                kind,
                reference,
                digest,
                case.title if case else "",
                f"/cases/{reference}" if takes_part else "",
                steps,
                numbers,
            )
        )
    return found


def _steps(case: Case, takes_part: bool) -> list[dict[str, Any]]:
    """What happened in a case, oldest first; receipts only for who takes part in it."""
    rows = Event.objects.filter(case=case).order_by("at", "id")[:MOST_STEPS]
    return [
        {
            "at": e.at, "title": words.sentence(e.kind), "who": "" if e.actor_label == "system" else e.actor_label,
            "state": sequencer.proof_state(e), "log_index": e.log_index, "receipt": e.pk if takes_part else None,
        }
        for e in rows
    ]  # fmt: skip


def _uses(held: list[Grant]) -> list[dict[str, Any]]:
    """Uses folded per day, grant and outcome, refusals included, with where they stand in the log."""
    rows = UsageRecord.objects.filter(grant__in=held).annotate(day=TruncDate("at"))
    grouped = rows.values("day", "grant__number", "grant__grantee__name", "action", "outcome").annotate(
        n=Count("pk"), rows=Sum("rows"), bytes=Sum("bytes"), first=Min("log_index"), last=Max("log_index")
    )
    ordered = grouped.order_by("-day", "grant__number", "outcome")[:MOST_DAYS]
    return [{**row, "state": sequencer.state_at(row["last"])} for row in ordered]


def _outcomes(held: list[Grant]) -> list[dict[str, Any]]:
    """What came of the use, as its user reported it, and the applications on the market."""
    references = list(GrantBasis.objects.filter(grant__in=held).values_list("reference", flat=True))
    shared = (
        SharingRequest.objects.filter(case__number__in=references)
        .exclude(result="")
        .select_related("case", "applicant")
    )
    made = ScenarioUse.objects.filter(case__number__in=references).select_related("case", "applicant", "product")
    found: list[dict[str, Any]] = [
        {"number": r.number, "title": r.case.title, "party": r.applicant, "result": r.result, "product": ""}
        for r in shared
    ]
    for use in made:
        if use.result or use.product:
            found.append({"number": use.number, "title": use.case.title, "party": use.applicant, "result": use.result,
                          "product": use.product.number if use.product else ""})  # fmt: skip
    return found


def to_json(found: Traced) -> dict[str, Any]:
    """The trace for programs, and what the PDF's digest is taken of."""

    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, date) else value

    return {
        "kind": found.kind, "number": found.number, "title": found.title,
        "grants": [{"number": g.number, "state": g.state, "grantee": g.grantee.name, "supplier": g.supplier.name, "mode": g.mode,
                    "purpose": g.terms["purpose"], "fields": g.terms["fields"], "valid_from": plain(g.valid_from),
                    "valid_until": plain(g.valid_until)} for g in found.grants],
        "bases": [{"kind": b.kind, "reference": b.reference, "digest": b.digest, "grants": b.grants, "steps": [
            {"at": plain(s["at"]), "step": s["title"].zh, "who": s["who"], "log_index": s["log_index"]} for s in b.steps]} for b in found.bases],
        "uses": [{k: plain(v) for k, v in u.items() if k != "state"} for u in found.uses],
        "outcomes": [{**o, "party": o["party"].name} for o in found.outcomes],
    }  # fmt: skip
