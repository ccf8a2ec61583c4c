"""The annual report on the use of public data: every number is counted from the record when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from shugang.assets.registration import sealing
from shugang.delivery.models import Grant, UsageRecord
from shugang.kernel import clock, procedure
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.models import Case, Event
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.documents import render_pdf
from shugang.ui.workbooks import Sheet, workbook

from ..catalogue.models import PublicResource
from ..granting import BASES
from .models import ScenarioUse

CODES = ("publicdata.sharing", "publicdata.opening", "publicdata.operation", "publicdata.scenario_call", "publicdata.scenario_class",
         "publicdata.scenario")  # fmt: skip
TITLE = Text("公共数据开发利用年度报告", "Annual report on the use of public data")


@dataclass(frozen=True)
class Report:
    """`cases`: [procedure, state, how many began in the year]; `use`: [basis, grants, parties, uses, rows, bytes];
    `resources`: [resource number, uses, rows]; `applications`: [use number, title, applicant, product, result]."""

    year: int
    cases: list[tuple[Text, Text, int]]
    use: list[tuple[Text, int, int, int, int, int]]
    resources: list[tuple[str, int, int]]
    applications: list[tuple[str, str, str, str, str]]
    suspended: int
    ended: int


def require_reader(actor: Actor) -> None:
    """The data office and the supervisor. Raises Refusal `forbidden`."""
    if "data_office" not in actor.roles and not sees_every_record(actor):
        raise forbidden(
            "年度报告由公共数据主管部门和监管方查看。", "The report is read by the data office and the supervisor."
        )


def year_of(text: str) -> int:
    """Raises Refusal `bad_year`."""
    this = clock.today().year
    if not text:
        return this
    if not text.isdigit() or len(text) != 4 or not 2000 <= int(text) <= this:
        raise Refusal("bad_year", Text(f"年份应为2000至{this}。", f"The year lies between 2000 and {this}."), 422)
    return int(text)


def public_report(year: int) -> Report:
    """For readers whom `require_reader` let in: sums over all parties, and what is public of applications."""
    first, last = (
        datetime.combine(date(y, 1, 1), time(), tzinfo=clock.zone()).astimezone(UTC) for y in (year, year + 1)
    )
    within = {"at__gte": first, "at__lt": last}
    events = Event.objects.filter(**within)
    public = Grant.objects.filter(bases__kind__in=list(BASES)).values("number")
    held = events.filter(refs__kind="grant", refs__key__in=public)
    return Report(
        year, _cases(first, last), _use(first, last), _resources(first, last), _applications(last),
        held.filter(kind="grant.suspended").distinct().count(), held.filter(kind="grant.ended").distinct().count(),
    )  # fmt: skip


def _cases(first: datetime, last: datetime) -> list[tuple[Text, Text, int]]:
    rows = Case.objects.filter(procedure__in=CODES, opened_at__gte=first, opened_at__lt=last).values(
        "procedure", "state"
    )
    tally = {(r["procedure"], r["state"]): r["n"] for r in rows.annotate(n=Count("pk")).order_by()}
    specs = [procedure.get(code) for code in CODES]
    return [
        (s.label, state.label, tally[s.code, state.name])
        for s in specs
        for state in s.states
        if (s.code, state.name) in tally
    ]


def _use(first: datetime, last: datetime) -> list[tuple[Text, int, int, int, int, int]]:
    found = []
    for kind, label in BASES.items():
        grants = Grant.objects.filter(bases__kind=kind, issued_at__lt=last).distinct()
        used = _records(first, last).filter(grant__in=grants.values("pk"))
        said = used.aggregate(
            n=Count("pk"), rows=Sum("rows"), bytes=Sum("bytes"), parties=Count("grant__grantee", distinct=True)
        )
        fresh = grants.filter(issued_at__gte=first).count()
        found.append(
            (label, fresh, int(said["parties"]), int(said["n"]), int(said["rows"] or 0), int(said["bytes"] or 0))
        )
    return found


def _records(first: datetime, last: datetime) -> Any:
    return UsageRecord.objects.filter(at__gte=first, at__lt=last, outcome__in=["found", "not_found", "delivered"])


def _resources(first: datetime, last: datetime) -> list[tuple[str, int, int]]:
    public = Grant.objects.filter(bases__kind__in=list(BASES)).values("pk")
    rows = (
        _records(first, last)
        .filter(grant__in=public)
        .values("grant__product")
        .annotate(n=Count("pk"), rows=Sum("rows"))
    )
    return [(r["grant__product"], r["n"], int(r["rows"] or 0)) for r in rows.order_by("-n", "grant__product")[:50]]


def _applications(last: datetime) -> list[tuple[str, str, str, str, str]]:
    rows = ScenarioUse.objects.filter(asked_at__lt=last).exclude(product=None, result="")
    return [
        (r.number, r.case.title, r.applicant.name, r.product.number if r.product else "", r.result)
        for r in rows.select_related("case", "applicant", "product").order_by("id")[:500]
    ]


def tables(report: Report) -> list[tuple[Text, list[Text], list[list[Any]]]]:
    """The same tables for the page, the PDF and the workbook."""
    known = PublicResource.objects.filter(number__in=[number for number, _, _ in report.resources])
    names = {r.number: Text(r.name, r.name_en or r.name) for r in known}
    return [
        (Text("办理情况", "Cases"), [Text("事项", "Procedure"), Text("状态", "State"), Text("件数", "Number")], [list(r) for r in report.cases]),
        (Text("按依据统计的使用", "Use by basis"),
         [Text("依据", "Basis"), Text("新签授权", "New grants"), Text("使用方", "Users"), Text("使用次数", "Uses"), Text("行数", "Rows"), Text("字节", "Bytes")],
         [list(r) for r in report.use]),
        (Text("使用最多的数据", "Data used most"), [Text("目录", "Resource"), Text("名称", "Name"), Text("使用次数", "Uses"), Text("行数", "Rows")],
         [[number, names.get(number, ""), n, rows] for number, n, rows in report.resources]),
        (Text("形成的应用与成效", "Applications and results"),
         [Text("编号", "Number"), Text("应用", "Application"), Text("开发主体", "Developer"), Text("上架产品", "Product"), Text("成效", "Result")],
         [list(r) for r in report.applications]),
    ]  # fmt: skip


def sheets(report: Report) -> bytes:
    return workbook(
        [Sheet(title, header, rows, (30, 24, 24, 18, 40, 14)[: len(header)]) for title, header, rows in tables(report)]
    )


def pdf(report: Report) -> bytes:
    """PDF/A-2b, signed by the platform."""
    now, number = clock.now(), f"NB-{report.year}"
    data = {
        "lang": "en" if language.is_english() else "zh", "number": number, "title": TITLE,
        "issuer": settings.SHUGANG_HOST_ORG or Text(settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN),
        "issued_on": now,
        "facts": [[Text("年度", "Year"), str(report.year)], [Text("授权暂停", "Grants suspended"), str(report.suspended)],
                  [Text("授权终止", "Grants ended"), str(report.ended)]],
        "tables": [
            {"title": title, "columns": [{"label": h, "align": "right" if isinstance(v, int) else "left", "width": 1 if isinstance(v, int) else 2} for h, v in zip(header, rows[0], strict=True)], "lines": [[_plain(v) for v in row] for row in rows]}
            for title, header, rows in tables(report) if rows
        ],
        "notes": [Text("各项数字由平台按记录统计，未作人工调整。", "Every number is counted from the record; none was adjusted by hand.")],
        "printed_at": now, "printed_by": settings.SHUGANG_SITE_SHORT,
        "verify_url": f"{settings.SHUGANG_PUBLIC_URL}/desk/public-report?year={report.year}",
    }  # fmt: skip
    return sealing.sign(render_pdf("statement", data, created=now), TITLE.zh)


def _plain(value: Any) -> Any:
    return value if isinstance(value, Text) else f"{value:,}" if isinstance(value, int) else str(value) or "—"
