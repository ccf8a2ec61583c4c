"""One version of a rule profile, read: what a registration under it may be, and by when.

Pure. Three profiles stand apart (they share no table): 数据产权登记 (国数综政策〔2026〕35号), 公共数据资源登记, local 数据资产登记.
The first version of the local profile knew first registrations only; what it does not say falls back to that.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shugang.policy.text import Text

PROFILES = ("registration-local", "registration-national", "registration-public")
DEFAULT = "registration-local"
# Every type that some profile knows. The last three are steps of a certificate or a case of their own, not applications.
TYPES = (
    "initial",
    "transfer",
    "licence",
    "change",
    "correction",
    "renewal",
    "deregistration",
    "revocation",
    "objection",
)
# Made by one party alone, on its own certificate.
AMENDMENTS = ("change", "correction", "renewal")
# Made by two parties together.
JOINT = ("transfer", "licence")
_FIRST = {"zh": "首次登记", "en": "First registration"}
_NAME = {"zh": "数据资产登记", "en": "Registration of data assets"}
_DOCUMENT = {"zh": "数据资产登记凭证", "en": "Certificate of a registered data asset"}


def months_before(day: date, months: int) -> date:
    """The day `months` calendar months earlier; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Rules:
    """`data` is the JSON of one profile version (kernel.RuleProfile.data)."""

    data: Mapping[str, Any]

    @property
    def types(self) -> dict[str, Text]:
        """Type → its name under this profile, in the order of the vocabulary."""
        known = self.data.get("types", {"initial": _FIRST})
        return {kind: Text(**known[kind]) for kind in TYPES if kind in known}

    def knows(self, kind: str) -> bool:
        return kind in self.types

    @property
    def name(self) -> Text:
        """What this registration is called: 数据产权登记, 公共数据资源登记, 数据资产登记."""
        return Text(**self.data.get("name", _NAME))

    @property
    def document(self) -> Text:
        return Text(**self.data.get("document", _DOCUMENT))

    @property
    def right_labels(self) -> dict[str, Text]:
        return {right: Text(**words) for right, words in self.data["right_labels"].items()}

    @property
    def max_years(self) -> int:
        return int(self.data["validity"]["max_years"])

    @property
    def public_data(self) -> str:
        """`refused`, `allowed` or `required`: data that public bodies made in duty, under this profile."""
        return str(self.data.get("public_data", "allowed"))

    @property
    def max_in_a_row(self) -> int | None:
        """How many registrations of one applicant the same examiner may decide one after another; None: no limit."""
        found = self.data.get("rotation", {}).get("max_in_a_row")
        return int(found) if found else None

    def renewal_window(self, last: date) -> tuple[date, date]:
        """First and last day on which a renewal may be applied for; `last` is the certificate's last day.

        国数综政策〔2026〕35号: from six months before the end to the day before it.
        """
        opens = self.data.get("renewal", {}).get("opens", {"months": 6})
        first = months_before(last, int(opens["months"])) if "months" in opens else last - timedelta(days=opens["days"])
        return first, last - timedelta(days=1)
