"""What a product's page reads besides the product: once, for the trust strip, the sheet and the twin alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shugang.assets import standing
from shugang.assets.grading.models import Grading
from shugang.assets.grading.queries import standing as grading_of
from shugang.assets.review.models import SecurityReview
from shugang.assets.review.queries import standing as review_of
from shugang.assets.thirdparty.models import SignedReport

from . import queries
from .models import DataProduct
from .told import Told, told

_PROVING = (*standing.PROVING, "market.listing.opine")


@dataclass(frozen=True)
class Read:
    """`application`: the last application for listing; `proofs`: case → the entry of the log that proves what it decided."""

    application: dict[str, Any]
    opinion: SignedReport | None
    quality: SignedReport | None
    appraisal: SignedReport | None
    grading: Grading | None
    review: SecurityReview | None
    columns: list[dict[str, Any]]
    proofs: standing.Entries
    told: list[Told]


def read_of(product: DataProduct) -> Read:
    version, opinion = product.dataset_version, queries.last_opinion(product)
    published, grading, review = queries.public_reports(product), grading_of(version), review_of(version)
    quality = published.get("quality")
    cases = [row.case_id if row else None for row in (opinion, quality, grading, review)]
    return Read(
        queries.last_application(product), opinion, quality, published.get("appraisal"), grading, review,
        queries.dictionary(product), standing.entries(cases, _PROVING), told(product),
    )  # fmt: skip
