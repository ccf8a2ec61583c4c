"""Reads of the register, for everybody: search, what was revoked or ended, counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncMonth

from shugang.kernel import clock, textindex
from shugang.kernel.models import Case, Event
from shugang.policy.text import Text

from ..registration.industries import SECTIONS
from ..registration.kinds import LABELS
from ..registration.life import CERTIFICATE, REVOKE_RULES, SUSPEND_RULES
from ..registration.models import AssetRight, Certificate, Objection, Registration
from ..registration.rights import RIGHT_SHORT
from ..registration.ruleset import PROFILES
from ..registration.verify import normalise
from .index import KIND

STANDING = ("valid", "suspended")
PROFILE_NAMES: dict[str, Text] = {
    "registration-local": Text("数据资产登记", "Data assets (local)"),
    "registration-national": Text("数据产权登记", "Data rights (national)"),
    "registration-public": Text("公共数据资源登记", "Public data"),
}
assert set(PROFILE_NAMES) == set(PROFILES)
STATES: dict[str, Text] = {s.name: s.label for s in CERTIFICATE.states}
TONES: dict[str, str] = {s.name: s.tone for s in CERTIFICATE.states}
_RULES = dict((*SUSPEND_RULES, *REVOKE_RULES))
ENDINGS = ("certificate.revoked", "certificate.cancelled", "certificate.lapsed", "certificate.suspended")


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; "" leaves a filter open. A value that no list holds is dropped."""

    words: str = ""
    state: str = ""
    right: str = ""
    industry: str = ""
    kind: str = ""
    profile: str = ""

    @classmethod
    def read(cls, given: Any) -> Wanted:
        def one(name: str, known: Any) -> str:
            value = str(given.get(name) or "")
            return value if value in known else ""

        return cls(
            str(given.get("q") or "").strip()[:60], one("state", STATES), one("right", RIGHT_SHORT), one("industry", SECTIONS),
            one("kind", LABELS), one("profile", PROFILES),
        )  # fmt: skip


def public_certificates(wanted: Wanted) -> QuerySet[Certificate]:
    """Certificates that match; words are searched in names first, a certificate's or asset's number leads to it."""
    rows = Certificate.objects.filter(event__isnull=False).select_related("registration__case__profile")
    if wanted.words:
        found = textindex.search(KIND, wanted.words, 500)
        number = normalise(wanted.words)
        rows = rows.filter(number__in=found) | rows.filter(number=number) | rows.filter(asset__number=number)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.right:
        holders = AssetRight.objects.filter(right=wanted.right).values("asset_id")
        rows = rows.filter(asset__in=holders, state__in=STANDING)
    if wanted.industry:
        rows = rows.filter(asset__industry=wanted.industry)
    if wanted.kind:
        rows = rows.filter(registration__kind=wanted.kind)
    if wanted.profile:
        rows = rows.filter(registration__case__profile__code=wanted.profile)
    return rows


def state_of(certificate: Certificate) -> str:
    """The standing that a reader may rely on: past its end it has lapsed, whether or not the worker has run."""
    if certificate.state in STANDING and certificate.valid_until < clock.now():
        return "lapsed"
    return certificate.state


def row_json(certificate: Certificate) -> dict[str, Any]:
    said = certificate.content
    return {
        "number": certificate.number,
        "name": said["asset"]["name"],
        "holder": said["holder"]["name"],
        "registrar": said["registrar"]["name"],
        "rights": [r for r in RIGHT_SHORT if r in said["rights"]],
        "industry": said["asset"]["industry"],
        "type": said.get("kind", "initial"),
        "profile": said["profile"],
        "state": state_of(certificate),
        "issued_at": said["issued_at"],
        "valid_until": said["valid_until"],
        "verify": f"/verify/{certificate.number}",
    }


@dataclass(frozen=True)
class Ending:
    """A certificate that was revoked, cancelled, suspended or lapsed, and by which rule; reasons in words stay private."""

    at: datetime
    kind: str
    number: str
    name: str
    holder: str
    reason: Text | None


def public_endings() -> QuerySet[Event]:
    return Event.objects.filter(kind__in=ENDINGS).prefetch_related("refs")


def ending_rows(events: list[Event]) -> list[Ending]:
    numbers = {e.pk: next((r.key for r in e.refs.all() if r.kind == "certificate"), "") for e in events}
    known = public_by_number(set(numbers.values()))
    rows = []
    for event in events:
        found = known.get(numbers[event.pk])
        if found is not None:
            said = found.content
            reason = _RULES.get(str(event.payload.get("rule", "")))
            rows.append(
                Ending(event.at, event.kind, found.number, said["asset"]["name"], said["holder"]["name"], reason)
            )
    return rows


def public_by_number(numbers: set[str]) -> dict[str, Certificate]:
    return {c.number: c for c in Certificate.objects.filter(number__in=numbers)}


@dataclass(frozen=True)
class Table:
    """One count: codes in order, their words, how many."""

    key: str
    title: Text
    rows: list[tuple[str, Text, int]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(n for _, _, n in self.rows)


def public_statistics() -> list[Table]:
    """Counts of all certificates by month, type, profile and standing; of those in force by right and industry."""
    rows = Certificate.objects.filter(event__isnull=False)
    valid = rows.filter(state="valid", valid_until__gte=clock.now())
    by_month = rows.annotate(month=TruncMonth("issued_at", tzinfo=clock.zone())).values_list("month")
    months = {m.strftime("%Y-%m"): n for m, n in by_month.annotate(n=Count("pk")).order_by()}
    rights = dict(
        AssetRight.objects.filter(asset__in=valid.values("asset_id"))
        .values_list("right")
        .annotate(n=Count("pk"))
        .order_by()
    )
    states = Counter(dict(rows.values_list("state").annotate(n=Count("pk")).order_by()))
    for state, n in (
        rows.filter(state__in=STANDING, valid_until__lt=clock.now()).values_list("state").annotate(n=Count("pk"))
    ):
        states[state] -= n
        states["lapsed"] += n
    cases = Registration.objects.values_list("case__state").annotate(n=Count("pk")).order_by()
    objections = dict(Objection.objects.values_list("state").annotate(n=Count("pk")).order_by())
    return [
        Table("months", Text("每月核发", "Issued by month"), [(m, Text(m, m), months.get(m, 0)) for m in _every_month(sorted(months))]),
        _table("rights", Text("有效权利", "Rights in force"), RIGHT_SHORT, rights),
        _table("industries", Text("有效凭证的行业", "Industries in force"), {k: v[0] for k, v in SECTIONS.items()},
               dict(valid.values_list("asset__industry").annotate(n=Count("pk")).order_by()), bare=True),
        _table("types", Text("登记类型", "Types"), LABELS,
               dict(rows.values_list("registration__kind").annotate(n=Count("pk")).order_by()), bare=True),
        _table("profiles", Text("登记规则", "Rules"), PROFILE_NAMES,
               dict(rows.values_list("registration__case__profile__code").annotate(n=Count("pk")).order_by())),
        _table("states", Text("凭证状态", "Standing"), STATES, states, bare=True),
        _table("applications", Text("申请办理情况", "Applications"), _case_states(), dict(cases), bare=True),
        _table("objections", Text("公示期异议", "Objections in notices"), _OBJECTIONS, objections),
    ]  # fmt: skip


_OBJECTIONS = {
    "open": Text("处理中", "Under review"),
    "upheld": Text("成立", "Upheld"),
    "dismissed": Text("不成立", "Dismissed"),
}


def _case_states() -> dict[str, Text]:
    from ..registration.process import REGISTRATION

    return {s.name: s.label for s in REGISTRATION.states}


def _table(key: str, title: Text, labels: dict[str, Text], counts: Any, bare: bool = False) -> Table:
    """`bare` leaves out what there is none of."""
    return Table(key, title, [(k, v, counts.get(k, 0)) for k, v in labels.items() if counts.get(k) or not bare])


def _every_month(months: list[str]) -> list[str]:
    """From the first month to the last without a gap, at most the last five years."""
    if not months:
        return []
    year, month = (int(p) for p in months[0].split("-"))
    found = []
    while f"{year}-{month:02d}" <= months[-1]:
        found.append(f"{year}-{month:02d}")
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found[-60:]


def public_days() -> tuple[int, int] | None:
    """(applications ended in a certificate, median calendar days from application to deposit); None when there is none."""
    ends = Certificate.objects.filter(event__isnull=False, registration__case__state__in=["deposited", "certified"])
    opened = dict(Case.objects.filter(pk__in=ends.values("registration__case_id")).values_list("pk", "opened_at"))
    spans = sorted((at - opened[case]).days for case, at in ends.values_list("registration__case_id", "issued_at"))
    return (len(spans), spans[len(spans) // 2]) if spans else None


def statistics_json() -> dict[str, Any]:
    days = public_days()
    return {
        "at": clock.now().isoformat(),
        "median_days": days[1] if days else None,
        "tables": [
            {"key": t.key, "title": t.title.zh, "rows": [{"code": k, "label": v.zh, "count": n} for k, v, n in t.rows]}
            for t in public_statistics()
        ],
    }
