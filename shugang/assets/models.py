"""The tables of the wing, gathered from its rooms."""

from .grading.models import ColumnGrade, Derivation, Grading, Lowering
from .registration.models import (
    AssetRight,
    AssetSource,
    Certificate,
    DataAsset,
    Encumbrance,
    Objection,
    Registration,
    RegistrationDraft,
)
from .review.models import AnonymityCheck, SecurityReview
from .thirdparty.models import Qualification, ServiceOffer, ServiceOrder, SignedReport

__all__ = [
    "AnonymityCheck",
    "AssetRight",
    "AssetSource",
    "Certificate",
    "ColumnGrade",
    "DataAsset",
    "Derivation",
    "Encumbrance",
    "Grading",
    "Lowering",
    "Objection",
    "Qualification",
    "Registration",
    "RegistrationDraft",
    "SecurityReview",
    "ServiceOffer",
    "ServiceOrder",
    "SignedReport",
]
