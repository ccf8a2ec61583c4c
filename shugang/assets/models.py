"""The tables of the wing, gathered from its rooms."""

from .grading.models import ColumnGrade, Derivation, Grading, Lowering
from .quality.models import Assessment, DimensionResult, RuleResult, RuleSet
from .recognition.models import Recognition
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
from .review.models import AnonymityCheck, BasisWithdrawal, SecurityReview
from .thirdparty.models import Qualification, ServiceOffer, ServiceOrder, SignedReport
from .valuation.models import Appraisal, AppraisalSignature, BookSheet, BookSheetVersion, WorkingPaper

__all__ = [
    "AnonymityCheck",
    "Appraisal",
    "AppraisalSignature",
    "Assessment",
    "AssetRight",
    "AssetSource",
    "BasisWithdrawal",
    "BookSheet",
    "BookSheetVersion",
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
    "Recognition",
    "Registration",
    "RegistrationDraft",
    "RuleResult",
    "RuleSet",
    "SecurityReview",
    "ServiceOffer",
    "ServiceOrder",
    "SignedReport",
    "WorkingPaper",
]
