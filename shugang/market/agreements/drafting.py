"""From a template's form to the frozen text of an agreement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from shugang.delivery.grants.sources import table_source
from shugang.delivery.models import Dataset, DatasetVersion
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.parties.models import Party
from shugang.policy.codec import TermsError
from shugang.policy.terms import Terms, validate
from shugang.policy.text import Text

from ..contracts import templates
from ..contracts.composing import compose, read_back
from ..contracts.drafting import party_facts

OFFERED = ("processing", "fusion", "brokerage")
# The processor works for the client, so the purpose is the client's own analysis.
PURPOSE = "internal_analysis"
_SHARE = re.compile(r"\s*(?P<number>\S+)\s*\|\s*(?P<percent>\d{1,3}(?:\.\d{1,4})?)\s*%?\s*")


def wrong(field: str, zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {field: Text(zh, en)})


def content_of(
    number: str, template: templates.Template, parties: Sequence[Party], answers: Mapping[str, Any], dataset: str
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """(frozen text, source of the grant or None). Raises Refusal `invalid_form`, `bad_terms`, `not_hosted`."""
    checked = template.check(answers)
    if date.fromisoformat(checked["until"]) < clock.today():
        raise wrong("until", "止期不能早于今天。", "The last day cannot lie in the past.")
    sides = template.data["sides"]
    content: dict[str, Any] = {
        "kind": "shugang-agreement-v1",
        "number": number,
        "template": template.frozen(),
        "parties": [{"side": s["label"], **party_facts(p)} for s, p in zip(sides, parties, strict=False)],
        "answers": checked,
        "drafted_at": iso(clock.now()),
    }
    if "shares" in checked:
        content["shares"] = _shares(checked.pop("shares"), parties)
    source = None
    if dataset:
        version = _version(dataset, parties[0])
        source = table_source(version, number, "processing", version.dataset.name)
        content |= {
            "product": {"mode": "table"},
            "dataset": {"number": version.dataset.number, "version": version.version, "sha256": version.sha256},
            "terms": _terms(version, date.fromisoformat(checked["until"])).to_json(),
        }
        read_back(compose(content))
    return content, source


def _shares(text: str, parties: Sequence[Party]) -> list[list[Any]]:
    """[[party number, millionths]], each party once, a million in all."""
    found: dict[str, int] = {}
    for line in (row for row in text.splitlines() if row.strip()):
        match = _SHARE.fullmatch(line)
        if match is None or match["number"] in found:
            raise wrong("shares", f"“{line[:40]}”不是“机构编号 | 百分数”，或机构重复。",
                        f"“{line[:40]}” is not “number | percent”, or names a party twice.")  # fmt: skip
        whole, _, rest = match["percent"].partition(".")
        found[match["number"]] = int(whole) * 10_000 + int(rest.ljust(4, "0") or 0)
    if set(found) != {p.number for p in parties} or sum(found.values()) != 1_000_000:
        raise wrong("shares", "须写明每一方的份额，合计100%。", "Give every party's share, 100 % in all.")
    return [[p.number, found[p.number]] for p in parties]


def _version(number: str, client: Party) -> DatasetVersion:
    found = Dataset.objects.filter(number=number, party=client).first()
    version = found.versions.order_by("-version").first() if found else None
    if version is None:
        raise wrong("dataset", "没有这个数据集，或它不是甲方的。", "There is no such data set of the client.")
    return version


def _terms(version: DatasetVersion, until: date) -> Terms:
    """A processor reads and computes; it neither passes on nor keeps anything."""
    terms = Terms(
        actions=("read", "compute", "download"), purpose=PURPOSE, fields=tuple(c.name for c in version.policy_columns()),
        valid_from=clock.now().replace(microsecond=0),
        valid_until=datetime.combine(until + timedelta(days=1), time(), tzinfo=clock.zone()),
        keep_log=True, notify=("incident",), delete_after_days=0,
    )  # fmt: skip
    try:
        validate(terms, version.policy_columns(), "table")
    except TermsError as error:
        raise Refusal("bad_terms", error.text, 422, {"dataset": error.text}) from error
    return terms
