"""Registration, quality, level and security review of one version of data, each with its proof: for the pages of its data
set, its asset and the products made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from shugang.delivery.datasets.standing import Fact
from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.models import Event
from shugang.policy.text import Text

from .grading import matrix
from .grading import queries as grades
from .grading.models import Grading
from .quality.dimensions import DIMENSIONS
from .quality.queries import public_dimensions
from .registration.models import Certificate, DataAsset
from .registration.queries import valid_certificate
from .review import queries as reviews
from .review.models import SecurityReview
from .thirdparty.kinds import RESULTS
from .thirdparty.models import SignedReport
from .thirdparty.queries import reports, standing_reports

REGISTERED, QUALITY = Text("登记", "Registered"), Text("质量", "Quality")
LEVEL, REVIEW = Text("分级", "Level"), Text("安全审查", "Security review")


def _day(moment: datetime) -> str:
    return moment.astimezone(clock.zone()).date().isoformat()


# The entries of the log that prove a fact, by the case in which they were made.
PROVING = ("report.signed", "grading.in_force", "grading.inherited", "security_review.passed")
Entries = Mapping[int | None, Event]


def entries(cases: Iterable[int | None], kinds: Sequence[str] = PROVING) -> Entries:
    """Case → the newest entry that proves something in it."""
    rows = Event.objects.filter(case_id__in=[c for c in cases if c], kind__in=kinds)
    return {row.case_id: row for row in rows.order_by("pk")}


def _proved(fact: Fact, event: Event | None) -> Fact:
    return replace(fact, proof=sequencer.proof_state(event), place=event.log_index if event else None)


def registered(certificate: Certificate | None) -> Fact:
    if certificate is None:
        return Fact(REGISTERED, Text("未登记", "Not registered"), Text("尚无登记凭证", "No certificate yet"))
    until = _day(certificate.valid_until)
    zh, en = ("", "") if certificate.state == "valid" else ("，现已失效或暂停", ", not in force now")
    office = certificate.registrar
    detail = Text(f"{office.name}，有效至{until}{zh}", f"{office.name_en or office.name}, valid until {until}{en}")
    fact = Fact(REGISTERED, certificate.number, detail, url=f"/verify/{certificate.number}")
    return _proved(fact, certificate.event)


def quality(report: SignedReport | None, proofs: Entries, otherwise: Text) -> Fact:
    """A signed quality report; without one, what is said in its place."""
    if report is None:
        return Fact(QUALITY, Text("未经第三方评价", "Not evaluated"), otherwise)
    label, score = RESULTS[report.result][0], report.content.get("score")
    points = Text(f"，得分{score}", f", score {score}") if score is not None else Text("", "")
    agency, day = report.agency, _day(report.signed_at)
    value = Text(label.zh + points.zh, label.en + points.en)
    detail = Text(f"{agency.name}，{day}签署", f"{agency.name_en or agency.name}, signed {day}")
    return _proved(Fact(QUALITY, value, detail, url=f"/reports/{report.number}"), proofs.get(report.case_id))


def graded(grading: Grading | None, proofs: Entries, otherwise: Text) -> Fact:
    """The level of the data by the grading in force; without one, what is said in its place."""
    if grading is None or not grading.level or grading.effective_at is None:
        return Fact(LEVEL, Text("未分级", "Not classified"), otherwise)
    day = _day(grading.effective_at)
    detail = Text(f"按GB/T 43697-2024，{day}生效", f"After GB/T 43697-2024, since {day}")
    fact = Fact(LEVEL, matrix.LEVELS[grading.level], detail, url="/grading")
    return _proved(fact, proofs.get(grading.case_id))


def reviewed(review: SecurityReview | None, proofs: Entries) -> Fact:
    if review is None or review.passed_at is None:
        return Fact(REVIEW, Text("未通过", "Not passed"), Text("上架和授权前须通过", "Required before listing and use"))
    day = _day(review.passed_at)
    fact = Fact(REVIEW, Text("已通过", "Passed"), Text(f"{day}通过", f"Passed on {day}"))
    return _proved(fact, proofs.get(review.case_id))


def dimensions(report: SignedReport | None) -> list[tuple[Text, int | None]]:
    """The six dimensions of a signed report that rests on an assessment counted here: hundredths of a percent, None where a
    dimension had no basis; [] where the report says only its conclusion."""
    scores = public_dimensions(report.content.get("assessment")) if report else None
    return [(label, scores.get(name)) for name, label in DIMENSIONS.items()] if scores else []


def told(actor: Actor, version: DatasetVersion) -> list[Fact]:
    """For the page of a data set or an asset: what its reader may see, and what its holder can do next."""
    own = version.dataset.party_id == actor.party_id
    return [_own_registration(actor, version, own), _own_quality(actor, version, own), _own_level(actor, version, own),
            _own_review(actor, version, own)]  # fmt: skip


def _todo(fact: Fact, may: bool, zh: str, en: str, url: str) -> Fact:
    return replace(fact, todo=(Text(zh, en), url)) if may and not fact.proof else fact


def _own_registration(actor: Actor, version: DatasetVersion, own: bool) -> Fact:
    asset = DataAsset.objects.visible_to(actor).filter(dataset_version=version).order_by("-pk").first()
    certificate = valid_certificate(asset) if asset else None
    if asset is not None and certificate is None:
        last = Certificate.objects.visible_to(actor).filter(asset=asset).select_related("event", "registrar")
        if (old := last.order_by("-pk").first()) is not None:
            return registered(old)
        under_way = Fact(REGISTERED, Text("尚未核发凭证", "No certificate yet"), Text(asset.number, asset.number))
        return _todo(under_way, True, "看登记进度", "See its progress", f"/desk/assets/{asset.number}")
    return _todo(registered(certificate), own, "申请登记", "Register it", f"/desk/assets/new/{version.dataset.number}")


def _own_quality(actor: Actor, version: DatasetVersion, own: bool) -> Fact:
    rows = standing_reports(version.dataset_id, "quality").filter(
        Q(public=True) | Q(pk__in=reports(actor).values("pk"))
    )
    found = rows.filter(version=version).first()
    other = rows.first() if found is None else None
    said = Text("本版还没有签署的评价报告", "No signed report on this version")
    if other is not None and other.version is not None:
        n = other.version.version
        said = Text(f"第{n}版有报告，本版还没有", f"Version {n} has a report, this one has none")
    fact = quality(found, entries([found.case_id] if found else []), said)
    return _todo(fact, own, "委托第三方评价", "Have it evaluated", "/services?kind=quality")


def _own_level(actor: Actor, version: DatasetVersion, own: bool) -> Fact:
    grading = grades.standing(version)
    fact = graded(
        grading, entries([grading.case_id] if grading else []), Text("上架前须完成分级", "Required before listing")
    )
    seen = grades.gradings(actor).filter(version=version, state__in=("in_force", "open")).order_by("-pk").first()
    if seen is None:
        return _todo(fact, own, "开始分级", "Start the grading", "/desk/grading")
    url = f"/desk/grading/{seen.case.number}"
    return _todo(replace(fact, url=url if fact.proof else ""), True, "继续分级", "Go on with the grading", url)


def _own_review(actor: Actor, version: DatasetVersion, own: bool) -> Fact:
    review = reviews.standing(version)
    fact = reviewed(review, entries([review.case_id] if review else []))
    seen = reviews.reviews(actor).filter(version=version).order_by("-pk").first()
    if seen is None:
        start = f"/desk/security-reviews/new/{version.dataset.number}"
        return _todo(fact, own, "申请安全审查", "Apply for the review", start)
    url = f"/desk/security-reviews/{seen.case.number}"
    return _todo(replace(fact, url=url if fact.proof else ""), True, "看审查进度", "See its progress", url)
