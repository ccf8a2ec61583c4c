"""Automatic checks for the examiner: what the system can see by itself, with the rule that it follows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from shugang.delivery.models import Column, DatasetVersion
from shugang.policy.text import Text

from ..thirdparty.kinds import RESULTS
from ..thirdparty.queries import standing_reports
from . import answers
from .models import DataAsset, Registration


@dataclass(frozen=True)
class Check:
    """One automatic check shown to the examiner. It informs; the person decides."""

    label: Text
    good: bool
    detail: Text


def checks(registration: Registration) -> list[Check]:
    """What the system can see by itself, with the rule it follows."""
    assert registration.case.profile is not None
    form, version = registration.form, registration.subject.dataset_version
    verdicts = answers.verdicts(registration.case.profile.data, form)
    bad = [v for v in verdicts if not v.allowed]
    personal = list(Column.objects.filter(version=version, personal=True).values_list("name", flat=True))
    same = DataAsset.objects.filter(dataset_version__sha256=version.sha256, state__in=DataAsset.OPEN)
    others = same.exclude(pk=registration.subject.pk).count() if version.sha256 else 0
    return [
        Check(Text("权利与来源", "Rights and source"), not bad, (bad or verdicts)[0].why),
        Check(Text("数据版本", "Version of the data"), True, _version(version)),
        Check(
            Text("个人信息字段", "Personal columns"), not personal,
            Text(f"标注为个人信息：{'、'.join(personal)}" if personal else "没有标注为个人信息的字段",
                 f"marked as personal: {', '.join(personal)}" if personal else "no column is marked as personal"),
        ),
        Check(
            Text("相同数据的其他登记", "Other registrations of the same data"), others == 0,
            Text(f"另有{others}项登记使用摘要相同的数据。权利互不排斥，请核对来源" if others else "没有",
                 f"{others} more with the same digest; rights are not exclusive, please compare sources" if others else "none"),
        ),
        _reports(version),
    ]  # fmt: skip


def _reports(version: DatasetVersion) -> Check:
    """What third parties have signed on exactly this version and still stands, for the substantive review."""
    kinds = ("quality", "compliance", "risk", "appraisal")
    shown = Q(public=True) | Q(client_id=version.dataset.party_id)  # others' private reports stay theirs
    rows = [
        r for kind in kinds for r in standing_reports(version.dataset_id, kind, version_id=version.pk).filter(shown)
    ]
    good = not any(r.result in ("adverse", "disclaimed") for r in rows)
    said = [(r, RESULTS[r.result][0]) for r in rows]
    return Check(
        Text("第三方报告", "Third-party reports"), good,
        Text("；".join(f"{r.number}，{r.agency.name}，{t.zh}" for r, t in said) or "没有",
             "; ".join(f"{r.number}, {r.agency.name}, {t.en}" for r, t in said) or "none"),
    )  # fmt: skip


def _version(version: DatasetVersion) -> Text:
    if version.rows is None:
        return Text(
            f"v{version.version}，数据留在供方系统，登记的是其结构，摘要{version.schema_digest[:16]}…",
            f"v{version.version}; the data stays with the supplier, its structure is registered, "
            f"digest {version.schema_digest[:16]}…",
        )
    return Text(
        f"v{version.version}，{version.rows:,}行，摘要{version.sha256[:16]}…，登记后不可更换",
        f"v{version.version}, {version.rows:,} rows, digest {version.sha256[:16]}…; fixed by the registration",
    )
