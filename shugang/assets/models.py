"""The tables of the wing, gathered from its rooms."""

from .grading.models import ColumnGrade, Derivation, Grading, Lowering
from .quality.models import Assessment, DimensionResult, RuleResult, RuleSet
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
    "Assessment",
    "AssetRight",
    "AssetSource",
    "Certificate",
    "ColumnGrade",
    "DataAsset",
    "Derivation",
    "DimensionResult",
    "Encumbrance",
    "Grading",
    "Lowering",
    "Objection",
    "Qualification",
    "Registration",
    "RegistrationDraft",
    "RuleResult",
    "RuleSet",
    "SecurityReview",
    "ServiceOffer",
    "ServiceOrder",
    "SignedReport",
]
