"""The face of this room for terms of use: types, checks, words, digest, ODRL."""

import hashlib

from shugang.policy.codec import TermsError, UnknownTerm, canonical
from shugang.policy.columns import Column, as_columns
from shugang.policy.describing import TermLine, describe, mark_text, mask_text, output_text, quota_text, row_text
from shugang.policy.guarantees import GUARANTEE_LABELS, GUARANTEES, MODES, check_mode
from shugang.policy.odrl import to_odrl
from shugang.policy.purposes import PURPOSES
from shugang.policy.validation import validate
from shugang.policy.vocabulary import (
    ACTIONS,
    MASKS,
    OPERATORS,
    Mark,
    MarkedColumn,
    Mask,
    OutputRule,
    Quota,
    Rate,
    RowFilter,
    Terms,
)

__all__ = [
    "ACTIONS",
    "GUARANTEES",
    "GUARANTEE_LABELS",
    "MASKS",
    "MODES",
    "OPERATORS",
    "PURPOSES",
    "Column",
    "Mark",
    "MarkedColumn",
    "Mask",
    "OutputRule",
    "Quota",
    "Rate",
    "RowFilter",
    "TermLine",
    "Terms",
    "TermsError",
    "UnknownTerm",
    "as_columns",
    "check_mode",
    "describe",
    "digest",
    "mark_text",
    "mask_text",
    "output_text",
    "quota_text",
    "row_text",
    "to_odrl",
    "validate",
]


def digest(terms: Terms) -> str:
    """SHA-256 (hex) of the canonical JSON: equal terms, equal digest, on every machine."""
    return hashlib.sha256(canonical(terms.to_json())).hexdigest()
